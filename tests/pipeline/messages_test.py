#!/usr/bin/env python3
"""The messages, as they are: one line each, of at most 100 columns if no long text of the user's is in it."""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import PipelineTest, main  # noqa: E402

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

    def test_a_letter_for_help(self):
        for name in 'p1_read', 'p2_sum', 'p3_write', 'run_pipeline.sh', 'frame_cat':
            self.assertEqual(self.run_program(name, '-h'), self.run_program(name, '--help'))


if __name__ == '__main__':
    main()
