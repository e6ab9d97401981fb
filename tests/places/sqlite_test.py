#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The recipe for SQLite."""
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import Outcome, main, sums  # noqa: E402
from recipes import RecipeTest, needs  # noqa: E402

TITLE = 'From a query into a table of SQLite'


@needs('sqlite3', package='sqlite3')
class SqliteTest(RecipeTest):
    def setUp(self):
        super().setUp()
        self.query('create table numbers (id integer primary key, a, b); create table sums ("index" integer, sum text)')

    def query(self, statement):
        outcome = self.start(['sqlite3', '-csv', '-newline', '\n', 'numbers.db', statement]).finish()
        self.assertEqual((outcome.stderr, outcome.status), ('', 0))
        return outcome.stdout

    def fill(self, count):
        self.query('insert into numbers with recursive c(i) as (select 1 union all select i + 1 from c'
                   f' where i < {count}) select i, i, i + 1 from c')

    def assert_fails(self, status, message):
        outcome = self.shell(self.recipe(TITLE))
        self.assertEqual((outcome.stdout, outcome.status), (b'', status))
        self.assertIn(message, outcome.stderr)
        self.assertEqual(self.query('select count(*) from sums'), b'0\n')

    def test_sums(self):
        self.fill(1000)
        self.assertEqual(self.shell(self.recipe(TITLE)), Outcome(b'', '', 0))
        self.assertEqual(self.query('select * from sums order by "index"'),
                         sums(b''.join(b'%d,%d\n' % (i, i + 1) for i in range(1, 1001))))

    def test_large_sums(self):
        """A column of texts keeps them as they are, and one of integers does not."""
        self.query("insert into numbers values (1, '99999999999999999999', 1)")
        self.assertEqual(self.shell(self.recipe(TITLE)), Outcome(b'', '', 0))
        self.assertEqual(self.query('select * from sums'), b'0,100000000000000000000\n')
        self.query('drop table sums; create table sums ("index" integer, sum integer)')
        self.assertEqual(self.shell(self.recipe(TITLE)), Outcome(b'', '', 0))
        self.assertEqual(self.query('select * from sums'), b'0,1.0e+20\n')
        self.query('update numbers set a = cast(a as numeric); delete from sums')
        self.assert_fails(65, "'1.0e+20' is not an integer; only integers are summed\n")

    def test_null_is_no_integer(self):
        self.query('insert into numbers values (1, 2, null)')
        self.assert_fails(65, "p3_write: standard input: row 0, field 2 (byte 2): '' is not an integer; "
                              "to take it for zero: --empty=zero\n")

    def test_damaged_database(self):
        """It gives the rows that come before the damage."""
        self.fill(100000)
        path = self.work / 'numbers.db'
        page = 4096
        with open(path, 'r+b') as database:
            database.seek(path.stat().st_size // 2 // page * page)
            database.write(b'\xff' * page * 20)
        self.assert_fails(11, 'database disk image is malformed')
        self.assertTrue((self.work / 'sums.csv').read_bytes().startswith(b'0,3\n1,5\n'))

    def test_locked_database(self):
        self.fill(3)
        holder = self.start(['sqlite3', 'numbers.db'], subprocess.PIPE)
        holder.stdin.write(b"begin immediate;\nselect 'held';\n")
        self.assertEqual(holder.read_line(), b'held\n')
        self.assert_fails(5, 'database is locked')
        holder.stdin.close()
        self.assertEqual(holder.finish().status, 0)

    def test_a_table_that_refuses_a_row(self):
        """SQLite reports that, and takes it for a success."""
        self.fill(3)
        self.query('drop table sums; create table sums ("index" integer check ("index" != 1), sum text)')
        outcome = self.shell(self.recipe(TITLE))
        self.assertEqual((outcome.stderr, outcome.status),
                         ('sums.csv:2: INSERT failed: CHECK constraint failed: index\n', 0))
        self.assertEqual(self.query('select * from sums'), b'0,3\n2,7\n')

    def test_import_ignores_a_status(self):
        self.file('in.csv', b'1\nx\n')
        outcome = self.shell("sqlite3 -csv -bail numbers.db \".import '|run_pipeline.sh in.csv' sums\"")
        self.assertEqual((outcome.stderr.count('\n'), outcome.status), (1, 0))
        self.assertEqual(self.query('select * from sums'), b'0,1\n')


if __name__ == '__main__':
    main()
