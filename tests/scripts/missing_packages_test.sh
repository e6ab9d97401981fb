#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Whoever lacks packages is told the command that installs them, by the scripts and by CMake.
set -euo pipefail
shopt -s inherit_errexit
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

fail() {  # MESSAGE
  echo "$1" >&2
  exit 1
}

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

as_user=()
((EUID != 0)) || as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
if command -v apt-get >/dev/null; then
  status=0
  # shellcheck disable=SC2016 # the inner shell expands it
  "${as_user[@]}" bash -c '
    eval "$1"
    packages_for() { printf "%s\n" "no-such-package no-such-command" "bash bash" "no-$1"; }
    install_packages one two' bash "$(<"$root/scripts/install_packages.sh")" \
    >"$directory/told" 2>&1 || status=$?
  told=$(<"$directory/told")
  command="sudo apt-get install -y no-such-package no-one no-such-package no-two"
  [[ $status == 1 && $told == "Packages are missing. This installs them: $command" ]] ||
    fail "install_packages says '$told', with status $status"
fi

# An empty variable is that of a header that was not found.
if cmake -S "$root" -B "$directory" -DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON -DXXHASH_INCLUDE_DIR= \
  -DGMP_INCLUDE_DIR= >"$directory/told" 2>&1; then
  fail "CMake does without libraries"
fi
command="sudo apt-get install -y libboost-dev libboost-program-options-dev libxxhash-dev libgmp-dev"
grep -qxF "    $command" "$directory/told" || { cat "$directory/told" >&2; fail "CMake does not print '$command'"; }

# Both have the same names.
# shellcheck disable=SC1091 # that file is checked separately
source "$root/scripts/install_packages.sh"
named=$(sed -nE 's/^ *find_header\(.* (.*)\)$/\1/p; s/^ *list\(APPEND missing_packages (lib.*)\)$/\1/p' \
  "$root/CMakeLists.txt" | tr ' ' '\n')
[[ $named ]] || fail "CMakeLists.txt names no packages"
lacking=$(grep -vxF "$(packages_for build)" <<<"$named") || true
[[ -z $lacking ]] || fail "install_packages.sh lacks $lacking of CMakeLists.txt"
