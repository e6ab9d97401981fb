#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The model of a cluster."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from cluster import THIS_MACHINE, Cluster, Costs, bound, speed  # noqa: E402

COSTS = Costs(outline=0.25, sum=0.75, merge=0.5, output=0.125)
FAST = 1e9


class ModelTest(unittest.TestCase):
    def test_one_processor_does_all_of_it(self):
        self.assertAlmostEqual(speed(COSTS, THIS_MACHINE, 1), 1 / 1.5)
        self.assertAlmostEqual(speed(COSTS, THIS_MACHINE, 1, merges=False), 1)

    def test_more_nodes_and_processors_share_all_but_the_merge(self):
        self.assertAlmostEqual(speed(COSTS, THIS_MACHINE, 4), 1 / (0.25 + 0.5))
        self.assertAlmostEqual(speed(COSTS, THIS_MACHINE._replace(cores=4), 1), 1 / (0.25 + 0.5))

    def test_links(self):
        """They move the input twice and the output three times."""
        slow = Cluster(cores=1000, link=0.01, file_system=FAST)
        self.assertAlmostEqual(speed(COSTS, slow, 1), 0.01 / 2.375)
        self.assertAlmostEqual(speed(COSTS, slow, 10, merges=False), 0.1 / 2.125)
        self.assertEqual(bound(COSTS, slow, 10, merges=False), 'links')
        self.assertEqual(bound(COSTS, slow, 1000, merges=True), 'merge')

    def test_file_system(self):
        slow = Cluster(cores=1000, link=FAST, file_system=0.01)
        for nodes in 1, 1000:
            self.assertAlmostEqual(speed(COSTS, slow, nodes, merges=False), 0.01 / 2.125)
            self.assertEqual(bound(COSTS, slow, nodes, merges=False), 'file system')


if __name__ == '__main__':
    unittest.main()
