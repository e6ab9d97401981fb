#!/usr/bin/env python3
"""Faults by the hundred: whatever happens, the output is identical, or it is a clean failure; never a hang.

A fault is one entry in FAULTS: its name, how often it is tried, and a function that makes one run under it and says what
came of it. It is given a Trial (a test directory of its own, with everything of tests/support/pipeline.py) and random
numbers that depend on the seed, the fault and the number of the try alone, so that a bad one can be had again:

    tests/torture/run.sh --only 'kill p2_sum' --seed 7 --first 123 --count 1

What counts as what:
    identical   exit status 0, and exactly the output of a run without a fault
    clean       a status of the table in README, one line or more that says why, and of the output the beginning
    hang        something did not end, or a process or a file stayed
    wrong       everything else
"""
import argparse
import contextlib
import itertools
import multiprocessing
import os
import random
import re
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

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
import pipeline  # noqa: E402
from pipeline import BIN_DIR, Outcome, PipelineTest, Reader, processes, program, sums  # noqa: E402

FRAGILE = BIN_DIR / 'fragile/run_pipeline.sh'
HOSTILE = BIN_DIR / 'hostile'
CLEAN = {65, 66, 69, 71, 73, 74, 141}  # the statuses of failures that are no bug and no wrong usage
LOSS = re.compile(r'run_pipeline\.sh: p2_sum at place \d+ (was killed by .*|returned nothing .*?)(, and is replaced)?')
SAID = re.compile(r'(p1_read|p2_sum|p3_write|run_pipeline\.sh): .*')

HANG = 40       # seconds: then a run hangs
FAREWELL = 5    # seconds in which all has gone, on a busy machine; what it really took is shown

EXPECTED = {}   # of an input: the sums


class Wrong(Exception):
    """What came out that must not."""


class Result(NamedTuple):
    verdict: str    # identical, clean, hang, wrong, or missed: the fault came too late, and the try does not count
    detail: str
    seconds: float  # until all had gone after a fatal fault, or 0


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
        """The launcher on the sample, with options by chance. Returns the run, its reader, and where its output is."""
        data, path = sample()
        n = rng.choice((1, 2, 8))
        words = ['-n', n, '--batch-size', rng.choice(('1K', '4K', '64K')), '--deal', rng.choice(('round-robin', 'pull')),
                 *options]
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
          only_identical: bool = False, losses: int = 0, may_complain: bool = False) -> str:
    """identical or clean; raises Wrong. `output`: it went there, or nowhere. `losses`: how many workers may have been
    lost. `may_complain`: who fails when p3_write has everything may say so, and the run succeeds all the same."""
    got, status = outcome.stdout, outcome.status
    lines = outcome.stderr.splitlines()
    others = [line for line in lines if not LOSS.fullmatch(line)]
    short = f'status {status}, {len(got)} bytes, said {lines[:6]}'
    if output:
        if got:
            raise Wrong(f'output in two places: {short}')
        got = output.read_bytes() if output.exists() else b''
        is_untouched = got in (b'old\n', b'')
        left = [name for name in os.listdir(output.parent) if name.endswith('.tmp')]
        if left:
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


# --- The input ----------------------------------------------------------------------------------------------------------

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


# --- Victims --------------------------------------------------------------------------------------------------------------

def children(pid: int) -> dict[int, str]:
    """The processes of a launcher, by the name of what each has become so far."""
    found = {}
    with contextlib.suppress(OSError):
        for child in Path(f'/proc/{pid}/task/{pid}/children').read_text().split():
            with contextlib.suppress(OSError):
                found[int(child)] = Path(f'/proc/{child}/comm').read_text().strip()
    return found


def send(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def strike(run: Any, rng: random.Random, name: str, number: int) -> bool:
    """A signal to one of the processes called `name`, if there is one."""
    victims = [pid for pid, what in children(run.pid).items() if what == name]
    return bool(victims) and send(rng.choice(victims), number)


# --- Faults: deaths ------------------------------------------------------------------------------------------------------

def kill_worker(numbers: tuple = (signal.SIGKILL,), most: int = 1) -> Callable:
    """Signals to workers at moments by chance: survived."""
    def fault(trial: Trial, rng: random.Random) -> str:
        run, reader, old = trial.random_run(rng)
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
    """p1_read, p3_write or the launcher: the end, but a clean one."""
    def fault(trial: Trial, rng: random.Random) -> str:
        run, reader, old = trial.random_run(rng)
        time.sleep(rng.uniform(0, rng.choice((0.03, 0.1, 0.2))))
        hit = send(run.pid, signal.SIGKILL) if name == 'launcher' else strike(run, rng, name, signal.SIGKILL)
        struck = time.monotonic()
        outcome = trial.finish(run, reader)
        verdict = judge(outcome, expected_of(sample()[1]), old, killed=signal.SIGKILL)
        trial.gone()
        trial.farewell = time.monotonic() - struck if verdict == 'clean' else 0
        return verdict if hit else 'missed'
    return fault


def kill_before_exec(trial: Trial, rng: random.Random) -> str:
    """One that is still the launcher's own copy of itself: a worker survives it, the others are the end."""
    run, reader, old = trial.random_run(rng)
    hit = False
    for _ in range(rng.choice((1, 30, 300))):
        if hit := strike(run, rng, Path(f'/proc/{run.pid}/comm').read_text().strip(), signal.SIGKILL):
            break
    outcome = trial.finish(run, reader)
    verdict = judge(outcome, expected_of(sample()[1]), old, losses=1)
    trial.gone()
    return verdict if hit else 'missed'


def kill_guard(trial: Trial, rng: random.Random) -> str:
    """Nothing depends on it while all goes well. What it would have removed, the launcher removes."""
    run, reader, old = trial.random_run(rng)
    time.sleep(rng.uniform(0.02, 0.1))
    guards = [pid for pid in trial.processes('run_pipeline.sh')
              if pid != run.pid and pid not in children(run.pid) and Path(f'/proc/{pid}/stat').exists()]
    hit = bool(guards) and send(guards[0], signal.SIGKILL)
    outcome = trial.finish(run, reader)
    verdict = judge(outcome, expected_of(sample()[1]), old)
    trial.gone()
    return verdict if hit else 'missed'


def at_point(point: str) -> Callable:
    """The first worker of every place, or of one, dies there."""
    def fault(trial: Trial, rng: random.Random) -> str:
        settings = {'FRAGILE_POINT': point, 'FRAGILE_LIVES': str(rng.choice((1, 1, 1, 2, 3))),
                    'FRAGILE_NUMBER': str(rng.choice((0, 0, 1, 5)))}
        if rng.random() < 0.5:
            settings['FRAGILE_PLACE'] = '0'
        run, reader, old = trial.random_run(rng, FRAGILE, env={**trial.env, **settings})
        outcome = trial.finish(run, reader)
        verdict = judge(outcome, expected_of(sample()[1]), old, only_identical=True, losses=24)
        trial.gone()
        return verdict if outcome.stderr else 'missed'
    return fault


def poison(trial: Trial, rng: random.Random) -> str:
    """A row that every worker dies of, among others: found, and the rest exact."""
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


def hang(trial: Trial, rng: random.Random) -> str:
    """A worker that is stopped or loops, and --worker-timeout."""
    settings = {'FRAGILE_POINT': rng.choice(('start', 'before_hello', 'got_batch', 'inside_result', 'between',
                                             'before_end', 'inside_end')),
                'FRAGILE_LIVES': '1', 'FRAGILE_PLACE': '0', 'FRAGILE_HOW': rng.choice(('19', 'loop'))}
    run, reader, old = trial.random_run(rng, FRAGILE, ('--worker-timeout=1',), env={**trial.env, **settings})
    outcome = trial.finish(run, reader)
    verdict = judge(outcome, expected_of(sample()[1]), old, only_identical=True, losses=1)
    trial.gone()
    return verdict if outcome.stderr else 'missed'


# --- Faults: streams -----------------------------------------------------------------------------------------------------

def streams(scratch: Path) -> None:
    """What the faults below damage: streams of batches and results, with checksums (on disk) and without (a pipe)."""
    path = scratch / 'stream.csv'
    path.write_bytes(b'1,2\n3,x\n"5\n",-6\r\n\n' + b'9' * 30 + b',1\n7,8\n')
    (scratch / 'other.csv').write_bytes(path.read_bytes().replace(b'7', b'9'))
    for name in 'stream', 'other':
        with open(scratch / f'{name}.disk.batches', 'wb') as disk:
            subprocess.run([program('p1_read'), '--batch-size=8', f'{name}.csv'], cwd=scratch, stdout=disk, check=True)
        with open(scratch / f'{name}.disk.results', 'wb') as disk:
            subprocess.run([program('p2_sum')], stdin=open(scratch / f'{name}.disk.batches', 'rb'), stdout=disk,
                           check=True)
        batches = subprocess.run([program('p1_read'), '--batch-size=8', f'{name}.csv'], cwd=scratch,
                                 stdout=subprocess.PIPE, check=True).stdout
        (scratch / f'{name}.pipe.batches').write_bytes(batches)
        (scratch / f'{name}.pipe.results').write_bytes(
            subprocess.run([program('p2_sum')], input=batches, stdout=subprocess.PIPE, check=True).stdout)


def stream(name: str) -> bytes:
    return Path(os.environ['TORTURE_SCRATCH'], name).read_bytes()


STREAM_LINES = b'0,3\n2,-1\n3,0\n4,1000000000000000000000000000000\n5,15\n'


def read_stream(kind: str, damaged: bytes) -> str:
    """What p3_write, after p2_sum if it is batches, makes of it: identical, or refused in a clean way."""
    command = [program('p3_write'), '--on-error=skip']
    if kind == 'batches':
        command = ['bash', '-c', f'set -o pipefail; {program("p2_sum")} | {" ".join(command)}']
    done = subprocess.run(command, input=damaged, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=HANG)
    said = done.stderr.decode(errors='replace').splitlines()
    reject = "p3_write: stream.csv: row 1, field 2 (byte 6): 'x' is not an integer"
    if done.returncode == 1 and done.stdout == STREAM_LINES and said == [reject]:
        return 'identical'
    others = [line for line in said if line != reject]
    # Each of the two may see something that is wrong.
    if done.returncode not in (65, 69) or not STREAM_LINES.startswith(done.stdout) or not 1 <= len(others) <= 2 \
            or not all(SAID.fullmatch(line) and 'internal' not in line for line in others):
        raise Wrong(f'status {done.returncode}, {done.stdout!r}, {said}')
    return 'clean'


def truncated(kind: str) -> Callable:
    """Cut after every byte in turn."""
    def fault(trial: Trial, rng: random.Random, number: int) -> str:
        whole = stream(f'stream.disk.{kind}')
        if number >= len(whole):
            return 'done'
        verdict = read_stream(kind, whole[:number])
        if verdict == 'identical':
            raise Wrong(f'unnoticed: cut after {number} bytes of {len(whole)}')
        return verdict
    return fault


def flipped(kind: str) -> Callable:
    """A bit; in a stream with checksums, so that none may go unnoticed but in a byte that means nothing."""
    def fault(trial: Trial, rng: random.Random) -> str:
        damaged = bytearray(stream(f'stream.disk.{kind}'))
        bit = rng.randrange(8 * len(damaged))
        damaged[bit // 8] ^= 1 << bit % 8
        return read_stream(kind, bytes(damaged))
    return fault


def frames(whole: bytes) -> list[bytes]:
    found = []
    while whole:
        size = 80 + int.from_bytes(whole[48:56], 'little') + int.from_bytes(whole[56:64], 'little')
        found.append(whole[:size])
        whole = whole[size:]
    return found


def mixed(kind: str) -> Callable:
    """Frames lost, doubled, in another order, of another stream. Without checksums of what is in them."""
    def fault(trial: Trial, rng: random.Random) -> str:
        mine = frames(stream(f'stream.pipe.{kind}'))
        theirs = frames(stream(f'other.pipe.{kind}'))
        damaged = list(mine)
        what = rng.choice(('lost', 'doubled', 'order', 'foreign hello', 'foreign frame', 'foreign stream'))
        at = rng.randrange(len(mine))
        if what == 'lost':
            del damaged[at]
        elif what == 'doubled':
            damaged.insert(rng.randrange(len(damaged) + 1), mine[at])
        elif what == 'order':
            rng.shuffle(damaged)
        elif what == 'foreign hello':
            damaged.insert(rng.randrange(1, len(damaged)), theirs[0])
        elif what == 'foreign frame':  # from elsewhere in an input: of another range
            damaged[rng.randrange(1, len(mine) - 1)] = theirs[rng.randrange(1, len(theirs) - 1)]
        else:
            damaged = mine[:-1] + theirs
        changed = [(a[16:48], len(a)) for a in damaged] != [(a[16:48], len(a)) for a in mine]
        if not changed:
            return 'missed'
        verdict = read_stream(kind, b''.join(damaged))
        if verdict == 'identical':
            raise Wrong(f'unnoticed: {what}, frame {at}')
        return verdict
    return fault


# --- Faults: the system --------------------------------------------------------------------------------------------------

# What fails, and how. `cases` are all programs that make the call.
CALLS = {'malloc': 'ENOMEM', 'realloc': 'ENOMEM', 'mmap': 'ENOMEM', 'open': 'EMFILE', 'read': 'EIO', 'pread': 'EIO',
         'write': 'EIO', 'writev': 'ENOSPC', 'splice': 'EIO', 'poll': 'ENOMEM', 'ftruncate': 'EFBIG',
         'posix_fallocate': 'ENOSPC', 'fcntl': 'EINVAL', 'fsync': 'EIO', 'linkat': 'EIO', 'rename': 'EACCES'}


def hostile_run(trial: Trial, shape: str, settings: dict) -> Outcome:
    """On a system that fails. The three programs of a chain have the status of p3_write, or of another one that failed
    if that one did not."""
    _, path = small_sample()
    env = {**trial.env, **settings}
    out = trial.work / 'out'
    if shape == 'chain':
        script = f'"$0"/p1_read --batch-size=1K {path} | "$0"/p2_sum | "$0"/p3_write -o out; echo "${{PIPESTATUS[@]}}"'
        outcome = trial.start(['bash', '-c', script, HOSTILE], env=env).finish()
        statuses = [int(status) for status in outcome.stdout.split()]
        # Only who lost its reader says nothing, and then somebody else has said it.
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
    """The k-th call of a kind, in one program, and perhaps all that follow."""
    def fault(trial: Trial, rng: random.Random) -> str:
        call = rng.choice(list(CALLS) + 4 * ['malloc'])
        name = rng.choice(('p1_read', 'p2_sum', 'p3_write'))
        settings = {'HOSTILE_PROGRAM': name, 'HOSTILE_CALL': call, 'HOSTILE_LOG': str(trial.directory / 'log'),
                    'HOSTILE_ERROR': str(getattr(__import__('errno'), CALLS[call]))}
        settings['HOSTILE_AT'] = str(int(10 ** rng.uniform(0, 2.5)))  # there may not be so many: then it is missed
        if rng.random() < 0.5:
            settings['HOSTILE_ON'] = '1'
        return failed(trial, shape, settings)
    return fault


def every_call(shape: str) -> Callable:
    """The same, one after another: k = 1, 2, ... of each call of each program until none fails any more."""
    kinds = [(name, call, on) for name in ('p1_read', 'p2_sum', 'p3_write') for call in CALLS for on in (False, True)]
    state = {'kind': 0, 'k': 0}

    def fault(trial: Trial, rng: random.Random) -> str:
        while state['kind'] < len(kinds):
            name, call, on = kinds[state['kind']]
            state['k'] += 1
            settings = {'HOSTILE_PROGRAM': name, 'HOSTILE_CALL': call, 'HOSTILE_LOG': str(trial.directory / 'log'),
                        'HOSTILE_ERROR': str(getattr(__import__('errno'), CALLS[call])), 'HOSTILE_AT': str(state['k'])}
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
    """Reads and writes of a byte or a few, and interrupted ones: nothing changes."""
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
        for _ in range(100):  # it is busy until the last process has really gone
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
        verdict = judge(outcome, expected, old if to_file else None)
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


def full_shared_memory(options: Callable) -> Callable:
    """Where the FIFOs and the ring are there is little room, or none."""
    def fault(trial: Trial, rng: random.Random) -> str:
        data, path = sample()
        with small_disk(trial, 'shm', options(rng)) as shm:
            run = trial.start([pipeline.LAUNCHER, '-n', rng.choice((1, 2, 8)), '--batch-size=4K',
                               *rng.choice(([], [path]))], data, env={**trial.env, 'TMPDIR': str(shm)})
            outcome = run.finish()
            verdict = judge(outcome, expected_of(path))
            left = os.listdir(shm)
            deadline = time.monotonic() + FAREWELL
            while left and time.monotonic() < deadline:
                time.sleep(0.01)
                left = os.listdir(shm)
            if left:
                raise TimeoutError(f'{left} stay')
            trial.gone()
            return verdict
    return fault


# Calls of bash itself, and how they fail. No read(2): bash takes an error there for the end of its script.
LAUNCHER_CALLS = {'openat': 'EMFILE', 'pipe2': 'EMFILE', 'pipe': 'EMFILE', 'clone': 'EAGAIN', 'dup2': 'EBADF',
                  'fcntl': 'EMFILE', 'write': 'EIO', 'mmap': 'ENOMEM', 'brk': 'ENOMEM'}


def failing_launcher(trial: Trial, rng: random.Random) -> str:
    """A call of the launcher's own bash fails, from some moment after its start on."""
    call = rng.choice(list(LAUNCHER_CALLS))
    data, path = sample()
    log = trial.directory / 'log'
    # Before this bash loads itself; what fails there is not this script's.
    at = rng.randint({'openat': 8, 'mmap': 30, 'brk': 5}.get(call, 1),
                     {'openat': 40, 'mmap': 50, 'fcntl': 60, 'dup2': 30, 'clone': 12}.get(call, 20))
    run = trial.start(['strace', '-qq', '-o', log, '-e', f'trace={call}', '-e',
                       f'inject={call}:error={LAUNCHER_CALLS[call]}:when={at}', 'bash', pipeline.LAUNCHER, '-n', 2,
                       *rng.choice(([], [path]))], data)
    outcome = run.finish()
    if not log.exists() or b'(INJECTED)' not in log.read_bytes():
        return 'missed'
    try:
        # What bash says goes where it says it.
        lines = [line for line in outcome.stderr.splitlines() if SAID.fullmatch(line)]
        verdict = judge(Outcome(outcome.stdout, ''.join(f'{line}\n' for line in lines), outcome.status),
                        expected_of(path))
    except Wrong as error:
        raise Wrong(f'{error} {outcome.stderr[:300]!r}; with {call} {at}')
    trial.gone()
    return verdict


# --- Faults: memory ------------------------------------------------------------------------------------------------------

MB = 1 << 20


class Memory:
    """The memory of all processes of a run: their own, and their share of what they have in common."""

    def __init__(self, trial: Trial, run: Any) -> None:
        self.trial, self.run = trial, run
        self.samples: list[tuple[float, int]] = []

    def look(self) -> None:
        total = 0
        for pid in children(self.run.pid):
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
    """Feeds a run with the same block again and again, and checks that what comes out is as long as it must be."""

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
        """Until all is written and read. Non-blocking both ways, with a look at the memory ten times a second."""
        import selectors
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
    """The ring, for each worker a batch and its result (`factor` batches), in p3_write as many, and the programs."""
    ring = max(min(n * 8 * batch, 64 * MB), 2 * (batch + max_row) + 4096)
    return ring + (n + 1) * 3 * factor * batch + (n + 3) * 3 * MB


def memory_of_stream(trial: Trial, rng: random.Random) -> str:
    """Flat over a long stream from standard input: 300 MB, or 20 GB."""
    data, _ = sample()
    n = rng.choice((1, 2, 4))
    flow = Flow(trial, data, (20 << 30) if trial.long else 300 * MB, '-n', n)
    outcome = flow.flow()
    if (outcome.stderr, outcome.status) != ('', 0):
        raise Wrong(f'{outcome.status} {outcome.stderr}')
    return flow.memory.check(allowed(n), flat=True)


def memory_with_a_stopped_worker(trial: Trial, rng: random.Random) -> str:
    """For seconds, or a minute: the others go on only as far as the window."""
    data, _ = sample()
    n = rng.choice((2, 4))
    flow = Flow(trial, data, 200 * MB, '-n', n, '--batch-size=64K', patience=60 if trial.long else 0)
    stopped = {}

    def stop(written: int) -> None:
        if not stopped and written > 20 * MB:
            victims = [pid for pid, name in children(flow.run.pid).items() if name == 'p2_sum']
            stopped['pid'] = rng.choice(victims)
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
    """The most output that a byte of input can ask for."""
    n = rng.choice((1, 2))
    flow = Flow(trial, b'\n' * 100000, (1000 if trial.long else 50) * MB, '-n', n)
    outcome = flow.flow()
    if (outcome.stderr, outcome.status) != ('', 0):
        raise Wrong(f'{outcome.status} {outcome.stderr}')
    return flow.memory.check(allowed(n, factor=24))


def memory_of_a_long_row(trial: Trial, rng: random.Random) -> str:
    """A row of 64 MB, or 1 GB: refused beyond --max-row, done where that allows it."""
    size = (1 << 30) if trial.long else 64 * MB
    path = trial.work / 'long.csv'
    with open(path, 'wb') as file:
        for _ in range(size // MB):
            file.write(b'1,' * (MB // 2))
        file.write(b'1\n')
    is_allowed = rng.random() < 0.5
    is_file = rng.random() < 0.5
    options = ['--max-row=1100M'] if is_allowed else []
    run = trial.start_launcher(open(path, 'rb') if not is_file else None, '-n', 2, *options, *([path] if is_file else []))
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


# --- The table -----------------------------------------------------------------------------------------------------------

class Fault(NamedTuple):
    name: str
    count: int  # how often by default
    long: int   # and with --long
    run: Callable
    needs: str = ''  # mount, strace, or nothing


ALL = 1 << 30  # until the fault says that it is done

POINTS = ('start', 'before_hello', 'inside_hello', 'got_batch', 'inside_head', 'inside_result', 'between', 'after_last',
          'before_end', 'inside_end', 'after_end')

FAULTS = [
    Fault('kill p2_sum', 40, 1000, kill_worker()),
    Fault('kill p2_sum, up to 20 times a run', 8, 300, kill_worker(most=20)),
    Fault('TERM, SEGV, ABRT or HUP to p2_sum', 15, 300,
          kill_worker((signal.SIGTERM, signal.SIGSEGV, signal.SIGABRT, signal.SIGHUP))),
    *(Fault(f'p2_sum dies: {point}', 4, 100, at_point(point)) for point in POINTS),
    Fault('a row that p2_sum dies of', 10, 300, poison),
    Fault('p2_sum hangs', 4, 100, hang),
    Fault('kill p1_read', 15, 300, kill_other('p1_read')),
    Fault('kill p3_write', 15, 300, kill_other('p3_write')),
    Fault('kill the launcher', 15, 300, kill_other('launcher')),
    Fault('kill before exec', 15, 300, kill_before_exec),
    Fault('kill the guard', 5, 300, kill_guard),
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
    Fault('each call fails in the chain, k = 1, 2, ...', 0, ALL, every_call('chain')),
    Fault('each call fails, input a file, k = 1, 2, ...', 0, ALL, every_call('file')),
    Fault('each call fails, input a pipe, k = 1, 2, ...', 0, ALL, every_call('pipe')),
    Fault('a call of the launcher fails', 40, 1000, failing_launcher, 'strace'),
    Fault('the disk of the output is full', 25, 500, full_output, 'mount'),
    Fault('the disk of the rejects is full', 5, 100, full_rejects, 'mount'),
    Fault('shared memory is full', 15, 300,
          full_shared_memory(lambda rng: f'size={4096 * rng.choice((1, 2, 8, 65, 128, 200, 512, 9000))}'), 'mount'),
    Fault('no room for names of FIFOs', 15, 300,
          full_shared_memory(lambda rng: f'size=64m,nr_inodes={rng.randrange(2, 24)}'), 'mount'),
    Fault('RLIMIT_FSIZE', 15, 500, limited(resource.RLIMIT_FSIZE, lambda rng: rng.randrange(0, 900000))),
    Fault('RLIMIT_NOFILE 4 to 64', 30, 300, limited(resource.RLIMIT_NOFILE, lambda rng: rng.randrange(4, 65))),
    Fault('memory: a long stream', 1, 1, memory_of_stream),
    Fault('memory: a worker is stopped', 1, 2, memory_with_a_stopped_worker),
    Fault('memory: a slow reader', 1, 3, memory_with_a_slow_reader),
    Fault('memory: blank lines only', 1, 2, memory_of_blank_lines),
    Fault('memory: a long row', 2, 6, memory_of_a_long_row),
]


# --- The runs ------------------------------------------------------------------------------------------------------------

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
    except Exception:  # a test that is wrong itself: to be seen, and not to end the others
        return Result('wrong', traceback.format_exc(), 0)
    finally:
        trial.doCleanups()


def tries(pool: Any, index: int, arguments: argparse.Namespace, count: int, deadline: float) -> Iterator[tuple]:
    """The numbers of the tries, and what came of them, until `count` of them have counted."""
    fault = FAULTS[index]
    counted = 0
    state = fault.count == 0 or fault.name.startswith('memory')  # one after another, here
    numbers = itertools.count(arguments.first)
    while counted < count and time.monotonic() < deadline:
        batch = list(itertools.islice(numbers, 1 if state or not pool else
                                      min(2 * arguments.jobs * 4, count - counted)))
        jobs = [(index, arguments.seed, number, arguments.long) for number in batch]
        results = [one(*job) for job in jobs] if state or not pool else pool.starmap(one, jobs, 1)
        for number, result in zip(batch, results):
            if result.verdict == 'done':
                return
            counted += result.verdict != 'missed'
            yield number, result
        if batch[-1] > arguments.first + 30 * count + 100:  # it misses nearly always
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
            print(f'{fault.name:48} {fault.count:6} {"all" if fault.long == ALL else fault.long:>7}')
        return
    chosen = [index for index, fault in enumerate(FAULTS)
              if not arguments.only or any(text in fault.name for text in arguments.only)]
    missing = {'mount': '' if can_mount() else 'may not mount', 'strace': '' if shutil.which('strace') else 'no strace'}

    bad, longest = [], 0.0
    pipeline.HANG = HANG
    with tempfile.TemporaryDirectory(prefix='rowsum_torture.') as scratch:
        os.environ['TORTURE_SCRATCH'] = scratch
        make_samples(Path(scratch))
        streams(Path(scratch))
        pool = multiprocessing.Pool(arguments.jobs) if arguments.jobs > 1 else None
        begin = time.monotonic()
        print(f'| {"fault":46} | tries | identical | clean failures | hangs | wrong |\n'
              f'| {"---":46} | ---: | ---: | ---: | ---: | ---: |')
        for position, index in enumerate(chosen):
            fault = FAULTS[index]
            count = arguments.count or (fault.long if arguments.long else fault.count)
            if not arguments.only and not fault.count and not arguments.long:
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
    print(f'\nSeed {arguments.seed}, {time.monotonic() - begin:.0f} s. After a death that ends the run, all was gone within '
          f'{longest:.2f} s.')
    if bad:
        print(f'{len(bad)} hangs or wrong results', file=sys.stderr)
        sys.exit(1)


if __name__ == '__main__':
    main()
