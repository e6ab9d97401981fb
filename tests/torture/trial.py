# SPDX-License-Identifier: MIT
"""A run under a fault: its input, the fault, and the verdict.

    identical   exit status 0, and exactly the output of a run without a fault
    clean       a status of the table in README, one line or more that says why, and of the output the beginning
    hang        something did not end, or a process or a file stayed
    wrong       everything else
"""
import contextlib
import os
import random
import re
import signal
import time
from pathlib import Path
from typing import Any, NamedTuple

import pipeline
from pipeline import Outcome, PipelineTest, Reader, children, files_in, processes, sums

CLEAN = {65, 66, 69, 71, 73, 74, 141}  # the statuses of failures that are neither bugs nor wrong usage
LOSS = re.compile(r'p1_read: p2_sum at place \d+ (was killed by|returned nothing|ended with the unknown status) .*?'
                  r'(, and is replaced)?|'
                  r"p2_sum: '.*' (was killed|ended with|wrote) .* \(rows? \d.*\)(: .*)?")
SAID = re.compile(r'(p1_read|p2_sum|p3_write|run_pipeline\.sh): .*')

pipeline.HANG = HANG = 40  # seconds after which a run counts as a hang
FAREWELL = 5    # seconds until all processes have ended on a busy machine; the real time is shown

EXPECTED = {}   # the sums of each input


class Wrong(Exception):
    """The run had an outcome that it must not have."""


class Result(NamedTuple):
    verdict: str    # identical, clean, hang, wrong, or missed: the fault came too late, and the try does not count
    detail: str
    seconds: float  # until all processes had ended after a fatal fault, or 0


class Trial(PipelineTest):
    """One run under a fault."""
    long = False
    farewell = 0.0

    def runTest(self) -> None:
        pass

    def hang(self, what: str) -> None:
        running = '\n    '.join(processes(str(self.directory)).values())
        self.end_what_is_left()
        raise TimeoutError(f'{what}; these run:\n    {running}')

    def random_run(self, rng: random.Random, launcher: Path = pipeline.LAUNCHER, options: tuple = (), **popen: Any):
        """Starts the launcher on the sample, with random options. Returns the run, its reader, and where its output
        is."""
        data, path = sample()
        n = rng.choice((1, 2, 8))
        words = ['-n', n, '--batch-size', rng.choice(('1K', '4K', '64K')),
                 '--deal', rng.choice(('round-robin', 'pull')), *options]
        old = None
        if rng.random() < 0.4:
            old = self.file('out', b'old\n')
            words += ['-o', old]
        stdin = data
        if rng.random() < 0.5:
            stdin = None
            words.append(path)
        run = self.start([launcher, *words], stdin, **popen)
        return run, Reader(run.stdout), old

    def finish(self, run: Any, reader: Reader) -> Outcome:
        reader.join(HANG)
        if reader.is_alive():
            self.hang('the output goes on')
        run.stdout.close()
        return Outcome(bytes(reader.data), *run.finish()[1:])

    def gone(self, files: bool = True) -> None:
        """Waits until nothing is left."""
        begin = time.monotonic()
        while left := self.leftovers() if files else list(processes(str(self.directory)).values()):
            if time.monotonic() > begin + FAREWELL:
                raise TimeoutError('left behind: ' + ', '.join(left))
            time.sleep(0.005)
        self.farewell = time.monotonic() - begin


def judge(outcome: Outcome, expected: bytes, output: Path | None = None, killed: int | None = None,
          only_identical: bool = False, losses: int = 0, may_complain: bool = False,
          before: bytes | None = b'old\n') -> str:
    """Returns identical or clean, or raises Wrong. `output`: the file with the output; after a failure it is as it
    was `before` (None: no file). `losses`: how many workers may have been lost. `may_complain`: a program that fails
    when p3_write has everything may report that, although the run succeeds."""
    got, status = outcome.stdout, outcome.status
    lines = outcome.stderr.splitlines()
    others = [line for line in lines if not LOSS.fullmatch(line)]
    short = f'status {status}, {len(got)} bytes, said {lines[:6]}'
    if output:
        if got:
            raise Wrong(f'output in two places: {short}')
        is_untouched = (output.read_bytes() if output.exists() else None) == before
        got = output.read_bytes() if output.exists() else b''
        left = [name for name in files_in(output.parent, killed=True) if name.endswith('.tmp')]
        # A killed p3_write may leave the temporary file in the moment in which it replaces an older file.
        may_stay = len(left) == 1 and killed == signal.SIGKILL == -status and before is not None
        if left and not (may_stay and (output.parent / left[0]).read_bytes() == expected):
            raise Wrong(f'{left} stays: {short}')
        if status == 0 and got != expected or not is_untouched and got != expected:
            raise Wrong(f'{output} has {len(got)} bytes: {short}')
    if len(lines) - len(others) > losses:
        raise Wrong(f'a worker was lost: {short}')
    if any('internal error' in line or not SAID.fullmatch(line) for line in lines):
        raise Wrong(f'said what is not to be said: {short}')
    if status == 0:
        if got != expected or others and not may_complain:
            raise Wrong(f'success, but: {short}')
        return 'identical'
    if only_identical:
        raise Wrong(f'not survived: {short}')
    if not output and not expected.startswith(got):
        raise Wrong(f'not the beginning of the output: {short}')
    if killed and status == -killed:
        return 'clean'
    if status not in CLEAN or not others and status != 141:
        raise Wrong(short)
    return 'clean'


# --- The input ------------------------------------------------------------------------------------------------------

def sample() -> tuple[bytes, Path]:
    """A megabyte of rows of all kinds, as bytes and as a file."""
    return sample_of('big')


def small_sample() -> tuple[bytes, Path]:
    return sample_of('small')


def sample_of(size: str) -> tuple[bytes, Path]:
    path = Path(os.environ['TORTURE_SCRATCH'], f'{size}.csv')
    if path not in EXPECTED:
        data = path.read_bytes()
        EXPECTED[path] = data, sums(data)
    return EXPECTED[path][0], path


def expected_of(path: Path) -> bytes:
    return EXPECTED[path][1]


def make_samples(scratch: Path) -> None:
    rng = random.Random(1)
    for name, rows in ('big', 30000), ('small', 300):
        lines = []
        for row in range(rows):
            fields = [str(rng.choice((1, -1)) * rng.randrange(10 ** rng.choice((1, 2, 5, 19, 30))))
                      for _ in range(rng.randrange(1, 6))]
            if rng.random() < 0.05:
                fields[0] = f'" {fields[0]}\n"'
            if rng.random() < 0.01:
                fields = []
            lines.append(','.join(fields) + rng.choice(('\n', '\r\n')))
        (scratch / f'{name}.csv').write_text(''.join(lines), newline='')


# --- Victims --------------------------------------------------------------------------------------------------------

def send(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def members(run: Any, name: str) -> list[int]:
    """The processes of a run with this part in it: p3_write, which was the launcher; its child p1_read; and p2_sum,
    the children of p1_read. None before they have started."""
    if name == 'p3_write':
        return [run.pid] if name_of(run.pid) == name else []
    readers = [pid for pid, what in children(run.pid).items() if what == 'p1_read']
    if name == 'p1_read':
        return readers
    return [pid for reader in readers for pid, what in children(reader).items() if what == name]


def newborns(run: Any) -> list[int]:
    """The processes of a run that have just been created and are still copies of their parents."""
    parents = [run.pid, *members(run, 'p1_read')]
    return [pid for parent in parents for pid, what in children(parent).items() if what == name_of(parent)]


def name_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f'/proc/{pid}/comm').read_text().strip()
    return ''


def strike(run: Any, rng: random.Random, name: str, number: int) -> bool:
    """Sends a signal to one of the processes with this part, if there is one."""
    victims = members(run, name)
    return bool(victims) and send(rng.choice(victims), number)
