#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The recipes for GNU parallel."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import Outcome, main, program, sums  # noqa: E402
from recipes import RecipeTest, needs  # noqa: E402

FILES, PARTS = 'GNU parallel, a run for each file', 'GNU parallel, a worker for each part of a file'
DATA = b'1,2\n' * 300000


@needs('parallel', package='parallel')
class ParallelTest(RecipeTest):
    def setUp(self):
        super().setUp()
        self.old_sums = self.file('sums.csv', b'old\n')

    def test_files(self):
        for name, data in ('a.csv', b'1\n2\n'), ('with a space.csv', b'3\n'), ('c.csv', b'4\n'):
            self.file(name, data)
        self.old_sums.unlink()
        self.assertEqual(self.shell(self.recipe(FILES)), Outcome(b'', '', 0))
        self.assertEqual([(self.work / f'{name}.sums').read_bytes() for name in ('a', 'with a space', 'c')],
                         [b'0,1\n1,2\n', b'0,3\n', b'0,4\n'])

    def test_some_files_fail(self):
        self.old_sums.unlink()
        for name, data in ('a.csv', b'1\n'), ('b.csv', b'x\n'), ('c.csv', b'4\n'), ('d.csv', b'"'):
            self.file(name, data)
        self.file('b.sums', b'old\n')
        outcome = self.shell(self.recipe(FILES))
        self.assertEqual((outcome.stderr.count('\n'), outcome.status), (2, 2))
        self.assertEqual(self.files(), ['a.csv', 'a.sums', 'b.csv', 'b.sums', 'c.csv', 'c.sums', 'd.csv'])
        self.assertEqual((self.work / 'b.sums').read_bytes(), b'old\n')

    def test_parts(self):
        self.file('in.csv', DATA)
        self.assertEqual(self.shell(self.recipe(PARTS)), Outcome(b'', '', 0))
        self.assertTrue(self.old_sums.read_bytes() == sums(DATA))

    def workers_that_die(self, when):
        """p2_sum kills itself when a shell condition holds. Each start of it makes a file longer."""
        worker = self.work / 'bin/p2_sum'
        worker.parent.mkdir()
        worker.write_text(f'#!/bin/sh\necho >> starts\nif {when}; then kill -9 $$; fi\nexec "{program("p2_sum")}"\n')
        worker.chmod(0o755)
        self.env['PATH'] = f'{worker.parent}:{self.env["PATH"]}'

    def test_a_worker_is_killed(self):
        self.file('in.csv', DATA)
        self.workers_that_die('mkdir killed 2> /dev/null')  # the first one
        self.assertEqual(self.shell(self.recipe(PARTS)).status, 0)
        self.assertTrue((self.work / 'killed').exists())
        self.assertTrue(self.old_sums.read_bytes() == sums(DATA))

    def test_all_workers_are_killed(self):
        self.file('in.csv', DATA)
        self.workers_that_die('true')
        self.assertEqual(self.shell(self.recipe(PARTS)).status, 3)
        self.assertEqual((self.work / 'starts').read_bytes().count(b'\n'), 3 * 3)
        self.assertEqual(self.old_sums.read_bytes(), b'old\n')

    def test_a_part_is_cut_or_lost_or_of_another_run(self):
        self.file('in.csv', DATA)
        deal, work, merge = self.recipe(PARTS).split(' &&\n')
        for harm, status in (('truncate -s -5 part.1.sums', 69), ('rm part.1.sums', 65),
                             ('p1_read <(seq 10) | p2_sum > part.1.sums', 65)):
            outcome = self.shell(f'{deal} && {work} && {harm}; {merge}')
            self.assertEqual((outcome.stderr.count('\n'), outcome.status), (1, status), outcome)
            self.assertEqual(self.old_sums.read_bytes(), b'old\n')


if __name__ == '__main__':
    main()
