#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Output on a file system that has only what POSIX requires: it has no files without a name, and loses a file whose
name is removed. It is a directory that bindfs(1) shows a second time, and stands for network file systems."""
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import Outcome, PipelineTest, has_nameless_files, main, sums  # noqa: E402


class FuseTest(PipelineTest):
    def setUp(self):
        super().setUp()
        below, shown = self.directory / 'below', self.directory / 'shown'
        for path in below, below / 'work', below / 'tmp', shown:
            path.mkdir()
        mount = ['bindfs', below, shown]
        if os.geteuid() or not shutil.which(mount[0]) or subprocess.run(mount, stderr=subprocess.DEVNULL).returncode:
            self.skipTest('there is no FUSE, no bindfs, or nobody who may mount it')
        # Lazily, because a test that failed may have left processes there.
        self.addCleanup(subprocess.run, ['umount', '--lazy', shown], check=True)
        self.work, self.tmp = shown / 'work', shown / 'tmp'
        self.env['TMPDIR'] = str(self.tmp)
        self.assertFalse(has_nameless_files(self.work))

    def test_success(self):
        data = b'1,2\n' * 10000
        self.file('in.csv', data)
        self.file('sums.csv', b'old\n')
        for options in [], ['--resume']:
            for out in 'sums.csv', 'new.csv':
                self.assertEqual(self.launcher(None, '-n', 2, '-o', out, *options, 'in.csv'), Outcome(b'', '', 0))
                self.assertTrue((self.work / out).read_bytes() == sums(data))
                self.assertEqual(self.launcher(data, '-n', 2), Outcome(sums(data), '', 0))
            self.assertEqual(self.files(), ['in.csv', 'new.csv', 'sums.csv'])
            (self.work / 'new.csv').unlink()

    def test_a_signal_takes_the_temporary_name_with_it(self):
        old = self.file('sums.csv', b'old\n')
        starts = {'launcher': lambda stdin: self.start_launcher(stdin, '-n', 2, '-o', 'sums.csv'),
                  'chain': lambda stdin: self.start_chain(stdin, p3=['-o', 'sums.csv'])}
        for name, start in starts.items():
            for number in signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM:
                run = self.start_half_way(start, answers=False)
                self.until(lambda: len(self.files()) == 2, 'no temporary file')
                os.kill(run.pid, number)
                run.stdin.close()
                status = run.finish().status
                self.assertEqual(status if name == 'launcher' else status[2], -number)
                self.assertEqual((old.read_bytes(), self.files()), (b'old\n', ['sums.csv']))
                self.assert_nothing_left()


if __name__ == '__main__':
    main()
