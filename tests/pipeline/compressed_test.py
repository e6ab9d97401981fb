#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compressed files, which p1_read reads through the programs that decompress them."""
import bz2
import gzip
import lzma
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import Outcome, PipelineTest, main, program, sums  # noqa: E402

MIB = 1 << 20

# How files are made, and what reads them, by the ends of their names.
COMPRESSORS = {'gz': ['gzip', '-c'], 'zst': ['zstd', '-qc'], 'xz': ['xz', '-c'], 'bz2': ['bzip2', '-c']}
READERS = {'gz': ['pigz', 'gzip'], 'zst': ['zstd'], 'xz': ['xz'], 'bz2': ['bzip2']}
PROGRAMS = {'gzip', 'pigz', 'zstd', 'pzstd', 'xz', 'bzip2', 'lbzip2'}
WAYS = [(end, reader) for end, readers in READERS.items() for reader in readers]

ROWS = b''.join(b'%d,%d\n' % (row, row * row % 9973) for row in range(150000))
# A text that is longer than all that can be on its way while the output is not read.
LONG_ROW, LONG_COUNT = b'1,' * 50 + b'1\n', 400000


def compressed(end, data, *command):
    return subprocess.run(command or COMPRESSORS[end], input=data, stdout=subprocess.PIPE, check=True).stdout


class CompressedTest(PipelineTest):
    def only(self, *names):
        """From now on no program is in PATH but these."""
        directory = self.directory / 'only these'
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        for name in names:
            (directory / name).symlink_to(shutil.which(name))
        self.env['PATH'] = str(directory)

    def install(self, reader):
        """From now on the programs for compressed files are in PATH, but not those that come before this one."""
        self.only(*(PROGRAMS - {'pigz'} if reader == 'gzip' else PROGRAMS))

    def only_script(self, name, script):
        """From now on this program is the only one in PATH."""
        self.only()
        path = Path(self.env['PATH'], name)
        path.write_text(f'#!/bin/sh\n{script}\n')
        path.chmod(0o755)

    def compressed_file(self, name, data, *command):
        return self.file(name, compressed(name.rpartition('.')[2], data, *command))

    def long_file(self):
        return self.compressed_file('in.csv.gz', LONG_ROW * LONG_COUNT, 'gzip', '-1c')

    def decompressors(self):
        """The processes that decompress."""
        return [pid for name in ('pigz', 'gzip') for pid in self.processes(f'{name} -dc')]

    def outcomes(self, *options, stdin=None):
        """How the chain and the launcher end."""
        output, errors, (_, _, status) = self.chain(stdin, options)
        return [Outcome(output, errors, status), *(self.launcher(stdin, '-n', n, *options) for n in (1, 3))]

    def assert_all(self, expected, *options, stdin=None):
        for outcome in self.outcomes(*options, stdin=stdin):
            self.assertEqual((outcome.stderr, outcome.status), ('', 0))
            self.assertTrue(outcome.stdout == expected, 'other sums')

    def test_each_program(self):
        expected = sums(ROWS)
        for end, reader in WAYS:
            with self.subTest(end, reader=reader):
                self.install(reader)
                self.compressed_file(f'in.csv.{end}', ROWS)
                self.assert_all(expected, f'in.csv.{end}')

    def test_what_other_programs_make(self):
        """pzstd begins a file with a frame that has no text."""
        expected = sums(ROWS)
        for name, command in ('gz', ['pigz', '-c', '-b128', '-p2']), ('zst', ['pzstd', '-qc', '-p2']), \
                ('bz2', ['lbzip2', '-c']), ('xz', ['xz', '-c', '-T2', '--block-size=200000']):
            self.compressed_file(f'in.csv.{name}', ROWS, *command)
            self.assert_all(expected, f'in.csv.{name}')

    def test_the_name_does_not_matter(self):
        """Neither that of the file, nor blanks in it."""
        (self.work / 'a folder').mkdir()
        for name in '-a', 'a folder/ "b\'$c.csv', 'd.xz':
            self.file(name, compressed('gz', b'1,2\n'))
            self.assert_all(b'0,3\n', '--', name)
        self.assert_all(b'0,4\n', self.file('plain.gz', b'4\n'))

    def test_empty(self):
        for end, reader in WAYS:
            self.install(reader)
            self.compressed_file(f'in.csv.{end}', b'')
            self.assert_all(b'', f'in.csv.{end}')

    def test_parts(self):
        """A file may be several compressed files in one. A row may go from one on to the next."""
        parts = b'1,2\n3', b'', b'4,5\n', b'"6\n', b'",7'
        expected = sums(b''.join(parts))
        for end, reader in WAYS:
            self.install(reader)
            self.file(f'in.csv.{end}', b''.join(compressed(end, part) for part in parts))
            self.assert_all(expected, f'in.csv.{end}')

    def test_zeros_after_the_end(self):
        """Two of the formats may be filled up with them."""
        for end, reader in ('gz', 'gzip'), ('xz', 'xz'):
            self.install(reader)
            self.file(f'in.csv.{end}', compressed(end, b'1,2\n') + bytes(512))
            self.assert_all(b'0,3\n', f'in.csv.{end}')

    def test_something_else_after_the_end(self):
        """It may be a damaged part of the file. No option in a variable makes a program overlook that."""
        self.env.update({'GZIP': '-q', 'PIGZ': '-q', 'BZIP': '-q', 'BZIP2': '-q', 'XZ_OPT': '--single-stream',
                         'XZ_DEFAULTS': '--single-stream'})
        for end, reader in WAYS:
            self.install(reader)
            self.file(f'in.csv.{end}', compressed(end, b'1,2\n') + b'and more')
            for outcome in self.outcomes(f'in.csv.{end}'):
                self.assertEqual((outcome.stdout, outcome.status), (b'0,3\n', 65))
                self.assertRegex(outcome.stderr, fr'^p1_read: in.csv.{end}: {reader} ended with status \d: .+\n$')

    def test_truncated(self):
        for end, reader in WAYS:
            with self.subTest(end, reader=reader):
                self.install(reader)
                whole = compressed(end, ROWS)
                path = self.file(f'in.csv.{end}', whole[:len(whole) * 3 // 4])
                with open(path, 'rb') as file:
                    text = subprocess.run([reader, '-dc'], stdin=file, capture_output=True).stdout
                expected = sums(text[:text.rindex(b'\n') + 1])
                for outcome in self.outcomes(f'in.csv.{end}'):
                    self.assertEqual(outcome.status, 65)
                    self.assertRegex(outcome.stderr, fr'^p1_read: in.csv.{end}: {reader} ended with status \d: .+\n$')
                    self.assertTrue(outcome.stdout == expected, 'other sums')

    def test_damage_never_goes_unnoticed(self):
        """Whichever byte is damaged, rows are not missing and not others, or the status is not 0."""
        data, more = b'1,2\n30\n', b'5\n'
        expected = sums(data + more)
        for end, reader in WAYS:
            self.install(reader)
            whole = compressed(end, data) + compressed(end, more)
            failures = 0
            for at in range(len(whole)):
                damaged = bytearray(whole)
                damaged[at] ^= 1 << at % 8
                self.file(f'in.csv.{end}', damaged)
                output, errors, statuses = self.chain(None, [f'in.csv.{end}'])
                if statuses[-1] == 0:
                    self.assertEqual((output, errors, statuses), (expected, '', (0, 0, 0)), (end, reader, at))
                else:
                    failures += 1
                    self.assertNotEqual(errors, '')
            self.assertGreater(failures, len(whole) // 2)

    def test_killed_in_the_middle(self):
        self.long_file()
        for n in None, 1, 3:
            run = self.start_launcher(None, '-n', n, 'in.csv.gz') if n else self.start_chain(None, ['in.csv.gz'])
            self.assertEqual(run.read_line(), b'0,51\n')
            pid, = self.decompressors()
            os.kill(pid, signal.SIGKILL)
            outcome = run.finish()
            self.assertRegex(outcome.stderr, r'^p1_read: in.csv.gz: pigz was killed by signal 9 \(KILL\)\n$')
            self.assertEqual(outcome.status, 65 if n else (65, 65, 65))
            lines = outcome.stdout.splitlines()
            self.assertEqual(lines, [b'%d,51' % row for row in range(1, len(lines) + 1)])
            self.assertLess(len(lines), LONG_COUNT - 1)

    def test_what_it_inherits(self):
        self.long_file()
        run = self.start_launcher(None, '-n', 3, 'in.csv.gz')
        self.assertEqual(run.read_line(), b'0,51\n')
        pid, = self.decompressors()
        files = {file.name: os.readlink(file) for file in Path(f'/proc/{pid}/fd').iterdir()}
        self.assertEqual(sorted(files), ['0', '1', '2'])
        self.assertEqual(files['0'], str(self.work / 'in.csv.gz'))
        self.assertRegex(files['1'], '^pipe:')
        self.assertRegex(files['2'], '^/memfd:')
        run.stdout.close()
        self.wait(run.members[0])

    def test_nobody_reads_the_output(self):
        self.long_file()
        for command in 'run_pipeline.sh -n 3 in.csv.gz', 'p1_read in.csv.gz | p2_sum | p3_write':
            outcome = self.shell(f'{command} | head -n 1; echo ${{PIPESTATUS[0]}}')
            self.assertEqual(outcome, Outcome(b'0,51\n141\n', '', 0))
            self.assert_nothing_left()

    def test_it_ends_with_p1_read(self):
        """Also if p1_read is killed, and if the program does not notice that nobody reads its output."""
        self.compressed_file('in.csv.gz', b'1,2\n')
        self.only_script('gzip', f'echo 3,4; exec {shutil.which("sleep")} 1000')
        for killed, number, status in ('/p1_read ', signal.SIGKILL, 69), ('/p3_write ', signal.SIGKILL, -signal.SIGKILL), \
                ('/p3_write ', signal.SIGTERM, -signal.SIGTERM):
            run = self.start_launcher(None, '-n', 2, 'in.csv.gz')
            self.assertEqual(run.read_line(), b'0,7\n')
            os.kill(*self.processes(killed), number)
            self.assertEqual(run.finish().status, status)
            self.assert_nothing_left()

    def test_what_it_has_started_ends_with_it(self):
        """A program may be a script that runs another one."""
        self.compressed_file('in.csv.gz', b'1,2\n')
        self.only_script('gzip', f'echo x; {shutil.which("sleep")} 1000; exit')
        for outcome in self.outcomes('in.csv.gz'):
            self.assertEqual(outcome.status, 65)
            self.assert_nothing_left()

    def test_a_signal_to_the_group(self):
        """Ctrl-C is not taken for a failure of the program that decompresses."""
        self.long_file()
        run = self.start_launcher(None, '-n', 2, 'in.csv.gz', start_new_session=True)
        self.assertEqual(run.read_line(), b'0,51\n')
        os.killpg(run.pid, signal.SIGINT)
        outcome = run.finish()
        self.assertEqual((outcome.stderr, outcome.status), ('', -signal.SIGINT))

    def test_one_that_does_not_end(self):
        """After its text is complete. Meanwhile p1_read does what it does otherwise."""
        self.compressed_file('in.csv.gz', b'1,2\n')
        self.only_script('gzip', 'echo 3,4; exec >&-; read -r go <go')
        go = self.fifo('go')
        run = self.start_launcher(None, '-n', 2, 'in.csv.gz')
        self.assertEqual(run.read_line(), b'0,7\n')
        os.kill(run.pid, signal.SIGTERM)
        self.assertEqual(run.finish(), Outcome(b'', '', -signal.SIGTERM))
        self.assert_nothing_left()
        run = self.start_launcher(None, '-n', 2, 'in.csv.gz')
        self.assertEqual(run.read_line(), b'0,7\n')
        go.write_text('\n')
        self.assertEqual(run.finish(), Outcome(b'', '', 0))

    def test_its_last_words(self):
        """They are one line of any length, and do not block it."""
        self.compressed_file('in.csv.gz', b'1,2\n')
        lines = '\n'.join(['', 'gzip: the \x1bcause', *['advice'] * 20000])
        self.file('words', lines.encode())
        self.only_script('gzip', 'while read -r line; do printf "%s\\n" "$line"; done <words >&2; exit 3')
        for outcome in self.outcomes('in.csv.gz'):
            self.assertEqual(outcome, Outcome(
                b'', 'p1_read: in.csv.gz: gzip ended with status 3: gzip: the \\x1bcause\n', 65))

    def test_no_program(self):
        self.file('plain.csv', b'7\n')
        for end, readers in READERS.items():
            self.compressed_file(f'in.csv.{end}', b'1,2\n')
            self.only()
            for outcome in self.outcomes('plain.csv', f'in.csv.{end}'):
                self.assertEqual(outcome, Outcome(
                    b'0,7\n', f'p1_read: in.csv.{end}: cannot start {readers[-1]}: No such file or directory\n', 71))

    def test_several_files(self):
        """A row never goes from one on to the next."""
        self.compressed_file('1.gz', b'a,b\n1,2\n3')
        self.file('2.csv', b'c\n4\r\n5')
        self.compressed_file('3.zst', b'')
        self.compressed_file('4.xz', b'\xef\xbb\xbfd\n6')
        self.file('5.csv')
        self.compressed_file('6.bz2', b'e')
        stdin = self.compressed_file('7.gz', b'f\n"7"')
        expected = sums(b'1,2\n3\n4\n5\n6\n7\n1,2\n3\n')
        for options in [], ['--batch-size=1'], ['--checksum']:
            self.assert_all(expected, '--header', *options, '1.gz', '2.csv', '3.zst', '4.xz', '5.csv', '6.bz2', '-', '1.gz',
                            stdin=stdin)

    def test_one_of_several_large_files(self):
        """Workers read large plain files themselves, but not if one of the files is compressed."""
        plain = ROWS * 2
        self.assertGreater(len(plain) * 2, 3 * MIB)
        self.file('plain.csv', plain)
        self.compressed_file('in.csv.gz', ROWS)
        names = ['plain.csv', 'in.csv.gz', 'plain.csv']
        self.assert_all(sums(plain + ROWS + plain), *names)
        self.assert_all(sums(ROWS + plain + plain), names[1], names[0], names[2])

    def test_large_compressed_files(self):
        """The workers do not take them for plain ones."""
        text = os.urandom(3 * MIB).hex()
        data = b'\n'.join(b'%d' % int(text[at:at + 15], 16) for at in range(0, len(text), 15)) + b'\n'
        path = self.compressed_file('in.csv.gz', data)
        self.assertGreater(path.stat().st_size, MIB)
        self.assert_all(sums(data), 'in.csv.gz')
        self.assert_all(sums(data), '--batch-size=64K', 'in.csv.gz')
        self.assert_all(sums(data + data), 'in.csv.gz', 'in.csv.gz')

    def test_standard_input(self):
        """Only a regular file, from its beginning."""
        path = self.compressed_file('in.csv.gz', b'1,2\n')
        self.assert_all(b'0,3\n', stdin=path)
        self.assert_all(b'0,3\n', '-', '-', stdin=path)
        for outcome in self.outcomes(stdin=path.read_bytes()):  # through a pipe
            self.assertEqual(outcome.status, 65)
            self.assertIn('compressed data in a pipe', outcome.stderr)
        begin = path.stat().st_size
        path.write_bytes(path.read_bytes() + b'7\n')
        for n in 1, 3:
            with open(path, 'rb') as file:
                file.seek(begin)
                self.assertEqual(self.launcher(file, '-n', n), Outcome(b'0,7\n', '', 0))

    def test_reports_are_about_the_text(self):
        self.file('plain.csv', b'1\n2\n')
        self.compressed_file('in.csv.bz2', b'3,4\n5,x\n')
        for outcome in self.outcomes('plain.csv', 'in.csv.bz2'):
            self.assertEqual(outcome, Outcome(
                b'0,1\n1,2\n2,7\n', "p3_write: in.csv.bz2: row 3, field 2 (row 1 of the file, byte 6): 'x' is not an integer; to sum "
                "only some fields: -f LIST\n", 65))
        self.compressed_file('in.csv.bz2', b'3,4\n"')
        for outcome in self.outcomes('plain.csv', 'in.csv.bz2'):
            self.assertEqual(outcome, Outcome(
                b'0,1\n1,2\n2,7\n', 'p1_read: in.csv.bz2: row 3 (row 1 of the file, byte 4): a quoted field is never closed\n', 65))

    def test_it_cannot_be_resumed(self):
        self.compressed_file('in.csv.gz', b'1,2\n')
        outcome = self.launcher(None, '-o', 'out', '--resume', 'in.csv.gz')
        self.assertEqual((outcome.stdout, outcome.status), (b'', 64))
        self.assertRegex(outcome.stderr, r"^p1_read: --resume: 'in.csv.gz' is compressed; .*\n$")
        self.assertEqual(self.files(), ['in.csv.gz'])

    def test_workers_that_are_replaced(self):
        """p1_read waits for what they leave, and not for the program that decompresses."""
        self.long_file()
        run = self.start_launcher(None, '-n', 2, 'in.csv.gz')
        self.assertEqual(run.read_line(), b'0,51\n')
        os.kill(self.processes('/p2_sum')[0], signal.SIGKILL)
        outcome = run.finish()
        self.assertRegex(outcome.stderr, r'^p1_read: p2_sum at place \d was killed by signal 9 \(KILL\), and is replaced\n$')
        self.assertEqual(outcome.status, 0)
        self.assertTrue(outcome.stdout == b''.join(b'%d,51\n' % row for row in range(1, LONG_COUNT)), 'other sums')

    def test_parts_for_several_machines(self):
        self.compressed_file('in.csv.gz', ROWS)
        results = self.summed_parts(3, '--checksum', source='in.csv.gz')
        outcome = self.start([program('p3_write'), *results]).finish()
        self.assertEqual((outcome.stderr, outcome.status), ('', 0))
        self.assertTrue(outcome.stdout == sums(ROWS), 'other sums')


class PipeTest(PipelineTest):
    def test_a_pipe_is_not_decompressed(self):
        """It is refused: taken as rows, all of it could be the header, and the run would end with 0."""
        for data, program_ in ((gzip.compress(b'a,b\n1,2\n'), 'gzip'), (bz2.compress(b'1\n'), 'bzip2'),
                               (lzma.compress(b'1\n'), 'xz')):
            for words in [], ['--header']:
                line = 'p1_read: standard input: compressed data in a pipe; decompress it first, with ' \
                    f'{program_} -dc\n'
                self.assertEqual(self.launcher(data, *words), Outcome(b'', line, 65))


if __name__ == '__main__':
    main()
