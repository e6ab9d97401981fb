#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""GitHub runs .ci/run in a container with Debian 12, and nothing else."""
import os
import unittest
from pathlib import Path

try:
    import yaml
except ImportError:
    yaml = None

SOURCE_DIR = Path(os.environ.get('ROWSUM_SOURCE_DIR') or Path(__file__).parents[2])


@unittest.skipUnless(yaml, 'python3-yaml is not installed')
class CiFileTest(unittest.TestCase):
    def test_it_runs_the_checks(self):
        job, = yaml.safe_load((SOURCE_DIR / '.github/workflows/ci.yml').read_text())['jobs'].values()
        self.assertEqual(job['container'], 'debian:12')
        checkout, check = job['steps']
        self.assertTrue(checkout['uses'].startswith('actions/checkout@'))
        self.assertEqual(check, {'run': '.ci/run'})
        self.assertTrue(os.access(SOURCE_DIR / check['run'], os.X_OK))


if __name__ == '__main__':
    unittest.main()
