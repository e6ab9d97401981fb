#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The forms of the output: --format, --output-delimiter, --output-header, --no-index and --crlf."""
import csv
import io
import itertools
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import Outcome, PipelineTest, main, program, sums  # noqa: E402
from reference import reference  # noqa: E402

TABLES = {('--format=csv',): ',', ('--format=tsv',): '\t', ('--output-delimiter=;',): ';',
          ('--output-delimiter=\\t',): '\t', ('--output-delimiter', 'tab'): '\t'}
SWITCHES = '--output-header', '--no-index', '--crlf'


def table(lines: bytes, delimiter: str, switches: tuple[str, ...]) -> bytes:
    """The lines "index,sum" as Python's csv.writer writes them."""
    rows = [line.split(',') for line in lines.decode().splitlines()]
    if '--output-header' in switches:
        rows.insert(0, ['index', 'sum'])
    text = io.StringIO()
    end = '\r\n' if '--crlf' in switches else '\n'
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(
        row[1:] if '--no-index' in switches else row for row in rows)
    return text.getvalue().encode()


def objects(lines: bytes, switches: tuple[str, ...]) -> bytes:
    """The lines "index,sum" as JSON."""
    end = '\r\n' if '--crlf' in switches else '\n'
    text = ''
    for line in lines.decode().splitlines():
        row = dict(zip(('index', 'sum'), map(int, line.split(','))))
        if '--no-index' in switches:
            del row['index']
        text += json.dumps(row, separators=(',', ':')) + end
    return text.encode()


class FormsTest(PipelineTest):
    def setUp(self):
        super().setUp()
        self.data = (b'1,2\n-3\n\n%s\n"x",1\n0\n' % (b'9' * 60)) + b'7,8\n' * 2000
        self.file('in.csv', self.data)
        self.lines = reference(self.data).lines

    def runs(self, *options, stdin=None, p1=('in.csv',)):
        """The outcomes of p3_write behind a chain, and with workers."""
        yield self.chain(stdin, p1, options)._replace(stderr='')
        for n in 1, 3:
            yield self.with_workers(n, *options, stdin=stdin, p1=p1)._replace(stderr='')

    def with_workers(self, n, *options, stdin=None, p1=('in.csv',)):
        return self.run_program('p3_write', '--reader', *options, '--', program('p1_read'), f'--workers={n}',
                                *p1, stdin=stdin)

    def check(self, expected, *options):
        for size in '1M', '100':
            for outcome in self.runs('--on-error=skip', *options, p1=(f'--batch-size={size}', 'in.csv')):
                self.assertEqual((outcome.stdout, outcome.status), (expected, outcome.status), options)
                self.assertIn(outcome.status, (1, (0, 0, 1)))

    def test_tables(self):
        self.assertEqual(table(self.lines, ',', ()), self.lines)
        for form, delimiter in TABLES.items():
            for switches in SWITCHES, SWITCHES[:1], SWITCHES[1:], ():
                self.check(table(self.lines, delimiter, switches), *form, *switches)

    def test_jsonl(self):
        for switches in ('--no-index', '--crlf'), ('--no-index',), ('--crlf',), ():
            self.check(objects(self.lines, switches), '--format=jsonl', *switches)

    def test_a_large_file(self):
        data = self.generate('in.csv', '--workload', 'narrow', '--rows', 300000).read_bytes()
        lines = sums(data)
        for form, expected in (['--format=jsonl'], objects(lines, ())), (['--output-header'], b'index,sum\n' + lines):
            for outcome in self.runs(*form):
                self.assertTrue(outcome.stdout == expected, form)

    def test_a_header_without_rows(self):
        for data in b'', b'a,b\n':
            for outcome in self.runs('--output-header', stdin=data, p1=['--header']):
                self.assertEqual(outcome.stdout, b'index,sum\n')
        for outcome in self.runs('--format=jsonl', stdin=b'', p1=[]):
            self.assertEqual(outcome.stdout, b'')

    def test_no_header_without_an_input(self):
        for outcome in self.runs('--output-header', p1=['no.csv']):
            self.assertEqual((outcome.stdout, outcome.status), (b'', outcome.status))
            self.assertIn(outcome.status, (66, (66, 66, 66)))

    def test_a_header_before_rows_that_are_not_integers(self):
        for outcome in self.runs('--output-header', stdin=b'x\n', p1=[]):
            self.assertEqual(outcome.stdout, b'index,sum\n')

    def test_a_run_that_goes_on_writes_no_second_header(self):
        """A run that fails is gone on with, and fails once more."""
        data = b'1,2\n' * 40000 + b'1,x\n' + b'1\n' * 100
        self.file('in.csv', data)
        lines = sums(b'1,2\n' * 40000)
        for options, expected in ((['--output-header'], b'index,sum\n' + lines),
                                  (['--output-header', '--format=tsv', '--crlf'], table(lines, '\t', SWITCHES[::2]))):
            for _ in range(3):
                outcome = self.resumed(*options)
                self.assertEqual((outcome.stdout, outcome.status), (b'', 65))
                self.assertIn('row 40000, field 2', outcome.stderr)
                self.assertTrue((self.work / 'out.partial').read_bytes() == expected, options)
            self.assertRegex((self.work / 'out.journal').read_bytes(), rb'\nrow (39\d\d\d|40000)\n')
            (self.work / 'out.journal').unlink()

    def test_a_run_in_another_form_does_not_go_on(self):
        self.file('in.csv', b'1,2\n' * 40000 + b'1,x\n')
        forms = {'': [], ' --format=jsonl': ['--format=jsonl'], ' --output-delimiter=\\t': ['--format=tsv'],
                 ' --output-delimiter=;': ['--output-delimiter=;'], ' --output-header': ['--output-header']}
        for (before, first), (after, second) in itertools.permutations(forms.items(), 2):
            self.assertEqual(self.resumed(*first).status, 65)
            state = [(self.work / name).read_bytes() for name in ('out.journal', 'out.partial')]
            refused = (f'p3_write: out.journal: of a run with --on-error=fail{before} and not '
                       f'--on-error=fail{after}; remove it to begin anew\n')
            self.assertEqual(self.resumed(*second), Outcome(b'', refused, 65))
            self.assertEqual([(self.work / name).read_bytes() for name in ('out.journal', 'out.partial')], state)
            (self.work / 'out.journal').unlink()

    def resumed(self, *options):
        return self.with_workers(2, '--resume', '--output=out', *options,
                                 p1=('--resume', '--batch-size=200', 'in.csv'))

    def test_a_worker_that_sends_no_sums(self):
        """Its lines would be no JSON. In other forms they are as good as any."""
        batches = self.run_program('p1_read', stdin=b'1,2\n3,4\n').stdout
        results = self.run_program('p2_sum', stdin=batches).stdout.replace(b'1,7\n', b'1,x\n')
        said = 'p3_write: standard input: a result whose lines are not "index,sum"\n'
        self.assertEqual(self.run_program('p3_write', '--format=jsonl', stdin=results), Outcome(b'', said, 65))
        self.assertEqual(self.run_program('p3_write', '--format=tsv', stdin=results), Outcome(b'0\t3\n1\tx\n', '', 0))

    def test_wrong_usage(self):
        delimiter = "--output-delimiter: '{}' is not one byte other than a quote or a row end".format
        exclusion = '{} and {} exclude each other'.format
        for words, said in (
                ('--format=json', "--format: 'json' is not csv, tsv, jsonl or stream"),
                ('--format=jsonl --output-header', exclusion('--output-header', '--format=jsonl')),
                ('--format=jsonl --output-delimiter=,', exclusion('--output-delimiter', '--format=jsonl')),
                ('--format=tsv --output-delimiter=;', exclusion('--output-delimiter', '--format=tsv')),
                ('--output-delimiter=;;', delimiter(';;')), ('--output-delimiter=Tab', delimiter('Tab')),
                ('--output-delimiter="', delimiter('"')), ('--output-delimiter=\n', delimiter('\\n')),
                ('--output-delimiter=\r', delimiter('\\r')), ('--output-delimiter=\u00e9', delimiter('\u00e9'))):
            outcome = self.run_program('p3_write', *words.split(' '), stdin=b'')
            self.assertEqual(outcome, Outcome(b'', f"p3_write: {said}; try 'p3_write --help'\n", 64))


if __name__ == '__main__':
    main()
