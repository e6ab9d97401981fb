#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# man_pages_test.sh BIN_DIRECTORY: each manual page has the options that its program's --help has,
# and the exit statuses of exit_status.h, no more and no fewer. --version prints the version of the
# project. stream_page_test.py compares the page of the streams. If groff and mandoc are installed, they must find nothing wrong in the pages, either.
set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C
bin=$1
PATH=$bin:$PATH  # where the launcher finds p3_write, if it is not in build/
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
failures=0

fail() {  # MESSAGE
  echo "$1" >&2
  failures=$((failures + 1))
}

# Prints what only one of two sorted lists has.
compare() {  # PAGE WHAT IN_PAGE ELSEWHERE_NAME ELSEWHERE
  local item
  [[ $5 ]] || fail "$4: found no $2"
  for item in $(comm -23 <(echo "$3") <(echo "$5")); do fail "$1: $2 $item is not in $4"; done
  for item in $(comm -13 <(echo "$3") <(echo "$5")); do fail "$1: lacks $2 $item of $4"; done
}

# Text after two blanks describes an option, and may name other options.
options_in_help() {  # COMMAND
  "$1" --help | grep -E '^ +-' | sed -E 's/([^ ])  .*/\1/' | grep -oE '(^|[[ ,])--?[a-z][-a-z]*' | tr -d '[ ,' | sort -u
}

# ".It Fl o Ar FILE , Fl -output Ar FILE" documents -o and --output.
options_in_page() {  # PAGE
  grep -E '^\.It Fl ' "$1" | grep -oE 'Fl -?[a-z][-a-z]*' | sed 's/^Fl /-/' | sort -u
}

version=$(sed -nE 's/^project\(.* VERSION ([0-9.]+).*/\1/p' "$root/CMakeLists.txt")
statuses=$(sed -nE 's/^ *[a-z_]+ = ([0-9]+),.*/\1/p' "$root/common/base/exit_status.h" | sort -u)

check_syntax() {  # PAGE
  local complaints
  if command -v groff >/dev/null; then
    complaints=$(groff -mdoc -ww -z -Tascii "$root/$1" 2>&1)
    [[ -z $complaints ]] || fail "$complaints"
  fi
  if command -v mandoc >/dev/null; then
    # Pages that are referred to need not be on this machine.
    complaints=$(mandoc -T lint "$root/$1" 2>/dev/null | sed '/referenced manual not found/d') || true
    [[ -z $complaints ]] || fail "$complaints"
  fi
}

check_page() {  # PAGE COMMAND
  compare "$1" option "$(options_in_page "$root/$1")" "${2##*/} --help" "$(options_in_help "$2")"
  compare "$1" 'exit status' "$(sed -nE 's/^\.It ([0-9]+)$/\1/p' "$root/$1" | sort -u)" \
    exit_status.h "$statuses"
  [[ $("$2" --version) == "${2##*/} (row sums) $version" ]] || fail "${2##*/}: not of version $version"
  check_syntax "$1"
}

for program in p1_read p2_sum p3_write; do
  check_page "$program/$program.1" "$bin/$program"
done
for script in run_pipeline slurm_pipeline; do
  check_page "scripts/$script.1" "$root/scripts/$script.sh"
done
check_syntax common/wire/rowsum-stream.5
((failures == 0))
