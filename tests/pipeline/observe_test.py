#!/usr/bin/env python3
"""What a run says of itself: --stats."""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from fragile import FragileTest, rows  # noqa: E402
from pipeline import Outcome, main, sums  # noqa: E402

PLACE = re.compile(r'place (\d+) +(\d+) +(\d+) +(\d+\.\d{3}) +(\d+\.\d{3}) +(\d+)(?:  (\S.*))?')
PROGRAM = re.compile(r'(p1_read|workers|p3_write) +(\d+\.\d{3}) +(\d+\.\d)')


class Table:
    """The table of --stats at the end of `errors`. `others` are the lines before it."""

    def __init__(self, errors):
        lines = errors.splitlines()
        begin = next(i for i, line in enumerate(lines) if re.fullmatch(r'rows +\d+', line))
        self.others, self.lines = lines[:begin], lines[begin:]
        self.run = dict(line.split() for line in self.lines[:5])
        self.places = {int(match[1]): match.groups()[1:] for match in map(PLACE.fullmatch, self.lines) if match}
        self.programs = {match[1]: (float(match[2]), float(match[3]))
                         for match in map(PROGRAM.fullmatch, self.lines) if match}

    def deaths(self):
        return {place: values[5] for place, values in self.places.items()}


class StatsTest(FragileTest):
    def stats(self, outcome, data, rejects=0):
        """Checks what has to be true of every run that was not cut short, and returns the table."""
        table = Table(outcome.stderr)
        self.assertEqual(list(table.run), ['rows', 'bytes', 'seconds', 'MB/s', 'rejects'])
        self.assertEqual((table.run['rows'], table.run['bytes'], table.run['rejects']),
                         (str(data.count(b'\n')), str(len(data)), str(rejects)))
        self.assertGreater(float(table.run['seconds']), 0)
        self.assertEqual(sum(int(values[1]) for values in table.places.values()), data.count(b'\n'))
        self.assertEqual(list(table.programs), ['p1_read', 'workers', 'p3_write'])
        for cpu, memory in table.programs.values():
            self.assertGreater(memory, 0.5)
            self.assertLess(cpu, 60)
        self.assertLessEqual(max(map(len, table.lines)), 80)
        return table

    def test_the_numbers_are_those_of_the_run(self):
        data = b''.join(rows(1000))
        for stdin in self.inputs(data):
            for n in 1, 3:
                for deal in 'round-robin', 'random', 'pull':
                    outcome = self.launcher(stdin, '-n', n, '--batch-size=100', '--deal', deal, '--stats')
                    self.assertEqual((outcome.stdout, outcome.status), (sums(data), 0))
                    table = self.stats(outcome, data)
                    self.assertEqual(table.others, [])
                    self.assertLessEqual(len(table.places), n)
                    self.assertEqual(set(table.deaths().values()), {None})
                    batches = sum(int(values[0]) for values in table.places.values())
                    self.assertGreaterEqual(batches, len(data) // 120)
                    self.assertLessEqual(batches, 1000)
                    for values in table.places.values():
                        self.assertGreater(float(values[2]), 0)  # busy
                        self.assertEqual(values[4], '1')

    def test_a_large_file_that_workers_scan(self):
        data = b''.join(rows(600_000))
        outcome = self.launcher(self.file('in.csv', data), '-n', 2, '--stats')
        self.assertEqual(outcome.status, 0)
        self.stats(outcome, data)

    def test_rejects(self):
        data = b''.join(rows(100)) + b'x\n' + b''.join(rows(100)) + b'1,y\n'
        outcome = self.launcher(data, '-n', 2, '--on-error=skip', '--stats')
        table = self.stats(outcome, data, rejects=2)
        self.assertEqual((outcome.status, len(table.others)), (1, 2))

    def test_a_run_that_fails(self):
        """What is known of it."""
        data = b''.join(rows(100)) + b'x\n' + b''.join(rows(100))
        outcome = self.launcher(data, '-n', 2, '--batch-size=100', '--stats')
        table = Table(outcome.stderr)
        self.assertEqual((outcome.status, table.run['rejects'], len(table.others)), (65, '1', 1))
        self.assertIn('p3_write', table.programs)
        outcome = self.launcher(data[:data.index(b'x')] + b'"', '-n', 2, '--stats')
        table = Table(outcome.stderr)
        self.assertEqual((outcome.status, table.run['rows'], table.others),
                         (65, '100', ['p1_read: standard input: row 100 (byte 900): a quoted field is never closed']))

    def test_each_death(self):
        data = b''.join(rows(400))
        for stdin in self.inputs(data):
            outcome = self.fragile(stdin, '-n', 2, '--batch-size=100', '--stats', point='got_batch', lives=3, place=1)
            table = self.stats(outcome, data)
            self.assertEqual(table.deaths(), {0: None, 1: 'KILL x3'})
            self.assertEqual([values[4] for values in table.places.values()], ['1', '4'])
            self.assertEqual(len(table.others), 3)

    def test_a_worker_that_hangs(self):
        data = b''.join(rows(100))
        outcome = self.fragile(data, '-n', 1, '--worker-timeout=1', '--stats', point='got_batch', lives=1, how='loop')
        self.assertEqual(self.stats(outcome, data).deaths(), {0: 'hung'})

    def test_commands_belong_to_the_workers(self):
        """A command that takes half a second of CPU time."""
        outcome = self.launcher(b'1\n', '-n', 1, '--stats', '--command',
                                "python3 -c 'import time\nwhile time.process_time() < 0.5: pass\nprint(5)'")
        self.assertEqual((outcome.stdout, outcome.status), (b'0,5\n', 0))
        self.assertGreaterEqual(self.stats(outcome, b'1\n').programs['workers'][0], 0.5)

    def test_batches_are_dealt_as_without_it(self):
        """Round-robin does not become pull, though p1_read hears of what is answered."""
        command = 'case $ROWSUM_WORKER in 0.*) sleep 0.05 ;; esac; cat'
        outcome = self.launcher(b'1\n' * 40, '-n', 2, '--deal=round-robin', '--batch-size=1', '--stats',
                                '--command', command)
        batches = [int(values[0]) for values in self.stats(outcome, b'1\n' * 40).places.values()]
        self.assertGreaterEqual(min(batches), 10, batches)

    def test_a_signal(self):
        run = self.start_half_way(lambda stdin: self.start_launcher(stdin, '-n', 1, '--stats'))
        self.until(lambda: self.processes('/p1_read '), 'no p1_read')
        run.members[0].terminate()
        self.assertEqual(run.finish().status, -15)
        self.until(lambda: '\np3_write ' in run.errors(), 'no table')  # p1_read ends later
        self.assertEqual(Table(run.errors()).run['rejects'], '-')

    def test_only_with_workers(self):
        outcome = self.run_program('p1_read', '--stats', stdin=b'')
        self.assertEqual((outcome.stderr, outcome.status),
                         ("p1_read: --stats needs --workers; try 'p1_read --help'\n", 64))

    def test_no_table_without_it(self):
        self.assertEqual(self.launcher(b'1\n', '-n', 1), Outcome(b'0,1\n', '', 0))


if __name__ == '__main__':
    main()
