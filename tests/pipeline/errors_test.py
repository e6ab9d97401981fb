#!/usr/bin/env python3
"""Every failure: one line from the program that knows, the right statuses, and everything good before it.

In the patterns IN stands for the name of the input, in.csv or standard input.
"""
import itertools
import os
import shutil
import signal
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import LAUNCHER, Outcome, PipelineTest, main, program, sums  # noqa: E402

# Bad data. What it is: input, options of p1, options of p3, lines said, what comes out, statuses of the three.
# The launcher's status is that of p3.
BAD_DATA = {
    'reject': (b'1\n2,x\n3\n', [], [], [r'p3_write: IN: row 1, field 2 \(byte 4\): \'x\' is not an integer'],
        b'0,1\n', (0, 0, 65)),
    'skip': (b'1\n2,x\n3\n', [], ['--on-error=skip'],
        [r'p3_write: IN: row 1, field 2 \(byte 4\): \'x\' is not an integer'],
             b'0,1\n2,3\n', (0, 0, 1)),
    'skip two': (b'\xff\n1,\n3', [], ['--on-error=skip'], [r"p3_write: IN: row 0, field 1 \(byte 0\): '\\xff' is .*",
                 r"p3_write: IN: row 1, field 2 \(byte 4\): '' is not an integer"], b'2,3\n', (0, 0, 1)),
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
                ['--max-row=-1'], ['-d', ''], ['-d', ',,'], ['-d', '"'], ['-d', '\n'], ['--deal=best'], ['--header=1'],
                ['--pipeline=.']],
    'p2_sum': [['--bogus'], ['in.csv'], ['-']],
    'p3_write': [['--bogus'], ['--on-error=ignore'], ['--rejects=x'], ['--crlf=1'], ['-o'], ['--pipeline=.'],
                 ['--on-error=skip', '-o', 'x', '--rejects=./x']],
    'run_pipeline.sh': [['--bogus'], ['-z'], ['-n', 0], ['-n', 65], ['-n', 'x'], ['-n'], ['-n', ''], ['-n', '1+1'],
                        ['-n=8'], ['--workers'], ['--workers=-1'], ['--retries=-1'], ['--retries=x'],
                        ['--worker-timeout=-1'], ['--header=1'], ['--batch-size'], ['--batch-size=0'], ['-d', ''],
                        ['--deal=best'], ['--on-error=ignore'], ['--rejects=x'], ['--help=1']],
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

    def test_no_room_for_fifos(self):
        tools = self.work / 'tools'
        tools.mkdir()
        self.file('tools/mkdir', b'#!/bin/sh\nexit 1\n').chmod(0o755)
        self.file('in.csv', b'1\n')
        without_builtins = 'enable() { false; }; export -f enable; '  # as where bash-builtins is not installed
        outcome = self.shell(without_builtins + 'PATH=$PWD/tools:$PATH run_pipeline.sh in.csv')
        self.assertEqual(outcome.status, 73, outcome)
        self.matches(outcome, [r'run_pipeline.sh: cannot make FIFOs in .*'], 'mkdir')
        outcome = self.shell(without_builtins + 'run_pipeline.sh -n 2 in.csv')
        self.assertEqual(outcome, Outcome(b'0,1\n', '', 0))

    def test_rejects_are_kept_when_something_fails_later(self):
        self.file('bad.csv', b'1\nx\n2\n')
        outcome = self.shell('run_pipeline.sh -n 2 --on-error=skip --rejects=rejects bad.csv missing.csv')
        self.assertEqual((outcome.stdout, outcome.status), (b'0,1\n2,2\n', 66), outcome)
        self.assertEqual((self.work / 'rejects').read_bytes(), b'x\n')

    def test_unreadable(self):
        self.file('in.csv', b'1\n').chmod(0)
        self.directory.chmod(0o755)
        self.tmp.chmod(0o777)
        prefix = []
        if os.geteuid() == 0:
            if not shutil.which('setpriv'):
                self.skipTest('root may read everything, and there is no setpriv')
            prefix = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--bounding-set=-all',
                '--inh-caps=-all']
        if self.start([*prefix, 'test', '-x', LAUNCHER]).finish().status != 0:
            self.skipTest('the programs are out of reach for nobody')
        outcome = self.start([*prefix, program('p1_read'), 'in.csv'], stdout=open(os.devnull, 'wb')).finish()
        self.assertEqual(outcome, Outcome(b'', 'p1_read: in.csv: Permission denied\n', 66))
        outcome = self.start([*prefix, LAUNCHER, '-n', 2, 'in.csv']).finish()
        self.assertEqual(outcome, Outcome(b'', 'p1_read: in.csv: Permission denied\n', 66))
        (self.work / 'in.csv').chmod(0o644)
        self.work.chmod(0o755)
        outcome = self.start([*prefix, LAUNCHER, '-n', 2, '-o', 'out', 'in.csv']).finish()
        self.assertEqual(outcome, Outcome(b'', 'p3_write: out: Permission denied\n', 73))

    def test_usage(self):
        for name, lines in USAGE.items():
            for words in lines:
                with self.subTest(name, words=words):
                    outcome = self.run_program(name, *words, stdout=open(os.devnull, 'wb'))
                    self.assertEqual(outcome.status, 64, outcome)
                    self.assertEqual(outcome.stderr.count('\n') - str(words).count('\\n'), 1, outcome.stderr)
                    self.assertRegex(outcome.stderr,
                        r"^(p1_read|p2_sum|p3_write|run_pipeline\.sh): (.|\n)*; try '\S+ --help'\n$")

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

    def test_a_place_in_the_second_of_two_files(self):
        for n in 1, 3:
            self.file('a.csv', b'1\n2\n')
            self.file('b.csv', b'3\nx')
            outcome = self.launcher(None, '-n', n, '--batch-size=1', 'a.csv', 'b.csv')
            self.assertEqual(outcome, Outcome(b'0,1\n1,2\n2,3\n',
                                              "p3_write: b.csv: row 3, field 1 (byte 2): 'x' is not an integer\n", 65))

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
    """A standard descriptor that is closed is nobody else's number by chance."""

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
        """As a daemon starts others."""
        for closed in '<&- >&-', '<&- 2>&-', '>&- 2>&-', '<&- >&- 2>&-':
            outcome = self.shell(f'run_pipeline.sh -n 2 -o out --on-error=skip in.csv {closed}')
            self.assertEqual(((self.work / 'out').read_bytes(), outcome.status), (b'0,1\n2,2\n', 1), (closed, outcome))

    def test_closed_errors(self):
        """What would be said there does not land in the output."""
        for command in 'p3_write -o out --on-error=skip results', \
            'run_pipeline.sh -n 2 -o out --on-error=skip in.csv', \
                'p3_write -o out --on-error=skip --rejects=rejects results':
            with self.subTest(command):
                outcome = self.shell(f'{command} 2>&-')
                self.assertEqual(((self.work / 'out').read_bytes(), outcome.status), (b'0,1\n2,2\n', 1), outcome)
        self.assertEqual((self.work / 'rejects').read_bytes(), b'x\n')


class StreamsTest(PipelineTest):
    """Streams that are not what they should be."""

    def setUp(self):
        super().setUp()
        self.data = b'1,2\n3,4\n5,6\n7,8\n'
        self.file('in.csv', self.data)
        self.batches = self.run_program('p1_read', '--batch-size=4', 'in.csv').stdout
        self.results = self.run_program('p2_sum', stdin=self.batches).stdout
        self.assertEqual(self.run_program('p3_write', stdin=self.results), Outcome(sums(self.data), '', 0))

    def one_line(self, outcome, name, pattern, status):
        self.assertRegex(outcome.stderr, rf'^{name}: [^\n]*{pattern}[^\n]*\n$')
        self.assertEqual(outcome.status, status, outcome)

    def test_nothing(self):
        for name in 'p2_sum', 'p3_write':
            self.one_line(self.run_program(name, stdin=b''), name, 'ended early, before it began', 69)

    def test_garbage(self):
        for garbage in b'1,2\n', b'x' * 1000, b'\0' * 1000, self.data * 100:
            for name in 'p2_sum', 'p3_write':
                outcome = self.run_program(name, stdin=garbage)
                self.assertRegex(outcome.stderr, rf'^{name}: standard input: [^\n]*\n$')
                self.assertIn(outcome.status, (65,) if len(garbage) >= 80 else (65, 69))
        for _ in range(20):
            for name in 'p2_sum', 'p3_write':
                self.one_line(self.run_program(name, stdin=os.urandom(10000)), name, 'not a stream of', 65)

    def test_the_wrong_kind(self):
        for name, stream in ('p2_sum', self.results), ('p3_write', self.batches):
            self.one_line(self.run_program(name, stdin=stream), name, 'a stream of (batches|results) where one of', 65)

    def test_truncated_anywhere(self):
        for name, stream in ('p2_sum', self.batches), ('p3_write', self.results):
            for cut in [*range(200), *range(200, len(stream), 7), len(stream) - 1]:
                outcome = self.run_program(name, stdin=stream[:cut])
                self.one_line(outcome, name, 'standard input: the stream ended early', 69)
                if name == 'p3_write':
                    self.assertTrue(sums(self.data).startswith(outcome.stdout))

    def test_truncated_before_p2_is_said_by_p2_alone(self):
        for cut in 0, 50, 250, len(self.batches) - 1:
            outcome = self.shell('p2_sum | p3_write', stdin=self.batches[:cut])
            self.one_line(outcome, 'p2_sum', 'the stream ended early', 69)

    def test_a_byte_changed_on_disk(self):
        """Whichever byte it is: an error, or one that means nothing; never another sum."""
        (self.work / 'in.batches').write_bytes(self.batches)
        with open(self.work / 'on.disk', 'wb') as disk:
            self.start([program('p2_sum')], self.work / 'in.batches', disk).finish()
        stream = (self.work / 'on.disk').read_bytes()
        for at in range(0, len(stream), 5):
            damaged = bytearray(stream)
            damaged[at] ^= 0x11
            outcome = self.run_program('p3_write', stdin=bytes(damaged))
            if outcome.status == 0:
                self.assertEqual((outcome.stdout, outcome.stderr), (sums(self.data), ''), at)
            else:
                self.assertIn(outcome.status, (65, 69), at)
                self.assertEqual(outcome.stderr.count('\n'), 1, at)
                self.assertTrue(sums(self.data).startswith(outcome.stdout), at)

    def test_bytes_after_the_end(self):
        for name, stream in ('p2_sum', self.batches), ('p3_write', self.results):
            self.one_line(self.run_program(name, stdin=stream + b'x'), name, 'more bytes after the end', 65)
            self.one_line(self.run_program(name, stdin=stream + stream), name, 'more bytes after the end', 65)

    def parts(self, prefix, count, *options, source='in.csv'):
        names = [f'{prefix}.{i}' for i in range(count)]
        self.assertEqual(self.run_program('p1_read', *options, *(f'--to={name}' for name in names), source).status, 0)
        for name in names:
            self.assertEqual(self.shell(f'p2_sum <{name} >{name}.sums').status, 0)
        return [f'{name}.sums' for name in names]

    def test_a_part_is_missing(self):
        parts = self.parts('a', 3, '--batch-size=4')
        for missing, written in (0, b''), (1, b'0,3\n'), (2, b'0,3\n1,7\n'):
            outcome = self.run_program('p3_write', *parts[:missing], *parts[missing + 1:])
            self.one_line(outcome, 'p3_write', 'bytes? .*missing', 65)
            self.assertEqual(outcome.stdout, written)

    def test_a_part_twice(self):
        parts = self.parts('a', 2, '--batch-size=4')
        for order in [0, 1, 0], [0, 0, 1], [1, 1, 0], [0, 1, 1]:
            outcome = self.run_program('p3_write', *(parts[i] for i in order))
            self.one_line(outcome, 'p3_write', 'come twice', 65)
            self.assertTrue(sums(self.data).startswith(outcome.stdout))

    def test_parts_that_overlap(self):
        four, eight = self.parts('a', 2, '--batch-size=4'), self.parts('b', 2, '--batch-size=8')
        for parts in [four[0], eight[0]], [four[0], eight[1]], [four[1], eight[0]], [*four, *eight]:
            outcome = self.run_program('p3_write', *parts)
            self.one_line(outcome, 'p3_write', '(come twice|missing)', 65)
            self.assertTrue(sums(self.data).startswith(outcome.stdout))

    def test_parts_of_different_inputs(self):
        mine = self.parts('a', 2, '--batch-size=4')
        self.file('other.csv', self.data.replace(b'7', b'9'))
        for theirs in (self.parts('b', 2, '--batch-size=4', source='other.csv'),
                       self.parts('c', 2, '--batch-size=4', '-d;'), self.parts('d', 2, '--batch-size=4', '--header')):
            self.one_line(self.run_program('p3_write', mine[0], theirs[1]), 'p3_write',
                'of another input, or read in', 65)

    def test_a_missing_operand(self):
        outcome = self.run_program('p3_write', 'no.sums')
        self.assertEqual(outcome, Outcome(b'', 'p3_write: no.sums: No such file or directory\n', 66))

    def test_a_part_that_failed_was_reported(self):
        """The one who failed has said so; who merges its stream says nothing and exits with its status."""
        good = self.parts('a', 2, '--batch-size=4')
        self.assertEqual(self.shell('p2_sum </dev/null >failed.sums').status, 69)
        for order in [good[0], 'failed.sums'], ['failed.sums', good[0]]:
            with self.subTest(order):
                outcome = self.run_program('p3_write', *order)
                self.assertEqual((outcome.stderr, outcome.status), ('', 69), outcome)


class ChangingInputTest(PipelineTest):
    def test_an_input_that_shrinks(self):
        size = 64 << 20  # more than pipes and windows hold
        for chain in True, False:
            with open(self.work / 'in.csv', 'wb') as file:
                file.write(b'1,2,3\n' * (size // 6))
            # The output is a pipe that nobody reads until the file has shrunk: so p1 is still at it.
            run = self.start_chain(None, ['in.csv']) if chain else self.start_launcher(None, '-n', 2, 'in.csv')
            self.assertEqual(run.read_line(), b'0,6\n')
            os.truncate(self.work / 'in.csv', 4096)
            outcome = run.finish()
            # Whoever notices says so: that bytes are missing, or that there are other rows than were counted.
            self.assertRegex(outcome.stderr,
                             r'^(p[12]_\w+: (in.csv: .*(it shrank|the input changed) while it was read|'
                             r'standard input: the stream ended early, .*)\n)+$')  # in the chain a frame may be cut short
            self.assertIn(outcome.status[2] if chain else outcome.status, (65, 69, 74) if chain else (65, 74))
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


class DownstreamTest(PipelineTest):
    def test_nobody_reads_any_more(self):
        """Silent, 141, and at once, also while the producer stays and says nothing."""
        for by_socket in False, True:
            for chain in True, False:
                reading, writing = os.pipe()
                if by_socket:
                    ours, theirs = socket.socketpair()
                else:
                    ours, theirs = map(lambda fd, mode: os.fdopen(fd, mode), os.pipe(), ('rb', 'wb'))
                with os.fdopen(reading, 'rb') as stdin:
                    run = (self.start_chain(stdin, stdout=theirs) if chain else
                           self.start_launcher(stdin, '-n', 2, stdout=theirs))
                theirs.close()
                os.write(writing, b'1\n')
                self.assertEqual(os.read(ours.fileno(), 100), b'0,1\n')
                ours.close()
                outcome = run.finish()  # and standard input is still open
                os.close(writing)
                self.assertEqual(outcome, Outcome(b'', '', (141, 141, 141) if chain else 141))

    def test_head(self):
        self.file('in.csv', b'1\n' * 1000000)
        for command in 'p1_read in.csv | p2_sum | p3_write', 'run_pipeline.sh -n 2 in.csv':
            outcome = self.shell(f'{command} | head -n 1; for s in ${{PIPESTATUS[@]}}; do echo $s; done | tail -n 2')
            self.assertEqual(outcome, Outcome(b'0,1\n141\n0\n', '', 0), command)

    def test_nobody_reads_from_p1(self):
        reading, writing = os.pipe()
        with os.fdopen(reading, 'rb') as stdin:
            run = self.start([program('p1_read')], stdin)
        run.stdout.close()
        self.assertEqual(run.finish(), Outcome(b'', '', 141))
        os.close(writing)


class KilledTest(PipelineTest):
    """A process is killed: a line that names it and the signal, 69, no output file, an old one as it was."""

    def start_long(self, *options):
        """A launcher that has answered one row and waits for more, which never comes."""
        reading, writing = os.pipe()
        self.addCleanup(os.close, writing)
        with os.fdopen(reading, 'rb') as stdin:
            run = self.start_launcher(stdin, *options)
        os.write(writing, b'1\n')
        return run

    def test_each_program_by_each_signal(self):
        for number in signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGABRT:
            for name in 'p1_read', 'p3_write':
                with self.subTest(name, signal=number.name):
                    run = self.start_long('-n', 2)
                    self.assertEqual(run.read_line(), b'0,1\n')
                    os.kill(self.processes(f'/{name} ')[-1], number)
                    outcome = run.finish()
                    line = f'run_pipeline.sh: {name} was killed by signal {int(number)} ({number.name[3:]})\n'
                    self.assertEqual(outcome, Outcome(b'', line, 69))
                    self.assert_nothing_left(within=1)

    def test_no_output_file(self):
        old = self.file('old', b'old\n')
        for out in 'new', 'old':
            for name in 'p1_read', 'p3_write':
                run = self.start_long('-n', 2, '-o', out)
                pid = self.until(lambda: self.processes(f'/{name} '), f'no {name}')[0]
                self.until(lambda: len(self.processes('/p2_sum ')) == 2, 'no workers')
                os.kill(pid, signal.SIGKILL)
                outcome = run.finish()
                self.assertEqual((outcome.stderr.count('\n'), outcome.status), (1, 69), outcome)
                self.assertEqual(old.read_bytes(), b'old\n')
                self.assertEqual(sorted(os.listdir(self.work)), ['old'])

    def test_p1_goes_while_p3_writes(self):
        """What p3_write then has to tell reaches nobody. That is no closed output."""
        self.file('in.csv', b'1\n' * 30000)
        self.shell('p1_read in.csv | p2_sum > in.results')
        os.mkfifo(self.work / 'out.0.0')
        held = os.open(self.work / 'out.0.0', os.O_RDWR)  # as the launcher holds it
        control, control_out = os.pipe()
        run = self.start([program('p3_write'), '--pipeline', '.', '--places', 1, '--control', control_out],
                         pass_fds=[control_out])
        os.close(control_out)
        (self.work / 'out.0.0').write_bytes((self.work / 'in.results').read_bytes())
        self.until(lambda: 'pipe_write' in Path(f'/proc/{run.pid}/wchan').read_text(), 'it has room to write')
        os.close(control)
        os.close(held)
        self.assertEqual(run.finish(), Outcome(sums(b'1\n' * 30000), '', 69))

    def test_all_at_once_while_the_launcher_sleeps(self):
        for _ in range(5):
            run = self.start_long('-n', 3)
            self.assertEqual(run.read_line(), b'0,1\n')
            os.kill(run.pid, signal.SIGSTOP)
            for pid in self.processes('/p1_read ') + self.processes('/p3_write ') + self.processes('/p2_sum '):
                os.kill(pid, signal.SIGKILL)
            self.until(lambda: not self.processes('/p2_sum '), 'p2_sum lives on')
            os.kill(run.pid, signal.SIGCONT)
            outcome = run.finish()
            self.assertEqual((outcome.stdout, outcome.status), (b'', 69), outcome)
            self.assertIn('was killed by signal 9 (KILL)\n', outcome.stderr)

    def test_done_while_the_launcher_sleeps(self):
        """Everybody else is done before it looks."""
        for _ in range(5):
            reading, writing = os.pipe()
            with os.fdopen(reading, 'rb') as stdin:
                run = self.start_launcher(stdin, '-n', 2)
            os.write(writing, b'1\n')
            self.assertEqual(run.read_line(), b'0,1\n')
            os.kill(run.pid, signal.SIGSTOP)
            os.close(writing)
            self.until(lambda: not self.processes('/p1_read ') and not self.processes('/p2_sum '), 'they live on')
            os.kill(run.pid, signal.SIGCONT)
            self.assertEqual(run.finish(), Outcome(b'', '', 0))

    def test_chain(self):
        for index, names in (0, ('p1_read', 'p2_sum')), (1, ('p2_sum', 'p3_write')):
            reading, writing = os.pipe()
            with os.fdopen(reading, 'rb') as stdin:
                run = self.start_chain(stdin)
            os.write(writing, b'1\n')
            self.assertEqual(run.read_line(), b'0,1\n')
            run.members[index].kill()
            outcome = run.finish()
            os.close(writing)
            self.assertEqual(outcome.stderr,
                f'{names[1]}: standard input: the stream ended early, after byte 2 of the input\n')
            self.assertEqual(outcome.status[index:], (-9, 69, 69)[:3 - index])

    def test_chain_leaves_an_output_file_alone(self):
        old = self.file('old', b'old\n')
        reading, writing = os.pipe()
        with os.fdopen(reading, 'rb') as stdin:
            run = self.start_chain(stdin, p3=['-o', 'old'])
        os.write(writing, b'1\n')
        run.members[1].kill()
        self.assertEqual(run.finish().status[2], 69)
        os.close(writing)
        self.assertEqual(old.read_bytes(), b'old\n')
        self.assertEqual(os.listdir(self.work), ['old'])


if __name__ == '__main__':
    main()
