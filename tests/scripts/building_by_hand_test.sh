#!/usr/bin/env bash
# Tests that the commands under "Install" in README build and install programs that work, also with
# ninja and without make, as after scripts/install_packages.sh.
set -euo pipefail
shopt -s inherit_errexit
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

if ! command -v ninja >/dev/null; then
  echo "there is no ninja: not tested"
  exit 77
fi
commands=$(sed -n '/^## Install$/,/^## Use$/s/^    cmake/cmake/p' "$root/README.md")
[[ $commands ]] || { echo "README has no commands for building by hand" >&2; exit 1; }

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
mkdir "$directory"/{sources,tools}
cp -r "$root"/{CMakeLists.txt,LICENSE,README.md,common,p1_read,p2_sum,p3_write,scripts} "$directory/sources"
IFS=: read -ra places <<<"$PATH"
for place in "${places[@]}"; do
  ln -s "$place"/* "$directory/tools" 2>/dev/null || true  # a link that exists already stays
done
rm -f "$directory"/tools/{make,gmake}

cd "$directory/sources"
echo "$commands"
env -u CMAKE_GENERATOR PATH="$directory/tools" HOME="$directory/home" bash -euc "$commands"
sum=$(echo 1,2 | "$directory/home/.local/bin/run_pipeline.sh")
[[ $sum == 0,3 ]] || { echo "the installed programs print '$sum'" >&2; exit 1; }
