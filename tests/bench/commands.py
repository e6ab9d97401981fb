# SPDX-License-Identifier: MIT
"""Other people's commands as the worker: the commands, the files that they get, and who runs them.

Every contestant runs the same command on the same file with two processes, and its output is compared with what the
command answers in one. Each is written as somebody would who knows the tool well.
"""
import itertools
import os
import random
import shlex
import sys
from argparse import Namespace
from pathlib import Path
from typing import Callable, NamedTuple

import workloads
from contestants import HERE, Contestant
from workloads import Workload

PEERS = HERE / 'peers'
sys.path.insert(0, str(PEERS))
import row_command  # noqa: E402

DEBIAN = '/usr/bin/python3'  # a python3 in PATH may be a script that looks for one
PYTHON = DEBIAN if os.path.exists(DEBIAN) else sys.executable


class Task(NamedTuple):
    name: str
    command: str
    victim: str    # the beginning of the command line of a process of it, as a regular expression
    function: str  # of row_command.py that gives the same answers
    make: Callable[[Workload, Path, Namespace], Path]  # its file, from mixed, in a directory
    block: str     # how much of the file a process gets from GNU parallel; the launcher finds that out by itself
    piece: str     # and from a pool, whose processes stay
    is_awk: bool = False
    is_quoted: bool = False


# --- The files --------------------------------------------------------------------------------------------------------

def make(task: Task, mixed: Workload, directory: Path, options: Namespace) -> Workload:
    """The file of a task, and the answers."""
    csv = task.make(mixed, directory, options)
    expected = directory / f'{csv.stem}.{task.function}'
    with open(csv, newline='') as rows, open(expected, 'w') as out:
        out.writelines(row_command.all_answers(task.function, rows))
    return Workload(task.name, csv, expected)


def large_part(mixed: Workload, directory: Path, options: Namespace) -> Path:
    return workloads.first_part(mixed, options.large_size).csv


def first_rows(mixed: Workload, directory: Path, options: Namespace) -> Path:
    path = directory / 'slow.csv'
    with open(mixed.csv, 'rb') as whole, open(path, 'wb') as out:
        out.writelines(itertools.islice(whole, 400 if options.small else 4000))
    return path


def quoted_rows(mixed: Workload, directory: Path, options: Namespace) -> Path:
    """After a header, two integers and a text of some lines in each row. 10 MB."""
    draw = random.Random(1)
    words = ['row', 'of', 'sums', 'a, b', '""quoted""', '12', 'said:\n', '\n', '\r\n']
    path = directory / 'quoted.csv'
    with open(path, 'w', newline='') as out:
        out.write('id,low,high,note\n')
        for row in range(2000 if options.small else 90_000):
            note = ' '.join(draw.choices(words, k=draw.randrange(1, 40)))
            out.write(f'{row},{draw.randrange(1000)},{draw.randrange(100_000)},"{note}"\n')
    return path


# --- The contestants --------------------------------------------------------------------------------------------------

ALONE = 'the command alone, n = 1'
COMMAND = 'launcher --command, n = 2'
COPROCESS = 'launcher --coprocess, n = 2'
OURS = (COMMAND, COPROCESS)
PIPE = 'GNU parallel --pipe'
RETRIES = 'GNU parallel --pipe --retries 3'
OWN_HEADER = 'GNU parallel --pipe --retries 3, the header by hand'
PIPEPART = 'GNU parallel --pipepart'
PIPEPART_RETRIES = 'GNU parallel --pipepart --retries 3'
SPLIT = 'split, xargs -P'
POOL = 'CPython, pool'
JOBLIB = 'joblib'
NAMES = (ALONE, *OURS, PIPE, RETRIES, OWN_HEADER, PIPEPART, PIPEPART_RETRIES, SPLIT, POOL, JOBLIB)


def contestants(task: Task, is_small: bool) -> list[Contestant]:
    def one(name: str, line: str, needs: str = '', victim: str = task.victim, **more) -> Contestant:
        return Contestant(name, line, f'{needs} mawk' if task.is_awk else needs, victim=victim, **more)

    block, piece = ('64K', '64K') if is_small else (task.block, task.piece)
    found = [one(ALONE, alone(task.command), victim=''),
             one(COMMAND, launcher('--command', task.command, task.is_quoted))]
    if not task.is_awk:  # mawk waits for more rows before it answers; to read single lines takes it twice the time
        found.append(one(COPROCESS, launcher('--coprocess', f'{task.command} --coprocess', task.is_quoted)))
    needs = 'parallel perl:Text::CSV' if task.is_quoted else 'parallel'
    # With --header and --retries parallel 20221122 gives the header row to the command twice.
    found += [one(PIPE, parallel(task, f'--pipe --block {block}'), needs),
              one(RETRIES, parallel(task, f'--pipe --retries 3 --block {block}'), needs, wrong_on=('quoted rows',))]
    if task.is_quoted:
        found.append(one(OWN_HEADER, own_header(task, block), needs))
    else:  # these take every line for a row
        part = '--pipepart --block -1 -a "$input"'
        found += [one(PIPEPART, parallel(task, part), needs),
                  one(PIPEPART_RETRIES, parallel(task, f'{part} --retries 3'), needs),
                  one(SPLIT, split(task))]
    for name, program, needs, victim in (
            (POOL, 'command_pool.py', '', f'{PYTHON} .*command_pool'),
            (JOBLIB, 'command_joblib.py', 'python:joblib', r'\S+ -m joblib\.externals\.loky')):
        found.append(one(name, python(task, program, piece), needs, task.victim if task.is_awk else victim))
    return found


def alone(command: str) -> str:
    return f'sh -c {shlex.quote(command)} < "$input" > "$output"'


def launcher(option: str, command: str, has_header: bool = False) -> str:
    header = ' --header=repeat' if has_header else ''
    return f'"$bin/run_pipeline.sh" -n 2 --no-index{header} {option} {shlex.quote(command)} "$input" > "$output"'


def parallel(task: Task, options: str) -> str:
    csv = '--csv --header : ' if task.is_quoted else ''
    return f'{PARALLEL} {options} {csv}{shlex.quote(task.command)} < "$input"{one_header(task)} > "$output"'


def own_header(task: Task, block: str) -> str:
    command = shlex.quote(f'{{ printf "%s\\n" "$HEADER"; cat; }} | {task.command}')
    return (f'{{ IFS= read -r HEADER; export HEADER; {PARALLEL} --pipe --csv --retries 3 --block {block} {command}; }} '
            f'< "$input"{one_header(task)} > "$output"')


def one_header(task: Task) -> str:
    """Each block of a file with a header has been answered with a header."""
    return " | awk 'NR == 1 { header = $0; print } $0 != header'" if task.is_quoted else ''


def split(task: Task) -> str:
    """Each process reads its half of the file, which begins and ends with a line."""
    return (f'rm -f "$directory"/part.*; seq 2 | COMMAND={shlex.quote(task.command)} xargs -P 2 -I @ sh -c '
            '\'split -n l/@/2 "$input" | sh -c "$COMMAND" > "$directory/part.@"\' && '
            'cat "$directory"/part.* > "$output"')


def python(task: Task, program: str, piece: str) -> str:
    what = task.command if task.is_awk else task.function
    size = int(piece[:-1]) << {'K': 10, 'M': 20}[piece[-1]]
    return f'{PYTHON} "$peers/{program}" {shlex.quote(what)} {size} "$input" > "$output"'


PARALLEL = 'PARALLEL_SHELL=/bin/sh parallel --will-cite -k -j 2'
# %.0f, because mawk rounds larger integers otherwise; + 0, because a field may be -0.
AWK_MAXIMUM = r'''mawk -F, '{ most = $1; for (i = 2; i <= NF; ++i) if ($i > most) most = $i
                  printf "%.0f\n", most + 0 }' '''.strip()
PROGRAM = f'{PYTHON} {shlex.quote(str(PEERS / "row_command.py"))}'


def python_task(name: str, function: str, make: Callable[[Workload, Path, Namespace], Path], **more) -> Task:
    return Task(name, f'{PROGRAM} {function}', f'{PYTHON} .*row_command', function, make, **more)


SLOW = '1 ms a row'
TASKS = (
    Task('mawk', AWK_MAXIMUM, 'mawk ', 'maximum', large_part, block='30M', piece='10M', is_awk=True),
    python_task('python3', 'maximum', large_part, block='30M', piece='512K'),
    python_task(SLOW, 'slow', first_rows, block='150K', piece='16K'),
    python_task('quoted rows', 'quoted', quoted_rows, block='5200K', piece='512K', is_quoted=True))

# Commands that do little, to see what the launcher needs.
ONE = '1 a row'
ONE_LINES = {ALONE: alone("mawk '{ print 1 }'"),
             COMMAND: launcher('--command', "mawk '{ print 1 }'"),
             COPROCESS: launcher('--coprocess', f'{PROGRAM} one --coprocess')}
WORKLOADS = (*(task.name for task in TASKS), ONE)
