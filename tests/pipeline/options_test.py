#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Options: their forms, and what happens to the file given with -o."""
import os
import shutil
import stat
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import BIN_DIR, LAUNCHER, VERSION, Outcome, PipelineTest, main, program  # noqa: E402

ALL = 'p1_read', 'p2_sum', 'p3_write', 'run_pipeline.sh'


def link_programs(directory):
    """Makes a directory of links to all the programs."""
    directory.mkdir()
    for name in ALL:
        (directory / name).symlink_to(program(name))


class FormsTest(PipelineTest):
    def test_help(self):
        for name in ALL:
            outcome = self.run_program(name, '--help')
            self.assertEqual((outcome.stderr, outcome.status), ('', 0))
            self.assertTrue(outcome.stdout.startswith(f'Usage: {name} [OPTION]...'.encode()), outcome.stdout)
            self.assertIn(b'--version', outcome.stdout)
            self.assertLessEqual(max(map(len, outcome.stdout.splitlines())), 100)

    def test_help_names_the_forms_of_compressed_files(self):
        for name in 'p1_read', 'run_pipeline.sh':
            text = self.run_program(name, '--help').stdout
            for form in b'gzip', b'zstd', b'xz', b'bzip2':
                self.assertIn(form, text, name)

    def test_version(self):
        for name in ALL:
            self.assertEqual(self.run_program(name, '--version'),
                             Outcome(f'{name} (row sums) {VERSION}\n'.encode(), '', 0))

    def test_sizes(self):
        for size in '1', '100', '1K', '1k', '1KiB', '2M', '2MiB', '1G':
            for option in '--batch-size', '--max-row':
                self.assertEqual(self.run_program('p1_read', option, size, stdin=b'').status, 0, (option, size))
        for size in '0', '', '-1', '1 K', 'K', '1KB', '1T', '0x10', '1e3', '1.5M', '99999999999999999999', \
            '281474976710657':
            for option in '--batch-size', '--max-row':
                self.assertEqual(self.run_program('p1_read', f'{option}={size}', stdin=b'').status, 64, (option, size))

    def test_a_size_means_what_it_says(self):
        for size, bytes_ in ('1K', 1024), ('1KiB', 1024), ('2k', 2048):
            for more, status in (0, 0), (1, 65):
                outcome = self.run_program('p1_read', f'--max-row={size}', stdin=b'1' * (bytes_ + more) + b'\n')
                self.assertEqual(outcome.status, status)

    def test_numbers_of_workers(self):
        for words, n in ((['-n8'], 8), (['-n', 3], 3), (['--workers=2'], 2), (['--workers', 1], 1), (['-n', '08'], 8),
                         (['-n2', '-n5'], 5), (['-j3'], 3), (['-j', 1], 1), (['--jobs=2'], 2), (['--jobs', 3], 3),
                         (['-n1', '-j2'], 2), ([], min(len(os.sched_getaffinity(0)), 64))):
            run = self.start_half_way(lambda stdin: self.start_launcher(stdin, *words))
            # A place gets its worker with its first batch, and here each row is a batch.
            for row in range(1, 2 * n):
                run.stdin.write(b'1\n')
                self.assertEqual(run.read_line(), b'%d,1\n' % row)
            self.assertEqual(len(self.processes('/p2_sum ')), n, words)
            run.stdin.close()
            self.assertEqual(run.finish(), Outcome(b'', '', 0))

    def test_keep_order(self):
        """It takes back --unordered, and takes no value."""
        for words in ['-k'], ['--keep-order'], ['-k', '-n2', '-k']:
            self.assertEqual(self.launcher(b'1\n2\n', *words), Outcome(b'0,1\n1,2\n', '', 0), words)
        for word, option in ('-k8', '-k'), ('-kj8', '-k'), ('--keep-order=1', '--keep-order'):
            line = f"run_pipeline.sh: option '{option}' takes no value; try 'run_pipeline.sh --help'\n"
            self.assertEqual(self.launcher(b'1\n', word), Outcome(b'', line, 64))
        for words, is_unordered in ((['--unordered'], True), (['--unordered', '-k'], False),
                                    (['-k', '--unordered'], True), (['--keep-order'], False)):
            command = self.launcher(None, '--dry-run', *words).stdout
            self.assertEqual(b' --unordered ' in command, is_unordered, command)
            self.assertEqual(self.launcher(b'1\n2\n', '-n1', *words), Outcome(b'0,1\n1,2\n', '', 0))

    def test_forms_of_the_output(self):
        for words, expected in ((['--format=jsonl', '--crlf'], b'{"index":0,"sum":3}\r\n'),
                                (['--format', 'tsv', '--output-header'], b'index\tsum\n0\t3\n'),
                                (['--output-delimiter', ' '], b'0 3\n'), (['--output-delimiter=tab'], b'0\t3\n')):
            self.assertEqual(self.launcher(b'1,2\n', *words), Outcome(expected, '', 0))
        line = "p3_write: --format: 'xml' is not csv, tsv, jsonl or stream; try 'run_pipeline.sh --help'\n"
        self.assertEqual(self.launcher(b'1\n', '--format=xml'), Outcome(b'', line, 64))

    def test_forms_of_the_launcher(self):
        self.file('in;csv', b'a\n1;2\nx\n')
        for words in (['-n1', '-d;', '--header', '--on-error=skip', '-oout', 'in;csv'],
                      ['in;csv', '-n', 1, '-d', ';', '--header', '--on-error', 'skip', '-o', 'out'],
                      ['--workers=1', '--delimiter=;', '--on-error=skip', '--header', '--output=out', '--', 'in;csv']):
            self.assertEqual(self.launcher(None, *words).status, 1)
            self.assertEqual((self.work / 'out').read_bytes(), b'0,3\n')
            (self.work / 'out').unlink()


    def test_files_in_any_place(self):
        for name, data in ('a', b'1\n'), ('-b', b'2\n'), ('--', b'4\n'):
            self.file(name, data)
        for words in (['a', '-n1', '-', '--no-index', '--', '-b', 'a', '--'],
                      ['-n1', '--no-index', 'a', '-', './-b', 'a', './--']):
            self.assertEqual(self.launcher(b'3\n', *words), Outcome(b'1\n3\n2\n1\n4\n', '', 0), words)
        self.assertEqual(self.launcher(b'3\n', '-n1', '--'), Outcome(b'0,3\n', '', 0))
        self.assertEqual(self.launcher(b'3\n', '-n1', ''), Outcome(b'', 'p1_read: : No such file or directory\n', 66))

    def test_the_last_value_counts(self):
        self.file('in.csv', b'a\n1;2\nx\n')
        p1 = ['-d,', '--header', '--max-row=1', '--delimiter', ':', '-d;', '--header', '--max-row', '1M']
        p3 = ['--on-error', 'skip', '-o', 'wrong', '--crlf', '--on-error=fail', '-oout', '--crlf', '--on-error=skip']
        for run, status in ((lambda: self.chain(None, [*p1, 'in.csv'], p3), (0, 0, 1)),
                            (lambda: self.launcher(None, *p3, *p1, '-n', 1, 'in.csv'), 1)):
            self.assertEqual(run().status, status)
            self.assertEqual((self.work / 'out').read_bytes(), b'0,3\r\n')
            (self.work / 'out').unlink()
            self.assertEqual(self.files(), ['in.csv'])


class OddWordsTest(PipelineTest):
    """What a shell would take for something else is handed on as it is."""
    WORDS = [' ', 'a b', "'", "it's", "'a''b'", '"', '"a"', '\n', 'a\nb\n', '\t', '\\', '\\\\', '\\n', "\\'", 'a\\\n',
             '$HOME', '$$', '$(touch bad)', '`touch bad`', '*', '?', '[a]', '~', '#a', 'a;b', '&', '|', '<a', '>a',
             '(a)', '{a,b}', '!', '%s', 'a=b', '=', '-x', '-n', '--', '--crlf', '--crlf=1', '\u00e4',
             os.fsdecode(bytes(set(range(1, 128)) - {ord('/')})), os.fsdecode(bytes(range(128, 256)))]

    def test_names_of_files(self):
        for word in self.WORDS:
            for out, rejects in (['-o', word], ['--rejects=r' + word]), (['-o' + word], ['--rejects', 'r' + word]), \
                    (['--output', word], ['--rejects=r' + word]), (['--output=' + word], ['--rejects', 'r' + word]):
                with self.subTest(out + rejects):
                    self.file('i' + word, b'1\nx\n')
                    outcome = self.launcher(None, '-n', 1, '--on-error=skip', *out, *rejects, 'i' + word)
                    self.assertEqual((outcome.stdout, outcome.status), (b'', 1), outcome)
                    self.assertEqual(self.files(), sorted([word, 'i' + word, 'r' + word]))
                    self.assertEqual((self.work / word).read_bytes(), b'0,1\n')
                    self.assertEqual((self.work / ('r' + word)).read_bytes(), b'x\n')
                    for name in self.files():
                        (self.work / name).unlink()

    def test_operands(self):
        for word in self.WORDS:
            self.file(word, b'1\n')
            self.assertEqual(self.launcher(None, '-n', 1, '--', word, word), Outcome(b'0,1\n1,1\n', '', 0), word)

    def test_delimiters(self):
        for byte in set(range(1, 256)) - set(b'"\r\n1234'):
            delimiter = os.fsdecode(bytes([byte]))
            with self.subTest(delimiter):
                data = os.fsencode(f'1{delimiter}2\n"3"{delimiter}4')
                self.assertEqual(self.launcher(data, '-n1', '-d', delimiter), Outcome(b'0,3\n1,7\n', '', 0))

    def test_a_directory_of_programs(self):
        for word in self.WORDS:
            directory = self.directory / ('d' + word)
            link_programs(directory)
            with self.subTest(word):
                command = [directory / 'run_pipeline.sh', '-n1', '--worker', directory / 'p2_sum']
                self.assertEqual(self.start(command, b'1\n').finish(), Outcome(b'0,1\n', '', 0))


class DryRunTest(PipelineTest):
    """--dry-run prints the command that would run."""

    def run_and_tidy(self, *command):
        """The outcome, and the files that the command has made, which are removed."""
        outcome = self.start(command, b'5\n').finish()
        made = {name: (self.work / name).read_bytes() for name in self.files() if name not in self.inputs}
        for name in made:
            (self.work / name).unlink()
        return outcome, made

    def test_a_shell_does_with_it_what_the_launcher_does(self):
        self.inputs = ['in.csv', '-i', *(f'i{word}' for word in OddWordsTest.WORDS)]
        for name in self.inputs:
            self.file(name, b'1;2\nx\n3')
        for words in ([], ['-'], ['in.csv'], ['-d', ';', '--header', 'in.csv', '-', '--no-index', '--', '-i'],
                      ['-o', 'out', '--resume', '--on-error=skip', '-d;', '-n', 1, 'in.csv'], ['missing.csv'], [''],
                      ['-n', 'x'], ['-d', "'"], ['--worker', f"nice '{program('p2_sum')}'", '--retries=0'],
                      *(['--on-error=skip', '-d;', '-o', f'o{word}', f'--rejects=r{word}', f'i{word}']
                        for word in OddWordsTest.WORDS)):
            with self.subTest(words):
                dry, made = self.run_and_tidy(LAUNCHER, '--dry-run', *words)
                self.assertEqual((dry.stderr, dry.status, made), ('', 0, {}))
                direct = self.run_and_tidy(LAUNCHER, *words)
                for shell in 'sh', 'bash':
                    self.assertEqual(self.run_and_tidy(shell, '-c', dry.stdout), direct, dry.stdout)

    def test_only_what_needs_quotes_has_them(self):
        link_programs(self.work / 'bin')
        words = ['-n2', '-o', 'a/b-1.csv', '-d;', 'in.csv', "it's", '--dry-run']
        expected = b"bin/p3_write --reader --output=a/b-1.csv -- bin/p1_read --workers=auto --workers=2 " \
            b"--delimiter=';' -- in.csv 'it'\\''s'\n"
        self.assertEqual(self.start(['bin/run_pipeline.sh', *words]).finish(), Outcome(expected, '', 0))

    def test_what_is_handed_on(self):
        link_programs(self.work / 'bin')
        for words, handed_on in ((['-f1,3'], '--fields=1,3'), (['-f', '2-'], '--fields=2-'),
                                 (['--fields', "a b,it's"], "--fields='a b,it'\\''s'"),
                                 (['--complement'], '--complement'), (['--empty', 'zero'], '--empty=zero'),
                                 (['--header'], '--header'), (['--header=repeat'], '--header=repeat'),
                                 (['--header='], "--header=''"),
                                 (['--command', 'bc -l'], "--command='bc -l'"), (['--coprocess=-x'], '--coprocess=-x'),
                                 (['--lines', 'all'], '--lines=all'), (['--one-line'], '--one-line')):
            outcome = self.start(['bin/run_pipeline.sh', '--dry-run', *words, 'in.csv']).finish()
            expected = f'bin/p3_write --reader -- bin/p1_read --workers=auto {handed_on} -- in.csv\n'
            self.assertEqual(outcome, Outcome(expected.encode(), '', 0), words)

    def test_a_name_that_looks_like_an_assignment(self):
        link_programs(self.work / 'a=b')
        command = self.start(['a=b/run_pipeline.sh', '--dry-run']).finish().stdout
        self.assertEqual(self.start(['sh', '-c', command], b'5\n').finish(), Outcome(b'0,5\n', '', 0), command)

    def test_nothing_is_started_or_opened(self):
        self.fifo('in')  # whoever opens it waits
        outcome = self.shell('run_pipeline.sh --dry-run -o out in - >command; cat', b'5\n')
        self.assertEqual((outcome, self.files()), (Outcome(b'5\n', '', 0), ['command', 'in']))

    def test_wrong_usage(self):
        self.file('in.csv', b'1\n')
        for words in ['--bogus'], ['-n'], ['--dry-run=1'], ['-o', 'in.csv', 'in.csv'], ['--resume', 'in.csv']:
            outcome = self.launcher(None, '--dry-run', *words)
            self.assertEqual((outcome.stdout, outcome.stderr.count('\n'), outcome.status), (b'', 1, 64), outcome)

    def test_output_that_cannot_be_written(self):
        for output in '>/dev/full', '>&-':
            self.assertEqual(self.shell(f'run_pipeline.sh --dry-run {output}'),
                             Outcome(b'', 'run_pipeline.sh: standard output: cannot write\n', 74))


class LauncherTest(PipelineTest):
    """Where the launcher finds the programs."""

    def test_by_a_link_from_anywhere(self):
        self.file('in.csv', b'1\n')
        (self.work / 'sums').symlink_to(LAUNCHER)
        for command in './sums', self.work / 'sums':
            self.assertEqual(self.start([command, '-n', 2, 'in.csv']).finish(), Outcome(b'0,1\n', '', 0))
        (self.work / 'p1_read').mkdir()  # as in the source tree
        self.assertEqual(self.start(['./sums', '-n', 2, 'in.csv']).finish(), Outcome(b'0,1\n', '', 0))

    def test_a_copy_without_the_programs(self):
        copy = shutil.copy(LAUNCHER, self.work / 'copy.sh')
        path = '/usr/bin:/bin'
        if shutil.which('p1_read', path=path):
            self.skipTest('they are installed there')
        outcome = self.start([copy, '-n', 2], b'1\n', env={**self.env, 'PATH': path}).finish()
        self.assertEqual(outcome, Outcome(b'', 'copy.sh: p3_write is neither beside this script nor in PATH\n', 71))
        env = {**self.env, 'PATH': f'{BIN_DIR}:{path}'}
        self.assertEqual(self.start([copy, '-n', 2], b'1\n', env=env).finish(), Outcome(b'0,1\n', '', 0))

    def test_rejects_do_not_replace_an_input(self):
        self.file('in.csv', b'1\nx\n')
        (self.work / 'link').symlink_to('in.csv')
        outcome = self.launcher(None, '--on-error=skip', '--rejects=link', 'in.csv')
        line = "run_pipeline.sh: --rejects: 'link' is an input; try 'run_pipeline.sh --help'\n"
        self.assertEqual(outcome, Outcome(b'', line, 64))
        self.assertEqual((self.work / 'in.csv').read_bytes(), b'1\nx\n')

    def test_an_empty_value(self):
        for option in '--delimiter', '-d', '-o', '--deal', '--batch-size', '--on-error', '-n', '-j', '--jobs':
            line = f"run_pipeline.sh: option '{option}' needs a value; try 'run_pipeline.sh --help'\n"
            self.assertEqual(self.launcher(b'1\n', option, ''), Outcome(b'', line, 64))
            if option.startswith('--'):
                self.assertEqual(self.launcher(b'1\n', f'{option}='), Outcome(b'', line, 64))


class OutputTest(PipelineTest):
    def setUp(self):
        super().setUp()
        self.file('in.csv', b'1\n2\n')
        self.expected = b'0,1\n1,2\n'

    def runs(self, out, *options, **popen):
        """Functions that run the end of a chain and the launcher and return the outcome."""
        self.shell('p1_read in.csv | p2_sum >results')
        yield lambda: self.run_program('p3_write', '-o', out, *options, 'results', **popen)
        yield lambda: self.launcher(None, '-n', 2, '-o', out, *options, 'in.csv', **popen)

    def test_a_new_file(self):
        before = os.umask(0o027)
        self.addCleanup(os.umask, before)
        for run in self.runs('out'):
            self.assertEqual(run(), Outcome(b'', '', 0))
            self.assertEqual((self.work / 'out').read_bytes(), self.expected)
            self.assertEqual(stat.S_IMODE((self.work / 'out').stat().st_mode), 0o640)
            (self.work / 'out').unlink()

    def test_an_old_file_is_replaced_whole(self):
        for run in self.runs('out'):
            old = self.file('out', b'old\n' * 100)
            old.chmod(0o604)
            with open(old, 'rb') as opened:
                self.assertEqual(run(), Outcome(b'', '', 0))
                self.assertEqual(opened.read(), b'old\n' * 100)  # a reader of the old file goes on reading that
            self.assertEqual(old.read_bytes(), self.expected)
            self.assertEqual(stat.S_IMODE(old.stat().st_mode), 0o604)
            self.assertEqual(sorted(os.listdir(self.work)), ['in.csv', 'out', 'results'])

    def test_a_symbolic_link_keeps_pointing(self):
        (self.work / 'there').mkdir()
        link = self.work / 'link'
        link.symlink_to('there/out')
        for run in self.runs('link'):
            self.file('there/out', b'old\n')
            self.assertEqual(run(), Outcome(b'', '', 0))
            self.assertTrue(link.is_symlink())
            self.assertEqual((self.work / 'there/out').read_bytes(), self.expected)
            self.assertEqual(os.listdir(self.work / 'there'), ['out'])

    def test_a_symbolic_link_to_nothing_yet(self):
        link = self.work / 'link'
        link.symlink_to('target')
        for run in self.runs('link'):
            self.assertEqual(run(), Outcome(b'', '', 0))
            self.assertTrue(link.is_symlink())
            self.assertEqual((self.work / 'target').read_bytes(), self.expected)
            (self.work / 'target').unlink()

    def test_the_input_itself(self):
        """The launcher knows the input and the output, and refuses this. In the chain p3_write cannot know it."""
        file = self.file('in.csv', b'1\n2\n')
        (self.work / 'link').symlink_to('in.csv')
        for command in 'in.csv -o in.csv', '-o link in.csv', '-o in.csv <in.csv', '-o in.csv - <in.csv', \
                '-o in.csv --resume in.csv', 'link --on-error=skip --rejects=in.csv':
            outcome = self.shell(f'run_pipeline.sh -n 2 {command}')
            self.assertEqual((outcome.stdout, outcome.status, file.read_bytes()), (b'', 64, b'1\n2\n'), command)
            self.assertRegex(outcome.stderr, r"^run_pipeline.sh: --(output|rejects): '\w+(.csv)?' is an input; try .*\n$")
        self.assertEqual(self.shell('p1_read in.csv | p2_sum | p3_write -o in.csv'), Outcome(b'', '', 0))
        self.assertEqual(file.read_bytes(), self.expected)

    def test_a_fifo_is_written_directly(self):
        fifo = self.fifo('out')
        for run in self.runs('out'):
            got = []
            reader = threading.Thread(target=lambda: got.append(fifo.read_bytes()), daemon=True)
            reader.start()
            self.assertEqual(run(), Outcome(b'', '', 0))
            reader.join(10)
            self.assertEqual(got, [self.expected])
            self.assertTrue(fifo.is_fifo())

    def test_a_fifo_whose_reader_comes_late(self):
        """A program that could end before that waits with its output."""
        fifo = self.fifo('out')
        for run in self.runs('out'):
            got = []
            reader = threading.Timer(1, lambda: got.append(fifo.read_bytes()))
            reader.start()
            self.assertEqual(run(), Outcome(b'', '', 0))
            reader.join(10)
            self.assertEqual(got, [self.expected])

    def test_devices_are_written_directly(self):
        for run in self.runs('/dev/null'):
            self.assertEqual(run(), Outcome(b'', '', 0))
        self.assertTrue(Path('/dev/null').is_char_device())
        for run in self.runs('/dev/stdout'):
            self.assertEqual(run(), Outcome(self.expected, '', 0))

    def test_standard_output_by_its_name_keeps_what_is_there(self):
        for command in 'p3_write -o /dev/stdout results', 'run_pipeline.sh -n 2 -o /dev/stdout in.csv':
            self.shell('p1_read in.csv | p2_sum >results')
            for redirected in '>>out', '>out':
                with self.subTest(command, redirected=redirected):
                    self.file('out', b'old\n')
                    self.assertEqual(self.shell(f'{{ echo first; {command}; }} {redirected}').status, 0)
                    old = b'old\n' if redirected == '>>out' else b''
                    self.assertEqual((self.work / 'out').read_bytes(), old + b'first\n' + self.expected)

    def test_a_hyphen_is_standard_output(self):
        for run in self.runs('-'):
            self.assertEqual(run(), Outcome(self.expected, '', 0))
            self.assertEqual(self.files(), ['in.csv', 'results'])

    def test_a_hyphen_is_standard_output_for_rejects(self):
        self.file('in.csv', b'1\nx\n2\n')
        for run in self.runs('out', '--on-error=skip', '--rejects=-'):
            outcome = run()
            self.assertEqual((outcome.stdout, outcome.status), (b'x\n', 1), outcome)
            self.assertEqual((self.work / 'out').read_bytes(), b'0,1\n2,2\n')
            self.assertEqual(self.files(), ['in.csv', 'out', 'results'])
        for run in self.runs('./-', '--on-error=skip', '--rejects=-'):  # ./- is a file
            outcome = run()
            self.assertEqual((outcome.stdout, outcome.status), (b'x\n', 1), outcome)
            self.assertEqual((self.work / '-').read_bytes(), b'0,1\n2,2\n')

    def test_an_empty_name_is_no_name(self):
        self.shell('p1_read in.csv | p2_sum >results')
        for words in ['p3_write', '-o', '', 'results'], ['run_pipeline.sh', '-n', 2, '-o', '', 'in.csv']:
            with self.subTest(words):
                outcome = self.run_program(*words)
                self.assertEqual((outcome.stdout, outcome.stderr.count('\n')), (b'', 1), outcome)
                self.assertIn(outcome.status, (64, 73))

    def test_a_failure_leaves_no_file(self):
        self.file('in.csv', b'1\nx\n')
        for run in self.runs('out'):
            self.assertEqual(run().status, 65)
            self.assertFalse((self.work / 'out').exists())
            old = self.file('out', b'old\n')
            self.assertEqual(run().status, 65)
            self.assertEqual(old.read_bytes(), b'old\n')
            old.unlink()

    def test_rejects_appear_with_the_output(self):
        self.file('in.csv', b'1\nx\n')
        outcome = self.launcher(None, '-n', 2, '-o', 'out', '--on-error=skip', '--rejects=rejects', 'in.csv')
        self.assertEqual(outcome.status, 1)
        self.assertEqual((self.work / 'out').read_bytes(), b'0,1\n')
        self.assertEqual((self.work / 'rejects').read_bytes(), b'x\n')


if __name__ == '__main__':
    main()
