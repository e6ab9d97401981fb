#!/usr/bin/env python3
"""Any program can be the worker, and some misbehave: each of them ends in one line and a status, or is survived."""
import os
import resource
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from fragile import FragileTest, rows  # noqa: E402
from pipeline import Outcome, main, program, sums  # noqa: E402


class WorkersTest(FragileTest):
    def setUp(self):
        super().setUp()
        self.data = b''.join(rows(200))
        self.file('in.csv', self.data)

    def worker(self, script):
        """A shell script as the command of a worker, with the path of p2_sum in $p2_sum, and a space in its own."""
        path = self.file('a worker.sh', b'#!/bin/sh\np2_sum=\'%s\'\n%s\n' % (program('p2_sum').encode(), script.encode()))
        path.chmod(0o755)
        return f'--worker={path}'

    def run_with(self, script, *options, n=2, batch_size=100):
        return self.launcher(None, '-n', n, f'--batch-size={batch_size}', self.worker(script), *options, 'in.csv')

    def assert_failed(self, outcome, line):
        self.assertRegex(outcome.stderr, f'^{line}\n$')
        self.assertEqual(outcome.status, 69)
        self.assertTrue(sums(self.data).startswith(outcome.stdout))

    def test_a_command_with_arguments(self):
        command = f"env 'A=b c' '{program('p2_sum')}'"
        self.assertEqual(self.launcher(None, '-n', 2, '--worker', command, 'in.csv'), Outcome(sums(self.data), '', 0))

    def test_no_such_program(self):
        for options in [], ['-o', 'out']:
            self.assertEqual(self.launcher(None, '-n', 2, '--worker=no/program', *options, 'in.csv'),
                             Outcome(b'', 'p1_read: cannot start no/program: No such file or directory\n', 71))
        self.assertFalse((self.work / 'out').exists())

    def test_it_closes_its_output_and_goes_on(self):
        for options in [], ['--worker-timeout=5']:
            self.assert_failed(self.run_with('head -c 300 >kept; exec >&-; sleep 1000', *options),
                               r'p1_read: a worker.sh at place \d has closed its output before the end of its stream')

    def test_it_ends_with_0_before_its_stream_does(self):
        line = r'p1_read: a worker.sh at place \d ended with status 0 before the end of its stream'
        # At once, in the middle of a frame, and when it has read the end of its input.
        self.assert_failed(self.run_with('exit 0'), line)
        self.assert_failed(self.run_with('"$p2_sum" | head -c 500'), line)
        self.assert_failed(self.run_with('cat >kept', batch_size='1M'), line)

    def test_it_ends_with_a_status_that_means_nothing(self):
        """It is tried again, as often as others."""
        outcome = self.run_with('exit 1', '--retries=2', n=1)
        lost = 'p1_read: a worker.sh at place 0 ended with the unknown status 1'
        self.assertEqual(outcome, Outcome(b'', 2 * f'{lost}, and is replaced\n' + f'{lost}\n'
                         'p1_read: a worker.sh at place 0 died 3 times in a row, whatever it was given\n', 69))

    def test_what_it_has_started_keeps_its_output_open(self):
        """It ends with the worker, which is replaced as any other."""
        for start in 'sleep 1000 &', 'setsid sleep 1000 &', 'setsid sh -c "setsid sleep 1000 & exit" &':
            with self.subTest(start):
                outcome = self.run_with(f'{start} [ $ROWSUM_WORKER = 0.1 ] || kill -KILL $$; exec "$p2_sum"', n=1)
                self.assertEqual(outcome, Outcome(sums(self.data), 'p1_read: a worker.sh at place 0 was killed by '
                                                  'signal 9 (KILL), and is replaced\n', 0))
                self.assert_nothing_left()

    def test_what_it_has_started_does_not_outlive_a_good_run(self):
        for start in 'sleep 1000', 'setsid sleep 1000', 'env -u ROWSUM_WORKER setsid sleep 1000':
            with self.subTest(start):
                outcome = self.run_with(f'{start} </dev/null >/dev/null & exec "$p2_sum"')
                self.assertEqual(outcome, Outcome(sums(self.data), '', 0))
                self.assert_nothing_left()

    def test_what_it_has_started_does_not_outlive_a_run_that_is_killed(self):
        for name, number in ('p3_write', signal.SIGKILL), ('p3_write', signal.SIGTERM), ('p1_read', signal.SIGKILL), \
                ('p1_read', signal.SIGTERM):
            with self.subTest(name, number=number):
                worker = self.worker('sleep 1000 </dev/null >/dev/null & setsid sleep 1000 & exec "$p2_sum"')
                run = self.start_half_way(lambda stdin: self.start_launcher(stdin, '-n', 1, worker))
                self.until(lambda: len(self.processes('sleep 1000')) == 2, 'nothing is started')
                os.kill(self.processes(f'/{name} ')[0], number)
                run.finish()
                self.assert_nothing_left()

    def test_a_stopped_p1_read_goes_when_the_launcher_is_killed(self):
        run = self.start_half_way(lambda stdin: self.start_launcher(
            stdin, '-n', 1, self.worker('setsid sleep 1000 & exec "$p2_sum"')))
        os.kill(self.processes('/p1_read ')[0], signal.SIGSTOP)
        os.kill(run.pid, signal.SIGKILL)
        run.finish()
        self.assert_nothing_left()

    def test_a_caller_that_ignores_sigchld(self):
        run = self.start_launcher(None, '-n', 2, self.worker('[ $ROWSUM_WORKER != 0.0 ] || kill -SEGV $$; exec "$p2_sum"'),
                                  'in.csv', preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        outcome = run.finish()
        self.assertEqual(outcome, Outcome(sums(self.data), 'p1_read: a worker.sh at place 0 was killed by signal 11 '
                                          '(SEGV), and is replaced\n', 0))


class PlacesTest(FragileTest):
    def test_a_place_is_filled_when_there_is_something_for_it(self):
        """Ten rows at once are one batch, and need one worker."""
        reading, writing = os.pipe()
        with os.fdopen(reading, 'rb') as stdin:
            os.write(writing, b'1\n' * 10)
            run = self.start_launcher(stdin, '-n', 64)
        for row in range(10):
            self.assertEqual(run.read_line(), b'%d,1\n' % row)
        self.assertEqual(len(self.processes('/p2_sum ')), 1)
        os.close(writing)
        self.assertEqual(run.finish(), Outcome(b'', '', 0))

    def test_many_places(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if hard != resource.RLIM_INFINITY and hard < 2100:
            self.skipTest(f'no more than {hard} descriptors')
        data = b''.join(rows(1000))
        self.file('in.csv', data)
        # The soft limit, which is mostly too low, is raised.
        run = self.start_launcher(None, '-n', 500, '--batch-size=16', 'in.csv',
                                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard)))
        self.assertEqual(run.finish(), Outcome(sums(data), '', 0))


if __name__ == '__main__':
    main()
