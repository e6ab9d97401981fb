#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Workers of all kinds (--worker): commands with arguments, workers that misbehave, and what they leave behind."""
import os
import resource
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from fragile import FragileTest, rows  # noqa: E402
from pipeline import LAUNCHER, Outcome, main, program, sums  # noqa: E402
from sleepers import SleeperTest  # noqa: E402

P2_SUM = shlex.quote(program('p2_sum'))


class WorkerTest(SleeperTest):
    def script(self, text: str) -> Path:
        """A script as a worker. The name of its directory would be split if it were taken for a command."""
        place = self.work / 'it\'s a "place"'
        place.mkdir(exist_ok=True)
        path = place / 'worker'
        path.write_text(f'#!/bin/sh\n{text}\n')
        path.chmod(0o755)
        return path

    def both_ways(self, *options):
        """Options for a run with and without a time limit for workers."""
        return (*options,), (*options, '--worker-timeout=5')


class CommandTest(WorkerTest):
    def test_the_name_of_a_program_as_it_stands(self):
        worker = self.script(f'exec {P2_SUM}')
        self.assertEqual(self.launcher(b'1,2\n', '--worker', worker), Outcome(b'0,3\n', '', 0))

    def test_a_command_with_arguments(self):
        worker = self.script(f'echo "$X $1" >seen; exec {P2_SUM}')
        # The quoting is simpler than in a shell: a quote of either kind has to be escaped, also within quotes of the
        # other kind.
        quoted = str(worker).replace('"', '\\"').replace("'", "\\'")
        command = f'env "X=a b" "{quoted}" "c  d"'
        self.assertEqual(self.launcher(b'1,2\n', '--worker', command), Outcome(b'0,3\n', '', 0))
        self.assertEqual((self.work / 'seen').read_bytes(), b'a b c  d\n')

    def test_a_program_that_is_missing(self):
        for data in b'', b'1\n', b'1\n' * 100000:
            outcome = self.launcher(data, '-n', 3, '--worker', 'no/program')
            self.assertEqual(outcome, Outcome(b'', 'p1_read: cannot start no/program: No such file or directory\n', 71))

    def test_place_and_life_are_in_the_environment(self):
        worker = self.script('echo "$ROWSUM_WORKER" >>seen\n'
                             'case $ROWSUM_WORKER in 1.[01]) kill -9 $$ ;; esac\n'
                             f'exec {P2_SUM}')
        data = b''.join(rows(100))
        env = {**self.env, 'ROWSUM_WORKER': '7.7'}
        outcome = self.launcher(data, '-n', 2, '--batch-size=100', '--worker', worker, env=env)
        self.assertEqual((outcome.stdout, outcome.status), (sums(data), 0), outcome.stderr)
        self.assertEqual(sorted((self.work / 'seen').read_text().split()), ['0.0', '1.0', '1.1', '1.2'])

    def test_children_are_ignored_by_the_caller(self):
        """SIGCHLD is ignored, and the programs that the caller starts inherit that."""
        for status, words in (0, []), (71, ['--worker=no/program']):
            outcome = self.launcher(b'1\n', '-n', 2, *words,
                                    preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
            self.assertEqual(outcome.status, status, outcome)


class TextTest(WorkerTest, FragileTest):
    """A worker that has inherited nothing, as one on another machine, gets the text of the rows with each batch."""
    ROWS = [b'%d,"%s"\n' % (i, b'7' * (1 + i % 300)) for i in range(20000)]  # a batch of them does not fit a pipe
    DATA = b''.join(ROWS)
    WORKER = f'env -u ROWSUM_WORKER {P2_SUM}'

    def test_any_input(self):
        in_csv = self.file('in.csv', self.DATA)
        firsts = b''.join(b'%d,%d\n' % (i, i) for i in range(len(self.ROWS)))
        for words, expected in ([], sums(self.DATA)), (['--checksum'], sums(self.DATA)), (['-f1'], firsts), \
                (['--batch-size=1000'], sums(self.DATA)), (['--header'], sums(b''.join(self.ROWS[1:]))):
            for n in 1, 3:
                for stdin, files in (self.DATA, []), (in_csv, []), (None, [in_csv]):
                    outcome = self.launcher(stdin, '-n', n, f'--worker={self.WORKER}', *words, *files)
                    self.assertEqual((outcome.stdout == expected, outcome.stderr, outcome.status), (True, '', 0))

    def test_it_is_lost(self):
        """The next one is given the same, however much had been written for the first one."""
        worker = self.script(f'case $ROWSUM_WORKER in 0.0) {self.WORKER} | stdbuf -o0 head -c 5000; kill -KILL $$ ;; esac\n'
                             f'exec {self.WORKER}')
        for stdin in self.inputs(self.DATA):
            outcome = self.launcher(stdin, '-n', 2, '--worker', worker)
            self.assertEqual((outcome.stdout == sums(self.DATA), outcome.status), (True, 0), outcome.stderr)
            self.assertIn('p1_read: worker at place 0 was killed by signal 9 (KILL), and is replaced\n', outcome.stderr)


class NumberTest(WorkerTest):
    def test_no_more_workers_than_there_is_work(self):
        """Ten rows are one batch, for one worker."""
        data = b''.join(rows(10))
        run = self.start_launcher(subprocess.PIPE, '-n', 64)
        run.stdin.write(data)
        self.assertEqual(run.read(len(sums(data))), sums(data))
        self.assertEqual(len(self.processes('/p2_sum ')), 1)
        run.stdin.close()
        self.assertEqual(run.finish(), Outcome(b'', '', 0))
        worker = self.script(f'echo >>started; exec {P2_SUM}')
        self.assertEqual(self.launcher(self.file('in.csv', data), '-n', 64, '--worker', worker),
                         Outcome(sums(data), '', 0))
        self.assertEqual((self.work / 'started').read_bytes(), b'\n')

    def test_five_hundred(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if hard < 500 * 4 + 24:
            self.skipTest(f'a process has {hard} file descriptors at most')
        worker = self.script(f'echo >>started; exec {P2_SUM}')
        data = b''.join(rows(5000))
        outcome = self.launcher(data, '-n', 500, '--batch-size=90', '--worker', worker)
        self.assertEqual((outcome.stdout == sums(data), outcome.stderr, outcome.status), (True, '', 0))
        self.assertEqual(len((self.work / 'started').read_bytes()), 500)

    def test_too_few_descriptors(self):
        outcome = self.launcher(b'1\n', '-n', 64,
                                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100)))
        self.assertEqual(outcome, Outcome(b'', 'p1_read: too few file descriptors for 64 workers (ulimit -n)\n', 71))


class MisbehavingTest(WorkerTest, FragileTest):
    """A worker misbehaves: one line says what happened, and the status is right."""
    data = b''.join(rows(300))

    def test_an_output_that_is_closed(self):
        """The worker goes on, and is killed."""
        worker = self.script(f'{P2_SUM} | head -c 100\nexec >&-\nexec {self.sleeper()} 1000')
        for options in self.both_ways('-n', 1), self.both_ways('-n', 3, '--batch-size=100'):
            for words in options:
                outcome = self.launcher(self.data, *words, '--worker', worker)
                self.assertRegex(outcome.stderr, r'^(p1_read: worker at place \d has closed its output before the end '
                                                 r'of its stream\n)+$')
                self.assertEqual((outcome.stdout, outcome.status), (b'', 69))
                self.assert_no_sleepers()

    def test_an_end_before_the_end_of_the_stream(self):
        for point in 'start', 'inside_hello', 'inside_result', 'between', 'before_end', 'inside_end':
            for words in self.both_ways('-n', 2, '--batch-size=100'):
                outcome = self.fragile(self.data, *words, point=point, how='exit 0', place=1)
                line = 'p1_read: p2_sum at place 1 ended with status 0 before the end of its stream\n'
                if point.endswith('_end') and outcome.status == 0:  # all had come, so its end does not matter
                    self.assertEqual(outcome.stdout, sums(self.data))
                    self.assertIn(outcome.stderr, ('', line))
                    continue
                self.assertEqual((outcome.stderr, outcome.status), (line, 69), point)
                self.assertTrue(sums(self.data).startswith(outcome.stdout))

    def test_an_unknown_status(self):
        """This is taken for chance as often as any other death."""
        worker = self.script('exit 1')
        for words in self.both_ways('-n', 1):
            outcome = self.launcher(self.data, *words, '--worker', worker)
            line = 'p1_read: worker at place 0 ended with the unknown status 1'
            self.assertEqual(outcome.stderr.splitlines(), [*3 * [f'{line}, and is replaced'], line,
                             'p1_read: worker at place 0 died 4 times in a row, whatever it was given'])
            self.assertEqual((outcome.stdout, outcome.status), (b'', 69))

    def test_a_result_without_its_last_line(self):
        for words in self.both_ways('-n', 2, '--batch-size=100'):
            outcome = self.fragile(self.data, *words, point='short_result', place=1, number=2)
            self.assertRegex(outcome.stderr, r'^p3_write: out\.1: [^\n]*\n$')
            self.assertEqual(outcome.status, 65)
            self.assertTrue(sums(self.data).startswith(outcome.stdout))

    def test_results_that_are_missing_or_come_twice(self):
        """p1_read and p3_write both notice that a result is missing. The first of them, or both, report it."""
        missing = '(p1_read: p2_sum at place 1 has returned another result than the one that was due\n|' \
                  'p3_write: bytes \\d+ to \\d+ of the input are missing from the streams\n)+'
        twice = 'p3_write: out.1: bytes \\d+ to \\d+ come twice [^\n]*\n'
        for point, lines in ('no_result', missing), ('two_results', twice):
            for words in self.both_ways('-n', 2, '--batch-size=100'):
                for _ in range(20):
                    outcome = self.fragile(self.data, *words, point=point, place=1, number=2)
                    self.assertRegex(outcome.stderr, f'^{lines}$')
                    self.assertEqual(outcome.status, 65)
                    self.assertTrue(sums(self.data).startswith(outcome.stdout))

    def test_an_end_that_comes_too_early(self):
        """The worker ends its stream as if the input were over. It is not believed: rows would be missing."""
        for words in self.both_ways('-n', 1, '--batch-size=100'), self.both_ways('-n', 2, '--batch-size=100'):
            for options in words:
                outcome = self.fragile(self.data, *options, point='early_end', place=0, number=1)
                self.assertRegex(outcome.stderr, r'^p3_write: out\.0: ends at byte \d+, where the input does not end\n$')
                self.assertEqual(outcome.status, 65)
                self.assertTrue(sums(self.data).startswith(outcome.stdout))

    def test_a_status_of_the_suite(self):
        """A worker of another author says nothing itself when it ends with one. p2_sum does."""
        for status, told in (69, 69), (65, 65), (141, 69):
            worker = self.script(f'exit {status}')
            line = f'p1_read: worker at place 0 ended with status {status} before the end of its stream\n'
            self.assertEqual(self.launcher(self.data, '-n', 1, '--worker', worker), Outcome(b'', line, told))
        for status, told in (69, 69), (141, 69):
            outcome = self.fragile(self.data, '-n', 1, point='got_batch', how=f'exit {status}')
            line = f'p1_read: p2_sum at place 0 ended with status {status} before the end of its stream\n'
            self.assertEqual(outcome, Outcome(b'', line, told))

    def test_a_worker_that_says_nothing_before_a_run_goes_on(self):
        """With --resume the first worker has to say the hello before anything is dealt."""
        self.file('in.csv', self.data)
        outcome = self.launcher(None, '-n', 1, '--resume', '-o', 'out', '--worker-timeout=1', '--retries=0', '--worker',
                                self.script(f'exec {self.sleeper()} 1000'), 'in.csv')
        self.assertEqual((outcome.stderr.splitlines()[0], outcome.status), (
            'p1_read: worker at place 0 returned nothing for 1 s and was killed', 69))
        self.assert_no_sleepers()

    def test_a_result_of_absurd_length(self):
        for words in self.both_ways('-n', 2, '--batch-size=100'):
            outcome = self.fragile(self.data, *words, point='long_result', place=1, number=2)
            self.assertRegex(outcome.stderr, r'^p3_write: out\.1: a frame longer than its stream allows[^\n]*\n$')
            self.assertEqual(outcome.status, 65)
            self.assertTrue(sums(self.data).startswith(outcome.stdout))


class NoWorkerTest(WorkerTest):
    def test_a_program_that_reads_rows(self):
        """It waits for rows that it can read, so this is told; it may still be a worker far away."""
        worker = self.script('while read -r row; do echo "$row"; done')
        run = self.start_launcher(b'1\n', '--worker', worker)
        self.until(lambda: run.errors(), 'nothing is told')
        self.assertEqual(run.errors(), 'p1_read: worker has not begun a stream of results for 10 s; for programs that '
                                       'read rows there is --command\n')
        self.assertIsNone(run.members[0].poll())
        os.kill(run.pid, signal.SIGTERM)
        self.assertEqual(run.finish().status, -signal.SIGTERM)


class DescendantsTest(WorkerTest):
    """Processes that a worker starts end with it, whatever they have done to get away."""

    # The ways to start one: in the group of the worker, in a session of its own, as a daemon, and at last without
    # anything that shows where it comes from.
    WAYS_WITH_A_TRACE = {'child': '{} 1000 &', 'session': 'setsid {} 1000 &', 'daemon': '(setsid sh -c "{} 1000 &") &'}
    WAYS = {**WAYS_WITH_A_TRACE, 'daemon that has no environment': '(env -i setsid sh -c "{} 1000 &") &'}

    def worker_with(self, way: str, redirection: str = '') -> Path:
        start = self.WAYS[way].format(self.sleeper())
        return self.script(f'{start.replace("1000", "1000" + redirection)}\nexec {P2_SUM}')

    def test_after_a_good_run(self):
        data = b''.join(rows(100))
        for way in self.WAYS:
            for redirection in '', ' >/dev/null':
                with self.subTest(way, redirection=redirection):
                    worker = self.worker_with(way, redirection)
                    outcome = self.launcher(data, '-n', 2, '--batch-size=100', '--worker', worker)
                    self.assertEqual(outcome, Outcome(sums(data), '', 0))
                    self.assertEqual(self.sleepers(), [])
                    self.assert_nothing_left()

    def test_children_of_a_daemon(self):
        """They are found once the daemon has been ended, while the run goes on."""
        started = f'setsid sh -c "{self.sleeper()} 1000 >/dev/null & {self.sleeper()} 1000 >/dev/null & wait" >/dev/null'
        worker = self.script(f'({started} &)\nexec {P2_SUM}')
        run = self.start_half_way(lambda stdin: self.start_launcher(stdin, '-n', 1, '--worker', worker))
        self.until(lambda: len(self.sleepers()) == 2, 'the daemon has started nothing')
        old = self.sleepers()
        os.kill(self.processes('/p2_sum ')[0], signal.SIGKILL)
        self.until(lambda: not set(old) & set(self.sleepers()), 'the children of the daemon live on')
        run.stdin.close()
        self.assertEqual(run.finish().status, 0)
        self.assert_no_sleepers()

    def test_processes_that_are_no_workers(self):
        """The launcher had them before, even if their environment looks like that of a worker."""
        command = f'export ROWSUM_WORKER=1.1; {self.sleeper()} 1000 & exec "$0" -n 1 in.csv'
        self.file('in.csv', b'1\n')
        self.assertEqual(self.start(['bash', '-c', command, LAUNCHER], stdout=subprocess.DEVNULL).finish().status, 0)
        left = self.sleepers()
        self.assertEqual(len(left), 1)
        os.kill(left[0], signal.SIGKILL)

    def test_an_output_that_is_kept_open(self):
        """The worker is killed, and the run goes on."""
        for way in self.WAYS_WITH_A_TRACE:
            for options in self.both_ways('-n', 1):
                with self.subTest(way, options=options):
                    worker = self.worker_with(way)
                    run = self.start_half_way(lambda stdin: self.start_launcher(stdin, *options, '--worker', worker))
                    self.until(self.sleepers, 'the worker has started nothing')
                    victim, = self.processes('/p2_sum ')
                    os.kill(victim, signal.SIGKILL)
                    try:
                        run.stdin.write(b'2\n')
                        self.assertEqual(run.read_line(), b'1,2\n')
                        run.stdin.close()
                        self.assertEqual(run.finish(), Outcome(
                            b'', 'p1_read: worker at place 0 was killed by signal 9 (KILL), and is replaced\n', 0))
                    finally:
                        self.assert_no_sleepers()

    def test_an_output_that_is_kept_open_by_one_that_cannot_be_found(self):
        """Then the run cannot go on, and this is reported."""
        worker = self.worker_with('daemon that has no environment')
        for options in self.both_ways('-n', 1):
            run = self.start_half_way(lambda stdin: self.start_launcher(stdin, *options, '--worker', worker))
            self.until(self.sleepers, 'the worker has started nothing')
            victim, = self.processes('/p2_sum ')
            os.kill(victim, signal.SIGKILL)
            try:
                self.assertEqual(run.finish(), Outcome(
                    b'', 'p1_read: worker at place 0 was killed by signal 9 (KILL), and a process that it has left '
                         'keeps its output open\n', 69))
            finally:
                self.assert_no_sleepers()

    def test_a_slow_reader_of_the_output(self):
        """Then p3_write does not notice for a long time that a worker has ended. This is no failure."""
        data = b'1\n' * 300000
        run = self.start_launcher(data, '-n', 1, '--batch-size=64K')
        self.until(lambda: 'pipe_write' in Path(f'/proc/{run.pid}/wchan').read_text(), 'it has room to write')
        os.kill(self.processes('/p2_sum ')[0], signal.SIGKILL)
        time.sleep(3)  # longer than any time limit in p1_read
        self.assertEqual(run.finish(), Outcome(
            sums(data), 'p1_read: p2_sum at place 0 was killed by signal 9 (KILL), and is replaced\n', 0))

    def test_after_a_failure(self):
        """After p1_read has been killed, no process knows of a process without an environment any more."""
        for victim, ways in ('p1_read', self.WAYS_WITH_A_TRACE), ('p3_write', self.WAYS):
            for way in ways:
                with self.subTest(way, victim=victim):
                    worker = self.worker_with(way)
                    run = self.start_half_way(lambda stdin: self.start_launcher(stdin, '-n', 1, '--worker', worker))
                    self.until(self.sleepers, 'the worker has started nothing')
                    pid = self.processes(f'/{victim} ')[0]
                    os.kill(pid, signal.SIGKILL)
                    self.assertEqual(run.finish().status, 69 if victim == 'p1_read' else -signal.SIGKILL)
                    self.assert_no_sleepers()

    def test_after_the_death_of_the_launcher_while_p1_read_is_stopped(self):
        for way in self.WAYS:
            with self.subTest(way):
                worker = self.worker_with(way)
                run = self.start_half_way(lambda stdin: self.start_launcher(stdin, '-n', 1, '--worker', worker))
                self.until(self.sleepers, 'the worker has started nothing')
                os.kill(self.processes('/p1_read ')[0], signal.SIGSTOP)
                os.kill(run.pid, signal.SIGKILL)
                run.finish()
                self.assert_no_sleepers()


if __name__ == '__main__':
    main()
