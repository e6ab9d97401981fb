#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--format=stream: p3_write writes one stream of results, of which another p3_write makes lines."""
import os
import pty
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import LAUNCHER, Outcome, PipelineTest, main, program, sums  # noqa: E402

ROWS = b''.join(b'%d,%d\n' % (i, i * i) for i in range(20_000))
WITH_REJECTS = ROWS.replace(b'777,', b'x,') + b'1,\n'


class StreamOutputTest(PipelineTest):
    def stream(self, *options, **popen):
        """The stream of a launcher."""
        outcome = self.launcher(None, '--format=stream', *options, **popen)
        self.assertEqual(outcome[1:], ('', 0))
        return outcome.stdout

    def assert_same(self, stream, launcher_options, *options):
        """p3_write makes of the stream what the launcher prints: lines, reports and status."""
        told = self.run_program('p3_write', *options, stdin=stream)
        direct = self.launcher(None, *launcher_options, *options)
        reports = direct.stderr.replace('run_pipeline.sh', 'p3_write')
        self.assertEqual(told, direct._replace(stderr=reports))
        return told

    def test_lines_of_every_form_are_those_of_the_launcher(self):
        self.file('in.csv', ROWS)
        for n in 1, 3:
            run = f'-n{n}', '--batch-size=10K', 'in.csv'
            stream = self.stream(*run)
            for form in (), ('--format=jsonl',), ('--format=tsv', '--crlf'), ('--no-index', '--output-header'):
                self.assertEqual(self.assert_same(stream, run, *form).status, 0)
        self.assertEqual(self.assert_same(stream, run).stdout, sums(ROWS))

    def test_rejects_are_for_the_reader_of_the_stream(self):
        self.file('in.csv', WITH_REJECTS)
        run = '-n3', '--batch-size=10K', 'in.csv'
        stream = self.stream(*run)
        self.assertEqual(self.assert_same(stream, run).status, 65)
        kept = []
        for _ in 'ab':
            told = self.assert_same(stream, run, '--on-error=skip', '--rejects=rejects', '--reports=2')
            self.assertEqual(told.status, 1)
            kept.append((self.work / 'rejects').read_bytes())
            (self.work / 'rejects').unlink()
        self.assertEqual(kept[0].count(b'\n'), 21)

    def test_commands(self):
        self.file('in.csv', b'a,b\n' + ROWS[:3000])
        for options in (['--command=cut -d, -f2'], ['--command=grep 7', '--lines=any'],
                        ['--command=cut -d, -f1', '--header=repeat'],
                        ['--command=cut -d, -f1', '--header=repeat', '--lines=any']):
            run = '-n3', '--batch-size=300', *options, *([] if '--header=repeat' in options else ['--header']), 'in.csv'
            with self.subTest(run):
                self.assertEqual(self.assert_same(self.stream(*run), run).status, 0)

    def test_several_streams_become_one(self):
        self.file('in.csv', ROWS)
        one = self.run_program('p3_write', '--format=stream', *self.summed_parts(3, '--batch-size=10K'))
        self.assertEqual(one[1:], ('', 0))
        self.assertEqual(self.run_program('p3_write', stdin=one.stdout), Outcome(sums(ROWS), '', 0))
        self.assertEqual(self.run_program('p3_write', '--format=stream', stdin=one.stdout), one)

    def test_without_rows(self):
        for data, options in (b'', ()), (b'a,b\n', ('--header',)):
            self.file('in.csv', data)
            self.assertEqual(self.run_program('p3_write', stdin=self.stream(*options, 'in.csv')), Outcome(b'', '', 0))

    def test_every_byte_counts(self):
        """The stream goes through a pipe, and still has checksums."""
        self.file('in.csv', b'1,2\nx\n3,4\n')
        stream = self.stream('in.csv')
        good = self.run_program('p3_write', '--on-error=skip', stdin=stream)
        for at in range(len(stream)):
            damaged = bytearray(stream)
            damaged[at] ^= 0x11
            outcome = self.run_program('p3_write', '--on-error=skip', stdin=bytes(damaged))
            self.assertIn(outcome.status, (65, 69), at)
            self.assertIn(outcome.stdout, (b'', good.stdout), at)

    # --- Runs that fail -------------------------------------------------------------------------------------------

    def test_the_reader_of_the_stream_ends_with_the_same_status(self):
        self.file('in.csv', ROWS + b'"')
        self.file('bad', b'x' * 1000)
        for command, status, reporter in (
                ('run_pipeline.sh --format=stream --batch-size=1K in.csv', 65, 'p1_read'),
                ('run_pipeline.sh --format=stream missing.csv', 66, 'p1_read'),
                ('run_pipeline.sh --format=stream -n x in.csv', 64, 'p1_read'),
                ('run_pipeline.sh --format=stream --crlf in.csv', 64, 'p3_write'),
                ('run_pipeline.sh --format=stream --worker false in.csv', 69, 'p1_read'),
                ('p1_read in.csv | p2_sum | p3_write --format=stream', 65, 'p1_read'),
                ('p1_read missing.csv | p2_sum | p3_write --format=stream', 66, 'p1_read'),
                ('p3_write --format=stream missing', 66, 'p3_write'),
                ('p3_write --format=stream bad', 65, 'p3_write'),
                ('p3_write --format stream --bogus', 64, 'p3_write'),
                ('p3_write --format=stream --reports', 64, 'p3_write'),
                ('p3_write --format=stream --progress=x', 64, 'p3_write')):
            with self.subTest(command):
                outcome = self.shell(f'{command} | p3_write > out; echo "${{PIPESTATUS[*]}}"')
                statuses = outcome.stdout.split()
                self.assertEqual(set(statuses[-2:]), {b'%d' % status})
                self.assertRegex(outcome.stderr.splitlines()[-1], f'^{reporter}: ')
                self.assertNotIn('ended early', outcome.stderr)

    def test_what_is_good_before_the_failure_is_in_the_stream(self):
        data = ROWS + b'"'
        self.file('in.csv', data)
        outcome = self.shell('run_pipeline.sh --format=stream --batch-size=1K in.csv | p3_write')
        self.assertEqual((outcome.stdout, outcome.status), (sums(ROWS), 65))

    def test_no_file_appears_and_nothing_on_standard_output_if_it_has_a_name(self):
        self.file('in.csv', ROWS + b'"')
        self.file('old', b'old')
        for options, status in (['in.csv'], 65), (['missing.csv'], 66), (['--bogus'], 64), (['--crlf'], 64):
            for name in 'new', 'old':
                words = ['p3_write', '--format=stream', '-o', name] if options[0].startswith('-') else \
                    ['run_pipeline.sh', '--format=stream', '-o', name]
                outcome = self.run_program(*words, *options)
                self.assertEqual((outcome.stdout, outcome.status), (b'', status))
        self.assertEqual((self.work / 'old').read_bytes(), b'old')
        self.assertEqual(self.files(), ['in.csv', 'old'])

    def test_a_wrong_command_line_writes_nothing_into_a_file(self):
        with open(self.work / 'out', 'wb') as out:
            self.assertEqual(self.start([program('p3_write'), '--format=stream', '--bogus'], None, out).finish().status, 64)
        self.assertEqual((self.work / 'out').read_bytes(), b'')

    def test_only_who_asks_for_a_stream_gets_one(self):
        for words in (['--bogus'], ['--format=csv', '--bogus'], ['--format=stream', '--format=csv', '--bogus'],
                      ['--bogus', '--', '--format=stream']):
            outcome = self.run_program('p3_write', *words)
            self.assertEqual((outcome.stdout, outcome.status), (b'', 64))

    def test_its_reader_goes_away(self):
        self.file('in.csv', ROWS)
        outcome = self.shell('run_pipeline.sh --format=stream --batch-size=1K in.csv | true; echo ${PIPESTATUS[0]}')
        self.assertIn(outcome.stdout, (b'141\n', b'0\n'))
        self.assertEqual(outcome.stderr, '')

    # --- Wrong usage ----------------------------------------------------------------------------------------------

    def test_options_for_lines_are_refused(self):
        for option in ('--crlf', '--no-index', '--output-delimiter=;', '--output-header', '--unordered',
                       '--on-error=skip', '--on-error=fail', '--rejects=r', '--reports=3', '--resume'):
            name = option.partition('=')[0]
            with self.subTest(option):
                outcome = self.run_program('p3_write', option, '--format=stream', '-o', 'out')
                self.assertEqual(outcome, Outcome(
                    b'', f"p3_write: {name} and --format=stream exclude each other; try 'p3_write --help'\n", 64))
        self.file('in.csv', b'1\n')
        outcome = self.launcher(None, '--resume', '--format=stream', '-o', 'out', 'in.csv')
        self.assertEqual(outcome, Outcome(
            b'', "p3_write: --resume and --format=stream exclude each other; try 'run_pipeline.sh --help'\n", 64))
        self.assertEqual(self.files(), ['in.csv'])

    def test_a_terminal_is_refused(self):
        self.file('in.csv', b'1\n')
        controller, terminal = pty.openpty()
        try:
            run = subprocess.run([LAUNCHER, '--format=stream', 'in.csv'], stdin=subprocess.DEVNULL, stdout=terminal,
                                 stderr=subprocess.PIPE, env=self.env, cwd=self.work, check=False)
            self.assertEqual((run.stderr.decode(), run.returncode), (
                "p3_write: standard output is a terminal, and the stream is for p3_write; try "
                "'run_pipeline.sh --help'\n", 64))
        finally:
            os.close(controller)
            os.close(terminal)


if __name__ == '__main__':
    main()
