# SPDX-License-Identifier: MIT
"""The suite as its users run it, with real programs and real pipes: the base of the tests in tests/pipeline.

    class SumTest(PipelineTest):
        def test_one_row(self):
            self.assertEqual(self.chain(b'1,2\n'), Outcome(b'0,3\n', '', (0, 0, 0)))
            self.assertEqual(self.launcher(b'1,2\n', '-n', 4), Outcome(b'0,3\n', '', 0))

The programs are taken from $ROWSUM_BIN_DIR (default: build/bin of this source tree). Every test has a directory of
its own, which is also where its programs run, and a TMPDIR of its own; all processes that it starts, directly or
indirectly, have a mark in their environment. So a process that a test leaves behind is found, whatever else runs on
the machine. After every test there must be none. Every wait fails after HANG seconds, and so does a test that takes
LONGEST seconds.

A status is an exit status, or minus the signal that ended the program, as in subprocess.
"""
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from typing import Any, Callable, Iterable, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))
from reference import Answer, reference  # noqa: E402

SOURCE_DIR = Path(__file__).resolve().parents[2]
BIN_DIR = Path(os.environ.get('ROWSUM_BIN_DIR') or SOURCE_DIR / 'build/bin').resolve()
VERSION = re.search(r'^project\(\w+ VERSION ([\d.]+)', (SOURCE_DIR / 'CMakeLists.txt').read_text(), re.MULTILINE)[1]
LAUNCHER = BIN_DIR / 'run_pipeline.sh'
HOSTILE = BIN_DIR / 'hostile'
IS_STATIC = HOSTILE.exists()  # with sanitizers, the programs are not static
MARK = 'ROWSUM_TEST_DIRECTORY'
# For programs with sanitizers: a program that is killed dies of the signal, and one that is traced cannot look for
# leaks.
ASAN_OPTIONS = 'handle_segv=0:handle_abort=0:handle_sigbus=0:handle_sigill=0:handle_sigfpe=0:detect_leaks=0'
HANG = 60  # seconds: on any machine more than enough for anything that a test waits for
LONGEST = 10 * HANG  # for a whole test, which may wait in a way that has no limit

Words = Iterable[Any]  # of a command line: str() is applied


class Outcome(NamedTuple):
    """How a run ended: standard output, standard error, and the status, or the three statuses of a chain."""
    stdout: bytes
    stderr: str
    status: int | tuple[int, ...]


def program(name: str) -> str:
    return str(BIN_DIR / name)


def sums(data: bytes, delimiter: str = ',', header: bool = False) -> bytes:
    """The expected output for an input without rejects."""
    answer = reference(data, delimiter, header)
    assert not answer.rejects and not answer.unterminated
    return answer.lines


def skip_status(answer: Answer) -> int:
    """The exit status under the policy skip."""
    return 65 if answer.unterminated else 1 if answer.rejects else 0


def processes(mark: str) -> dict[int, str]:
    """Pid and description of each process that has the mark. Zombies have no environment, so they do not count."""
    found = {}
    wanted = f'{MARK}={mark}'.encode()
    for entry in os.listdir('/proc'):
        if not entry.isdigit():
            continue
        try:
            if wanted not in Path('/proc', entry, 'environ').read_bytes().split(b'\0'):
                continue
            command = Path('/proc', entry, 'cmdline').read_bytes().replace(b'\0', b' ').decode(errors='replace')
            state = Path('/proc', entry, 'stat').read_text().rpartition(')')[2].split()[0]
        except OSError:  # the process has just ended
            continue
        if state not in 'ZX':
            found[int(entry)] = f'{entry} {state} {command}'
    return found


def children(pid: int) -> dict[int, str]:
    """The children of a process, by the names of the programs that they now execute."""
    found = {}
    with contextlib.suppress(OSError):
        for child in Path(f'/proc/{pid}/task/{pid}/children').read_text().split():
            with contextlib.suppress(OSError):
                found[int(child)] = Path(f'/proc/{child}/comm').read_text().strip()
    return found


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    return [pid, *(member for child in children(pid) for member in family(child))]


def has_nameless_files(directory: str | Path) -> bool:
    try:
        os.close(os.open(directory, os.O_TMPFILE | os.O_WRONLY))
    except OSError:
        return False
    return True


HAS_NAMELESS_FILES = has_nameless_files(tempfile.gettempdir())


def files_in(directory: Path, killed: bool = False) -> list[str]:
    """The names in the directory. `killed`: without the file that a killed p3_write leaves if a temporary file has
    to have a name."""
    may_stay = killed and not HAS_NAMELESS_FILES
    return sorted(name for name in os.listdir(directory) if not (may_stay and name.endswith('.tmp')))


class PipelineTest(unittest.TestCase):
    maxDiff = 4000

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        signal.signal(signal.SIGALRM, lambda *_: self.hang('the test goes on'))
        signal.setitimer(signal.ITIMER_REAL, LONGEST, LONGEST)
        try:
            return super().run(result)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix='rowsum_test.'))
        self.addCleanup(shutil.rmtree, self.directory)
        self.addCleanup(self.end_what_is_left)
        self.work = self.directory / 'work'  # where everything runs
        self.tmp = self.directory / 'tmp'    # TMPDIR
        self.work.mkdir()
        self.tmp.mkdir()
        self.env = {**os.environ, 'TMPDIR': str(self.tmp), MARK: str(self.directory), 'LC_ALL': 'C',
                    'ASAN_OPTIONS': ASAN_OPTIONS}
        for name in 'OMP_NUM_THREADS', 'OMP_THREAD_LIMIT':  # nproc depends on them
            self.env.pop(name, None)
        self._errors = 0

    # --- Runs from beginning to end ---------------------------------------------------------------------------------
    # `stdin`: bytes come through a pipe, a Path is opened, None means /dev/null; a descriptor or a file is used as it
    # is.

    def chain(self, stdin: Any = None, p1: Words = (), p3: Words = (), p2: Words = ()) -> Outcome:
        """p1_read | p2_sum | p3_write"""
        run = self.start_chain(stdin, p1, p3, p2)
        return run.finish()

    def launcher(self, stdin: Any = None, *options: Any, **popen: Any) -> Outcome:
        return self.start_launcher(stdin, *options, **popen).finish()

    def run_program(self, name: str, *words: Any, stdin: Any = None, **popen: Any) -> Outcome:
        """Runs one program alone."""
        return self.start([program(name), *words], stdin=stdin, **popen).finish()

    def shell(self, script: str | bytes, stdin: Any = None, **popen: Any) -> Outcome:
        """Runs a bash script with the programs in its PATH."""
        env = {**self.env, 'PATH': f'{BIN_DIR}:{self.env["PATH"]}'}
        return self.start(['bash', '-c', script], stdin=stdin, env=env, **popen).finish()

    def summed_parts(self, count: int, *options: Any, name: str = 'part', source: str = 'in.csv') -> list[Path]:
        """The results of `count` workers, as streams on disk."""
        parts = [self.work / f'{name}.{i}' for i in range(count)]
        outcome = self.run_program('p1_read', *options, *(f'--to={part}' for part in parts), source)
        self.assertEqual(outcome, Outcome(b'', '', 0))
        results = [Path(f'{part}.sums') for part in parts]
        for part, result in zip(parts, results):
            with open(result, 'wb') as file:
                self.assertEqual(self.start([program('p2_sum')], part, file).finish(), Outcome(b'', '', 0))
        return results

    # --- Runs that are watched --------------------------------------------------------------------------------------

    def start(self, command: Words, stdin: Any = None, stdout: Any = subprocess.PIPE, **popen: Any) -> 'Run':
        return Run(self, [self.popen(command, stdin, stdout, **popen)])

    def start_launcher(self, stdin: Any = None, *options: Any, **popen: Any) -> 'Run':
        return self.start([LAUNCHER, *options], stdin, **popen)

    def start_chain(self, stdin: Any = None, p1: Words = (), p3: Words = (), p2: Words = (),
                    stdout: Any = subprocess.PIPE) -> 'Run':
        first = self.popen([program('p1_read'), *p1], stdin, subprocess.PIPE)
        second = self.popen([program('p2_sum'), *p2], first.stdout, subprocess.PIPE)
        first.stdout.close()
        third = self.popen([program('p3_write'), *p3], second.stdout, stdout)
        second.stdout.close()
        return Run(self, [first, second, third])

    def start_half_way(self, start: Callable[[int], 'Run'], answers: bool = True) -> 'Run':
        """A run by start(stdin) that has been given a row and has answered, if it answers before the end of the
        input. Then it waits for more bytes in `run.stdin`, or for the end of that."""
        run = start(subprocess.PIPE)
        run.stdin.write(b'1\n')
        if answers:
            self.assertEqual(run.read_line(), b'0,1\n')
        return run

    def popen(self, command: Words, stdin: Any, stdout: Any, **popen: Any) -> subprocess.Popen:
        popen = {'env': self.env, 'cwd': self.work, **popen}
        opened = None
        feed = stdin if isinstance(stdin, bytes) else None
        if feed is not None:
            stdin = subprocess.PIPE
        elif stdin is None:
            stdin = subprocess.DEVNULL
        elif isinstance(stdin, Path):
            stdin = opened = open(stdin, 'rb')
        if 'stderr' not in popen:
            self._errors += 1
            popen['stderr'] = open(self.directory / f'errors.{self._errors}', 'ab')
            self.addCleanup(popen['stderr'].close)
        words = [word if isinstance(word, bytes) else str(word) for word in command]
        process = subprocess.Popen(words, stdin=stdin, stdout=stdout, bufsize=0, **popen)
        for file in process.stdin, process.stdout:
            if file:
                self.addCleanup(file.close)
        if opened:
            opened.close()
        process.errors = self.directory / f'errors.{self._errors}'
        if feed is not None:
            feeder = threading.Thread(target=write_and_close, args=(process.stdin, feed), daemon=True)
            feeder.start()
            # The file is closed after the thread has ended, because another file may get its number at once.
            self.addCleanup(feeder.join)
            self.addCleanup(self.end_what_is_left)
        return process

    def without_rights(self) -> Words:
        """The beginning of a command that runs without special rights. Skips the test if that is impossible."""
        self.directory.chmod(0o755)
        self.tmp.chmod(0o777)
        prefix = []
        if os.geteuid() == 0:
            if not shutil.which('setpriv'):
                self.skipTest('root has all rights, and there is no setpriv')
            prefix = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--bounding-set=-all',
                      '--inh-caps=-all']
        if self.start([*prefix, 'test', '-x', LAUNCHER]).finish().status != 0:
            self.skipTest('the programs are out of reach for nobody')
        return prefix

    def first_process(self) -> Words:
        """The beginning of a command that runs as process 1, as in a container, where signals do not kill it. Skips
        the test if that is impossible. The command is then the only child of unshare(1), and all that it has started
        ends with it."""
        unshare = ['unshare', '--pid', '--fork', '--kill-child']
        if self.start([*unshare, 'true']).finish().status:
            self.skipTest('nobody may make a process the first')
        return unshare

    # --- Watching -----------------------------------------------------------------------------------------------------

    def wait(self, process: subprocess.Popen) -> int:
        """Waits for a process, and returns its status."""
        try:
            return process.wait(HANG)
        except subprocess.TimeoutExpired:
            self.hang(f'{process.args} does not end')

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """Waits until `condition` returns something true, and returns that."""
        deadline = time.monotonic() + HANG
        while not (value := condition()):
            if time.monotonic() > deadline:
                self.hang(what)
            time.sleep(0.002)
        return value

    def hang(self, what: str) -> None:
        running = '\n'.join(processes(str(self.directory)).values())
        self.end_what_is_left()
        self.fail(f'hang: {what}; these run:\n{running}')

    def processes(self, *words: str) -> list[int]:
        """The processes of this test that have all of the words in their command lines before a "--". After it,
        p3_write has the name of p1_read."""
        found = {pid: text.partition(' -- ')[0] for pid, text in processes(str(self.directory)).items()}
        return sorted(pid for pid, text in found.items() if all(word in text for word in words))

    def leftovers(self) -> list[str]:
        """The processes that this test has left, and the files in TMPDIR."""
        files = [os.path.join(at, name) for at, folders, names in os.walk(self.tmp) for name in folders + names]
        return [*processes(str(self.directory)).values(), *files]

    def assert_nothing_left(self) -> None:
        """Checks that nothing is left, or soon will be: a process that cleans up after others cannot be waited for."""
        deadline = time.monotonic() + HANG
        while (left := self.leftovers()) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(left, [], 'left behind')

    def tearDown(self) -> None:
        self.assert_nothing_left()

    def end_what_is_left(self) -> None:
        while pids := processes(str(self.directory)):
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.01)

    # --- Files --------------------------------------------------------------------------------------------------------

    def file(self, name: str, data: bytes = b'') -> Path:
        path = self.work / name
        path.write_bytes(data)
        return path

    def files(self, killed: bool = False) -> list[str]:
        """The names in the working directory, as by files_in()."""
        return files_in(self.work, killed)

    def fifo(self, name: str) -> Path:
        path = self.work / name
        os.mkfifo(path)
        return path

    def generate(self, name: str, *options: Any) -> Path:
        """Makes a file with generate_csv."""
        path = self.work / name
        outcome = self.run_program('generate_csv', *options, '-o', path)
        self.assertEqual(outcome, Outcome(b'', '', 0))
        return path


class Run:
    """Running programs. The output of the last one goes into a pipe."""

    def __init__(self, test: PipelineTest, members: list[subprocess.Popen]) -> None:
        self.test = test
        self.members = members
        self.stdin = members[0].stdin
        self.stdout = members[-1].stdout
        self.pid = members[-1].pid

    def finish(self) -> Outcome:
        """Reads all of the output, waits for all programs, and returns the outcome."""
        output = b''
        if self.stdout and not self.stdout.closed:
            reader = Reader(self.stdout)
            reader.join(HANG)
            if reader.is_alive():
                self.test.hang(f'{self.members[-1].args} goes on')
            output = bytes(reader.data)
        statuses = tuple(map(self.test.wait, self.members))
        return Outcome(output, self.errors(), statuses[0] if len(statuses) == 1 else statuses)

    def errors(self) -> str:
        """Standard error so far, in a chain of one program after the other."""
        return ''.join(member.errors.read_text(errors='replace') for member in self.members)

    def read_line(self) -> bytes:
        """The next line of the output. Fails if none comes."""
        return self.read_in_time(self.stdout.readline)

    def read(self, size: int) -> bytes:
        """The next bytes of the output, fewer only at its end. Fails if none come."""
        data = b''
        while len(data) < size and (piece := self.read_in_time(lambda: self.stdout.read(size - len(data)))):
            data += piece
        return data

    def read_in_time(self, read: Callable[[], bytes]) -> bytes:
        found: list[bytes] = []
        reader = threading.Thread(target=lambda: found.append(read()), daemon=True)
        reader.start()
        reader.join(HANG)
        if not found:
            self.test.hang('no answer')
        return found[0]


class Reader(threading.Thread):
    """Reads a file to its end."""

    def __init__(self, file: Any) -> None:
        super().__init__(daemon=True)
        self.file = file
        self.data = bytearray()
        self.start()

    def run(self) -> None:
        while piece := self.file.read(1 << 16):
            self.data += piece


def write_and_close(file: Any, data: bytes) -> None:
    """Writes to a reader that may end at any time."""
    view = memoryview(data)
    try:
        while view:
            view = view[file.write(view):]
        file.close()
    except BrokenPipeError:
        pass


def main() -> None:
    # If the tests are started in the background or by nohup, some signals are ignored, also by all programs that are
    # started here.
    for number in signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    unittest.main(module='__main__')
