#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every recipe of scripts/RECIPES.md is run by a test."""
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import main  # noqa: E402
from recipes import PAGE, blocks  # noqa: E402


class RecipesTest(unittest.TestCase):
    def test_every_recipe_has_a_test(self):
        page = PAGE.read_text()
        tests = ''.join(path.read_text() for path in Path(__file__).parent.glob('*_test.py'))
        titles = re.findall('^### (.*)', page, re.M)
        self.assertTrue(titles)
        for title in titles:
            self.assertEqual(len(blocks(title)), 1, title)
            self.assertIn(f"'{title}'", tests)
        # No block is outside of the recipes.
        code = [line[4:] for line in page.splitlines() if line.startswith('    ')]
        self.assertEqual(code, [line for title in titles for line in blocks(title)[0].splitlines() if line])


if __name__ == '__main__':
    main()
