#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tables in rowsum-stream(5) have the fields, members, flags and marks of FORMAT.md, no more and no fewer."""
import os
import re
import unittest
from pathlib import Path

SOURCE_DIR = Path(os.environ.get('ROWSUM_SOURCE_DIR') or Path(__file__).parents[2])

Tables = dict[str, list[list[str]]]  # after each heading, the rows of the first table


def tables_in_document() -> Tables:
    tables: Tables = {}
    rows: list[list[str]] = []
    for line in (SOURCE_DIR / 'common/wire/FORMAT.md').read_text().splitlines():
        if heading := re.match(r'#+ (.*)|\*\*(\w+)\*\*', line):
            rows = tables[heading[1] or heading[2]] = []
        elif not line and rows:
            rows = []  # of a table that is not compared
        elif line.startswith('| ') and '---' not in line:
            rows.append([cell.strip(' `') for cell in line.strip('|').split('|')])
    return tables


def tables_in_page() -> Tables:
    tables: Tables = {}
    for line in (SOURCE_DIR / 'common/wire/rowsum-stream.5').read_text().splitlines():
        if heading := re.fullmatch(r'\.S[sh] (.*)', line):
            rows = tables[heading[1]] = []
        elif line.startswith('.It '):
            rows.append([cell.removeprefix('Sy ').replace(r'\&', '') for cell in line.removeprefix('.It ').split(' Ta ')])
    return tables


class StreamPageTest(unittest.TestCase):
    maxDiff = None
    document = tables_in_document()
    page = tables_in_page()

    def compare(self, in_document: str, in_page: str, columns: int, has_titles: bool = False):
        expected = [row[:columns] for row in self.document[in_document][not has_titles:]]
        self.assertGreater(len(expected), 1)
        self.assertEqual([row[:columns] for row in self.page[in_page]], expected)

    def test_header(self):
        self.compare('Header', 'Header', 3, has_titles=True)

    def test_marks(self):
        frames, marks = self.document['Header'][:2]
        expected = {mark.removeprefix('8f `'): frame for frame, mark in zip(frames[3:], marks[3:])}
        self.assertEqual({row[0]: row[1] for row in self.page['Marks']}, expected)

    def test_flags(self):
        self.compare('Flags', 'Flags', 2)

    def test_details(self):
        for frame, heading in {'hello': 'a hello', 'result': 'a result', 'end': 'an end'}.items():
            with self.subTest(frame):
                self.compare(frame, f'Details of {heading}', 2)

    def test_version(self):
        version = dict((row[2], row[3]) for row in self.document['Header'])['version']
        self.assertEqual(dict((row[2], row[3]) for row in self.page['Header'])['version'], version)


if __name__ == '__main__':
    unittest.main()
