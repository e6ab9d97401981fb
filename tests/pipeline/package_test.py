#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The package for workers in C++, as somebody else uses it: installed, with workers that are built out of tree, by
CMake and with pkg-config, and run by the programs that are installed beside it.

The workers are those of tests/examples, and the one in README.
"""
import contextlib
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import BIN_DIR, HANG, SOURCE_DIR, VERSION, Outcome, PipelineTest, children, main  # noqa: E402

EXAMPLES = SOURCE_DIR / 'tests/examples'


def run(*command: object, **options) -> str:
    """Runs a command that must succeed, and returns its output."""
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=10 * HANG, **options)
    assert done.returncode == 0, f'{command}:\n{done.stdout}'
    return done.stdout


def setUpModule() -> None:
    """Installs the package and builds the examples, once for all tests."""
    home = Path(tempfile.mkdtemp(prefix='rowsum test.'))  # the name has a blank in it
    unittest.addModuleCleanup(shutil.rmtree, home)
    # It is moved after the installation, since nothing in it may depend on where it is.
    run('cmake', '--install', BIN_DIR.parent, '--prefix', home / 'first')
    PackageTest.prefix = home / 'a prefix'
    (home / 'first').rename(PackageTest.prefix)
    PackageTest.examples = home / 'examples'
    run('cmake', '-S', EXAMPLES, '-B', PackageTest.examples, f'-DCMAKE_PREFIX_PATH={PackageTest.prefix}')
    run('cmake', '--build', PackageTest.examples)


class PackageTest(PipelineTest):
    prefix: Path
    examples: Path

    def installed(self, stdin, worker, *words) -> Outcome:
        return self.start_installed(stdin, worker, *words).finish()

    def start_installed(self, stdin, worker, *words):
        return self.start([self.prefix / 'bin/run_pipeline.sh', '--worker', worker, *words], stdin)

    def environment(self, prefix: Path) -> dict[str, str]:
        """The environment in which the package is found."""
        directory = next(prefix.glob('**/rowsum.pc')).parent
        return {**self.env, 'PKG_CONFIG_PATH': str(directory), 'PATH': f'{prefix}/bin:{self.env["PATH"]}'}

    def worker_at(self, place: int) -> int:
        """Waits until a worker is at this place, and returns its pid."""
        def find() -> int | None:
            for reader in self.processes('/p1_read '):
                for pid in children(reader):
                    with contextlib.suppress(OSError):  # it has just ended
                        if f'ROWSUM_WORKER={place}.'.encode() in Path(f'/proc/{pid}/environ').read_bytes():
                            return pid
            return None
        return self.until(find, f'no worker comes to place {place}')


class InstalledTest(PackageTest):
    def test_the_version_is_that_of_the_project(self):
        for name in 'p1_read', 'p2_sum', 'p3_write', 'run_pipeline', 'run_pipeline.sh':
            self.assertEqual(run(self.prefix / 'bin' / name, '--version'), f'{name} (row sums) {VERSION}\n')
        for_cmake = next(self.prefix.glob('**/rowsum-config-version.cmake')).read_text()
        self.assertIn(f'set(PACKAGE_VERSION "{VERSION}")', for_cmake)
        for_pkg_config = next(self.prefix.glob('**/rowsum.pc')).read_text()
        self.assertIn(f'Version: {VERSION}\n', for_pkg_config)
        self.assertTrue((SOURCE_DIR / 'scripts/debian/changelog').read_text().startswith(f'rowsum ({VERSION}) '))

    def test_man_finds_a_page_for_each_command(self):
        if not shutil.which('man'):
            self.skipTest('there is no man')
        for command in (self.prefix / 'bin').iterdir():
            page = run('man', '-M', self.prefix / 'share/man', '-P', 'cat', command.name, env={**self.env, 'LC_ALL': 'C'})
            self.assertIn(command.name.removesuffix('.sh'), page)
            self.assertIn('EXIT STATUS', page)
        self.assertIn('end', run('man', '-M', self.prefix / 'share/man', '-P', 'cat', '5', 'rowsum-stream'))

    def test_completions(self):
        share = self.prefix / 'share'
        commands = sorted(path.name for path in (self.prefix / 'bin').iterdir())
        for directory, end in ('bash-completion/completions', ''), ('fish/vendor_completions.d', '.fish'):
            self.assertEqual(sorted(path.name for path in (share / directory).iterdir()),
                             [command + end for command in commands])
        defined = (share / 'zsh/site-functions/_rowsum').read_text().splitlines()[0]
        self.assertEqual(defined.split(), ['#compdef', *commands])
        # bash defines them all when it completes one.
        for command in commands:
            run('bash', '-euc', f'source "$0/{command}"; for name; do complete -p "$name"; done',
                share / 'bash-completion/completions', *commands)

    def test_the_documents(self):
        self.assertLessEqual({'README.md', 'RECIPES.md', 'FORMAT.md'},
                             {path.name for path in (self.prefix / 'share/doc/rowsum').iterdir()})


class BuildingTest(PackageTest):
    def test_the_package_has_one_header_and_one_library(self):
        self.assertEqual([path.name for path in self.prefix.glob('include/**/*.h')], ['worker.h'])
        self.assertEqual([path.name for path in self.prefix.glob('**/*.a')], ['librowsum_worker.a'])

    def test_nothing_but_the_system_libraries_is_linked(self):
        if not shutil.which('readelf'):
            self.skipTest('there is no readelf')
        needed = re.findall(r'NEEDED.*\[(\w+)', run('readelf', '-d', self.examples / 'min_max'))
        self.assertLessEqual(set(needed), {'libstdc', 'libm', 'libgcc_s', 'libc', 'ld'}, needed)

    def test_with_pkg_config(self):
        """All examples; also the warnings that the suite itself has, as errors."""
        if not shutil.which('pkg-config'):
            self.skipTest('there is no pkg-config')
        flags = shlex.split(run('pkg-config', '--cflags', '--libs', 'rowsum', env=self.environment(self.prefix)))
        self.assertEqual(run('pkg-config', '--modversion', 'rowsum', env=self.environment(self.prefix)), f'{VERSION}\n')
        for source in sorted(EXAMPLES.glob('*.cpp')):
            warnings = '-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror'.split()
            run('c++', '-std=c++20', *warnings, source, *flags, '-o', self.work / source.stem)
            self.assertEqual(self.installed(b'\n', self.work / source.stem),
                             self.installed(b'\n', self.examples / source.stem))

    def test_an_older_standard_is_named(self):
        source = self.file('old.cpp', b'#include <rowsum/worker.h>\n')
        done = subprocess.run(['c++', '-std=c++17', '-fsyntax-only', source, '-I', self.prefix / 'include'],
                              stderr=subprocess.PIPE, text=True)
        self.assertIn('rowsum/worker.h needs C++20', done.stderr)

    def test_the_worker_in_readme(self):
        """Its source, and the commands that build and run it, as they stand there."""
        text = (SOURCE_DIR / 'README.md').read_text()
        source = re.search(r'    #include <rowsum/worker.h>\n(?:    .*\n|\n)*?    }\n', text)[0]
        commands = re.findall(r'^    (c\+\+ .*|run_pipeline.sh --worker ./my_worker .*)$', text, re.MULTILINE)
        self.assertEqual(len(commands), 2)
        self.file('my_worker.cpp', source.encode())
        self.file('in.csv', b'1,-5,3\n-7\n')
        # The command for a shell needs a place without blanks.
        place = self.work / 'place'
        place.symlink_to(self.prefix)
        run('bash', '-euxc', '\n'.join(commands), cwd=self.work, env=self.environment(place))
        self.assertEqual((self.work / 'out.csv').read_bytes(), b'0,3\n1,-7\n')


class RunningTest(PackageTest):
    def some_rows(self, count: int) -> tuple[bytes, bytes]:
        """Rows, and their least and greatest integers."""
        choice = random.Random(1)
        rows = [[choice.randrange(-10 ** 18, 10 ** 18) for _ in range(choice.randrange(1, 9))] for _ in range(count)]
        return (''.join(','.join(map(str, row)) + '\n' for row in rows).encode(),
                ''.join(f'{index},{min(row)},{max(row)}\n' for index, row in enumerate(rows)).encode())

    def test_min_max(self):
        data, output = self.some_rows(30000)
        for stdin in data, self.file('in.csv', data):
            for words in ['-n', 1], ['-n', 3], ['-n', 3, '--batch-size=5K', '--checksum']:
                outcome = self.installed(stdin, self.examples / 'min_max', *words)
                self.assertEqual((outcome.stdout == output, outcome.stderr, outcome.status), (True, '', 0), words)
        outcome = self.start(['bash', '-o', 'pipefail', '-c', 'p1_read in.csv | "$0" | p3_write',
                              self.examples / 'min_max'], env=self.environment(self.prefix)).finish()
        self.assertEqual((outcome.stdout == output, outcome.stderr, outcome.status), (True, '', 0))

    def test_rows_that_are_rejected(self):
        self.file('in.csv', b'4006381333931,Pen\n4006381333932,Pen\n"12",Pen\r\n\n"0000000000000","A, ""b"""\n')
        reports = ('p3_write: in.csv: row 1, field 1 (byte 18): the check digit is 1\n',
                   'p3_write: in.csv: row 2, field 1 (byte 36): not 13 digits\n',
                   'p3_write: in.csv: row 3 (byte 46): not two fields\n')
        first = b'0,Pen (4006381333931)\n'
        for n in 1, 3:
            picky = self.examples / 'picky', '-n', n, '--batch-size=1', 'in.csv'
            self.assertEqual(self.installed(None, *picky), Outcome(first, reports[0], 65))
            self.assertEqual(self.installed(None, *picky, '--on-error=skip', '--rejects=rejects'),
                             Outcome(first + b'4,A, "b" (0000000000000)\n', ''.join(reports), 1))
            self.assertEqual((self.work / 'rejects').read_bytes(), b'4006381333932,Pen\n"12",Pen\r\n\n')
        self.file('in.csv', b'1\n\nx\n99999999999999999999\n')
        self.assertEqual(self.installed(None, self.examples / 'min_max', '--on-error=skip', 'in.csv'), Outcome(
            b'0,1,1\n',
            'p3_write: in.csv: row 1 (byte 2): a blank line has no minimum\n'
            "p3_write: in.csv: row 2, field 1 (byte 3): 'x' is not an integer\n"
            "p3_write: in.csv: row 3, field 1 (byte 5): '99999999999999999999' does not fit 64 bits\n", 1))

    def test_workers_that_are_killed(self):
        """Each of them half-way, and also the ones that replace them."""
        data, output = self.some_rows(3000)
        rows = data.splitlines(True)
        run = self.start_installed(subprocess.PIPE, self.examples / 'min_max', '-n', 3)
        fed = 0
        lines = b''
        for life in 0, 1:
            for place in range(3):
                # Rows that come one by one go to one place after another.
                for _ in range(3):
                    run.stdin.write(rows[fed])
                    lines += run.read_line()
                    fed += 1
                os.kill(self.worker_at(place), signal.SIGKILL)
                self.until(lambda: run.errors().count('\n') == 3 * life + place + 1, 'nothing is said of the death')
        run.stdin.write(b''.join(rows[fed:]))
        run.stdin.close()
        outcome = run.finish()
        self.assertEqual((lines + outcome.stdout == output, outcome.status), (True, 0))
        self.assertEqual(outcome.stderr.splitlines(), [
            f'p1_read: min_max at place {place} was killed by signal 9 (KILL), and is replaced'
            for place in (0, 1, 2, 0, 1, 2)])


class DealingTest(PackageTest):
    """Which place gets which row. The rows are 2, 3 and so on, and uneven says on standard error who has answered
    them."""

    def start_uneven(self, policy: str):
        self.fed = 0
        return self.start_installed(subprocess.PIPE, self.examples / 'uneven', '-n', 2, '--batch-size=1', '--deal',
                                    policy)

    def feed(self, run, rows: int) -> None:
        """Gives so many more rows."""
        run.stdin.write(b''.join(b'%d\n' % (self.fed + row + 2) for row in range(rows)))
        self.fed += rows

    def answer(self, run, rows: int) -> None:
        """The same, each when the one before is answered, until all are answered."""
        for _ in range(rows):
            self.feed(run, 1)
            run.read_line()

    def start_with_a_stuck_place(self, policy: str):
        """Both places have answered a row (if they are dealt to in turn: one each), and place 0 is stopped."""
        run = self.start_uneven(policy)
        while set(self.places(run).values()) != {0, 1}:
            self.answer(run, 1)
        self.stuck = self.worker_at(0)
        os.kill(self.stuck, signal.SIGSTOP)
        return run

    def places(self, run) -> dict[int, int]:
        """The place that has answered, for each row that is answered."""
        return {int(row): int(place) for place, row in re.findall(r'^(\d)\.\d: (\d+)$', run.errors(), re.MULTILINE)}

    def end(self, run) -> list[int]:
        """Ends the run, and returns the places of all rows."""
        run.stdin.close()
        self.assertEqual(run.finish().status, 0)
        return [place for row, place in sorted(self.places(run).items())]

    def end_unstuck(self, run) -> list[int]:
        os.kill(self.stuck, signal.SIGCONT)
        return self.end(run)

    def test_idle_places(self):
        """If all are idle, they are dealt to in turn, or at random."""
        for policy in 'round-robin', 'pull', 'random':
            run = self.start_uneven(policy)
            self.answer(run, 40)
            self.assertEqual(self.end(run) == 20 * [0, 1], policy != 'random', policy)

    def test_a_stuck_place_holds_up_no_other(self):
        for policy in 'round-robin', 'random', 'pull':
            run = self.start_with_a_stuck_place(policy)
            before = list(self.places(run).values()).count(1)
            self.feed(run, 20)
            self.until(lambda: list(self.places(run).values()).count(1) >= before + 8, 'place 1 waits for place 0')
            self.assertEqual(len(self.end_unstuck(run)), self.fed)

    def test_round_robin_gives_to_a_stuck_place(self):
        run = self.start_with_a_stuck_place('round-robin')
        self.feed(run, 6)
        self.until(lambda: 9 in self.places(run), 'row 9 is not answered')
        self.assertEqual(self.end_unstuck(run), 4 * [0, 1])

    def test_with_pull_a_place_goes_on_however_far_it_is_ahead(self):
        """p3_write does not take its results before those of the place that is stuck."""
        run = self.start_with_a_stuck_place('pull')
        before = list(self.places(run).values()).count(1)
        self.feed(run, 60)
        self.until(lambda: list(self.places(run).values()).count(1) >= before + 50, 'place 1 waits for place 0')
        self.assertEqual(len(self.end_unstuck(run)), self.fed)

    def test_pull_gives_to_the_place_with_less_to_do(self):
        """Rows 5 and 6 both go to place 1, if it is known by then that row 5 has come back: nothing shows that, so
        this waits for longer and longer."""
        pause = 0.01
        while pause < HANG:
            run = self.start_with_a_stuck_place('pull')
            self.feed(run, 2)
            self.until(lambda: 5 in self.places(run), 'row 5 is not answered')
            time.sleep(pause)
            self.feed(run, 1)
            time.sleep(pause)
            if self.end_unstuck(run) == [0, 1, 0, 1, 1]:
                return
            pause *= 2
        self.fail('row 6 is always given to the place that is stuck')


if __name__ == '__main__':
    main()
