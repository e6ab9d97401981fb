#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--resume: after a run was killed at any moment, or has lost what was not synced, the same command goes on and
gives the same bytes."""
import contextlib
import errno
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from fragile import KILLED, POISON, FragileTest  # noqa: E402
from pipeline import HOSTILE, IS_STATIC, Outcome, main, sums  # noqa: E402
from reference import reference  # noqa: E402


def has_ended(run):
    return run.members[0].poll() is not None


def has_a_lock(pid):
    return re.search(rf'^\d+: FLOCK +ADVISORY +WRITE +{pid} ', Path('/proc/locks').read_text(), re.MULTILINE)


def with_poison(lines):
    """The data with POISON in rows of its own, many times."""
    step = len(lines) // 20
    return b''.join(b''.join(lines[i:i + step]) + POISON + b'\r\n' for i in range(0, len(lines), step))


class ResumeTest(FragileTest):
    def setUp(self):
        super().setUp()
        self.random = random.Random(1)
        # If syncing takes almost no time, the journal is written all the time.
        if os.access('/dev/shm', os.W_OK):
            self.work = Path(tempfile.mkdtemp(prefix='rowsum_test.', dir='/dev/shm'))
            self.addCleanup(shutil.rmtree, self.work)

    def input(self, rows):
        """An input of many small batches, so that a run takes some time. Some rows have POISON in them."""
        lines = self.generate('in.csv', '--rows', rows, '--columns', 3, '--quoted', 20, '--crlf').read_bytes()
        return self.file('in.csv', with_poison(lines.splitlines(keepends=True))).read_bytes()

    def start_resumed(self, *options, **settings):
        """Starts the launcher. Options that must not matter are random. `settings`: see fragile_p2_sum."""
        return self.fragile(None, '-n', self.random.randint(1, 3),
                            f'--batch-size={self.random.choice([20, 40, 60])}',
                            f'--deal={self.random.choice(["pull", "random", "round-robin"])}',
                            '-o', 'sums.csv', '--resume', *options, 'in.csv', wait=False, **settings)

    def start_held(self, *options):
        """Starts a run that gets further than the last one and cannot end, because a worker is stopped."""
        before = self.journal().get('offset', 0)
        run = self.start_resumed(*options, row=POISON, how=int(signal.SIGSTOP))
        for pause in 0, 0, 0, 2, 2:  # the last pause is as long as the time between two journals can be
            workers = self.until(self.stopped_workers, 'no worker stops')
            if self.journal().get('offset', 0) > before:
                return run
            time.sleep(pause)
            for pid in workers:
                os.kill(pid, signal.SIGCONT)
        return self.fail('no progress')

    def journal(self):
        """The numbers in the journal; none if there is no journal."""
        try:
            text = (self.work / 'sums.csv.journal').read_text()
        except FileNotFoundError:
            return {}
        return {name: int(value) for name, value in
                re.findall(r'^(offset|row|output|rejects) (\d+)', text, re.MULTILINE)}

    def finish_resumed(self):
        """The outcome of a run that goes on where the journal says."""
        line = self.going_on()
        outcome = self.start_resumed().finish()
        self.assertTrue(outcome.stderr.startswith(line), outcome)
        return outcome._replace(stderr=outcome.stderr.removeprefix(line))

    def going_on(self):
        """The line that says so."""
        journal, size = self.journal(), (self.work / 'in.csv').stat().st_size
        return f'p3_write: going on at row {journal["row"]}, byte {journal["offset"]} of {size} (in.csv)\n'

    def kill_somebody(self, run):
        """Kills the launcher or one of the programs that are not replaced, or all at once."""
        who = self.random.choice(['launcher', 'p1_read', 'p3_write', 'all'])
        if who.startswith('p'):
            self.until(lambda: self.processes(f'/{who} ') or has_ended(run), f'no {who}')
        if who == 'launcher':
            run.members[0].kill()
        for pid in self.processes() if who == 'all' else self.processes(f'/{who} '):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        status = run.finish().status
        if who == 'all':  # also the processes that would have cleaned up
            self.end_what_is_left()
            for left in self.tmp.iterdir():
                for file in left.iterdir():
                    file.unlink()
                left.rmdir()
        self.assert_nothing_left()
        return status

    def lose_what_was_not_synced(self):
        """After a power failure, the bytes beyond the lengths in the journal may be anything."""
        known = self.journal()
        for name, length in (('sums.csv.partial', 'output'), ('rejects.partial', 'rejects')):
            path = self.work / name
            if not path.exists() or length not in known:
                continue
            size = path.stat().st_size
            self.assertGreaterEqual(size, known[length])
            loss = self.random.randrange(3)
            if loss == 0:
                os.truncate(path, known[length])
            elif loss == 1:
                with open(path, 'r+b') as file:
                    file.seek(known[length])
                    file.write(bytes(size - known[length] + 100))

    def go_on_until_done(self, *options, kills=12):
        """Returns the last outcome, after many deaths. The first death is in the middle of the run."""
        step = (self.work / 'in.csv').stat().st_size // 20
        self.kill_somebody(self.start_held(*options))
        for _ in range(kills):
            before = self.journal()
            run = self.start_resumed(*options)
            if self.random.randrange(3):
                goal = before.get('offset', 0) + self.random.randint(1, step)
                self.until(lambda: self.journal().get('offset', 0) >= goal or has_ended(run), 'no progress')
            else:
                time.sleep(self.random.uniform(0, 0.03))
            self.kill_somebody(run)
            if not (self.work / 'sums.csv.journal').exists() and (self.work / 'sums.csv').exists():
                return Outcome(b'', '', None)  # the run is complete
            self.lose_what_was_not_synced()
            after = self.journal()
            self.assertGreaterEqual(after.get('offset', 0), before.get('offset', 0))
        return self.start_resumed(*options).finish()

    def test_kills(self):
        data = self.input(60000)
        self.assertEqual(self.go_on_until_done().status or 0, 0)
        self.assertTrue((self.work / 'sums.csv').read_bytes() == sums(data))
        self.assertEqual(self.files(), ['in.csv', 'sums.csv'])

    def test_kills_with_rejects_a_header_and_another_form(self):
        data = b'\xef\xbb\xbf' + b'a,b\r\nh"\r\n' + with_poison([
            b'%d,"%d"\r\n%s' % (i, 7 * i, b'x,"\n""1"\r\n' if i % 50 == 0 else b'') for i in range(50000)])
        self.file('in.csv', data)
        answer = reference(data, ',', True)
        self.assertIn(self.go_on_until_done('--header', '--on-error=skip', '--rejects=rejects', '--crlf').status,
                      (1, None))
        self.assertTrue((self.work / 'sums.csv').read_bytes() == answer.lines.replace(b'\n', b'\r\n'))
        outcome = self.launcher(None, '-n', 1, '--header', '--on-error=skip', '--rejects=again', '-o', 'no.csv',
                                'in.csv')
        self.assertEqual(outcome.status, 1)
        self.assertTrue((self.work / 'rejects').read_bytes() == (self.work / 'again').read_bytes())
        self.assertEqual(self.files(), ['again', 'in.csv', 'no.csv', 'rejects', 'sums.csv'])

    def test_kills_with_a_header_line(self):
        data = self.input(40000)
        self.assertIn(self.go_on_until_done('--output-header', '--format=tsv', kills=6).status, (0, None))
        self.assertTrue((self.work / 'sums.csv').read_bytes() == b'index\tsum\n' + sums(data).replace(b',', b'\t'))

    def test_kills_without_index(self):
        data = self.input(40000)
        self.assertIn(self.go_on_until_done('--no-index', kills=6).status, (0, None))
        self.assertTrue((self.work / 'sums.csv').read_bytes() ==
                        b''.join(line.split(b',')[1] + b'\n' for line in sums(data).splitlines()))

    def test_signals(self):
        data = self.input(60000)
        going_on = ''
        for number in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
            run = self.start_held()
            os.kill(run.pid, number)
            outcome = run.finish()
            self.assertEqual((outcome.stdout, outcome.status), (b'', -number))
            self.assertEqual(outcome.stderr, going_on + 'p3_write: interrupted; the same command goes on\n')
            going_on = self.going_on()
            self.assert_nothing_left()
            self.assertEqual(self.files(), ['in.csv', 'sums.csv.journal', 'sums.csv.partial'])
        self.assertEqual(self.finish_resumed(), Outcome(b'', '', 0))
        self.assertTrue((self.work / 'sums.csv').read_bytes() == sums(data))

    def interrupted(self, *options):
        """Leaves a run in the middle. Returns the data, and the files that must not be changed."""
        data = self.input(60000)
        run = self.start_held(*options)
        os.kill(run.pid, signal.SIGKILL)
        run.finish()
        self.assert_nothing_left()
        return data, self.state()

    def state(self):
        return {name: (self.work / name).read_bytes() for name in ('sums.csv.journal', 'sums.csv.partial')}

    def assert_refused(self, state, what, *options):
        outcome = self.start_resumed(*options).finish()
        self.assertEqual((outcome.stdout, outcome.status), (b'', 65), outcome)
        self.assertRegex(outcome.stderr, rf'^p3_write: sums\.csv\.journal: {what}; remove it to begin anew\n$')
        self.assertEqual(self.state(), state)

    def test_another_input(self):
        data, state = self.interrupted()
        path = self.work / 'in.csv'
        times = path.stat()
        for changed in data + b'1\n', data[:1000], b'9' + data[1:], data[:-3] + b'1\r\n', b'1\n':
            path.write_bytes(changed)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
            self.assert_refused(state, 'of another input than in.csv, or it has changed since')
        path.write_bytes(data)  # only the time of modification shows that
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns + 1))
        self.assert_refused(state, 'of another input than in.csv, or it has changed since')
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        self.assertEqual(self.finish_resumed(), Outcome(b'', '', 0))
        self.assertTrue((self.work / 'sums.csv').read_bytes() == sums(data))

    def test_other_options(self):
        data, state = self.interrupted()
        for options in (['--crlf'], ['--no-index'], ['--format=jsonl'], ['--output-delimiter=;'], ['--output-header'],
                        ['--on-error=skip'], ['--on-error=skip', '--rejects=rejects']):
            self.assert_refused(state, 'of a run with --on-error=fail and not .*', *options)
        for options, now in (['--header'], '--delimiter=, --header'), (['--delimiter=;'], '--delimiter=;'):
            self.assert_refused(state, f'of a run with --delimiter=, and not {now}', *options)
        self.assertEqual(self.files(), ['in.csv', 'sums.csv.journal', 'sums.csv.partial'])
        # Options that do not shape the output may change.
        line = self.going_on()
        self.assertEqual(self.start_resumed('--max-row=1M', '--retries=1').finish(), Outcome(b'', line, 0))
        self.assertTrue((self.work / 'sums.csv').read_bytes() == sums(data))

    def test_while_nothing_is_done_all_may_change(self):
        """Such as after a first row that is a header, and was not said to be one."""
        changes = ((b'a\n1\n', ['--header'], b'0,1\n', 0), (b'a\n1\n', ['--on-error=skip', '--crlf'], b'1,1\r\n', 1),
                   (b'7\n1\n', [], b'0,7\n1,1\n', 0))
        for data, options, expected, status in changes:
            self.file('in.csv', b'a\n1\n')
            self.assertEqual(self.start_resumed().finish().status, 65)
            self.assertEqual(self.journal()['offset'], 0)
            self.file('in.csv', data)
            outcome = self.start_resumed(*options).finish()
            self.assertEqual(((self.work / 'sums.csv').read_bytes(), outcome.status), (expected, status))
            self.assertEqual(self.files(), ['in.csv', 'sums.csv'])
            (self.work / 'sums.csv').unlink()

    def test_a_damaged_journal(self):
        data, state = self.interrupted()
        journal = bytearray(state['sums.csv.journal'])
        journal[journal.index(b'offset') + 8] ^= 1
        state['sums.csv.journal'] = bytes(journal)
        self.file('sums.csv.journal', journal)
        self.assert_refused(state, 'damaged')
        (self.work / 'sums.csv.journal').unlink()
        self.assertEqual(self.start_resumed().finish(), Outcome(b'', '', 0))
        self.assertTrue((self.work / 'sums.csv').read_bytes() == sums(data))

    def test_a_crash_while_the_files_get_their_names(self):
        """The output already has its final name, and the journal does not say so."""
        data, _ = self.interrupted()
        (self.work / 'sums.csv.partial').rename(self.work / 'sums.csv')
        self.assertEqual(self.start_resumed().finish(), Outcome(b'', '', 0))
        self.assertTrue((self.work / 'sums.csv').read_bytes() == sums(data))
        self.assertEqual(self.files(), ['in.csv', 'sums.csv'])

    @unittest.skipUnless(IS_STATIC, 'there is no hostile system for it')
    def test_after_a_sync_that_failed_nothing_is_vouched_for(self):
        """A second sync would succeed, although bytes may have been lost."""
        self.file('in.csv', b'1\n')
        settings = {'HOSTILE_PROGRAM': 'p3_write', 'HOSTILE_CALL': 'fsync', 'HOSTILE_AT': '1',
                    'HOSTILE_ERROR': str(errno.EIO)}
        outcome = self.start([HOSTILE / 'run_pipeline.sh', '-n', 1, '-o', 'sums.csv', '--resume', 'in.csv'],
                             env={**self.env, **settings}).finish()
        self.assertEqual(outcome, Outcome(b'', 'p3_write: sums.csv: Input/output error\n', 74))
        self.assertEqual(self.journal(), {})

    def test_two_at_once(self):
        data, _ = self.interrupted()
        line = self.going_on()
        first = self.start_resumed(point='start', place=0, lives=1, how=int(signal.SIGSTOP))
        self.until(lambda: has_a_lock(first.pid), 'nothing is locked')
        worker, = self.until(self.stopped_workers, 'no worker stops')
        second = self.start_resumed().finish()
        self.assertEqual(second, Outcome(b'', 'p3_write: sums.csv.partial: another run is writing it\n', 73))
        os.kill(worker, signal.SIGCONT)
        self.assertEqual(first.finish(), Outcome(b'', line, 0))
        self.assertTrue((self.work / 'sums.csv').read_bytes() == sums(data))
        self.assertEqual(self.files(), ['in.csv', 'sums.csv'])

    def test_a_row_that_is_no_integers(self):
        """The same failure comes again, without the work before it. The error names the same place."""
        data = b'1,2\n' * 40000 + b'1,x\n' + b'1\n' * 100
        self.file('in.csv', data)
        expected = Outcome(b'', "p3_write: in.csv: row 40000, field 2 (byte 160002): 'x' is not an integer; "
                           "to sum only some fields: -f LIST\n", 65)
        for finish in lambda: self.start_resumed().finish(), self.finish_resumed:
            self.assertEqual(finish(), expected)
            self.assertEqual(self.files(), ['in.csv', 'sums.csv.journal', 'sums.csv.partial'])
            self.assertGreater(self.journal()['row'], 39000)
        self.file('in.csv', b'1,2\n' * 40000 + b'"1')
        (self.work / 'sums.csv.journal').unlink()
        for finish in lambda: self.start_resumed().finish(), self.finish_resumed:
            self.assertEqual(finish(), Outcome(
                b'', 'p1_read: in.csv: row 40000 (byte 160000): a quoted field is never closed\n', 65))
            self.assertEqual(self.journal()['row'], 40000)

    def test_a_worker_that_dies_meanwhile(self):
        data, _ = self.interrupted()
        line = self.going_on().strip()
        outcome = self.start_resumed(point='got_batch', place=0, lives=1).finish()
        self.assertEqual((self.losses(outcome), outcome.status), (([(0, KILLED)], [line]), 0))
        self.assertTrue((self.work / 'sums.csv').read_bytes() == sums(data))

    def test_small_inputs(self):
        for data in b'', b'\n', b'1', b'a\n', b'\xef\xbb\xbf':
            self.file('in.csv', data)
            self.assertEqual(self.start_resumed('--header').finish(), Outcome(b'', '', 0))
            self.assertEqual((self.work / 'sums.csv').read_bytes(), sums(data, ',', True))
            self.assertEqual(self.files(), ['in.csv', 'sums.csv'])

    def test_wrong_usage(self):
        self.file('in.csv', b'1\n')
        self.fifo('fifo')
        (self.work / 'link').symlink_to('out')
        (self.work / 'to_own').symlink_to('own')
        self.file('own.partial', b'1\n')
        there = self.files()
        for words in (['in.csv'], ['-o', 'out'], ['-o', 'out', '-'], ['-o', 'out', 'in.csv', 'in.csv'],
                      ['-o', 'out', 'fifo'], ['-o', 'out', '/dev/null'], ['-o', 'fifo', 'in.csv'],
                      ['-o', '/dev/stdout', 'in.csv'], ['-o', '-', 'in.csv'], ['-o', '', 'in.csv'],
                      ['-o', 'out', '--on-error=skip', '--rejects=out.journal', 'in.csv'],
                      ['-o', 'out', '--on-error=skip', '--rejects=./out.partial', 'in.csv'],
                      ['-o', 'link', '--on-error=skip', '--rejects=out.partial', 'in.csv'],
                      ['-o', 'out.partial', '--on-error=skip', '--rejects=out', 'in.csv'],
                      ['-o', 'own', 'own.partial'], ['-o', 'to_own', 'own.partial'],
                      ['-o', 'out', '--on-error=skip', '--rejects=fifo', 'in.csv'],
                      ['-o', 'out', '--on-error=skip', '--rejects=-', 'in.csv']):
            outcome = self.launcher(self.work / 'in.csv', '-n', 2, '--resume', *words)
            told = outcome.stdout, outcome.stderr.count('\n'), outcome.status
            self.assertEqual(told, (b'', 1, 64), (words, outcome))
            self.assertEqual((self.work / 'own.partial').read_bytes(), b'1\n')
            self.assertEqual(self.files(), there)
        self.assertEqual(self.launcher(None, '--resume', '-o', 'out', 'no.csv').status, 66)
        self.assertEqual(self.launcher(None, '--resume', '-o', 'no/out', 'in.csv').status, 73)
        self.assertEqual(self.files(), there)


if __name__ == '__main__':
    main()
