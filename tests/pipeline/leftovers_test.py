#!/usr/bin/env python3
"""However a run ends, nothing stays: no process, no FIFO, no shared memory, no temporary file."""
import itertools
import os
import random
import select
import shutil
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import LAUNCHER, Outcome, PipelineTest, children, main, sums  # noqa: E402


class LeftoversTest(PipelineTest):
    def start_long(self, *options, answers=True, **popen):
        """A launcher in a session of its own that is half-way."""
        return self.start_half_way(lambda stdin: self.start_launcher(stdin, *options, start_new_session=True, **popen),
                                   answers)

    def test_what_a_run_consists_of(self):
        """Otherwise the tests below would pass by looking in the wrong place."""
        run = self.start_long('-n', 2)
        left = '\n'.join(self.leftovers())
        for part in 'p1_read ', 'p2_sum ', 'p3_write ', '/control', '/in.1.0', '/out.0.0':
            self.assertIn(part, left)
        os.kill(run.pid, signal.SIGTERM)
        run.finish()

    def test_success(self):
        for stdin in b'1\n', self.file('in.csv', b'1\n'):
            self.assertEqual(self.launcher(stdin, '-n', 3), Outcome(b'0,1\n', '', 0))
            self.assert_nothing_left()

    def test_errors(self):
        self.file('in.csv', b'x\n')
        for words in ['in.csv'], ['no.csv'], ['--bogus'], ['--batch-size=0'], ['-o', 'no/out', 'in.csv'], \
            ['--deal=x'], \
                ['--on-error=skip', 'in.csv']:
            self.assertNotEqual(self.launcher(b'x\n', '-n', 3, *words).status, 0)
            self.assert_nothing_left()

    def test_closed_output(self):
        self.file('in.csv', b'1\n' * 100000)
        self.shell('run_pipeline.sh -n 3 in.csv | head -n 1')
        self.assert_nothing_left()  # the shell waits for head alone
        self.shell('run_pipeline.sh -n 3 in.csv >&-')
        self.assert_nothing_left()

    def test_signals_to_the_launcher(self):
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT:
            run = self.start_long('-n', 3)
            os.kill(run.pid, number)
            self.assertEqual(run.finish(), Outcome(b'', '', -number))
            self.assert_nothing_left()

    def test_a_signal_while_it_starts(self):
        """It is not lost, also where bash by itself would not die of it; nor told as another failure. Nothing has been
        done then: the input is there, and no output."""
        self.file('in.csv', b'1\n')
        nproc = self.file('nproc', b'#!/bin/sh\n: >asked\nread -r answer <go\necho "$answer"\n')
        nproc.chmod(0o755)
        go = os.open(self.fifo('go'), os.O_RDWR)
        self.addCleanup(os.close, go)
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        self.addCleanup(os.close, writing)
        os.write(writing, b'1\n')
        there = self.files()
        for _, number, answer, options in itertools.product(
                range(4),  # for a moment decides
                (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT), (b'2\n', b'0\n'),
                ([], ['-o', 'out', '--resume', 'in.csv'])):
            run = self.start_launcher(reading, *options, env={**self.env, 'PATH': f'{self.work}:{self.env["PATH"]}'})
            self.until((self.work / 'asked').exists, 'nobody asks for the processors')
            os.kill(run.pid, number)
            os.write(go, answer)
            self.assertEqual(run.finish(), Outcome(b'', '', -number))
            self.assert_nothing_left()
            (self.work / 'asked').unlink()
            self.assertEqual((self.files(), select.select([reading], [], [], 0)[0]), (there, [reading]))

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
            self.until(lambda: len(self.processes('/p2_sum ')) == 2, 'no workers')
            os.kill(run.pid, number)
            self.assertEqual(run.finish().status, -number)
            self.assert_nothing_left()
            self.assertEqual((old.read_bytes(), self.files()), (b'old\n', ['old']))

    def test_signals_at_any_moment(self):
        """Also while it starts and while it ends."""
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
        """As timeout -s KILL does it, and a shell with kill -9 %1."""
        run = self.start_long('-n', 3)
        os.killpg(run.pid, signal.SIGKILL)
        self.assertEqual(run.finish(), Outcome(b'', '', -signal.SIGKILL))
        self.assert_nothing_left()

    def test_a_stopped_process_and_sigterm(self):
        for name in 'p1_read', 'p2_sum', 'p3_write':
            run = self.start_long('-n', 2)
            os.kill(self.processes(f'/{name} ')[0], signal.SIGSTOP)
            os.kill(run.pid, signal.SIGTERM)
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

    def test_a_killed_guard(self):
        """What it would have removed may stay then, but no process does, and the end is the same."""
        run = self.start_long('-n', 2)
        before = children(run.pid)  # one of them comes and goes every second
        guard, = set(self.processes('run_pipeline.sh')) - {run.pid, *before, *children(run.pid)}
        os.kill(guard, signal.SIGKILL)
        try:
            os.kill(run.pid, signal.SIGTERM)
            self.assertEqual(run.finish().status, -signal.SIGTERM)
            self.until(lambda: not self.processes(), 'a process stays')
        finally:
            shutil.rmtree(self.tmp)
            self.tmp.mkdir()

    def test_the_default_place(self):
        """Without TMPDIR it is /dev/shm, and that is clean afterwards, too."""
        env = {name: value for name, value in self.env.items() if name != 'TMPDIR'}
        for number in None, signal.SIGTERM, signal.SIGKILL:
            run = self.start_half_way(lambda stdin: self.start_launcher(stdin, '-n', 2, env=env))
            words = Path(f'/proc/{self.processes("/p1_read ")[0]}/cmdline').read_bytes().split(b'\0')
            directory = Path(os.fsdecode(words[words.index(b'--pipeline') + 1]))
            self.assertIn(directory.parent, (Path('/dev/shm'), Path('/tmp')))
            self.assertTrue((directory / 'control').is_fifo())
            self.assertFalse((directory / 'ring').exists())
            if number:
                os.kill(run.pid, number)
            run.stdin.close()
            self.assertEqual(run.finish().status, -number if number else 0)
            self.until(lambda: not directory.exists(), f'{directory} stays')

    def test_a_tmpdir_with_an_awkward_name(self):
        awkward = self.tmp / "a & b 'c' $(d) *"
        awkward.mkdir()
        run = self.start_long('-n', 1, env={**self.env, 'TMPDIR': str(awkward)})
        self.assertEqual(len(list(awkward.iterdir())), 1)
        os.kill(run.pid, signal.SIGTERM)
        run.finish()
        self.assertEqual(list(awkward.iterdir()), [])
        awkward.rmdir()

    def test_an_unusable_tmpdir(self):
        """Then /tmp serves."""
        outcome = self.launcher(b'1\n', '-n', 2, env={**self.env, 'TMPDIR': str(self.directory / 'no')})
        self.assertEqual(outcome, Outcome(b'0,1\n', '', 0))

    def test_it_ends_every_time(self):
        """Short runs, many of them: all processes end at nearly the same moment."""
        file = self.file('in.csv', b'1\nx\n')
        for i in range(400):
            outcome = self.launcher(file, '-n', 2, '--on-error=skip')
            self.assertEqual((outcome.stdout, outcome.status), (b'0,1\n', 1), i)
        self.assert_nothing_left()


if __name__ == '__main__':
    main()
