#!/usr/bin/env python3
"""The messages, as they are: one line each, of at most 100 columns if no long text of the user's is in it."""
import contextlib
import os
import re
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import Outcome, PipelineTest, main, program  # noqa: E402

TRY_P1 = "try 'p1_read --help'"
TRY_P2 = "try 'p2_sum --help'"
TRY_P3 = "try 'p3_write --help'"
TRY = "try 'run_pipeline.sh --help'"

# A command, its status with pipefail, and the one line that it says.
MISSPELT = [
    ('p1_read --heder', 64, "p1_read: unrecognised option '--heder'; did you mean --header?"),
    ('p1_read --delimeter=x', 64, "p1_read: unrecognised option '--delimeter'; did you mean --delimiter?"),
    ('p1_read --woker=x', 64, "p1_read: unrecognised option '--woker'; did you mean --worker?"),
    ('p2_sum --comand=cat', 64, "p2_sum: unrecognised option '--comand'; did you mean --command?"),
    ('p2_sum --hlep', 64, "p2_sum: unrecognised option '--hlep'; did you mean --help?"),
    ('p3_write --rejcts=x', 64, "p3_write: unrecognised option '--rejcts'; did you mean --rejects?"),
    ('run_pipeline.sh --heder', 64, "run_pipeline.sh: unrecognised option '--heder'; did you mean --header?"),
    ('run_pipeline.sh --keeporder', 64, "run_pipeline.sh: unrecognised option '--keeporder'; did you mean --keep-order?"),
    ('run_pipeline.sh --jbos=3', 64, "run_pipeline.sh: unrecognised option '--jbos'; did you mean --jobs?"),
    ('run_pipeline.sh --no-index --on-eror=skip', 64,
     "run_pipeline.sh: unrecognised option '--on-eror'; did you mean --on-error?"),
    ('p1_read --bogus', 64, f"p1_read: unrecognised option '--bogus'; {TRY_P1}"),
    ('run_pipeline.sh --bogus', 64, f"run_pipeline.sh: unrecognised option '--bogus'; {TRY}"),
    ('run_pipeline.sh -z', 64, f"run_pipeline.sh: unrecognised option '-z'; {TRY}"),
]


class MessagesTest(PipelineTest):
    def check(self, table):
        for command, status, line in table:
            with self.subTest(command):
                outcome = self.shell(f'set -o pipefail; {command}')
                self.assertEqual((outcome.stderr, outcome.status), (line + '\n', status))
                self.assertLessEqual(len(line), 100)

    def options(self, name):
        """The long options of a program."""
        text = self.run_program(name, '--help').stdout.decode()
        return set(re.findall(r'^ *(?:-\w,? (?:\[ )?)?(--[a-z-]+)', text, re.M))

    def test_misspelt_options(self):
        self.check(MISSPELT)

    def test_every_option_is_found_when_it_is_misspelt(self):
        """A letter that is too many is no option, and near to one."""
        for name in 'p1_read', 'p2_sum', 'p3_write', 'run_pipeline.sh':
            options = self.options(name) - {'--to'}  # which is too short
            self.assertLess({'--help', '--version'}, options)
            for option in options:
                wrong = option.replace('--', '--q')
                line = f"{name}: unrecognised option '{wrong}'; did you mean {option}?\n"
                self.assertEqual(self.run_program(name, wrong)[1:], (line, 64))

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

    def test_a_letter_for_help(self):
        for name in 'p1_read', 'p2_sum', 'p3_write', 'run_pipeline.sh', 'frame_cat':
            self.assertEqual(self.run_program(name, '-h'), self.run_program(name, '--help'))


if __name__ == '__main__':
    main()
