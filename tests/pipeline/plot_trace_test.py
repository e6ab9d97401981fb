#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""scripts/plot_trace.sh: pictures of traces."""
import json
import re
import shutil
import sys
import unittest
import xml.etree.ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from fragile import FragileTest, rows  # noqa: E402
from pipeline import SOURCE_DIR, Outcome, main  # noqa: E402

PLOT = SOURCE_DIR / 'scripts/plot_trace.sh'


@unittest.skipUnless(shutil.which('gnuplot'), 'there is no gnuplot')
class PlotTraceTest(FragileTest):
    def plot(self, *words):
        return self.start([PLOT, *words]).finish()

    def texts_in(self, name):
        """The texts in an SVG file."""
        root = xml.etree.ElementTree.parse(self.work / name).getroot()
        return [''.join(element.itertext()).strip() for element in root.iter() if element.tag.endswith('}text')]

    def bars_in(self, name, colour):
        return len(re.findall(rf"<polygon fill *= *'rgb\( *{colour}\)'", (self.work / name).read_text()))

    def traced(self, *options, name='trace', **settings):
        run = self.fragile if settings else self.launcher
        outcome = run(self.file('in.csv', b''.join(rows(400))), '-n', 2, '--batch-size=1K', '--trace', name, *options,
                      **settings)
        self.assertEqual(outcome.status, 0)

    def event(self, name, ts, dur, tid=1):
        return {'name': name, 'ph': 'X', 'pid': 2, 'tid': tid, 'ts': ts, 'dur': dur, 'args': {}}

    def test_a_trace(self):
        self.traced()
        for name in 'a picture.svg', "it's.svg":
            self.assertEqual(self.plot('trace', name), Outcome(b'', '', 0))
            texts = self.texts_in(name)
            for text in 'trace', 'p1_read', 'place 0', 'place 1', 'p3_write', 'batch', 'scan', 'seconds':
                self.assertIn(text, texts)
            for text in 'death', 'undone', 'place 2':
                self.assertNotIn(text, texts)

    def test_a_bar_for_each_event(self):
        """Two shades alternate."""
        self.file('trace', json.dumps([
            {'name': 'thread_name', 'ph': 'M', 'pid': 2, 'tid': 1, 'args': {'name': 'place 0'}},
            *(self.event('batch', 1e6 * at, 0.9e6) for at in range(5)), self.event('undone', 6e6, 1e6)]).encode())
        self.assertEqual(self.plot('trace', 'x.svg'), Outcome(b'', '', 0))
        in_key = 1
        self.assertEqual([self.bars_in('x.svg', colour) for colour in (' 31, 119, 180', ' 95, 162, 206', '214,  39,  40')],
                         [3 + in_key, 2, 1 + in_key])

    def test_deaths(self):
        self.traced(point='got_batch', number=1, lives=1, place=1)
        self.assertEqual(self.plot('trace', 'x.svg'), Outcome(b'', '', 0))
        for text in 'death', 'undone':
            self.assertIn(text, self.texts_in('x.svg'))

    def test_several_traces_with_titles(self):
        for name in 'one', 'two', 'three':
            self.traced(name=name)
        self.assertEqual(self.plot('--title', "it's {a}_1", '--title=second', 'one', 'two', 'three', 'x.svg'),
                         Outcome(b'', '', 0))
        texts = self.texts_in('x.svg')
        for text in "it's {a}_1", 'second', 'three':
            self.assertEqual(texts.count(text), 1, text)
        self.assertEqual((texts.count('place 1'), texts.count('seconds'), texts.count('batch')), (3, 1, 1))

    def test_png(self):
        self.traced()
        self.assertEqual(self.plot('trace', '--width', 500, 'x.png'), Outcome(b'', '', 0))
        data = (self.work / 'x.png').read_bytes()
        self.assertEqual((data[:8], int.from_bytes(data[16:20], 'big')), (b'\x89PNG\r\n\x1a\n', 500))

    def test_traces_that_are_cut_or_closed(self):
        self.traced()
        text = (self.work / 'trace').read_bytes()
        for name, data in ('cut', text[:-20]), ('closed', text + b']\n'), ('strict', text.rstrip(b',\n') + b'\n]\n'):
            self.file(name, data)
            self.assertEqual(self.plot(name, 'x.svg'), Outcome(b'', '', 0), name)
            self.assertIn('place 1', self.texts_in('x.svg'))

    def test_help(self):
        outcome = self.plot('--help')
        self.assertEqual((outcome.stderr, outcome.status), ('', 0))
        self.assertTrue(outcome.stdout.startswith(b'Usage: plot_trace.sh [OPTION]... TRACE... PICTURE\n'))

    def test_what_is_refused(self):
        self.file('in.csv', b'1,2\n')
        self.file('binary', b'\xff\xfe')
        self.file('empty', b'')
        self.file('begun', b'[\n')
        self.traced()
        for words, line, status in (([], 'a trace and a picture are needed', 64),
                                    (['trace'], 'a trace and a picture are needed', 64),
                                    (['trace', 'x.gif'], "the picture 'x.gif' is neither .svg nor .png", 64),
                                    (['--bogus', 'trace', 'x.svg'], "unrecognised option '--bogus'", 64),
                                    (['trace', 'x.svg', '--title'], "option '--title' needs a value", 64),
                                    (['--width=0', 'trace', 'x.svg'], "--width: '0' is not 100 to 9999", 64),
                                    (['missing', 'x.svg'], 'missing: No such file or directory', 66),
                                    (['in.csv', 'x.svg'], 'in.csv: no trace', 65),
                                    (['binary', 'x.svg'], 'binary: no trace', 65),
                                    (['empty', 'x.svg'], 'empty: no trace', 65),
                                    (['begun', 'x.svg'], 'begun: no trace', 65),
                                    (['trace', 'no/x.svg'], 'no/x.svg: cannot be created', 73)):
            hint = "; try 'plot_trace.sh --help'" if status == 64 else ''
            self.assertEqual(self.plot(*words), Outcome(b'', f'plot_trace.sh: {line}{hint}\n', status), words)
        self.assertNotIn('x.svg', self.files())


if __name__ == '__main__':
    main()
