# SPDX-License-Identifier: MIT
"""A real terminal for tests: tmux, with a shell in it that has the programs in its PATH."""
import shutil
import subprocess
from typing import Callable

from pipeline import BIN_DIR, PipelineTest


class ScreenTest(PipelineTest):
    def setUp(self) -> None:
        super().setUp()
        if not shutil.which('tmux'):
            self.skipTest('there is no tmux')
        self.server = ['tmux', '-S', str(self.directory / 'tmux'), '-f', '/dev/null']
        profile = self.directory / 'profile'
        profile.write_text("PS1='$ '\n")
        self.env.update(PATH=f'{BIN_DIR}:{self.env["PATH"]}', ENV=str(profile))
        self.env.pop('TMUX', None)
        self.tmux('new-session', '-d', '-x', 80, '-y', 24, 'exec sh')
        self.until_screen(lambda lines: lines == ['$'], 'the shell does not begin')

    def tearDown(self) -> None:
        subprocess.run([*self.server, 'kill-server'], env=self.env, stderr=subprocess.DEVNULL, check=False)
        super().tearDown()

    def tmux(self, *words: object) -> str:
        command = [*self.server, *map(str, words)]
        return subprocess.run(command, env=self.env, cwd=self.work, check=True, stdout=subprocess.PIPE).stdout.decode()

    def type(self, line: str) -> None:
        """Types a line and Enter."""
        self.tmux('send-keys', '-l', line)
        self.tmux('send-keys', 'Enter')

    def press(self, key: str) -> None:
        self.tmux('send-keys', key)

    def resize(self, columns: int, rows: int = 24) -> None:
        self.tmux('resize-window', '-x', columns, '-y', rows)

    def screen(self) -> list[str]:
        """The lines on the screen, without blanks at the end of each, and without empty lines at the end."""
        return [line.rstrip() for line in self.tmux('capture-pane', '-p').rstrip().split('\n')]

    def until_screen(self, condition: Callable[[list[str]], object], what: str) -> list[str]:
        """Waits until the condition holds for the lines on the screen, and returns them."""
        lines: list[str] = []

        def holds() -> object:
            lines[:] = self.screen()
            return condition(lines)
        try:
            self.until(holds, what)
        except AssertionError as error:
            raise AssertionError(f'{error}\nthe screen:\n' + '\n'.join(lines)) from None
        return lines
