#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The recipes for make."""
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import Outcome, main  # noqa: E402
from recipes import RecipeTest, needs  # noqa: E402

RULE, SKIPPING = 'make, a rule for sums', 'make, a rule that skips bad rows'


@needs('make', package='make')
class MakeTest(RecipeTest):
    def makefile(self, text):
        self.file('Makefile', text.encode())

    def start_make(self, *targets):
        return self.start(['make', '--silent', *targets])

    def make(self, *targets):
        return self.start_make(*targets).finish()

    def start_half_way(self):
        """A make that waits for more rows, with an older a.sums."""
        self.makefile(self.recipe(RULE))
        old = self.file('a.sums', b'old\n')
        os.utime(old, (1, 1))
        fifo = self.fifo('a.csv')
        run = self.start_make('a.sums')
        rows = open(fifo, 'wb', buffering=0)
        self.addCleanup(rows.close)
        rows.write(b'1\n')
        self.until(lambda: self.processes('p2_sum'), 'no worker')
        return run

    def assert_made_by_the_next_make(self):
        self.assertEqual(self.files(killed=True), ['Makefile', 'a.csv', 'a.sums'])
        self.assertEqual((self.work / 'a.sums').read_bytes(), b'old\n')
        (self.work / 'a.csv').unlink()
        self.file('a.csv', b'1\n2\n')
        self.assertEqual(self.make('a.sums'), Outcome(b'', '', 0))
        self.assertEqual((self.work / 'a.sums').read_bytes(), b'0,1\n1,2\n')

    def test_rule(self):
        self.makefile(self.recipe(RULE))
        self.file('a.csv', b'1\n')
        self.file('b.csv', b'2\n')
        for _ in range(2):
            self.assertEqual(self.make('-j2', 'a.sums', 'b.sums').status, 0)
        self.assertEqual([(self.work / name).read_bytes() for name in ('a.sums', 'b.sums')], [b'0,1\n', b'0,2\n'])

    def test_interrupted(self):
        run = self.start_half_way()
        os.kill(run.pid, signal.SIGTERM)  # make passes it on
        self.assertEqual(run.finish().status, -signal.SIGTERM)
        self.assert_made_by_the_next_make()

    def test_killed(self):
        run = self.start_half_way()
        [launcher] = self.processes('/p3_write ')
        os.kill(launcher, signal.SIGKILL)
        self.assertEqual(run.finish().status, 2)
        self.assert_made_by_the_next_make()

    def test_bad_row(self):
        self.makefile(self.recipe(RULE))
        self.file('a.csv', b'1\nx\n')
        for _ in range(2):
            outcome = self.make('a.sums')
            self.assertIn("p3_write: a.csv: row 1, field 1 (byte 2): 'x' is not an integer\n", outcome.stderr)
            self.assertEqual(outcome.status, 2)
        self.assertEqual(self.files(), ['Makefile', 'a.csv'])

    def test_skipping(self):
        self.makefile(self.recipe(SKIPPING))
        self.file('a.csv', b'1\nx\n2\n')
        self.assertEqual(self.make('a.sums').status, 0)
        self.assertEqual((self.work / 'a.sums').read_bytes(), b'0,1\n2,2\n')
        self.assertEqual((self.work / 'a.bad').read_bytes(), b'x\n')
        self.file('b.csv', b'1\n')
        self.assertEqual(self.make('b.sums'), Outcome(b'', '', 0))
        self.assertEqual((self.work / 'b.bad').read_bytes(), b'')
        self.file('c.csv', b'"')  # this cannot be skipped
        self.assertEqual(self.make('c.sums').status, 2)
        self.assertFalse((self.work / 'c.sums').exists())

    def test_status_1_is_forgotten_by_the_next_make(self):
        self.makefile(self.recipe(RULE).replace('run_pipeline.sh', 'run_pipeline.sh --on-error=skip'))
        self.file('a.csv', b'1\nx\n2\n')
        self.assertEqual(self.make('a.sums').status, 2)
        self.assertEqual((self.work / 'a.sums').read_bytes(), b'0,1\n2,2\n')
        self.assertEqual(self.make('a.sums').status, 0)


if __name__ == '__main__':
    main()
