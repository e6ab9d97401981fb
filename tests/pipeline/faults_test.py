#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Short reads and writes, interrupted calls and limits of the system change nothing, or lead to one clean failure."""
import fcntl
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import BIN_DIR, IS_STATIC, LAUNCHER, Outcome, PipelineTest, Reader, main, program, sums  # noqa: E402


def strace_works():
    if not shutil.which('strace'):
        return False
    return subprocess.run(['strace', '-o', os.devnull, '-e', 'inject=read:error=EINTR:when=9999', 'true'],
                          stderr=subprocess.DEVNULL).returncode == 0


# If a program is linked dynamically, these faults hit the loader first.
STATIC_ONLY = unittest.skipUnless(IS_STATIC, 'the programs are not static')


class SmallPiecesTest(PipelineTest):
    def setUp(self):
        super().setUp()
        self.input = self.generate('in.csv', '--rows', 300, '--columns', 5, '--quoted', 20, '--crlf')
        self.data = self.input.read_bytes()
        self.expected = sums(self.data)

    def test_one_byte_at_a_time(self):
        """All reads and writes take one byte, through pipes of one page."""
        for chain in True, False:
            stdin, feed = self.small_pipe()
            answers, stdout = self.small_pipe()
            with stdin, stdout:
                run = (self.start_chain(stdin, ['--batch-size=50'], stdout=stdout) if chain else
                       self.start_launcher(stdin, '-n', 3, '--batch-size=50', stdout=stdout))
            threading.Thread(target=self.drip, args=(feed,), daemon=True).start()
            got = bytearray()
            while byte := answers.read(1):
                got += byte
            self.assertEqual(got, self.expected)
            self.assertEqual(run.finish(), Outcome(b'', '', (0, 0, 0) if chain else 0))
            answers.close()

    def small_pipe(self):
        reading, writing = os.pipe()
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
        return os.fdopen(reading, 'rb', buffering=0), os.fdopen(writing, 'wb', buffering=0)

    def drip(self, file):
        with file:
            for i in range(len(self.data)):
                file.write(self.data[i:i + 1])

    def test_a_slow_reader(self):
        data = self.data * 200
        for chain in True, False:
            answers, stdout = self.small_pipe()
            with stdout:
                run = self.start_chain(data, stdout=stdout) if chain else self.start_launcher(data, '-n', 3,
                    stdout=stdout)
            got = bytearray()
            while piece := answers.read(4096):
                got += piece
                if len(got) < 100000:
                    time.sleep(0.005)
            self.assertTrue(got == sums(data))
            self.assertEqual(run.finish(), Outcome(b'', '', (0, 0, 0) if chain else 0))
            answers.close()

    def test_descriptors_that_do_not_block(self):
        """A neighbour has set the flag, which it shares with the program."""
        data = self.data * 100
        for chain in True, False:
            stdin, feed = self.small_pipe()
            answers, stdout = self.small_pipe()
            with stdin, stdout:
                for end in stdin, stdout:
                    os.set_blocking(end.fileno(), False)
                run = self.start_chain(stdin, stdout=stdout) if chain else self.start_launcher(stdin, '-n', 2,
                    stdout=stdout)
            reader = Reader(answers)
            time.sleep(0.1)  # there is nothing to read at first
            view = memoryview(data)
            while view:
                view = view[feed.write(view):]
            feed.close()
            self.assertEqual(run.finish(), Outcome(b'', '', (0, 0, 0) if chain else 0))
            reader.join(60)
            self.assertTrue(reader.data == sums(data))
            answers.close()

    def test_stopped_and_continued(self):
        data = self.data * 300
        for chain in True, False:
            run = self.start_chain(data) if chain else self.start_launcher(data, '-n', 3)
            reader = Reader(run.stdout)
            for _ in range(100):
                for number in signal.SIGSTOP, signal.SIGCONT:
                    for pid in self.processes(str(BIN_DIR)):
                        try:
                            os.kill(pid, number)
                        except ProcessLookupError:
                            pass
                if not self.processes():
                    break
            reader.join(60)
            run.stdout.close()
            self.assertEqual(run.finish().status, (0, 0, 0) if chain else 0)
            self.assertTrue(reader.data == sums(data))

    @unittest.skipUnless(strace_works(), 'there is no strace, or it may not trace')
    @STATIC_ONLY
    def test_interrupted_calls(self):
        calls = 'read,pread64,write,writev,poll'
        inject = ['strace', '-f', '-qq', '-o', os.devnull, '-e', 'trace=' + calls]
        for when in '1+2', '2+3', '1+1':
            if when == '1+1':  # two of three: if all failed, none would ever succeed
                faults = ['-e', 'inject=read,pread64,writev,poll:error=EINTR:when=1+2']
            else:
                faults = ['-e', f'inject={calls}:error=EINTR:when={when}']
            command = [*inject, *faults]
            members, stdin = [], self.input
            for name, options in ('p1_read', ['--batch-size=500']), ('p2_sum', []), ('p3_write', []):
                members.append(self.popen([*command, program(name), *options], stdin, subprocess.PIPE))
                stdin = members[-1].stdout
            reader = Reader(stdin)
            self.assertEqual([self.wait(member) for member in members], [0, 0, 0])
            reader.join(60)
            self.assertEqual(reader.data, self.expected)
            self.assertEqual([member.errors.read_text() for member in members], ['', '', ''])

    @unittest.skipUnless(strace_works(), 'there is no strace, or it may not trace')
    @STATIC_ONLY
    def test_interrupted_calls_in_the_launcher(self):
        """The launcher looks for the programs beside itself, and finds scripts there that trace them."""
        tools = self.directory / 'bin'
        tools.mkdir()
        (tools / 'run_pipeline.sh').symlink_to(LAUNCHER)
        for name in 'p1_read', 'p2_sum', 'p3_write':
            # -D: the tracer is a grandchild, so the program itself stays the child of the launcher.
            (tools / name).write_text(
                '#!/bin/sh\nexec strace -D -qq -o /dev/null -e trace=read,pread64,write,writev,poll'
                ' -e inject=read,pread64,write,writev,poll:error=EINTR:when=2+3 ' + f"'{program(name)}'" + ' "$@"\n')
            (tools / name).chmod(0o755)
        for stdin in self.input, self.data:
            run = self.start([tools / 'run_pipeline.sh', '-n', 2, '--batch-size=500'], stdin)
            self.assertEqual(run.finish(), Outcome(self.expected, '', 0))


class FailingCallsTest(PipelineTest):
    """A call that fails for good: one line, a clean status."""

    @unittest.skipUnless(strace_works(), 'there is no strace, or it may not trace')
    @STATIC_ONLY
    def test_input_errors(self):
        self.file('in.csv', b'1\n' * 1000)
        outcome = self.start(['strace', '-qq', '-o', os.devnull, '-e', 'inject=read:error=EIO:when=1+', '-P',
                              self.work / 'in.csv', program('p1_read'), 'in.csv'],
                             stdout=subprocess.DEVNULL).finish()
        self.assertEqual(outcome, Outcome(b'', 'p1_read: in.csv: Input/output error\n', 74))


class LimitsTest(PipelineTest):
    def test_a_limit_of_file_size(self):
        """A file that would exceed the limit: status 74 and one line, no file, no death by a signal."""
        self.file('in.csv', b'1\n' * 100000)
        for command in 'p1_read in.csv | p2_sum | p3_write -o out', 'run_pipeline.sh -n 2 -o out in.csv', \
                'p1_read in.csv | p2_sum | p3_write >big', 'run_pipeline.sh -n 2 in.csv >big', \
                'p1_read in.csv >big', 'p1_read --to big in.csv':
            with self.subTest(command):
                outcome = self.shell(f'ulimit -f 100; {command}')
                self.assertEqual((outcome.stdout, outcome.status), (b'', 74), outcome)
                self.assertRegex(outcome.stderr, r'^p[13]_\w+: (out|big|standard output): File too large\n$')
                self.assertFalse((self.work / 'out').exists())
                (self.work / 'big').unlink(missing_ok=True)

    def test_a_limit_of_file_size_and_the_ring(self):
        outcome = self.shell('ulimit -f 100; run_pipeline.sh -n 2', stdin=b'1\n' * 100000)
        self.assertEqual((outcome.stdout, outcome.stderr.count('\n')), (b'', 1), outcome)
        self.assertIn(outcome.status, (71, 74))

    @STATIC_ONLY
    def test_few_descriptors(self):
        """With any small number of descriptors there is the right answer or a clean failure, but never a wrong or
        incomplete answer."""
        self.file('in.csv', b'1\n' * 100)
        expected = sums(b'1\n' * 100)
        for limit in [3, 4, 5, 8, 16]:
            outcome = self.start([program('p1_read'), 'in.csv'], preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_NOFILE, (limit, limit))).finish()
            if outcome.status:
                self.assertEqual(outcome.status, 66)
                self.assertEqual(outcome.stderr, 'p1_read: in.csv: Too many open files\n')
            else:
                self.assertEqual(self.shell('p2_sum | p3_write', stdin=outcome.stdout), Outcome(expected, '', 0))
        self.shell('p1_read in.csv | p2_sum >results')
        for limit in [*range(3, 8), 16]:
            outcome = self.start([program('p3_write'), '-o', 'out', 'results'], preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_NOFILE, (limit, limit))).finish()
            if outcome.status:
                self.assertIn(outcome.status, (66, 71, 73))
                self.assertRegex(outcome.stderr, r'^p3_write: \S+: Too many open files\n$')
                self.assertFalse((self.work / 'out').exists())
            else:
                self.assertEqual((self.work / 'out').read_bytes(), expected)

    @STATIC_ONLY
    def test_few_descriptors_for_many_workers(self):
        self.file('in.csv', b'1\n' * 100)
        outcome = self.launcher(None, '-n', 64, 'in.csv', preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_NOFILE, (40, 40)))
        self.assertEqual(outcome.stdout, b'')
        self.assertEqual(outcome.status, 71)
        self.assertEqual(outcome.stderr, 'p1_read: too few file descriptors for 64 workers (ulimit -n)\n')
        self.assert_nothing_left()

    def test_no_process(self):
        limited = [*self.without_rights(), 'prlimit', '--nproc=0']
        self.assertEqual(self.start([*limited, LAUNCHER, '-n', 2]).finish(), Outcome(
            b'', f'p3_write: cannot start {program("p1_read")}: Resource temporarily unavailable\n', 71))

    def test_no_process_for_the_shell(self):
        """The shell needs a process to find out where the launcher lies."""
        (self.work / 'link').symlink_to(LAUNCHER)
        outcome = self.start([*self.without_rights(), 'prlimit', '--nproc=0', self.work / 'link', '-n', 2]).finish()
        self.assertEqual((outcome.stdout, outcome.status), (b'', 71))
        self.assertRegex(outcome.stderr, r'^\S*link: .*\n$')


if __name__ == '__main__':
    main()
