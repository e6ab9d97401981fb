#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""However a run ends, nothing of a command runs on, whatever the command has done to get away."""
import os
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from commands import ECHO, ECHO_BATCHES, CommandTest  # noqa: E402
from pipeline import Outcome, Run, main  # noqa: E402

MODES = {'command': 'cat', 'coprocess': ECHO}


class LeftBehindTest(CommandTest):
    """The command answers, and leaves processes behind."""

    # Ways to start one: {} is the sleeper. In each way it may keep the output of the command open.
    WAYS = {
        'child': '{} 1000 &',
        'session': 'setsid {} 1000 &',
        'daemon': '(setsid sh -c "{} 1000 &") &',
        'daemon that has no environment': '(env -i setsid sh -c "{} 1000 &") &',
        'child that ignores signals': 'sh -c "trap \'\' TERM INT HUP; {} 1000; true" &',
        'daemon with children': '(setsid sh -c "{} 1000 & {} 999 & wait" &) &',
    }

    def start_of(self, way: str, redirection: str) -> str:
        return self.WAYS[way].replace('1000', '1000' + redirection).replace('999', '999' + redirection).format(
            *[self.sleeper()] * 3)

    def test_after_a_good_run(self):
        for way in self.WAYS:
            for redirection in '', ' >/dev/null', ' >/dev/null 2>&1':
                for mode, rest in MODES.items():
                    with self.subTest(way, redirection=redirection, mode=mode):
                        option = f'--{mode}={self.start_of(way, redirection)} {rest}'
                        outcome = self.launcher(b'1\n2\n', '-n', 2, option)
                        self.assertEqual(outcome, Outcome(b'0,1\n1,2\n', '', 0))
                        self.assertEqual(self.sleepers(), [])
                        self.assertEqual(self.chain_with(option, b'1\n2\n'), Outcome(b'0,1\n1,2\n', '', (0, 0, 0)))
                        self.assertEqual(self.sleepers(), [])

    def test_nothing_outlives_its_batch(self):
        """What a command of one batch has left behind has ended before the command of the next batch starts."""
        command = f'pgrep -f "^{self.sleeper()} 1000" >>found; {self.sleeper()} 1000 >/dev/null & cat'
        self.assertEqual(self.with_command(command, b'1\n2\n3\n', '-n', 1, '--batch-size=1').status, 0)
        self.assertEqual((self.work / 'found').read_bytes(), b'')

    def test_a_failure(self):
        for mode, how in ('command', 'ended with status 3'), ('coprocess', 'ended with status 3 before it had answered'):
            for way in self.WAYS:
                option = f'--{mode}={self.start_of(way, "")} exit 3'
                outcome = self.launcher(b'1\n', '-n', 1, '--retries=0', option)
                self.assertIn(f" {how} (row 0)\n", outcome.stderr)
                self.assertEqual((outcome.stdout, outcome.status), (b'', 65))
                self.assertEqual(self.sleepers(), [])

    def test_an_output_that_is_kept_open(self):
        """If a line is there for each row, all is there. With --lines=any, nobody can know."""
        for text in 'while {} 0.01; do echo busy >&2; done & cat', '{} 1000 & cat':
            text = text.format(self.sleeper())
            outcome = self.with_command(text, b'1\n', '-n', 1)
            self.assertEqual((outcome.stdout, set(outcome.stderr.split()) - {'busy'}, outcome.status), (b'0,1\n', set(), 0))
            outcome = self.with_command(text, b'1\n', '-n', 1, '--lines=any', '--retries=0')
            self.assertIn('has left a process that keeps its output open (row 0)', outcome.stderr)
            self.assertEqual((outcome.stdout, outcome.status), (b'', 65))
            self.assertEqual(self.sleepers(), [])
        for text, expected in (f'(sleep 0.3; cat in.csv) &', b'0,1\n1,2\n'), ('cat in.csv | (sleep 0.3; cat) &', b'0,1\n1,2\n'):
            self.file('in.csv', b'1\n2\n')
            self.assertEqual(self.with_command(text, None, '-n', 1, '--batch-size=1K', 'in.csv'), Outcome(expected, '', 0))
        outcome = self.with_command(f'(printf "1\\n2"; {self.sleeper()} 1000) & true', None, '-n', 1, '--batch-size=1K', '--retries=0', 'in.csv')
        self.assertIn('has left a process that keeps its output open (rows 0 to 1)', outcome.stderr)

    def test_an_output_that_is_written_for_ever(self):
        """Each line is no reason to wait for another second."""
        text = f'(while {self.sleeper()} 0.4; do echo x; done) & cat'
        outcome = self.with_command(text, b'1\n', '-n', 1, '--retries=0')
        self.assertRegex(outcome.stderr, r"^p2_sum: '.*' wrote \d lines for 1 row, try --lines=any \(row 0\)\n")
        self.assertEqual(outcome.status, 65)
        self.assertEqual(self.sleepers(), [])


class EndOfRunTest(CommandTest):
    """The run ends while a command is at work."""

    WORK = {
        'alone': 'exec {} 1000',
        'in a pipe': '{} 1000 | cat',
        'in the background': '{} 1000 & wait',
        'in a session': 'setsid {} 1000; true',
        'as a daemon': '(setsid sh -c "{} 1000 &") & {} 1000; true',
        'without its environment': 'env -i {} 1000; true',
        'deaf': "trap '' HUP INT QUIT TERM; {} 1000; true",
    }

    def at_work(self):
        for mode in MODES:
            for name, text in self.WORK.items():
                with self.subTest(mode, work=name):
                    yield f'--{mode}={text.format(self.sleeper(), self.sleeper())}', name

    def test_signals(self):
        """To the launcher, as Ctrl-C and `kill` send them."""
        for option, _ in self.at_work():
            for number in signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGHUP, signal.SIGQUIT:
                run = self.start_and_wait_for_sleeper('-n', 1, option)
                os.kill(run.pid, number)
                self.assertEqual(run.finish(), Outcome(b'', '', -number))
                self.assert_no_sleepers()

    def test_ctrl_c(self):
        """The terminal sends the signal to every process of the group in the foreground."""
        for option, _ in self.at_work():
            run = self.start_and_wait_for_sleeper('-n', 1, option, start_new_session=True)
            os.killpg(run.pid, signal.SIGINT)
            self.assertEqual(run.finish(), Outcome(b'', '', -signal.SIGINT))
            self.assert_no_sleepers()

    def test_the_death_of_p1_read(self):
        """p3_write knows what a process that has its environment belongs to."""
        for option, name in self.at_work():
            if name == 'without its environment':
                continue
            run = self.start_and_wait_for_sleeper('-n', 1, option)
            os.kill(self.processes('/p1_read ')[0], signal.SIGKILL)
            outcome = run.finish()
            self.assertEqual((outcome.stdout, outcome.status), (b'', 69))
            self.assert_no_sleepers()

    def test_the_death_of_a_worker(self):
        """The command of the dead worker ends before that of the next one answers."""
        for mode, rest in MODES.items():
            for name, text in self.WORK.items():
                with self.subTest(mode, work=name):
                    work = text.format(self.sleeper(), self.sleeper())
                    option = f'--{mode}=if mkdir here; then {work}; fi 2>/dev/null; {rest}'
                    run = self.start_and_wait_for_sleeper('-n', 1, option)
                    os.kill(self.processes('/p2_sum ')[0], signal.SIGKILL)
                    self.assertEqual(run.finish(), Outcome(
                        b'0,1\n', 'p1_read: p2_sum at place 0 was killed by signal 9 (KILL), and is replaced\n', 0))
                    self.assert_no_sleepers()
                    (self.work / 'here').rmdir()

    def test_closed_output(self):
        """`| head -1`: one answer has been read, and the next one is never to come."""
        for mode, text in ('command', 'test $ROWSUM_BATCH_FIRST_ROW = 0 || {} 1000 | cat; cat'), \
                ('coprocess', f'read -r rows bytes; head -c $bytes; {{}} 1000 | cat; {ECHO}'):
            option = f'--{mode}={text.format(self.sleeper())}'
            run = self.start_launcher(self.file('in.csv', b'1\n2\n'), '-n', 1, '--batch-size=1', option)
            self.assertEqual(run.read_line(), b'0,1\n')
            self.until(self.sleepers, 'the command has not started a sleeper')
            run.stdout.close()
            self.assertEqual(run.finish(), Outcome(b'', '', 141))
            self.assert_no_sleepers()
            run = self.start_chain(self.file('in.csv', b'1\n2\n'), ['--batch-size=1'], [], [option])
            self.assertEqual(run.read_line(), b'0,1\n')
            self.until(self.sleepers, 'the command has not started a sleeper')
            run.stdout.close()
            self.assertEqual(run.finish().status[1:], (141, 141))
            self.assert_no_sleepers()

    def test_another_row_that_fails(self):
        """One place fails the run while the command of another one is at work."""
        for mode, rest in MODES.items():
            command = 'case $ROWSUM_PLACE in 0) until [ -e going ]; do sleep 0.01; done; exit 3 ;; ' \
                      f'1) touch going; {self.sleeper()} 1000 | cat ;; esac; {rest}'
            outcome = self.launcher(self.file('in.csv', b'1\n2\n'), '-n', 2, '--batch-size=1', '--retries=0',
                                    f'--{mode}={command}')
            self.assertEqual((outcome.stdout, outcome.status), (b'', 65))
            self.assert_no_sleepers()
            (self.work / 'going').unlink()


class ChainTest(CommandTest):
    """In the chain p2_sum has nobody who cleans up after it."""

    WORK = ['exec {} 1000', '{} 1000 | cat', '(setsid sh -c "{} 1000 &") & {} 1000; true',
            "trap '' HUP INT QUIT TERM; {} 1000; true"]

    def start_at_work(self, mode: str, text: str) -> Run:
        command = text.format(self.sleeper(), self.sleeper())
        run = self.start_chain(b'1\n', [], [], [f'--{mode}={command}'])
        self.until(self.sleepers, 'the command has not started a sleeper')
        return run

    def test_signals(self):
        """A signal that asks p2_sum to end also ends its command."""
        for mode in MODES:
            for text in self.WORK:
                for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT:
                    with self.subTest(mode, text=text, signal=number):
                        run = self.start_at_work(mode, text)
                        os.kill(run.members[1].pid, number)
                        outcome = run.finish()
                        self.assertEqual((outcome.stdout, outcome.status[1:]), (b'', (-number, 69)))
                        self.assert_no_sleepers()

    def test_between_two_batches(self):
        """A command that stays is idle then."""
        run = self.start_chain(subprocess.PIPE, [], [], [f'--coprocess={self.sleeper()} 1000 & {ECHO}'])
        run.stdin.write(b'1\n')
        self.assertEqual(run.read_line(), b'0,1\n')
        os.kill(run.members[1].pid, signal.SIGTERM)
        run.stdin.close()
        self.assertEqual(run.finish().status[1:], (-signal.SIGTERM, 69))
        self.assert_no_sleepers()

    def test_a_kill(self):
        """Then the kernel ends the shell that p2_sum has started, and no other process."""
        run = self.start_at_work('command', 'exec {} 1000')
        os.kill(run.members[1].pid, signal.SIGKILL)
        self.assertEqual(run.finish().status[1:], (-signal.SIGKILL, 69))
        self.assert_no_sleepers()


if __name__ == '__main__':
    main()
