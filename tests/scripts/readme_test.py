#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The examples in README that show what comes out: blocks of code with lines "$ COMMAND". What follows such a line is
what the command prints, reports of the programs on standard error and all else on standard output. The first
`cat FILE` shows a file that the commands after it read."""
import re
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import SOURCE_DIR, Outcome, PipelineTest, main  # noqa: E402

BLOCK = re.compile(r'^(?:    .*\n(?:\n(?=    ))?)+', re.M)
REPORT = re.compile(r'^p[123]_\w+: .*\n', re.M)


def examples() -> list[tuple[str, str]]:
    """The commands, and what each of them prints."""
    found: list[tuple[str, str]] = []
    for block in BLOCK.findall((SOURCE_DIR / 'README.md').read_text()):
        text = re.sub('^    ', '', block, flags=re.M)
        if text.startswith('$ '):
            found += re.findall(r'^\$ (.*)\n((?:(?!\$ ).*\n)*)', text, re.M)
    return found


class ReadmeTest(PipelineTest):
    def test_examples(self):
        self.assertGreater(len(examples()), 15)
        for command, printed in examples():
            if (shown := re.fullmatch(r'cat (\S+)', command)) and not (self.work / shown[1]).exists():
                self.file(shown[1], printed.encode())
            elif '| jq' not in command or shutil.which('jq'):
                reports = ''.join(REPORT.findall(printed))
                status = 1 if reports and '||' not in command else 0  # all the reports are under --on-error=skip
                with self.subTest(command):
                    self.assertEqual(self.shell(command), Outcome(REPORT.sub('', printed).encode(), reports, status))


if __name__ == '__main__':
    main()
