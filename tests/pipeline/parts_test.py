#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Parts of a file: outlined, folded into a plan, and dealt one by one, they make what the whole file makes."""
import json
import os
import shlex
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import Outcome, PipelineTest, main, program, sums  # noqa: E402

# Row ends of all kinds, also in quotes and right after them. The last row has no end.
GOOD = b'"1\r\n",2,"\n3"\r\n\r\n4\r\r56,7\r"\n8",9\n\n"1"0,"\r-5","6\n"\r\n-1,"-2"\r"3"'
# Quotes of all kinds as well, which make rejects.
MIXED = b'"5""6",7\r"\n""\r\n",""\r\n""""\n1"\n' + GOOD + b'\r1,"\r"'
MARK = b'\xef\xbb\xbf'
ANEW = '; make all outlines and the plan anew\n'


def words(options):
    return ' '.join(shlex.quote(str(option)) for option in options)


class PartsTest(PipelineTest):
    def plan(self, parts, *options, name='in.csv'):
        """Makes the outlines and the plan, and returns the plan."""
        for old in self.work.glob('outline.*'):
            old.unlink()
        outcome = self.for_each(parts, f'p1_read --part $i/{parts} --outline outline.$i {words(options)} {name}')
        self.assertEqual(outcome, Outcome(b'', '', 0))
        self.assertEqual(self.shell('p1_read --fold outline.* > plan'), Outcome(b'', '', 0))
        return json.loads((self.work / 'plan').read_bytes())['plan']

    def for_each(self, parts, command):
        """Runs a command for each part $i, a hundred of them in a shell. The status is the greatest."""
        outcomes = [self.shell(f'''set -o pipefail
            for ((i = {first}; i <= {min(first + 99, parts)}; ++i)); do
              {command}
              s=$?
              ((s <= status)) || status=$s
            done
            exit $status''') for first in range(1, parts + 1, 100)]
        outputs, errors, statuses = zip(*outcomes)
        return Outcome(b''.join(outputs), ''.join(errors), max(statuses))

    def dealt(self, parts, *options, p3=()):
        """The output of all parts, one after the other, each from a chain of its own."""
        return self.for_each(parts, f'p1_read --part $i/{parts} --plan plan {words(options)} in.csv | p2_sum | '
                                    f'p3_write {words(p3)}')

    def launched(self, parts, *options):
        return self.for_each(parts, f'run_pipeline.sh --part $i/{parts} --plan plan {words(options)} in.csv')

    def whole(self, *options, p3=()):
        outcome = self.chain(None, [*options, 'in.csv'], p3)
        return outcome._replace(status=max(outcome.status))


class SameBytesTest(PartsTest):
    def check(self, data, *options, parts=None, p3=('--on-error=skip',), launcher=True):
        self.file('in.csv', data)
        expected = self.whole(*options, p3=p3)
        for n in parts or (1, 2, 3, 7, len(data), len(data) + 3):
            self.plan(n, *options)
            self.assertEqual(self.dealt(n, *options, p3=p3), expected, (data, n))
            if launcher:
                outcome = self.launched(n, '-n', 2, '--batch-size', 1 + n % 7, *options, *p3)
                self.assertEqual(outcome, expected, (data, n))

    def test_a_border_at_every_byte(self):
        self.check(GOOD)
        self.check(MIXED)

    def test_with_a_mark_and_a_header(self):
        for header in b'a,b\n', b'"a\r\n","""b"\r', b'a\r\n':
            self.check(MARK + header + b'1,"2\n"\r\n3\n', '--header', launcher=False)
        self.check(MARK + b'"1\n",2\r\n3', parts=(1, 2, 3, 15))

    def test_files_of_hardly_anything(self):
        for data in b'', b'1', b'\n', b'\r', b'\r\n', MARK, MARK[:2], MARK + b'1':
            self.check(data, parts=(1, 3, 100) if data in (b'', MARK) else (1, 3, 8))
        for data in b'', b'a', b'a\n', b'a\r', MARK, MARK + b'a\n', b'a\n1', b'a\r1':
            self.check(data, '--header', parts=(1, 3, 8))

    def test_rows_over_several_parts(self):
        self.check(b'1,2\n' + b'3' * 40 + b'\n4\n', parts=(2, 5, 17))
        self.check(b'1,2\n3,"' + b'\n' * 20 + b'4"\r\n' + b'"5' + b'\r' * 20 + b'"', parts=(2, 5, 17))

    def test_real_data(self):
        self.generate('in.csv', '--rows', 40000, '--columns', 5, '--quoted', 20)
        expected = Outcome(sums((self.work / 'in.csv').read_bytes()), '', 0)
        for n in 1, 2, 3, 7, 64, 1000:
            plan = self.plan(n)
            self.assertEqual(plan['rows'], 40000)
            self.assertEqual(self.dealt(n), expected, n)
            if n < 100:
                self.assertEqual(self.launched(n, '-n', 3, '--batch-size=10K'), expected, n)
            if n == 7:
                self.assertEqual(self.launched(n, '-n', 2), expected)

    def test_chunks_that_are_blocks(self):
        """Parts of several MiB: the workers find the row ends and hash what they read."""
        self.generate('in.csv', '--rows', 900000, '--columns', 5, '--quoted', 20)
        self.assertGreater((self.work / 'in.csv').stat().st_size, 10 << 20)
        expected = self.launcher(None, '-n', 2, 'in.csv')
        self.assertEqual(expected[1:], ('', 0))
        for n in 1, 3:
            self.plan(n)
            self.assertEqual(self.launched(n, '-n', 3), expected)
        self.assertEqual(self.launched(3, '-n', 3, '--batch-size=300K', '--checksum'), expected)
        self.assertEqual(self.launched(3, '-n', 2, '--batch-size=3M', '--max-row=3M'), expected)


class MessagesTest(PartsTest):
    def test_a_quoted_field_that_is_never_closed(self):
        self.file('in.csv', b'1\n2\n"3\n4\n5\n')
        expected = self.whole()
        self.assertEqual(expected, Outcome(b'0,1\n1,2\n', 'p1_read: in.csv: row 2 (byte 4): a quoted field is never '
                                                           'closed\n', 65))
        for n in 1, 2, 5, 12, 100:
            self.plan(n)
            self.assertEqual(self.dealt(n), expected)
            self.assertEqual(self.launched(n, '-n', 2, '--batch-size=1'), expected)

    def test_a_row_that_is_too_long(self):
        for data in b'1\n2\n333333333\n4\n5\n', b'1\n2\n333333333', b'1\n2\n"3\n3\n3\n3\n3\n3\n':
            self.file('in.csv', data)
            error = 'p1_read: in.csv: row 2 (byte 4): longer than 5 bytes (--max-row)\n'
            for n in 1, 2, 5, len(data):
                plan = self.plan(n)
                # The parts after it go on.
                lines = b'0,1\n1,2\n'
                ends = [part['begin'] for part in plan['parts'][1:]] + [len(data)]
                after = [part for part in plan['parts'] if part['begin'] > 4]
                if data.endswith(b'5\n'):
                    lines += b''.join(b'%d,%d\n' % (row, row + 1) for row in (3, 4)
                                      if after and row >= after[0]['first_row'])
                self.assertEqual(self.dealt(n, '--max-row=5'), Outcome(lines, error, 65), (n, ends))
                self.assertEqual(self.launched(n, '-n', 2, '--max-row=5'), Outcome(lines, error, 65))

    def test_a_row_after_the_header_that_is_too_long(self):
        """Every part reads the header, and the rows just after it belong to one of them."""
        self.file('in.csv', b'a\n1\n333333333\n4\n5\n')
        self.plan(5, '--header', '--max-row=5')
        error = 'p1_read: in.csv: row 1 (byte 4): longer than 5 bytes (--max-row)\n'
        self.assertEqual(self.dealt(5, '--header', '--max-row=5'), Outcome(b'0,1\n2,4\n3,5\n', error, 65))

    def test_a_header_that_is_too_long_or_never_closed(self):
        for data, what in (b'"a\n1\n', 'a quoted field is never closed'), (b'aaaaaa\n1\n', 'longer than 5 bytes (--max-row)'):
            self.file('in.csv', data)
            outcome = self.run_program('p1_read', '--header', '--max-row=5', '--part=2/2', '--outline=-', 'in.csv')
            self.assertEqual(outcome, Outcome(b'', f'p1_read: in.csv: row 0 (byte 0): {what}\n', 65))

    def test_rows_have_their_numbers_in_the_whole_file(self):
        self.file('in.csv', b''.join(b'%d\n' % row if row % 10 else b'x\n' for row in range(100)))
        options = '--on-error=skip', '--reports=100', '--rejects=rejects'
        self.assertEqual(self.whole(p3=options).status, 1)
        rejects = (self.work / 'rejects').read_bytes()
        expected = self.whole(p3=options)
        self.plan(9)
        self.assertEqual(self.dealt(9, p3=options), expected)
        self.assertTrue((self.work / 'rejects').read_bytes() and rejects.endswith((self.work / 'rejects').read_bytes()))

    def test_what_watches_a_run(self):
        self.generate('in.csv', '--rows', 20000, '--columns', 5)
        self.plan(3)
        outcome = self.launcher(None, '--part=2/3', '--plan=plan', '-n', 2, '--batch-size=20K', '--stats', '--trace=trace',
                                '--joblog=joblog', '--progress=always', 'in.csv')
        self.assertEqual(outcome.status, 0)
        rows = outcome.stdout.count(b'\n')
        self.assertRegex(outcome.stderr, rf'\b{rows}\b')
        self.assertIn('"place 1"', (self.work / 'trace').read_text())
        self.assertGreater((self.work / 'joblog').read_bytes().count(b'\n'), 3)


class CommandsTest(PartsTest):
    def test_every_part_gets_the_header(self):
        self.file('in.csv', b'a,b\n' + b''.join(b'%d,1\n' % row for row in range(70)))
        self.plan(9, '--header')
        command = "awk -F, 'NR == 1 { print $2 \"!\"; next } { print $1 }'"
        part = self.launcher(None, '--part=7/9', '--plan=plan', '--header=repeat', '--command', command, '-n', 2, 'in.csv')
        lines = part.stdout.splitlines()
        self.assertEqual((lines[0], part[1:]), (b'index,b!', ('', 0)))
        self.assertTrue(all(line.split(b',')[0] == line.split(b',')[1] for line in lines[1:]), lines)
        self.assertGreater(len(lines), 5)

    def test_columns_by_name(self):
        self.file('in.csv', b'a,b\n' + b''.join(b'%d,x\n' % row for row in range(70)))
        expected = self.whole('--header', '--fields=a')
        self.plan(5, '--header')
        self.assertEqual(self.dealt(5, '--header', '--fields=a'), expected)
        self.assertEqual(self.launched(5, '--header', '--fields=a'), expected)


class RefusalsTest(PartsTest):
    def setUp(self):
        super().setUp()
        self.file('in.csv', b'1,2\n"3\n",4\r\n5\r6\n')
        self.plan(3)

    def assert_refused(self, status, message, *words, stdin=None):
        self.assertEqual(self.run_program('p1_read', *words, stdin=stdin), Outcome(b'', f'p1_read: {message}\n', status))

    def assert_usage(self, message, *words, stdin=None):
        """Into a pipe goes the end of a stream."""
        with open(os.devnull, 'wb') as nowhere:
            outcome = self.start([program('p1_read'), *words], stdin, nowhere).finish()
            self.assertEqual(outcome[1:], (f"p1_read: {message}; try 'p1_read --help'\n", 64))

    def test_wrong_usage(self):
        for part in '0/3', '4/3', 'x', '1', '/3', '1/', '-1/3', '1/3x', ' 1/3', '1/100001', '1/99999999999999999999':
            self.assert_usage(f"--part: '{part}' is no part such as 3/64, of 100000 at most", f'--part={part}', '--outline=-',
                              'in.csv')
        self.assert_usage('--part needs --outline or --plan', '--part=1/3', 'in.csv')
        self.assert_usage('--outline needs --part', '--outline=o', 'in.csv')
        self.assert_usage('--plan needs --part', '--plan=plan', 'in.csv')
        self.assert_usage('--outline and --plan exclude each other', '--part=1/3', '--outline=o', '--plan=plan', 'in.csv')
        self.assert_usage('--fold and --part exclude each other', '--fold', '--part=1/3', 'outline.1')
        self.assert_usage('--fold needs the outlines of all parts', '--fold')
        self.assert_usage("--outline: 'in.csv' is the input", '--part=1/3', '--outline=in.csv', 'in.csv')
        dealt = '--part=1/3', '--plan=plan'
        self.assert_usage("--delimiter: the plan 'plan' is for another one", *dealt, '-d;', 'in.csv')
        self.assert_usage("--header: the plan 'plan' is for a file without a header", *dealt, '--header', 'in.csv')
        self.assert_usage("--part: the plan 'plan' has 3 parts", '--part=1/2', '--plan=plan', 'in.csv')
        self.plan(3, '--header')
        self.assert_usage("--header: the plan 'plan' is for a file with a header", *dealt, 'in.csv')
        resume = self.launcher(None, *dealt, '--resume', '-o', 'out', 'in.csv')
        self.assertEqual(resume, Outcome(b'', "p1_read: --part and --resume exclude each other; try 'run_pipeline.sh --help'\n",
                                         64))

    def test_inputs_that_have_no_parts(self):
        self.shell('gzip -k in.csv; cp in.csv other.csv')
        self.fifo('fifo')
        message = '--part needs one plain file'
        for step in '--outline=-', '--plan=plan':
            self.assert_usage(message, '--part=1/3', step, stdin=b'1\n')
            self.assert_usage(message, '--part=1/3', step, 'in.csv', 'other.csv')
            self.assert_usage(message, '--part=1/3', step, 'in.csv.gz')
            self.assert_usage(message, '--part=1/3', step, '/proc/self/stat')
        outcome = self.shell('{ head -c 4; p1_read --part 1/3 --outline -; } < in.csv')
        self.assertEqual(outcome[1:], (f"p1_read: {message}; try 'p1_read --help'\n", 64))
        self.assertEqual(self.shell('p1_read --part 2/3 --outline - < in.csv').stdout, (self.work / 'outline.2').read_bytes())

    def test_files_that_are_not_there(self):
        self.assert_refused(66, 'none: No such file or directory', '--part=1/3', '--outline=-', 'none')
        self.assert_refused(66, 'none: No such file or directory', '--fold', 'outline.1', 'none')
        self.assert_refused(73, 'none/o: No such file or directory', '--part=1/3', '--outline=none/o', 'in.csv')
        run = self.shell('p1_read --part 1/3 --plan none in.csv > stream')
        self.assertEqual(run, Outcome(b'', 'p1_read: none: No such file or directory\n', 66))

    def test_outlines_that_do_not_belong_together(self):
        def outline(name, part, *options, source='in.csv'):
            outcome = self.run_program('p1_read', '--part', part, '--outline', name, *options, source)
            self.assertEqual(outcome, Outcome(b'', '', 0))

        def refuse(message, *names):
            self.assert_refused(65, message, '--fold', *names)

        one, two, three = 'outline.1', 'outline.2', 'outline.3'
        refuse('the outline of part 2 of 3 is missing', one, three)
        refuse('the outline of part 1 of 3 is missing', two, three)
        refuse('the outline of part 3 of 3 is missing', two, one)
        refuse('the outline of part 1 of 3 is missing, and those of 1 more', two)
        refuse('outline.2 and outline.2 are both part 2 of 3', one, two, three, two)
        self.file('other.csv', b'1,2\n"3\n",4\r\n5\r7\n')
        outline('other', '2/3', source='other.csv')
        refuse('other and outline.1 are outlines of different files', one, 'other', three)
        outline('other', '2/4')
        refuse('other and outline.1 are part 2 of 4 and part 1 of 3', one, 'other', three)
        for option in '--header', '-d;':
            outline('other', '2/3', option)
            refuse('other and outline.1 are made with different options (--delimiter, --header)', one, 'other', three)
        refuse('in.csv: no outline of p1_read, or a damaged one', one, 'in.csv')
        refuse('plan: no outline of p1_read, or a damaged one', 'plan')

    def test_an_outline_that_is_cut_off(self):
        whole = (self.work / 'outline.2').read_bytes()
        for end in range(0, len(whole) - 3, 7):
            self.file('outline.2', whole[:end])
            self.assert_refused(65, 'outline.2: no outline of p1_read, or a damaged one', '--fold', 'outline.2')

    def test_huge_and_hostile_files(self):
        with open(self.work / 'huge', 'wb') as file:
            file.truncate(1 << 40)
        self.assert_refused(65, 'huge: too long for an outline or a plan', '--fold', 'huge')
        for text in b'[' * 5_000_000, b'{"outline":' * 1_000_000, b'{"outline":{"version":1,"file":[' + b'[],' * 1000 + b']}}':
            self.file('hostile', text)
            self.assert_refused(65, 'hostile: no outline of p1_read, or a damaged one', '--fold', 'hostile')

    def test_a_plan_that_is_not_that_of_the_file(self):
        def refuse(message, part=2):
            outcome = self.shell(f'p1_read --part {part}/3 --plan plan in.csv > stream')
            self.assertEqual(outcome, Outcome(b'', f'p1_read: {message}\n', 65))

        def rows(part):
            return f'in.csv: the rows of part {part} of 3 are not where the plan says{ANEW[:-1]}'

        self.file('in.csv', b'1,2\n"3\n",4\r\n5\r6\n7\n8\n')
        parts = self.plan(3)['parts']
        self.assertEqual([(part['begin'], part['first_row']) for part in parts], [(0, 0), (4, 1), (12, 2)])
        whole = (self.work / 'plan').read_text()
        self.file('plan', whole.replace('"begin": 12', '"begin": 11').encode())  # between CR and LF
        refuse(rows(3), 3)
        self.file('plan', whole.replace('"begin": 12', '"begin": 9').encode())
        refuse(rows(2))
        self.file('plan', whole.replace('"first_row": 2', '"first_row": 3').encode())
        refuse(rows(2))
        self.file('plan', whole.replace('"begin": 12', '"begin": 3').encode())
        refuse('plan: no plan of p1_read, or a damaged one')
        self.file('plan', (self.work / 'outline.1').read_bytes())
        refuse('plan: no plan of p1_read, or a damaged one')
        self.file('plan', whole.encode())
        data = (self.work / 'in.csv').read_bytes()
        for other in data[:-1], data + b'1', b'':
            self.file('in.csv', other)
            refuse(f"in.csv: it has {len(other)} bytes, and the file of the plan 'plan' {len(data)}")
        self.file('in.csv', data[:-2] + b'7\n')
        refuse("in.csv: not the file of the plan 'plan'")


class ChangesTest(PartsTest):
    def test_every_byte_of_a_small_file(self):
        data = b'a,b\n1,"2\n",3\r\n4\n'
        for i, byte in enumerate(data):
            self.file('in.csv', data)
            self.plan(3, '--header')
            self.file('in.csv', data[:i] + bytes([byte ^ 1]) + data[i + 1:])
            for n in 1, 2, 3:
                outcome = self.shell(f'p1_read --header --part {n}/3 --plan plan in.csv > stream')
                self.assertEqual(outcome, Outcome(b'', "p1_read: in.csv: not the file of the plan 'plan'\n", 65))

    def test_bytes_that_are_far_from_both_ends(self):
        """What has not changed in size and at both ends looks like the same file."""
        row = b'12,"3\n4",5\n'
        data = b'h' * 65600 + b'\n' + row * 40000
        parts = 30
        self.file('in.csv', data)
        plan = self.plan(parts, '--header')
        begins = [part['begin'] for part in plan['parts']]
        rows_begin = plan['file']['rows_begin']
        step, rest = divmod(len(data) - rows_begin, parts)
        nominal = [rows_begin + step * n + min(n, rest) for n in range(parts + 1)]
        self.assertTrue(any(begin < border for begin, border in zip(begins, nominal)))

        def check(i, byte, *options):
            """A part with this byte in it is refused, whatever p1_read makes of the rows."""
            self.file('in.csv', data[:i] + byte + data[i + 1:])
            for n in range(parts):
                if i < rows_begin and n % 10 or not begins[n] <= i < nominal[n + 1] and i >= rows_begin:
                    continue
                at, end = (0, rows_begin) if i < rows_begin else next(
                    pair for pair in zip(nominal, nominal[1:]) if pair[0] <= i < pair[1])
                error = f'p1_read: in.csv: bytes {at} to {end} are not what they were in the outline{ANEW}'
                outcome = self.shell(f'p1_read --header --part {n + 1}/{parts} --plan plan in.csv > stream')
                self.assertEqual(outcome, Outcome(b'', error, 65), (i, byte, n))
                outcome = self.launcher(None, '-n', 2, '--header', '--part', f'{n + 1}/{parts}', '--plan=plan', *options,
                                        '--on-error=skip', '--reports=0', 'in.csv')
                self.assertEqual((outcome.stderr.splitlines(True)[0], outcome.status), (error, 65), (i, byte, n))

        check(65580, b'i')
        for n in 5, 17:
            for i in {begins[n], nominal[n] - 1, nominal[n], nominal[n + 1] - 1}:
                for byte in b'7', b'"':
                    if data[i:i + 1] != byte:
                        check(i, byte)
        check(nominal[9] + 5, b'8', '--batch-size=1K')
        check(nominal[9] + 5, b'8', '--checksum')

    def test_blocks_that_workers_have_hashed(self):
        self.generate('in.csv', '--rows', 900000, '--columns', 5)
        begin = self.plan(2)['parts'][1]['begin']
        with open(self.work / 'in.csv', 'r+b') as file:
            size = os.fstat(file.fileno()).st_size
            for at in begin, size // 2 + 1000, size // 2 + (2 << 20), size - (1 << 20):
                before = os.pread(file.fileno(), 1, at)
                os.pwrite(file.fileno(), b'1' if before != b'1' else b'2', at)
                outcome = self.launcher(None, '-n', 2, '--part=2/2', '--plan=plan', '--on-error=skip', '--reports=0', 'in.csv')
                self.assertRegex(outcome.stderr, rf'^p1_read: in.csv: bytes \d+ to \d+ are not what they were in the outline'
                                                 f'{ANEW}')
                self.assertEqual(outcome.status, 65)
                os.pwrite(file.fileno(), before, at)
        outcome = self.launcher(None, '-n', 2, '--part=2/2', '--plan=plan', 'in.csv')
        self.assertEqual((outcome.stderr, outcome.status), ('', 0))


if __name__ == '__main__':
    main()
