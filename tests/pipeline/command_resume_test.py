#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--resume with somebody's command: a run that was killed goes on, to the same bytes."""
import os
import re
import shutil
import signal
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from commands import ECHO, CommandTest, numbered  # noqa: E402
from pipeline import Outcome, Run, main  # noqa: E402

ROWS = [b'%d,"%d"' % (i, i) for i in range(1000)]
# The rows from 600 on are answered only when there is a file "go".
HELD = 'test "$ROWSUM_BATCH_FIRST_ROW" -lt 600 || test -e go || exec {} 1000; '
HELD_COPROCESS = ECHO.replace('read -r row;', 'read -r row; case $row in 6??,*) test -e go || {} 1000 ;; esac;')


class ResumeTest(CommandTest):
    def setUp(self) -> None:
        super().setUp()
        # If syncing takes almost no time, the journal is written all the time.
        if os.access('/dev/shm', os.W_OK):
            self.work = Path(tempfile.mkdtemp(prefix='rowsum_test.', dir='/dev/shm'))
            self.addCleanup(shutil.rmtree, self.work)
        self.file('in.csv', b'\n'.join(ROWS))

    def option(self, mode: str) -> str:
        text = HELD + 'cat' if mode == 'command' else HELD_COPROCESS
        return f'--{mode}={text.format(self.sleeper())}'

    def start_resumed(self, *options, n: int = 2) -> Run:
        return self.start_launcher(None, '-n', n, '--batch-size=100', '-o', 'out.csv', '--resume', *options, 'in.csv')

    def state(self) -> dict[str, bytes]:
        return {name: (self.work / name).read_bytes() for name in ('out.csv.journal', 'out.csv.partial')}

    def row(self) -> int:
        """The row at which the journal goes on."""
        try:
            found = re.search(r'^row (\d+)', (self.work / 'out.csv.journal').read_text(errors='replace'), re.MULTILINE)
        except FileNotFoundError:
            return 0
        return int(found[1]) if found else 0

    def interrupt(self, *options: str) -> None:
        """Starts a run, and kills it when it cannot go on."""
        run = self.start_resumed(*options)
        self.until(lambda: self.sleepers() and self.row() > 0, 'no progress')
        os.kill(run.pid, signal.SIGKILL)
        run.finish()
        self.assert_no_sleepers()
        self.assert_nothing_left()

    def assert_completes(self, expected: bytes, *options: str) -> None:
        self.file('go')
        row = self.row()
        outcome = self.start_resumed(*options, n=5).finish()
        self.assertEqual((outcome.stdout, outcome.status), (b'', 0), outcome)
        self.assertRegex(outcome.stderr, rf'^p3_write: going on at row {row}, byte \d+ of \d+ \(in\.csv\)\n$')
        self.assertTrue((self.work / 'out.csv').read_bytes() == expected)
        self.assertFalse((self.work / 'out.csv.journal').exists())

    def test_a_run_goes_on(self):
        for mode in 'command', 'coprocess':
            (self.work / 'go').unlink(missing_ok=True)
            option = self.option(mode)
            self.interrupt(option)
            self.interrupt(option)  # it begins anew from the journal, and gets no further
            self.assert_completes(numbered(ROWS), option)

    def test_what_is_done_is_not_done_again(self):
        option = '--command=echo $ROWSUM_BATCH_FIRST_ROW >>begun; ' + self.option('command').partition('=')[2]
        self.interrupt(option)
        row = self.row()
        (self.work / 'begun').unlink()
        self.assert_completes(numbered(ROWS), option)
        self.assertEqual(min(map(int, (self.work / 'begun').read_text().split())), row)

    def test_a_header(self):
        """It is there once, and the command gets it also after the beginning."""
        self.file('in.csv', b'a,"b"\r\n' + b'\n'.join(ROWS))
        with_header = "sed '1{h; b}; G; s/\\n/ of /'"  # what follows each row shows that it has come
        for option, suffix in (self.option('command').replace('; cat', f'; {with_header}'), b' of a,b'), \
                (self.option('coprocess'), b''):
            (self.work / 'go').unlink(missing_ok=True)
            options = option, '--header=repeat', '--crlf', '--one-line'
            expected = b'index,a,b\r\n' + b''.join(b'%d,%d,%d%s\r\n' % (i, i, i, suffix) for i in range(1000))
            self.interrupt(*options)
            self.assert_completes(expected, *options)

    def test_any_lines(self):
        options = self.option('command').replace('; cat', '; tr -d "\\n"'), '--lines=any'
        self.interrupt(*options)
        self.assert_completes(b''.join(ROWS), *options)

    def test_another_command_is_refused(self):
        option = self.option('command')
        self.interrupt(option)
        state = self.state()
        for options in [option + ' '], [option, '--lines=any'], [option, '--header'], [option, '--header=repeat'], [], \
                [option, '--one-line'], [option.replace('--command', '--coprocess')]:
            with self.subTest(options):
                outcome = self.start_resumed(*options).finish()
                self.assertEqual((outcome.stdout, outcome.status), (b'', 65), outcome)
                self.assertRegex(outcome.stderr, r'^p3_write: out\.csv\.journal: of a run with .* and not .*; remove it to '
                                                 r'begin anew\n$')
                self.assertEqual(self.state(), state)
        self.assert_completes(numbered(ROWS), option)

    def test_a_command_that_fails(self):
        """The run ends, and once the command has been mended in its own file, it goes on."""
        for content in b'sed /^700,/d', b'cat':
            self.file('script', content)
            outcome = self.start_resumed('--command=sh ./script', '--retries=0', '--batch-size=1M').finish()
            if content != b'cat':
                self.assertEqual((outcome.stdout, outcome.status), (b'', 65), outcome)
        size = (self.work / 'in.csv').stat().st_size
        line = f'p3_write: going on at row 700, byte 6780 of {size} (in.csv)\n'
        self.assertEqual(outcome, Outcome(b'', line, 0))
        self.assertTrue((self.work / 'out.csv').read_bytes() == numbered(ROWS))


class LostWorkersTest(CommandTest):
    def test_the_header_comes_once(self):
        """Also if the worker that has sent it dies, and if another one has sent it, too."""
        rows = [b'%d' % i for i in range(30)]
        data = b'head\n' + b'\n'.join(rows)
        for mode, rest in ('command', 'cat'), ('coprocess', ECHO):
            for kill in 'kill -9 $PPID', 'kill -9 $$':
                for first in True, False:
                    condition = 'mkdir killed' if first else 'test $ROWSUM_PLACE = 1 && mkdir killed'
                    option = f'--{mode}=if {condition}; then {kill}; fi 2>/dev/null; {rest}'
                    outcome = self.launcher(self.file('in.csv', data), '-n', 2, '--batch-size=10', '--header=repeat',
                                            '--deal=round-robin', option)
                    self.assertEqual((outcome.stdout, outcome.status), (b'index,head\n' + numbered(rows), 0), outcome.stderr)
                    self.assertEqual(outcome.stderr.count('\n'), 1)
                    (self.work / 'killed').rmdir()


if __name__ == '__main__':
    main()
