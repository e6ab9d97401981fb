#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# All checks that must pass before a change is committed. CI runs this, and it can be run by hand:
# see --help.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck disable=SC1091 # that file is checked separately
source scripts/install_packages.sh

help() {
  cat <<END
Usage: scripts/check.sh [OPTION]...
Installs what is missing (apt-get, as root), builds, and runs every test: with sanitizers, and
as the programs are; that with faults (tests/torture) and with fewer vector instructions, too.
Root runs some of the tests as an ordinary user as well.

  --quick   only the Release build, the unit tests and shellcheck
  --clang   look at the sources with clang-format, and build with sanitizers by clang++ in
            place of g++, with the fuzzers, which run for two minutes
  --places  also install what tests/places tests, which otherwise are skipped where it is missing:
            PostgreSQL, an ssh server, Slurm and others, which Debian may also start as services
  --help

The builds are in build/ (Release) and build-sanitize/ or, by clang++, build-fuzz/ (address and
undefined behaviour). The first thing that fails ends the run, and its status is not 0.
END
}

quick=
clang=
places=
while (($#)); do
  case $1 in
    --quick) quick=1 ;;
    --clang) clang=1 ;;
    --places) places=1 ;;
    --help) help; exit ;;
    *) echo "check.sh: unknown argument '$1'; try 'scripts/check.sh --help'" >&2; exit 64 ;;
  esac
  shift
done

jobs=$(($(nproc) * 3 / 2))  # some tests sleep for a part of their time
say() { printf '\n== %s\n' "$*"; }

export CMAKE_GENERATOR=${CMAKE_GENERATOR:-Ninja}  # for a new build directory; an old one keeps its generator

build() {  # DIRECTORY CMAKE_OPTION...
  say "$1"
  cmake -S . -B "$@" -DROWSUM_WERROR=ON -DROWSUM_TESTS=ON >/dev/null
  cmake --build "$1" --parallel "$(nproc)"
}

run_tests() {  # DIRECTORY CTEST_OPTION...
  say "tests in $1"
  ctest --test-dir "$1" --output-on-failure --no-tests=error -j"$jobs" "${@:2}"
}

check_scripts() {
  local scripts
  say "shellcheck"
  mapfile -t scripts < <(find scripts tests -name '*.sh' -o -name '*.bash' | sort)
  shellcheck .ci/run "${scripts[@]}"
  echo "${#scripts[@]} scripts, and .ci/run"
}

check_format() {
  say "clang-format"
  find common p1_read p2_sum p3_write tests -name '*.h' -print0 -o -name '*.cpp' -print0 |
    xargs -0 clang-format --dry-run -Werror
}

# Root has rights that other users do not have, so tests that pass as root may fail for them.
# Therefore root runs the tests for which this may matter once more as the user nobody. The sources
# and the programs are copied to a directory that all users can read, and CMake makes the list of
# tests there. Nothing is built again. This also tests a path with a space, and small pipes.
test_as_ordinary_user() (
  ((EUID == 0)) || exit 0  # all tests have been run without these rights
  say "tests in build as an ordinary user, in a path with a space, with small pipes"
  directory=$(mktemp -d)
  trap 'rm -rf "$directory"' EXIT
  chmod 755 "$directory"
  copy="$directory/a copy"
  as_user() { setpriv --reuid=65534 --regid=65534 --clear-groups env -u TMPDIR HOME="$copy" "$@"; }
  install -d -o 65534 -g 65534 "$copy"
  tar -c CMakeLists.txt LICENSE README.md common p1_read p2_sum p3_write scripts tests build/bin |
    as_user tar -x -C "$copy"
  cd "$copy"
  as_user cmake -S . -B build >/dev/null
  tests='unit|completions|readme|places_.*|pipeline_(survival|workers|leftovers|errors|compressed|faults|command.*|coprocess)'
  as_user tests/support/small_pipes.py ctest --test-dir build --output-on-failure --no-tests=error \
    -j"$jobs" -R "^($tests)\$"
)

install_packages build check ${clang:+clang} ${places:+places slurm}
check_scripts
[[ ! $clang ]] || check_format
build build -DCMAKE_BUILD_TYPE=Release
if [[ $quick ]]; then
  run_tests build -R '^unit$'
  exit
fi
if [[ $clang ]]; then
  build build-fuzz -DCMAKE_CXX_COMPILER=clang++ -DROWSUM_FUZZ=ON
  run_tests build-fuzz
  say "fuzzers"
  tests/fuzz/quick_check.sh
else
  build build-sanitize -DROWSUM_SANITIZE=address,undefined
  run_tests build-sanitize
fi
run_tests build
test_as_ordinary_user
