#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The ways to use the suite, each compared with Python's own csv and int."""
import csv
import io
import itertools
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import Outcome, PipelineTest, main, skip_status, sums  # noqa: E402
from reference import ALPHABET, reference, strings  # noqa: E402

SMALL = b'1,2\n-3,+4\n\n 5 ,"6"\n'  # 4 rows
SMALL_SUMS = b'0,3\n1,1\n2,0\n3,11\n'


def chained(stdout: bytes) -> Outcome:
    return Outcome(stdout, '', (0, 0, 0))


def launched(stdout: bytes) -> Outcome:
    return Outcome(stdout, '', 0)


class FormsTest(PipelineTest):
    def both(self, stdin, options=(), inputs=(), expected=SMALL_SUMS, write=()):
        """Checks that the chain and the launcher have the same outcome."""
        self.assertEqual(self.chain(stdin, [*options, *inputs], write), chained(expected))
        self.assertEqual(self.launcher(stdin, '-n', 2, *options, *write, *inputs), launched(expected))

    def test_standard_input_by_pipe(self):
        self.both(SMALL)

    def test_standard_input_from_a_file(self):
        self.both(self.file('in.csv', SMALL))

    def test_standard_input_by_its_name(self):
        self.both(SMALL, inputs=['-'])

    def test_a_file(self):
        self.both(None, inputs=[self.file('in.csv', SMALL)])

    def test_a_file_with_an_awkward_name(self):
        self.file("-n 8 'in'\n$x.csv", SMALL)
        self.both(None, inputs=['--', "-n 8 'in'\n$x.csv"])

    def test_no_rows_at_all(self):
        self.both(b'', expected=b'')
        self.both(None, inputs=[self.file('empty.csv')], expected=b'')
        self.both(None, inputs=[self.file('mark.csv', b'\xef\xbb\xbf')], expected=b'')
        self.both(None, ['--header'], [self.file('header.csv', b'a,b\n')], b'')

    def test_several_files(self):
        files = [self.file('a.csv', b'1\n2'), self.file('b.csv'), self.file('c.csv', b'3\r4\r\n')]
        self.both(None, inputs=files, expected=b'0,1\n1,2\n2,3\n3,4\n')

    def test_several_files_each_with_a_header(self):
        files = [self.file('a.csv', b'"a\n",b\n1\n2'), self.file('b.csv', b'a,b'), self.file('c.csv',
            b'\xef\xbb\xbfx\n3')]
        self.both(None, ['--header'], files, b'0,1\n1,2\n2,3\n')

    def test_standard_input_among_files(self):
        files = [self.file('a.csv', b'1\n'), '-', self.file('c.csv', b'3\n')]
        self.both(b'2', inputs=files, expected=b'0,1\n1,2\n2,3\n')

    def test_a_row_does_not_go_on_in_the_next_file(self):
        files = [self.file('a.csv', b'1,2'), self.file('b.csv', b'3\r'), self.file('c.csv', b'\n4')]
        self.both(None, inputs=files, expected=b'0,3\n1,3\n2,0\n3,4\n')

    def test_delimiters(self):
        for delimiter in ';', '\t', '|', ' ', '0', 'x', '\xff':
            data = f'1{delimiter}2\n3{delimiter}"4"\n'.encode('latin-1')
            word = delimiter.encode('latin-1')
            # The byte itself: Python would encode a character.
            script = b"p1_read -d '%s' | p2_sum | p3_write; run_pipeline.sh -n 1 -d '%s' in.csv" % (word, word)
            self.file('in.csv', data)
            expected = sums(data, delimiter)
            outcome = self.shell(script, stdin=data)
            self.assertEqual(outcome, launched(expected + expected), delimiter)
        for tab in '\\t', 'tab':
            self.both(b'1\t2\n', ['-d', tab], expected=b'0,3\n')
        self.both(b'1t2\n', ['-dt'], expected=b'0,3\n')
        self.both(b'1;2\n', ['--delimiter=;'], expected=b'0,3\n')
        self.both(b'1,2\n', ['-d,'], expected=b'0,3\n')

    def test_row_ends(self):
        for data in b'1\r\n2\r\n', b'1\r2\r', b'1\n2\r3\r\n4', b'\r\r\n\n\r', b'1\r', b'"1\r\n",2\r\n3\r':
            self.both(data, expected=sums(data))
            self.both(None, inputs=[self.file('in.csv', data)], expected=sums(data))

    def test_byte_order_mark(self):
        for data in b'\xef\xbb\xbf1,2\n3', b'\xef\xbb\xbf"1",2\n', b'\xef\xbb\xbf\n1\n':
            self.both(data, expected=sums(data))

    def test_half_a_byte_order_mark_is_no_mark(self):
        for data in b'\xef\n1\n', b'\xef\xbb\n1\n', b'\xef\xbb', b'1\n\xef\xbb\xbf2\n':
            answer = reference(data)
            outcome = self.chain(data, p3=['--on-error=skip'])
            self.assertEqual((outcome.stdout, outcome.status), (answer.lines, (0, 0, 1)), data)

    def test_lines_end_as_those_of_a_csv_writer(self):
        data = b'1,2\n\n' + b'9' * 50 + b',1\n'
        text = io.StringIO(newline='')
        writer = csv.writer(text)
        for index, row in enumerate(csv.reader(io.StringIO(data.decode()))):
            writer.writerow([index, sum(map(int, row))])
        self.both(data, expected=text.getvalue().encode(), write=['--crlf'])

    def test_sums_alone(self):
        self.both(SMALL, expected=b'3\n1\n0\n11\n', write=['--no-index'])
        self.both(SMALL, expected=b'3\r\n1\r\n0\r\n11\r\n', write=['--no-index', '--crlf'])

    def test_standard_input_at_an_offset(self):
        file = self.file('in.csv', b'header\n1,2\n"3\n",4\n')
        for command in 'p1_read | p2_sum | p3_write', 'p1_read - | p2_sum | p3_write', 'run_pipeline.sh -n 2', \
                'run_pipeline.sh -n 2 -':
            outcome = self.shell(f'{{ read -r line; {command}; }} <in.csv')
            self.assertEqual(outcome, launched(b'0,3\n1,7\n'), command)
        with open(file, 'rb') as at_the_end:
            at_the_end.seek(0, io.SEEK_END)
            self.both(at_the_end, expected=b'')

    def test_a_file_of_size_0_that_has_contents(self):
        expected = sums(Path('/proc/sys/kernel/pid_max').read_bytes())
        self.both(None, inputs=['/proc/sys/kernel/pid_max'], expected=expected)
        self.both(Path('/proc/sys/kernel/pid_max'), expected=expected)
        # The size of this one is that of a page, which is more than it has.
        expected = sums(Path('/sys/class/net/lo/mtu').read_bytes())
        self.both(None, inputs=['/sys/class/net/lo/mtu'], expected=expected)
        self.both(Path('/sys/class/net/lo/mtu'), expected=expected)
        # With batches so small, workers scan the file beyond its end.
        self.assertEqual(self.launcher(None, '-n', 2, '--batch-size=1', '/sys/class/net/lo/mtu'),
                         Outcome(expected, '', 0))


class IntegersTest(PipelineTest):
    def check(self, data):
        expected = sums(data)
        self.assertEqual(self.chain(data), chained(expected))
        self.assertEqual(self.launcher(self.file('in.csv', data), '-n', 2), launched(expected))

    def test_around_every_limit(self):
        rows = []
        for limit in 0, 2**31, 2**32, 2**63, 2**64, 2**127, 2**128:
            for a, b in itertools.product((-1, 0, 1), repeat=2):
                rows += [f'{limit + a},{b}', f'{-limit + a},{b}', f'{limit + a},{limit + b},{-limit}', f'{limit + a:+}']
        self.check('\n'.join(rows).encode())

    def test_50_digits(self):
        generator = random.Random(1)
        number = lambda: generator.randrange(-10**50, 10**50)  # noqa: E731
        self.check('\n'.join(f'{number()},{number()},{number():+}' for _ in range(500)).encode())

    def test_signs_zeros_and_padding(self):
        self.check(b'-0,+0,000\n 1\t, \x0b-2\x0c,"\n3\r"\n' + b'0' * 5000 + b'1\n-' + b'0' * 100 + b'\n')

    def test_many_fields_that_overflow_together(self):
        self.check(b'9223372036854775807,' * 100000 + b'1\n' + b'-9223372036854775808,' * 100000 + b'0\n')

    def test_10_megabytes_of_digits(self):
        # Python would need minutes for this. The result is known beforehand: 99...9 + 1.
        digits = 10 << 20
        data = b'1\n' + b'9' * digits + b',1\n2\n'
        expected = b'0,1\n1,1' + b'0' * digits + b'\n2,2\n'
        self.assertTrue(self.chain(data) == chained(expected))
        self.assertTrue(self.launcher(data, '-n', 2) == launched(expected))


class PartsTest(PipelineTest):
    """Streams that are kept, copied, summed one by one and merged later."""

    def setUp(self):
        super().setUp()
        self.data = self.generate('in.csv', '--rows', 500, '--columns', 7, '--quoted', 20).read_bytes()
        self.expected = sums(self.data)

    def test_streams_kept_in_files(self):
        outcome = self.shell('p1_read in.csv >batches && p2_sum <batches >results &&'
                             'p3_write results && p3_write <results')
        self.assertEqual(outcome, launched(2 * self.expected))

    def test_through_tee_and_cat(self):
        outcome = self.shell('p1_read in.csv | tee batches | p2_sum | cat | tee results | p3_write >/dev/null &&'
                             'p2_sum <batches | cmp - results && dd if=results bs=1 2>/dev/null | p3_write')
        self.assertEqual(outcome, launched(self.expected))

    def test_parts_in_any_order(self):
        results = self.summed_parts(4, '--batch-size=100')
        for order in itertools.permutations(results):
            self.assertEqual(self.run_program('p3_write', *order), launched(self.expected))

    def test_parts_dealt_at_random(self):
        results = self.summed_parts(5, '--batch-size=50', '--deal=random')
        self.assertEqual(self.run_program('p3_write', *results), launched(self.expected))

    def test_more_parts_than_batches(self):
        results = self.summed_parts(9, '--batch-size=1M')
        self.assertEqual(self.run_program('p3_write', *results), launched(self.expected))

    def test_a_part_by_standard_input(self):
        results = self.summed_parts(3, '--batch-size=100')
        outcome = self.run_program('p3_write', results[2], '-', results[0], stdin=Path(results[1]))
        self.assertEqual(outcome, launched(self.expected))

    def test_fifos(self):
        for n in 1, 2, 7:
            outcome = self.shell(f'''
                mkdir {n}
                for i in {{1..{n}}}; do
                  mkfifo {n}/in.$i {n}/out.$i
                  p2_sum <{n}/in.$i >{n}/out.$i & pids+=($!)
                done
                p1_read --batch-size=300 $(printf -- '--to={n}/in.%s ' {{1..{n}}}) in.csv & pids+=($!)
                p3_write $(printf '{n}/out.%s ' {{{n}..1}}) || exit
                for pid in ${{pids[@]}}; do wait $pid || exit; done''')
            self.assertEqual(outcome, launched(self.expected), n)

    def test_parts_of_a_file_with_rejects(self):
        data = self.data.replace(b'7', b'x', 40)
        self.file('in.csv', data)
        results = self.summed_parts(3, '--batch-size=200')
        whole = self.chain(None, ['in.csv'], ['--on-error=skip'])
        self.assertEqual(whole.status, (0, 0, 1))
        self.assertEqual(whole.stdout, reference(data).lines)
        parts = self.run_program('p3_write', '--on-error=skip', *results)
        self.assertEqual((parts.stdout, parts.stderr, parts.status), (whole.stdout, whole.stderr, 1))


class ExhaustiveTest(PipelineTest):
    """Every short text, and some longer ones, through the real programs."""

    def texts(self, seed):
        yield from strings(ALPHABET, 2)
        generator = random.Random(seed)
        for _ in range(300):
            yield bytes(generator.choices(ALPHABET, k=generator.randint(3, 6)))

    def compare(self, text, outcome, status):
        answer = reference(text)
        self.assertEqual((outcome.stdout, status), (answer.lines, skip_status(answer)), (text, outcome))
        said = outcome.stderr.splitlines()
        rejects = [f': row {row}, field {field} (byte ' for row, field in answer.rejects]
        self.assertEqual(len(said), len(rejects) + answer.unterminated, (text, said))
        for part in rejects:
            self.assertTrue(any(part in line for line in said), (text, part, said))

    def test_chain(self):
        for text in self.texts(1):
            outcome = self.chain(text, p3=['--on-error=skip'])
            self.compare(text, outcome, outcome.status[2])

    def test_launcher(self):
        for i, text in enumerate(self.texts(2)):
            stdin = text if i % 2 else self.file('in.csv', text)
            outcome = self.launcher(stdin, '-n', 2, '--on-error=skip')
            self.compare(text, outcome, outcome.status)


if __name__ == '__main__':
    main()
