#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""However a run ends, nothing is left: no process, no FIFO, no shared memory, no temporary file."""
import os
import random
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import LAUNCHER, Outcome, PipelineTest, children, main, sums  # noqa: E402


class LeftoversTest(PipelineTest):
    def start_long(self, *options, answers=True, **popen):
        """A launcher in a session of its own that has done a part of its work."""
        return self.start_half_way(lambda stdin: self.start_launcher(stdin, *options, start_new_session=True, **popen),
                                   answers)

    def test_what_a_run_consists_of(self):
        """Without this check the tests below could pass because they look in the wrong place."""
        run = self.start_long('-n', 2)
        left = '\n'.join(self.leftovers())
        for part in 'p1_read ', 'p2_sum ', 'p3_write ':
            self.assertIn(part, left)
        os.kill(run.pid, signal.SIGTERM)
        run.finish()

    def test_success(self):
        for stdin in b'1\n', self.file('in.csv', b'1\n'):
            self.assertEqual(self.launcher(stdin, '-n', 3), Outcome(b'0,1\n', '', 0))
            self.assert_nothing_left()

    def test_errors(self):
        self.file('in.csv', b'x\n')
        for status, words in (65, ['in.csv']), (66, ['no.csv']), (64, ['--bogus']), (64, ['--batch-size=0']), \
                (73, ['-o', 'no/out', 'in.csv']), (64, ['--deal=x']), (1, ['--on-error=skip', 'in.csv']), \
                (71, ['--worker=no/program', 'in.csv']):
            self.assertEqual(self.launcher(b'x\n', '-n', 3, *words).status, status, words)
            self.assert_nothing_left()

    def test_closed_output(self):
        self.file('in.csv', b'1\n' * 100000)
        self.assertEqual(self.shell('run_pipeline.sh -n 3 in.csv | head -n 1; echo ${PIPESTATUS[0]}'),
                         Outcome(b'0,1\n141\n', '', 0))
        self.assert_nothing_left()
        self.assertEqual(self.shell('run_pipeline.sh -n 3 in.csv >&-'),
                         Outcome(b'', 'p3_write: standard output: Bad file descriptor\n', 74))
        self.assert_nothing_left()

    def test_closed_output_while_p1_read_is_stopped(self):
        self.file('in.csv', b'1\n' * 1000000)
        run = self.start_launcher(None, '-n', 1, '--batch-size=64K', 'in.csv')
        self.until(lambda: 'pipe_write' in Path(f'/proc/{run.pid}/wchan').read_text(), 'it has room to write')
        os.kill(self.processes('/p1_read ')[0], signal.SIGSTOP)
        run.stdout.close()
        self.assertEqual(run.finish().status, 141)
        self.assert_nothing_left()

    def test_signals_that_are_ignored(self):
        """As with nohup(1), or in the background of a shell."""
        def ignore():
            for number in signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM:
                signal.signal(number, signal.SIG_IGN)
        run = self.start_half_way(lambda stdin: self.start_launcher(
            stdin, '-n', 2, start_new_session=True, preexec_fn=ignore))
        for number in signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM:
            os.killpg(run.pid, number)
        run.stdin.write(b'2\n')
        self.assertEqual(run.read_line(), b'1,2\n')
        run.stdin.close()
        self.assertEqual(run.finish(), Outcome(b'', '', 0))

    def test_two_things_that_are_wrong(self):
        """The input comes first: no output is made for an input that is missing."""
        self.assertEqual(self.launcher(None, '-o', 'no/out', 'no.csv'),
                         Outcome(b'', 'p1_read: no.csv: No such file or directory\n', 66))

    def test_signals_to_the_launcher(self):
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT:
            run = self.start_long('-n', 3)
            os.kill(run.pid, number)
            self.assertEqual(run.finish(), Outcome(b'', '', -number))
            self.assert_nothing_left()

    def test_a_signal_while_it_starts(self):
        """The signal is not lost, and is not reported as another failure. By then nothing has been done: the input
        is there, and no output."""
        self.file('in.csv', b'1\n')
        readlink = self.file('readlink', b'#!/bin/sh\n: >asked\nread -r answer <go\nexec sleep 1000\n')
        readlink.chmod(0o755)
        go = os.open(self.fifo('go'), os.O_RDWR)
        self.addCleanup(os.close, go)
        there = self.files()
        env = {**self.env, 'PATH': f'{self.work}:{self.env["PATH"]}'}
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT:
            run = self.start_launcher(None, '-o', 'out', '--resume', 'in.csv', env=env, start_new_session=True)
            self.until((self.work / 'asked').exists, 'nobody asks for the name of the output')
            os.killpg(run.pid, number)
            self.assertEqual(run.finish(), Outcome(b'', '', -number))
            self.assert_nothing_left()
            (self.work / 'asked').unlink()
            self.assertEqual(self.files(), there)

    def test_a_signal_to_the_first_process(self):
        prefix = self.first_process()
        run = self.start_half_way(lambda stdin: self.start([*prefix, LAUNCHER, '-n', 2], stdin))
        launcher, = children(run.pid)
        os.kill(launcher, signal.SIGTERM)
        self.assertEqual(run.finish(), Outcome(b'', '', 128 + signal.SIGTERM))

    def test_signals_to_the_group(self):
        """Ctrl-C, Ctrl-\\, and a terminal that hangs up."""
        for number in signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM:
            run = self.start_long('-n', 3)
            os.killpg(run.pid, number)
            outcome = run.finish()
            self.assertEqual((outcome.stdout, outcome.status), (b'', -number))
            self.assert_nothing_left()
            self.assertEqual(outcome.stderr, '')

    def test_signals_leave_the_output_file_alone(self):
        old = self.file('old', b'old\n')
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL:
            run = self.start_long('-n', 2, '-o', 'old', answers=False)
            self.until(lambda: self.processes('/p2_sum '), 'no worker')
            os.kill(run.pid, number)
            self.assertEqual(run.finish().status, -number)
            self.assert_nothing_left()
            self.assertEqual((old.read_bytes(), self.files()), (b'old\n', ['old']))

    def test_signals_at_any_moment(self):
        """Also while the launcher starts and while it ends."""
        generator = random.Random(1)
        self.file('in.csv', b'1\n' * 1000)
        for i in range(60):
            number = generator.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT,
                                       *([] if i % 2 else [signal.SIGKILL])])
            run = self.start_launcher(None, '-n', 3, 'in.csv', start_new_session=True)
            time.sleep(generator.uniform(0, 0.06))
            try:
                (os.killpg if i % 2 else os.kill)(run.pid, number)
            except ProcessLookupError:
                pass
            outcome = run.finish()
            self.assertIn(outcome.status, (-number, 0), (i, outcome))
            if outcome.status == 0:
                self.assertEqual(outcome.stdout, sums(b'1\n' * 1000))
            self.assert_nothing_left()

    def test_the_launcher_is_killed(self):
        for n in 1, 8:
            run = self.start_long('-n', n)
            os.kill(run.pid, signal.SIGKILL)
            self.assertEqual(run.finish().status, -signal.SIGKILL)
            self.assert_nothing_left()

    def test_the_group_is_killed(self):
        """timeout -s KILL kills a group like this, and so does kill -9 %1 in a shell."""
        run = self.start_long('-n', 3)
        os.killpg(run.pid, signal.SIGKILL)
        self.assertEqual(run.finish(), Outcome(b'', '', -signal.SIGKILL))
        self.assert_nothing_left()

    def test_a_stopped_process_and_sigterm(self):
        for name in 'p1_read', 'p2_sum', 'p3_write':
            run = self.start_long('-n', 2)
            os.kill(self.processes(f'/{name} ')[0], signal.SIGSTOP)
            os.kill(run.pid, signal.SIGTERM)
            os.kill(run.pid, signal.SIGCONT)  # if it is the launcher itself that is stopped
            self.assertEqual(run.finish(), Outcome(b'', '', -signal.SIGTERM))
            self.assert_nothing_left()

    def test_a_stopped_process_and_sigkill(self):
        for name in 'p1_read', 'p2_sum', 'p3_write':
            with self.subTest(name):
                run = self.start_long('-n', 2)
                os.kill(self.processes(f'/{name} ')[0], signal.SIGSTOP)
                os.kill(run.pid, signal.SIGKILL)
                self.assertEqual(run.finish().status, -signal.SIGKILL)
                try:
                    self.assert_nothing_left()
                finally:
                    self.end_what_is_left()

    def test_nothing_is_in_the_file_system(self):
        """Not even during a run, from a file or from a pipe, in any directory for such files."""
        self.file('in.csv', b'1\n')
        places = self.tmp, Path('/tmp'), Path('/dev/shm')
        before = [set(os.listdir(place)) for place in places]
        run = self.start_long('-n', 2)
        self.assertEqual(self.launcher(None, 'in.csv'), Outcome(b'0,1\n', '', 0))
        found = [name for place, names in zip(places, before) for name in set(os.listdir(place)) - names
                 if 'run_pipeline' in name or 'ring' in name]
        self.assertEqual((found, os.listdir(self.tmp)), ([], []))
        os.kill(run.pid, signal.SIGTERM)
        run.finish()

    def test_it_ends_every_time(self):
        """Many short runs, in which all processes end at nearly the same moment."""
        file = self.file('in.csv', b'1\nx\n')
        for i in range(400):
            outcome = self.launcher(file, '-n', 2, '--on-error=skip')
            self.assertEqual((outcome.stdout, outcome.status), (b'0,1\n', 1), i)
        self.assert_nothing_left()


if __name__ == '__main__':
    main()
