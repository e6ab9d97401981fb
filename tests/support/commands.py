# SPDX-License-Identifier: MIT
"""For tests of commands that answer the rows in place of p2_sum: --command and --coprocess."""
import itertools
import shlex
import shutil
from typing import Any, Iterator

from pipeline import Outcome, Run
from sleepers import SleeperTest

PYTHON = '/usr/bin/python3'  # a python3 in PATH may be a script that takes long to start it

# A complete command for --coprocess.
MODEL = '''import sys
while header := sys.stdin.readline():
    for _ in range(int(header.split()[0])):
        print(sum(map(int, sys.stdin.readline().split(','))))
    sys.stdout.flush()
'''

# Commands for --coprocess that answer each row by itself. The first writes every line at once, and reads byte by byte.
ECHO = 'while read -r rows _; do while [ $rows -gt 0 ]; do read -r row; echo "$row"; rows=$((rows - 1)); done; done'
ECHO_BATCHES = 'while read -r _ bytes; do head -c "$bytes"; done'

NUMBERS = 1, 2, 5  # of workers


def python(script: str) -> str:
    """A command that runs the script."""
    return f'{PYTHON} -c {shlex.quote(script)}'


def numbered(lines: list[bytes]) -> bytes:
    """The output for these answers."""
    return b''.join(b'%d,%s\n' % (row, line.removesuffix(b'\n')) for row, line in enumerate(lines))


class CommandTest(SleeperTest):
    def setUp(self) -> None:
        super().setUp()
        self.env.pop('PYTHONUNBUFFERED', None)  # with it, Python flushes every line

    def needs(self, *programs: str) -> None:
        for program in programs:
            if not shutil.which(program):
                self.skipTest(f'there is no {program}')

    def model(self) -> str:
        """MODEL as a command."""
        return f'{PYTHON} {shlex.quote(str(self.file("model.py", MODEL.encode())))}'

    def with_command(self, command: str, data: Any, *options: Any, **popen: Any) -> Outcome:
        return self.launcher(data, f'--command={command}', *options, **popen)

    def with_coprocess(self, command: str, data: Any, *options: Any, **popen: Any) -> Outcome:
        return self.launcher(data, f'--coprocess={command}', *options, **popen)

    def chain_with(self, option: str, data: bytes, p1: list = [], p3: list = []) -> Outcome:
        return self.chain(data, p1, p3, [option])

    def ways(self, data: bytes, sizes: tuple = (1, 50, None), numbers: tuple = NUMBERS) -> Iterator[tuple]:
        """Inputs and options: the data from a file and through a pipe, for so many workers and batches of these
        sizes (None: the default)."""
        path = self.file('in.csv', data)
        for n, size, stdin in itertools.product(numbers, sizes, (path, data)):
            yield stdin, ('-n', n, *([] if size is None else ['--batch-size', size]))

    def assert_always(self, expected: bytes, data: bytes, *options: Any, **ways: Any) -> None:
        """The output is the same in all of the ways."""
        for stdin, words in self.ways(data, **ways):
            with self.subTest(words, file=not isinstance(stdin, bytes)):
                self.assertEqual(self.launcher(stdin, *words, *options), Outcome(expected, '', 0))

    def start_and_wait_for_sleeper(self, *options: Any, data: bytes = b'1\n', **popen: Any) -> Run:
        """Starts the launcher with a command that starts a sleeper, and returns when that sleeps."""
        run = self.start_launcher(data, *options, **popen)
        self.until(self.sleepers, 'the command has not started a sleeper')
        return run
