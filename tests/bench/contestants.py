# SPDX-License-Identifier: MIT
"""Everything that is measured, in one line each: its name, how it is run, and the workloads where it cannot be
right.

Commands are bash, with $input, $output, $workload, $bin (the programs), $peers (of this directory), $python, and
$awk.
"""
import os
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
NODE_DIR = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache', 'rowsum-bench')


class Contestant(NamedTuple):
    name: str
    line: str
    needs: str = ''             # commands in PATH, python:MODULE, node:MODULE, perl:MODULE
    others: dict[str, str] = {}  # workload: another command line for it
    wrong_on: tuple[str, ...] = ()  # workloads for which it is known to be wrong
    size: str = 'part'          # of the file it gets: full, large, or a small part
    victim: str = ''            # the beginning of the command line of a worker, as a regular expression

    def line_for(self, workload: str) -> str:
        return self.others.get(workload, self.line)

    def is_installed(self) -> bool:
        return all(map(is_there, self.needs.split()))

    def variables(self) -> dict[str, str]:
        kind, _, module = self.needs.partition(':')
        python = python_with(module) if kind == 'python' else sys.executable
        return {'python': python or '', 'peers': str(HERE / 'peers'), 'ROWSUM_NODE': str(NODE_DIR)}


def is_there(need: str) -> bool:
    kind, _, module = need.partition(':')
    if kind == 'python':
        return python_with(module) is not None
    if kind == 'node':
        return bool(shutil.which('node')) and node_has(module)
    if kind == 'perl':
        return bool(shutil.which('perl')) and not subprocess.run(['perl', f'-M{module}', '-e', '1'],
                                                                 stderr=subprocess.DEVNULL).returncode
    return bool(shutil.which(need))


@lru_cache
def python_with(module: str) -> str | None:
    """Debian's packages are for the interpreter of Debian, which need not be the first one in PATH."""
    for python in sys.executable, '/usr/bin/python3':
        if os.access(python, os.X_OK) and not subprocess.run([python, '-c', f'import {module}'],
                                                             stderr=subprocess.DEVNULL).returncode:
            return python
    return None


@lru_cache
def node_has(module: str) -> bool:
    test = f'require("node:module").createRequire("{NODE_DIR}/")("{module}")'
    return not subprocess.run(['node', '-e', test], stderr=subprocess.DEVNULL).returncode


def awk(before: str = '', printed: str = 'printf "%d,%.0f\\n", NR - 1, sum') -> str:
    return f"'{{ {before}sum = 0; for (i = 1; i <= NF; ++i) sum += $i; {printed} }}'"


def parallel(program: str, before: str = '', printed: str = 'printf "%.0f\\n", sum') -> str:
    return ('parallel --will-cite --pipepart -k -q -j 2 --block 10M -a "$input" '
            f'{program} {awk(before, printed)} | mawk \'{{ print NR - 1 "," $0 }}\' > "$output"')


def miller(options: str, fields: str) -> str:
    # Splits lines at commas, because its reader for CSV with rows of different lengths drops fields (6.6), and takes
    # longer for many fields.
    return (f'mlr --inidx {options} --from "$input" put -q \'begin {{ @row = 0 }} '
            f'sum = 0; for (key, value in {fields}) {{ sum += value }} print @row . "," . sum; @row += 1\' > "$output"')


UNQUOTE = 'gsub(/["\\r]/, ""); '  # all the CSV that awk needs here
LAUNCHER = Contestant('launcher, n = 2', '"$bin/run_pipeline.sh" -n 2 "$input" > "$output"', size='full')
CHAIN = Contestant('chain', '"$bin/p1_read" "$input" | "$bin/p2_sum" | "$bin/p3_write" > "$output"', size='full')
PIPE = Contestant('launcher, n = 2, from a pipe', 'cat "$input" | "$bin/run_pipeline.sh" -n 2 - > "$output"',
                  size='full')
MONOLITH = Contestant('monolith, 2 threads', '"$bin/monolith" "$input" 2 > "$output"', size='full')
SUITE = [
    LAUNCHER,
    Contestant('launcher, n = 1', '"$bin/run_pipeline.sh" -n 1 "$input" > "$output"', size='full'),
    PIPE, CHAIN, MONOLITH]
KILLED = Contestant('launcher, n = 4, a worker killed half-way',  # after $half seconds, unless $signal is 0
                    '"$bin/run_pipeline.sh" -n 4 "$input" > "$output" & sleep "$half"; '
                    'pkill -"$signal" -o -x -P "$(pgrep -P $! p1_read)" p2_sum && wait $!', size='full')
WATCHED = [Contestant(f'launcher, n = 2, {option}', f'"$bin/run_pipeline.sh" -n 2 {argument} "$input" > "$output"',
                      size='full')
           for option, argument in (('--stats', '--stats'), ('--trace', '--trace "$directory/trace"'),
                                    ('--joblog', '--joblog "$directory/joblog"'))]
# For comparison. They sum nothing.
CAT = Contestant('cat \\| cat', 'cat "$input" | cat > /dev/null', size='full')
PIPE_READER = Contestant('cat \\| a reader of 256 KiB', 'cat "$input" | "$bin/pipe_reader"', size='full')
YARDSTICKS = [CAT, PIPE_READER]

DUCKDB = Contestant('DuckDB', 'node "$peers/duckdb.mjs" "$input" "$output" "$workload"',
                    'node:@duckdb/node-api', size='large')
POLARS = Contestant('Polars', 'node "$peers/polars.mjs" "$input" "$output" "$workload"',
                    'node:nodejs-polars', size='large')
PARALLEL = Contestant('GNU parallel, mawk (wide: gawk -M)', parallel('mawk -F,'), 'parallel mawk gawk', size='large',
                      others={'wide': parallel('gawk -M -F,', printed='print sum'),
                              'messy': parallel('mawk -F,', UNQUOTE)})
PEERS = [
    DUCKDB, POLARS, PARALLEL,
    Contestant('mawk', f'mawk -F, {awk()} "$input" > "$output"', 'mawk', wrong_on=('wide',),
               others={'messy': f'mawk -F, {awk(UNQUOTE)} "$input" > "$output"'}),
    Contestant('gawk', f'gawk -F, {awk()} "$input" > "$output"', 'gawk', wrong_on=('wide',),
               others={'messy': f'gawk -F, {awk(UNQUOTE)} "$input" > "$output"'}),
    Contestant('gawk -M', f'gawk -M -F, {awk()} "$input" > "$output"', 'gawk',
               others={'messy': f'gawk -M -F, {awk(UNQUOTE)} "$input" > "$output"'}),
    Contestant('Miller', miller('--ifs "|"', 'splitnv(string($1), ",")'), 'mlr', wrong_on=('wide',),
               others={'narrow': miller('--ifs ,', '$*'),
                       'messy': miller('--ifs "|"', 'splitnv(gsub(string($1), "[\\" \\r]", ""), ",")')}),
    Contestant('pandas', '"$python" "$peers/pandas_sums.py" "$input" > "$output"', 'python:pandas',
               wrong_on=('wide',)),
    Contestant('CPython, csv and int', '"$python" "$peers/python_serial.py" "$input" > "$output"'),
    Contestant('CPython, pool', '"$python" "$peers/python_pool.py" "$input" > "$output"'),
    Contestant('CPython, queues', '"$python" "$peers/python_queue.py" "$input" > "$output"'),
    Contestant('CPython, p1 \\| p2 \\| p3 with pickle', '"$python" "$peers/pickle/p1.py" "$input" | '
               '"$python" "$peers/pickle/p2.py" | "$python" "$peers/pickle/p3.py" > "$output"'),
    Contestant('joblib', '"$python" "$peers/joblib_sums.py" "$input" > "$output"', 'python:joblib'),
]
