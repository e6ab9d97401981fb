#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--coprocess: a command that stays, and answers batch after batch."""
import itertools
import os
import re
import signal
import sys
import textwrap
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from commands import ECHO, ECHO_BATCHES, NUMBERS, PYTHON, CommandTest, numbered, python  # noqa: E402
from pipeline import LAUNCHER, Outcome, main, sums  # noqa: E402

ROWS = [b'%d,%d,%d' % (i, -i * i, 10 ** (i % 12)) for i in range(25)]
DATA = b'\n'.join(ROWS)  # without the last row end
SUMS = sums(DATA)


class AnswersTest(CommandTest):
    def test_a_model(self):
        self.assert_always(SUMS, DATA, f'--coprocess={self.model()}')
        for size in 1, 50, '1M':
            self.assertEqual(self.chain_with(f'--coprocess={self.model()}', DATA, [f'--batch-size={size}']),
                             Outcome(SUMS, '', (0, 0, 0)))

    def test_an_ordinary_user(self):
        prefix = self.without_rights()
        self.work.chmod(0o755)
        command = f'--coprocess={self.model()}'
        self.assertEqual(self.start([*prefix, LAUNCHER, '-n', 2, '--batch-size=50', command], DATA).finish(),
                         Outcome(SUMS, '', 0))

    def test_ways_to_read_and_write(self):
        """Row by row, or a whole batch at once; in each case the lines are flushed at the end of the batch."""
        by_bytes = python('import sys\n'
                          'read = sys.stdin.buffer.read\n'
                          'while header := sys.stdin.buffer.readline():\n'
                          '    sys.stdout.buffer.write(read(int(header.split()[1])))\n'
                          '    sys.stdout.flush()')
        at_the_end = python('import sys\n'
                            'while header := sys.stdin.readline():\n'
                            '    lines = [sys.stdin.readline() for _ in range(int(header.split()[0]))]\n'
                            '    print("".join(lines), end="", flush=True)')
        before_the_rows = python('import sys\n'
                                 'while header := sys.stdin.readline():\n'
                                 '    rows, size = map(int, header.split())\n'
                                 '    print("x\\n" * rows, end="", flush=True)\n'
                                 '    sys.stdin.read(size)')
        for command in ECHO, ECHO_BATCHES, by_bytes, at_the_end, 'awk \'NR > last { last = NR + $1; next } { print; fflush() }\'':
            self.assert_always(numbered(ROWS), DATA, f'--coprocess={command}', sizes=(50, None))
        self.assert_always(numbered([b'x'] * len(ROWS)), DATA, f'--coprocess={before_the_rows}', sizes=(50, None))

    def test_it_is_fed_and_read_at_the_same_time(self):
        """A batch is longer than any pipe, and some of its lines come before the last of its rows has been read."""
        rows = [b'%d' % i for i in range(10 ** 8, 10 ** 8 + 400000)]
        path = self.file('in.csv', b'\n'.join(rows))  # all there at once
        for command in ECHO_BATCHES, f'{ECHO_BATCHES} | cat':
            outcome = self.with_coprocess(command, path, '-n', 1, '--batch-size=16M')
            self.assertEqual((outcome.stdout == numbered(rows), outcome.stderr, outcome.status), (True, '', 0), command)

    def test_it_stays(self):
        """One process at each place answers all the batches there."""
        for n in NUMBERS:
            started = self.file('started')
            outcome = self.with_coprocess(f'echo >>started; {ECHO}', DATA, '-n', n, '--batch-size=30',
                                          '--deal=round-robin')
            self.assertEqual(outcome, Outcome(numbered(ROWS), '', 0))
            self.assertEqual(len(started.read_bytes()), n)

    def test_what_it_is_told(self):
        """Numbers of rows and bytes, also where a row end is missing or a row has several."""
        command = 'while read -r rows bytes; do echo "$rows $bytes" >>told; head -c $bytes; done'
        for data, told in ((b'1,2\n3,4\n', b'2 8\n'), (b'1,2\n3,4', b'2 8\n'), (b'1\r\n\r\n2', b'3 7\n'),
                           (b'\xef\xbb\xbfx', b'1 2\n')):
            (self.work / 'told').unlink(missing_ok=True)
            self.assertEqual(self.with_coprocess(command, self.file('in.csv', data), '-n', 1, '--batch-size=1K').status, 0)
            self.assertEqual((self.work / 'told').read_bytes(), told, data)
        (self.work / 'told').unlink()
        command = 'while read -r rows bytes; do echo "$rows $bytes" >>told; head -c $bytes | tr -d "\\n"; echo; done'
        self.assertEqual(self.with_coprocess(command, self.file('in.csv', b'"1\n2"\n'), '-n', 1, '--batch-size=1K'), Outcome(b'0,"12"\n', '', 0))
        self.assertEqual((self.work / 'told').read_bytes(), b'1 6\n')

    def test_one_line(self):
        self.assert_always(numbered([b'1,2 3', b'4', b'""']), b'1,"2\n3"\r"4"\r\n""', f'--coprocess={ECHO}', '--one-line')

    def test_header(self):
        """It counts as a row."""
        rows = [b'%d' % i for i in range(20)]
        data = b'"a\nb"\r\n' + b'\n'.join(rows)
        self.assert_always(b'index,a b\n' + numbered(rows), data, f'--coprocess={ECHO}', '--one-line', '--header=repeat')
        self.assert_always(numbered(rows), data, f'--coprocess={ECHO}', '--header')
        for alone, expected in (b'a,b', b'index,a,b\n'), (b'a,b\n', b'index,a,b\n'), (b'', b''):
            self.assert_always(expected, alone, f'--coprocess={ECHO}', '--header=repeat')

    def test_no_rows_need_no_command(self):
        for data in b'', b'a,b\n', b'a,b':
            self.assert_always(b'', data, f'--coprocess=echo >started; {ECHO}', '--header', numbers=(1, 2))
        self.assertFalse((self.work / 'started').exists())

    def test_several_files(self):
        files = [self.file(f'{i}.csv', data) for i, data in enumerate([b'a,b\n1\n2\n', b'a,b\n', b'', b'c,d\n3\n4', b'e\n6\n'])]
        for n in NUMBERS:
            outcome = self.with_coprocess(ECHO, None, '-n', n, '--header=repeat', *files)
            self.assertEqual(outcome, Outcome(b'index,a,b\n0,1\n1,2\n2,3\n3,4\n4,6\n', '', 0))

    def test_variables(self):
        """It is there for all batches of its place."""
        env = {**self.env, 'ROWSUM_PLACE': '77'}
        command = f'env | grep -E "ROWSUM_(PLACE|WORKER|BATCH)" | sort >vars; {ECHO}'
        self.assertEqual(self.with_coprocess(command, DATA, '-n', 1, env=env).status, 0)
        self.assertEqual((self.work / 'vars').read_bytes(), b'ROWSUM_PLACE=0\nROWSUM_WORKER=0.0\n')

    def test_descriptors(self):
        for stdin in self.file('in.csv', b'1\n'), b'1\n':
            outcome = self.with_coprocess(f'ls /proc/self/fd >descriptors; {ECHO}', stdin, '-n', 2)
            self.assertEqual(outcome, Outcome(b'0,1\n', '', 0))
            self.assertEqual((self.work / 'descriptors').read_text().split(), ['0', '1', '2', '3'])  # the last is that of ls

    def test_an_answer_comes_before_the_end_of_the_input(self):
        for n in 1, 2:
            run = self.start_half_way(lambda stdin: self.start_launcher(stdin, '-n', n, f'--coprocess={ECHO}'))
            run.stdin.write(b'2\n3\n')
            self.assertEqual(run.read(8), b'1,2\n2,3\n')
            run.stdin.close()
            self.assertEqual(run.finish(), Outcome(b'', '', 0))


class EndTest(CommandTest):
    """After the last batch the input of the command ends."""

    def test_it_ends_by_itself(self):
        """It has the time to put things in order, and its status does not matter any more: every row has its line."""
        for last in 'sleep 0.2; echo done >done', 'echo done >done; exit 3', 'exec >&-; echo done >done', \
                'exec <&- >&- 2>&-; sleep 0.2; echo done >done', 'echo done >done; kill -9 $$':
            for chain in False, True:
                option = f'--coprocess={ECHO}; {last}'
                outcome = self.chain_with(option, DATA) if chain else self.launcher(DATA, '-n', 1, option)
                self.assertEqual(outcome, Outcome(numbered(ROWS), '', (0, 0, 0) if chain else 0), last)
                self.assertEqual((self.work / 'done').read_bytes(), b'done\n')
                (self.work / 'done').unlink()

    def test_it_does_not_end(self):
        """Then it is killed, whatever it does, and all that it has started."""
        for last in f'{self.sleeper()} 1000', f'trap "" TERM INT HUP; {self.sleeper()} 1000', \
                f'while {self.sleeper()} 0.01; do echo busy >&2; done', f'{self.sleeper()} 1000 >/dev/null & {self.sleeper()} 999':
            for n in 1, 2:
                outcome = self.with_coprocess(f'{ECHO}; {last}', DATA, '-n', n, '--batch-size=100')
                self.assertEqual((outcome.stdout, outcome.status), (numbered(ROWS), 0), last)
                self.assertLessEqual(set(outcome.stderr.splitlines()), {'busy'})
                self.assertEqual(self.sleepers(), [])

    def test_it_ends_after_each_answer(self):
        """It is no command for --coprocess. Only what it has answered by then is used."""
        command = f'{ECHO.removeprefix("while ").replace("; do while", "; while").removesuffix("; done")}'
        self.assertEqual(self.with_coprocess(command, b'1\n2\n', '-n', 1), Outcome(b'0,1\n1,2\n', '', 0))
        outcome = self.with_coprocess(command, self.file('in.csv', b'1\n2\n3\n'), '-n', 1, '--batch-size=1')
        self.assertEqual((outcome.stdout, outcome.status), (b'0,1\n1,2\n2,3\n', 0))
        told = 'read -r rows _; while [ $rows -gt 0 ]; do read -r row; echo "$row'
        self.assertEqual(outcome.stderr.splitlines(), [
            f"p2_sum: '{told[:60]}...' ended with status 0 before it had answered (row {row})" for row in (1, 2)])


class TooManyLinesTest(CommandTest):
    """A line too many would give all later rows wrong lines. It is noticed wherever it comes, and whenever."""

    def with_stray_line(self, when: str) -> str:
        """MODEL, with a line too many in the second batch: before, within or after the answer, with or without a
        pause, or after the last batch."""
        stray = 'print("stray", flush=True)\n'
        pause = 'time.sleep(0.2)\n'
        places = {
            'before': (4, f'    if batch == 1: {stray}'),
            'after': (9, f'    if batch == 1: {stray}'),
            'later': (9, f'    if batch == 1: {pause}    if batch == 1: {stray}'),
            'at the end': (9, stray),
        }
        lines = ['import sys, time\n', 'batch = -1\n', 'while header := sys.stdin.readline():\n', '    batch += 1\n',
                 '    for _ in range(int(header.split()[0])):\n', '        print(sys.stdin.readline(), end="")\n',
                 '    sys.stdout.flush()\n']
        at, text = places[when]
        lines.insert(min(at, len(lines)), text)
        return python(''.join(lines))

    def test_it_is_noticed(self):
        """The lines so far may be wrong. So the run fails."""
        rows = b'1\n2\n3\n4\n5\n'
        for when in 'before', 'after', 'later', 'at the end':
            command = self.with_stray_line(when)
            for options in ['--batch-size=1'], ['--batch-size=1', '--on-error=skip', '--retries=5']:
                with self.subTest(when, options=options):
                    outcome = self.with_coprocess(command, self.file('in.csv', rows), '-n', 1, '-o', 'out', *options)
                    self.assertRegex(outcome.stderr, r"^p2_sum: '.*' wrote more lines than it had rows \(row [1-4]\)\n$")
                    self.assertEqual((outcome.status, (self.work / 'out').exists()), (65, False))
            outcome = self.chain_with(f'--coprocess={command}', rows, ['--batch-size=1'])
            self.assertEqual(outcome.status[1:], (65, 65), outcome)

    def test_before_it_is_asked(self):
        """Such as a greeting. It is never taken for an answer, also if it comes late, or if its row has no other
        batch after it."""
        greetings = 'echo Welcome', 'sleep 0.3; echo Welcome', 'printf Welcome', 'echo Welcome; echo here'
        for greeting, size, skip in itertools.product(greetings, (1, '1K'), (False, True)):
            with self.subTest(greeting, size=size, skip=skip):
                option = f'--coprocess={greeting}; {ECHO}'
                outcome = self.launcher(self.file('in.csv', b'1\n2\n'), '-n', 1, '--batch-size', size, option,
                                        *(['--on-error=skip'] if skip else []))
                self.assertRegex(outcome.stderr, r"^p2_sum: '.*' wrote 'Welcome' before it was asked \(rows? 0( to 1)?\)\n$")
                self.assertEqual((outcome.stdout, outcome.status), (b'', 65))
        outcome = self.chain_with(f'--coprocess=echo Welcome; {ECHO}', b'1\n2\n', ['--batch-size=1'])
        self.assertEqual((outcome.stdout, outcome.status[1:]), (b'', (65, 65)))

    def test_what_was_not_flushed_before_it_is_asked(self):
        """It comes with the first answer, which has too many lines then."""
        command = python('print("Welcome")\n'
                         'import sys\n'
                         'while header := sys.stdin.readline():\n'
                         '    for _ in range(int(header.split()[0])): print(sys.stdin.readline(), end="")\n'
                         '    sys.stdout.flush()')
        for size in 1, '1K':
            outcome = self.with_coprocess(command, self.file('in.csv', b'1\n2\n'), '-n', 1, '--batch-size', size,
                                          '--on-error=skip')
            self.assertEqual((outcome.stdout, outcome.status), (b'', 1))
            self.assertIn('wrote more lines than it had rows (row 1)\n', outcome.stderr)

    def test_a_row_that_gets_two(self):
        """In whichever batch it is, it is found. The others are right."""
        command = python('import sys\n'
                         'while header := sys.stdin.readline():\n'
                         '    lines = [sys.stdin.readline() for _ in range(int(header.split()[0]))]\n'
                         '    print("".join(2 * line if line == "7\\n" else line for line in lines), end="", flush=True)')
        rows = [b'%d' % i for i in range(20)]
        expected = b''.join(b'%d,%d\n' % (i, i) for i in range(20) if i != 7)
        for size in 1, 10, '1M':
            for n in 1, 2:
                outcome = self.with_coprocess(command, self.file('in.csv', b'\n'.join(rows)), '-n', n, '--retries=0',
                                              '--on-error=skip', '--batch-size', size)
                self.assertEqual((outcome.stdout, outcome.status), (expected, 1), outcome.stderr)
                self.assertRegex(outcome.stderr, r"p3_write: standard input: row 7 \(byte 14\): '.*' fails whenever it is given it\n$")


class LostWorkersTest(CommandTest):
    """A worker is killed while its command runs: the next one starts the command anew."""

    def test_killed_workers(self):
        for option in f'--coprocess={ECHO}', '--command=cat':
            for n in 1, 2:
                for victim in 'p2_sum', 'command':
                    self.lose(option, n, victim)

    def lose(self, option: str, n: int, victim: str) -> None:
        """The command waits for a FIFO at the second row, and there the victim is killed."""
        gate = self.work / 'gate'
        gate.unlink(missing_ok=True)
        self.fifo('gate')
        wait = 'if mkdir here 2>/dev/null; then echo $$ >here/pid; cat gate >/dev/null; fi; '
        command = option.replace('=', f'={wait}', 1)
        run = self.start_launcher(self.file('in.csv', b'1\n2\n3\n4\n'), '-n', n, '--batch-size=1', command)
        pid = int(self.until(lambda: (self.work / 'here/pid').exists() and (self.work / 'here/pid').read_text(), 'no command'))
        os.kill(self.parent_of(pid) if victim == 'p2_sum' else pid, signal.SIGKILL)
        outcome = run.finish()
        (self.work / 'here/pid').unlink()
        (self.work / 'here').rmdir()
        self.assertEqual((outcome.stdout, outcome.status), (b'0,1\n1,2\n2,3\n3,4\n', 0))
        if victim == 'p2_sum':
            self.assertRegex(outcome.stderr, r'^p1_read: p2_sum at place \d was killed by signal 9 \(KILL\), and is replaced\n$')
        else:
            self.assertRegex(outcome.stderr, r"^p2_sum: '.*' was killed by signal 9 \(KILL\)( before it had answered)? "
                                             r"\(row \d\)\n$")

    def parent_of(self, pid: int) -> int:
        return int(Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[1])


class SilenceTest(CommandTest):
    def check(self, command: str, silence: str) -> None:
        run = self.start_launcher(b'1\n', f'--coprocess={command}')
        self.until(lambda: run.errors(), 'nothing is told')
        self.assertRegex(run.errors(), rf"^p2_sum: '.*' {silence} \(row 0\)\n$")
        os.kill(run.pid, signal.SIGTERM)
        self.assertEqual(run.finish().status, -signal.SIGTERM)

    def test_output_that_is_not_flushed(self):
        """The run waits, for the command may be slow, and says what may be wrong."""
        self.check(python('import sys\nfor head in sys.stdin:\n print(next(sys.stdin))'),
                   r'has not answered for 10 s, does it flush its output\?')

    def test_input_that_is_not_read(self):
        self.check('sleep 1000', 'has not read its input for 10 s')


class ReadmeTest(CommandTest):
    def test_the_program_in_the_readme(self):
        """It answers each row with its largest field."""
        text = (Path(__file__).parents[2] / 'README.md').read_text()
        program = re.search(r'^    \$ cat model.py\n((?:    [^$].*\n|\n)+)', text, re.MULTILINE).group(1)
        self.file('model.py', textwrap.dedent(program).encode())
        data = b''.join(b'%d,%d\n' % (i, i * 7919 % 10007) for i in range(30000))
        expected = numbered([b'%d' % max(map(int, row.split(b','))) for row in data.splitlines()])
        for n in NUMBERS:
            outcome = self.launcher(data, '-n', n, f'--coprocess={PYTHON} model.py')
            self.assertEqual((outcome.stdout == expected, outcome.stderr, outcome.status), (True, '', 0))


if __name__ == '__main__':
    main()
