#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Processes die at every point and for every cause: workers are replaced, other processes are not."""
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from fragile import FRAGILE, KILLED, POINTS, FragileTest, rows  # noqa: E402
from pipeline import Outcome, Reader, main, sums  # noqa: E402


class DeathTest(FragileTest):
    def test_every_point(self):
        """Each place loses its first worker at the point."""
        data = b''.join(rows(400))
        for stdin in self.inputs(data):
            for n in 1, 2, 8:
                for point, is_missed in POINTS.items():
                    with self.subTest(point, n=n, is_file=stdin is not data):
                        outcome = self.fragile(stdin, '-n', n, '--batch-size=100', point=point, lives=1)
                        if not is_missed:
                            found = self.losses(outcome)[0]
                            self.assertEqual(len(set(found)), len(found))
                            self.assert_survived(outcome, data, *found)
                        else:
                            self.assert_survived(outcome, data, *((place, KILLED) for place in range(n)))
                        self.assert_nothing_left()

    def test_every_point_with_hardly_any_data(self):
        """Most places are given no batch."""
        for data in b'', b'1', b'1,2\n':
            for point in POINTS:
                for n in 1, 3:
                    with self.subTest(point, data=data, n=n):
                        outcome = self.fragile(data, '-n', n, point=point, lives=1)
                        self.assert_survived(outcome, data, *self.losses(outcome)[0])
                        self.assertLessEqual(len(self.losses(outcome)[0]), n)

    def test_every_signal(self):
        data = b''.join(rows(200))
        for name in 'KILL', 'TERM', 'SEGV', 'ABRT', 'BUS', 'HUP', 'USR2':  # USR1 only asks how far the run is
            number = signal.Signals[f'SIG{name}']
            for point in 'got_batch', 'inside_result':
                with self.subTest(name, point=point):
                    outcome = self.fragile(data, '-n', 2, '--batch-size=100', point=point, lives=1, place=1,
                                           how=int(number))
                    self.assert_survived(outcome, data, (1, f'was killed by signal {int(number)} ({name})'))

    def test_a_status_that_nobody_gives(self):
        data = b''.join(rows(200))
        outcome = self.fragile(data, '-n', 2, '--batch-size=100', point='between', lives=1, place=0, how='exit 99')
        self.assert_survived(outcome, data, (0, 'ended with the unknown status 99'))

    def test_a_later_batch(self):
        """Other batches are outstanding. What the last life has returned is not returned again, and what it had is
        not lost."""
        data = b''.join(rows(500))
        for point in 'got_batch', 'inside_result', 'between':
            for number in 1, 3, 7, 9:
                with self.subTest(point, number=number):
                    outcome = self.fragile(self.file('in.csv', data), '-n', 2, '--batch-size=100', point=point,
                                           number=number, lives=1, place=1)
                    self.assert_survived(outcome, data, (1, KILLED))

    def test_as_it_is_to_scan_a_chunk(self):
        """The first or second chunk of a life. The next worker at the place scans it, or p1_read does. The batches
        before it are summed once."""
        data = b''.join(rows(400))
        path = self.file('in.csv', data)
        for n in 1, 2, 8:
            for place in range(n), range(1):
                for number, lives in (0, 1), (1, 1), (0, 3), (0, 4):
                    with self.subTest(n=n, place=place, number=number, lives=lives):
                        only = {'place': 0} if len(place) == 1 else {}
                        outcome = self.fragile(path, '-n', n, '--batch-size=100', point='got_chunk', number=number,
                                               lives=lives, **only)
                        self.assert_survived(outcome, data, *(lives * [(at, KILLED) for at in place]))

    def test_no_worker_survives_any_chunk(self):
        """p1_read scans them all."""
        data = b''.join(rows(100))
        path = self.file('in.csv', data)
        for n in 1, 3:
            for retries in 0, 1:
                outcome = self.fragile(path, '-n', n, '--batch-size=100', '--retries', retries, point='got_chunk')
                found = self.losses(outcome)[0]
                self.assertEqual(len(found), 8 * (retries + 1))  # 900 bytes, of which p1_read reads 100
                self.assert_survived(outcome, data, *found)

    def test_several_lives_at_one_place(self):
        data = b''.join(rows(500))
        for point in 'start', 'got_batch', 'inside_result':
            outcome = self.fragile(data, '-n', 2, '--batch-size=100', point=point, lives=3, place=1)
            self.assert_survived(outcome, data, *3 * [(1, KILLED)])

    def test_a_result_in_between_forgives(self):
        """Each life returns one result and dies. However many die, no row is the cause."""
        data = b''.join(rows(60))
        for n in 1, 3:
            outcome = self.fragile(data, '-n', n, '--batch-size=20', '--retries=1', point='between')
            found = self.losses(outcome)[0]
            self.assertGreater(len(found), 20)
            self.assert_survived(outcome, data, *found)

    def test_signals_that_mean_nothing(self):
        """Thousands of signals to the launcher: it neither takes them for deaths nor misses a death."""
        data = b''.join(rows(60))
        for number in signal.SIGURG, signal.SIGWINCH, signal.SIGCHLD, signal.SIGCONT:
            with self.subTest(number.name):
                run = self.fragile(data, '-n', 3, '--batch-size=20', '--retries=1', point='between', wait=False)
                reader = Reader(run.stdout)
                while run.members[0].poll() is None:
                    run.members[0].send_signal(number)
                reader.join()
                run.stdout.close()
                outcome = run.finish()._replace(stdout=bytes(reader.data))
                self.assert_survived(outcome, data, *((place, KILLED) for place, _ in self.losses(outcome)[0]))

    def test_nothing_is_kept_of_past_lives(self):
        """After any number of dead workers, p1_read and p3_write have as many files open as before."""
        reading, writing = os.pipe()
        with os.fdopen(reading, 'rb') as stdin:
            run = self.fragile(stdin, '-n', 1, '--retries=1', point='between', wait=False)

        def open_files():
            return [len(os.listdir(f'/proc/{pid}/fd')) for name in ('/p1_read ', '/p3_write ')
                    for pid in self.processes(name)]
        for row in range(20):
            os.write(writing, b'1\n')
            self.assertEqual(run.read_line(), b'%d,1\n' % row)
            self.until(lambda: len(self.losses(Outcome(b'', run.errors(), 0))[0]) > row, 'it does not die')
            self.until(lambda: self.processes('/p2_sum '), 'it is not replaced')
            if row == 0:
                self.until(lambda: len(open_files()) == 2, 'a worker is still beginning')
                first = open_files()
            self.until(lambda: open_files() == first, f'{open_files()} files are open, and not {first}')
        os.close(writing)
        self.assertEqual(run.finish().status, 0)

    def test_several_files_and_ways_of_dealing(self):
        data = b''.join(rows(300))
        self.file('a.csv', data)
        self.file('b.csv', data)
        for policy in 'round-robin', 'random', 'pull':
            outcome = self.fragile(None, '-n', 3, '--batch-size=100', '--deal', policy, '--header', 'a.csv', 'b.csv',
                                   point='inside_result', lives=2, place=2)
            expected = sums(2 * data[data.index(b'\n') + 1:])
            self.assertTrue(outcome.stdout == expected)
            self.assertEqual((self.losses(outcome), outcome.status), ((2 * [(2, KILLED)], []), 0))

    def test_rows_as_long_as_the_ring(self):
        """The batches of a dead worker must still be in the ring."""
        data = b'1,' * 40000 + b'1\n' + b''.join(rows(20)) + b'"' + b' ' * 50000 + b'1"\r\n'
        for point in 'got_batch', 'inside_result':
            outcome = self.fragile(5 * data, '-n', 2, '--batch-size=1K', '--max-row=100K', point=point, lives=3)
            self.assert_survived(outcome, 5 * data, *3 * [(0, KILLED), (1, KILLED)])

    def test_an_output_file(self):
        data = b''.join(rows(300))
        old = self.file('old', b'old\n')
        outcome = self.fragile(data, '-n', 2, '--batch-size=100', '-o', old, point='inside_result', lives=2)
        self.assertEqual(old.read_bytes(), sums(data))
        self.assertEqual((outcome.stdout, len(self.losses(outcome)[0]), outcome.status), (b'', 4, 0))

    def test_no_one_reads_the_output(self):
        """After the reader of the output has gone, the death of a worker is not reported."""
        data = b''.join(rows(50000))
        env = ' '.join(f'FRAGILE_{name}' for name in ('POINT=inside_result', 'NUMBER=5', 'LIVES=2'))
        outcome = self.shell(f'{env} "{FRAGILE}" -n 2 --batch-size=1K | head -n 1; echo ${{PIPESTATUS[0]}}', stdin=data)
        self.assertEqual(outcome.stdout, b'0,100000\n141\n')
        self.assertEqual(self.losses(outcome)[1], [])

    def test_input_that_comes_slowly(self):
        """A worker that dies while it has nothing to do is replaced, too, and the next one is used."""
        reading, writing = os.pipe()
        with os.fdopen(reading, 'rb') as stdin:
            run = self.fragile(stdin, '-n', 1, wait=False, point='between', lives=3)
        for row in range(10):
            os.write(writing, b'%d\n' % row)
            self.assertEqual(run.read_line(), b'%d,%d\n' % (row, row))
        os.close(writing)
        outcome = run.finish()
        self.assertEqual((outcome.stdout, *self.losses(outcome), outcome.status), (b'', 3 * [(0, KILLED)], [], 0))


class OtherErrorsTest(FragileTest):
    """A death does not hide other errors, and is not hidden by them."""

    def test_a_rejected_row(self):
        data = b''.join(rows(100)) + b'1,x\n' + b''.join(rows(100))
        good = sums(b''.join(rows(100)))
        for n, stdin in zip((1, 3), self.inputs(data)):
            for point in POINTS:
                outcome = self.fragile(stdin, '-n', n, '--batch-size=100', point=point, lives=2)
                self.assertEqual((outcome.stdout, outcome.status), (good, 65), (point, n, outcome.stderr))
                self.assertRegex('\n'.join(self.losses(outcome)[1]),
                                 r"^p3_write: [^\n]*: row 100, field 2 \(byte 902\): 'x' is not an integer; to sum [^\n]*$")

    def test_an_open_quote(self):
        """The end of the stream says that the run has failed. The worker that replaces one that died at the end gets
        it, too."""
        data = b''.join(rows(100)) + b'"\n'
        for stdin in self.inputs(data):
            for point in POINTS:
                outcome = self.fragile(stdin, '-n', 2, '--batch-size=100', point=point, lives=2)
                self.assertEqual((outcome.stdout, outcome.status), (sums(b''.join(rows(100))), 65), outcome.stderr)
                self.assertRegex('\n'.join(self.losses(outcome)[1]), r'^p1_read: [^\n]*: row 100 [^\n]*never closed$')

    def test_a_missing_file(self):
        for point in POINTS:
            outcome = self.fragile(None, '-n', 2, 'no.csv', point=point, lives=1)
            self.assertEqual((outcome.stdout, outcome.status), (b'', 66))
            self.assertEqual(self.losses(outcome)[1], ['p1_read: no.csv: No such file or directory'])

    def test_one_that_says_why_it_ends_is_not_replaced(self):
        """The text of the batches has gone. The worker that reads it reports that, and is not replaced."""
        size = 16 << 20
        with open(self.work / 'in.csv', 'wb') as file:
            file.write(b'1,2,3\n' * (size // 6))
        run = self.fragile(None, '-n', 2, 'in.csv', wait=False, point='got_batch', number=3, lives=1)
        self.assertEqual(run.read_line(), b'0,6\n')
        os.truncate(self.work / 'in.csv', 4096)
        outcome = run.finish()
        self.assertIn(outcome.status, (65, 74), outcome.stderr)
        self.assertLessEqual(len(self.losses(outcome)[0]), 2)


class OthersTest(FragileTest):
    """p1_read, p3_write and the launcher are not replaced. If one of them dies, the run ends and leaves nothing half
    done."""

    def test_each_of_them(self):
        for name in 'p1_read', 'p3_write':
            for n in 1, 8:
                for number in signal.SIGKILL, signal.SIGSEGV:
                    with self.subTest(name, n=n, number=number):
                        old = self.file('old', b'old\n')
                        run = self.start_half_way(lambda stdin: self.fragile(
                            stdin, '-n', n, '-o', 'old', wait=False, point='between', lives=1), answers=False)
                        self.until(lambda: self.processes('/p2_sum '), 'no worker')
                        victim = self.until(lambda: self.processes(f'/{name} '), f'no {name}')[0]  # or a new worker
                        os.kill(victim, number)
                        outcome = run.finish()
                        self.assert_nothing_left()
                        self.assertEqual((old.read_bytes(), self.files(killed=True)), (b'old\n', ['old']))
                        others = self.losses(outcome)[1]
                        if name == 'p3_write':  # formerly the launcher
                            self.assertEqual((victim, others, outcome.status), (run.pid, [], -number))
                        else:
                            fate = f'p3_write: p1_read was killed by signal {int(number)} ({number.name[3:]})'
                            self.assertEqual((others, outcome.status), ([fate], 69))

    def test_while_a_worker_is_being_replaced(self):
        """Workers die all the time, and meanwhile another process dies."""
        for name in 'p1_read', 'p3_write':
            for life in 1, 4:
                reading, writing = os.pipe()
                with os.fdopen(reading, 'rb') as stdin:
                    run = self.fragile(stdin, '-n', 2, wait=False, point='between')
                # The input does not end, so the run goes on until the victim is dead.
                for row in range(life + 1):
                    os.write(writing, b'1\n')
                    self.until(lambda: len(self.losses(Outcome(b'', run.errors(), 0))[0]) > row, 'nobody dies')
                victim = self.processes(f'/{name} ')[0]  # or a new worker
                os.kill(victim, signal.SIGKILL)
                outcome = run.finish()
                os.close(writing)
                self.assertEqual(outcome.status, 69 if name == 'p1_read' else -signal.SIGKILL)
                self.assertTrue(sums((life + 1) * b'1\n').startswith(outcome.stdout))
                self.assert_nothing_left()


if __name__ == '__main__':
    main()
