#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The completions of scripts/completions, in the real shells: bash and zsh at a terminal, and fish by its builtin
`complete -C`. What has to be completed is taken from the --help of each program, and fixed values from its message
about a value that is none of them."""
import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import sys
import threading
import unittest
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import BIN_DIR, HANG, SOURCE_DIR, PipelineTest, main, program  # noqa: E402

COMPLETIONS = SOURCE_DIR / 'scripts/completions'
PROGRAMS = 'p1_read', 'p2_sum', 'p3_write'
COMMANDS = *PROGRAMS, 'run_pipeline.sh', 'slurm_pipeline.sh'
INSTALLED = *COMMANDS, 'run_pipeline', 'slurm_pipeline'
BASH_COMPLETION = Path('/usr/share/bash-completion/bash_completion')
FILE = 'a file.csv'


class Option(NamedTuple):
    names: list[str]
    value: str  # its name in --help, or ''
    is_attached_only: bool  # --name=value, and not --name value


def options_of(command: str) -> dict[str, Option]:
    """The options in --help, by their last name."""
    found: dict[str, Option] = {}
    for line in subprocess.check_output([program(command), '--help'], text=True).splitlines():
        if not re.match(r'  +-', line):
            continue
        left = re.split(r'(?<=\S)  +', line.strip())[0]
        names = re.findall(r'(?<![\w-])--?[a-z][a-z-]*', left)
        value = re.search(r'(?<= )[A-Z]+\b|(?<=\[=)[A-Z]+|(?<==)[a-z]+$', left)
        option = Option(names, value[0] if value else '', bool(re.search(r'\[=|=[a-z]+$', left)))
        if names[-1] not in found or option.value:
            found[names[-1]] = option
    return found


def fixed_values(option: str) -> set[str]:
    """Those that a program names when it is given another one."""
    for name in PROGRAMS:
        words = [program(name), f'{option}=x', *(['--command=cat'] if name == 'p2_sum' else [])]
        message = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True).stderr.decode()
        if values := re.search(r"'x' is (?:neither|not) ([\w-]+(?:, [\w-]+)* n?or [\w-]+)", message):
            return set(re.split(', | n?or ', values[1]))
    return set()


class Completions:
    """The tests, for the shell of a subclass."""

    shell: str

    def complete(self, line: str, word: str) -> set[str]:
        """What the shell offers for the last word of a line."""
        raise NotImplementedError

    def setUp(self) -> None:
        super().setUp()
        if not shutil.which(self.shell):
            self.skipTest(f'{self.shell} is not installed')
        self.file(FILE, b'')
        self.env |= {'PATH': f'{self.directory}:{BIN_DIR}:{os.environ["PATH"]}', 'HOME': str(self.directory),
                     'TERM': 'dumb', 'XDG_CONFIG_HOME': str(self.directory),
                     'XDG_DATA_DIRS': f'{self.directory}/share:/usr/share'}

    def assert_completed(self, line: str, word: str, expected: set[str]) -> None:
        self.assertEqual(self.complete(line, word), expected, f'{line} {word}')

    def test_options(self):
        for command in COMMANDS:
            names = {name for option in options_of(command).values() for name in option.names}
            long = {name for name in names if name.startswith('--')}
            self.assertIn('--help', long)
            self.assertEqual({name.rstrip('=') for name in self.complete(command, '--')}, long, command)
            for name in names - long:
                self.assertIn(name, self.complete(command, '-'))

    def test_values(self):
        """Of every option, after it and attached to it."""
        for command in COMMANDS:
            for option in options_of(command).values():
                long = option.names[-1]
                word = ''
                if option.value in {'FILE', 'PATH'}:
                    expected = {FILE}
                elif option.value == 'COMMAND':
                    word, expected = 'p2_su', {'p2_sum'}
                elif option.value in {'MODE', 'POLICY', 'FORMAT', 'WHEN'} or option.is_attached_only:
                    expected = fixed_values(long)
                    self.assertTrue(expected, f'{command} names no values of {long}')
                else:
                    expected = {'tab'} if option.value == 'C' else set()
                for name in option.names:
                    if not option.value or option.is_attached_only:
                        self.assertEqual(FILE in self.complete(f'{command} {name}', ''), command != 'p2_sum')
                    else:
                        self.assert_completed(f'{command} {name}', word, expected)
                if option.value:
                    attached = self.complete(command, f'{long}={word}')
                    self.assertEqual({text.removeprefix(f'{long}=') for text in attached} - {''}, expected, long)

    def test_beginnings_of_words(self):
        names = self.complete('p1_read', '--de')
        self.assertEqual({name.rstrip('=') for name in names}, {'--deal', '--delimiter'})
        self.assert_completed('p1_read --deal', 'r', {'round-robin', 'random'})
        self.assert_completed('run_pipeline.sh --on-error', 's', {'skip'})

    def test_files(self):
        self.assert_completed('run_pipeline.sh', 'a', {FILE})
        self.assert_completed('run_pipeline.sh', "'a f", {FILE})
        self.assert_completed('run_pipeline.sh -o sums.csv', r'a\ f', {FILE})
        self.assert_completed('run_pipeline.sh --header -n 4 --', '', {FILE})
        self.assertNotIn(FILE, self.complete('p2_sum', ''))
        self.assert_completed('p2_sum <', '', {FILE})
        self.file('-odd.csv')
        self.assert_completed('run_pipeline.sh --', '-o', {'-odd.csv'})

    def test_the_launcher_without_sh(self):
        (self.directory / 'run_pipeline').symlink_to(BIN_DIR / 'run_pipeline.sh')
        self.assert_completed('run_pipeline --deal', 'p', {'pull'})

    def test_a_command_that_is_not_in_path(self):
        elsewhere = self.directory / 'some where'
        elsewhere.symlink_to(BIN_DIR)
        self.assert_completed(r'~/some\ where/p1_read --deal', 'p', {'pull'})


class Terminal(Completions):
    """A shell at a terminal. Its startup file binds ^Xi, which inserts everything that is offered, and ^Xd, which
    writes the line and a NUL to the FIFO $ANSWERS and empties the line."""

    def start(self, *words: str) -> None:
        answers = self.directory / 'answers'
        os.mkfifo(answers)
        self.answers = os.open(answers, os.O_RDWR)
        self.addCleanup(os.close, self.answers)
        keyboard, terminal = pty.openpty()
        self.process = subprocess.Popen(words, stdin=terminal, stdout=terminal, stderr=terminal, cwd=self.work,
                                        env={**self.env, 'ANSWERS': str(answers)}, start_new_session=True)
        os.close(terminal)
        self.keyboard = keyboard
        reader = threading.Thread(target=self.read_screen)
        reader.start()
        self.addCleanup(os.close, keyboard)
        self.addCleanup(reader.join)

    def tearDown(self) -> None:
        self.process.kill()
        self.process.wait()
        super().tearDown()

    def read_screen(self) -> None:
        self.screen = b''
        try:
            while text := os.read(self.keyboard, 4096):
                self.screen += text
        except OSError:  # the shell has ended
            pass

    def complete(self, line: str, word: str) -> set[str]:
        os.write(self.keyboard, f'{line} {word}\x18i\x18d'.encode())
        answer = b''
        while not answer.endswith(b'\0'):
            self.assertTrue(select.select([self.answers], [], [], HANG)[0], self.screen)
            answer += os.read(self.answers, 4096)
        return set(shlex.split(answer[:-1].decode())[len(shlex.split(line)):])


class BashTest(Terminal, PipelineTest):
    shell = 'bash'

    def setUp(self) -> None:
        super().setUp()
        startup = self.directory / 'startup'
        startup.write_text(rf"""
            bind -x '"\C-xd": printf "%s\0" "$READLINE_LINE" >"$ANSWERS"; READLINE_LINE='
            bind '"\C-xi": insert-completions'
            source {shlex.quote(str(COMPLETIONS / 'rowsum.bash'))}
            """)
        self.start('bash', '--noprofile', '--rcfile', str(startup), '-i')

    @unittest.skipUnless(BASH_COMPLETION.exists(), 'bash-completion is not installed')
    def test_bash_completion_finds_them(self):
        directory = self.directory / 'share/bash-completion/completions'
        directory.mkdir(parents=True)
        for command in INSTALLED:
            shutil.copy(COMPLETIONS / 'rowsum.bash', directory / command)
            found = subprocess.check_output(
                ['bash', '-c', 'source "$1"; _completion_loader "$2"; complete -p "$2"', '', BASH_COMPLETION, command],
                env=self.env, text=True, stderr=subprocess.STDOUT)
            self.assertEqual(found, f'complete -o default -F _rowsum {command}\n')


class ZshTest(Terminal, PipelineTest):
    shell = 'zsh'

    def setUp(self) -> None:
        super().setUp()
        directory = self.directory / 'functions'
        directory.mkdir()
        shutil.copy(COMPLETIONS / '_rowsum', directory)
        (self.directory / '.zshrc').write_text(rf"""
            fpath=({shlex.quote(str(directory))} $fpath)
            autoload -U compinit && compinit -u -D
            zle -C insert-all complete-word _generic
            zstyle ':completion:insert-all:*' completer _all_matches _complete
            zstyle ':completion:insert-all:*' insert true
            write-line() {{ print -rn -- "$BUFFER"$'\0' >$ANSWERS; BUFFER= }}
            zle -N write-line
            bindkey '^Xi' insert-all '^Xd' write-line
            """)
        self.env['ZDOTDIR'] = str(self.directory)
        self.start('zsh', '-d', '-i')


class FishTest(Completions, PipelineTest):
    shell = 'fish'

    def setUp(self) -> None:
        super().setUp()
        directory = self.directory / 'share/fish/vendor_completions.d'
        directory.mkdir(parents=True)
        for command in INSTALLED:
            shutil.copy(COMPLETIONS / 'rowsum.fish', directory / f'{command}.fish')

    def complete(self, line: str, word: str) -> set[str]:
        found = subprocess.run(['fish', '-c', 'complete -C "$argv"', f'{line} {word}'], cwd=self.work, env=self.env,
                               capture_output=True, check=True, timeout=HANG)
        self.assertEqual(found.stderr, b'')
        self.descriptions = dict(line.partition('\t')[::2] for line in found.stdout.decode().splitlines())
        return set(self.descriptions)

    def test_descriptions(self):
        self.complete('run_pipeline.sh', '--header')
        self.assertEqual(self.descriptions['--header'], 'skip the first row of each file')
        self.complete('p1_read', '--header')
        self.assertEqual(self.descriptions['--header'],
                         'skip the first row of each file; it has no index. =repeat: --command gets it with each batch')


if __name__ == '__main__':
    main()
