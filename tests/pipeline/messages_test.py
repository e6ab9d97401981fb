#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The messages, as they are: one line each, of at most 100 columns if no long text of the user's is in it."""
import contextlib
import gzip
import os
import re
import signal
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import Outcome, PipelineTest, main, program  # noqa: E402

TRY_P1 = "try 'p1_read --help'"
TRY_P2 = "try 'p2_sum --help'"
TRY_P3 = "try 'p3_write --help'"
TRY = "try 'run_pipeline.sh --help'"

# A command in a directory with in.csv, its status with pipefail, and what it says: one line for each thing.
MISSPELT = [
    ('p1_read --heder', 64, "p1_read: unrecognised option '--heder'; did you mean --header?"),
    ('p1_read --delimeter=x', 64, "p1_read: unrecognised option '--delimeter'; did you mean --delimiter?"),
    ('p1_read --woker=x', 64, "p1_read: unrecognised option '--woker'; did you mean --worker?"),
    ('p2_sum --comand=cat', 64, "p2_sum: unrecognised option '--comand'; did you mean --command?"),
    ('p2_sum --hlep', 64, "p2_sum: unrecognised option '--hlep'; did you mean --help?"),
    ('p3_write --rejcts=x', 64, "p3_write: unrecognised option '--rejcts'; did you mean --rejects?"),
    ('run_pipeline.sh --heder', 64, "run_pipeline.sh: unrecognised option '--heder'; did you mean --header?"),
    ('run_pipeline.sh --keeporder', 64,
     "run_pipeline.sh: unrecognised option '--keeporder'; did you mean --keep-order?"),
    ('run_pipeline.sh --jbos=3', 64, "run_pipeline.sh: unrecognised option '--jbos'; did you mean --jobs?"),
    ('run_pipeline.sh --no-index --on-eror=skip', 64,
     "run_pipeline.sh: unrecognised option '--on-eror'; did you mean --on-error?"),
    ('p1_read --bogus', 64, f"p1_read: unrecognised option '--bogus'; {TRY_P1}"),
    ('run_pipeline.sh --bogus', 64, f"run_pipeline.sh: unrecognised option '--bogus'; {TRY}"),
    ('run_pipeline.sh -z', 64, f"run_pipeline.sh: unrecognised option '-z'; {TRY}"),
]

USAGE = [
    ('p1_read --batch-size', 64, f"p1_read: option '--batch-size' needs a value; {TRY_P1}"),
    ('p1_read --batch-size=0', 64, f"p1_read: --batch-size: '0' is not a size such as 4096, 256K or 16M; {TRY_P1}"),
    ('p1_read --max-row=1T', 64, f"p1_read: --max-row: '1T' is not a size such as 4096, 256K or 16M; {TRY_P1}"),
    ("p1_read -d ''", 64, f"p1_read: --delimiter: '' is not one byte other than a quote or a row end; {TRY_P1}"),
    ('p1_read -d ,,', 64, f"p1_read: --delimiter: ',,' is not one byte other than a quote or a row end; {TRY_P1}"),
    ('p1_read --header=1', 64, f"p1_read: --header: '1' is neither skip nor repeat; {TRY_P1}"),
    ('p1_read --deal=best', 64, f"p1_read: --deal: 'best' is not round-robin, random or pull; {TRY_P1}"),
    ('p1_read --empty=0', 64, f"p1_read: --empty: '0' is neither reject nor zero; {TRY_P1}"),
    ('p1_read --fields=', 64, f"p1_read: option '--fields' needs a value; {TRY_P1}"),
    ('p1_read -f 0', 64, f"p1_read: --fields: '0' is no field: the first one is 1; {TRY_P1}"),
    ('p1_read -f 3-1', 64, f"p1_read: --fields: '3-1' is a decreasing range; {TRY_P1}"),
    ('p1_read -f 1,,2', 64, f'p1_read: --fields: an item is empty; {TRY_P1}'),
    ('p1_read -f price', 64, f'p1_read: --fields: names of columns need --header; {TRY_P1}'),
    ('p1_read --complement', 64, f'p1_read: --complement needs --fields; {TRY_P1}'),
    ("p1_read --to ''", 64, f'p1_read: --to: an empty name; {TRY_P1}'),
    ('p1_read --to=in.csv in.csv', 64, f"p1_read: --to: 'in.csv' is an input, or is there twice; {TRY_P1}"),
    ('p1_read in.csv >>in.csv', 64, f'p1_read: standard output is an input, too; {TRY_P1}'),
    ('p1_read --checksum=1', 64, f"p1_read: option '--checksum' takes no value; {TRY_P1}"),
    ('p1_read --he', 64, f"p1_read: option '--he' is ambiguous and matches '--header', and '--help'; {TRY_P1}"),
    ('p1_read --worker=x', 64, f'p1_read: --worker needs --workers; {TRY_P1}'),
    ('p1_read --command=cat', 64, f'p1_read: --command needs --workers; {TRY_P1}'),
    ('p1_read --coprocess=cat', 64, f'p1_read: --coprocess needs --workers; {TRY_P1}'),
    ('p1_read --lines=any', 64, f'p1_read: --lines and --one-line need --command or --coprocess; {TRY_P1}'),
    ('p1_read --one-line', 64, f'p1_read: --lines and --one-line need --command or --coprocess; {TRY_P1}'),
    ('p1_read --resume', 64, f'p1_read: --resume needs --workers; {TRY_P1}'),
    ('p1_read --workers=2 --retries=x', 64, f"p1_read: --retries: 'x' is not a number from 0 to 1000; {TRY}"),
    ('p1_read --workers=2 --to=x', 64, f'p1_read: --workers and --to exclude each other; {TRY}'),
    ('p2_sum in.csv', 64, f'p2_sum: it takes no operand; {TRY_P2}'),
    ('p2_sum --command=', 64, f"p2_sum: option '--command' needs a value; {TRY_P2}"),
    ("p2_sum --coprocess ' '", 64, f'p2_sum: --coprocess: an empty command; {TRY_P2}'),
    ('p2_sum --command=cat --coprocess=cat', 64, f'p2_sum: --command and --coprocess exclude each other; {TRY_P2}'),
    ('p2_sum --lines=x', 64, f"p2_sum: --lines: 'x' is neither rows nor any; {TRY_P2}"),
    ('p2_sum --lines=any', 64, f'p2_sum: --lines and --one-line need --command or --coprocess; {TRY_P2}'),
    ('p2_sum --one-line', 64, f'p2_sum: --lines and --one-line need --command or --coprocess; {TRY_P2}'),
    ('p2_sum --coprocess=cat --lines=any', 64, f'p2_sum: --lines=any and --coprocess exclude each other; {TRY_P2}'),
    ('p3_write -o', 64, f"p3_write: option '--output' needs a value; {TRY_P3}"),
    ("p3_write --output ''", 64, f'p3_write: --output: an empty name; {TRY_P3}'),
    ('p3_write --format=xml', 64, f"p3_write: --format: 'xml' is not csv, tsv, jsonl or stream; {TRY_P3}"),
    ('p3_write --output-delimiter=', 64, f"p3_write: option '--output-delimiter' needs a value; {TRY_P3}"),
    ('p3_write --format=tsv --output-delimiter=:', 64,
     f'p3_write: --output-delimiter and --format=tsv exclude each other; {TRY_P3}'),
    ('p3_write --format=jsonl --output-header', 64,
     f'p3_write: --output-header and --format=jsonl exclude each other; {TRY_P3}'),
    ('p3_write --on-error=x', 64, f"p3_write: --on-error: 'x' is neither fail nor skip; {TRY_P3}"),
    ('p3_write --rejects=x', 64, f'p3_write: --rejects needs --on-error=skip; {TRY_P3}'),
    ('p3_write --on-error=skip --rejects=-', 64,
     f'p3_write: sums and rejected rows would both go to standard output; {TRY_P3}'),
    ('p3_write --on-error=skip -o x --rejects=./x', 64,
     f'p3_write: --output and --rejects are the same file; {TRY_P3}'),
    ('p3_write --resume', 64, f'p3_write: --resume needs --reader; {TRY_P3}'),
    ('p3_write --reader', 64, f'p3_write: --reader needs p1_read as an operand; {TRY}'),
    ('p3_write --reader --resume --unordered p1_read', 64,
     f'p3_write: --resume and --unordered exclude each other; {TRY}'),
    ('p3_write --reader --resume -o x --on-error=skip --rejects=x.partial p1_read', 64,
     f'p3_write: with --resume, --output and --rejects are in conflict; {TRY}'),
    ('p3_write --reports=3', 64, f'p3_write: --reports needs --on-error=skip; {TRY_P3}'),
    ('p3_write --on-error=skip --reports=x', 64,
     f"p3_write: --reports: 'x' is not a number from 0 to 1000000000; {TRY_P3}"),
    ('p3_write --crlf=1', 64, f"p3_write: option '--crlf' takes no value; {TRY_P3}"),
    ('run_pipeline.sh -n', 64, f"run_pipeline.sh: option '-n' needs a value; {TRY}"),
    ('run_pipeline.sh -n 0', 64, f"p1_read: --workers: '0' is no number of workers; {TRY}"),
    ('run_pipeline.sh -n 2000000', 64, f"p1_read: --workers: '2000000' is not a number from 0 to 1000000; {TRY}"),
    ('run_pipeline.sh -k3', 64, f"run_pipeline.sh: option '-k' takes no value; {TRY}"),
    ('run_pipeline.sh --help=1', 64, f"run_pipeline.sh: option '--help' takes no value; {TRY}"),
    ('run_pipeline.sh --header=1', 64, f"p1_read: --header: '1' is neither skip nor repeat; {TRY}"),
    ('run_pipeline.sh --batch-size=x', 64,
     f"p1_read: --batch-size: 'x' is not a size such as 4096, 256K or 16M; {TRY}"),
    ('run_pipeline.sh --max-row=1T', 64, f"p1_read: --max-row: '1T' is not a size such as 4096, 256K or 16M; {TRY}"),
    ('run_pipeline.sh --deal=best', 64, f"p1_read: --deal: 'best' is not round-robin, random or pull; {TRY}"),
    ('run_pipeline.sh --retries=x', 64, f"p1_read: --retries: 'x' is not a number from 0 to 1000; {TRY}"),
    ('run_pipeline.sh --worker-timeout=x', 64,
     f"p1_read: --worker-timeout: 'x' is not a number from 0 to 1000000; {TRY}"),
    ('run_pipeline.sh --empty=x', 64, f"p1_read: --empty: 'x' is neither reject nor zero; {TRY}"),
    ('run_pipeline.sh -f price', 64, f'p1_read: --fields: names of columns need --header; {TRY}'),
    ('run_pipeline.sh --complement', 64, f'p1_read: --complement needs --fields; {TRY}'),
    ('run_pipeline.sh --worker=x --lines=any', 64,
     f'p1_read: --lines and --one-line need --command or --coprocess; {TRY}'),
    ('run_pipeline.sh --worker=x --command=x', 64, f'p1_read: --worker excludes --command, --coprocess; {TRY}'),
    ('run_pipeline.sh --worker="\'\'"', 64, f'p1_read: --worker: no program; {TRY}'),
    ('run_pipeline.sh --lines=x', 64, f"p1_read: --lines: 'x' is neither rows nor any; {TRY}"),
    ('run_pipeline.sh --lines=any', 64, f'p1_read: --lines and --one-line need --command or --coprocess; {TRY}'),
    ('run_pipeline.sh --one-line', 64, f'p1_read: --lines and --one-line need --command or --coprocess; {TRY}'),
    ('run_pipeline.sh --command=cat --coprocess=cat', 64,
     f'p1_read: --command and --coprocess exclude each other; {TRY}'),
    ("run_pipeline.sh --command ' '", 64, f'p1_read: --command: an empty command; {TRY}'),
    ('run_pipeline.sh --coprocess=cat --lines=any', 64,
     f'p1_read: --lines=any and --coprocess exclude each other; {TRY}'),
    ('run_pipeline.sh --command=cat --lines=any --crlf in.csv', 64,
     f'p3_write: lines of --lines=any are written as they are; {TRY}'),
    ('run_pipeline.sh --format=xml', 64, f"p3_write: --format: 'xml' is not csv, tsv, jsonl or stream; {TRY}"),
    ('run_pipeline.sh --format=tsv --output-delimiter=:', 64,
     f'p3_write: --output-delimiter and --format=tsv exclude each other; {TRY}'),
    ('run_pipeline.sh --format=jsonl --output-header', 64,
     f'p3_write: --output-header and --format=jsonl exclude each other; {TRY}'),
    ('run_pipeline.sh --on-error=x', 64, f"p3_write: --on-error: 'x' is neither fail nor skip; {TRY}"),
    ('run_pipeline.sh --rejects=x', 64, f'p3_write: --rejects needs --on-error=skip; {TRY}'),
    ('run_pipeline.sh --on-error=skip --rejects=-', 64,
     f'p3_write: sums and rejected rows would both go to standard output; {TRY}'),
    ('run_pipeline.sh --on-error=skip -o x --rejects=./x', 64,
     f'p3_write: --output and --rejects are the same file; {TRY}'),
    ('run_pipeline.sh --on-error=skip --rejects=in.csv in.csv', 64,
     f"run_pipeline.sh: --rejects: 'in.csv' is an input; {TRY}"),
    ('run_pipeline.sh -o in.csv in.csv', 64, f"run_pipeline.sh: --output: 'in.csv' is an input; {TRY}"),
    ('run_pipeline.sh --resume in.csv', 64, f'run_pipeline.sh: --resume needs --output; {TRY}'),
    ('run_pipeline.sh -o x --resume', 64, f'run_pipeline.sh: --resume needs one plain file as input; {TRY}'),
    ('run_pipeline.sh -o x --resume --unordered in.csv', 64,
     f'p3_write: --resume and --unordered exclude each other; {TRY}'),
    ('touch x.partial; run_pipeline.sh -o x --resume x.partial', 64,
     f"run_pipeline.sh: 'x.partial' is a file of --resume itself; {TRY}"),
    ('touch y.journal; run_pipeline.sh -o y --resume --trace y.journal in.csv', 64,
     f"run_pipeline.sh: 'y.journal' is a file of --resume itself; {TRY}"),
    ('run_pipeline.sh -o /dev/null --resume in.csv', 64, 'p3_write: /dev/null: no plain file, as --resume needs'),
    ('gzip -k in.csv; run_pipeline.sh -o x --resume in.csv.gz', 64,
     f"p1_read: --resume: 'in.csv.gz' is compressed; {TRY}"),
]

# Files, programs and streams that are not as they should be.
FAILURES = [
    ('p1_read no.csv | p2_sum | p3_write', 66, 'p1_read: no.csv: No such file or directory'),
    ('p1_read . | p2_sum | p3_write', 66, 'p1_read: .: Is a directory'),
    ('run_pipeline.sh no.csv', 66, 'p1_read: no.csv: No such file or directory'),
    ('run_pipeline.sh -o no/x in.csv', 73, 'p3_write: no/x: No such file or directory'),
    ('run_pipeline.sh -o . in.csv', 73, 'p3_write: .: Is a directory'),
    ('run_pipeline.sh --on-error=skip --rejects=no/x in.csv', 73, 'p3_write: no/x: No such file or directory'),
    ('run_pipeline.sh --worker=/no/worker in.csv', 71, 'p1_read: cannot start /no/worker: No such file or directory'),
    ('run_pipeline.sh in.csv >/dev/full', 74, 'p3_write: standard output: No space left on device'),
    ('run_pipeline.sh -h >/dev/full', 74, 'run_pipeline.sh: standard output: cannot write'),
    ('run_pipeline.sh --dry-run >/dev/full', 74, 'run_pipeline.sh: standard output: cannot write'),
    ('p1_read -h >/dev/full', 74, 'p1_read: standard output: No space left on device'),
    ('p3_write no.results', 66, 'p3_write: no.results: No such file or directory'),
    ('p3_write in.csv', 65, 'p3_write: in.csv: not a stream of batches or results'),
    ('p2_sum <in.csv | p3_write', 65, 'p2_sum: standard input: not a stream of batches or results'),
    ('p1_read in.csv | p3_write', 65, 'p3_write: standard input: a stream of batches where one of results belongs'),
    ('p1_read in.csv | p2_sum | p2_sum | p3_write', 65,
     'p2_sum: standard input: a stream of results where one of batches belongs'),
    ('p1_read in.csv | p2_sum | head -c 100 | p3_write', 69,
     'p3_write: standard input: the stream ended early, before it began'),
    ('p1_read in.csv in.csv --to=a --to=b; p2_sum <a >a.s; p3_write a.s', 65,
     'p3_write: bytes 4 to 8 of the input are missing from the streams'),
    ('p1_read in.csv | p2_sum >a; p3_write a a', 65,
     'p3_write: a: bytes 0 to 4 come twice (everything before byte 4 is written)'),
    ('p1_read --header -f nope in.csv | p2_sum | p3_write', 64,
     'p1_read: in.csv: --fields: no column is named "nope"; there are "1", "2"'),
    ('run_pipeline.sh --header -f nope in.csv', 64,
     'p1_read: in.csv: --fields: no column is named "nope"; there are "1", "2"'),
    ('printf \'1\\n"2\\n\' | run_pipeline.sh', 65,
     'p1_read: standard input: row 1 (byte 2): a quoted field is never closed'),
    ("printf '1\\n222222222\\n' | run_pipeline.sh --max-row=4", 65,
     'p1_read: standard input: row 1 (byte 2): longer than 4 bytes (--max-row)'),
    ('gzip <in.csv | run_pipeline.sh', 65,
     'p1_read: standard input: compressed data in a pipe; decompress it first, with gzip -dc'),
    ('xz <in.csv >x.xz; truncate -s -4 x.xz; run_pipeline.sh x.xz', 65,
     'p1_read: x.xz: xz ended with status 1: xz: (stdin): Unexpected end of input'),
    ('run_pipeline.sh --worker=true in.csv', 69,
     'p1_read: true at place 0 ended with status 0 before the end of its stream'),
    ("run_pipeline.sh --worker='echo hello' in.csv", 65, 'p3_write: out.0: not a stream of batches or results'),
    ("run_pipeline.sh --worker='sh -c \"exit 74\"' in.csv", 74,
     'p1_read: sh at place 0 ended with status 74 before the end of its stream'),
    ("run_pipeline.sh --worker='sh -c \"exec >&-; cat >/dev/null\"' in.csv", 69,
     'p1_read: sh at place 0 has closed its output before the end of its stream'),
    ('run_pipeline.sh --retries=0 --worker=\'sh -c "kill -9 $$"\' in.csv', 69,
     'p1_read: sh at place 0 was killed by signal 9 (KILL)\np1_read: sh at place 0 died whatever it was given'),
    ("p1_read in.csv | p2_sum --command='exit 3' | p3_write", 75, "p2_sum: 'exit 3' ended with status 3 (row 0)"),
    ('p1_read in.csv | p2_sum --command=true | p3_write', 75,
     "p2_sum: 'true' wrote 0 lines for 1 row, try --lines=any (row 0)"),
    ('run_pipeline.sh --coprocess=true --retries=0 in.csv', 65,
     "p2_sum: 'true' ended with status 0 before it had answered (row 0)\n"
     "p3_write: in.csv: row 0 (byte 0): 'true' fails whenever it is given it"),
    ('echo x >x.journal; run_pipeline.sh -o x --resume in.csv', 65,
     'p3_write: x.journal: damaged; remove it to begin anew'),
    ('run_pipeline.sh -n 1000000 in.csv', 71, 'p1_read: too few file descriptors for 1000000 workers (ulimit -n)'),
]

# Rows of an input, options, and what is said of the first reject after "p3_write: in.csv: row ". The next one like it
# has no hint.
HINTS = [
    (b'id,price\nid,price\n', '',
     "0, field 1 (byte 0): 'id' is not an integer; if the first row is a header: --header"),
    (b'1,a\n1,a\n', '', "0, field 2 (byte 2): 'a' is not an integer; if the first row is a header: --header; "
                         'to sum only some fields: -f LIST'),
    (b'1,1.5\n2,2.5\n', '', "0, field 2 (byte 2): '1.5' is not an integer; only integers are summed"),
    (b'1e3\n1e4\n', '', "0, field 1 (byte 0): '1e3' is not an integer; only integers are summed"),
    (b'1,\n2,\n', '', "0, field 2 (byte 2): '' is not an integer; to take it for zero: --empty=zero"),
    (b'1;2\n3;4\n', '', "0, field 1 (byte 0): '1;2' is not an integer; if ';' is between the fields: -d ';'"),
    (b'1,2\n3,4\n', '-d ";"', "0, field 1 (byte 0): '1,2' is not an integer; if ',' is between the fields: -d ','"),
    (b'1\t2\n3\t4\n', '', "0, field 1 (byte 0): '1\\t2' is not an integer; if tabs are between the fields: -d tab"),
    ('1\n2'.encode('UTF-16'), '',
     r"0, field 1 (byte 0): '\xff\xfe1\x00' is not an integer; if this is UTF-16, first: iconv -f UTF-16 -t UTF-8"),
    ('1\n2'.encode('UTF-16-BE'), '',
     r"0, field 1 (byte 0): '\x001\x00' is not an integer; if this is UTF-16, first: iconv -f UTF-16BE -t UTF-8"),
]


class MessagesTest(PipelineTest):
    def check(self, table):
        for command, status, lines in table:
            with self.subTest(command):
                for name in os.listdir(self.work):
                    (self.work / name).unlink()
                self.file('in.csv', b'1,2\n')
                outcome = self.shell(f'set -o pipefail; {command}')
                self.assertEqual((outcome.stderr, outcome.status), (lines + '\n', status))
                self.assertLessEqual(max(map(len, lines.splitlines())), 100)

    def options(self, name):
        """The long options of a program."""
        text = self.run_program(name, '--help').stdout.decode()
        return set(re.findall(r'^ *(?:-\w,? (?:\[ )?)?(--[a-z-]+)', text, re.M))

    def test_misspelt_options(self):
        self.check(MISSPELT)

    def test_wrong_usage(self):
        self.check(USAGE)

    def test_failures(self):
        self.check(FAILURES)

    def test_every_option_is_found_when_it_is_misspelt(self):
        """A letter that is too many is no option, and near to one."""
        for name in 'p1_read', 'p2_sum', 'p3_write', 'run_pipeline.sh':
            options = self.options(name) - {'--to'}  # which is too short
            self.assertLess({'--help', '--version'}, options)
            for option in options:
                wrong = option.replace('--', '--q')
                line = f"{name}: unrecognised option '{wrong}'; did you mean {option}?\n"
                self.assertEqual(self.run_program(name, wrong)[1:], (line, 64))

    def test_hints(self):
        """Each comes once in a run."""
        for rows, options, said in HINTS:
            self.file('in.csv', rows)
            for command in f'run_pipeline.sh -n2 --on-error=skip {options} in.csv', \
                    f'p1_read --batch-size=1 {options} in.csv | p2_sum | p3_write --on-error=skip':
                with self.subTest(said, command=command):
                    like_it = r"^p3_write: in.csv: row 1, field \d \(byte \d+\): '.*' is not an integer$"
                    outcome = self.shell(command)
                    first, second, *more = outcome.stderr.splitlines()
                    self.assertEqual((first, outcome.status), ('p3_write: in.csv: row ' + said, 1))
                    self.assertRegex(second, like_it)

    def test_names_of_columns(self):
        """They are those of each file, and fields have their numbers in the input."""
        self.file('a.csv', b'id,price,"of\n""it"""\n1,2,x\n')
        self.file('b.csv', b'\xef\xbb\xbfno\n-\n1,-\n')
        first = r"""p3_write: a.csv: row 0, field 3 (byte 25): 'x' is not an integer (column 'of\n"it"')""" \
            '; to sum only some fields: -f LIST\n'
        others = "p3_write: b.csv: row 1, field 1 (row 0 of the file, byte 6): '-' is not an integer (column 'no')\n" \
            "p3_write: b.csv: row 2, field 2 (row 1 of the file, byte 10): '-' is not an integer\n"
        for words in ['-n1'], ['-n3', '--batch-size=1'], ['--checksum']:
            outcome = self.launcher(None, '--header', '--on-error=skip', *words, 'a.csv', 'b.csv')
            self.assertEqual(outcome, Outcome(b'', first + others, 1))
        for words in ['-fprice,3'], ['--complement', '-fid']:
            outcome = self.chain(None, ['--header', *words, 'a.csv'])
            self.assertEqual(outcome.stderr, first.partition('; ')[0] + '\n')

    def test_ctrl_c(self):
        """A terminal sends SIGINT to p3_write and to p1_read. One of them speaks, if the same command goes on."""
        self.file('in.csv', b'1\n2\n')
        for words, line in (['--resume'], 'p3_write: interrupted; the same command goes on\n'), ([], ''):
            run = self.start_launcher(None, '-n1', '--command=touch begun; sleep 1000', '-o', 'out', *words, 'in.csv',
                                      start_new_session=True)
            self.until((self.work / 'begun').exists, 'no command')
            os.killpg(run.pid, signal.SIGINT)
            self.assertEqual(run.finish(), Outcome(b'', line, -signal.SIGINT))
            (self.work / 'begun').unlink()

    def test_the_advice_helps(self):
        """What the hints say makes these rows good."""
        for rows, command in ((b'id,price\n1,2\n', 'run_pipeline.sh --header <in.csv'),
                              (b'1,a,2\n', 'run_pipeline.sh -f 1,3 <in.csv'),
                              (b'1,,2\n', 'run_pipeline.sh --empty=zero <in.csv'),
                              (b'1;2\n', "run_pipeline.sh -d ';' <in.csv"),
                              (b'1\t2\n', 'run_pipeline.sh -d tab <in.csv'),
                              ('1,2\n'.encode('UTF-16'), 'iconv -f UTF-16 -t UTF-8 in.csv | run_pipeline.sh'),
                              (gzip.compress(b'1,2\n'), 'gzip -dc in.csv | run_pipeline.sh')):
            self.file('in.csv', rows)
            self.assertEqual(self.shell(command), Outcome(b'0,3\n', '', 0), command)

    def test_rejects_that_are_not_reported(self):
        self.file('in.csv', b'1\n' + b'x\n' * 20000 + b'2\n')
        line = "p3_write: in.csv: row {}, field 1 (byte {}): 'x' is not an integer\n".format
        ten = ''.join(line(i, 2 * i) for i in range(1, 11))
        for words, said in (
                ('', ten + 'p3_write: and 19990 more rejects; --rejects FILE has them all\n'),
                ('--rejects=bad', ten + 'p3_write: and 19990 more rejects; bad has them all\n'),
                ('-o out --rejects=-', ten + 'p3_write: and 19990 more rejects\n'),
                ('--reports=1', line(1, 2) + 'p3_write: and 19999 more rejects; --rejects FILE has them all\n'),
                ('--reports=0', 'p3_write: 20000 rejects; --rejects FILE has them all\n'),
                ('--reports=19999', ''.join(line(i, 2 * i) for i in range(1, 20000)) +
                 'p3_write: and 1 more reject; --rejects FILE has them all\n'),
                ('--reports=20000', ''.join(line(i, 2 * i) for i in range(1, 20001)))):
            for command in 'run_pipeline.sh -n2 in.csv', 'p1_read --batch-size=1K in.csv | p2_sum | p3_write':
                outcome = self.shell(f'{command} --on-error=skip {words}')
                self.assertEqual((outcome.stderr, outcome.status), (said, 1))
            if 'bad' in words:
                self.assertEqual((self.work / 'bad').read_bytes(), b'x\n' * 20000)

    def test_rejects_of_a_run_that_fails(self):
        """What ends the run is reported, whatever --reports says. Rejects are counted, and no file has them."""
        line = "p3_write: standard input: row {}, field 1 (byte {}): 'x' is not an integer\n".format
        self.assertEqual(self.launcher(b'1\nx\n' * 3), Outcome(b'0,1\n', line(1, 2), 65))
        said = line(1, 2) + 'p1_read: standard input: row 4 (byte 8): a quoted field is never closed\n' \
            'p3_write: and 2 more rejects\n'
        for rejects in [], ['--rejects=bad']:
            outcome = self.launcher(b'1\nx\nx\nx\n"', '--on-error=skip', '--reports=1', *rejects)
            self.assertEqual(outcome, Outcome(b'0,1\n', said, 65))

    def test_no_end_of_a_stream_where_nobody_waits_for_it(self):
        """After wrong usage there is one in a pipe or a socket. In a file, on a terminal, and after --help and
        --version there is none."""
        for command in 'p1_read --bogus', 'p1_read --workers=1 --deal=x', 'p2_sum in.csv', 'p2_sum --lines=x':
            with self.subTest(command):
                for output in '>out', '>>out', '1<>out', '>/dev/null':
                    outcome = self.shell(f'{command} {output}; status=$?; [ ! -s out ] && exit $status')
                    self.assertEqual((outcome.stdout, outcome.stderr.count('\n'), outcome.status), (b'', 1, 64))
                self.assertIn(b'\x8fEND', self.shell(f'{command} | cat').stdout)
                self.assertIn(b'\x8fEND', self.said_into(socket.socketpair(), command))
                self.assertNotIn(b'\x8f', self.said_into(os.openpty(), command))
        for name in 'p1_read', 'p2_sum':
            for option in '--help', '-h', '--version':
                self.assertNotIn(b'\x8f', self.shell(f'{name} {option} | cat').stdout)
                self.assertNotIn(b'\x8f', self.said_into(os.openpty(), f'{name} {option}'))

    def said_into(self, pair, command):
        """What a command writes at the second end of the pair."""
        ours, theirs = (end if isinstance(end, int) else end.detach() for end in pair)
        self.addCleanup(os.close, ours)
        self.start(['sh', '-c', f'exec {program(command)}'], stdout=theirs).finish()
        os.close(theirs)
        said = b''
        with contextlib.suppress(OSError):  # the end of what a terminal says
            while piece := os.read(ours, 4096):
                said += piece
        return said

    def test_one_program_of_a_chain_reports(self):
        for command, line in (
                ('p1_read --bogus | p2_sum | p3_write', f"p1_read: unrecognised option '--bogus'; {TRY_P1}"),
                ('p1_read in.csv | p2_sum --lines=x | p3_write',
                 f"p2_sum: --lines: 'x' is neither rows nor any; {TRY_P2}"),
                ('p1_read in.csv | p2_sum | p3_write --on-error=x',
                 f"p3_write: --on-error: 'x' is neither fail nor skip; {TRY_P3}")):
            self.file('in.csv', b'1\n')
            self.assertEqual(self.shell(command), Outcome(b'', line + '\n', 64))

    def test_a_misspelt_option_without_other_programs(self):
        line = f"run_pipeline.sh: unrecognised option '--heder'; {TRY}\n"
        outcome = self.launcher(None, '--heder', env={**self.env, 'PATH': '/nowhere'})
        self.assertEqual(outcome, Outcome(b'', line, 64))

    def test_terminals(self):
        """A stream is for another program."""
        for command, line in (
                ('p1_read in.csv', f'p1_read: standard output is a terminal, and the stream is for p2_sum; {TRY_P1}'),
                ('p1_read --workers=2 in.csv', f'p1_read: standard output is a terminal, and not p3_write; {TRY}'),
                ('p2_sum <in.csv', 'p2_sum: standard output is a terminal, and the stream is for p3_write'),
                ('exec 3<&1; p2_sum <&3 | cat', 'p2_sum: standard input is a terminal, and no stream of batches'),
                ('p3_write <&1', f'p3_write: standard input is a terminal, and no stream of results; {TRY_P3}')):
            self.file('in.csv', b'1\n')
            ours, theirs = os.openpty()
            with self.subTest(command), os.fdopen(ours, 'rb'), os.fdopen(theirs, 'r+b', buffering=0) as terminal:
                outcome = self.shell(f'set -o pipefail; {command}', stdout=terminal)
                self.assertEqual((outcome.stderr, outcome.status), (line + '\n', 64))
                self.assertLessEqual(len(line), 100)

    def test_a_letter_for_help(self):
        for name in 'p1_read', 'p2_sum', 'p3_write', 'run_pipeline.sh', 'frame_cat':
            self.assertEqual(self.run_program(name, '-h'), self.run_program(name, '--help'))


if __name__ == '__main__':
    main()
