#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hundreds of faults: after each, the output is identical, or there is a clean failure, but never a hang.

A fault is one entry in FAULTS: its name, how often it is tried, and a function that makes one run under it and
returns the verdict. The function gets a Trial (a test directory of its own, with everything of
tests/support/pipeline.py) and random numbers that depend only on the seed, the fault and the number of the try. So a
bad try can be repeated:

    tests/torture/run.sh --only 'kill p2_sum' --seed 7 --first 123 --count 1

trial.py defines the verdicts.
"""
import argparse
import itertools
import multiprocessing
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any, Callable, Iterator, NamedTuple

from commands_at_work import end_the_run, fail_by_chance, kill_commands
from deaths import (at_point, deadly_chunk, fatal_signal, hang, kill_after_a_time, kill_before_exec, kill_group,
                    kill_other, kill_several, kill_worker, misbehave, poison, stop_and_go_on)
from memory import (memory_of_a_long_row, memory_of_blank_lines, memory_of_stream, memory_with_a_slow_reader,
                    memory_with_a_stopped_worker)
from fragile import POINTS
from pipeline import HOSTILE
from streams import flipped, make_streams, mixed, truncated
from system import (can_mount, every_call, failing, failing_launcher, full_output, full_rejects, limited,
                    no_process, pieces)
from trial import Result, Trial, Wrong, make_samples, sample, small_sample


class Fault(NamedTuple):
    name: str
    count: int  # how often by default
    long: int   # and with --long
    run: Callable
    needs: str = ''  # mount, strace, or nothing
    serial: bool = False  # one try after another, because the fault counts them or measures


ALL = 1 << 30  # until the fault says that it has tried everything

FAULTS = [
    Fault('kill p2_sum', 40, 1000, kill_worker()),
    Fault('kill p2_sum, up to 20 times a run', 8, 300, kill_worker(most=20)),
    Fault('TERM, SEGV, ABRT or HUP to p2_sum', 15, 300,
          kill_worker((signal.SIGTERM, signal.SIGSEGV, signal.SIGABRT, signal.SIGHUP))),
    *(Fault(f'p2_sum dies: {point}', 4, 100, at_point(point)) for point in (*POINTS, 'got_chunk')),
    Fault('p2_sum misbehaves', 20, 500, misbehave),
    Fault('a row that p2_sum dies of', 10, 300, poison),
    Fault('a chunk that p2_sum dies of', 10, 300, deadly_chunk),
    Fault('p2_sum hangs', 4, 100, hang),
    Fault('kill p1_read', 15, 300, kill_other('p1_read')),
    Fault('kill p3_write', 15, 300, kill_other('p3_write')),
    Fault('kill the launcher', 15, 300, kill_other('launcher')),
    Fault('kill before exec', 15, 300, kill_before_exec),
    Fault('kill the process group', 15, 300, kill_group),
    Fault('kill two or three at once', 15, 500, kill_several),
    Fault('timeout -s KILL', 15, 500, kill_after_a_time),
    Fault('any fatal signal to the launcher', 30, 1000, fatal_signal),
    Fault('SIGSTOP, and then SIGCONT', 15, 500, stop_and_go_on),
    Fault('kill commands and p2_sum', 15, 300, kill_commands),
    Fault('commands fail by chance', 8, 100, fail_by_chance),
    Fault('end a run with commands', 15, 300, end_the_run),
    Fault('batches cut short', 150, ALL, truncated('batches')),
    Fault('results cut short', 150, ALL, truncated('results')),
    Fault('a bit of the batches flipped', 150, 50000, flipped('batches')),
    Fault('a bit of the results flipped', 150, 50000, flipped('results')),
    Fault('batches lost, doubled, mixed', 60, 3000, mixed('batches')),
    Fault('results lost, doubled, mixed', 60, 3000, mixed('results')),
    Fault('reads and writes in pieces, EINTR', 15, 300, pieces),
    Fault('a call fails in the chain', 250, 3000, failing('chain')),
    Fault('a call fails, input a file', 60, 3000, failing('file')),
    Fault('a call fails, input a pipe', 60, 3000, failing('pipe')),
    Fault('each malloc of p3_write fails, k = 1, 2, ...', ALL, 0, every_call('chain', ('p3_write',), ('malloc',)),
          serial=True),
    Fault('each malloc fails, input a file, k = 1, 2, ...', ALL, 0,
          every_call('file', ('p1_read', 'p3_write'), ('malloc',)), serial=True),
    Fault('each call fails in the chain, k = 1, 2, ...', 0, ALL, every_call('chain'), serial=True),
    Fault('each call fails, input a file, k = 1, 2, ...', 0, ALL, every_call('file'), serial=True),
    Fault('each call fails, input a pipe, k = 1, 2, ...', 0, ALL, every_call('pipe'), serial=True),
    Fault('a call of the launcher fails', 40, 1000, failing_launcher, 'strace'),
    Fault('no more processes', 2, 40, no_process, 'strace'),
    Fault('the disk of the output is full', 25, 500, full_output, 'mount'),
    Fault('the disk of the rejects is full', 5, 100, full_rejects, 'mount'),
    Fault('RLIMIT_FSIZE', 15, 500, limited(resource.RLIMIT_FSIZE, lambda rng: rng.randrange(0, 900000))),
    Fault('RLIMIT_AS 16 to 128 MB', 15, 300, limited(resource.RLIMIT_AS, lambda rng: rng.randrange(16, 128) << 20)),
    Fault('RLIMIT_NOFILE 4 to 64', 30, 300, limited(resource.RLIMIT_NOFILE, lambda rng: rng.randrange(4, 65))),
    Fault('memory: a long stream', 1, 1, memory_of_stream, serial=True),
    Fault('memory: a worker is stopped', 1, 2, memory_with_a_stopped_worker, serial=True),
    Fault('memory: a slow reader', 1, 3, memory_with_a_slow_reader, serial=True),
    Fault('memory: blank lines only', 1, 2, memory_of_blank_lines, serial=True),
    Fault('memory: a long row', 2, 6, memory_of_a_long_row, serial=True),
]


def one(index: int, seed: int, number: int, long: bool) -> Result:
    fault = FAULTS[index]
    trial = Trial()
    trial.long = long
    trial.note = ''
    rng = random.Random(f'{seed} {fault.name} {number}')
    try:
        trial.setUp()
        sample(), small_sample()
        needs_number = fault.run.__code__.co_argcount == 3
        verdict = fault.run(trial, rng, number) if needs_number else fault.run(trial, rng)
        return Result(verdict, trial.note, trial.farewell)
    except (TimeoutError, subprocess.TimeoutExpired) as error:
        return Result('hang', str(error), 0)
    except Wrong as error:
        return Result('wrong', str(error), 0)
    except Exception:  # an error in the test itself: it is shown, and the others go on
        return Result('wrong', traceback.format_exc(), 0)
    finally:
        trial.doCleanups()


def tries(pool: Any, index: int, arguments: argparse.Namespace, count: int, deadline: float) -> Iterator[tuple]:
    """The numbers of the tries and their verdicts, until `count` of them have counted."""
    fault = FAULTS[index]
    counted = 0
    numbers = itertools.count(arguments.first)
    while counted < count and time.monotonic() < deadline:
        batch = list(itertools.islice(numbers, 1 if fault.serial or not pool else
                                      min(2 * arguments.jobs * 4, count - counted)))
        jobs = [(index, arguments.seed, number, arguments.long) for number in batch]
        results = [one(*job) for job in jobs] if fault.serial or not pool else pool.starmap(one, jobs, 1)
        for number, result in zip(batch, results):
            if result.verdict == 'done':
                return
            counted += result.verdict != 'missed'
            yield number, result
        if batch[-1] > arguments.first + 30 * count + 100:  # the fault nearly always misses
            return


def main() -> None:
    parser = argparse.ArgumentParser(prog='run.sh', description='Puts the suite through faults and counts what comes '
                                     'of it. Without options it takes two or three minutes.')
    parser.add_argument('--seed', type=int, default=1, help='of all that is left to chance (default: %(default)s)')
    parser.add_argument('--count', type=int, help='tries of every fault')
    parser.add_argument('--minutes', type=float, help='at most, in all')
    parser.add_argument('--long', action='store_true', help='the full counts: hours')
    parser.add_argument('--only', action='append', metavar='TEXT', help='only the faults with TEXT in their names')
    parser.add_argument('--first', type=int, default=0, help='the number of the first try')
    parser.add_argument('--jobs', type=int, default=2, help='so many at once (default: %(default)s)')
    parser.add_argument('--list', action='store_true', help='the faults, and how often each is tried')
    arguments = parser.parse_args()
    if arguments.list:
        for fault in FAULTS:
            counts = ('all' if count == ALL else count for count in (fault.count, fault.long))
            print(f'{fault.name:48}', *map('{:>7}'.format, counts))
        return
    if not (HOSTILE / 'p3_write').exists():
        parser.error(f'no {HOSTILE}; build the tests first (scripts/check.sh --quick)')
    chosen = [index for index, fault in enumerate(FAULTS)
              if not arguments.only or any(text in fault.name for text in arguments.only)]
    missing = {'mount': '' if can_mount() else 'may not mount', 'strace': '' if shutil.which('strace') else 'no strace'}

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # many are killed on purpose
    bad, longest = [], 0.0
    with tempfile.TemporaryDirectory(prefix='rowsum_torture.') as scratch:
        os.environ['TORTURE_SCRATCH'] = scratch
        make_samples(Path(scratch))
        make_streams(Path(scratch))
        pool = multiprocessing.Pool(arguments.jobs) if arguments.jobs > 1 else None
        begin = time.monotonic()
        print(f'| {"fault":46} | tries | identical | clean failures | hangs | wrong |\n'
              f'| {"---":46} | ---: | ---: | ---: | ---: | ---: |')
        for position, index in enumerate(chosen):
            fault = FAULTS[index]
            count = arguments.count or (fault.long if arguments.long else fault.count)
            if not arguments.only and not count:
                continue
            deadline = float('inf')
            if arguments.minutes:
                left = begin + 60 * arguments.minutes - time.monotonic()
                deadline = time.monotonic() + max(1.0, left / (len(chosen) - position) * 1.5)
            if missing.get(fault.needs):
                print(f'| {fault.name + ": " + missing[fault.needs] + " here":46} | - | - | - | - | - |', flush=True)
                continue
            numbers = {'identical': 0, 'clean': 0, 'hang': 0, 'wrong': 0}
            for number, result in tries(pool, index, arguments, count or ALL, deadline):
                if result.verdict == 'missed':
                    continue
                numbers[result.verdict] += 1
                longest = max(longest, result.seconds)
                if result.verdict in ('hang', 'wrong'):
                    bad.append(f'{result.verdict}: --only {fault.name!r} --seed {arguments.seed} --first {number} '
                               f'--count 1\n    {result.detail}')
                    print(bad[-1], file=sys.stderr, flush=True)
                elif result.detail:
                    print(f'    {fault.name}: {result.detail}', file=sys.stderr)
            print(f'| {fault.name:46} | {sum(numbers.values())} | ' + ' | '.join(map(str, numbers.values())) + ' |',
                  flush=True)
        if pool:
            pool.close()
            pool.join()
    print(f'\nSeed {arguments.seed}, {time.monotonic() - begin:.0f} s. '
          f'After a death that ends the run, all was gone within {longest:.2f} s.')
    if bad:
        print(f'{len(bad)} hangs or wrong results', file=sys.stderr)
        sys.exit(1)


if __name__ == '__main__':
    main()
