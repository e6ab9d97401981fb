#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--unordered: the same lines, as they come; and all of them, or a status that says otherwise."""
import itertools
import os
import signal
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from fragile import KILLED, POINTS, FragileTest, rows  # noqa: E402
from pipeline import BIN_DIR, Outcome, main, sums, write_and_close  # noqa: E402
from reference import reference  # noqa: E402

MOST_AHEAD = 1 << 16  # parts of the input, with gaps between them, that p3_write writes ahead of their turn


def lines(data):
    return sorted(data.splitlines(keepends=True))


def index(line):
    return int(line.split(b',')[0])


class UnorderedTest(FragileTest):
    def unordered(self, stdin, n, *options, p3=(), wait=True, **settings):
        """A run with workers that have these settings, as of fragile(). `options` are those of p1_read."""
        env = {**self.env, **{f'FRAGILE_{name.upper()}': str(value) for name, value in settings.items()}}
        run = self.start([BIN_DIR / 'fragile/p3_write', '--reader', '--unordered', *p3, '--',
                          BIN_DIR / 'fragile/p1_read', f'--workers={n}', *options], stdin, env=env)
        return run.finish() if wait else run

    def start_held(self, stdin, *options, **more):
        """A run of two workers of which one has been given the first batch and is stopped."""
        run = self.unordered(stdin, 2, *options, wait=False, point='got_batch', lives=1, place=0,
                             how=int(signal.SIGSTOP), **more)
        worker, = self.until(self.stopped_workers, 'no worker stops')
        return run, worker

    def assert_same_lines(self, outcome, data):
        self.assertEqual(lines(outcome.stdout), lines(sums(data)))
        self.assertEqual(self.losses(outcome)[1], [])
        self.assertEqual(outcome.status, 0)


class WorkersTest(UnorderedTest):
    def test_the_same_lines(self):
        data = self.generate('in.csv', '--workload', 'messy', '--columns', 9, '--rows', 2000).read_bytes()
        path = self.work / 'in.csv'
        for stdin in path, data:
            for n in 1, 2, 3, 8, 32:
                for more in [], ['--batch-size=400'], ['--batch-size=400', '--deal=random'], ['--deal=pull']:
                    with self.subTest(n=n, more=more, is_file=stdin is path):
                        self.assert_same_lines(self.unordered(stdin, n, *more), data)

    def test_later_lines_do_not_wait(self):
        """The worker that has the first batch is slow. Of a file it also has a chunk to scan, without which it is not
        known where the rows after that begin."""
        data = b''.join(rows(400))
        in_first_batch = 100 // len(rows(1)[0])
        for stdin in self.inputs(data):
            with self.subTest(is_file=stdin is not data):
                run, worker = self.start_held(stdin, '--batch-size=100')
                before = [run.read_line() for _ in range(2 * in_first_batch if stdin is data else 1)]
                self.assertGreaterEqual(min(map(index, before)), in_first_batch)
                os.kill(worker, signal.SIGCONT)
                outcome = run.finish()
                self.assert_same_lines(outcome._replace(stdout=b''.join(before) + outcome.stdout), data)

    def test_a_worker_dies(self):
        """At every point: what it has returned is not written again, and all else is."""
        data = b''.join(rows(400))
        for stdin in self.inputs(data):
            for n in 2, 8:
                for point, is_missed in POINTS.items():
                    for number in (0, 2) if point in ('got_batch', 'inside_result', 'between') else (0,):
                        with self.subTest(point, n=n, number=number, is_file=stdin is not data):
                            outcome = self.unordered(stdin, n, '--batch-size=100', point=point, number=number, lives=1)
                            self.assert_same_lines(outcome, data)
                            if is_missed:
                                self.assertEqual(sorted(self.losses(outcome)[0]), [(at, KILLED) for at in range(n)])
                            self.assert_nothing_left()

    def test_a_worker_dies_when_later_lines_are_written(self):
        data = b''.join(rows(400))
        for stdin in self.inputs(data):
            run, worker = self.start_held(stdin, '--batch-size=100')
            first = run.read_line()
            os.kill(worker, signal.SIGKILL)
            outcome = run.finish()
            self.assert_same_lines(outcome._replace(stdout=first + outcome.stdout), data)
            self.assertEqual(self.losses(outcome)[0], [(0, KILLED)])

    def test_workers_that_lie(self):
        """A result twice, none, or an end before its time: nothing of it ends with status 0."""
        data = b''.join(rows(400))
        for point in 'two_results', 'no_result', 'early_end', 'short_result':
            outcome = self.unordered(data, 2, '--batch-size=100', point=point, lives=1, place=1)
            self.assertIn(outcome.status, (65, 69, 70), (point, outcome))
            self.assertEqual(len(set(outcome.stdout.splitlines())), len(outcome.stdout.splitlines()))

    def test_what_is_wrong_in_the_input_is_told_after_all_the_rows_before_it(self):
        data = b''.join(rows(400))
        for stdin in self.inputs(data + b'"1\n'):
            run, worker = self.start_held(stdin, '--batch-size=100')
            first = run.read_line()
            os.kill(worker, signal.SIGCONT)
            outcome = run.finish()
            self.assertEqual((lines(first + outcome.stdout), outcome.status), (lines(sums(data)), 65))
            self.assertRegex(outcome.stderr, r'^p1_read: [^\n]*: row 400 [^\n]*never closed\n$')


class CommandsTest(UnorderedTest):
    def test_later_lines_do_not_wait(self):
        """The command waits with the first batch."""
        data = b''.join(rows(400))
        script = self.file('slow', b'#!/bin/sh\ntext=$(cat)\n'
                           b'case $text in 100000*) until [ -e go ]; do sleep 0.01; done ;; esac\n'
                           b'printf "%s\\n" "$text"\n')
        script.chmod(0o755)
        expected = [b'%d,%s\n' % (i, row.rstrip()) for i, row in enumerate(rows(400))]
        for stdin in self.inputs(data):
            run = self.unordered(stdin, 2, '--batch-size=100', '--command=./slow', wait=False)
            before = [run.read_line() for _ in range(100)]
            self.assertGreater(min(map(index, before)), 10)
            self.file('go')
            outcome = run.finish()
            self.assertEqual(sorted(before + outcome.stdout.splitlines(keepends=True)), sorted(expected))
            self.assertEqual((outcome.stderr, outcome.status), ('', 0))
            (self.work / 'go').unlink()

    def test_a_header_line_comes_first(self):
        data = b'a,b\n' + b''.join(rows(400))
        for options, header in (['--lines=any'], b'a,b\n'), ([], b'index,a,b\n'):
            outcome = self.unordered(data, 4, '--batch-size=100', '--header=repeat', '--command=cat', *options)
            first, *found = outcome.stdout.splitlines(keepends=True)
            self.assertEqual((first, outcome.stderr, outcome.status), (header, '', 0))
            expected = [b'%d,%s' % (i, row) for i, row in enumerate(rows(400))] if not options else rows(400)
            self.assertEqual(sorted(found), sorted(expected))


class RejectsTest(UnorderedTest):
    def test_the_first_that_comes_ends_the_run(self):
        """The worker that has the first batch never returns it."""
        path = self.file('in.csv', b''.join(rows(12)) + b'x\n' + b''.join(rows(400)))
        outcome = self.unordered(path, 2, '--batch-size=100', point='got_batch', place=0, how=int(signal.SIGSTOP))
        said = "p3_write: standard input: row 12, field 1 (byte 108): 'x' is not an integer\n"
        self.assertEqual(outcome, Outcome(b'11,100012\n', said, 65))

    def test_skipped(self):
        data = self.generate('in.csv', '--workload', 'messy', '--columns', 9, '--rows', 2000,
                             '--reject', 5).read_bytes()
        answer = reference(data)
        skip = '--on-error=skip', '--reports=1000'
        ordered = self.chain(None, ['in.csv'], [*skip, '--rejects=in_order'])
        p3 = *skip, '--rejects=rejects'
        for n in 1, 4:
            outcome = self.unordered(None, n, '--batch-size=1K', 'in.csv', p3=p3)
            self.assertEqual((lines(outcome.stdout), outcome.status), (lines(answer.lines), 1))
            # The first report of a kind, which has a hint, may be another one.
            said, said_in_order = ({line.partition('; ')[0] for line in run.stderr.splitlines()}
                                   for run in (outcome, ordered))
            self.assertEqual(said, said_in_order)
            self.assertEqual(outcome.stderr.count('; '), ordered.stderr.count('; '))
            self.assertEqual(lines((self.work / 'rejects').read_bytes()), lines((self.work / 'in_order').read_bytes()))

    def test_where_they_are_in_several_files(self):
        """Where a later file begins is not known when its results come, so bytes are counted over all files."""
        self.file('a.csv', b'1\nx\n')
        self.file('b.csv', b'2\n3\ny\n')
        outcome = self.unordered(None, 2, '--batch-size=2', 'a.csv', 'b.csv', p3=['--on-error=skip'])
        self.assertEqual(sorted(outcome.stderr.splitlines()), [
            "p3_write: a.csv: row 1, field 1 (byte 2): 'x' is not an integer",
            "p3_write: b.csv: row 4, field 1 (byte 8 of all inputs): 'y' is not an integer"])
        self.assertEqual((lines(outcome.stdout), outcome.status), ([b'0,1\n', b'2,2\n', b'3,3\n'], 1))


class StreamsTest(UnorderedTest):
    """Streams in files and FIFOs."""

    def setUp(self):
        super().setUp()
        self.data = b'1,2\n3,4\n5,6\n7,8\n9,10\n11,12\n'
        self.file('in.csv', self.data)

    def merge(self, *streams):
        return self.run_program('p3_write', '--unordered', *streams)

    def refused(self, streams, pattern):
        outcome = self.merge(*streams)
        self.assertRegex(outcome.stderr, rf'^p3_write: [^\n]*{pattern}[^\n]*\n$')
        self.assertEqual(outcome.status, 65)
        found = outcome.stdout.splitlines(keepends=True)
        self.assertEqual(len(set(found)), len(found))
        self.assertLessEqual(set(found), set(lines(sums(self.data))))

    def test_all_parts_in_any_order(self):
        for size in '--batch-size=4', '--batch-size=9':
            for parts in itertools.permutations(self.summed_parts(3, size, name=size)):
                self.assert_same_lines(self.merge(*parts), self.data)

    def test_a_part_is_missing(self):
        parts = self.summed_parts(3, '--batch-size=4', name='a')
        for some in *itertools.permutations(parts, 2), *((part,) for part in parts):
            self.refused(some, 'bytes [0-9]+ to [0-9]+ of the input are missing')

    def test_a_part_twice(self):
        parts = self.summed_parts(2, '--batch-size=4', name='a')
        for order in [0, 1, 0], [0, 0, 1], [1, 1, 0], [0, 1, 1], [1, 1], [0, 0]:
            self.refused([parts[i] for i in order], 'come twice')

    def test_parts_that_overlap(self):
        four, eight = (self.summed_parts(2, f'--batch-size={size}', name=f'by {size}') for size in (4, 8))
        for parts in [four[0], eight[0]], [four[0], eight[1]], [four[1], eight[0]], [*four, *eight]:
            self.refused(parts, '(come twice|missing)')

    def test_a_part_that_failed(self):
        """The others are written as a whole. The program that failed has said why."""
        parts = self.summed_parts(2, '--batch-size=4', name='a')
        self.assertEqual(self.shell('p2_sum </dev/null >failed.sums').status, 69)
        self.assertEqual(self.merge('failed.sums', parts[1]), Outcome(b'1,7\n3,15\n5,23\n', '', 69))
        self.assertEqual(self.merge(parts[1]).status, 65)

    def test_a_part_that_comes_late(self):
        first, second = self.summed_parts(2, '--batch-size=4', name='a')
        fifo = self.fifo('fifo')
        run = self.start([BIN_DIR / 'p3_write', '--unordered', 'fifo', second])
        with open(fifo, 'wb') as late:
            found = b''.join(run.read_line() for _ in range(3))
            self.assertEqual(found, b'1,7\n3,15\n5,23\n')
            late.write(first.read_bytes())
        self.assertEqual(run.finish(), Outcome(b'0,3\n2,11\n4,19\n', '', 0))

    def test_no_more_than_so_many_gaps(self):
        """What is written ahead of its turn has to be remembered. So p3_write does not read on for ever while a part
        does not come."""
        count = MOST_AHEAD + 5000
        data = b'1\n' * (2 * count)
        self.file('in.csv', data)
        first, second = self.summed_parts(2, '--batch-size=1', name='a')
        fifo = self.fifo('fifo')
        run = self.start([BIN_DIR / 'p3_write', '--unordered', 'fifo', second])
        late = open(fifo, 'wb', buffering=0)
        ahead = b''.join(sums(data).splitlines(keepends=True)[1:2 * MOST_AHEAD:2])
        found = run.read(len(ahead))
        self.assertTrue(found == ahead, 'other lines')
        threading.Thread(target=write_and_close, args=(late, first.read_bytes()), daemon=True).start()
        outcome = run.finish()
        self.assertTrue(outcome.stdout.startswith(b'0,1\n'), outcome.stdout[:100])
        self.assert_same_lines(outcome._replace(stdout=found + outcome.stdout), data)

    def test_in_a_chain(self):
        for stdin in self.data, b'':
            self.assertEqual(self.chain(stdin, ['--batch-size=4'], ['--unordered']), Outcome(sums(stdin), '', (0, 0, 0)))


class OptionsTest(UnorderedTest):
    def test_not_with_resume(self):
        outcome = self.run_program('p3_write', '--reader', '--resume', '--unordered', '-o', 'out', '--', 'p1_read')
        line = "p3_write: --resume and --unordered exclude each other; try 'run_pipeline.sh --help'\n"
        self.assertEqual((outcome, self.files()), (Outcome(b'', line, 64), []))

    def test_other_forms(self):
        data = b''.join(rows(400))
        outcome = self.unordered(data, 3, '--batch-size=100', p3=['--output-header', '--format=tsv'])
        header, *found = outcome.stdout.splitlines(keepends=True)
        self.assertEqual(header, b'index\tsum\n')
        self.assertEqual(sorted(found), lines(sums(data).replace(b',', b'\t')))
        outcome = self.unordered(data, 3, '--batch-size=100', p3=['--no-index'])
        self.assertEqual(lines(outcome.stdout), sorted(line.split(b',')[1] for line in lines(sums(data))))

    def test_a_file_is_replaced_by_a_complete_one_only(self):
        old = self.file('out', b'old\n')
        data = b''.join(rows(400)) + b'x\n'
        self.assertEqual(self.unordered(data, 2, '--batch-size=100', p3=['-o', 'out']).status, 65)
        self.assertEqual(old.read_bytes(), b'old\n')
        data = data[:-2]
        self.assertEqual(self.unordered(data, 2, '--batch-size=100', p3=['-o', 'out']), Outcome(b'', '', 0))
        self.assertEqual(lines(old.read_bytes()), lines(sums(data)))


if __name__ == '__main__':
    main()
