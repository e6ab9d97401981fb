#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The model of a cluster."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from cluster import THIS_MACHINE, Cluster, Costs, bound, measured, over_model, speed  # noqa: E402
from results import Results  # noqa: E402

COSTS = Costs(outline=0.25, sum=0.75, merge=0.5, output=0.125)
FAST = 1e9


class ModelTest(unittest.TestCase):
    def test_one_processor_does_all_of_it(self):
        self.assertAlmostEqual(speed(COSTS, THIS_MACHINE, 1), 1 / 1.5)
        self.assertAlmostEqual(speed(COSTS, THIS_MACHINE, 1, merges=False), 1)

    def test_more_nodes_and_processors_share_all_but_the_merge(self):
        self.assertAlmostEqual(speed(COSTS, THIS_MACHINE, 4), 1 / (0.25 + 0.5))
        self.assertAlmostEqual(speed(COSTS, THIS_MACHINE._replace(cores=4), 1), 1 / (0.25 + 0.5))
        self.assertEqual(bound(COSTS, THIS_MACHINE, 1, merges=True), 'processors')
        self.assertEqual(bound(COSTS, THIS_MACHINE, 4, merges=True), 'merge')

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


class MeasuredTest(unittest.TestCase):
    def test_a_speed_is_compared_with_that_of_the_model_for_the_same_file(self):
        results = Results()
        for workload in 'narrow', 'digits x 10':
            for step, spent in zip(('outline', 'sum', 'merge'), COSTS):
                results.add(workload, 'parts, 1 node', f'{step}_cpu_s_gb', spent)
            results.add(workload, 'parts, 1 node', 'output_share', COSTS.output)
        results.add('digits x 10', 'parts, 2 nodes', 'mb_s', 500.0)
        self.assertEqual(measured(results), ['narrow', 'digits x 10'])
        self.assertAlmostEqual(over_model(results, 'digits x 10', 2), 0.5)  # the model has 1 GB/s
        self.assertIsNone(over_model(results, 'narrow', 2))
        self.assertIsNone(over_model(results, 'wide', 1))


if __name__ == '__main__':
    unittest.main()
