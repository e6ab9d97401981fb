#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--command: somebody's command is started for each batch, and answers its rows."""
import os
import re
import shlex
import shutil
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from commands import NUMBERS, CommandTest, numbered, python  # noqa: E402
from pipeline import LAUNCHER, Outcome, Run, main, program, sums  # noqa: E402

ROWS = [b'%d,%d,%d' % (i, -i * i, 10 ** (i % 12)) for i in range(25)]
DATA = b'\n'.join(ROWS)  # without the last row end
SUMS = sums(DATA)

AWK_SUM = "{ s = 0; for (i = 1; i <= NF; i++) s += $i; printf \"%.0f\\n\", s }"


class ToolsTest(CommandTest):
    """The programs that people have. All of them print the sums here."""
    COMMANDS = {
        'awk': f"awk -F, '{AWK_SUM}'",
        'mawk': f"mawk -F, '{AWK_SUM}'",
        'gawk': f"gawk -F, '{AWK_SUM}'",
        'bc': "sed 's/,/+/g' | bc",
        'jq': "jq -R 'split(\",\") | map(tonumber) | add'",
        'perl': "perl -F, -ne '$s = 0; $s += $_ for @F; print \"$s\\n\"'",
        'python3': python('import sys\nfor line in sys.stdin: print(sum(map(int, line.split(","))))'),
    }

    def test_every_tool(self):
        for tool, command in self.COMMANDS.items():
            if not shutil.which(tool):
                continue
            for stdin, words in self.ways(DATA, sizes=(100, None)):
                with self.subTest(tool, words=words):
                    self.assertEqual(self.with_command(command, stdin, *words), Outcome(SUMS, '', 0))

    def test_batches_of_every_size(self):
        for size in 1, 7, 8, 9, 100, 1 << 20:
            for n in NUMBERS:
                outcome = self.with_command(self.COMMANDS['awk'], DATA, '-n', n, '--batch-size', size)
                self.assertEqual(outcome, Outcome(SUMS, '', 0), (size, n))

    def test_the_chain(self):
        for command in self.COMMANDS['awk'], self.COMMANDS['bc']:
            for size in 1, 100, '1M':
                self.assertEqual(self.chain_with(f'--command={command}', DATA, [f'--batch-size={size}']),
                                 Outcome(SUMS, '', (0, 0, 0)))

    def test_streams_in_files(self):
        """The streams know that the lines are no sums, also where a part of the input is answered elsewhere."""
        self.file('in.csv', DATA)
        self.assertEqual(self.shell("""
            p1_read --batch-size=50 --to=0 --to=1 in.csv
            for part in 0 1; do p2_sum --command='sed s/,/-/g' <$part >$part.lines; done
            p3_write --no-index 1.lines 0.lines"""), Outcome(DATA.replace(b',', b'-') + b'\n', '', 0))

    def test_a_worker_that_is_a_command(self):
        """The worker is p2_sum, started in somebody's way."""
        worker = f'nice {shlex.quote(program("p2_sum"))} --command "sed s/,/-/g"'
        self.assertEqual(self.launcher(DATA, '-n', 2, '--batch-size=50', '--worker', worker),
                         Outcome(numbered([row.replace(b',', b'-') for row in ROWS]), '', 0))

    def test_a_worker_elsewhere(self):
        """Its command fails: it has nothing of p1_read but its stream, and is replaced like any other."""
        for command in 'mkdir once 2>/dev/null && exit 3; cat', 'grep -v ^7, || true':
            worker = f'env -u ROWSUM_WORKER {shlex.quote(program("p2_sum"))} --command "{command}"'
            outcome = self.launcher(DATA, '-n', 2, '--batch-size=50', '--on-error=skip', '--retries=1', '--worker', worker)
            is_row_found = 'grep' in command
            expected = b''.join(b'%d,%s\n' % (i, row) for i, row in enumerate(ROWS) if not is_row_found or i != 7)
            self.assertEqual((outcome.stdout, outcome.status), (expected, 1 if is_row_found else 0), outcome.stderr)
            for line in outcome.stderr.splitlines():
                self.assertRegex(line, r"^p2_sum: '.*' (ended with status 3|wrote \d+ lines? for \d+ rows?, try .*) \(row"
                                 r"|^p3_write: standard input: row 7 .*fails whenever it is given it$")

    def test_an_ordinary_user(self):
        prefix = self.without_rights()
        outcome = self.start([*prefix, LAUNCHER, '-n', 2, '--batch-size=50', f'--command={self.COMMANDS["awk"]}'],
                             DATA).finish()
        self.assertEqual(outcome, Outcome(SUMS, '', 0))

    def test_a_directory_with_blanks(self):
        place = self.work / "a b'c"
        place.mkdir()
        for name in 'p1_read', 'p2_sum', 'p3_write':
            (place / name).symlink_to(program(name))
        (place / 'in.csv').write_bytes(DATA)
        (place / 'my awk').symlink_to(shutil.which('awk'))
        (place / LAUNCHER.name).symlink_to(LAUNCHER.resolve())
        outcome = self.start([place / LAUNCHER.name, f"--command='./my awk' -F, '{AWK_SUM}'", 'in.csv'],
                             cwd=place).finish()
        self.assertEqual(outcome, Outcome(SUMS, '', 0))


class RowsTest(CommandTest):
    """What the command reads."""

    def test_rows_are_as_they_stand(self):
        rows = [b'1,2\r\n', b'"3","4"\n', b'\n', b' 5 , 6\n', b'"a""b",\xff\xfe\x00\n', b'\r\n', b'x' * 5000 + b'\n', b'7']
        self.assert_always(numbered(rows), b''.join(rows), '--command=cat')
        self.assert_always(b''.join(rows) + b'\n', b'\xef\xbb\xbf' + b''.join(rows), '--command=cat', '--lines=any')

    def test_the_last_row_end_is_added(self):
        for data, expected in (b'1', b'1\n'), (b'1\n', b'1\n'), (b'1\n2', b'1\n2\n'), (b'"1"', b'"1"\n'), (b'1\r', b'1\r'):
            self.assert_always(expected, data, '--command=cat', '--lines=any')
            self.assertEqual(self.chain_with('--command=cat', data, p3=['--no-index']),
                             Outcome(expected.rstrip(b'\n') + b'\n', '', (0, 0, 0)))

    def test_row_ends_within_quotes(self):
        """A program that reads CSV counts the rows as p1_read does. One that reads lines does not."""
        data = b'1,"2\n3"\n"4\r\n5",6\n"7 ""8"""\r\n'
        command = python('import csv, sys\nfor row in csv.reader(sys.stdin): print(len("".join(row)))')
        self.assert_always(b'0,4\n1,5\n2,5\n', data, f'--command={command}')
        # Another row of that kind might be asked about before the run ends.
        outcome = self.with_command('cat', b'1,"2\n3"\n4,6\n7\n', '--retries=0', '-n', 1)
        self.assertEqual(outcome, Outcome(
            b'', "p2_sum: 'cat' wrote 4 lines for 3 rows, try --one-line (rows 0 to 2)\n"
                 "p2_sum: 'cat' wrote 2 lines for 1 row, try --one-line (row 0)\n"
                 "p3_write: standard input: row 0 (byte 0): 'cat' fails whenever it is given it\n", 65))
        self.assert_always(b'0,1,2 3\n1,4 5,6\n2,"7 ""8"""\n', data, '--command=cat', '--one-line')

    def test_one_line(self):
        data = b'"1","2,3"\r4\r\n\n""\n"","x"\n"a\nb;c"'
        self.assert_always(numbered([b'1,"2,3"', b'4', b'', b'""', b',x', b'a b;c']), data, '--command=cat', '--one-line')
        self.assert_always(numbered([b'1', b'""', b'"2;""3"""']), b'"1"\n""\n"2;""3"""\n', '--command=cat', '--one-line',
                           '--delimiter=;', sizes=(50,))

    def test_no_rows_need_no_command(self):
        for data in b'', b'\xef\xbb\xbf', b'a,b\n', b'a,b', b'\xef\xbb\xbf"a\n"\r\n':
            self.assert_always(b'', data, '--command=touch started; wc -l', '--header', numbers=(1, 2))
        self.assert_always(b'', b'', '--command=touch started; wc -l', sizes=(None,))
        self.assertFalse((self.work / 'started').exists())

    def test_one_blank_row(self):
        self.assert_always(b'0,\n', b'\n', '--command=cat')

    def test_several_files(self):
        """Each file has a header. No batch has rows of two files, and the numbers of rows go on."""
        files = [self.file(f'{i}.csv', data) for i, data in enumerate([
            b'a,b\n1\n2\n3\n', b'a,b\n', b'', b'"a\nb"\r\n4\n5', b'\xef\xbb\xbfa\n6\n'])]
        for n in NUMBERS:
            for size in 1, 1000:
                options = '-n', n, '--batch-size', size, '--header'
                self.assertEqual(self.with_command('cat', None, *options, *files),
                                 Outcome(b'0,1\n1,2\n2,3\n3,4\n4,5\n5,6\n', '', 0))
        outcome = self.with_command('tr "\\n" " "; echo', None, '--lines=any', *options, *files)
        self.assertEqual(outcome, Outcome(b'1 2 3 \n4 5 \n6 \n', '', 0))

    def test_many_files(self):
        for i in range(200):
            self.file(f'{i}.csv', b'%d\n' % i)
        files = [f'{i}.csv' for i in range(200)]
        self.assertEqual(self.with_command('cat', None, '-n', 5, *files),
                         Outcome(numbered([b'%d' % i for i in range(200)]), '', 0))

    def test_a_command_may_read_as_it_likes(self):
        """The rows lie in a file. So it can be read twice, from its end, or not at all."""
        rows = [b'%d' % i for i in range(1000)]
        path = self.file('in.csv', b'\n'.join(rows))  # all there at once
        for command in ('cat /dev/stdin', 'head -n 1 >/dev/null; cat /dev/stdin', 'tac | tac', 'sort -n -', 'cat; cat',
                        'tail -n 1 >/dev/null; cat /proc/self/fd/0', 'seq 0 $((ROWSUM_BATCH_ROWS - 1))',
                        'exec <&-; seq 0 $((ROWSUM_BATCH_ROWS - 1))', 'yes | head -n $ROWSUM_BATCH_ROWS | grep -n y | '
                        "sed 's/:.*//' | awk '{ print $0 - 1 }'", python('import sys; print(sys.stdin.read(), end="")')):
            outcome = self.with_command(command, path, '-n', 2, '--batch-size=1M')
            self.assertEqual(outcome, Outcome(numbered(rows), '', 0), command)

    def test_much_text(self):
        """More than any pipe holds, in one batch: nobody waits for anybody, in whatever order the command reads and
        writes."""
        rows = [b'%d' % i for i in range(10 ** 8, 10 ** 8 + 400000)]
        path = self.file('in.csv', b'\n'.join(rows))  # all there at once
        expected = numbered(rows)
        for command in 'cat', 'tac | tac', 'cat >copy; cat copy', 'awk \'{ r[NR] = $0 } END { for (i = 1; i <= NR; i++) print r[i] }\'':
            outcome = self.with_command(command, path, '-n', 1, '--batch-size=16M')
            self.assertEqual((outcome.stdout == expected, outcome.stderr, outcome.status), (True, '', 0), command)


class LinesTest(CommandTest):
    """What becomes of the lines that the command writes."""

    def test_the_last_line_needs_no_end(self):
        self.assert_always(b'0,1\n1,1\n', b'1\n2\n', "--command=printf '1%.0s\\n' $(seq 2 $ROWSUM_BATCH_ROWS); printf 1",
                           sizes=(100,))

    def test_lines_of_any_bytes(self):
        for line, octal in (b'', ''), (b',,', ',,'), (b'\r', '\\r'), (b'\0\xff', '\\000\\377'), (b'0,1', '0,1'):
            self.assert_always(numbered([line, line]), b'1\n2\n', f"--command=printf '{octal}\\n%.0s' $(seq $ROWSUM_BATCH_ROWS)",
                               numbers=(2,))

    def test_long_lines(self):
        outcome = self.with_command('head -c 10000000 /dev/zero | tr "\\0" x; echo', b'1\n2\n', '--batch-size=1')
        self.assertEqual((outcome.stdout == numbered([b'x' * 10000000] * 2), outcome.stderr, outcome.status), (True, '', 0))

    def test_forms(self):
        for words, expected in (['--no-index'], b'a,1\nb,2\n'), (['--crlf'], b'0,a,1\r\n1,b,2\r\n'), \
                (['--no-index', '--crlf'], b'a,1\r\nb,2\r\n'):
            self.assert_always(expected, b'a,1\nb,2\n', '--command=cat', *words, sizes=(1, 100))

    def test_checksums(self):
        self.assert_always(SUMS, DATA, f'--command={ToolsTest.COMMANDS["awk"]}', '--checksum')

    def test_any_lines(self):
        """They may be more or fewer than the rows, and need no end."""
        rows = b''.join(b'%d\n' % i for i in range(50))
        for command, expected in (
                ('grep 7 || true', b'7\n17\n27\n37\n47\n'),
                ('sed p', b''.join(b'%d\n%d\n' % (i, i) for i in range(50))),
                ('cat >/dev/null', b''),
                ('tr -d "\\n"', rows.replace(b'\n', b'')),
                ("awk '{ printf \"%s\\0\\r\", $0 }'", rows.replace(b'\n', b'\0\r'))):
            self.assert_always(expected, rows, '--lines=any', f'--command={command}', sizes=(1, 13, None))
        outcome = self.chain(rows, ['--batch-size=13'], [], ['--lines=any', '--command=sed p'])
        self.assertEqual(outcome, Outcome(b''.join(b'%d\n%d\n' % (i, i) for i in range(50)), '', (0, 0, 0)))

    def test_any_lines_have_no_other_form(self):
        for option in '--crlf', '--no-index', '--format=tsv', '--output-delimiter=;', '--output-header':
            outcome = self.launcher(b'1\n', '--command=cat', '--lines=any', option)
            self.assertEqual(outcome, Outcome(b'', "p3_write: lines of --lines=any are written as they are; "
                                                   "try 'run_pipeline.sh --help'\n", 64))

    def test_any_lines_of_a_command_that_does_not_answer(self):
        """Nothing is no failure, but a status is."""
        outcome = self.with_command('grep x', b'1\n', '--lines=any', '-n', 1, '--retries=0')
        self.assertEqual(outcome, Outcome(
            b'', "p2_sum: 'grep x' ended with status 1 (row 0)\n"
                 "p3_write: standard input: row 0 (byte 0): 'grep x' fails whenever it is given it\n", 65))

    def test_an_answer_comes_before_the_end_of_the_input(self):
        for n in 1, 2:
            run = self.start_half_way(lambda stdin: self.start_launcher(stdin, '-n', n, '--command=cat'))
            run.stdin.write(b'2\n3\n')
            self.assertEqual(run.read(8), b'1,2\n2,3\n')
            run.stdin.close()
            self.assertEqual(run.finish(), Outcome(b'', '', 0))


class HeaderTest(CommandTest):
    """--header=repeat: the header comes with each batch, and the first line of each answer is a header."""
    ROWS = [b'%d,%d\n' % (i, i + 1) for i in range(20)]
    DATA = b'x,y\n' + b''.join(ROWS)
    SWAP = python('import csv, sys\n'
                  'rows = csv.DictReader(sys.stdin)\n'
                  'out = csv.DictWriter(sys.stdout, ["y", "x"], lineterminator="\\n")\n'
                  'out.writeheader()\n'
                  'for row in rows: out.writerow(row)')
    SWAPPED = b'index,y,x\n' + b''.join(b'%d,%d,%d\n' % (i, i + 1, i) for i in range(20))

    def test_once_in_the_output(self):
        self.assert_always(b'index,' + self.DATA.split(b'\n')[0] + b'\n' + numbered(self.ROWS), self.DATA,
                           '--header=repeat', '--command=cat')
        self.assert_always(self.SWAPPED, self.DATA, '--header=repeat', f'--command={self.SWAP}', sizes=(40, None))
        outcome = self.chain_with('--command=cat', self.DATA, ['--header=repeat', '--batch-size=1'])
        self.assertEqual(outcome, Outcome(b'index,x,y\n' + numbered(self.ROWS), '', (0, 0, 0)))

    def test_forms(self):
        for words, expected in (['--no-index'], b'h\n1\n2\n'), (['--crlf'], b'index,h\r\n0,1\r\n1,2\r\n'), \
                (['--lines=any'], b'h\n1\n2\n'):
            self.assert_always(expected, b'h\n1\n2', '--header=repeat', '--command=cat', *words)

    def test_headers_of_all_kinds(self):
        for header, as_one_line in (b'a,b\r\n', b'a,b'), (b'"a\nb","c"\n', b'a b,c'), (b'\n', b''), (b'""\n', b'""'), \
                (b'"a,b"\r', b'"a,b"'), (b'\xef\xbb\xbfa\n', b'a'):
            self.assert_always(b'index,' + as_one_line + b'\n0,1\n1,2 3\n', header + b'1\n"2\n3"\n', '--header=repeat', '--one-line',
                               '--command=cat', numbers=(2,))

    def test_several_files(self):
        files = [self.file(f'{i}.csv', data) for i, data in enumerate([
            b'a,b\n1\n2\n', b'a,b\n', b'', b'c,d\n3\n4', b'\xef\xbb\xbfe\n6\n'])]
        for n in NUMBERS:
            outcome = self.with_command('cat', None, '-n', n, '--header=repeat', *files)
            self.assertEqual(outcome, Outcome(b'index,a,b\n0,1\n1,2\n2,3\n3,4\n4,6\n', '', 0))
            # Each batch comes with the header of its own file.
            outcome = self.with_command('echo all; tr "\\n" " "; echo', None, '-n', n, '--batch-size=1K',
                                        '--header=repeat', '--lines=any', *files)
            self.assertEqual(outcome, Outcome(b'all\na,b 1 2 \na,b \nc,d 3 4 \ne 6 \n', '', 0))
            outcome = self.with_command("sed '1{h; s/.*/head/; p; d}; G; s/\\n/ /'", None, '-n', n, '--header=repeat',
                                        *files)
            self.assertEqual(outcome, Outcome(b'index,head\n0,1 a,b\n1,2 a,b\n2,3 c,d\n3,4 c,d\n4,6 e\n', '', 0))

    def test_without_rows(self):
        """The header alone is answered, too; where there is none, nothing is."""
        self.assert_always(b'index,a,b\n', b'a,b\n', '--header=repeat', '--command=cat')
        self.assert_always(b'index,a,b\n', b'a,b', '--header=repeat', '--command=cat')
        self.assert_always(b'', b'', '--header=repeat', '--command=touch started; cat')
        self.assertFalse((self.work / 'started').exists())

    def test_an_answer_without_a_header(self):
        outcome = self.with_command('sed 1d', b'h\n1\n', '--header=repeat', '--retries=0', '-n', 1)
        self.assertEqual(outcome, Outcome(
            b'', "p2_sum: 'sed 1d' wrote 1 line for the header and 1 row, try --lines=any (row 0)\n"
                 "p3_write: standard input: row 0 (byte 2): 'sed 1d' fails whenever it is given it\n", 65))
        outcome = self.with_command('cat >/dev/null', b'h\n1\n', '--header=repeat', '--retries=0', '-n', 1)
        self.assertIn("p2_sum: 'cat >/dev/null' wrote 0 lines for the header and 1 row, try --lines=any (row 0)\n",
                      outcome.stderr)
        outcome = self.with_command('sed p', b'h\n', '--header=repeat', '--retries=0', '-n', 1)
        self.assertEqual(outcome.stderr, "p2_sum: 'sed p' wrote 2 lines for the header, try --lines=any (no rows)\n")
        outcome = self.with_command('cat >/dev/null', b'h\n1\n', '--header=repeat', '--retries=0', '-n', 1, '--lines=any')
        self.assertIn("p2_sum: 'cat >/dev/null' wrote no line for the header (row 0)\n", outcome.stderr)


    def test_any_lines_without_a_header(self):
        """The first line of each answer would be lost. One answer alone loses none."""
        said = "one answer begins with '{}' and another with '{}', but --header=repeat takes these lines for a header; try --header"
        for n in NUMBERS:
            options = '-n', n, '--header=repeat', '--lines=any'
            outcome = self.with_command('sed 1d', self.file('in.csv', self.DATA), *options, '--batch-size=40', '-o', 'out')
            self.assertEqual(outcome, Outcome(b'', f'p3_write: standard input: {said.format("0,1", "9,10")}\n', 65))
            self.assertFalse((self.work / 'out').exists())
            files = [self.file(name, b'a\n%s\n' % name.encode()) for name in ('1', '2')]
            outcome = self.with_command('sed 1d', None, *options, *files)
            self.assertEqual((outcome.stderr, outcome.status), (f'p3_write: {files[1]}: {said.format(1, 2)}\n', 65))
            outcome = self.with_command('sed 1d', self.DATA, *options, '--batch-size=1M', '--unordered')
            self.assertEqual(outcome, Outcome(b''.join(self.ROWS), '', 0))


class SurroundingsTest(CommandTest):
    """What else a command finds when it starts."""

    def test_variables(self):
        """They are those of its batch, also if the caller has variables of these names."""
        env = {**self.env, 'ROWSUM_PLACE': '77', 'ROWSUM_BATCH_ROWS': '77', 'ROWSUM_BATCH_FIRST_ROW': '77', 'MINE': 'yes'}
        script = ('import os, sys\n'
                  'first, rows, place = (int(os.environ[f"ROWSUM_{n}"]) for n in ("BATCH_FIRST_ROW", "BATCH_ROWS", "PLACE"))\n'
                  'for i, line in enumerate(sys.stdin): print(first + i, rows, place, os.environ["MINE"])\n'
                  'assert i == rows - 1')
        for n in NUMBERS:
            for data in DATA, b'head\n' + DATA:
                outcome = self.with_command(python(script), data, '-n', n, '--batch-size=50', '--deal=round-robin', env=env,
                                            *(['--header'] if data[:1] == b'h' else []))
                lines = [line.split(b',')[1].split() for line in outcome.stdout.splitlines()]
                self.assertEqual((len(lines), outcome.stderr, outcome.status), (len(ROWS), '', 0))
                self.assertEqual([int(line[0]) for line in lines], list(range(len(ROWS))))
                self.assertEqual({line[2] for line in lines}, {b'%d' % place for place in range(n)})
                self.assertEqual({line[3] for line in lines}, {b'yes'})

    def test_each_variable_is_there_once(self):
        env = {**self.env, 'ROWSUM_PLACE': '77'}
        command = "cat /proc/$$/environ | tr '\\0' '\\n' | grep ROWSUM_PLACE="
        self.assertEqual(self.with_command(command, b'1\n', '-n', 1, env=env), Outcome(b'0,ROWSUM_PLACE=0\n', '', 0))

    def test_descriptors(self):
        """It has its three, and none of those that p2_sum needs."""
        command = 'ls /proc/self/fd | tr "\\n" " "; echo'  # the last is that of ls
        for stdin in self.file('in.csv', b'1\n'), b'1\n':
            self.assertEqual(self.with_command(command, stdin, '-n', 2), Outcome(b'0,0 1 2 3 \n', '', 0))
        outcome = self.with_command(command, None, '-n', 2, 'in.csv', 'in.csv', 'in.csv')
        self.assertEqual(outcome, Outcome(numbered([b'0 1 2 3 '] * 3), '', 0))
        self.assertEqual(self.chain_with(f'--command={command}', b'1\n'), Outcome(b'0,0 1 2 3 \n', '', (0, 0, 0)))

    def test_what_the_caller_hands_down(self):
        """A descriptor, the directory, the limits and the mask of file modes."""
        self.file('table', b'from the table\n')
        outcome = self.shell("umask 027; ulimit -n 50; run_pipeline.sh -n 1 --command 'cat >/dev/null; cat <&7; umask' "
                             "--lines=any 7<table", b'1\n')
        self.assertEqual(outcome, Outcome(b'from the table\n0027\n', '', 0))

    def test_signals_have_their_default_effect(self):
        """`yes` would report that it cannot write if SIGPIPE were ignored."""
        command = "yes | head -n $ROWSUM_BATCH_ROWS >/dev/null; grep -E 'SigBlk|SigIgn' /proc/self/status"
        for outcome in self.with_command(command, b'1\n', '-n', 1, '--lines=any'), \
                self.chain(b'1\n', [], [], ['--lines=any', f'--command={command}']):
            blocked, ignored = (int(line.split()[1], 16) for line in outcome.stdout.splitlines())
            self.assertEqual(outcome.stderr, '')
            self.assertEqual(blocked, 0)
            for number in signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGXFSZ:
                self.assertFalse(ignored >> (number - 1) & 1, number)

    def test_standard_error_is_passed_on(self):
        for option in '--command=echo "to  you" >&2; printf "and you" >&2; cat', '--coprocess=echo "to  you" >&2; ' \
                'printf "and you" >&2; while read -r _ bytes; do head -c $bytes; done':
            self.assertEqual(self.launcher(b'1\n', '-n', 1, option), Outcome(b'0,1\n', 'to  you\nand you\n', 0))

    def test_closed_standard_error(self):
        self.file('in.csv', DATA)
        for redirection in '2>&-', '2>&- 0<&-':
            outcome = self.shell(f"run_pipeline.sh -n 2 --command='cat; echo lost >&2' in.csv {redirection}")
            self.assertEqual(outcome, Outcome(numbered(ROWS), '', 0))

    def test_our_own_programs(self):
        """The command is the suite itself."""
        p1_read, p2_sum, p3_write = (shlex.quote(program(name)) for name in ('p1_read', 'p2_sum', 'p3_write'))
        for command in f'{shlex.quote(str(LAUNCHER))} -n 2 --no-index', f'{p1_read} | {p2_sum} | {p3_write} --no-index':
            outcome = self.with_command(command, DATA, '-n', 2, '--batch-size=200')
            self.assertEqual(outcome, Outcome(SUMS, '', 0))


if __name__ == '__main__':
    main()
