#!/usr/bin/env python3
"""Workers die and hang, at every point and of every cause; the run goes on and nothing is missing.

The worker is tools/fragile_p2_sum.cpp: it dies where the environment says, so nothing here depends on the clock. What
chance alone can find is looked for by tests/torture.
"""
import contextlib
import os
import re
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import BIN_DIR, Outcome, PipelineTest, Reader, main, sums  # noqa: E402

FRAGILE = BIN_DIR / 'fragile/run_pipeline.sh'
LOSS = re.compile(r'run_pipeline\.sh: p2_sum at place (\d+) (.*?)(, and is replaced)?')
KILLED = 'was killed by signal 9 (KILL)'

# Points that a worker reaches in every life that is given a batch and an end, and whether it is surely missed: after
# its end it may be that all is over before anybody notices.
POINTS = {'start': True, 'before_hello': True, 'inside_hello': True, 'got_batch': True, 'inside_head': True,
          'inside_result': True, 'between': True, 'after_last': True, 'before_end': True, 'inside_end': True,
          'after_end': False}

POISON = b'66613'


def rows(count: int) -> list[bytes]:
    """None of them holds the poison."""
    return [b'%d,%d\n' % (row, row % 10) for row in range(100000, 100000 + count)]


class SurvivalTest(PipelineTest):
    def fragile(self, stdin, *options, wait=True, popen=(), **settings):
        """A run whose workers have these settings, FRAGILE_POINT=... and so on."""
        env = {**self.env, **{f'FRAGILE_{name.upper()}': os.fsdecode(value) if isinstance(value, bytes) else str(value)
                              for name, value in settings.items()}}
        run = self.start([FRAGILE, *options], stdin, env=env, **dict(popen))
        return run.finish() if wait else run

    def losses(self, outcome):
        """Place and fate of each worker that died; and what else was said. One that dies when all is said and done is
        not replaced."""
        found, others = [], []
        for line in outcome.stderr.splitlines():
            match = LOSS.fullmatch(line)
            if match:
                found.append((int(match[1]), match[2]))
            else:
                others.append(line)
        return found, others

    def assert_survived(self, outcome, data, *fates):
        """All of the sums, and one line for each of the losses, which are (place, fate)."""
        found, others = self.losses(outcome)
        self.assertEqual((others, outcome.status), ([], 0), outcome.stderr)
        self.assertTrue(outcome.stdout == sums(data), 'other sums')
        self.assertEqual(sorted(found), sorted(fates))

    def inputs(self, data):
        """As a file and through a pipe."""
        return self.file('in.csv', data), data


class DeathTest(SurvivalTest):
    def test_every_point(self):
        """Each place loses its first worker there."""
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
                        self.assert_nothing_left(within=5)

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
        for name in 'KILL', 'TERM', 'SEGV', 'ABRT', 'BUS', 'HUP', 'USR1', 'USR2':
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
        """With others outstanding: what the last life returned is not returned again, and what it had is not lost."""
        data = b''.join(rows(500))
        for point in 'got_batch', 'inside_result', 'between':
            for number in 1, 3, 7, 9:
                with self.subTest(point, number=number):
                    outcome = self.fragile(self.file('in.csv', data), '-n', 2, '--batch-size=100', point=point,
                                           number=number, lives=1, place=1)
                    self.assert_survived(outcome, data, (1, KILLED))

    def test_several_lives_at_one_place(self):
        data = b''.join(rows(500))
        for point in 'start', 'got_batch', 'inside_result':
            outcome = self.fragile(data, '-n', 2, '--batch-size=100', point=point, lives=3, place=1)
            self.assert_survived(outcome, data, *3 * [(1, KILLED)])

    def test_a_result_in_between_forgives(self):
        """Each life returns one result and dies: that is no row that they die of, however many they are."""
        data = b''.join(rows(60))
        for n in 1, 3:
            outcome = self.fragile(data, '-n', n, '--batch-size=20', '--retries=1', point='between')
            found = self.losses(outcome)[0]
            self.assertGreater(len(found), 20)
            self.assert_survived(outcome, data, *found)

    def test_signals_that_mean_nothing(self):
        """By the thousand, to the launcher: it neither takes them for deaths nor loses count of those."""
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
        reading, writing = os.pipe()
        with os.fdopen(reading, 'rb') as stdin:
            run = self.fragile(stdin, '-n', 2, '--retries=1', point='between', wait=False)
        for row in range(20):
            os.write(writing, b'1\n')
            self.assertEqual(run.read_line(), b'%d,1\n' % row)

        def fifos():
            directory, = self.tmp.iterdir()
            return sorted(name.partition('.')[0] for name in os.listdir(directory) if name[0] in 'io')
        self.until(lambda: fifos() == ['in', 'in', 'out', 'out'], 'FIFOs of past lives')
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
        """The batches of a dead worker still lie there."""
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
        """One who dies then is nobody's concern."""
        data = b''.join(rows(50000))
        env = ' '.join(f'FRAGILE_{name}' for name in ('POINT=inside_result', 'NUMBER=5', 'LIVES=2'))
        outcome = self.shell(f'{env} {FRAGILE} -n 2 --batch-size=1K | head -n 1; echo ${{PIPESTATUS[0]}}', stdin=data)
        self.assertEqual(outcome.stdout, b'0,100000\n141\n')
        self.assertEqual(self.losses(outcome)[1], [])

    def test_input_that_comes_slowly(self):
        """A worker that dies while there is nothing to do is replaced all the same, and the next one is used."""
        reading, writing = os.pipe()
        with os.fdopen(reading, 'rb') as stdin:
            run = self.fragile(stdin, '-n', 1, wait=False, point='between', lives=3)
        for row in range(10):
            os.write(writing, b'%d\n' % row)
            self.assertEqual(run.read_line(), b'%d,%d\n' % (row, row))
        os.close(writing)
        outcome = run.finish()
        self.assertEqual((outcome.stdout, *self.losses(outcome), outcome.status), (b'', 3 * [(0, KILLED)], [], 0))


class OtherErrorsTest(SurvivalTest):
    """A death does not hide what else is wrong, and is not hidden."""

    def test_a_rejected_row(self):
        data = b''.join(rows(100)) + b'1,x\n' + b''.join(rows(100))
        good = sums(b''.join(rows(100)))
        for n, stdin in zip((1, 3), self.inputs(data)):
            for point in POINTS:
                outcome = self.fragile(stdin, '-n', n, '--batch-size=100', point=point, lives=2)
                self.assertEqual((outcome.stdout, outcome.status), (good, 65), (point, n, outcome.stderr))
                self.assertRegex('\n'.join(self.losses(outcome)[1]),
                                 r"^p3_write: [^\n]*: row 100, field 2 \(byte 902\): 'x' is not an integer$")

    def test_an_open_quote(self):
        """The end itself carries the failure: also to the worker that comes after the one that died of it."""
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
        """The text of the batches has gone; whoever reads it says so, and nobody tries again."""
        size = 16 << 20
        with open(self.work / 'in.csv', 'wb') as file:
            file.write(b'1,2,3\n' * (size // 6))
        run = self.fragile(None, '-n', 2, 'in.csv', wait=False, point='got_batch', number=3, lives=1)
        self.assertEqual(run.read_line(), b'0,6\n')
        os.truncate(self.work / 'in.csv', 4096)
        outcome = run.finish()
        self.assertIn(outcome.status, (65, 74), outcome.stderr)
        self.assertLessEqual(len(self.losses(outcome)[0]), 2)


class PoisonTest(SurvivalTest):
    """A row that kills every worker."""

    def poisoned(self, *at, row=b'1,' + POISON + b'\n', count=2000):
        """The rows, some of them poisoned."""
        all_rows = rows(count)
        for index in at:
            all_rows[index] = row
        return all_rows

    def expected(self, all_rows, *at):
        """The sums of the others, with their own indices."""
        lines = sums(b''.join(b'0\n' if index in at else row for index, row in enumerate(all_rows))).splitlines(True)
        return b''.join(line for index, line in enumerate(lines) if index not in at)

    def reports(self, name, all_rows, *at):
        return [f'p3_write: {name}: row {index} (byte {sum(map(len, all_rows[:index]))}): '
                'every p2_sum that is given it dies' for index in at]

    def test_fail(self):
        all_rows = self.poisoned(1234)
        data = b''.join(all_rows)
        for stdin, name in (data, 'standard input'), (None, 'in.csv'):
            self.file('in.csv', data)
            for n in 1, 2, 8:
                outcome = self.fragile(stdin, '-n', n, *([] if stdin else ['in.csv']), row=POISON)
                found, others = self.losses(outcome)
                self.assertEqual((others, outcome.status), (self.reports(name, all_rows, 1234), 65))
                self.assertEqual(outcome.stdout, sums(b''.join(all_rows[:1234])))
                self.assertEqual(found, len(found) * [(found[0][0], KILLED)])

    def test_skip(self):
        """First, last, in the middle; among many rows, few, and alone; a big batch and small ones."""
        for count, index in (2000, 0), (2000, 1999), (2000, 999), (64, 63), (65, 64), (2, 1), (1, 0), (5000, 4444):
            all_rows = self.poisoned(index, count=count)
            for size in 100, '256K':
                with self.subTest(count=count, index=index, size=size):
                    outcome = self.fragile(b''.join(all_rows), '-n', 2, '--on-error=skip', '--rejects=rejects',
                                           '--batch-size', size, row=POISON)
                    self.assertEqual(self.losses(outcome)[1], self.reports('standard input', all_rows, index))
                    self.assertTrue(outcome.stdout == self.expected(all_rows, index))
                    self.assertEqual((outcome.status, (self.work / 'rejects').read_bytes()), (1, all_rows[index]))

    def test_how_many_deaths(self):
        """As many as are allowed on a batch, one for each cut into 64, as many on the row: not one a halving."""
        for count, cuts in (1, 0), (2, 0), (64, 0), (65, 1), (4096, 1), (4097, 2), (20000, 2):
            for retries in 0, 1, 3:
                at = count // 2
                outcome = self.fragile(b''.join(self.poisoned(at, count=count)), '-n', 2, '--on-error=skip',
                                       '--batch-size=1M', '--retries', retries, row=POISON)
                found, others = self.losses(outcome)
                tries = retries + 1
                self.assertEqual((len(found), len(others)), (tries if count == 1 else 2 * tries + cuts, 1),
                                 (count, retries))

    def test_in_quotes(self):
        """The row is found whole, and goes into the rejects as it stands."""
        for row in b'1,"\n' + POISON + b'\r\n""\n"\r\n', b'"' + POISON + b'"\r', b'" \n",' + POISON + b'\r\n':
            all_rows = self.poisoned(77, count=200, row=row)
            all_rows[76] = b'"1","2\n"\r\n'
            outcome = self.fragile(b''.join(all_rows), '-n', 2, '--on-error=skip', '--rejects=rejects', row=POISON)
            self.assertEqual(self.losses(outcome)[1], self.reports('standard input', all_rows, 77))
            self.assertEqual((self.work / 'rejects').read_bytes(), row)
            self.assertEqual((outcome.stdout, outcome.status), (self.expected(all_rows, 77), 1))

    def test_without_a_row_end(self):
        all_rows = self.poisoned(9, count=10, row=POISON)
        outcome = self.fragile(b''.join(all_rows), '-n', 2, '--on-error=skip', '--rejects=rejects', row=POISON)
        self.assertEqual((self.work / 'rejects').read_bytes(), POISON)
        self.assertEqual((outcome.stdout, outcome.status), (self.expected(all_rows, 9), 1))

    def test_after_a_header_and_in_a_second_file(self):
        self.file('a.csv', b'\xef\xbb\xbfx,y\n1\n2\n')
        self.file('b.csv', b'x,y\n3\n' + POISON + b'\n4\n')
        outcome = self.fragile(None, '-n', 2, '--header', '--on-error=skip', 'a.csv', 'b.csv', row=POISON)
        self.assertEqual(self.losses(outcome)[1],
                         ['p3_write: b.csv: row 3 (byte 6): every p2_sum that is given it dies'])
        self.assertEqual((outcome.stdout, outcome.status), (b'0,1\n1,2\n2,3\n4,4\n', 1))

    def test_several(self):
        """In one batch, next to each other, in batches of both places; and with rejects of the common kind."""
        for at in (5, 1500), (700, 701), (0, 1, 2), (0, 1999), (100, 500, 900, 1300, 1700):
            for size in 1000, '256K':
                all_rows = self.poisoned(*at)
                all_rows[400] = b'z\n'
                outcome = self.fragile(b''.join(all_rows), '-n', 2, '--on-error=skip', '--batch-size', size, row=POISON)
                found, others = self.losses(outcome)
                reports = self.reports('standard input', all_rows, *at)
                reports.insert(sum(index < 400 for index in at),
                               f"p3_write: standard input: row 400, field 1 (byte {sum(map(len, all_rows[:400]))}): "
                               "'z' is not an integer")
                self.assertEqual((others, outcome.status), (reports, 1))
                self.assertTrue(outcome.stdout == self.expected(all_rows, 400, *at))
                self.assertLessEqual(len(found), 10 * len(at))

    def test_lost_elsewhere(self):
        """Whoever dies in between, of nothing in the data, has no other row rejected."""
        all_rows = self.poisoned(100, count=200)
        outcome = self.fragile(b''.join(all_rows), '-n', 2, '--on-error=skip', '--batch-size=300', row=POISON,
                               point='between')
        self.assertEqual(self.losses(outcome)[1], self.reports('standard input', all_rows, 100))
        self.assertTrue(outcome.stdout == self.expected(all_rows, 100))

    def test_without_an_index_and_with_crlf(self):
        all_rows = self.poisoned(3, count=6)
        outcome = self.fragile(b''.join(all_rows), '-n', 2, '--on-error=skip', '--no-index', '--crlf', row=POISON)
        lines = [line.split(b',')[1].replace(b'\n', b'\r\n') for line in self.expected(all_rows, 3).splitlines(True)]
        self.assertEqual((outcome.stdout, outcome.status), (b''.join(lines), 1))

    def test_workers_that_die_of_anything(self):
        """Also of a row that they are not to look at, and of nothing at all."""
        data = b''.join(rows(100))
        for settings in ({'point': 'start'}, {'point': 'before_hello'}, {'point': 'got_batch'}, {'point': 'inside_head'},
                         {'point': 'inside_result'}, {'row': b'100050', 'refused': 1}):
            for n, stdin in zip((1, 2, 8), (data, self.file('in.csv', data), data)):
                outcome = self.fragile(stdin, '-n', n, '--on-error=skip', '--batch-size=200', **settings)
                found, others = self.losses(outcome)
                self.assertEqual(outcome.status, 69, outcome.stderr)
                self.assertEqual(len(others), 1, others)
                self.assertRegex(others[0], r'^p1_read: p2_sum at place \d died 4 times in a row, whatever it was given$')
                self.assertTrue(sums(data).startswith(outcome.stdout))
                self.assert_nothing_left(within=5)

    def test_workers_that_die_when_there_is_nothing(self):
        for n in 1, 3:
            outcome = self.fragile(b'', '-n', n, point='start')
            self.assertEqual(outcome.status, 69)
            self.assertEqual(len(self.losses(outcome)[1]), 1)

    def test_workers_that_die_of_their_end(self):
        """Each of them, so that nobody ever says the end; also when there is another failure to be told."""
        for data, status in (b'1\n2\n', 69), (b'1\n"2', 65):
            outcome = self.fragile(data, '-n', 2, point='before_end')
            found, others = self.losses(outcome)
            self.assertEqual((outcome.status, len(others)), (status, 1), outcome.stderr)
            self.assertLessEqual(len(found), 20)

    def test_workers_that_are_killed_before_they_begin(self):
        """More often than --retries: no row is suspected for that."""
        data = b''.join(rows(3))
        outcome = self.fragile(data, '-n', 1, '--on-error=skip', '--batch-size=1', '--retries=3', point='start', lives=3)
        self.assert_survived(outcome, data, *3 * [(0, KILLED)])
        outcome = self.fragile(data, '-n', 1, '--on-error=skip', '--batch-size=1', '--retries=3', point='start')
        self.assertEqual((outcome.stdout, outcome.status), (b'', 69))


class HangTest(SurvivalTest):
    HUNG = 'returned nothing for 1 s and was killed'

    def test_a_hang_is_ended(self):
        """Stopped, or in an endless loop; all at once, for this is a matter of seconds."""
        data = b''.join(rows(200))
        runs = {}
        for point in 'start', 'inside_hello', 'got_batch', 'inside_result', 'between', 'after_last', 'inside_end':
            how = 'loop' if point in ('got_batch', 'inside_result') else int(signal.SIGSTOP)
            runs[point, how] = self.fragile(data, '-n', 2, '--batch-size=100', '--worker-timeout=1', wait=False,
                                            point=point, lives=1, place=1, how=how)
        for settings, run in runs.items():
            with self.subTest(settings):
                outcome = run.finish()
                self.assert_survived(outcome, data, (1, self.HUNG))

    def test_a_row_that_every_worker_hangs_of(self):
        data = b'1\n' + POISON + b'\n2\n'
        outcome = self.fragile(data, '-n', 2, '--worker-timeout=1', '--retries=0', '--on-error=skip', row=POISON,
                               how=int(signal.SIGSTOP))
        found, others = self.losses(outcome)
        self.assertEqual((found, outcome.stdout, outcome.status), (2 * [(0, self.HUNG)], b'0,1\n2,2\n', 1))
        self.assertEqual(others, ['p3_write: standard input: row 1 (byte 2): every p2_sum that is given it dies'])

    def test_nobody_dies_of_old_news(self):
        """p1_read is stopped while a worker is replaced: what p3_write says of the new one meanwhile does not count."""
        reading, writing = os.pipe()
        with os.fdopen(reading, 'rb') as stdin:
            run = self.start_launcher(stdin, '-n', 1, '--worker-timeout=1')
        os.write(writing, b'1\n')
        self.assertEqual(run.read_line(), b'0,1\n')
        reader, = self.processes('/p1_read ')
        worker, = self.processes('/p2_sum ')
        os.kill(worker, signal.SIGSTOP)
        os.write(writing, b'2\n')
        time.sleep(0.2)  # it has been given the row
        os.kill(reader, signal.SIGSTOP)
        os.kill(worker, signal.SIGKILL)
        time.sleep(4)
        os.kill(reader, signal.SIGCONT)
        os.close(writing)
        self.assert_survived(run.finish()._replace(stdout=b'0,1\n1,2\n'), b'1\n2\n', (0, KILLED))

    def test_without_a_timeout_it_is_waited_for(self):
        data = b''.join(rows(200))
        run = self.fragile(data, '-n', 2, '--batch-size=100', wait=False, point='between', lives=1, place=1,
                           how=int(signal.SIGSTOP))
        pid = self.until(self.stopped_worker, 'no worker stops')
        time.sleep(2.5)
        os.kill(pid, signal.SIGCONT)
        self.assert_survived(run.finish(), data)

    def stopped_worker(self):
        for pid in self.processes('/p2_sum '):
            with contextlib.suppress(OSError):
                if Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] == 'T':
                    return pid
        return None

    def test_nobody_dies_of_a_quiet_input(self):
        reading, writing = os.pipe()
        with os.fdopen(reading, 'rb') as stdin:
            run = self.start_launcher(stdin, '-n', 2, '--worker-timeout=1')
        os.write(writing, b'1\n')
        self.assertEqual(run.read_line(), b'0,1\n')
        time.sleep(3)
        os.write(writing, b'2\n')
        self.assertEqual(run.read_line(), b'1,2\n')
        os.close(writing)
        self.assertEqual(run.finish(), Outcome(b'', '', 0))

    def test_nobody_dies_of_a_slow_reader(self):
        """`| less`: it stops now and then, and does not go on for seconds."""
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
        """Ctrl-Z, a while, fg: while the workers have work."""
        data = b''.join(rows(300000))
        runs = []
        for number in signal.SIGSTOP, signal.SIGTSTP:
            for n in 1, 3:
                run = self.start_launcher(data, '-n', n, '--batch-size=4K', '--worker-timeout=1', start_new_session=True)
                runs.append((run, number))
                # There is work left, for the output has room for a small part of it.
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
        """A worker that needs a while for its batch is stopped with the others, time and again; that does not count."""
        reading, writing = os.pipe()
        with os.fdopen(reading, 'rb') as stdin:
            run = self.start_launcher(stdin, '-n', 1, '--worker-timeout=1', start_new_session=True)
        os.write(writing, b'1\n')
        self.assertEqual(run.read_line(), b'0,1\n')
        worker, = self.processes('/p2_sum ')
        others = [pid for pid in self.processes('run_pipeline') if pid != worker]
        os.kill(worker, signal.SIGSTOP)  # it works
        os.write(writing, b'2\n')
        for _ in range(3):
            time.sleep(0.2)
            for pid in others:
                os.kill(pid, signal.SIGSTOP)
            time.sleep(1.8)
            for pid in others:
                os.kill(pid, signal.SIGCONT)
        time.sleep(0.1)
        os.kill(worker, signal.SIGCONT)
        self.assertEqual(run.read_line(), b'1,2\n')
        os.close(writing)
        self.assertEqual(run.finish(), Outcome(b'', '', 0))


class OthersTest(SurvivalTest):
    """p1_read, p3_write and the launcher are not replaced: then all is over, and nothing is half done."""

    def start_half_way(self, *options, **settings):
        """A run that has answered one row and has more to do, which never comes."""
        reading, writing = os.pipe()
        self.addCleanup(os.close, writing)
        with os.fdopen(reading, 'rb') as stdin:
            run = self.fragile(stdin, *options, wait=False, **settings)
        os.write(writing, b'1\n')
        return run

    def test_each_of_them(self):
        for name in 'p1_read', 'p3_write', 'run_pipeline.sh':
            for n in 1, 8:
                for number in signal.SIGKILL, signal.SIGSEGV:
                    with self.subTest(name, n=n, number=number):
                        old = self.file('old', b'old\n')
                        run = self.start_half_way('-n', n, '-o', 'old', point='between', lives=1)
                        self.until(lambda: len(self.processes('/p2_sum ')) >= n, 'no workers')
                        self.until(lambda: self.processes('/p3_write ') and self.processes('/p1_read '), 'no others')
                        victim = run.pid if name.endswith('sh') else self.processes(f'/{name} ')[0]
                        os.kill(victim, number)
                        outcome = run.finish()
                        self.assert_nothing_left(within=5)
                        self.assertEqual((old.read_bytes(), os.listdir(self.work)), (b'old\n', ['old']))
                        others = self.losses(outcome)[1]
                        if victim == run.pid:
                            self.assertEqual((others, outcome.status), ([], -number))
                        else:
                            fate = f'run_pipeline.sh: {name} was killed by signal {int(number)} ({number.name[3:]})'
                            self.assertEqual((others, outcome.status), ([fate], 69))

    def test_while_a_worker_is_being_replaced(self):
        """Workers die all the time, and in the midst of it one of the others does."""
        data = b''.join(rows(3000))
        for name in 'p1_read', 'p3_write', 'run_pipeline.sh':
            for life in 1, 4:
                run = self.fragile(data, '-n', 2, '--batch-size=20', wait=False, point='between')
                self.until(lambda: self.losses(Outcome(b'', run.errors(), 0))[0][life:], 'nobody dies')
                victims = [run.pid] if name.endswith('sh') else self.processes(f'/{name} ')
                if victims:  # else it was over by then
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(victims[0], signal.SIGKILL)
                outcome = run.finish()
                self.assertIn(outcome.status, (-signal.SIGKILL, 69, 0))
                self.assertTrue(sums(data).startswith(outcome.stdout))
                self.assert_nothing_left(within=5)


if __name__ == '__main__':
    main()
