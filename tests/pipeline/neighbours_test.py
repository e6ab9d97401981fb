#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Neighbours that end: the reader of the output ends, or one of the programs is killed."""
import os
import signal
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import Outcome, PipelineTest, main, program, sums  # noqa: E402


class DownstreamTest(PipelineTest):
    def test_nobody_reads_any_more(self):
        """The programs end at once, silently, with status 141, also if the producer stays and writes nothing."""
        for by_socket in False, True:
            for chain in True, False:
                reading, writing = os.pipe()
                if by_socket:
                    ours, theirs = socket.socketpair()
                else:
                    ours, theirs = map(lambda fd, mode: os.fdopen(fd, mode), os.pipe(), ('rb', 'wb'))
                with os.fdopen(reading, 'rb') as stdin:
                    run = (self.start_chain(stdin, stdout=theirs) if chain else
                           self.start_launcher(stdin, '-n', 2, stdout=theirs))
                theirs.close()
                os.write(writing, b'1\n')
                self.assertEqual(os.read(ours.fileno(), 100), b'0,1\n')
                ours.close()
                outcome = run.finish()  # and standard input is still open
                os.close(writing)
                self.assertEqual(outcome, Outcome(b'', '', (141, 141, 141) if chain else 141))

    def test_head(self):
        self.file('in.csv', b'1\n' * 1000000)
        for command in 'p1_read in.csv | p2_sum | p3_write', 'run_pipeline.sh -n 2 in.csv':
            outcome = self.shell(f'{command} | head -n 1; for s in ${{PIPESTATUS[@]}}; do echo $s; done | tail -n 2')
            self.assertEqual(outcome, Outcome(b'0,1\n141\n0\n', '', 0), command)

    def test_one_of_several_that_read_from_p1_goes(self):
        """This is noticed at once, although nothing comes from the input."""
        reading, writing = os.pipe()
        self.addCleanup(os.close, writing)
        fifos = [self.fifo(name) for name in ('a', 'b')]
        with os.fdopen(reading, 'rb') as stdin:
            run = self.start([program('p1_read'), *(f'--to={fifo}' for fifo in fifos)], stdin)
        first, second = (open(fifo, 'rb') for fifo in fifos)
        os.write(writing, b'1\n')
        second.read(4)
        second.close()
        self.assertEqual(run.finish(), Outcome(b'', '', 141))
        first.close()

    def test_nobody_reads_from_p1(self):
        reading, writing = os.pipe()
        with os.fdopen(reading, 'rb') as stdin:
            run = self.start([program('p1_read')], stdin)
        run.stdout.close()
        self.assertEqual(run.finish(), Outcome(b'', '', 141))
        os.close(writing)


class KilledTest(PipelineTest):
    """A process is killed: there is a line that names it and the signal, status 69, and no output file; an old file
    stays as it was."""

    def test_each_program_by_each_signal(self):
        for number in signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGABRT:
            run = self.start_half_way(lambda stdin: self.start_launcher(stdin, '-n', 2))
            os.kill(self.processes('/p1_read ')[-1], number)
            outcome = run.finish()
            line = f'p3_write: p1_read was killed by signal {int(number)} ({number.name[3:]})\n'
            self.assertEqual(outcome, Outcome(b'', line, 69))
            self.assert_nothing_left()
            # The launcher becomes p3_write.
            run = self.start_half_way(lambda stdin: self.start_launcher(stdin, '-n', 2))
            self.assertEqual(self.processes('/p3_write '), [run.pid])
            os.kill(run.pid, number)
            self.assertEqual(run.finish(), Outcome(b'', '', -number))
            self.assert_nothing_left()

    def test_no_output_file(self):
        old = self.file('old', b'old\n')
        for out in 'new', 'old':
            for name in 'p1_read', 'p3_write':
                run = self.start_half_way(lambda stdin: self.start_launcher(stdin, '-n', 2, '-o', out), answers=False)
                self.until(lambda: self.processes('/p2_sum '), 'no worker')
                os.kill(self.processes(f'/{name} ')[0], signal.SIGKILL)
                outcome = run.finish()
                self.assertEqual((outcome.stderr.count('\n'), outcome.status),
                                 (1, 69) if name == 'p1_read' else (0, -signal.SIGKILL), outcome)
                self.assertEqual(old.read_bytes(), b'old\n')
                self.assertEqual(self.files(killed=True), ['old'])
                # p1_read may end later than a killed p3_write, and the next round must not take it for its own.
                self.assert_nothing_left()

    def test_p1_goes_while_p3_writes(self):
        """p1_read does not get what p3_write then has to tell it. That must not count as a closed output."""
        self.file('in.csv', b'1\n' * 300000)
        run = self.start_launcher(None, '-n', 1, '--batch-size=64K', 'in.csv')
        self.until(lambda: 'pipe_write' in Path(f'/proc/{run.pid}/wchan').read_text(), 'it has room to write')
        os.kill(self.processes('/p1_read ')[0], signal.SIGKILL)
        outcome = run.finish()
        self.assertEqual((outcome.stderr, outcome.status),
                         ('p3_write: p1_read was killed by signal 9 (KILL)\n', 69))
        self.assertTrue(sums(b'1\n' * 300000).startswith(outcome.stdout))

    def test_all_at_once(self):
        for _ in range(5):
            run = self.start_half_way(lambda stdin: self.start_launcher(stdin, '-n', 3))
            os.kill(run.pid, signal.SIGSTOP)
            for pid in self.processes('/p1_read ') + self.processes('/p2_sum '):
                os.kill(pid, signal.SIGKILL)
            self.until(lambda: not self.processes('/p2_sum '), 'p2_sum lives on')
            os.kill(run.pid, signal.SIGCONT)
            self.assertEqual(run.finish(), Outcome(b'', 'p3_write: p1_read was killed by signal 9 (KILL)\n', 69))

    def test_done_while_p3_write_sleeps(self):
        """The workers finish before p3_write looks."""
        for _ in range(5):
            run = self.start_half_way(lambda stdin: self.start_launcher(stdin, '-n', 2))
            os.kill(run.pid, signal.SIGSTOP)
            run.stdin.close()
            self.until(lambda: not self.processes('/p2_sum '), 'it lives on')
            os.kill(run.pid, signal.SIGCONT)
            self.assertEqual(run.finish(), Outcome(b'', '', 0))

    def test_chain(self):
        for index, names in (0, ('p1_read', 'p2_sum')), (1, ('p2_sum', 'p3_write')):
            run = self.start_half_way(self.start_chain)
            run.members[index].kill()
            outcome = run.finish()
            self.assertEqual(outcome.stderr,
                f'{names[1]}: standard input: the stream ended early, after byte 2 of the input\n')
            self.assertEqual(outcome.status[index:], (-9, 69, 69)[:3 - index])

    def test_chain_leaves_an_output_file_alone(self):
        old = self.file('old', b'old\n')
        run = self.start_half_way(lambda stdin: self.start_chain(stdin, p3=['-o', 'old']), answers=False)
        run.members[1].kill()
        self.assertEqual(run.finish().status[2], 69)
        self.assertEqual(old.read_bytes(), b'old\n')
        self.assertEqual(self.files(), ['old'])


if __name__ == '__main__':
    main()
