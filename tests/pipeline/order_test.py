#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The same bytes come out however many workers there are, however the input is cut, dealt and shipped."""
import os
import socket
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import Outcome, PipelineTest, main, skip_status, sums, write_and_close  # noqa: E402
from reference import reference  # noqa: E402

MESSY = ['--workload', 'messy', '--columns', 9]
QUOTED = (b'"1\r\n",2,"\n3"\r\n\r\n4\r"5""6",7\n"8",9\r\n"\r","\n"\n"10"11\n,\n-1,"-2"\r' * 2)


class EveryNumberOfWorkersTest(PipelineTest):
    def setUp(self):
        super().setUp()
        self.input = self.generate('in.csv', *MESSY, '--rows', 2000)
        self.data = self.input.read_bytes()
        self.expected = Outcome(sums(self.data), '', 0)

    def test_1_to_64(self):
        # The batches are so small that every worker gets several. Each number of workers is tried with one of the ways
        # to read.
        ways = [self.from_file, self.from_redirected_file, self.from_pipe, self.from_fifo, self.from_socket]
        for n in range(1, 65):
            options = ['-n', n, '--batch-size', 300 + n, *(['--deal=random'] if n % 7 == 0 else [])]
            way = ways[n % len(ways)]
            self.assertEqual(way(options), self.expected, (n, way))

    def test_each_way_to_read(self):
        for way in self.from_file, self.from_redirected_file, self.from_pipe, self.from_fifo, self.from_socket:
            for n in 1, 2, 5:
                for more in [], ['--deal=random'], ['--deal=pull'], ['--batch-size=1K'], ['--batch-size=2M'], ['--max-row=1K']:
                    self.assertEqual(way(['-n', n, *more]), self.expected, (way, n, more))

    def test_results_of_every_length(self):
        """Some fit into the ring for results of a place, and others are longer."""
        data = b'1\n' * 600000 + b'1,' * 600000 + b'1\n' + b'1234567,2\n' * 200000 + b'1\n' * 600000
        path = self.file('lengths.csv', data)
        for n in 1, 2, 64:
            for stdin in path, data:
                self.assertEqual(self.launcher(stdin, '-n', n), Outcome(sums(data), '', 0), (n, type(stdin)))

    def from_file(self, options):
        return self.launcher(None, *options, 'in.csv')

    def from_redirected_file(self, options):
        return self.launcher(self.input, *options)

    def from_pipe(self, options):
        return self.launcher(self.data, *options)

    def from_fifo(self, options):
        path = self.work / 'fifo'
        if not path.exists():
            os.mkfifo(path)
        run = self.start_launcher(None, *options, 'fifo')
        feeder = threading.Thread(target=lambda: write_and_close(open(path, 'wb', buffering=0), self.data), daemon=True)
        feeder.start()
        return run.finish()

    def from_socket(self, options):
        ours, theirs = socket.socketpair()
        with theirs:
            run = self.start_launcher(theirs, *options)
        threading.Thread(target=lambda: (ours.sendall(self.data), ours.close()), daemon=True).start()
        return run.finish()


class BatchSizesTest(PipelineTest):
    def test_around_the_length_of_a_row(self):
        for row in b'12,34\n', b'12,34\r\n', b'"1\n",34\r':
            data = row * 50
            file = self.file('in.csv', data)
            expected = sums(data)
            for size in [1, *range(len(row) - 3, len(row) + 4), 2 * len(row)]:
                option = f'--batch-size={size}'
                for stdin in data, file:
                    self.assertEqual(self.chain(stdin, [option]), Outcome(expected, '', (0, 0, 0)), (row, size))
                self.assertEqual(self.launcher(data, '-n', 3, option), Outcome(expected, '', 0), (row, size))
                self.assertEqual(self.launcher(file, '-n', 3, option), Outcome(expected, '', 0), (row, size))

    def test_a_quoted_file_cut_everywhere(self):
        file = self.file('in.csv', QUOTED)
        answer = reference(QUOTED)
        self.assertTrue(answer.rejects)
        said = []
        for size in range(1, 61):
            option = f'--batch-size={size}'
            outcome = self.chain(file if size % 2 else QUOTED, [option], ['--on-error=skip'])
            self.assertEqual((outcome.stdout, outcome.status), (answer.lines, (0, 0, 1)), size)
            said.append(outcome.stderr.replace('standard input', 'in.csv'))
            outcome = self.launcher(None if size % 3 else QUOTED, '-n', 1 + size % 4, option, '--on-error=skip',
                                    *(['in.csv'] if size % 3 else []))
            self.assertEqual((outcome.stdout, outcome.status), (answer.lines, skip_status(answer)), size)
            said.append(outcome.stderr.replace('standard input', 'in.csv'))
        self.assertEqual(set(said), {said[0]})

    def test_rows_of_the_longest_length_allowed(self):
        rows = [b'1,' * (n // 2) + b'1' * (n % 2 + 1) for n in (97, 98, 99)]
        data = b'\n'.join(rows * 5)
        longest = max(map(len, rows))
        for size in 1, 50, longest, 1000:
            options = [f'--max-row={longest}', f'--batch-size={size}']
            self.assertEqual(self.chain(data, options), Outcome(sums(data), '', (0, 0, 0)))
            self.assertEqual(self.launcher(data, '-n', 2, *options), Outcome(sums(data), '', 0))

    def test_one_row_far_longer_than_a_batch(self):
        data = b'1,2\n' * 100 + b'1,' * 500000 + b'1\n' + b'3,4\n' * 100
        expected = sums(data)
        for stdin in data, self.file('in.csv', data):
            self.assertEqual(self.chain(stdin, ['--batch-size=1K']), Outcome(expected, '', (0, 0, 0)))
            self.assertEqual(self.launcher(stdin, '-n', 3, '--batch-size=1K'), Outcome(expected, '', 0))

    def test_an_input_many_times_as_long_as_the_ring(self):
        data = b''.join(b'%d,%d,"%d"\n' % (i, -2 * i, i * i) for i in range(30000))
        expected = Outcome(sums(data), '', 0)
        for n in 1, 4:  # the ring is as small as these options make it: some kilobytes
            self.assertTrue(self.launcher(data, '-n', n, '--batch-size=512', '--max-row=100') == expected, n)


class LargeFilesTest(PipelineTest):
    def compare(self, rows, *options):
        file = self.generate('in.csv', *options, '--rows', rows)
        data = file.read_bytes()
        answer = reference(data, header='--header' in options)
        wanted = (answer.lines, skip_status(answer))
        more = [option for option in options if option == '--header']
        for stdin in file, data:
            skip = ['--on-error=skip', '--reports=100000']
            outcome = self.chain(stdin, more, skip)
            self.assertTrue((outcome.stdout, outcome.status[2]) == wanted)
            self.assertEqual(len(outcome.stderr.splitlines()), len(answer.rejects))
            said = outcome.stderr
            outcome = self.launcher(stdin, '-n', 3, *skip, '--batch-size=64K', *more)
            self.assertTrue((outcome.stdout, outcome.status) == wanted)
            self.assertEqual(outcome.stderr, said)

    def test_messy(self):
        self.compare(20000, '--workload', 'messy')

    def test_wide(self):
        self.compare(1500, '--workload', 'wide', '--digits', '1..60', '--negative', 50)

    def test_narrow(self):
        self.compare(100000, '--workload', 'narrow')

    def test_rejects(self):
        self.compare(20000, '--workload', 'mixed', '--columns', 9, '--reject', 3, '--quoted', 10, '--padded', 10)

    def test_header_and_big_integers(self):
        self.compare(3000, '--columns', 20, '--digits', '1..60', '--negative', 50, '--header', '--quoted', 5)


class PartsTest(PipelineTest):
    def test_any_number_of_streams_says_the_same(self):
        data = self.generate('in.csv', *MESSY, '--rows', 300, '--reject', 5).read_bytes()
        answer = reference(data)
        for n in 1, 2, 3, 8, 20:
            results = self.summed_parts(n, '--batch-size=200', name=f'part.{n}')
            outcome = self.run_program('p3_write', '--on-error=skip', *results)
            self.assertEqual((outcome.stdout, outcome.status), (answer.lines, 1))


if __name__ == '__main__':
    main()
