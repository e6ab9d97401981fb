# SPDX-License-Identifier: MIT
"""Failures of the system: calls, limits, disks."""
import contextlib
import errno
import os
import random
import resource
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Callable, Iterable, Iterator

import pipeline
from pipeline import HOSTILE, Outcome
from trial import Trial, Wrong, expected_of, judge, sample, small_sample


# Which calls fail, and how. `cases` are all programs that make the call.
CALLS = {'malloc': 'ENOMEM', 'realloc': 'ENOMEM', 'mmap': 'ENOMEM', 'open': 'EMFILE', 'read': 'EIO', 'pread': 'EIO',
         'write': 'EIO', 'writev': 'ENOSPC', 'splice': 'EIO', 'poll': 'ENOMEM', 'ftruncate': 'EFBIG',
         'posix_fallocate': 'ENOSPC', 'fcntl': 'EINVAL', 'fsync': 'EIO', 'linkat': 'EIO', 'rename': 'EACCES'}


def hostile_run(trial: Trial, shape: str, settings: dict) -> Outcome:
    """A run on a system that fails. The status of a chain is that of p3_write or, if that did not fail, of another
    program that did."""
    _, path = small_sample()
    env = {**trial.env, **settings}
    out = trial.work / 'out'
    if shape == 'chain':
        script = '"$0"/p1_read --batch-size=1K "$1" | "$0"/p2_sum | "$0"/p3_write -o out; echo "${PIPESTATUS[@]}"'
        outcome = trial.start(['bash', '-c', script, HOSTILE, path], env=env).finish()
        statuses = [int(status) for status in outcome.stdout.split()]
        # Only a program that has lost its reader reports nothing, and then another program has reported the failure.
        real = [status for status in statuses if status not in (0, 141)] or [status for status in statuses if status]
        if any(status > 128 and status != 141 for status in statuses):
            raise Wrong(f'statuses {statuses}: {outcome.stderr}')
        return Outcome(b'', outcome.stderr, statuses[2] or (real or [0])[0])
    with open(path if shape == 'file' else os.devnull, 'rb') as file:
        words = [HOSTILE / 'run_pipeline.sh', '-n', 2, '--batch-size=1K', '-o', out]
        if shape == 'file':
            return trial.start([*words, path], file, env=env).finish()
        return trial.start(words, small_sample()[0], env=env).finish()


def failing(shape: str) -> Callable:
    """The k-th call of a kind fails in one program, and perhaps all later ones."""
    def fault(trial: Trial, rng: random.Random) -> str:
        call = rng.choice(list(CALLS) + 4 * ['malloc'])
        name = rng.choice(('p1_read', 'p2_sum', 'p3_write'))
        settings = {'HOSTILE_PROGRAM': name, 'HOSTILE_CALL': call, 'HOSTILE_LOG': str(trial.directory / 'log'),
                    'HOSTILE_ERROR': str(getattr(errno, CALLS[call]))}
        settings['HOSTILE_AT'] = str(int(10 ** rng.uniform(0, 2.5)))  # if there are fewer calls, the fault is missed
        if rng.random() < 0.5:
            settings['HOSTILE_ON'] = '1'
        return failed(trial, shape, settings)
    return fault


def every_call(shape: str, names: tuple = ('p1_read', 'p2_sum', 'p3_write'), calls: Iterable[str] = CALLS) -> Callable:
    """The same, one after another: k = 1, 2 and so on for each call of each program, until none fails any more."""
    kinds = [(name, call, on) for name in names for call in calls for on in (False, True)]
    state = {'kind': 0, 'k': 0}

    def fault(trial: Trial, rng: random.Random) -> str:
        while state['kind'] < len(kinds):
            name, call, on = kinds[state['kind']]
            state['k'] += 1
            settings = {'HOSTILE_PROGRAM': name, 'HOSTILE_CALL': call, 'HOSTILE_LOG': str(trial.directory / 'log'),
                        'HOSTILE_ERROR': str(getattr(errno, CALLS[call])), 'HOSTILE_AT': str(state['k'])}
            if on:
                settings['HOSTILE_ON'] = '1'
            verdict = failed(trial, shape, settings)
            if verdict != 'missed':
                return verdict
            state.update(kind=state['kind'] + 1, k=0)
            for path in trial.work.glob('*'):
                path.unlink()
        return 'done'
    return fault


def failed(trial: Trial, shape: str, settings: dict) -> str:
    out = trial.file('out', b'old\n')
    log = trial.directory / 'log'
    try:
        outcome = hostile_run(trial, shape, settings)
        verdict = judge(outcome, expected_of(small_sample()[1]), out, may_complain=shape != 'chain')
        trial.gone()
    except (Wrong, TimeoutError) as error:
        raise type(error)(f'{error}; with {shape} ' + ' '.join(f'{name}={value}' for name, value in settings.items()))
    return verdict if log.exists() else 'missed'


def pieces(trial: Trial, rng: random.Random) -> str:
    """Reads and writes of one or a few bytes, and interrupted calls: nothing changes."""
    small_sample()
    settings = {}
    if rng.random() < 0.7:
        settings['HOSTILE_MOST'] = str(rng.choice((1, 1, 2, 7, 79, 81)))
    if rng.random() < 0.7:
        settings['HOSTILE_EINTR'] = str(rng.choice((2, 2, 3, 7)))
    out = trial.work / 'out'
    verdict = judge(hostile_run(trial, rng.choice(('chain', 'file', 'pipe')), settings), expected_of(small_sample()[1]),
                    out, only_identical=True)
    trial.gone()
    return verdict


def limited(which: int, values: Callable) -> Callable:
    """A limit of the system, for the launcher and all that it starts."""
    def fault(trial: Trial, rng: random.Random) -> str:
        value = values(rng)
        hard = resource.getrlimit(which)[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        old = trial.file('out', b'old\n')
        data, path = sample()
        to_file = rng.random() < 0.5
        run = trial.start([pipeline.LAUNCHER, '-n', rng.choice((1, 2, 8)), '--batch-size=4K',
                           *(['-o', old] if to_file else []), *rng.choice(([], [path]))], data,
                          stdout=subprocess.PIPE if to_file else open(trial.work / 'stdout', 'wb'),
                          preexec_fn=lambda: resource.setrlimit(which, (value, value)))
        outcome = run.finish()
        if not to_file:
            outcome = Outcome((trial.work / 'stdout').read_bytes(), *outcome[1:])
        if which == resource.RLIMIT_NOFILE and value < 11 and outcome.stderr.startswith('/bin/sh: '):
            return 'clean'  # the shell cannot even open the script
        try:
            verdict = judge(outcome, expected_of(path), old if to_file else None)
        except Wrong as error:
            raise Wrong(f'{error}; with a limit of {value}')
        trial.gone()
        return verdict
    return fault


def can_mount() -> bool:
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', directory], stderr=subprocess.DEVNULL)
        if done.returncode == 0:
            subprocess.run(['umount', directory], check=True)
        return done.returncode == 0


@contextlib.contextmanager
def small_disk(trial: Trial, name: str, options: str) -> Iterator[Path]:
    at = trial.directory / name
    at.mkdir()
    subprocess.run(['mount', '-t', 'tmpfs', '-o', options, 'tmpfs', at], check=True)
    try:
        yield at
    finally:
        trial.end_what_is_left()
        for _ in range(100):  # the mount is busy until the last process has really ended
            if subprocess.run(['umount', at], stderr=subprocess.DEVNULL).returncode == 0:
                break
            time.sleep(0.02)


def full_output(trial: Trial, rng: random.Random) -> str:
    """The disk of the output is full at some position."""
    data, path = sample()
    expected = expected_of(path)
    room = rng.randrange(0, len(expected) + 40000)
    with small_disk(trial, 'disk', f'size={max(1, room // 4096) * 4096}') as disk:
        old = disk / 'out'
        to_file = rng.random() < 0.5
        run = trial.start([pipeline.LAUNCHER, '-n', rng.choice((1, 2, 8)), '--batch-size=16K',
                           *(['-o', old] if to_file else []), *rng.choice(([], [path]))], data,
                          stdout=subprocess.PIPE if to_file else open(old, 'wb'))
        outcome = run.finish()
        if not to_file:
            outcome = Outcome(old.read_bytes(), *outcome[1:])
        verdict = judge(outcome, expected, old if to_file else None, before=None)
        trial.gone()
        return verdict


def full_rejects(trial: Trial, rng: random.Random) -> str:
    """The disk of the rejects."""
    rows = b'1,2,x,3,4,5,6,7\n' * 4000
    with small_disk(trial, 'disk', f'size={rng.randrange(1, 20) * 4096}') as disk:
        outcome = trial.launcher(rows, '-n', 2, '--batch-size=4K', '--on-error=skip', f'--rejects={disk}/rejects',
                                 '-o', trial.work / 'out')
        if outcome.status == 1 and (disk / 'rejects').read_bytes() == rows:
            return 'identical'
        last = outcome.stderr.splitlines()[-1]
        if outcome.status != 74 or (trial.work / 'out').exists() or (disk / 'rejects').exists():
            raise Wrong(f'status {outcome.status}: {last}')
        trial.gone()
        return 'clean'


def judge_launcher(trial: Trial, outcome: Outcome, expected: bytes) -> str:
    """If the shell fails, it may report that in its own words, or die."""
    trial.gone()
    if outcome.status == 0 and outcome.stdout != expected or not expected.startswith(outcome.stdout):
        raise Wrong(f'status {outcome.status}, {len(outcome.stdout)} bytes, said {outcome.stderr[:300]!r}')
    return 'clean' if outcome.status else 'identical'


def no_process(trial: Trial, rng: random.Random) -> str:
    """The launcher cannot start a process."""
    data, path = sample()
    run = trial.start(['strace', '-qq', '-o', '/dev/null', '-e', 'trace=vfork', '-e',
                       'inject=vfork:error=EAGAIN', 'sh', pipeline.LAUNCHER, '-n', 2,
                       *rng.choice(([], [path]))], data)
    outcome = run.finish()
    line = f'p3_write: cannot start {pipeline.program("p1_read")}: Resource temporarily unavailable\n'
    if (outcome.stdout, outcome.stderr, outcome.status) != (b'', line, 71):
        raise Wrong(str(outcome))
    trial.gone()
    return 'clean'


# Calls of the launcher, and how they fail. Not read(2): the shell takes an error there for the end of its script. Not
# dup2(2) and fcntl(2): they do not fail for descriptors that are open.
LAUNCHER_CALLS = {'openat': 'EMFILE', 'pipe2': 'EMFILE', 'pipe': 'EMFILE', 'vfork': 'EAGAIN',
                  'write': 'EIO', 'mmap': 'ENOMEM', 'brk': 'ENOMEM'}


def failing_launcher(trial: Trial, rng: random.Random) -> str:
    """A call fails while the launcher is a shell, or in p3_write, which it becomes."""
    call = rng.choice(list(LAUNCHER_CALLS))
    data, path = sample()
    log = trial.directory / 'log'
    at = rng.randint(1, {'openat': 60, 'mmap': 50, 'vfork': 1}.get(call, 12))
    run = trial.start(['strace', '-qq', '-o', log, '-e', f'trace={call}', '-e',
                       f'inject={call}:error={LAUNCHER_CALLS[call]}:when={at}', 'sh', pipeline.LAUNCHER, '-n', 2,
                       *rng.choice(([], [path]))], data)
    outcome = run.finish()
    if not log.exists() or b'(INJECTED)' not in log.read_bytes():
        return 'missed'
    try:
        return judge_launcher(trial, outcome, expected_of(path))
    except (Wrong, TimeoutError) as error:
        raise type(error)(f'{error}; with {call} {at}')
