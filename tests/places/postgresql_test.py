#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The recipes for PostgreSQL, with a server of its own, whose socket is in the directory of the test."""
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import Outcome, main, sums  # noqa: E402
from recipes import RecipeTest, as_server, find, make_for_server, needs  # noqa: E402

ROWS = 5000  # more than the programs on the way keep to themselves
HALF = b''.join(b'%d,%d\n' % (i, i + 1) for i in range(ROWS))


@needs('psql', 'pg_ctl', package='postgresql')
class PostgresTest(RecipeTest):
    @classmethod
    def setUpClass(cls):
        """Makes the files of a new server, which each test copies, since that is faster."""
        directory = tempfile.TemporaryDirectory(prefix='rowsum_test.')
        cls.addClassCleanup(directory.cleanup)
        cls.new_data = make_for_server(Path(directory.name, 'new')) / 'data'
        subprocess.run([*as_server(), find('initdb'), '-D', cls.new_data, '--auth=trust', '--no-sync',
                        '--username=tester', '--encoding=UTF8', '--locale=C'], check=True, cwd=cls.new_data.parent,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def setUp(self):
        super().setUp()
        self.data = self.directory / 'server/data'
        make_for_server(self.data.parent)
        self.work.chmod(0o777)  # the server writes there, too
        server_path = f'{self.programs_for_server()}:{os.environ["PATH"]}'
        self.env.update(PGHOST=str(self.data.parent), PGUSER='tester', PGDATABASE='postgres', PGPORT='5432')
        for name in 'PGOPTIONS', 'PGSERVICE', 'PGSSLMODE', 'PGDATA':
            self.env.pop(name, None)
        self.server_env = {**self.env, 'PATH': server_path}
        self.assertEqual(self.start([*as_server(), 'cp', '-r', self.new_data, self.data]).finish(), Outcome(b'', '', 0))
        with open(self.data / 'postgresql.conf', 'a') as settings:
            settings.write(f"listen_addresses = ''\nunix_socket_directories = '{self.data.parent}'\nfsync = off\n"
                           # A query in the order of an index gives rows before it has read the last one.
                           'enable_sort = off\nenable_seqscan = off\nenable_bitmapscan = off\n')
        self.start_server()
        self.query(self.recipe('Tables for numbers and their sums'))

    def as_administrator(self, program, *words):
        command = [*as_server(), find(program), '-D', self.data, *words]
        outcome = self.start(command, env=self.server_env, cwd=self.data.parent).finish()
        self.assertEqual(outcome.status, 0, outcome)

    def start_server(self):
        self.as_administrator('pg_ctl', 'start', '--wait', '--log', self.data.parent / 'log')

    def stop_server(self):
        """In the way that is as near to a crash as can be without anything of it being left."""
        if (self.data / 'postmaster.pid').exists():
            self.as_administrator('pg_ctl', 'stop', '--wait', '--mode=immediate')

    def end_what_is_left(self):
        self.stop_server()  # if it were killed, its shared memory would stay
        super().end_what_is_left()

    def tearDown(self):
        self.stop_server()
        super().tearDown()

    # --- The tables -------------------------------------------------------------------------------------------------

    def query(self, statement):
        outcome = self.start(['psql', '-qXAtc', statement]).finish()
        self.assertEqual((outcome.stderr, outcome.status), ('', 0))
        return outcome.stdout.decode().strip()

    def fill(self, rows):
        self.query('insert into numbers values ' + ', '.join(f'({id}, {a}, {b})' for id, a, b in rows))

    def sums(self):
        """The table of sums, as lines."""
        return self.start(['psql', '-qXAtF,', '-c', 'select * from sums order by index']).finish().stdout

    def numbers_that_stop_half_way(self):
        """From now on a query of numbers waits after ROWS rows."""
        self.query(f'alter table numbers rename to all_numbers;'
                   f'insert into all_numbers select i, i, i + 1 from generate_series(0, {ROWS}) i;'
                   f'create view numbers as select * from all_numbers where id < {ROWS} or pg_sleep(100000) is null')

    def query_that_waits(self):
        """The pid of the server's process, once it waits."""
        return self.until(lambda: self.query("select pid from pg_stat_activity where wait_event = 'PgSleep'"),
                          'the query goes on')

    def until_sums_arrive(self):
        self.until(lambda: self.query('select 1 from pg_stat_progress_copy'
                                      " where command = 'COPY FROM' and tuples_processed > 0"), 'no sums')

    # --- Through psql -----------------------------------------------------------------------------------------------

    def test_from_a_query_into_a_table(self):
        """Also sums that no integer of the database can hold."""
        rows = [(3, 10**40, 1), (1, -1, 5), (2, 0, 0)]
        self.fill(rows)
        expected = sums(b''.join(b'%d,%d\n' % row[1:] for row in sorted(rows)))
        for title in 'From a query into a table', 'From a query into a table, all or nothing':
            self.assertEqual(self.shell(self.recipe(title)), Outcome(b'', '', 0))
            self.assertEqual(self.sums(), expected)
            self.query('truncate sums')

    def test_null_is_no_integer(self):
        self.fill([(1, 1, 'null')])
        outcome = self.shell(self.recipe('From a query into a table'))
        self.assertEqual(outcome.stderr, "p3_write: standard input: row 0, field 2 (byte 2): '' is not an integer; "
                                         "to take it for zero: --empty=zero\n")
        self.assertEqual(outcome.status, 65)

    def test_server_stops_while_rows_and_sums_stream(self):
        self.numbers_that_stop_half_way()
        for title, copies in ('From a query into a table', True), ('From a query into a table, all or nothing', False):
            run = self.start_shell(self.recipe(title))
            self.query_that_waits()
            if copies:
                self.until_sums_arrive()
            self.stop_server()
            outcome = run.finish()
            self.assertNotEqual(outcome.status, 0)
            self.assertIn('server closed the connection unexpectedly', outcome.stderr)
            self.start_server()
            self.assertEqual(self.sums(), b'')

    def test_reader_is_killed(self):
        """The programs after it cannot see that."""
        self.numbers_that_stop_half_way()
        for title, copies in ('From a query into a table', True), ('From a query into a table, all or nothing', False):
            run = self.start_shell(self.recipe(title))
            waiting = self.query_that_waits()
            [reader] = self.processes('/bin/psql ', 'to stdout')
            os.kill(reader, signal.SIGKILL)
            # What it has sent may end before a field, which is then empty and rejected.
            self.assertIn(run.finish().status, (128 + signal.SIGKILL, 65))
            self.assertEqual(bool(self.sums()), copies)
            self.query(f'truncate sums; select pg_terminate_backend({waiting}, 60000)')

    def test_from_a_file_into_a_table(self):
        self.file('in.csv', HALF)
        self.assertEqual(self.shell(self.recipe('From a file into a table, all or nothing')), Outcome(b'', '', 0))
        self.assertEqual(self.sums(), sums(HALF))

    def test_program_fails_after_many_sums(self):
        self.file('in.csv', HALF + b'x\n')
        recipe = self.recipe('From a file into a table, all or nothing')
        for recipe, status in (recipe, 65), (recipe.replace('in.csv', '--on-error=skip in.csv'), 1):
            outcome = self.shell(recipe)
            self.assertIn(f"p3_write: in.csv: row {ROWS}, field 1 (byte {len(HALF)}): 'x' is not an integer\n",
                          outcome.stderr)
            self.assertIn(f'child process exited with exit code {status}\n', outcome.stderr)
            self.assertNotEqual(outcome.status, 0)
            self.assertEqual(self.sums(), b'')

    def test_program_is_killed(self):
        fifo = self.fifo('in.csv')
        for recipe, stays in ((self.recipe('From a file into a table, all or nothing'), False),
                              (self.recipe('From a file into a table, all or nothing').replace('-qX1', '-qX'), True)):
            run = self.start_shell(recipe)
            with open(fifo, 'wb', buffering=0) as rows:
                rows.write(HALF)
                self.until_sums_arrive()
                os.kill(self.processes('/p3_write ')[0], signal.SIGKILL)
                self.assertNotEqual(run.finish().status, 0)
            self.assertEqual(bool(self.sums()), stays)

    def test_server_stops_while_sums_stream_out(self):
        fifo = self.fifo('in.csv')
        run = self.start_shell(self.recipe('From a file into a table, all or nothing'))
        with open(fifo, 'wb', buffering=0) as rows:
            rows.write(HALF)
            self.until_sums_arrive()
            self.stop_server()
            rows.write(HALF)  # p3_write notices with these that psql has gone, and psql that the server has
        outcome = run.finish()
        self.assertNotEqual(outcome.status, 0)
        self.assertIn('server closed the connection unexpectedly', outcome.stderr)
        self.start_server()
        self.assertEqual(self.sums(), b'')

    # --- In the server ----------------------------------------------------------------------------------------------

    def server_log(self):
        return (self.data.parent / 'log').read_text()

    def test_server_reads(self):
        self.file('in.csv', HALF)
        self.assertEqual(self.shell(self.recipe('The server reads from the programs')), Outcome(b'', '', 0))
        self.assertEqual(self.sums(), sums(HALF))
        self.query('truncate sums')
        self.file('in.csv', HALF + b'x\n')
        outcome = self.shell(self.recipe('The server reads from the programs'))
        self.assertIn('child process exited with exit code 65\n', outcome.stderr)
        self.assertEqual(outcome.status, 1)
        self.assertEqual(self.sums(), b'')
        self.assertIn("'x' is not an integer\n", self.server_log())

    def test_server_writes(self):
        self.fill([(2, 3, 4), (1, 1, 2)])
        self.assertEqual(self.shell(self.recipe('The server writes to the programs')), Outcome(b'', '', 0))
        self.assertEqual((self.work / 'sums.csv').read_bytes(), b'0,3\n1,7\n')
        self.assertEqual(self.files(), ['sums.csv'])

    def test_bad_row(self):
        self.fill([(1, 1, 2), (2, 3, 'null'), (3, 5, 6)])
        self.file('sums.csv', b'old\n')
        recipe = self.recipe('The server writes to the programs')
        skipping = self.recipe('The server writes to the programs, which skip bad rows')
        strict = re.sub(r' \|\| \[.*?\]', '', skipping)
        self.assertNotEqual(strict, skipping)
        for recipe, status, files in (recipe, 65, ['sums.csv']), (strict, 1, ['sums.csv', 'sums.new']):
            outcome = self.shell(recipe)
            self.assertIn(f'child process exited with exit code {status}\n', outcome.stderr)
            self.assertEqual(outcome.status, 1)
            self.assertEqual(self.files(), files)
        self.assertEqual((self.work / 'sums.new').read_bytes(), b'0,3\n2,11\n')
        self.assertEqual((self.work / 'sums.csv').read_bytes(), b'old\n')
        self.assertEqual(self.shell(skipping), Outcome(b'', '', 0))
        self.assertEqual((self.work / 'sums.csv').read_bytes(), b'0,3\n2,11\n')

    def test_server_ends_while_it_writes(self):
        """The whole server is stopped, or only the process that writes is killed, which the programs cannot see."""
        self.file('sums.csv', b'old\n')
        self.numbers_that_stop_half_way()
        for is_killed in False, True:
            run = self.start_shell(self.recipe('The server writes to the programs'))
            writer = int(self.query_that_waits())
            if is_killed:
                os.kill(writer, signal.SIGKILL)
            else:
                self.stop_server()
            outcome = run.finish()
            self.assertNotEqual(outcome.status, 0)
            self.assertIn('server closed the connection unexpectedly', outcome.stderr)
            self.until(lambda: not self.processes('/p3_write '), 'the programs go on')
            self.assertEqual((self.work / 'sums.csv').read_bytes(), b'old\n')
            self.stop_server()
            self.start_server()
        half = (self.work / 'sums.new').read_bytes()
        self.assertTrue(half and len(half) < len(sums(HALF)))


if __name__ == '__main__':
    main()
