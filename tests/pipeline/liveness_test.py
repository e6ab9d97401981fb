#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An answer comes as soon as its row is there: the next row is written only after the answer has been read.

Nothing here measures time: if a row waits for further rows, the test hangs.
"""
import os
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import PipelineTest, main  # noqa: E402


class LivenessTest(PipelineTest):
    def converse(self, start, rows, row_end):
        """Writes row after row to the standard input with which `start` starts a run, each after the answer to the
        last one."""
        for by_socket in False, True:
            if by_socket:
                ours, theirs = socket.socketpair()
                write, theirs_fd, close = ours.sendall, theirs.fileno(), lambda: (ours.close(), theirs.close())
            else:
                theirs_fd, ours = os.pipe()
                theirs = os.fdopen(theirs_fd, 'rb')
                write, close = lambda data: os.write(ours, data), lambda: os.close(ours)
            run = start(theirs)
            theirs.close()
            for i in range(rows):
                write(b'%d,1' % i + row_end)
                self.assertEqual(run.read_line(), b'%d,%d\n' % (i, i + 1))
            write(b'7')  # a last row without its end
            close()
            self.assertEqual(run.finish(), (b'%d,7\n' % rows, '', (0,) * len(run.members) if run.members[1:] else 0))

    def test_chain(self):
        self.converse(lambda stdin: self.start_chain(stdin), 2, b'\n')

    def test_chain_50_rows(self):
        self.converse(lambda stdin: self.start_chain(stdin), 50, b'\n')

    def test_chain_crlf(self):
        self.converse(lambda stdin: self.start_chain(stdin), 50, b'\r\n')

    def test_launcher(self):
        for n in 1, 4:
            self.converse(lambda stdin: self.start_launcher(stdin, '-n', n), 2, b'\n')

    def test_launcher_50_rows(self):
        for n in 1, 4:
            self.converse(lambda stdin: self.start_launcher(stdin, '-n', n), 50, b'\n')

    def test_launcher_crlf(self):
        for n in 1, 4:
            self.converse(lambda stdin: self.start_launcher(stdin, '-n', n, '--deal=random'), 50, b'\r\n')

    def test_bursts(self):
        """Many rows at once, more than fit a batch, then silence: all of their answers come."""
        for chain in True, False:
            reading, writing = os.pipe()
            with os.fdopen(reading, 'rb') as stdin:
                if chain:
                    run = self.start_chain(stdin, ['--batch-size=1K'])
                else:
                    run = self.start_launcher(stdin, '-n', 3, '--batch-size=1K')
            row = 0
            for burst in 1, 300, 3, 600, 1:  # no more than any pipe holds
                os.write(writing, b'1,2,3\n' * burst)
                for _ in range(burst):
                    self.assertEqual(run.read_line(), b'%d,6\n' % row)
                    row += 1
            os.close(writing)
            self.assertEqual(run.finish().stdout, b'')

    def test_rejects_are_said_at_once(self):
        for chain in True, False:
            reading, writing = os.pipe()
            with os.fdopen(reading, 'rb') as stdin:
                if chain:
                    run = self.start_chain(stdin, [], ['--on-error=skip'])
                else:
                    run = self.start_launcher(stdin, '-n', 2, '--on-error=skip')
            for i in range(5):
                os.write(writing, b'x\n')
                self.until(lambda: run.errors().count('\n') == i + 1, 'a reject is not said')
            os.close(writing)
            self.assertEqual(run.finish().stdout, b'')

    def test_a_reject_ends_it_though_the_producer_stays(self):
        for chain in True, False:
            reading, writing = os.pipe()
            with os.fdopen(reading, 'rb') as stdin:
                run = self.start_chain(stdin) if chain else self.start_launcher(stdin, '-n', 2)
            os.write(writing, b'1\nx\n')
            outcome = run.finish()
            self.assertEqual(outcome.stdout, b'0,1\n')
            self.assertEqual(outcome.status if not chain else outcome.status[2], 65)
            os.close(writing)


if __name__ == '__main__':
    main()
