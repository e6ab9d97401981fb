#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--progress, in a real terminal and without one, and SIGUSR1."""
import array
import fcntl
import os
import re
import shlex
import signal
import sys
import termios
import time
from pathlib import Path
from typing import Any, Callable

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import Outcome, PipelineTest, Run, main, sums  # noqa: E402
from screen import ScreenTest  # noqa: E402

# The first row is answered at once, the others when there is a file "go".
HELD = 'test "$ROWSUM_BATCH_FIRST_ROW" = 0 || until test -e go; do sleep 0.05; done; cat'
ROWS = b'1,2\n3,4\n5,6\n7,8\n'
LINES = b'0,1,2\n1,3,4\n2,5,6\n3,7,8\n'

# What is known when the first row is written.
BAR = re.compile(r' 25% \[=+> +\]( 4/16 B(, .*)?)?')
TEXT = re.compile(r'p3_write: 4 B of 16 B \(25%\), 1 row, \d+:\d\d so far(, \d+ B/s, \d+:\d\d left)?')


def is_bar(line: str) -> bool:
    return BAR.fullmatch(line) is not None


def waiting_bytes(pipe) -> int:
    count = array.array('i', [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


class TerminalTest(ScreenTest):
    def setUp(self) -> None:
        super().setUp()
        self.file('in.csv', ROWS)

    def launcher_words(self, *options: str, command: str = HELD, data: str = 'in.csv') -> str:
        return shlex.join(['run_pipeline.sh', '-n1', '--batch-size=1', f'--command={command}', *options, data])

    def run_script(self, text: str) -> None:
        """Runs a script in the foreground. It has one short line on the screen, in any terminal."""
        self.file('run', f'#!/bin/sh\n{text}\n'.encode()).chmod(0o755)
        self.type('./run')

    def run_launcher(self, *options: str, redirection: str = '>out', **words: str) -> None:
        self.run_script(f'exec {self.launcher_words(*options, **words)} {redirection}')

    def until_bar(self) -> list[str]:
        return self.until_screen(lambda lines: is_bar(lines[-1]), 'no bar')

    def clear(self) -> None:
        self.type('clear')
        self.until_lines('$')

    def go(self) -> None:
        self.file('go')

    def until_lines(self, *expected: str) -> None:
        self.until_screen(lambda lines: lines == list(expected), f'not {expected}')

    def assert_output(self, expected: bytes = LINES) -> None:
        self.assertEqual((self.work / 'out').read_bytes(), expected)

    def test_a_bar_that_goes(self):
        self.run_launcher()
        lines = self.until_bar()
        self.assertEqual(lines[:-1], ['$ ./run', ''])
        self.assertRegex(lines[-1], r'^ 25% \[=+> +\] 4/16 B, 1 row, \d+ B/s')
        self.assertLess(len(lines[-1]), 80)
        self.go()
        self.until_lines('$ ./run', '$')
        self.assert_output()

    def test_never(self):
        self.run_launcher('--progress=never')
        time.sleep(1.5)
        self.assertEqual(self.screen(), ['$ ./run'])
        self.go()
        self.until_lines('$ ./run', '$')

    def test_the_chain(self):
        self.run_script(f'p1_read --batch-size=1 in.csv | p2_sum --command={shlex.quote(HELD)} | p3_write >out')
        self.until_bar()
        self.go()
        self.until_lines('$ ./run', '$')
        self.assert_output()

    def test_input_of_unknown_size(self):
        self.fifo('fifo')
        self.run_launcher(data='-', redirection='<fifo >out')
        with open(self.work / 'fifo', 'wb', buffering=0) as fifo:
            fifo.write(ROWS[:4])
            lines = self.until_screen(lambda lines: 'so far' in lines[-1], 'no line')
            self.assertRegex(lines[-1], r'^4 B, 1 row, \d+:\d\d so far, \d+ B/s$')
            fifo.write(ROWS[4:])
            self.go()
        self.until_lines('$ ./run', '$')
        self.assert_output()

    def test_a_narrow_terminal_and_a_resize(self):
        self.resize(40)
        self.run_launcher()
        self.assertEqual(self.until_bar()[:-1], ['$ ./run', ''])
        for columns in 25, 60, 80, 30, 18:
            self.resize(columns)
            # A terminal that becomes narrower breaks the old bar in two, and may scroll for that.
            lines = self.until_screen(lambda lines: is_bar(lines[-1]) and lines[-2:-1] == [''], 'no bar')
            self.assertIn(lines[:-2], ([], ['$ ./run']))
            self.assertLess(len(lines[-1]), columns)
        self.resize(10)
        self.until_screen(lambda lines: lines[-2:] == ['', ' 25%'], 'no percent')
        self.go()
        self.until_screen(lambda lines: lines[-1] == '$', 'no end')
        self.assertIn(self.screen(), (['$'], ['$ ./run', '$']))
        self.assert_output()

    def test_the_last_line_of_the_terminal(self):
        self.type('seq 30')
        self.until_screen(lambda lines: lines[-2:] == ['30', '$'], 'no lines')
        self.run_launcher()
        lines = self.until_bar()
        self.assertEqual(lines[-4:-1], ['30', '$ ./run', ''])
        self.go()
        self.until_screen(lambda lines: lines[-3:] == ['30', '$ ./run', '$'], 'no end')

    def test_the_death_of_a_worker(self):
        self.run_launcher('--retries=5')
        self.until_bar()
        death = 'p1_read: p2_sum at place 0 was killed by signal 9 (KILL), and is replaced'
        for deaths, words in (1, '1 worker lost'), (2, '2 workers lost'):
            worker, = self.until(lambda: self.processes('/p2_sum '), 'no worker')
            os.kill(worker, signal.SIGKILL)
            lines = self.until_screen(lambda lines: words in lines[-1], 'no word of the worker')
            self.assertEqual(lines[:-1], ['$ ./run', *[death] * deaths, ''])
            self.assertRegex(lines[-1], BAR)
            self.until(lambda: self.processes('/p2_sum ') != [worker], 'the worker goes on')
        self.go()
        self.until_lines('$ ./run', death, death, '$')
        self.assert_output()

    def test_many_messages_at_once(self):
        """They come when the bar is there, and none of them runs into it."""
        self.file('bad.csv', b'1,2\n' + b'x\n' * 10)
        results = self.shell('p1_read --batch-size=1 bad.csv | p2_sum').stdout
        second = results.find(b'\x8fRES', results.find(b'\x8fRES') + 1)
        last = results.find(b'\x8fEND')
        self.fifo('fifo')
        self.run_script('exec p3_write --on-error=skip fifo >out')
        with open(self.work / 'fifo', 'wb', buffering=0) as fifo:
            fifo.write(results[:second])
            self.until_screen(lambda lines: '4/24 B, 1 row' in lines[-1], 'no bar')
            fifo.write(results[second:last])
            lines = self.until_screen(lambda lines: '10 rows rejected' in lines[-1], 'no word of them')
            fifo.write(results[last:])
        reports = [f"p3_write: bad.csv: row {row}, field 1 (byte {2 + 2 * row}): 'x' is not an integer"
                   for row in range(1, 11)]
        self.assertEqual(lines[:-1], ['$ ./run', *reports, ''])
        self.until_lines('$ ./run', *reports, '$')

    def test_a_reader_that_goes(self):
        self.run_script(f'{self.launcher_words("--progress=always")} | until test -e enough; do sleep 0.05; done')
        self.until_bar()
        self.file('enough')
        self.until_lines('$ ./run', '$')

    def test_messages_of_a_command(self):
        self.run_launcher(command='echo hello >&2; echo world >&2; ' + HELD + '; echo bye >&2')
        said = ['$ ./run', 'hello', 'world', 'bye', 'hello', 'world', '']
        self.until_screen(lambda lines: lines[:-1] == said and is_bar(lines[-1]), 'not all of this and a bar')
        self.go()
        self.until_lines('$ ./run', *['hello', 'world', 'bye'] * 4, '$')

    def test_a_reader_that_may_write_to_the_terminal(self):
        self.run_script(f'{self.launcher_words()} | cat')
        time.sleep(1.5)
        self.assertEqual(self.screen(), ['$ ./run', LINES.decode().splitlines()[0]])
        self.go()
        self.until_lines('$ ./run', *LINES.decode().splitlines(), '$')

    def test_another_program_at_the_same_terminal(self):
        """It knows nothing of the bar, and has written a part of a line."""
        self.run_script(f'{self.launcher_words()} >out & printf abc; until test -e more; do sleep 0.05; done\n'
                        'printf "def\\nghi"; wait')
        self.assertEqual(self.until_bar()[:-1], ['$ ./run', 'abc'])
        self.file('more')
        self.until_screen(lambda lines: lines[1:-1] == ['abcdef', 'ghi'] and is_bar(lines[-1]), 'not the same bar')
        self.go()
        self.until_lines('$ ./run', 'abcdef', 'ghi$')

    def test_ctrl_z(self):
        self.run_launcher()
        self.until_bar()
        self.press('C-z')
        lines = self.until_screen(lambda lines: lines[-1] == '$', 'it does not stop')
        self.assertFalse(any(map(is_bar, lines)))
        # In the background it draws nothing.
        self.type('bg')
        self.until_screen(lambda lines: any('bg' in line for line in lines) and lines[-1] == '$', 'no background')
        time.sleep(0.5)
        lines = self.screen()
        self.assertFalse(any(map(is_bar, lines)))
        self.type('fg')
        self.assertEqual(self.until_bar()[:len(lines) - 1], lines[:-1])
        self.press('C-z')
        self.until_screen(lambda lines: lines[-1] == '$', 'it does not stop')
        self.type('fg')
        self.until_bar()
        self.go()
        self.until_screen(lambda lines: lines[-1] == '$', 'no end')
        self.assertFalse(any(map(is_bar, self.screen())))
        self.assert_output()

    def test_time_in_which_it_is_stopped_does_not_count(self):
        self.fifo('fifo')
        begin = time.monotonic()
        self.run_launcher(data='-', redirection='<fifo >out')
        with open(self.work / 'fifo', 'wb', buffering=0) as fifo:
            fifo.write(ROWS)
            self.until_screen(lambda lines: 'so far' in lines[-1], 'no line')
            self.press('C-z')
            self.until_screen(lambda lines: lines[-1] == '$', 'it does not stop')
            stopped = time.monotonic()
            time.sleep(4)
            continued = time.monotonic()
            self.type('fg')
            lines = self.until_screen(lambda lines: 'so far' in lines[-1], 'no line')
            passed = time.monotonic() - begin - (continued - stopped)
            minutes, seconds = re.search(r'(\d+):(\d\d) so far', lines[-1]).groups()
            self.assertLessEqual(60 * int(minutes) + int(seconds), passed)
            self.go()
        self.until_screen(lambda lines: lines[-1] == '$', 'no end')

    def test_signals_that_end_it(self):
        """By these p3_write cannot clean up in its own time."""
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT:
            self.clear()
            self.run_launcher()
            self.until_bar()
            process, = self.processes('/p3_write ')
            os.kill(process, number)
            lines = self.until_screen(lambda lines: lines[-1] == '$', 'no end')
            self.assertFalse(any(map(is_bar, lines)))

    def test_ctrl_c(self):
        self.run_launcher()
        self.until_bar()
        self.press('C-c')
        self.until_lines('$ ./run', '^C', '$')

    def test_a_run_that_fails(self):
        self.run_launcher('--retries=0', command=HELD + '; test "$ROWSUM_BATCH_FIRST_ROW" = 0')
        self.until_bar()
        self.go()
        lines = self.until_screen(lambda lines: lines[-1] == '$', 'no end')
        self.assertRegex(lines[1], '^p2_sum: ')
        self.assertRegex(lines[-2], "whenever it is given it$")
        self.assertFalse(any(map(is_bar, lines)))
        self.assert_output(LINES[:6])

    def test_a_terminal_that_cannot_erase(self):
        self.run_script(f'TERM=dumb exec {self.launcher_words()} >out')
        time.sleep(1.5)
        self.assertEqual(self.screen(), ['$ ./run'])
        self.go()
        self.until_lines('$ ./run', '$')

    def test_output_to_the_terminal(self):
        sums = LINES.decode().split()
        self.run_launcher(redirection='')
        self.until_lines('$ ./run', sums[0])
        time.sleep(1.5)
        self.assertEqual(self.screen(), ['$ ./run', sums[0]])
        self.go()
        self.until_lines('$ ./run', *sums, '$')
        (self.work / 'go').unlink()
        self.clear()
        self.run_launcher('--progress=always', redirection='')
        self.assertEqual(self.until_bar()[:-1], ['$ ./run', sums[0], ''])
        self.go()
        self.until_lines('$ ./run', *sums, '$')

    def test_a_program_that_has_the_terminal_for_itself(self):
        """As less(1) has, it gets every key at once."""
        self.run_script(f'''stty -icanon
            {self.launcher_words("--progress=always")} | {{ cat; stty icanon </dev/tty; }} >out''')
        time.sleep(1.5)
        self.assertEqual(self.screen(), ['$ ./run'])
        self.go()
        self.until_lines('$ ./run', '$')
        self.assert_output()


class NoTerminalTest(PipelineTest):
    def setUp(self) -> None:
        super().setUp()
        self.file('in.csv', ROWS)

    def start_held(self, *options: str, **popen: Any) -> Run:
        """Returns when the first row is written."""
        run = self.start_launcher(None, '-n1', '--batch-size=1', f'--command={HELD}', *options, 'in.csv', **popen)
        self.assertEqual(run.read_line(), LINES[:6])
        return run

    def finish(self, run: Run) -> str:
        """Returns standard error."""
        self.file('go')
        outcome = run.finish()
        self.assertEqual((outcome.stdout, outcome.status), (LINES[6:], 0))
        return outcome.stderr

    def test_only_always_has_lines(self):
        silent = [self.start_held(*options) for options in ([], ['--progress=auto'], ['--progress=never'])]
        run = self.start_held('--progress=always')
        self.until(run.errors, 'no line')
        self.assertRegex(self.finish(run), rf'^({TEXT.pattern}\n)+$')
        for run in silent:
            self.assertEqual(self.finish(run), '')

    def ask_until(self, run: Run, line: re.Pattern, kill: Callable[[int, int], None] = os.kill) -> None:
        """Sends SIGUSR1 until the run answers with this line. A row may be read before it is counted."""
        def is_told() -> bool:
            kill(run.pid, signal.SIGUSR1)
            return any(map(line.fullmatch, run.errors().splitlines()))
        self.until(is_told, 'no such line')

    def test_sigusr1(self):
        run = self.start_held()
        self.ask_until(run, TEXT)
        self.assertRegex(self.finish(run), r'^(p3_write: [04] B of 16 B .*\n)+$')

    def test_sigusr1_to_all_programs(self):
        """`kill -USR1 %1` in a shell."""
        run = self.start_held(preexec_fn=os.setpgrp)
        self.ask_until(run, TEXT, os.killpg)
        self.assertRegex(self.finish(run), r'^(p3_write: [04] B of 16 B .*\n)+$')

    def test_sigusr1_if_it_is_ignored(self):
        run = self.start_held(preexec_fn=lambda: signal.signal(signal.SIGUSR1, signal.SIG_IGN))
        os.kill(run.pid, signal.SIGUSR1)
        self.assertEqual(self.finish(run), '')

    def test_sigusr1_while_nobody_reads_the_output(self):
        path = self.file('large.csv', b'1\n' * 1_000_000)
        run = self.start_chain(None, [path])
        room = fcntl.fcntl(run.stdout, fcntl.F_GETPIPE_SZ)
        self.until(lambda: waiting_bytes(run.stdout) == room, 'it does not fill the pipe')
        os.kill(run.pid, signal.SIGUSR1)
        self.until(run.errors, 'no line')
        outcome = run.finish()
        self.assertRegex(outcome.stderr, r'^p3_write: 0 B of 2\.0 MB \(0%\), 0 rows, \d+:\d\d so far(, 0 B/s)?\n$')
        self.assertEqual(outcome.status, (0, 0, 0))
        self.assertTrue(outcome.stdout == sums(path.read_bytes()))

    def test_sigusr1_disturbs_nothing(self):
        path = self.generate('large.csv', '--rows', 200_000)
        expected = sums(path.read_bytes())
        for start in lambda: self.start_launcher(None, '-n2', path), lambda: self.start_chain(path):
            run = start()
            self.until(lambda: self.catches(run.pid), 'no handler')
            out = b''
            while piece := run.read(10_000):
                out += piece
                os.kill(run.pid, signal.SIGUSR1)
            self.assertTrue(out == expected)
            outcome = run.finish()
            self.assertRegex(outcome.stderr, r'^(p3_write: .*\n)+$')

    def catches(self, pid: int) -> bool:
        """Whether the process has a handler for SIGUSR1."""
        status = Path(f'/proc/{pid}/status').read_text()
        return int(re.search(r'SigCgt:\s*(\w+)', status)[1], 16) >> (signal.SIGUSR1 - 1) & 1 == 1

    def test_resume(self):
        """The numbers go on where the run does."""
        options = ['-o', 'out.csv', '--resume', '--retries=0', '-n1', '--batch-size=1',
                   '--command=test "$ROWSUM_BATCH_FIRST_ROW" -lt 1 || test -e first || exit 9; ' + HELD]
        self.assertEqual(self.launcher(None, *options, 'in.csv').status, 65)
        self.file('first')
        run = self.start_launcher(None, *options, 'in.csv')
        self.until(lambda: self.catches(run.pid), 'no handler')
        self.ask_until(run, re.compile(r'p3_write: 4 B of 16 B \(25%\), 1 row, \d+:\d\d so far(, 0 B/s)?'))
        self.file('go')
        self.assertEqual(run.finish().status, 0)
        self.assertEqual((self.work / 'out.csv').read_bytes(), LINES)

    def test_wrong_mode(self):
        line = "p3_write: --progress: 'yes' is not auto, always or never; try 'run_pipeline.sh --help'\n"
        self.assertEqual(self.launcher(b'1\n', '--progress=yes'), Outcome(b'', line, 64))


if __name__ == '__main__':
    main()
