#!/usr/bin/env bash
# Shows the suite at work: builds it, makes a CSV file of 500,000 rows, and sums the rows twice, with
# the chain and with the launcher. Takes seconds once everything is built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck disable=SC1091 # that file is checked separately
source scripts/install_packages.sh

echo "Building the programs in build/"
install_packages build
export CMAKE_GENERATOR=${CMAKE_GENERATOR:-Ninja}  # for a new build directory; an old one keeps its generator
cmake -S . -B build -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build build --parallel "$(nproc)" --target p1_read p2_sum p3_write generate_csv
PATH=$PWD/build/bin:$PWD/scripts:$PATH

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$directory"

run() {  # COMMAND, a line of shell
  echo
  echo "\$ $1"
  local TIMEFORMAT='(%R seconds)'
  time eval "$1"
}

run 'generate_csv > in.csv'
echo "$(wc -l <in.csv) rows, $(($(wc -c <in.csv) >> 20)) MiB. The first of them:"
head -n 1 in.csv
run 'p1_read in.csv | p2_sum | p3_write > chain.csv'
run 'run_pipeline.sh in.csv > launcher.csv'

echo
echo "The first sums, as \"index,sum\":"
head -n 5 launcher.csv
cmp chain.csv launcher.csv
echo "Both wrote the same $(wc -l <launcher.csv) lines."
head -n 1000 in.csv |
  awk -F, '{ sum = 0; for (i = 1; i <= NF; ++i) sum += $i; print NR - 1 "," sum }' >awk.csv
head -n 1000 launcher.csv | cmp - awk.csv
echo "awk finds the same sums in the first 1000 rows."
