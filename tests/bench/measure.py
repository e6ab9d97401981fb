# SPDX-License-Identifier: MIT
"""How a command is measured: seconds, CPU, the CPU of each of its programs, memory; and what becomes of it when one of
its processes is killed.

A command is a line of bash. It gets its files in variables: $input, $output and those that the caller adds. $output
never exists when it starts, so each run has to allocate its pages.
"""
import os
import re
import signal
import statistics
import subprocess
import time
from pathlib import Path
from typing import Iterable, Iterator, NamedTuple


class Run(NamedTuple):
    seconds: float
    cpu: float  # seconds, of all processes that were waited for


class Failed(Exception):
    """A command ended with a status that is not 0."""

    def __init__(self, line: str, status: int, said: str) -> None:
        super().__init__(f'{line}: status {status}: {said}')
        self.status = status


class Hangs(Exception):
    """A command did not end, and was killed."""


class NothingKilled(Exception):
    """A command was over before a process of it was killed."""


class Command(NamedTuple):
    line: str
    variables: dict[str, str]

    def start(self, **popen) -> subprocess.Popen:
        if output := self.variables.get('output'):
            Path(output).unlink(missing_ok=True)
        # Python runs without the settings of this shell. Unbuffered output alone would halve its speed.
        env = {key: value for key, value in os.environ.items() if not key.startswith('PYTHON')}
        env['PYTHONDONTWRITEBYTECODE'] = '1'
        return subprocess.Popen(['bash', '-c', 'set -o pipefail; ' + self.line], stdin=subprocess.DEVNULL,
                                stderr=self.errors(), env={**env, 'LC_ALL': 'C', **self.variables}, **popen)

    def errors(self):
        return open(self.error_path(), 'wb')

    def error_path(self) -> Path:
        return Path(self.variables['directory'], 'errors')

    def check(self, status: int) -> None:
        if status:
            said = self.error_path().read_text(errors='replace').strip().splitlines()
            raise Failed(self.line, os.waitstatus_to_exitcode(status), said[-1] if said else '')


def run(command: Command) -> Run:
    begin = time.perf_counter()
    process = command.start()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = status  # otherwise Popen would wait for the process
    command.check(status)
    return Run(seconds, usage.ru_utime + usage.ru_stime)


def in_turn(commands: Iterable[Command], runs: int) -> list[list[Run]]:
    """Runs A B A B and so on, so that other load of the machine affects all of them alike."""
    commands = list(commands)
    taken: list[list[Run]] = [[] for _ in commands]
    for _ in range(runs):
        for command, sample in zip(commands, taken):
            sample.append(run(command))
    return taken


def seconds(sample: list[Run]) -> float:
    return statistics.median(one.seconds for one in sample)


def cpu(sample: list[Run]) -> float:
    return statistics.median(one.cpu for one in sample)


# --- The CPU of each program ------------------------------------------------------------------------------------------

def cpu_of_programs(commands: Iterable[Command], runs: int) -> list[dict[str, float]]:
    """For each command, which are run in turn, the CPU seconds of p1_read, p2_sum (all of them) and p3_write, of
    cat, and of cat.last, which writes a file.

    The processes below the command are looked at about once a millisecond, so for each so much time may be missing.
    """
    commands = list(commands)
    samples: list[dict[str, list[float]]] = [{} for _ in commands]
    for _ in range(runs):
        for command, sample in zip(commands, samples):
            process = command.start()
            seen: dict[int, tuple[str, float]] = {}  # the name of each process, and the time that it has taken so far
            while not (found := os.wait4(process.pid, os.WNOHANG))[0]:
                look_at_cpu(process.pid, seen)
                time.sleep(0.001)
            process.returncode = found[1]
            command.check(found[1])
            taken: dict[str, float] = {}
            for name, spent in seen.values():
                taken[name] = taken.get(name, 0) + spent
            for name, spent in taken.items():
                sample.setdefault(name, []).append(spent)
    return [{name: statistics.median(values) for name, values in sample.items()} for sample in samples]


def look_at_cpu(pid: int, seen: dict[int, tuple[str, float]]) -> None:
    """Looks at a process and all below it; see proc_schedstat(5) for the source."""
    for one in [pid, *below(pid)]:
        try:
            name = Path(f'/proc/{one}/comm').read_text().strip()
            if name == 'cat' and os.path.isfile(f'/proc/{one}/fd/1'):
                name = 'cat.last'  # the last cat of a pipeline: it writes to a file and not to a pipe
            seen[one] = name, int(Path(f'/proc/{one}/schedstat').read_text().split()[0]) / 1e9
        except (OSError, IndexError):  # the process has just ended
            pass


def below(pid: int) -> Iterator[int]:
    """The processes that a process has started, each with those below it, the older ones first."""
    try:
        children = [child for task in os.listdir(f'/proc/{pid}/task')
                    for child in Path(f'/proc/{pid}/task/{task}/children').read_text().split()]
    except OSError:  # the process has just ended
        return
    for child in map(int, children):
        yield child
        yield from below(child)


# --- With a process killed --------------------------------------------------------------------------------------------

def run_with_a_loss(command: Command, victim: str, after: float, limit: float) -> Run:
    """Kills a process below the command, once: after so many seconds, as soon as there is one whose command line
    begins as `victim` says (a regular expression).

    Throws Hangs after `limit` seconds, and NothingKilled.
    """
    begin = time.perf_counter()
    process = command.start()
    has_killed = False
    while not (found := os.wait4(process.pid, os.WNOHANG))[0]:
        spent = time.perf_counter() - begin
        if not has_killed and spent > after:
            has_killed = kill_last(victim, below(process.pid))
        if spent > limit:
            for one in [process.pid, *below(process.pid)]:
                kill(one)
            process.wait()
            raise Hangs(f'{command.line}: goes on after {limit:.1f} s')
        time.sleep(0.001)
    seconds = time.perf_counter() - begin
    process.returncode = found[1]
    if not has_killed:
        raise NothingKilled(f'{command.line}: no process of {victim} after {after:.2f} s')
    command.check(found[1])
    return Run(seconds, found[2].ru_utime + found[2].ru_stime)


def kill_last(victim: str, pids: Iterable[int]) -> bool:
    """The last one that matches is below the others, or younger. Returns whether there was one."""
    last = None
    for pid in pids:
        try:
            line = Path(f'/proc/{pid}/cmdline').read_text(errors='replace').replace('\0', ' ')
        except OSError:
            continue
        if re.match(victim, line):
            last = pid
    return last is not None and kill(last)


def kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:  # the process has just ended
        return False
    return True


# --- Memory -----------------------------------------------------------------------------------------------------------

def peak_memory(command: Command) -> tuple[Run, int]:
    """Bytes that the processes of the command have in memory at once, looked at every few milliseconds.

    This is the sum of their PSS without shared memory, in which the input lies, and of the allocated parts of the
    rings of the launcher, for the input and for results, whether they are mapped or not.
    """
    begin = time.perf_counter()
    process = command.start(start_new_session=True)
    peak = 0
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        peak = max(peak, memory_of_session(process.pid))
        time.sleep(0.001)
    process.returncode = status
    command.check(status)
    return Run(time.perf_counter() - begin, usage.ru_utime + usage.ru_stime), peak


def memory_of_session(session: int) -> int:
    total = 0
    rings: dict[int, int] = {}  # by inode
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            name, _, rest = Path('/proc', pid, 'stat').read_text().rpartition(')')
            if int(rest.split()[3]) != session:
                continue
            if name.endswith('(p1_read'):
                rings.update(rings_of(pid))
            for line in Path('/proc', pid, 'smaps_rollup').read_text().splitlines():
                label, _, value = line.partition(':')
                if label in ('Pss', 'Pss_Shmem'):
                    total += int(value.split()[0]) * (1024 if label == 'Pss' else -1024)
        except (OSError, ValueError, IndexError):  # the process has just ended
            continue
    return total + sum(rings.values())


def rings_of(pid: str) -> Iterable[tuple[int, int]]:
    for file in os.scandir(f'/proc/{pid}/fd'):
        if os.readlink(file.path).startswith('/memfd:'):
            stat = os.stat(file.path)
            yield stat.st_ino, stat.st_blocks * 512
