#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every failure: one line from the program that knows the cause, the right statuses, and all correct output before
it.

In the patterns IN stands for the name of the input, in.csv or standard input.
"""
import errno
import itertools
import os
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import HOSTILE, IS_STATIC, LAUNCHER, Outcome, PipelineTest, main, program, sums  # noqa: E402

# Bad data. What it is: input, options of p1, options of p3, lines said, what comes out, statuses of the three. The
# status of the launcher is that of p3.
BAD_DATA = {
    'reject': (b'1\n2,x\n3\n', [], [], [r'p3_write: IN: row 1, field 2 \(byte 4\): \'x\' is not an integer; to sum .*'],
        b'0,1\n', (0, 0, 65)),
    'skip': (b'1\n2,x\n3\n', [], ['--on-error=skip'],
        [r'p3_write: IN: row 1, field 2 \(byte 4\): \'x\' is not an integer; to sum .*'],
             b'0,1\n2,3\n', (0, 0, 1)),
    'skip two': (b'\xff\n1,\n3', [], ['--on-error=skip'], [r"p3_write: IN: row 0, field 1 \(byte 0\): '\\xff' is .*",
                 r"p3_write: IN: row 1, field 2 \(byte 4\): '' is not an integer; to take .*"], b'2,3\n', (0, 0, 1)),
    'skip the last': (b'1\n"a ""b"""', [], ['--on-error=skip'],
        [r'p3_write: IN: row 1, field 1 \(byte 2\): \'a "b"\' is .*'],
                      b'0,1\n', (0, 0, 1)),
    'reject after a header': (b'a,b\n1\nx', ['--header'], [], [r"p3_write: IN: row 1, field 1 \(byte 6\): 'x' is .*"],
                              b'0,1\n', (0, 0, 65)),
    'reject after a mark': (b'\xef\xbb\xbfx', [], [], [r"p3_write: IN: row 0, field 1 \(byte 3\): 'x' is .*"], b'',
        (0, 0, 65)),
    'underscore': (b'1_000', [], [], [r"p3_write: IN: row 0, field 1 \(byte 0\): '1_000' is .*"], b'', (0, 0, 65)),
    'open quote': (b'1\n2\n"3\n4\n', [], [], [r'p1_read: IN: row 2 \(byte 4\): a quoted field is never closed'],
                   b'0,1\n1,2\n', (65, 65, 65)),
    'open quote under skip': (b'1\n"', [], ['--on-error=skip'],
        [r'p1_read: IN: row 1 \(byte 2\): a quoted field is never closed'],
                              b'0,1\n', (65, 65, 65)),
    'open quote in the header': (b'"a\n1\n', ['--header'], [],
        [r'p1_read: IN: row 0 \(byte 0\): a quoted field is never closed'],
                                 b'', (65, 65, 65)),
    'long row': (b'1\n' + b'1,' * 60 + b'1\n2\n', ['--max-row=100'], [],
                 [r'p1_read: IN: row 1 \(byte 2\): longer than 100 bytes \(--max-row\)'], b'0,1\n', (65, 65, 65)),
    'long last row': (b'1\n' + b'1' * 101, ['--max-row=100'], ['--on-error=skip'],
                      [r'p1_read: IN: row 1 \(byte 2\): longer than 100 bytes \(--max-row\)'], b'0,1\n', (65, 65, 65)),
    'long quoted row': (b'1\n"' + b'\n' * 101, ['--max-row=100'], [],
                        [r'p1_read: IN: row 1 \(byte 2\): (longer than 100 bytes|a quoted).*'], b'0,1\n', (65, 65, 65)),
}

# Inputs and outputs that cannot be had: options of p1, of p3, the line, statuses of the three, of the launcher.
NO_ACCESS = {
    'missing': (['no.csv'], [], 'p1_read: no.csv: No such file or directory', (66, 66, 66), 66),
    'missing second': (['in.csv', 'no.csv'], [], 'p1_read: no.csv: No such file or directory', (66, 66, 66), 66),
    'no name': ([''], [], 'p1_read: .*', (66, 66, 66), 66),
    'below a file': (['in.csv/x'], [], 'p1_read: in.csv/x: Not a directory', (66, 66, 66), 66),
    'directory': (['.'], [], r'p1_read: \.: Is a directory', (66, 66, 66), 66),
    'no directory for -o': (['in.csv'], ['-o', 'no/out'], 'p3_write: no/out: No such file or directory', (None, None,
        73), 73),
    '-o is a directory': (['in.csv'], ['-o', '.'], r'p3_write: \.: Is a directory', (None, None, 73), 73),
    'no directory for --rejects': (['in.csv'], ['--on-error=skip', '--rejects=no/rejects'],
                                   'p3_write: no/rejects: No such file or directory', (None, None, 73), 73),
    'full -o': (['in.csv'], ['-o', '/dev/full'], 'p3_write: /dev/full: No space left on device', (None, None, 74), 74),
}

# Wrong command lines.
USAGE = {
    'p1_read': [['--bogus'], ['-z'], ['--batch-size=0'], ['--batch-size=x'], ['--batch-size'], ['--max-row=1T'],
                ['--max-row=-1'], ['-d', ''], ['-d', ',,'], ['-d', '"'], ['-d', '\n'], ['-d', 'Tab'], ['-d', 'tabs'],
                ['--deal=best'], ['--header=1'], ['--pipeline=.']],
    'p2_sum': [['--bogus'], ['in.csv'], ['-']],
    'p3_write': [['--bogus'], ['--on-error=ignore'], ['--rejects=x'], ['--crlf=1'], ['-o'], ['--pipeline=.'],
                 ['--on-error=skip', '-o', 'x', '--rejects=./x'], ['--on-error=skip', '--rejects=-'],
                 ['--on-error=skip', '--rejects=-', '-o', '-']],
    'run_pipeline.sh': [['--bogus'], ['-z'], ['-n', 0], ['-n', 'x'], ['-n'], ['-n', ''], ['-n', '1+1'],
                        ['-n=8'], ['--workers'], ['--a\nb\x1b[31m'],
                        ['--workers=-1'], ['--retries=-1'], ['--retries=x'],
                        ['--worker-timeout=-1'], ['--header=1'], ['--batch-size'], ['--batch-size=0'], ['-d', ''],
                        ['--deal=best'], ['--on-error=ignore'], ['--rejects=x'], ['--help=1'],
                        ['--on-error=skip', '--rejects=-', '-']],
}


class TableTest(PipelineTest):
    def matches(self, outcome, lines, name):
        said = outcome.stderr.splitlines()
        self.assertEqual(len(said), len(lines), (name, said))
        for line, pattern in zip(said, lines):
            self.assertRegex(line, '^' + pattern + '$', name)

    def test_bad_data(self):
        for name, (data, p1, p3, lines, stdout, statuses) in BAD_DATA.items():
            for stdin, operands, called in (data, [], 'standard input'), (None, ['in.csv'], r'in\.csv'):
                self.file('in.csv', data)
                patterns = [line.replace('IN', called) for line in lines]
                for size in '1', '512K':
                    with self.subTest(name=name, called=called, batch_size=size):
                        options = [f'--batch-size={size}', *p1]
                        outcome = self.chain(stdin, [*options, *operands], p3)
                        self.matches(outcome, patterns, name)
                        self.assertEqual((outcome.stdout, outcome.status[2]), (stdout, statuses[2]))
                        if statuses[0]:  # else p1 may be told of a closed pipe
                            self.assertEqual(outcome.status, statuses)
                        outcome = self.launcher(stdin, '-n', 2, *options, *p3, *operands)
                        self.matches(outcome, patterns, name)
                        self.assertEqual((outcome.stdout, outcome.status), (stdout, statuses[2]))

    def test_no_access(self):
        for data, (name, (p1, p3, line, statuses, status)) in itertools.product((b'1\n', b''), NO_ACCESS.items()):
            if name.startswith('full') and not data:
                continue
            self.file('in.csv', data)
            with self.subTest(name, data=data):
                outcome = self.chain(None, p1, p3)
                self.matches(outcome, [line], name)
                for is_, wanted in zip(outcome.status, statuses):
                    if wanted is not None:
                        self.assertEqual(is_, wanted, outcome)
                outcome = self.launcher(None, '-n', 2, *p3, '--', *p1)
                self.matches(outcome, [line], name)
                self.assertEqual(outcome.status, status)

    def test_a_fifo_that_nobody_writes_holds_nobody_up(self):
        os.mkfifo(self.work / 'fifo')
        self.file('bad.csv', b'1\nx\n')
        for command in 'run_pipeline.sh -n 2 bad.csv fifo', 'p1_read bad.csv fifo | p2_sum | p3_write':
            outcome = self.shell(command)
            self.assertEqual(outcome.status, 65, outcome)
            self.matches(outcome, [r"p3_write: bad.csv: row 1, field 1 \(byte 2\): 'x' is not an integer"], command)
        for command in 'run_pipeline.sh -n 2 fifo | true', 'p1_read fifo | p2_sum | p3_write | true':
            self.assertEqual(self.shell(command), Outcome(b'', '', 0), command)
        outcome = self.shell('run_pipeline.sh -n 2 -o no/such/place fifo')
        self.assertEqual(outcome.status, 73, outcome)

    def test_the_file_of_rejects_stays_as_it_was_when_the_run_fails(self):
        self.file('bad.csv', b'1\nx\n2\n')
        options = '-n 2 --on-error=skip --rejects=rejects'
        for inputs, lines in ('bad.csv missing.csv', b'0,1\n2,2\n'), ('missing.csv', b''):
            for old in None, b'old\n':
                with self.subTest(inputs, old=old):
                    if old:
                        self.file('rejects', old)
                    outcome = self.shell(f'run_pipeline.sh {options} {inputs}')
                    self.assertEqual((outcome.stdout, outcome.status), (lines, 66), outcome)
                    self.assertEqual((self.work / 'rejects').exists(), old is not None)
                    if old:
                        self.assertEqual((self.work / 'rejects').read_bytes(), old)
                        (self.work / 'rejects').unlink()

    @unittest.skipUnless(IS_STATIC, 'there is no hostile system for it')
    def test_the_file_of_rejects_stays_as_it_was_when_a_file_cannot_be_synced(self):
        self.shell('p1_read - | p2_sum >results', stdin=b'1\nx\n2\n')
        self.file('rejects', b'old\n')
        for which in 1, 2:
            env = {**self.env, 'HOSTILE_CALL': 'fsync', 'HOSTILE_AT': str(which), 'HOSTILE_ERROR': str(errno.ENOSPC)}
            outcome = self.start([HOSTILE / 'p3_write', '--on-error=skip', '--rejects=rejects', '-o', 'out', 'results'],
                                 env=env).finish()
            self.assertEqual(outcome.status, 74, outcome)
            self.assertEqual((self.work / 'rejects').read_bytes(), b'old\n')
            self.assertFalse((self.work / 'out').exists())

    def test_unreadable(self):
        self.file('in.csv', b'1\n').chmod(0)
        prefix = self.without_rights()
        outcome = self.start([*prefix, program('p1_read'), 'in.csv'], stdout=subprocess.DEVNULL).finish()
        self.assertEqual(outcome, Outcome(b'', 'p1_read: in.csv: Permission denied\n', 66))
        outcome = self.start([*prefix, LAUNCHER, '-n', 2, 'in.csv']).finish()
        self.assertEqual(outcome, Outcome(b'', 'p1_read: in.csv: Permission denied\n', 66))
        (self.work / 'in.csv').chmod(0o644)
        self.work.chmod(0o555)  # a user who is not root has the directory, too
        self.addCleanup(self.work.chmod, 0o755)
        outcome = self.start([*prefix, LAUNCHER, '-n', 2, '-o', 'out', 'in.csv']).finish()
        self.assertEqual(outcome, Outcome(b'', 'p3_write: out: Permission denied\n', 73))

    def test_usage(self):
        for name, lines in USAGE.items():
            for words in lines:
                with self.subTest(name, words=words):
                    outcome = self.run_program(name, *words, stdout=subprocess.DEVNULL)
                    self.assertEqual(outcome.status, 64, outcome)
                    self.assertRegex(outcome.stderr,
                        r"^(p1_read|p2_sum|p3_write|run_pipeline\.sh): [^\n]*; try '\S+ --help'\n$")

    def test_usage_through_the_chain(self):
        for p1, p2, p3, statuses in ((['--bogus'], [], [], (64, 64, 64)), ([], ['--bogus'], [], (None, 64, 64)),
                                     ([], [], ['--bogus'], (None, None, 64))):
            outcome = self.chain(b'1\n', p1, p3, p2)
            self.assertEqual((outcome.stdout, outcome.stderr.count('\n')), (b'', 1), outcome)
            for is_, wanted in zip(outcome.status, statuses):
                self.assertIn(is_, [wanted] if wanted else [0, 141])

    def test_rejected_rows_are_kept_as_they_are(self):
        bad = [b' x ,"1\r\n"\r\n', b'"""",2\n', b'\xff,\x00\r', b'1,,2\n', b'z']
        data = b'1\n' + bad[0] + b'2\n' + bad[1] + bad[2] + b'3\r' + bad[3] + bad[4]
        for n in 1, 3:
            for size in 1, 100:
                options = ['--on-error=skip', '--rejects=rejects']
                outcome = self.launcher(data, '-n', n, '--batch-size', size, *options)
                self.assertEqual((outcome.stdout, outcome.status), (b'0,1\n2,2\n5,3\n', 1))
                self.assertEqual((self.work / 'rejects').read_bytes(), b''.join(bad))
                self.assertEqual(self.chain(data, ['--batch-size', size], options).status, (0, 0, 1))
                self.assertEqual((self.work / 'rejects').read_bytes(), b''.join(bad))

    def test_the_first_wrong_row_speaks_first(self):
        """p3_write finds the first wrong row and p1_read the last one. p1_read may have read far ahead, so it waits
        until everything before that row is printed. If the first wrong row ends the run, the last one is not
        reported."""
        for rows in 10, 300000:
            good = b''.join(b'%d,3\n' % row for row in range(1, rows + 1))
            first = "p3_write: IN: row 0, field 1 (byte 0): '-' is not an integer\n"
            place = f'row {rows + 1} (byte {2 + 4 * rows})'
            for bad, line in (b'"3\n', f'p1_read: IN: {place}: a quoted field is never closed\n'), \
                    (b'1,' * 2000, f'p1_read: IN: {place}: longer than 3000 bytes (--max-row)\n'):
                data = b'-\n' + b'1,2\n' * rows + bad
                self.file('in.csv', data)
                for n, size, is_file in itertools.product((1, 3), ('1K', '512K'), (False, True)):
                    with self.subTest(rows=rows, line=line, n=n, size=size, is_file=is_file):
                        stdin, name = (None, 'in.csv') if is_file else (data, 'standard input')
                        words = ['-n', n, '--batch-size', size, '--max-row=3000', *(['in.csv'] if is_file else [])]
                        outcome = self.launcher(stdin, *words)
                        self.assertEqual(outcome, Outcome(b'', first.replace('IN', name), 65))
                        outcome = self.launcher(stdin, '--on-error=skip', *words)
                        self.assertEqual(outcome[1:], ((first + line).replace('IN', name), 65))
                        self.assertTrue(outcome.stdout == good)

    def test_a_place_in_the_second_of_two_files(self):
        for n in 1, 3:
            self.file('a.csv', b'1\n2\n')
            self.file('b.csv', b'3\nx')
            outcome = self.launcher(None, '-n', n, '--batch-size=1', 'a.csv', 'b.csv')
            self.assertEqual(outcome, Outcome(b'0,1\n1,2\n2,3\n',
                                              "p3_write: b.csv: row 3, field 1 (row 1 of the file, byte 2): 'x' is not an integer\n", 65))

    def test_a_name_of_two_lines_is_shown_in_one(self):
        name = 'a\nb\x1b[31m.csv'
        self.both_say([name], r'p1_read: a\nb\x1b[31m.csv: No such file or directory', 66)
        self.file(name, b'-\n')
        self.both_say([name], r"p3_write: a\nb\x1b[31m.csv: row 0, field 1 (byte 0): '-' is not an integer", 65)

    def both_say(self, words, line, status):
        for outcome in self.chain(None, words), self.launcher(None, '-n', 2, *words):
            self.assertEqual((outcome.stdout, outcome.stderr), (b'', line + '\n'))
            self.assertEqual(outcome.status if isinstance(outcome.status, int) else outcome.status[2], status)

    def test_outputs_of_p1_that_would_harm(self):
        """An output that is an input under any name, or one file for two streams, is refused. The file stays as it
        is."""
        self.file('in.csv', b'1\n')
        os.link(self.work / 'in.csv', self.work / 'same.csv')
        self.fifo('fifo')
        for words in ['--to=in.csv', 'in.csv'], ['--to=same.csv', 'in.csv'], ['--to=in.csv'], \
                ['--to=in.csv', '-'], ['--to=out', '--to=./out', 'in.csv'], ['--to=fifo', '--to=fifo', 'in.csv'], \
                ['--to=fifo', 'in.csv', 'fifo'], ['--to=new', 'in.csv', 'new']:
            outcome = self.run_program('p1_read', *words, stdin=self.work / 'in.csv')
            name = [word for word in words if word.startswith('--to=')][-1].removeprefix('--to=')
            self.assertEqual(outcome, Outcome(b'', f"p1_read: --to: '{name}' is an input, or is there twice; "
                                              "try 'p1_read --help'\n", 64))
            self.assertEqual((self.work / 'in.csv').read_bytes(), b'1\n')
        self.assertEqual(self.run_program('p1_read', '--to=/dev/null', '--to=/dev/null', 'in.csv').status, 0)
        self.assertEqual(self.run_program('p1_read', '--to', '', 'in.csv'),
                         Outcome(b'', "p1_read: --to: an empty name; try 'p1_read --help'\n", 64))
        outcome = self.shell('p1_read in.csv >>in.csv')
        self.assertEqual((outcome.stderr.count('\n'), outcome.status), (1, 64))
        self.assertEqual((self.work / 'in.csv').read_bytes(), b'1\n')

    def test_an_output_of_p1_that_cannot_be_had(self):
        """Then nothing is written to standard output instead."""
        self.file('in.csv', b'1\n')
        self.assertEqual(self.run_program('p1_read', '--to=no/out', 'in.csv'),
                         Outcome(b'', 'p1_read: no/out: No such file or directory\n', 73))

    def test_a_full_disk(self):
        self.file('in.csv', b'1\n' * 1000)
        for command in 'p1_read in.csv | p2_sum | p3_write', 'run_pipeline.sh -n 2 in.csv':
            outcome = self.shell(f'{command} >/dev/full')
            self.assertEqual(outcome, Outcome(b'', 'p3_write: standard output: No space left on device\n', 74))
        outcome = self.shell('p1_read in.csv >/dev/full')
        self.assertEqual(outcome, Outcome(b'', 'p1_read: standard output: No space left on device\n', 74))
        outcome = self.shell('p1_read in.csv | p2_sum >/dev/full')
        self.assertEqual(outcome, Outcome(b'', 'p2_sum: standard output: No space left on device\n', 74))
        for name in 'p1_read', 'p2_sum', 'p3_write', 'run_pipeline.sh':
            for option in '--help', '--version':
                with self.subTest(name, option=option):
                    outcome = self.shell(f'{name} {option} >/dev/full')
                    self.assertEqual((outcome.stderr.count('\n'), outcome.status), (1, 74), outcome)


class ClosedDescriptorsTest(PipelineTest):
    """No other file gets the number of a standard descriptor that is closed."""

    def setUp(self):
        super().setUp()
        self.file('in.csv', b'1\nx\n2\n')
        self.shell('p1_read in.csv | p2_sum >results')

    def test_closed_input(self):
        for command in 'p1_read | p2_sum | p3_write', 'p1_read - | p2_sum | p3_write':
            outcome = self.shell(f'set -o pipefail; {{ {command}; }} <&-')
            self.assertRegex(outcome.stderr, r'^p1_read: standard input: [^\n]*\n$')
            self.assertIn(outcome.status, (66, 74))
        for command in 'run_pipeline.sh -n 2', 'run_pipeline.sh -n 2 -':
            with self.subTest(command):
                outcome = self.shell(f'{command} <&-')
                self.assertEqual((outcome.stdout, outcome.stderr.count('\n')), (b'', 1), outcome)
                self.assertIn(outcome.status, (66, 74))

    def test_closed_input_that_nobody_needs(self):
        for command in 'p1_read in.csv <&- | p2_sum | p3_write --on-error=skip', \
            'run_pipeline.sh -n 2 --on-error=skip in.csv <&-', \
                'p3_write --on-error=skip results <&-':
            with self.subTest(command):
                outcome = self.shell(command)
                self.assertEqual((outcome.stdout, outcome.status), (b'0,1\n2,2\n', 1), outcome)

    def test_closed_output(self):
        for command in 'p1_read in.csv', 'p2_sum <results', 'p3_write results', \
                'p3_write --on-error=skip --rejects=rejects results', 'run_pipeline.sh -n 2 in.csv', \
                'run_pipeline.sh -n 2 --on-error=skip --rejects=rejects in.csv':
            with self.subTest(command):
                outcome = self.shell(f'{command} >&-')
                self.assertIn(outcome.status, (65, 74) if 'p2' in command else (74,), outcome)
                self.assertRegex(outcome.stderr, r'^\w+: standard (out|in)put: [^\n]*\n$')
                self.assertFalse((self.work / 'rejects').exists())

    def test_closed_output_that_nobody_needs(self):
        for command in 'p3_write -o out --on-error=skip results >&-', \
            'run_pipeline.sh -n 2 -o out --on-error=skip in.csv >&-':
            with self.subTest(command):
                outcome = self.shell(command)
                self.assertEqual(((self.work / 'out').read_bytes(), outcome.status), (b'0,1\n2,2\n', 1), outcome)

    def test_all_closed(self):
        """Daemons start other programs like this."""
        for closed in '<&- >&-', '<&- 2>&-', '>&- 2>&-', '<&- >&- 2>&-':
            outcome = self.shell(f'run_pipeline.sh -n 2 -o out --on-error=skip in.csv {closed}')
            self.assertEqual(((self.work / 'out').read_bytes(), outcome.status), (b'0,1\n2,2\n', 1), (closed, outcome))

    def test_closed_errors(self):
        """Messages for standard error must not get into the output."""
        for command in 'p3_write -o out --on-error=skip results', \
            'run_pipeline.sh -n 2 -o out --on-error=skip in.csv', \
                'p3_write -o out --on-error=skip --rejects=rejects results':
            with self.subTest(command):
                outcome = self.shell(f'{command} 2>&-')
                self.assertEqual(((self.work / 'out').read_bytes(), outcome.status), (b'0,1\n2,2\n', 1), outcome)
        self.assertEqual((self.work / 'rejects').read_bytes(), b'x\n')


class ChangingInputTest(PipelineTest):
    def test_an_input_that_shrinks(self):
        size = 64 << 20  # more than pipes and windows hold
        for chain in True, False:
            with open(self.work / 'in.csv', 'wb') as file:
                file.write(b'1,2,3\n' * (size // 6))
            # The output is a pipe that is not read until the file has shrunk, so p1 has not finished by then.
            run = self.start_chain(None, ['in.csv']) if chain else self.start_launcher(None, '-n', 2, 'in.csv')
            self.assertEqual(run.read_line(), b'0,6\n')
            os.truncate(self.work / 'in.csv', 4096)
            outcome = run.finish()
            self.assert_shrank(outcome, chain)
            lines = outcome.stdout.splitlines()
            self.assertEqual(lines, [b'%d,6' % row for row in range(1, len(lines) + 1)])

    def assert_shrank(self, outcome, chain):
        """With the launcher, the program that notices it reports that bytes are missing, or that there are other rows
        than were counted."""
        one = r'p[12]_\w+: in.csv: .*(it shrank|the input changed) while it was read\n'
        told = r'p1_read: in.csv: it shrank while it was read\n' if chain else f'({one})+'
        self.assertRegex(outcome.stderr, f'^{told}$')
        self.assertIn(outcome.status, [(74, 74, 74)] if chain else (65, 74))

    def test_one_that_shrinks_in_the_middle_of_a_row(self):
        """The half of the row that is left must not become a reject."""
        file = self.file('in.csv', b'1,2\n' + b'7,' * 4000000 + b'7\n')
        p1 = self.start([program('p1_read'), 'in.csv'])
        # By then the row has begun, and far more of it is missing than a pipe holds.
        stream = p1.read(1 << 16)
        os.truncate(file, 4 << 20)
        rest, *end = p1.finish()
        self.assertEqual(end, ['p1_read: in.csv: it shrank while it was read\n', 74])
        results, *end = self.run_program('p2_sum', stdin=stream + rest)
        self.assertEqual(end, ['', 74])
        outcome = self.run_program('p3_write', '--on-error=skip', '--rejects=rejects', stdin=results)
        self.assertEqual(outcome, Outcome(b'0,3\n', '', 74))
        self.assertFalse((self.work / 'rejects').exists())

    def test_one_of_several_that_shrinks(self):
        """In the chain, p1_read notices the missing bytes at the end of the file. With the launcher, any program that
        reads may notice it, as with one file."""
        self.file('more.csv', b'7\n')
        for chain in True, False:
            file = self.file('in.csv', b'1,2,3\n' * 4000000)
            words = ['in.csv', 'more.csv']
            run = self.start_chain(None, words) if chain else self.start_launcher(None, '-n', 2, *words)
            self.assertEqual(run.read_line(), b'0,6\n')
            os.truncate(file, 4096 + 3)  # in the middle of a row
            outcome = run.finish()
            self.assert_shrank(outcome, chain)
            lines = outcome.stdout.splitlines()
            self.assertEqual(lines, [b'%d,6' % row for row in range(1, len(lines) + 1)])

    def test_an_input_that_grows_is_read_as_it_was(self):
        for chain in True, False:
            data = b'1,2,3\n' * 200000
            file = self.file('in.csv', data)
            run = self.start_chain(None, ['in.csv']) if chain else self.start_launcher(None, '-n', 2, 'in.csv')
            self.assertEqual(run.read_line(), b'0,6\n')
            with open(file, 'ab') as more:
                more.write(b'x\n' * 10)
            outcome = run.finish()
            self.assertEqual(outcome.stderr, '')
            self.assertTrue(b'0,6\n' + outcome.stdout == sums(data))


if __name__ == '__main__':
    main()
