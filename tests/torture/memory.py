# SPDX-License-Identifier: MIT
"""Bounded memory: long streams, slow workers and readers, and the inputs that need most memory."""
import contextlib
import os
import random
import selectors
import signal
import time
from pathlib import Path
from typing import Any, Callable

from pipeline import Outcome, Reader, family, sums
from trial import HANG, Trial, Wrong, members, sample, send

MB = 1 << 20


class Memory:
    """The memory of all processes of a run: their own memory, and their share of common memory."""

    def __init__(self, trial: Trial, run: Any) -> None:
        self.trial, self.run = trial, run
        self.samples: list[tuple[float, int]] = []

    def look(self) -> None:
        total = 0
        for pid in family(self.run.pid):
            with contextlib.suppress(OSError):
                for line in Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines():
                    if line.startswith('Pss:'):
                        total += int(line.split()[1]) << 10
        self.samples.append((time.monotonic(), total))

    @property
    def peak(self) -> int:
        return max((size for _, size in self.samples), default=0)

    def check(self, limit: int, flat: bool = False) -> str:
        shown = f'peak {self.peak / MB:.1f} MB, allowed {limit / MB:.0f}, {len(self.samples)} samples'
        if self.peak > limit:
            raise Wrong(shown)
        if flat and len(self.samples) > 20:
            third = len(self.samples) // 3
            first, last = (max(size for _, size in part) for part in (self.samples[third:2 * third],
                                                                       self.samples[2 * third:]))
            if last > first * 1.1 + 2 * MB:
                raise Wrong(f'it grows: {first / MB:.1f} MB, then {last / MB:.1f}')
        self.trial.note = shown
        return 'identical'


class Flow:
    """Feeds a run with the same block again and again, and checks that the output has the right length."""

    def __init__(self, trial: Trial, block: bytes, size: int, *options: Any, slow: bool = False,
                 patience: float = 0) -> None:
        self.trial, self.block, self.times = trial, block, max(1, size // len(block))
        reading, writing = os.pipe()
        with os.fdopen(reading, 'rb') as stdin:
            self.run = trial.start_launcher(stdin, '--no-index', *options)
        self.memory = Memory(trial, self.run)
        self.writing, self.slow, self.patience = writing, slow, patience
        self.during: Callable | None = None

    def flow(self) -> Outcome:
        """Runs until everything is written and read. Both ends are non-blocking, and the memory is measured ten
        times a second."""
        answer = sums(self.block).splitlines(True)
        expected = b''.join(line.partition(b',')[2] for line in answer)
        written = got = 0
        total = self.times * len(self.block)
        view = memoryview(2 * self.block)
        os.set_blocking(self.writing, False)
        os.set_blocking(self.run.stdout.fileno(), False)
        selector = selectors.DefaultSelector()
        selector.register(self.writing, selectors.EVENT_WRITE)
        selector.register(self.run.stdout, selectors.EVENT_READ)
        next_look, last = 0.0, time.monotonic()
        double = 2 * expected
        while True:
            now = time.monotonic()
            if now > next_look:
                self.memory.look()
                next_look = now + 0.1
                if self.during:
                    self.during(written)
            if now > last + HANG + self.patience:
                self.trial.hang(f'nothing moves after {written} bytes')
            for key, _ in selector.select(0.1):
                last = time.monotonic()
                if key.fd == self.writing:
                    at = written % len(self.block)
                    piece = view[at:at + min(len(self.block), total - written)]
                    try:
                        written += os.write(self.writing, piece)
                    except BlockingIOError:
                        continue
                    except BrokenPipeError:
                        written = total
                    if written >= total:
                        selector.unregister(self.writing)
                        os.close(self.writing)
                else:
                    piece = os.read(self.run.stdout.fileno(), 4096 if self.slow else 1 << 20)
                    if not piece:
                        self.run.stdout.close()
                        outcome = self.run.finish()
                        if outcome.status == 0 and got != self.times * len(expected):
                            raise Wrong(f'{got} bytes of output')
                        return outcome
                    at = got % len(expected)
                    for begin in range(0, len(piece), len(expected)):
                        part = piece[begin:begin + len(expected)]
                        if double[at:at + len(part)] != part:
                            raise Wrong(f'other output after {got} bytes')
                    got += len(piece)
                    if self.slow:
                        time.sleep(0.001)


def allowed(n: int, batch: int = 256 << 10, max_row: int = 16 * MB, factor: int = 3) -> int:
    """The rings for the input and for the results, a batch and its result (`factor` batches) for each worker, the
    same amount in p3_write, and the programs."""
    ring = max(min(n * 8 * batch, 64 * MB), 2 * (batch + max_row) + 4096)
    results = min(n * 2, 64) * MB
    return ring + results + (n + 1) * 3 * factor * batch + (n + 3) * 3 * MB


def memory_of_stream(trial: Trial, rng: random.Random) -> str:
    """The memory does not grow over a long stream from standard input: 300 MB, or 20 GB."""
    data, _ = sample()
    n = rng.choice((1, 2, 4))
    flow = Flow(trial, data, (20 << 30) if trial.long else 300 * MB, '-n', n)
    outcome = flow.flow()
    if (outcome.stderr, outcome.status) != ('', 0):
        raise Wrong(f'{outcome.status} {outcome.stderr}')
    return flow.memory.check(allowed(n), flat=True)


def memory_with_a_stopped_worker(trial: Trial, rng: random.Random) -> str:
    """A worker is stopped for seconds, or a minute: the others go on only as far as the window allows."""
    data, _ = sample()
    n = rng.choice((2, 4))
    flow = Flow(trial, data, 200 * MB, '-n', n, '--batch-size=64K', patience=60 if trial.long else 0)
    stopped = {}

    def stop(written: int) -> None:
        if not stopped and written > 20 * MB:
            stopped['pid'] = rng.choice(members(flow.run, 'p2_sum'))
            stopped['until'] = time.monotonic() + (60 if trial.long else 2)
            send(stopped['pid'], signal.SIGSTOP)
        elif stopped and stopped['until'] < time.monotonic():
            send(stopped['pid'], signal.SIGCONT)
            stopped['until'] = time.monotonic() + 1e6
    flow.during = stop
    outcome = flow.flow()
    if not stopped or (outcome.stderr, outcome.status) != ('', 0):
        raise Wrong(f'{stopped} {outcome.status} {outcome.stderr}')
    return flow.memory.check(allowed(n, 64 << 10))


def memory_with_a_slow_reader(trial: Trial, rng: random.Random) -> str:
    data, _ = sample()
    n = rng.choice((2, 8))
    flow = Flow(trial, data, (100 if trial.long else 12) * MB, '-n', n, slow=True)
    outcome = flow.flow()
    if (outcome.stderr, outcome.status) != ('', 0):
        raise Wrong(f'{outcome.status} {outcome.stderr}')
    return flow.memory.check(allowed(n))


def memory_of_blank_lines(trial: Trial, rng: random.Random) -> str:
    """Blank lines give the most output for each byte of input."""
    n = rng.choice((1, 2))
    flow = Flow(trial, b'\n' * 100000, (1000 if trial.long else 50) * MB, '-n', n)
    outcome = flow.flow()
    if (outcome.stderr, outcome.status) != ('', 0):
        raise Wrong(f'{outcome.status} {outcome.stderr}')
    return flow.memory.check(allowed(n, factor=24))


def memory_of_a_long_row(trial: Trial, rng: random.Random) -> str:
    """A row of 64 MB, or 1 GB: it is refused beyond --max-row, and summed if that allows it."""
    size = (1 << 30) if trial.long else 64 * MB
    path = trial.work / 'long.csv'
    with open(path, 'wb') as file:
        for _ in range(size // MB):
            file.write(b'1,' * (MB // 2))
        file.write(b'1\n')
    is_allowed = rng.random() < 0.5
    is_file = rng.random() < 0.5
    options = ['--max-row=1100M'] if is_allowed else []
    stdin, files = (None, [path]) if is_file else (path, [])
    run = trial.start_launcher(stdin, '-n', 2, *options, *files)
    memory = Memory(trial, run)
    reader = Reader(run.stdout)
    begin = time.monotonic()
    while run.members[0].poll() is None and time.monotonic() < begin + 300:
        memory.look()
        time.sleep(0.05)
    outcome = trial.finish(run, reader)
    if is_allowed:
        if outcome != Outcome(b'0,%d\n' % (size // 2 + 1), '', 0):
            raise Wrong(str(outcome))
        return memory.check(allowed(2) + (5 if is_file else 8) * size)
    if outcome.status != 65 or outcome.stdout or 'longer than' not in outcome.stderr:
        raise Wrong(str(outcome))
    memory.check(allowed(2))
    return 'clean'
