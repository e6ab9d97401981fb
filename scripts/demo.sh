#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Shows the suite at work: see --help.
# shellcheck disable=SC2016 # run() expands what it is given
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck disable=SC1091 # that file is checked separately
source scripts/install_packages.sh

help() {
  cat <<END
Usage: scripts/demo.sh
Builds the programs in build/, and shows them at work on a file of 500,000 rows: the chain, the
launcher, a worker that is killed in the middle, and workers in Python. Each command is printed
as it could be typed, and then what came out. Takes seconds once everything is built.

  --help

Installs the packages that are missing (apt-get), as root; otherwise names them. The files of the
demonstration are in a temporary directory, which is removed at the end.
END
}

case ${1-} in
  '') ;;
  --help) help; exit ;;
  *) echo "demo.sh: unknown argument '$1'; try 'scripts/demo.sh --help'" >&2; exit 64 ;;
esac

echo "Building the programs in build/"
install_packages build
export CMAKE_GENERATOR=${CMAKE_GENERATOR:-Ninja}  # for a new build directory; an old one keeps its generator
cmake -S . -B build -DCMAKE_BUILD_TYPE=Release -DROWSUM_TESTS=ON >/dev/null
# These, without generate_csv, are also what `cmake --install` takes.
cmake --build build --parallel "$(nproc)" --target p1_read p2_sum p3_write rowsum_worker generate_csv
root=$PWD
PATH=$root/build/bin:$root/scripts:$PATH

directory=$(mktemp -d)
clean_up() {
  trap '' HUP INT TERM  # also for rm, which would leave files
  [[ ! $(jobs -p) ]] || jobs -p | xargs kill "$!" || true
  wait || true
  rm -rf "$directory"
}
trap 'clean_up 2>/dev/null' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$directory"

say() { printf '\n== %s\n' "$*"; }

run() {  # COMMAND, a line of shell
  printf '$ %s\n' "$1"
  eval "$1" 2>&1
}

run_timed() {  # COMMAND
  local TIMEFORMAT='(%R seconds)'
  { time run "$1"; } 2>&1
}

say 'A file of integers, and its rows summed by a chain of three programs'
run 'generate_csv --columns=20 --max=9999 > in.csv'
run 'du -h --apparent-size in.csv; head -n 2 in.csv'
run_timed 'p1_read in.csv | p2_sum | p3_write > chain.csv'
run 'wc -l < chain.csv; head -n 2 chain.csv'

say 'The launcher, with a worker for each processor: the same bytes'
run_timed 'run_pipeline.sh in.csv > launcher.csv'
run 'cmp chain.csv launcher.csv && echo the same'

say 'A worker is killed in the middle, with rows in its hands: the same bytes'
# The input waits in the middle. The worker is stopped then, so that it cannot finish what it gets.
run '{ head -c 20M; until [ -e go ]; do sleep 0.1; done; cat; } < in.csv | run_pipeline.sh -n 2 > killed.csv &'
run 'child() { cut -d " " -f 1 "/proc/$1/task/$1/children" 2> /dev/null; }'
run 'until worker=$(child "$(child $!)"); grep -s p2_sum "/proc/$worker/comm"; do sleep 0.1; done'
run 'kill -STOP "$worker"; touch go; sleep 1; kill -KILL "$worker"'
run 'wait $!; echo "exit status $?"'
run 'cmp chain.csv killed.csv && echo the same'

say 'A program of your own in place of the sums: it is started for each batch of rows'
if ! command -v python3 >/dev/null; then
  echo "python3 is not installed, so this is not shown."
else
  run 'head -n 20000 in.csv > some.csv'
  run "cat > max.py <<'END'
import sys

for row in sys.stdin:
    print(max(map(int, row.split(','))))
END"
  run_timed 'run_pipeline.sh --command "python3 max.py" some.csv > max.csv'
  run 'wc -l < max.csv; head -n 2 max.csv'

  say 'The same as one that stays, and is told how many rows come'
  run "cat > model.py <<'END'
import sys

for head in sys.stdin:
    for _ in range(int(head.split()[0])):
        print(max(map(int, next(sys.stdin).split(','))))
    sys.stdout.flush()
END"
  run_timed 'run_pipeline.sh --coprocess "python3 model.py" some.csv > model.csv'
  run 'cmp max.csv model.csv && echo the same'
fi

say 'To go on'
cat <<END
In this shell, the programs are found after

    PATH=$(printf %q "$root/build/bin:$root/scripts"):\$PATH
    run_pipeline.sh --help

To install them, for example in ~/.local:

    cmake --install $(printf %q "$root/build") --prefix ~/.local

README.md says more, and so does man -l $(printf %q "$root/scripts/run_pipeline.1")
END
