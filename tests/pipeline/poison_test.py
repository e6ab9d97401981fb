#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Rows that kill every worker are found and rejected, and their places are reported. No other row is rejected."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from fragile import KILLED, POISON, FragileTest, rows  # noqa: E402
from pipeline import main, sums  # noqa: E402


class PoisonTest(FragileTest):
    def poisoned(self, *at, row=b'1,' + POISON + b'\n', count=2000):
        """The rows, some of them poisoned."""
        all_rows = rows(count)
        for index in at:
            all_rows[index] = row
        return all_rows

    def expected(self, all_rows, *at):
        """The sums of the other rows, with their own indices."""
        lines = sums(b''.join(b'0\n' if index in at else row for index, row in enumerate(all_rows))).splitlines(True)
        return b''.join(line for index, line in enumerate(lines) if index not in at)

    def reports(self, name, all_rows, *at):
        return [f'p3_write: {name}: row {index} (byte {sum(map(len, all_rows[:index]))}): '
                'every p2_sum that is given it dies' for index in at]

    def test_fail(self):
        all_rows = self.poisoned(1234)
        data = b''.join(all_rows)
        for stdin, name in (data, 'standard input'), (None, 'in.csv'):
            self.file('in.csv', data)
            for n in 1, 2, 8:
                outcome = self.fragile(stdin, '-n', n, *([] if stdin else ['in.csv']), row=POISON)
                found, others = self.losses(outcome)
                self.assertEqual((others, outcome.status), (self.reports(name, all_rows, 1234), 65))
                self.assertEqual(outcome.stdout, sums(b''.join(all_rows[:1234])))
                self.assertEqual(found, len(found) * [(found[0][0], KILLED)])

    def test_skip(self):
        """The poisoned row is the first, the last or in the middle; among many rows, among few, or alone; in a big
        batch or in small ones."""
        for count, index in (2000, 0), (2000, 1999), (2000, 999), (64, 63), (65, 64), (2, 1), (1, 0), (5000, 4444):
            all_rows = self.poisoned(index, count=count)
            for size in 100, '256K':
                with self.subTest(count=count, index=index, size=size):
                    outcome = self.fragile(b''.join(all_rows), '-n', 2, '--on-error=skip', '--rejects=rejects',
                                           '--batch-size', size, row=POISON)
                    self.assertEqual(self.losses(outcome)[1], self.reports('standard input', all_rows, index))
                    self.assertTrue(outcome.stdout == self.expected(all_rows, index))
                    self.assertEqual((outcome.status, (self.work / 'rejects').read_bytes()), (1, all_rows[index]))

    def test_how_many_deaths(self):
        """There are as many deaths as are allowed for a batch, one for each cut into 64 pieces, and as many as are
        allowed for the row. There is not one death for each halving."""
        for count, cuts in (1, 0), (2, 0), (64, 0), (65, 1), (4096, 1), (4097, 2), (20000, 2):
            for retries in 0, 1, 3:
                at = count // 2
                self.file('in.csv', b''.join(self.poisoned(at, count=count)))  # all there at once
                outcome = self.fragile(None, '-n', 2, '--on-error=skip', '--batch-size=1M', '--retries', retries,
                                       'in.csv', row=POISON)
                found, others = self.losses(outcome)
                tries = retries + 1
                self.assertEqual((len(found), len(others)), (tries if count == 1 else 2 * tries + cuts, 1),
                                 (count, retries))

    def test_a_chunk(self):
        """A chunk that kills whoever scans it is scanned by p1_read. If no row kills whoever sums it, all is well; if
        one does, that is found as ever."""
        for at in (1000,), (30, 1999), (700, 701, 1500):
            all_rows = self.poisoned(*at)
            data = b''.join(all_rows)
            path = self.file('in.csv', data)
            for n, size, retries in (1, 100, 3), (2, 1000, 0), (3, 4000, 1):
                with self.subTest(at=at, n=n, size=size, retries=retries):
                    chunks = self.chunks_with_poison(data, size)
                    options = '-n', n, '--batch-size', size, '--retries', retries
                    outcome = self.fragile(path, *options, chunk=POISON)
                    found = self.losses(outcome)[0]
                    self.assertEqual(len(found), chunks * (retries + 1))
                    self.assert_survived(outcome, data, *found)
                    outcome = self.fragile(path, *options, '--on-error=skip', chunk=POISON, row=POISON)
                    self.assertEqual(self.losses(outcome)[1], self.reports('standard input', all_rows, *at))
                    self.assertTrue(outcome.stdout == self.expected(all_rows, *at))
                    self.assertEqual(outcome.status, 1)
                    self.assertGreater(len(self.losses(outcome)[0]), len(found))

    def test_a_chunk_after_a_failure(self):
        """It is not given to one worker after another, because nobody needs to know what is in it."""
        data = 50 * b'1\n' + 99 * b'1,' + b'1\n' + 30 * (b'1,' + POISON + b'\n')
        outcome = self.fragile(self.file('in.csv', data), '-n', 1, '--batch-size=100', '--max-row=100', '--retries=9',
                               chunk=POISON)
        found, others = self.losses(outcome)
        self.assertEqual(others, ['p1_read: standard input: row 50 (byte 100): longer than 100 bytes (--max-row)'])
        self.assertEqual((outcome.stdout, outcome.status), (sums(50 * b'1\n'), 65))
        self.assertLess(len(found), 5)

    def chunks_with_poison(self, data, size):
        """How many chunks hold the poison. p1_read reads as much as a chunk at the beginning. No poison lies across a
        border."""
        chunks = [data[begin:begin + size] for begin in range(size, len(data), size)]
        self.assertEqual(data[:size].count(POISON) + sum(chunk.count(POISON) for chunk in chunks), data.count(POISON))
        return sum(POISON in chunk for chunk in chunks)

    def test_in_quotes(self):
        """The whole row is found, and goes into the rejects as it is."""
        for row in b'1,"\n' + POISON + b'\r\n""\n"\r\n', b'"' + POISON + b'"\r', b'" \n",' + POISON + b'\r\n':
            all_rows = self.poisoned(77, count=200, row=row)
            all_rows[76] = b'"1","2\n"\r\n'
            outcome = self.fragile(b''.join(all_rows), '-n', 2, '--on-error=skip', '--rejects=rejects', row=POISON)
            self.assertEqual(self.losses(outcome)[1], self.reports('standard input', all_rows, 77))
            self.assertEqual((self.work / 'rejects').read_bytes(), row)
            self.assertEqual((outcome.stdout, outcome.status), (self.expected(all_rows, 77), 1))

    def test_without_a_row_end(self):
        all_rows = self.poisoned(9, count=10, row=POISON)
        outcome = self.fragile(b''.join(all_rows), '-n', 2, '--on-error=skip', '--rejects=rejects', row=POISON)
        self.assertEqual((self.work / 'rejects').read_bytes(), POISON)
        self.assertEqual((outcome.stdout, outcome.status), (self.expected(all_rows, 9), 1))

    def test_after_a_header_and_in_a_second_file(self):
        self.file('a.csv', b'\xef\xbb\xbfx,y\n1\n2\n')
        self.file('b.csv', b'x,y\n3\n' + POISON + b'\n4\n')
        outcome = self.fragile(None, '-n', 2, '--header', '--on-error=skip', 'a.csv', 'b.csv', row=POISON)
        self.assertEqual(self.losses(outcome)[1],
                         ['p3_write: b.csv: row 3 (row 1 of the file, byte 6): every p2_sum that is given it dies'])
        self.assertEqual((outcome.stdout, outcome.status), (b'0,1\n1,2\n2,3\n4,4\n', 1))

    def test_several(self):
        """Several rows: in one batch, next to each other, in batches of both places, and with ordinary rejects."""
        for at in (5, 1500), (700, 701), (0, 1, 2), (0, 1999), (100, 500, 900, 1300, 1700):
            for size in 1000, '256K':
                all_rows = self.poisoned(*at)
                all_rows[400] = b'z\n'
                outcome = self.fragile(b''.join(all_rows), '-n', 2, '--on-error=skip', '--batch-size', size, row=POISON)
                found, others = self.losses(outcome)
                reports = self.reports('standard input', all_rows, *at)
                reports.insert(sum(index < 400 for index in at),
                               f"p3_write: standard input: row 400, field 1 (byte {sum(map(len, all_rows[:400]))}): "
                               "'z' is not an integer")
                self.assertEqual((others, outcome.status), (reports, 1))
                self.assertTrue(outcome.stdout == self.expected(all_rows, 400, *at))
                self.assertLessEqual(len(found), 10 * len(at))

    def test_lost_elsewhere(self):
        """If a worker dies in between for another reason than the data, no other row is rejected."""
        all_rows = self.poisoned(100, count=200)
        outcome = self.fragile(b''.join(all_rows), '-n', 2, '--on-error=skip', '--batch-size=300', row=POISON,
                               point='between')
        self.assertEqual(self.losses(outcome)[1], self.reports('standard input', all_rows, 100))
        self.assertTrue(outcome.stdout == self.expected(all_rows, 100))

    def test_without_an_index_and_with_crlf(self):
        all_rows = self.poisoned(3, count=6)
        outcome = self.fragile(b''.join(all_rows), '-n', 2, '--on-error=skip', '--no-index', '--crlf', row=POISON)
        lines = [line.split(b',')[1].replace(b'\n', b'\r\n') for line in self.expected(all_rows, 3).splitlines(True)]
        self.assertEqual((outcome.stdout, outcome.status), (b''.join(lines), 1))

    def test_workers_that_die_of_anything(self):
        """Workers that die even on a row that they are not to look at, or without any row."""
        data = b''.join(rows(100))
        for settings in ({'point': 'start'}, {'point': 'before_hello'}, {'point': 'got_batch'}, {'point': 'inside_head'},
                         {'point': 'inside_result'}, {'row': b'100050', 'refused': 1}):
            for n, stdin in zip((1, 2, 8), (data, self.file('in.csv', data), data)):
                outcome = self.fragile(stdin, '-n', n, '--on-error=skip', '--batch-size=200', **settings)
                found, others = self.losses(outcome)
                self.assertEqual(outcome.status, 69, outcome.stderr)
                self.assertEqual(len(others), 1, others)
                self.assertRegex(others[0], r'^p1_read: p2_sum at place \d died 4 times in a row, whatever it was given$')
                self.assertTrue(sums(data).startswith(outcome.stdout))
                self.assert_nothing_left()

    def test_workers_that_die_when_there_is_nothing(self):
        for n in 1, 3:
            outcome = self.fragile(b'', '-n', n, point='start')
            self.assertEqual(outcome.status, 69)
            self.assertEqual(len(self.losses(outcome)[1]), 1)

    def test_workers_that_die_of_their_end(self):
        """All of them die, so that no worker ever sends the end; also if there is another failure to be reported."""
        for data, status in (b'1\n2\n', 69), (b'1\n"2', 65):
            outcome = self.fragile(data, '-n', 2, point='before_end')
            found, others = self.losses(outcome)
            self.assertEqual((outcome.status, len(others)), (status, 1), outcome.stderr)
            self.assertLessEqual(len(found), 20)

    def test_workers_that_are_killed_before_they_begin(self):
        """They are killed more often than --retries. No row is suspected because of that."""
        data = b''.join(rows(3))
        outcome = self.fragile(data, '-n', 1, '--on-error=skip', '--batch-size=1', '--retries=3', point='start', lives=3)
        self.assert_survived(outcome, data, *3 * [(0, KILLED)])
        outcome = self.fragile(data, '-n', 1, '--on-error=skip', '--batch-size=1', '--retries=3', point='start')
        self.assertEqual((outcome.stdout, outcome.status), (b'', 69))


if __name__ == '__main__':
    main()
