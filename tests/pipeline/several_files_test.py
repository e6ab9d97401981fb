#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Several plain files that are large on average: the workers read them where they are."""
import contextlib
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from fragile import KILLED, FragileTest  # noqa: E402
from pipeline import Outcome, main, program, sums  # noqa: E402

MIB = 1 << 20

WAYS = [['-n', n, *more] for n in (1, 3) for more in ([], ['--batch-size=64K'], ['--batch-size=5000', '--deal=pull'])]


def rows_of(text: bytes, size: int = MIB) -> bytes:
    """At least `size` bytes of rows, which have 4,000 fields or so."""
    row = (text + b',') * 4000 + text + b'\n'
    return row * (size // len(row) + 1)


class SeveralFilesTest(FragileTest):
    def names(self, *contents: bytes) -> list[str]:
        names = [f'{i}.csv' for i in range(len(contents))]
        for name, data in zip(names, contents):
            self.file(name, data)
        return names

    def open_files(self) -> list[str]:
        """What p1_read has open."""
        found = []
        for pid in self.processes('/p1_read '):
            with contextlib.suppress(OSError):
                found += [os.readlink(file) for file in Path(f'/proc/{pid}/fd').iterdir()]
        return found

    def rings(self, run) -> list[str]:
        """The rings for input that p1_read has open."""
        self.assertEqual(run.read_line(), b'0,1\n')
        return [name for name in self.open_files() if 'memfd:ring' in name]

    def test_the_same_bytes(self):
        contents = [rows_of(b'12'), b'7\n"\n8"', rows_of(b'-3', 3 * MIB)[:-1], b'\n', rows_of(b'"4"', 2 * MIB) + b'5\r']
        names = self.names(*contents)
        # A file that does not end with a row end ends its last row.
        expected = sums(b''.join(data + b'\n' * (data[-1:] not in b'\r\n') for data in contents))
        for options in WAYS:
            self.assertEqual(self.launcher(None, *options, *names), Outcome(expected, '', 0), options)

    def test_headers_and_byte_order_marks(self):
        contents = [b'\xef\xbb\xbfa,b\r\n' + rows_of(b'1'), b'a', b'"a\n,"' + b'b' * 100000 + b'\n' + rows_of(b'2', 3 * MIB)]
        names = self.names(*contents)
        expected = sums(rows_of(b'1') + rows_of(b'2', 3 * MIB))
        for options in WAYS:
            self.assertEqual(self.launcher(None, '--header', *options, *names), Outcome(expected, '', 0), options)

    def test_many_files(self):
        """More than p1_read has open at once."""
        names = self.names(*([rows_of(b'6')] * 40))
        self.assertEqual(self.launcher(None, '-n', 4, *names), Outcome(sums(rows_of(b'6') * 40), '', 0))

    def test_more_small_files_than_may_be_open(self):
        """They go through the ring, so every worker gets one at the same time."""
        names = self.names(*([b'1\n'] * 40))
        worker = self.file('worker', f'#!/bin/sh\ntouch started.$$\nwhile [ ! -e go ]; do sleep 0.01; done\nexec {program("p2_sum")}\n'
                           .encode())
        worker.chmod(0o755)
        run = self.start_launcher(None, '-n', 40, '--worker', worker, *names)
        self.until(lambda: len(list(self.work.glob('started.*'))) == 40, 'not all of the workers are started')
        self.file('go')
        self.assertEqual(run.finish(), Outcome(sums(b'1\n' * 40), '', 0))

    def test_a_file_that_is_emptied(self):
        """Before it is opened: it has no rows."""
        # While the output is not read, not all of the first file can be dealt.
        count = 400000
        names = self.names((b'1,' * 50 + b'1\n') * count, rows_of(b'2'), b'7\n')
        for start in self.start_launcher, lambda _, *words: self.start_chain(None, words):
            self.file(names[1], rows_of(b'2'))
            run = start(None, *names)
            self.assertEqual(run.read_line(), b'0,51\n')
            self.file(names[1])
            outcome = run.finish()
            self.assertEqual(outcome.stderr, '')
            self.assertEqual(outcome.stdout.splitlines(), [*(b'%d,51' % row for row in range(1, count)), b'%d,7' % count])

    def test_which_files_need_no_ring(self):
        large, small = b'1\n' * MIB, b'1\n'
        own = ['--worker', program('p2_sum')]
        for contents, options, has_ring in (([large, large], [], False), ([large, small], [], False),
                                            ([small, small], [], True), ([large, large], own, True),
                                            ([large, large], ['--checksum'], True)):
            names = self.names(*contents)
            self.fifo('wait')
            # The run does not end before it has been looked at: nobody reads its output, which is larger than pipes
            # are, or nobody writes the FIFO.
            run = self.start_launcher(None, '-n', 1, *options, *names, *(['wait'] if contents[0] == small else []))
            self.assertEqual(self.rings(run) != [], has_ring, (len(contents[1]), options))
            run.stdout.close()
            self.end_what_is_left()
            self.wait(run.members[0])
            (self.work / 'wait').unlink()

    def test_a_missing_file(self):
        """It is reported when it is to be read, after the sums of the files before."""
        names = self.names(rows_of(b'1'), rows_of(b'2', 3 * MIB))
        for missing in 1, 2:
            given = [*names[:missing], 'none', *names[missing:]]
            expected = sums(b''.join((self.work / name).read_bytes() for name in given[:missing]))
            self.assertEqual(self.launcher(None, '-n', 2, *given),
                             Outcome(expected, 'p1_read: none: No such file or directory\n', 66), given)

    def test_a_failure_names_its_file(self):
        for second, line in ((b'1\n"' + rows_of(b'2', 3 * MIB), '1.csv: row 300 (row 1 of the file, byte 2): a quoted field is never closed'),
                             (b'1\n' + b'2' * MIB + rows_of(b'2', 2 * MIB),
                              '1.csv: row 300 (row 1 of the file, byte 2): longer than 500000 bytes (--max-row)')):
            first = rows_of(b'1')
            names = self.names(first, second)
            rows = first.count(b'\n')
            for options in WAYS:
                outcome = self.launcher(None, '--max-row=500000' if 'longer' in line else '--max-row=16M', *options, *names)
                self.assertEqual(outcome, Outcome(sums(first + b'1\n'), f'p1_read: {line}\n'.replace('300', str(rows + 1)),
                                                  65), options)

    def test_a_file_that_shrinks(self):
        names = self.names(rows_of(b'1', 2 * MIB), (b'2,' * 50 + b'2\n') * 400000)
        run = self.start_launcher(None, '-n', 2, *names)
        # The output is not read, and is longer than pipes are. So most of the second file has not been read either.
        self.until(lambda: any(name.endswith('1.csv') for name in self.open_files()), 'the second file is not opened')
        os.truncate(self.work / '1.csv', 30 * MIB)
        outcome = run.finish()
        self.assertEqual((outcome.stderr, outcome.status), ('p1_read: 1.csv: it shrank while it was read\n', 74))

    def test_workers_that_die(self):
        """The next worker at the place is told again which file its batches are in."""
        contents = [rows_of(b'1'), rows_of(b'2', 3 * MIB)]
        names = self.names(*contents)
        for point in 'got_batch', 'got_chunk', 'inside_result', 'between':
            for number in 0, 5, 20:
                outcome = self.fragile(None, '-n', 2, '--batch-size=64K', *names, point=point, number=number, place=0,
                                       lives=1)
                self.assert_survived(outcome, b''.join(contents), (0, KILLED))

    def test_a_row_that_kills(self):
        """It is in the first file, while p1_read is in the second."""
        first = rows_of(b'1', 2 * MIB) + b'66613\n'
        names = self.names(first, rows_of(b'2', 8 * MIB))
        outcome = self.fragile(None, '-n', 3, '--on-error=skip', '--batch-size=64K', *names, row=b'66613')
        _, others = self.losses(outcome)
        row = first.count(b'\n') - 1
        self.assertEqual(len(others), 1)
        self.assertIn(f'0.csv: row {row} ', others[0])
        self.assertEqual(outcome.status, 1)
        lines = sums(first + rows_of(b'2', 8 * MIB)).splitlines(True)
        self.assertEqual(outcome.stdout, b''.join(lines[:row] + lines[row + 1:]))


if __name__ == '__main__':
    main()
