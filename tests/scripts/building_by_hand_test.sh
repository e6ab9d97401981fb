#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# building_by_hand_test.sh [DIRECTORY]: the commands under "Install" in README build and install
# programs that work, also with ninja and without make, as after scripts/install_packages.sh. The
# package for Debian that other commands there make is left in DIRECTORY, for deb_test.py.
set -euo pipefail
shopt -s inherit_errexit
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

if ! command -v ninja >/dev/null; then
  echo "there is no ninja: not tested"
  exit 77
fi
section=$(sed -n '/^## Install$/,/^## Use$/p' "$root/README.md")
commands=$(sed -n '1,/^    cmake --install/s/^    cmake/cmake/p' <<<"$section")
package_commands=$(sed -nE '1,/^    cmake --install/d; s/^    (cmake|cpack)/\1/p' <<<"$section")
[[ $commands && $package_commands ]] || { echo "README lacks commands to build and install" >&2; exit 1; }

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
run() { env -u CMAKE_GENERATOR PATH="$directory/tools" HOME="$directory/home" bash -euc "$1"; }
run "$commands"
sum=$(echo 1,2 | "$directory/home/.local/bin/run_pipeline.sh")
[[ $sum == 0,3 ]] || { echo "the installed programs print '$sum'" >&2; exit 1; }

if (($#)); then
  rm -rf "$1"
  mkdir "$1"
  if command -v dpkg-shlibdeps && command -v file; then  # what README says that it takes
    echo "$package_commands"
    umask 077  # is of no importance to the package
    run "$package_commands"
    mv build/*.deb "$1"
  fi
fi
