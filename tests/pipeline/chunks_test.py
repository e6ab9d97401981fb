#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A plain file, in which the workers find the row ends chunk by chunk: the same comes out wherever the chunks end."""
import os
import re
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from fragile import FragileTest  # noqa: E402
from pipeline import Outcome, PipelineTest, Reader, main, sums  # noqa: E402

WORKERS = 1, 2, 3, 16, 64
# Row ends of all kinds, also in quotes and right after them. The last row has no end.
GOOD = b'"1\r\n",2,"\n3"\r\n\r\n4\r\r56,7\r"\n8",9\n\n"1"0,"\r-5","6\n"\r\n-1,"-2"\r"3"'
# Quotes of all kinds as well, which make rejects.
MIXED = b'"5""6",7\r"\n""\r\n",""\r\n""""\n1"\n' + GOOD + b'\r1,"\r"'


def in_order(stderr):
    """The programs of a chain say what they have to say in any order."""
    return ''.join(sorted(stderr.splitlines(True)))


class BordersTest(PipelineTest):
    def check(self, data, *options, sizes=None, workers=(1, 2, 3)):
        """Compares the runs with chunks of all of these sizes with the chain, which has no chunks."""
        self.file('in.csv', data)
        ours = [word for word in options if not word.startswith('--on-error')]
        theirs = [word for word in options if word not in ours]
        stdout, stderr, statuses = self.chain(None, [*ours, 'in.csv'], theirs)
        expected = Outcome(stdout, in_order(stderr), statuses[-1])
        for i, size in enumerate(sizes or range(1, len(data) + 2)):
            n = workers[i % len(workers)]
            outcome = self.launcher(None, '-n', n, '--batch-size', size, *options, 'in.csv')
            if outcome._replace(stderr=in_order(outcome.stderr)) != expected:
                self.fail(f'{data[:100]}, {n} workers, size {size}: {outcome} and not {expected}')
        return expected

    def check_sums(self, data, header=False, **how):
        outcome = self.check(data, *(['--header'] if header else []), **how)
        self.assertEqual((outcome.stdout, outcome[1:]), (sums(data, header=header), ('', 0)))

    def test_a_border_at_every_byte(self):
        for before in b'', b'\xef\xbb\xbf':
            self.check_sums(before + GOOD, workers=WORKERS)
            self.check_sums(before + b'"a\r\n","""b"\r' + GOOD, header=True)

    def test_the_grid_moves(self):
        """Chunks of few sizes begin at every byte, because there are more and more rows before."""
        for filler in range(1, 24):
            self.check_sums(b'\n' * filler + GOOD, sizes=(2, 11, 16))

    def test_row_ends_alone(self):
        for end in b'\n', b'\r', b'\r\n':
            for rows in range(1, 5):
                for last in b'', b'1':
                    self.check_sums(rows * end + last)
            self.check_sums(3000 * end, sizes=(1000, 999, 500))

    def test_hardly_any_bytes(self):
        for data in b'\n', b'1', b'1\n', b'\xef', b'\xef\xbb\xbf', b'\xef\xbb\xbf1', b'""', b'"\n"\r':
            if b'"' not in data and b'\xef' != data:
                self.check_sums(data)
                self.check_sums(data, header=True)
            self.check(data, '--header', '--on-error=skip')

    def test_header_and_mark_longer_than_the_chunks(self):
        self.check_sums(b'\xef\xbb\xbf"' + b'a\n' * 2000 + b'"\n1\n2\n', header=True, sizes=(1, 7, 100, 3000))

    def test_each_number_of_workers_and_way_to_deal(self):
        data = b''.join(b'%d,"%d\n"\r\n' % (row, row) for row in range(500))
        for deal in 'round-robin', 'random', 'pull':
            for n in WORKERS:
                self.check_sums(data, sizes=(10, 100, 1000), workers=(n,))
                path = self.work / 'in.csv'
                outcome = self.launcher(path, '-n', n, '--batch-size=100', '--deal', deal)
                self.assertEqual(outcome, Outcome(sums(data), '', 0))
                outcome = self.launcher(data, '-n', n, '--batch-size=100', '--deal', deal)
                self.assertEqual(outcome, Outcome(sums(data), '', 0))

    def test_rows_over_many_chunks(self):
        """Their beginnings have more room before a chunk than there is, or just as much."""
        short = b'1,2\n'
        for longest in 1000, 62000, 66000, 200000:  # a worker has room for 62 KiB
            for row in b'1,' * (longest // 2) + b'1\n', b'"' + b'\n' * longest + b'1"\r\n':
                for data in 2 * (row + short), short + row[:-1]:
                    self.check_sums(data, sizes=(100 if longest < 62000 else 1000, 4096, 60000))

    def test_rejects(self):
        """Each is reported with the right row and byte."""
        for options, status in (['--on-error=skip'], 1), ([], 65):
            outcome = self.check(GOOD + b'\n' + MIXED, *options)
            self.assertEqual((outcome.status, bool(outcome.stderr)), (status, True))

    def test_a_quote_that_is_never_closed(self):
        for data in GOOD[:-1] + b'\n4\n', b'1\n2\n"3\n4\n', b'"', b'"1""', b'1\r"2\r\n""\r\n':
            outcome = self.check(data)
            self.assertEqual(outcome.status, 65)
            self.assertIn('a quoted field is never closed', outcome.stderr)
            self.assertEqual(self.check(data, '--header').status, 65)
        self.assertEqual(self.check(MIXED + b'"4\n', '--on-error=skip').status, 65)

    def test_a_row_that_is_too_long(self):
        """Rows of one byte less than is too long, of as many, and of one byte more, at the beginning, in the middle,
        and at the end."""
        for size in 6, 7, 8:
            row = b'"' + b'\n' * (size - 3) + b'2"'
            for end in b'\n', b'\r', b'\r\n', b'':
                for data in (b'1\n' + row + end,
                             row + end + b'3\n4\n' if end else row,
                             8 * b'1\n' + row + (end + b'3\n\n\n\n4' if end else b'')):
                    outcome = self.check(data, '--max-row=7')
                    self.assertEqual(outcome.status, 65 if size == 8 else 0, outcome)

    def test_a_long_row_between_short_ones(self):
        """It is longer than may be, and shorter than the batches are to be."""
        data = 99 * b'1,2\n' + b'1,' * 50 + b'1\n' + 20 * b'3\n'
        for size in 1, 50, 99, 100, 101, 102, 200, '1K', '1M':
            outcome = self.check(data, '--max-row=100', sizes=(size,))
            self.assertEqual((outcome.stdout, outcome.status), (sums(99 * b'1,2\n'), 65))


class FileTest(FragileTest):
    def test_p1_read_reads_the_beginning_only(self):
        """A worker stops before it passes on the end. By then p1_read has dealt the whole file."""
        row = b','.join(b'%d' % field for field in range(5000)) + b'\n'
        path = self.work / 'in.csv'
        with open(path, 'wb') as file:
            for _ in range((20 << 20) // len(row)):
                file.write(row)
        run = self.fragile(None, '-n', 1, 'in.csv', point='before_end', lives=1, how=int(signal.SIGSTOP), wait=False)
        reader = Reader(run.stdout)
        worker, = self.until(self.stopped_workers, 'no worker has the end')
        p1_read, = self.processes('/p1_read ')
        count = int(re.search(r'rchar: (\d+)', Path(f'/proc/{p1_read}/io').read_text())[1])
        os.kill(worker, signal.SIGCONT)
        reader.join()
        run.stdout.close()
        outcome = run.finish()
        self.assertEqual((outcome.stderr, outcome.status), ('', 0))
        self.assertEqual(len(bytes(reader.data).splitlines()), path.stat().st_size // len(row))
        self.assertLess(count, 1 << 20)

    def test_a_file_that_is_cut_off_while_it_is_read(self):
        """The rows fill the chunks, so no worker has to read any byte for a second time."""
        row = b'%063d\n' % 7
        data = row * (8 << 14)
        for n in 1, 3:
            self.file('in.csv', data)
            run = self.start_launcher(None, '-n', n, '--batch-size=4K', 'in.csv')
            self.assertEqual(run.read_line(), b'0,7\n')  # much more is left than the pipe of the output has room for
            os.truncate(self.work / 'in.csv', 8192)
            outcome = run.finish()
            self.assertEqual(outcome[1:], ('p1_read: in.csv: it shrank while it was read\n', 74))
            self.assertTrue((b'0,7\n' + outcome.stdout) in sums(row * (len(data) // len(row))))
            self.assertTrue(outcome.stdout.endswith(b',7\n'))

    def test_what_is_appended_while_it_is_read_does_not_count(self):
        data = b'1234567\n' * (1 << 17)
        path = self.file('in.csv', data)
        run = self.start_launcher(None, '-n', 2, '--batch-size=4K', 'in.csv')
        first = run.read_line()
        with open(path, 'ab') as file:
            file.write(b'x\n')
        outcome = run.finish()
        self.assertTrue(first + outcome.stdout == sums(data))
        self.assertEqual(outcome[1:], ('', 0))

    def test_standard_input_ends_at_its_end(self):
        data = b''.join(b'%d,1\n' % row for row in range(5000))
        path = self.file('in.csv', data)
        for size in 10, '1K', '1M':
            outcome = self.shell(f'{{ run_pipeline.sh -n 2 --batch-size={size}; cat; }}', path)
            self.assertTrue(outcome == Outcome(sums(data), '', 0), outcome)
            outcome = self.shell(f'{{ read -r; run_pipeline.sh -n 2 --batch-size={size}; cat; }}', path)
            self.assertTrue(outcome == Outcome(sums(data.split(b'\n', 1)[1]), '', 0), outcome)


if __name__ == '__main__':
    main()
