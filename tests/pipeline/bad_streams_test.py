#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Damaged or wrong streams: each is reported in one line, and what came before is good."""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import Outcome, PipelineTest, main, program, sums  # noqa: E402


class StreamsTest(PipelineTest):
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
        """Any changed byte is an error, unless it means nothing. It never gives another sum."""
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

    def test_a_result_without_a_line_for_each_row(self):
        """The range and the number of rows are right. Only counting the lines shows the error."""
        batches = self.run_program('p1_read', '--batch-size=8', 'in.csv').stdout
        results = self.run_program('p2_sum', stdin=batches).stdout
        good = b'2,11\n3,15\n'
        self.assertEqual(results.count(good), 1)
        counted = 'bytes 8 to 16 hold 2 rows, and their result has {} lines and 0 rejects'
        for wrong, said in ((b'2,11,3,15\n', counted.format(1)), (b'2,11\n3,1\n\n', counted.format(3)),
                            (b'2,11\n3\n15', 'a result that ends within a line, bytes 8 to 16')):
            outcome = self.run_program('p3_write', stdin=results.replace(good, wrong))
            self.assertEqual(outcome, Outcome(b'0,3\n1,7\n', f'p3_write: standard input: {said}\n', 65))

    def test_a_part_is_missing(self):
        parts = self.summed_parts(3, '--batch-size=4', name='a')
        for missing, written in (0, b''), (1, b'0,3\n'), (2, b'0,3\n1,7\n'):
            outcome = self.run_program('p3_write', *parts[:missing], *parts[missing + 1:])
            self.one_line(outcome, 'p3_write', 'bytes? .*missing', 65)
            self.assertEqual(outcome.stdout, written)

    def test_a_part_twice(self):
        parts = self.summed_parts(2, '--batch-size=4', name='a')
        for order in [0, 1, 0], [0, 0, 1], [1, 1, 0], [0, 1, 1]:
            outcome = self.run_program('p3_write', *(parts[i] for i in order))
            self.one_line(outcome, 'p3_write', 'come twice', 65)
            self.assertTrue(sums(self.data).startswith(outcome.stdout))

    def test_parts_that_overlap(self):
        four, eight = (self.summed_parts(2, f'--batch-size={size}', name=f'by {size}') for size in (4, 8))
        for parts in [four[0], eight[0]], [four[0], eight[1]], [four[1], eight[0]], [*four, *eight]:
            outcome = self.run_program('p3_write', *parts)
            self.one_line(outcome, 'p3_write', '(come twice|missing)', 65)
            self.assertTrue(sums(self.data).startswith(outcome.stdout))

    def test_parts_of_different_inputs(self):
        mine = self.summed_parts(2, '--batch-size=4', name='a')
        self.file('other.csv', self.data.replace(b'7', b'9'))
        for theirs in (self.summed_parts(2, '--batch-size=4', name='b', source='other.csv'),
                       self.summed_parts(2, '--batch-size=4', '-d;', name='c'),
                       self.summed_parts(2, '--batch-size=4', '--header', name='d')):
            self.one_line(self.run_program('p3_write', mine[0], theirs[1]), 'p3_write',
                'of another input, or read in', 65)

    def test_a_missing_operand(self):
        outcome = self.run_program('p3_write', 'no.sums')
        self.assertEqual(outcome, Outcome(b'', 'p3_write: no.sums: No such file or directory\n', 66))

    def test_a_part_that_failed_was_reported(self):
        """The program that failed has reported it. The program that merges its stream reports nothing and exits with
        its status."""
        good = self.summed_parts(2, '--batch-size=4', name='a')
        self.assertEqual(self.shell('p2_sum </dev/null >failed.sums').status, 69)
        for order in [good[0], 'failed.sums'], ['failed.sums', good[0]]:
            with self.subTest(order):
                outcome = self.run_program('p3_write', *order)
                self.assertEqual((outcome.stderr, outcome.status), ('', 69), outcome)


if __name__ == '__main__':
    main()
