#!/usr/bin/env bash
# All that has to hold before a change goes in. CI runs this, and so can anyone: see --help.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck disable=SC1091 # it is checked by itself
source scripts/install_packages.sh

help() {
  cat <<END
Usage: scripts/check.sh [OPTION]...
Installs what is missing (apt-get, as root), builds, and runs every test: as they are,
under sanitizers, some with fewer vector instructions, and under faults (tests/torture).

  --quick   only the Release build, the unit tests and shellcheck
  --clang   also build everything with clang++ and, unless it is to be quick, run the
            fuzzers for two minutes
  --help

The builds are in build/ (Release), build-sanitize/ (address and undefined behaviour) and
build-fuzz/ (clang++, with both). The first thing that fails ends the run, and its status
is not 0.
END
}

quick=
clang=
while (($#)); do
  case $1 in
    --quick) quick=1 ;;
    --clang) clang=1 ;;
    --help) help; exit ;;
    *) echo "check.sh: unknown argument '$1'; try 'scripts/check.sh --help'" >&2; exit 64 ;;
  esac
  shift
done

jobs=$(($(nproc) * 3 / 2))  # tests sleep now and then
say() { printf '\n== %s\n' "$*"; }

export CMAKE_GENERATOR=${CMAKE_GENERATOR:-Ninja}  # of a new build; an old one keeps its own

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
  mapfile -t scripts < <(find scripts tests -name '*.sh' | sort)
  shellcheck .ci/run "${scripts[@]}"
  echo "${#scripts[@]} scripts, and .ci/run"
}

install_packages build check ${clang:+clang}
build build -DCMAKE_BUILD_TYPE=Release
check_scripts
if [[ $clang ]]; then
  build build-fuzz -DCMAKE_CXX_COMPILER=clang++ -DROWSUM_FUZZ=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DCMAKE_CXX_FLAGS_RELWITHDEBINFO='-O1 -g'
fi
if [[ $quick ]]; then
  run_tests build -R '^unit'
  exit
fi
# Sanitizers make GCC warn of variables that are not uninitialized, in its own <regex> for one.
build build-sanitize -DCMAKE_BUILD_TYPE=RelWithDebInfo -DROWSUM_SANITIZE=address,undefined \
  -DCMAKE_CXX_FLAGS_RELWITHDEBINFO='-O1 -g -Wno-maybe-uninitialized'
run_tests build-sanitize
run_tests build
for level in sse4 scalar; do
  ROWSUM_SIMD=$level run_tests build -R '^(unit|exhaustive|pipeline_chain|pipeline_order)$'
done
say "torture"
tests/torture/run.sh --jobs "$jobs"
if [[ $clang ]]; then
  say "fuzzers"
  tests/fuzz/quick_check.sh
fi
