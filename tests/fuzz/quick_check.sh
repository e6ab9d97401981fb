#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Two minutes of fuzzing. CI runs this, and it can be run by hand: see --help.
set -euo pipefail
shopt -s inherit_errexit
called_in=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

help() {
  cat <<END
Usage: tests/fuzz/quick_check.sh [OPTION]... [FUZZER]...
Builds the fuzzers in build-fuzz/ (clang++, address and undefined behaviour) and runs each of them,
or those that are named, from its corpus on.

  --seconds=N     how long all of them take together (120)
  -j, --jobs=N    how many run at once (one for each processor)
  --keep=DIR      put what is new to a corpus into DIR/FUZZER
  --help

An input that a fuzzer fails with is kept in build-fuzz/crashes/, one line says which, and the
exit status is 1.
END
}

usage_error() {
  echo "quick_check.sh: $1; try 'tests/fuzz/quick_check.sh --help'" >&2
  exit 64
}

seconds=120
jobs=$(nproc)
keep=
fuzzers=()
while (($#)); do
  case $1 in
    --seconds=*) seconds=${1#*=} ;;
    -j) shift; jobs=${1:-} ;;
    -j*) jobs=${1#-j} ;;
    --jobs=*) jobs=${1#*=} ;;
    --keep=*) keep=$(cd "$called_in" && realpath -m "${1#*=}") ;;
    --help) help; exit ;;
    -*) usage_error "unknown option '$1'" ;;
    *) fuzzers+=("$1") ;;
  esac
  shift
done
[[ $seconds =~ ^[1-9][0-9]{0,6}$ ]] || usage_error "'$seconds' is no number of seconds"
[[ $jobs =~ ^[1-9][0-9]{0,3}$ ]] || usage_error "'$jobs' is no number of jobs"
((${#fuzzers[@]})) || mapfile -t fuzzers < <(cd tests/fuzz/corpus && printf '%s\n' *)
for fuzzer in "${fuzzers[@]}"; do
  [[ -d tests/fuzz/corpus/$fuzzer ]] || usage_error "no fuzzer '$fuzzer'"
done

((jobs <= ${#fuzzers[@]})) || jobs=${#fuzzers[@]}
each=$((seconds * jobs / ${#fuzzers[@]}))
((each)) || each=1

CMAKE_GENERATOR=${CMAKE_GENERATOR:-Ninja} cmake -S . -B build-fuzz -DCMAKE_CXX_COMPILER=clang++ \
  -DROWSUM_FUZZ=ON -DROWSUM_TESTS=ON >/dev/null
cmake --build build-fuzz --target fuzzers --parallel "$(nproc)"

work=$(mktemp -d)
declare -A running=()  # pid to fuzzer
# shellcheck disable=SC2317 # the trap comes to it
end() {
  ((${#running[@]} == 0)) || kill "${!running[@]}" 2>/dev/null || true
  rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p build-fuzz/crashes

# An input that takes longer than 10 s, or more memory than an input of so few bytes can need, is a
# failure, too.
start() {  # FUZZER
  local new=${keep:-$work/new}/$1 artifacts=$work/artifacts/$1
  mkdir -p "$new" "$artifacts"
  build-fuzz/bin/"$1"_fuzzer -max_total_time="$each" -timeout=10 -malloc_limit_mb=256 \
    -entropic_scale_per_exec_time=1 -artifact_prefix="$artifacts/" -print_final_stats=1 "$new" "tests/fuzz/corpus/$1" \
    >"$work/$1.log" 2>&1 &
  running[$!]=$1
}

# Waits until a fuzzer has ended, and reports how.
status=0
finish() {
  local pid fuzzer artifact kept='' ended=0
  wait -n -p pid "${!running[@]}" || ended=$?
  fuzzer=${running[$pid]}
  unset "running[$pid]"
  if ((ended == 0)); then
    printf '%-14s %9d inputs in %d s\n' "$fuzzer" \
      "$(sed -n 's/^stat::number_of_executed_units: //p' "$work/$fuzzer.log")" "$each"
    return
  fi
  status=1
  tail -n 60 "$work/$fuzzer.log" >&2
  for artifact in "$work/artifacts/$fuzzer"/*; do
    [[ -e $artifact ]] || continue
    kept=build-fuzz/crashes/$fuzzer-${artifact##*/}
    cp "$artifact" "$kept"
  done
  if [[ $kept ]]; then
    echo "quick_check.sh: $fuzzer fails; to see it again: build-fuzz/bin/${fuzzer}_fuzzer $kept" >&2
  else
    echo "quick_check.sh: $fuzzer ended with status $ended and no input to blame" >&2
  fi
}

# After a failure the other fuzzers go on, because they may find something, too.
for fuzzer in "${fuzzers[@]}"; do
  ((${#running[@]} < jobs)) || finish
  start "$fuzzer"
done
while ((${#running[@]})); do finish; done
exit "$status"
