#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The recipes for tail and tee."""
import os
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import Outcome, children, main, sums  # noqa: E402
from recipes import RecipeTest  # noqa: E402

GROWS, ROTATED, TEE = 'A log that grows', 'A log that is rotated', 'Keep what is summed'


class TailTest(RecipeTest):
    def append(self, data):
        with open(self.work / 'log.csv', 'ab') as log:
            log.write(data)

    def until_sums(self, expected):
        """Waits for the sums, while the log and the run go on."""
        path = self.work / 'sums.csv'
        self.until(lambda: path.exists() and path.read_bytes() == expected, 'the sums do not come')

    def start_writer(self):
        writer = self.start(['cat'], subprocess.PIPE)
        self.env['writer'] = str(writer.pid)
        return writer

    def kill_tail(self, run):
        [tail] = [pid for pid, name in children(run.pid).items() if name == 'tail']
        os.kill(tail, signal.SIGTERM)

    def test_log_that_grows(self):
        writer = self.start_writer()
        self.append(b'1\n2\n')
        run = self.start_shell(self.recipe(GROWS))
        self.until_sums(b'0,1\n1,2\n')
        for row in range(2, 5):
            self.append(b'%d\n' % (row + 1))
            self.until_sums(b''.join(b'%d,%d\n' % (i, i + 1) for i in range(row + 1)))
        self.append(b'1')
        self.append(b'0\n1')
        self.until_sums(b'0,1\n1,2\n2,3\n3,4\n4,5\n5,10\n')
        writer.stdin.close()
        writer.finish()
        self.assertEqual(run.finish(), Outcome(b'', '', 0))
        self.until_sums(b'0,1\n1,2\n2,3\n3,4\n4,5\n5,10\n6,1\n')

    def test_bad_row(self):
        """It is reported at once. tail notices that nobody reads any more when it has more to write, or ends."""
        writer = self.start_writer()
        self.append(b'1\nx\n')
        run = self.start_shell(self.recipe(GROWS))
        self.until(run.errors, 'no report')
        writer.stdin.close()
        self.assertEqual(run.finish(), Outcome(
            b'', "p3_write: standard input: row 1, field 1 (byte 2): 'x' is not an integer\n", 65))
        writer.finish()

    def test_log_that_is_rotated(self):
        self.append(b'1\n2\n')
        run = self.start_shell(self.recipe(ROTATED))
        self.until_sums(b'0,1\n1,2\n')
        os.rename(self.work / 'log.csv', self.work / 'log.1')
        self.append(b'3\n')
        self.until_sums(b'0,1\n1,2\n2,3\n')
        self.kill_tail(run)
        self.assertEqual(run.finish().status, 128 + signal.SIGTERM)
        self.until_sums(b'0,1\n1,2\n2,3\n')

    def test_half_row_before_the_rotation(self):
        self.append(b'1\n2')
        run = self.start_shell(self.recipe(ROTATED))
        self.until_sums(b'0,1\n')
        os.rename(self.work / 'log.csv', self.work / 'log.1')
        self.append(b'3\n')
        self.until_sums(b'0,1\n1,23\n')
        self.kill_tail(run)
        self.assertEqual(run.finish().status, 128 + signal.SIGTERM)


class TeeTest(RecipeTest):
    def produce(self, data):
        """Makes `producer` a command that prints this."""
        self.file('data', data)
        command = self.work / 'bin/producer'
        command.parent.mkdir(exist_ok=True)
        command.write_text('#!/bin/sh\nexec cat data\n')
        command.chmod(0o755)
        self.env['PATH'] = f'{command.parent}:{self.env["PATH"]}'

    def test_keep(self):
        data = b'1,2\n' * 300000
        self.produce(data)
        self.assertEqual(self.shell(self.recipe(TEE)), Outcome(b'', '', 0))
        self.assertTrue((self.work / 'in.csv').read_bytes() == data)
        self.assertTrue((self.work / 'sums.csv').read_bytes() == sums(data))

    def test_all_is_kept_although_the_run_ends_early(self):
        data = b'x\n' + b'1,2\n' * 300000
        self.produce(data)
        outcome = self.shell(self.recipe(TEE))
        self.assertEqual(outcome, Outcome(
            b'', "p3_write: standard input: row 0, field 1 (byte 0): 'x' is not an integer; "
                 "if the first row is a header: --header\n", 65))
        self.assertTrue((self.work / 'in.csv').read_bytes() == data)

    def test_disk_is_full(self):
        data = b'1,2\n' * 300000
        self.produce(data)
        os.symlink('/dev/full', self.work / 'in.csv')
        outcome = self.shell(self.recipe(TEE))
        self.assertEqual(outcome, Outcome(b'', 'tee: in.csv: No space left on device\n', 1))
        self.assertTrue((self.work / 'sums.csv').read_bytes() == sums(data))


if __name__ == '__main__':
    main()
