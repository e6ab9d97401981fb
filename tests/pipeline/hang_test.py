#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--worker-timeout: workers that hang are killed. Processes that are stopped, quiet or slow are not."""
import array
import contextlib
import fcntl
import os
import signal
import sys
import termios
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from fragile import KILLED, POISON, FragileTest, rows  # noqa: E402
from pipeline import Outcome, Reader, main, sums  # noqa: E402


def unread(pid: int) -> int:
    """How many bytes wait in the pipe that is the standard input of a process."""
    count = array.array('i', [0])
    pipe = os.open(f'/proc/{pid}/fd/0', os.O_RDONLY | os.O_NONBLOCK)
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    os.close(pipe)
    return count[0]


class HangTest(FragileTest):
    HUNG = 'returned nothing for 1 s and was killed'

    def start_timed(self, n, timeout=1):
        return self.start_half_way(
            lambda stdin: self.start_launcher(stdin, '-n', n, f'--worker-timeout={timeout}'))

    def test_a_hang_is_ended(self):
        """Workers that are stopped or in an endless loop. All cases run at once, because each takes seconds. When
        everything is written and the other worker has sent the end, p3_write does not wait for a worker that hangs."""
        data = b''.join(rows(200))
        path = self.file('in.csv', data)
        runs = {}
        for point in ('start', 'inside_hello', 'got_chunk', 'got_batch', 'inside_result', 'between', 'after_last',
                      'inside_end'):
            how = 'loop' if point in ('got_batch', 'inside_result') else int(signal.SIGSTOP)
            stdin = path if point == 'got_chunk' else data  # there are chunks of files only
            runs[point, how] = self.fragile(stdin, '-n', 2, '--batch-size=100', '--worker-timeout=1', wait=False,
                                            point=point, lives=1, place=1, how=how)
        for (point, how), run in runs.items():
            with self.subTest(point, how=how):
                outcome = run.finish()
                is_waited_for = point not in ('after_last', 'inside_end')
                self.assert_survived(outcome, data, *([(1, self.HUNG)] if is_waited_for else []))

    def test_a_row_that_every_worker_hangs_of(self):
        data = b'1\n' + POISON + b'\n2\n'
        outcome = self.fragile(data, '-n', 2, '--worker-timeout=1', '--retries=0', '--on-error=skip', row=POISON,
                               how=int(signal.SIGSTOP))
        found, others = self.losses(outcome)
        self.assertEqual((found, outcome.stdout, outcome.status), (2 * [(0, self.HUNG)], b'0,1\n2,2\n', 1))
        self.assertEqual(others, ['p3_write: standard input: row 1 (byte 2): every p2_sum that is given it dies'])

    def test_a_chunk_that_every_worker_hangs_of(self):
        data = b'1\n2\n3\n4\n' + POISON + b'\n5\n'
        outcome = self.fragile(self.file('in.csv', data), '-n', 1, '--worker-timeout=1', '--retries=0',
                               '--batch-size=8', chunk=POISON, how=int(signal.SIGSTOP))
        self.assert_survived(outcome, data, (0, self.HUNG))

    def test_nobody_dies_of_old_news(self):
        """p1_read is stopped while a worker is replaced. What p3_write says about the new worker meanwhile does not
        count."""
        run = self.start_timed(1)
        reader, = self.processes('/p1_read ')
        worker, = self.processes('/p2_sum ')
        os.kill(worker, signal.SIGSTOP)
        run.stdin.write(b'2\n')
        self.until(lambda: unread(worker), 'it is not given the row')
        os.kill(reader, signal.SIGSTOP)
        os.kill(worker, signal.SIGKILL)
        time.sleep(4)
        os.kill(reader, signal.SIGCONT)
        run.stdin.close()
        self.assert_survived(run.finish()._replace(stdout=b'0,1\n1,2\n'), b'1\n2\n', (0, KILLED))

    def test_without_a_timeout_it_is_waited_for(self):
        data = b''.join(rows(200))
        run = self.fragile(data, '-n', 2, '--batch-size=100', wait=False, point='between', lives=1, place=1,
                           how=int(signal.SIGSTOP))
        worker, = self.until(self.stopped_workers, 'no worker stops')
        time.sleep(2.5)
        os.kill(worker, signal.SIGCONT)
        self.assert_survived(run.finish(), data)

    def test_nobody_dies_of_a_quiet_input(self):
        run = self.start_timed(2)
        time.sleep(3)
        run.stdin.write(b'2\n')
        self.assertEqual(run.read_line(), b'1,2\n')
        run.stdin.close()
        self.assertEqual(run.finish(), Outcome(b'', '', 0))

    def test_nobody_dies_of_a_slow_reader(self):
        """A reader like `| less`, which sometimes does not read for seconds."""
        data = b''.join(rows(300000))
        runs = [self.start_launcher(data, '-n', n, '--batch-size', size, '--worker-timeout=1')
                for n, size in ((1, '16K'), (2, '256K'), (3, '16K'))]
        taken = [bytearray() for _ in runs]
        for _ in range(3):
            for run, output in zip(runs, taken):
                output += run.stdout.read(200000)
            time.sleep(1.3)
        for run, output in zip(runs, taken):
            outcome = run.finish()
            self.assertTrue(bytes(output) + outcome.stdout == sums(data))
            self.assertEqual((outcome.stderr, outcome.status), ('', 0))

    def test_nobody_dies_of_a_stop(self):
        """Ctrl-Z and, after a while, fg, while the workers have work."""
        data = b''.join(rows(300000))
        runs = []
        for number in signal.SIGSTOP, signal.SIGTSTP:
            for n in 1, 3:
                run = self.start_launcher(data, '-n', n, '--batch-size=4K', '--worker-timeout=1', process_group=0)
                runs.append((run, number))
                # There is work left, because the output has room for a small part of it only.
                self.assertEqual(run.read_line(), b'0,100000\n')
        readers = [Reader(run.stdout) for run, _ in runs]
        for _ in range(2):
            for run, number in runs:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(run.pid, number)
            time.sleep(1.3)
            for run, number in runs:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(run.pid, signal.SIGCONT)
            time.sleep(0.01)
        for (run, _), reader in zip(runs, readers):
            reader.join(60)
            run.stdout.close()
            outcome = run.finish()
            self.assertEqual((outcome.stderr, outcome.status), ('', 0))
            self.assertTrue(b'0,100000\n' + bytes(reader.data) == sums(data))

    def test_nobody_dies_of_a_stop_while_it_works(self):
        """A worker that needs a while for its batch is stopped several times together with the others. That time
        does not count."""
        run = self.start_timed(1, timeout=2)
        worker, = self.processes('/p2_sum ')
        others = [run.pid, *self.processes('/p1_read '), *self.processes('/p3_write ')]
        os.kill(worker, signal.SIGSTOP)  # it works
        run.stdin.write(b'2\n')
        for _ in range(5):
            time.sleep(0.2)
            for pid in others:
                os.kill(pid, signal.SIGSTOP)
            time.sleep(1.8)
            for pid in others:
                os.kill(pid, signal.SIGCONT)
        time.sleep(0.1)
        os.kill(worker, signal.SIGCONT)
        self.assertEqual(run.read_line(), b'1,2\n')
        run.stdin.close()
        self.assertEqual(run.finish(), Outcome(b'', '', 0))


if __name__ == '__main__':
    main()
