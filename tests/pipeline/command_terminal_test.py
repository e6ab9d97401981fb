#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Commands in a run that was started at a terminal."""
import fcntl
import os
import pty
import signal
import sys
import termios
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from commands import ECHO, CommandTest  # noqa: E402
from pipeline import Outcome, Run, main  # noqa: E402


class TerminalTest(CommandTest):
    def setUp(self) -> None:
        super().setUp()
        self.env['TERM'] = 'dumb'  # others get escape sequences
        self.keyboard, self.terminal = pty.openpty()
        self.addCleanup(os.close, self.keyboard)
        self.addCleanup(os.close, self.terminal)

    def start_at_terminal(self, *options: str, **popen) -> Run:
        """The launcher in the foreground of the terminal."""
        return self.start_launcher(b'1\n', '-n', 1, '--retries=0', *options, start_new_session=True,
                                   preexec_fn=lambda: fcntl.ioctl(self.terminal, termios.TIOCSCTTY), **popen)

    def test_the_terminal_cannot_be_read(self):
        """Several commands would read it at once, and the kernel would stop them, because they are in the
        background. So a command that tries fails at once."""
        for mode, rest in ('command', 'cat'), ('coprocess', ECHO):
            outcome = self.start_at_terminal(f'--{mode}=read -r answer </dev/tty || exit 9; {rest}').finish()
            self.assertIn('/dev/tty', outcome.stderr)
            self.assertEqual((outcome.stdout, outcome.status), (b'', 65))

    def test_errors_on_the_terminal(self):
        """They come through, also if the terminal stops processes in the background that write (stty tostop)."""
        settings = termios.tcgetattr(self.terminal)
        settings[3] |= termios.TOSTOP
        termios.tcsetattr(self.terminal, termios.TCSANOW, settings)
        for mode, rest in ('command', 'cat'), ('coprocess', ECHO):
            run = self.start_at_terminal(f'--{mode}=echo hello >&2; {rest}', stderr=self.terminal)
            self.assertEqual((run.read_line(), self.wait(run.members[0])), (b'0,1\n', 0))
            self.assertEqual(os.read(self.keyboard, 100), b'hello\r\n')

    def test_ctrl_c(self):
        for mode in 'command', 'coprocess':
            run = self.start_at_terminal(f'--{mode}={self.sleeper()} 1000 | cat')
            self.until(self.sleepers, 'the command has not started a sleeper')
            os.write(self.keyboard, b'\x03')
            self.assertEqual(run.finish(), Outcome(b'', '', -signal.SIGINT))
            self.assert_no_sleepers()


if __name__ == '__main__':
    main()
