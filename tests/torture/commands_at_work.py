# SPDX-License-Identifier: MIT
"""Somebody's commands: they and their workers are killed while they answer, or the run is ended around them."""
import os
import random
import signal
import time
from typing import Any

from commands import ECHO
from pipeline import LAUNCHER, Reader, children
from trial import Trial, judge, members, send, strike

ROWS = 20000
DATA = b''.join(b'%d,%d\n' % (row * 7919 % 1000, row) for row in range(ROWS))
EXPECTED = b''.join(b'%d,%s\n' % (row, line) for row, line in enumerate(DATA.splitlines()))
DAEMON = '(setsid sleep 1000 >/dev/null &); '


def random_run(trial: Trial, rng: random.Random, *options: Any):
    """A run whose command echoes the rows. It may leave a daemon behind each time. Returns the run, its reader, and
    where its output is."""
    rest = rng.choice(('--command=exec cat', '--command=cat; true', f'--coprocess={ECHO}', f'--coprocess={ECHO}; true'))
    mode, _, command = rest.partition('=')
    words = ['-n', rng.choice((1, 2, 5)), *options, f'{mode}={DAEMON if rng.random() < 0.3 else ""}{command}']
    if rng.random() < 0.8:
        words += ['--batch-size', rng.choice(('4K', '20K', '1M'))]
    old = None
    if rng.random() < 0.4:
        old = trial.file('out', b'old\n')
        words += ['-o', old]
    stdin = DATA if rng.random() < 0.5 else trial.file('in.csv', DATA)
    run = trial.start([LAUNCHER, *words], stdin)
    return run, Reader(run.stdout), old


def commands(run: Any) -> list[int]:
    """The processes that the workers of a run have started themselves."""
    return [pid for worker in members(run, 'p2_sum') for pid in children(worker)]


def kill_commands(trial: Trial, rng: random.Random) -> str:
    """Commands and workers are killed at random moments, up to twenty in a run, which survives them."""
    most = rng.choice((1, 3, 20))
    # With fewer retries, so many deaths in a row at one place would not be taken for chance.
    run, reader, old = random_run(trial, rng, '--retries', most)
    hits = 0
    for _ in range(rng.randint(1, most)):
        time.sleep(rng.uniform(0, rng.choice((0.02, 0.1, 0.2)) / (1 if most == 1 else 4)))
        victims = rng.choice((commands, lambda run: members(run, 'p2_sum')))(run)
        hits += bool(victims) and send(rng.choice(victims), signal.SIGKILL)
    outcome = trial.finish(run, reader)
    verdict = judge(outcome, EXPECTED, old, only_identical=True, losses=hits)
    trial.gone()
    return verdict if hits else 'missed'


def end_the_run(trial: Trial, rng: random.Random) -> str:
    """p1_read or p3_write is killed, or asked to end, while commands are at work. Nothing of them runs on."""
    run, reader, old = random_run(trial, rng)
    time.sleep(rng.uniform(0, rng.choice((0.03, 0.1, 0.2))))
    name = rng.choice(('p1_read', 'p3_write', 'p3_write'))
    number = signal.SIGKILL if name == 'p1_read' else rng.choice((signal.SIGKILL, signal.SIGTERM, signal.SIGINT))
    hit = strike(run, rng, name, number)
    struck = time.monotonic()
    outcome = trial.finish(run, reader)
    verdict = judge(outcome, EXPECTED, old, killed=None if name == 'p1_read' else number)
    trial.gone()
    trial.farewell = time.monotonic() - struck if verdict == 'clean' else 0
    return verdict if hit else 'missed'


def fail_by_chance(trial: Trial, rng: random.Random) -> str:
    """A command fails by chance, in all the ways that are noticed: the run is complete or fails in a clean way."""
    chance = f'test $(od -An -N1 -tu1 /dev/urandom) -lt {rng.choice((1, 20, 100))}'
    failure = rng.choice(('exit 3', 'kill -9 $$', 'kill -SEGV $$', 'head -c 1000 | sed s/$/x/; exit 1', 'seq 1000000; exit 0',
                          'sleep 1000', 'exec >&-; exit 0'))
    run = trial.start([LAUNCHER, '-n', rng.choice((1, 2, 5)), '--batch-size=20K', '--retries', rng.choice((0, 3, 20)),
                       '--worker-timeout=1', f'--command={chance} && {{ {failure}; }}; cat'], DATA)
    reader = Reader(run.stdout)
    outcome = trial.finish(run, reader)
    # With few retries, what is chance looks like a row of which the command dies.
    verdict = judge(outcome, EXPECTED, None, losses=1000)
    trial.gone()
    return verdict
