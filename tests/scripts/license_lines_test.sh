#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# license_lines_test.sh [--add]: one of the first two lines of each source names its license. --add adds
# the line where it is missing.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Prints the beginning of a comment in the file, or nothing if it is no source.
comment_in() {  # FILE
  case $1 in
    *.cpp | *.h | *.mjs) echo '//' ;;
    *.sh | *.py | *.gp | *.in | *.cmake | *.yml | */CMakeLists.txt | */.ci/run | */completions/*) echo '#' ;;
    *.[15]) echo '.\"' ;;
  esac
}

lacking=()
count=0
while IFS= read -r file; do
  comment=$(comment_in "$file")
  [[ $comment ]] || continue
  count=$((count + 1))
  line="$comment SPDX-License-Identifier: MIT"
  head -n 2 "$file" | grep -qxF "$line" || lacking+=("$file")
  if [[ ${1:-} == --add && ${lacking[*]: -1} == "$file" ]]; then
    case $(head -n 1 "$file") in
      '#!'* | '#compdef '*) sed -i "1a $line" "$file" ;;
      *) sed -i "1i ${line/\\/\\\\}" "$file" ;;
    esac
  fi
done < <(find ./.ci ./.github ./CMakeLists.txt ./common ./p1_read ./p2_sum ./p3_write ./scripts ./tests \
  -name corpus -prune -o -type f -print | sort)
((count > 300)) || { echo "found only $count sources" >&2; exit 1; }
[[ ${1:-} != --add ]] || { echo "${#lacking[@]} of $count sources changed"; exit; }
if ((${#lacking[@]})); then
  printf '%s names no license\n' "${lacking[@]}" >&2
  echo "'tests/scripts/license_lines_test.sh --add' adds the lines" >&2
  exit 1
fi
