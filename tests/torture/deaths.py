# SPDX-License-Identifier: MIT
"""Deaths: workers and other processes are killed, at any moment or at a named point, and workers hang."""
import os
import random
import signal
import time
from typing import Callable

import pipeline
from pipeline import sums
from fragile import FRAGILE, POINTS
from trial import (LOSS, Trial, Wrong, expected_of, judge, members, newborns, sample, send, small_sample, strike)


def kill_worker(numbers: tuple = (signal.SIGKILL,), most: int = 1) -> Callable:
    """Signals to workers at random moments: the run survives them."""
    def fault(trial: Trial, rng: random.Random) -> str:
        # With fewer retries, so many deaths in a row at one place would not be taken for chance.
        run, reader, old = trial.random_run(rng, options=('--retries', most))
        hits = 0
        for _ in range(rng.randint(1, most)):
            time.sleep(rng.uniform(0, rng.choice((0.02, 0.1, 0.3)) / (1 if most == 1 else 4)))
            hits += strike(run, rng, 'p2_sum', rng.choice(numbers))
        outcome = trial.finish(run, reader)
        verdict = judge(outcome, expected_of(sample()[1]), old, only_identical=True, losses=hits)
        trial.gone()
        return verdict if hits else 'missed'
    return fault


def kill_other(name: str) -> Callable:
    """p1_read, p3_write or the launcher is killed at any moment: the run ends, but in a clean way."""
    def fault(trial: Trial, rng: random.Random) -> str:
        run, reader, old = trial.random_run(rng)
        time.sleep(rng.uniform(0, rng.choice((0.03, 0.1, 0.2))))
        hit = send(run.pid, signal.SIGKILL) if name == 'launcher' else strike(run, rng, name, signal.SIGKILL)
        struck = time.monotonic()
        outcome = trial.finish(run, reader)
        killed = None if name == 'p1_read' else signal.SIGKILL
        verdict = judge(outcome, expected_of(sample()[1]), old, killed=killed)
        trial.gone()
        trial.farewell = time.monotonic() - struck if verdict == 'clean' else 0
        return verdict if hit else 'missed'
    return fault


def kill_before_exec(trial: Trial, rng: random.Random) -> str:
    """A process is killed while it is still a copy of its parent: a worker is replaced, and without p1_read the run
    ends."""
    run, reader, old = trial.random_run(rng)
    # The first such process is p1_read, and the next ones are workers.
    if rng.random() < 0.8:
        while run.members[0].poll() is None and not members(run, 'p1_read'):
            pass
    hit = False
    while run.members[0].poll() is None and not hit:
        hit = any(send(pid, signal.SIGKILL) for pid in newborns(run)[:1])
    outcome = trial.finish(run, reader)
    verdict = judge(outcome, expected_of(sample()[1]), old, losses=1)
    trial.gone()
    return verdict if hit else 'missed'


def kill_group(trial: Trial, rng: random.Random) -> str:
    """The process group that a shell knows is killed. The workers are in groups of their own, and die when p1_read
    does."""
    run, reader, old = trial.random_run(rng, start_new_session=True)
    time.sleep(rng.uniform(0, 0.1))
    hit = run.members[0].poll() is None
    if hit:
        os.killpg(run.pid, signal.SIGKILL)
    outcome = trial.finish(run, reader)
    verdict = judge(outcome, expected_of(sample()[1]), old, killed=signal.SIGKILL)
    trial.gone()
    return verdict if hit else 'missed'


def kill_several(trial: Trial, rng: random.Random) -> str:
    """Two or three of the processes of a run are killed at once."""
    run, reader, old = trial.random_run(rng)
    time.sleep(rng.uniform(0, rng.choice((0.03, 0.1, 0.2))))
    workers = members(run, 'p2_sum')
    everybody = [*members(run, 'p3_write'), *members(run, 'p1_read'), *workers]
    victims = rng.sample(everybody, min(len(everybody), rng.choice((2, 3))))
    hit = [pid for pid in victims if send(pid, signal.SIGKILL)]
    outcome = trial.finish(run, reader)
    verdict = judge(outcome, expected_of(sample()[1]), old, killed=signal.SIGKILL if run.pid in victims else None,
                    only_identical=set(victims) <= set(workers), losses=len(victims))
    trial.gone()
    return verdict if hit else 'missed'


def kill_after_a_time(trial: Trial, rng: random.Random) -> str:
    """timeout(1) kills the launcher and what is in the same process group."""
    data, path = sample()
    run = trial.start(['timeout', '-s', 'KILL', f'{rng.uniform(0.001, 0.1):.3f}', pipeline.LAUNCHER,
                       '-n', rng.choice((1, 2, 8)), '--batch-size', rng.choice(('1K', '64K')),
                       *rng.choice(([], [path]))], data)
    outcome = run.finish()
    verdict = judge(outcome, expected_of(path), killed=signal.SIGKILL)
    trial.gone()
    return verdict


# All signals that end a process by default, but for USR1, which asks how far the run is.
FATAL = [signal.Signals[f'SIG{name}'] for name in (
    'HUP INT QUIT ILL TRAP ABRT BUS FPE SEGV USR2 PIPE ALRM TERM STKFLT XCPU XFSZ VTALRM PROF IO PWR SYS').split()]


def fatal_signal(trial: Trial, rng: random.Random) -> str:
    """One of these signals to the launcher, usually while it starts: it dies of the signal or completes, and reports
    nothing."""
    number = rng.choice(FATAL)
    run, reader, old = trial.random_run(rng)
    time.sleep(rng.uniform(0, 0.05))
    hit = send(run.pid, number)
    outcome = trial.finish(run, reader)
    verdict = judge(outcome, expected_of(sample()[1]), old, killed=number)
    if outcome.status not in (-number, 0) or outcome.stderr:
        raise Wrong(f'status {outcome.status} after {number.name}, said {outcome.stderr!r}')
    trial.gone()
    return verdict if hit else 'missed'


def stop_and_go_on(trial: Trial, rng: random.Random) -> str:
    """Some processes are stopped, one after another, and go on a moment later: nothing changes."""
    run, reader, old = trial.random_run(rng)
    hits = 0
    for _ in range(rng.randint(1, 8)):
        time.sleep(rng.uniform(0, 0.03))
        victims = [run.pid, *newborns(run), *members(run, 'p1_read'), *members(run, 'p2_sum')]
        victim = rng.choice(victims)
        if send(victim, signal.SIGSTOP):
            time.sleep(rng.uniform(0, 0.05))
            hits += send(victim, signal.SIGCONT)
    outcome = trial.finish(run, reader)
    verdict = judge(outcome, expected_of(sample()[1]), old, only_identical=True)
    trial.gone()
    return verdict if hits else 'missed'


def at_point(point: str) -> Callable:
    """The first worker of every place, or of one place, dies at the point."""
    def fault(trial: Trial, rng: random.Random) -> str:
        settings = {'FRAGILE_POINT': point, 'FRAGILE_LIVES': str(rng.choice((1, 1, 1, 2, 3))),
                    'FRAGILE_NUMBER': str(rng.choice((0, 0, 1, 5)))}
        if rng.random() < 0.5:
            settings['FRAGILE_PLACE'] = '0'
        run, reader, old = trial.random_run(rng, FRAGILE, env={**trial.env, **settings})
        outcome = trial.finish(run, reader)
        verdict = judge(outcome, expected_of(sample()[1]), old, only_identical=True, losses=24)
        trial.gone()
        # The death of a worker that has sent everything is not reported.
        return verdict if outcome.stderr or point == 'after_end' else 'missed'
    return fault


def misbehave(trial: Trial, rng: random.Random) -> str:
    """A worker ends with an unknown status, or in the middle of its stream, or returns a wrong result."""
    point = rng.choice((*POINTS, 'short_result', 'long_result', 'early_end'))
    settings = {'FRAGILE_POINT': point, 'FRAGILE_HOW': rng.choice(('exit 0', 'exit 1', 'exit 69', 'exit 99', 'exit 141')),
                'FRAGILE_PLACE': '0', 'FRAGILE_LIVES': str(rng.choice((1, 2, 9))),
                'FRAGILE_NUMBER': str(rng.choice((0, 0, 1, 5)))}
    run, reader, old = trial.random_run(rng, FRAGILE, rng.choice(((), ('--worker-timeout=2',))),
                                        env={**trial.env, **settings})
    outcome = trial.finish(run, reader)
    # If a worker ends in a wrong way after its last result, that may be reported, or not.
    verdict = judge(outcome, expected_of(sample()[1]), old, losses=10, may_complain=point.endswith(('_last', '_end')))
    trial.gone()
    return verdict


def poison(trial: Trial, rng: random.Random) -> str:
    """One row kills every worker: it is found, and the other rows are exact."""
    data, _ = small_sample()
    marker = '777000777000777'
    rows = [b'%d\n' % row for row in range(rng.choice((1, 2, 64, 65, 1000)))]
    at = sorted(rng.sample(range(len(rows)), min(len(rows), rng.choice((1, 1, 2)))))
    clean = sums(b''.join(rows)).splitlines(True)
    for row in at:
        rows[row] = b'"%s"\n' % marker.encode()
    expected = b''.join(line for row, line in enumerate(clean) if row not in at)
    run = trial.start([FRAGILE, '-n', rng.choice((1, 2, 8)), '--on-error=skip', '--batch-size',
                       rng.choice((50, '1K', '1M'))], b''.join(rows), env={**trial.env, 'FRAGILE_ROW': marker})
    outcome = run.finish()
    lines = [line for line in outcome.stderr.splitlines() if not LOSS.fullmatch(line)]
    deaths = outcome.stderr.count('\n') - len(lines)
    if outcome.stdout != expected or outcome.status != 1 or len(lines) != len(at) or deaths > 10 * len(at):
        raise Wrong(f'status {outcome.status}, {deaths} deaths, {lines}')
    if any(f'row {row} ' not in line for row, line in zip(at, lines)):
        raise Wrong(f'{lines} and not {at}')
    trial.gone()
    return 'identical'


def deadly_chunk(trial: Trial, rng: random.Random) -> str:
    """A part of a file kills every worker that is to find the row ends there: p1_read finds them, and all sums are
    exact."""
    marker = b'777000777'
    rows = [b'%d\n' % row for row in range(rng.choice((100, 1000, 3000)))]
    for row in rng.sample(range(len(rows)), rng.choice((1, 1, 2, 5))):
        rows[row] = b'"%s\n"\r\n' % marker
    data = b''.join(rows)
    run = trial.start([FRAGILE, '-n', rng.choice((1, 2, 8)), '--batch-size', rng.choice((50, 300, '1K')),
                       '--deal', rng.choice(('round-robin', 'pull')), '--retries', rng.choice((0, 1, 3)),
                       trial.file('in.csv', data)], env={**trial.env, 'FRAGILE_CHUNK': marker.decode()})
    outcome = run.finish()
    verdict = judge(outcome, sums(data), only_identical=True, losses=4 * 5)
    trial.gone()
    return verdict if outcome.stderr else 'missed'


def hang(trial: Trial, rng: random.Random) -> str:
    """A worker that is stopped or loops, and --worker-timeout."""
    settings = {'FRAGILE_POINT': rng.choice(('start', 'before_hello', 'got_chunk', 'got_batch', 'inside_result',
                                             'between', 'before_end', 'inside_end')),
                'FRAGILE_LIVES': '1', 'FRAGILE_PLACE': '0', 'FRAGILE_HOW': rng.choice(('19', 'loop'))}
    run, reader, old = trial.random_run(rng, FRAGILE, ('--worker-timeout=1',), env={**trial.env, **settings})
    outcome = trial.finish(run, reader)
    verdict = judge(outcome, expected_of(sample()[1]), old, only_identical=True, losses=1)
    trial.gone()
    return verdict if outcome.stderr else 'missed'
