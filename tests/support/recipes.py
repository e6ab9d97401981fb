# SPDX-License-Identifier: MIT
"""The recipes of scripts/RECIPES.md, as their readers run them: the base of the tests in tests/places.

    @needs('make', package='make')
    class MakeTest(RecipeTest):
        def test_one_file(self):
            self.file('a.csv', b'1,2\\n')
            self.assertEqual(self.shell(self.recipe('make, a rule for sums')), Outcome(b'', '', 0))

A recipe is the block of code under a heading "### TITLE" of the page. It is run as it stands there, by bash, in a
directory with a space in its name. What differs from place to place, such as a port, the recipe takes from variables,
which a test sets in self.env.
"""
import os
import re
import shutil
import socket
import subprocess
import unittest
from pathlib import Path
from typing import Callable

from pipeline import BIN_DIR, SOURCE_DIR, Outcome, PipelineTest, Run, Words

PAGE = SOURCE_DIR / 'scripts/RECIPES.md'
NOBODY = 65534
WHERE_SERVERS_ARE = [Path('/usr/sbin'), *Path('/usr/lib/postgresql').glob('*/bin')]


def blocks(title: str) -> list[str]:
    """The blocks of code under a heading."""
    section = re.search(rf'^### {re.escape(title)}\n(.*?)(?=^#|\Z)', PAGE.read_text(), re.M | re.S)
    assert section, f'{PAGE} has no recipe "{title}"'
    found = re.findall(r'^(?:    .*\n(?:\n(?=    ))?)+', section[1], re.M)
    return [re.sub('^    ', '', block, flags=re.M) for block in found]


def find(program: str) -> str | None:
    """A program, also one that lies where PATH of an ordinary user does not lead to."""
    return shutil.which(program, path=':'.join([os.environ['PATH'], *map(str, WHERE_SERVERS_ARE)]))


def needs(*programs: str, package: str) -> Callable[[type], type]:
    """Skips a class of tests where a program is missing."""
    return unittest.skipUnless(all(map(find, programs)), f'{package} is not installed')


def as_server() -> Words:
    """The beginning of the command of a server, which root starts as nobody, and everybody else as himself."""
    return ['setpriv', f'--reuid={NOBODY}', f'--regid={NOBODY}', '--clear-groups'] if os.geteuid() == 0 else []


def make_for_server(path: Path) -> Path:
    """Makes a directory, in one that is private so far, which belongs to the user of as_server(). Skips the test if it
    is out of his reach."""
    path.mkdir()
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)
        path.parent.chmod(0o755)
    if subprocess.run([*as_server(), 'test', '-x', path]).returncode:
        raise unittest.SkipTest('the directory of temporary files is out of reach for nobody')
    return path


class RecipeTest(PipelineTest):
    def setUp(self) -> None:
        super().setUp()
        self.work = self.directory / 'a place'
        self.work.mkdir()
        home = self.directory / 'home'
        home.mkdir()
        # Every recipe runs without the settings of the user's own home directory.
        self.env.update(HOME=str(home), PATH=f'{BIN_DIR}:{self.env["PATH"]}')

    def recipe(self, title: str, where: str = '') -> str:
        """The recipe with this title, or its lines that end with the comment "# WHERE"."""
        [block] = blocks(title)
        if not where:
            return block
        return ''.join(line for line in block.splitlines(True) if line.rstrip().endswith(f'# {where}'))

    def start_shell(self, script: str) -> Run:
        """Runs a bash script in the environment of this test."""
        return self.start(['bash', '-c', script])

    def shell(self, script: str) -> Outcome:
        return self.start_shell(script).finish()

    def free_port(self) -> int:
        """A port of the loopback interface that only a program with the option SO_REUSEADDR can have."""
        kept = socket.socket()
        self.addCleanup(kept.close)
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(('127.0.0.1', 0))
        return kept.getsockname()[1]

    def until_listening(self, port: int | str, pid: int | str = 'self') -> None:
        """Waits for a program that listens at a port in the network of a process, without connecting to it."""
        listens = re.compile(rf'^ *\d+: \w+:{int(port):04X} \w+:0000 0A ', re.M)
        self.until(lambda: listens.search(Path(f'/proc/{pid}/net/tcp').read_text()), f'nobody listens at port {port}')

    def programs_for_server(self) -> Path:
        """A directory with the programs, which the server can read wherever those are that are tested."""
        path = make_for_server(self.directory / 'bin')
        for name in 'p1_read', 'p2_sum', 'p3_write', 'run_pipeline.sh':
            shutil.copy(BIN_DIR / name, path)
        return path
