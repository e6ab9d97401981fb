#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a run says of itself: --stats, --trace and --joblog."""
import json
import os
import re
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from fragile import FragileTest, rows  # noqa: E402
from pipeline import Outcome, main, program, sums  # noqa: E402

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
                        self.assertEqual(values[4], '1')

    def test_a_large_file_that_workers_scan(self):
        data = b''.join(rows(600_000))
        outcome = self.launcher(self.file('in.csv', data), '-n', 2, '--stats')
        self.assertEqual(outcome.status, 0)
        table = self.stats(outcome, data)
        self.assertGreater(sum(float(values[2]) for values in table.places.values()), 0)  # busy

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
        # The launcher has ended, and a table would come after the next prompt of the shell.
        self.until(lambda: not self.processes('/p1_read '), 'p1_read stays')
        self.assertEqual(run.errors(), '')

    def test_only_with_workers(self):
        outcome = self.run_program('p1_read', '--stats', stdin=b'')
        self.assertEqual((outcome.stderr, outcome.status),
                         ("p1_read: --stats needs --workers; try 'p1_read --help'\n", 64))

    def test_no_table_without_it(self):
        self.assertEqual(self.launcher(b'1\n', '-n', 1), Outcome(b'0,1\n', '', 0))


class Trace:
    """The events of a trace. An unfinished last line is left out."""

    def __init__(self, path):
        text = path.read_text()
        text = text[:text.rindex('\n')].removesuffix(',')
        self.events = json.loads(text + '\n]')
        names = {(event['pid'], event['tid']): event['args']['name'] for event in self.named('thread_name')}
        # All but names, by the names of the lanes, in the order of their times.
        self.lanes = {name: [] for name in names.values()}
        for event in self.events:
            if event['ph'] != 'M':
                self.lanes[names[event['pid'], event['tid']]].append(event)
        for events in self.lanes.values():
            events.sort(key=lambda event: (event['ts'], event.get('dur', 0)))

    def named(self, *names, lane=None):
        return [event for event in (self.lanes.get(lane, []) if lane else self.events) if event['name'] in names]

    def places(self):
        return {name: events for name, events in self.lanes.items() if name.startswith('place ')}


class TraceTest(FragileTest):
    def traced(self, *options):
        return ['--trace', self.work / 'trace', *options]

    def trace(self, data=None):
        """Checks what has to be true of every trace, with `data` of one of a run to the end, and returns it."""
        trace = Trace(self.work / 'trace')
        for event in trace.events:
            self.assertIn(event['ph'], 'MXi')
            if event['ph'] != 'M':
                self.assertTrue(0 <= event['ts'] < 600e6 and event.get('dur', 0) >= 0, event)
        for events in trace.places().values():
            bars = [event for event in events if event['ph'] == 'X']
            for one, next_one in zip(bars, bars[1:]):
                self.assertLessEqual(one['ts'] + one['dur'], next_one['ts'] + 0.01, 'two bars of a place overlap')
        if data is not None:
            for names, lane in ((['batch'], None), (['writing'], 'p3_write')):
                parts = sorted((event['args']['begin'], event['args']['end']) for event in trace.named(*names))
                self.assertEqual([0] + [end for _, end in parts], [begin for begin, _ in parts] + [len(data)])
            batches = sorted((event['args'] for event in trace.named('batch')), key=lambda batch: batch['begin'])
            row = 0
            for batch in batches:
                self.assertEqual(batch['first_row'], row)
                row += batch['rows']
            self.assertEqual(row, data.count(b'\n'))
        return trace

    def test_bars_tile_the_input(self):
        data = b''.join(rows(1000))
        for stdin in self.inputs(data):
            for n in 1, 3:
                for deal in 'round-robin', 'random', 'pull':
                    outcome = self.launcher(stdin, *self.traced('-n', n, '--batch-size=100', '--deal', deal))
                    self.assertEqual(outcome, Outcome(sums(data), '', 0))
                    trace = self.trace(data)
                    self.assertEqual([event['args'] for event in trace.named('start')], [{'life': 0}] * n)
                    self.assertEqual(sorted(trace.lanes), sorted(
                        ['p1_read', 'p3_write', *(f'place {place}' for place in range(n))]))

    def test_scans(self):
        data = b''.join(rows(1000))
        outcome = self.launcher(self.file('in.csv', data), *self.traced('-n', 2, '--batch-size=100'))
        self.assertEqual(outcome, Outcome(sums(data), '', 0))
        scans = sorted((event['args']['begin'], event['args']['end']) for event in self.trace(data).named('scan'))
        self.assertEqual([end for _, end in scans[:-1]], [begin for begin, _ in scans[1:]])
        self.assertEqual(scans[-1][1], len(data))

    def test_several_files_and_headers(self):
        self.file('a.csv', b'a\n1\n2\n')
        self.file('b.csv', b'a\n3\n')
        outcome = self.launcher(None, *self.traced('-n', 2, '--header', 'a.csv', 'b.csv'))
        self.assertEqual(outcome.status, 0)
        batches = sorted([event['args'][name] for name in ('begin', 'end', 'first_row', 'rows')]
                         for event in self.trace().named('batch'))
        self.assertEqual(batches, [[0, 6, 0, 2], [6, 10, 2, 1]])

    def test_a_worker_that_does_not_say_when_it_has_answered(self):
        """It is not among the heirs of p1_read's descriptors, so it gets the text with each batch."""
        data = b''.join(rows(400))
        worker = f"env -u ROWSUM_WORKER '{program('p2_sum')}'"
        outcome = self.launcher(data, *self.traced('-n', 2, '--batch-size=100', '--worker', worker))
        self.assertEqual(outcome, Outcome(sums(data), '', 0))
        self.trace(data)

    def test_each_death(self):
        data = b''.join(rows(400))
        for stdin in self.inputs(data):
            outcome = self.fragile(stdin, *self.traced('-n', 2, '--batch-size=100'), point='got_batch', number=1,
                                   lives=2, place=1)
            self.assert_survived(outcome, data, *2 * [(1, 'was killed by signal 9 (KILL)')])
            events = self.trace(data).lanes['place 1']
            self.assertEqual([event['args'] for event in events if event['name'] == 'death'],
                             [{'life': 0, 'signal': 9}, {'life': 1, 'signal': 9}])
            self.assertEqual([event['args']['life'] for event in events if event['name'] == 'start'], [0, 1, 2])
            undone = [event for event in events if event['name'] == 'undone' and 'rows' in event['args']]
            self.assertEqual(len(undone), 2)
            for event in undone:  # it is done in another life
                self.assertIn(event['args'], [other['args'] for other in events if other['name'] == 'batch'])

    def test_a_row_that_kills(self):
        """The batch is cut, and its parts tile the input."""
        data = b''.join(rows(200)) + b'66613\n' + b''.join(rows(200))
        outcome = self.fragile(data, *self.traced('-n', 2, '--on-error=skip'), row='66613')
        self.assertEqual(outcome.status, 1)
        trace = Trace(self.work / 'trace')
        parts = sorted((event['args']['begin'], event['args']['end']) for event in trace.named('batch'))
        self.assertEqual([0] + [end for _, end in parts], [begin for begin, _ in parts] + [len(data)])
        self.assertGreater(len(trace.named('death')), 5)

    def test_waits(self):
        run = self.start_half_way(lambda stdin: self.start_launcher(stdin, *self.traced('-n', 1)))
        [writer] = self.processes('/p3_write ')
        # Its output can be read a little before it waits again.
        stat = Path('/proc', str(writer), 'stat')
        self.until(lambda: stat.read_text().rpartition(')')[2].split()[0] == 'S', 'p3_write does not wait')
        time.sleep(0.02)
        run.stdin.write(b'2\n')
        self.assertEqual(run.read_line(), b'1,2\n')
        run.stdin.close()
        self.assertEqual(run.finish(), Outcome(b'', '', 0))
        trace = self.trace(b'1\n2\n')
        self.assertTrue(trace.named('waiting for input', lane='p1_read'))
        bytes_ = [event['args']['byte'] for event in trace.named('waiting', lane='p3_write')]
        self.assertEqual(bytes_, sorted(bytes_))
        self.assertIn(2, bytes_)  # there may be no wait before the first row, if its line comes soon

    def test_a_run_that_is_killed(self):
        """Each second lines are written, and the file can be read, whoever is killed."""
        for name in '/p3_write ', '/p1_read ':
            run = self.start_half_way(lambda stdin: self.start_launcher(stdin, *self.traced('-n', 1)))

            def read_in():
                run.stdin.write(b'1\n')
                run.read_line()
                time.sleep(0.02)
                return b'"batch"' in (self.work / 'trace').read_bytes()
            self.until(read_in, 'no batch in the trace')
            self.assertLess((self.work / 'trace').stat().st_size, 32 << 10)
            os.kill(self.processes(name)[0], signal.SIGKILL)
            run.finish()
            self.assert_nothing_left()
            trace = self.trace()
            self.assertTrue(trace.named('batch'))
            self.assertIn('place 0', trace.lanes)

    def test_an_older_file_is_replaced(self):
        for data in b'1\n2\n', b'1\n':
            self.launcher(data, *self.traced('-n', 1))
            self.trace(data)

    def test_a_full_disk(self):
        """It says so once, and all the sums are there."""
        outcome = self.launcher(b'1\n', '-n', 1, '--trace=/dev/full')
        line = 'p1_read: /dev/full: No space left on device; it gets no more lines\n'
        self.assertEqual(outcome, Outcome(b'0,1\n', line, 0))

    def test_a_pipe(self):
        outcome = self.shell('run_pipeline.sh -n 1 --trace >(cat >trace) - | cat; until grep -q batch trace; do :; done',
                             stdin=b'1\n')
        self.assertEqual(outcome, Outcome(b'0,1\n', '', 0))
        self.trace(b'1\n')

    def test_one_that_cannot_be_created(self):
        outcome = self.launcher(b'1\n', '-n', 1, '--trace=no/trace')
        self.assertEqual(outcome, Outcome(b'', 'p3_write: no/trace: No such file or directory\n', 73))

    def test_what_is_refused(self):
        self.file('in.csv', b'1\n')
        (self.work / 'link').symlink_to('in.csv')
        self.file('out', b'')
        for words, line in ((['--trace=link'], "run_pipeline.sh: --trace: 'link' is an input"),
                            (['--trace=./new', '-o', 'new'], 'run_pipeline.sh: --trace and --output are the same file'),
                            (['--trace=out', '-oout'], 'run_pipeline.sh: --trace and --output are the same file'),
                            (['--trace=a', '--rejects=./a', '--on-error=skip'],
                             'run_pipeline.sh: --trace and --rejects are the same file'),
                            (['--trace=-'], 'p3_write: --trace: standard output is no place for it'),
                            (['--trace='], "run_pipeline.sh: option '--trace' needs a value")):
            outcome = self.launcher(None, *words, 'in.csv')
            self.assertEqual(outcome, Outcome(b'', f"{line}; try 'run_pipeline.sh --help'\n", 64), words)
        self.assertEqual((self.work / 'in.csv').read_bytes(), b'1\n')
        for name, other in ('p1_read', '--workers'), ('p3_write', '--reader'):
            outcome = self.run_program(name, '--trace=a', stdin=b'')
            self.assertEqual((outcome.stderr, outcome.status),
                             (f"{name}: --trace needs {other}; try '{name} --help'\n", 64))
        self.assertEqual(self.files(), ['in.csv', 'link', 'out'])


class JobLogTest(FragileTest):
    COLUMNS = ['Seq', 'Host', 'Starttime', 'JobRuntime', 'Send', 'Receive', 'Exitval', 'Signal', 'Command']

    def logged(self, *options):
        return ['--joblog', self.work / 'log', *options]

    def jobs(self):
        """The lines of the log, by their columns, which are checked."""
        header, *lines = (self.work / 'log').read_text().splitlines()
        self.assertEqual(header.split('\t'), self.COLUMNS)
        jobs = []
        for number, line in enumerate(lines, 1):
            job = dict(zip(self.COLUMNS, line.split('\t'), strict=True))
            self.assertEqual((job['Seq'], job['Host'], job['Receive']), (str(number), ':', '0'))
            self.assertRegex(job['Starttime'], r'^\d+\.\d{3}$')
            self.assertRegex(job['JobRuntime'], r'^ *\d+\.\d{3}$')
            jobs.append(job)
        return jobs

    def rows_of(self, jobs):
        """The numbers of the rows of each job."""
        return sorted(tuple(map(int, job['Command'].partition(' # rows ')[2].split('-'))) for job in jobs)

    def assert_complete(self, jobs, data):
        """Checks that these jobs have each row once."""
        parts = self.rows_of(jobs)
        self.assertEqual([-1] + [last for _, last in parts],
                         [first - 1 for first, _ in parts] + [data.count(b'\n') - 1])
        self.assertEqual(sum(int(job['Send']) for job in jobs), len(data))

    def test_a_line_for_each_batch(self):
        data = b''.join(rows(1000))
        for stdin in self.inputs(data):
            begin = time.time()
            outcome = self.launcher(stdin, *self.logged('-n', 3, '--batch-size=100'))
            self.assertEqual(outcome, Outcome(sums(data), '', 0))
            jobs = self.jobs()
            self.assert_complete(jobs, data)
            for job in jobs:
                self.assertEqual((job['Exitval'], job['Signal']), ('0', '0'))
                self.assertRegex(job['Command'], r'^p2_sum # rows \d+-\d+$')
                self.assertTrue(begin - 1 < float(job['Starttime']) < time.time() + 1)

    def test_headers_are_not_sent(self):
        self.file('a.csv', b'a,b\n1\n2\n')
        self.file('b.csv', b'a,b\n')
        self.assertEqual(self.launcher(None, *self.logged('--header', 'a.csv', 'b.csv')).status, 0)
        self.assertEqual(sorted((job['Send'], job['Command']) for job in self.jobs()),
                         [('0', 'p2_sum # no rows'), ('4', 'p2_sum # rows 0-1')])

    def test_signals(self):
        data = b''.join(rows(400))
        outcome = self.fragile(data, *self.logged('-n', 2, '--batch-size=100'), point='got_batch', lives=2, place=1,
                               how=15)
        self.assertEqual(outcome.status, 0)
        jobs = self.jobs()
        failed = [job for job in jobs if job['Signal'] != '0']
        self.assertEqual([(job['Exitval'], job['Signal']) for job in failed], 2 * [('0', '15')])
        self.assert_complete([job for job in jobs if job not in failed], data)

    def test_a_command_that_fails(self):
        """The row on which it fails has only lines of tries."""
        command = 'while read row; do [ "$row" != 66613 ] || exit 3;\techo "$row"; done'
        data = b'1\n2\n66613\n4\n'
        outcome = self.launcher(data, *self.logged('-n', 1, '--on-error=skip', '--retries=1', '--command', command))
        self.assertEqual((outcome.stdout, outcome.status), (b'0,1\n1,2\n3,4\n', 1))
        jobs = self.jobs()
        shown = command.replace('\t', '\\t')
        self.assertTrue(all(job['Command'].startswith(f'{shown} # rows ') for job in jobs), jobs)
        self.assertEqual(self.rows_of(job for job in jobs if job['Exitval'] == '0'), [(0, 0), (1, 1), (3, 3)])
        failed = [job for job in jobs if job['Exitval'] != '0']
        self.assertEqual({(job['Exitval'], job['Signal']) for job in failed}, {('75', '0')})
        self.assertEqual(self.rows_of(failed), [(0, 3), (0, 3), (2, 2), (2, 2)])

    def test_it_is_written_while_the_run_goes_on(self):
        run = self.start_half_way(lambda stdin: self.start_launcher(stdin, *self.logged('-n', 1)))

        def read_in():
            run.stdin.write(b'1\n')
            run.read_line()
            time.sleep(0.02)
            return 'p2_sum' in (self.work / 'log').read_text()
        self.until(read_in, 'no line')
        self.assertLess((self.work / 'log').stat().st_size, 32 << 10)
        run.stdin.close()
        self.assertEqual(run.finish().status, 0)

    def test_files(self):
        line = 'p1_read: /dev/full: No space left on device; it gets no more lines\n'
        self.assertEqual(self.launcher(b'1\n', '-n1', '--joblog=/dev/full'), Outcome(b'0,1\n', line, 0))
        self.assertEqual(self.launcher(b'1\n', '-n1', '--joblog=no/log'),
                         Outcome(b'', 'p1_read: no/log: No such file or directory\n', 73))
        self.file('in.csv', b'1\n')
        for words, line in ((['--joblog=in.csv'], "--joblog: 'in.csv' is an input"),
                            (['--joblog=./new', '-o', 'new'], '--joblog and --output are the same file'),
                            (['--joblog=new', '--rejects=new'], '--joblog and --rejects are the same file'),
                            (['--joblog=new', '--trace=new'], '--joblog and --trace are the same file')):
            outcome = self.launcher(None, *words, 'in.csv')
            self.assertEqual(outcome, Outcome(b'', f"run_pipeline.sh: {line}; try 'run_pipeline.sh --help'\n", 64))
        self.assertEqual(self.files(), ['in.csv'])

    def test_all_at_once(self):
        data = b''.join(rows(200))
        outcome = self.launcher(data, *self.logged('-n', 2, '--stats', '--trace=/dev/null', '--batch-size=100'))
        self.assertEqual((outcome.stdout, outcome.status), (sums(data), 0))
        self.assert_complete(self.jobs(), data)
        self.assertEqual(Table(outcome.stderr).run['rows'], '200')
        self.assertEqual(self.launcher(b'1\n', '--trace=/dev/null', '--joblog=/dev/null').status, 0)


if __name__ == '__main__':
    main()
