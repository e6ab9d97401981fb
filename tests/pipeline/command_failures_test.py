#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Commands that fail: one line says which, how, on which rows, and what it said last. A row that makes the command fail
is found, and is a reject."""
import re
import resource
import shlex
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from commands import ECHO, CommandTest, numbered, python  # noqa: E402
from pipeline import IS_STATIC, Outcome, Run, main  # noqa: E402

ROWS = [b'%d\n' % i for i in range(100)]
DATA = b''.join(ROWS)
BAD = 66

# What a command does when it meets a row, as shell code, and what is said of it. It has said "so sorry" before.
ENDS = {
    'exit 3': 'ended with status 3',
    'exit 255': 'ended with status 255',
    'kill -9 $$': 'was killed by signal 9 (KILL)',
    'kill -SEGV $$': 'was killed by signal 11 (SEGV)',
    'kill -TERM $$': 'was killed by signal 15 (TERM)',
    'kill -PIPE $$': 'was killed by signal 13 (PIPE)',
}


def on_row(row: int, action: str) -> str:
    """For --command: echoes the rows, and does something else at one of them."""
    return f'while read -r row; do case $row in {row}) echo so sorry >&2; {action} ;; esac; echo "$row"; done'


def on_row_of_coprocess(row: int, action: str) -> str:
    return ECHO.replace('echo "$row"', f'case $row in {row}) echo so sorry >&2; {action} ;; esac; echo "$row"')


class FoundRowTest(CommandTest):
    def commands(self, action: str):
        yield 'command', on_row(BAD, action), ''
        yield 'coprocess', on_row_of_coprocess(BAD, action), ' before it had answered'

    def assert_found(self, outcome: Outcome, kind: str, command: str, how: str, said: str, skip: bool, tries: int) -> None:
        """The row BAD is the only one without a line. The command has failed about as often as a worker would."""
        shown = command[:60] + ('...' if len(command) > 60 else '')
        *deaths, last = [line for line in outcome.stderr.splitlines() if line != said]
        self.assertEqual(last, f"p3_write: in.csv: row {BAD} (byte {sum(map(len, ROWS[:BAD]))}): "
                               f"'{shown}' fails whenever it is given it")
        for line in deaths:
            self.assertRegex(line, r'^p2_sum: .* \((row|rows \d+ to) \d+\)')
            self.assertIn(f"p2_sum: '{shown}' {how} (row", line)
            self.assertTrue(not said or line.endswith(f'): {said}'), line)
        self.assertLessEqual(len(deaths), 2 * tries + 1)
        expected = b''.join(b'%d,%d\n' % (i, i) for i in range(100) if i != BAD and (skip or i < BAD))
        self.assertEqual((outcome.stdout, outcome.status), (expected, 1 if skip else 65))

    def test_how_a_command_ends(self):
        self.file('in.csv', DATA)
        for action, how in ENDS.items():
            for kind, command, when in self.commands(action):
                for skip, retries, size in (True, 0, '1M'), (False, 1, 30):
                    with self.subTest(kind, action=action, skip=skip):
                        options = ['--on-error=skip', '--rejects=rejects'] if skip else []
                        outcome = self.launcher(None, f'--{kind}={command}', '-n', 2, '--retries', retries, '--batch-size', size,
                                                *options, 'in.csv')
                        self.assert_found(outcome, kind, command, how + when, 'so sorry', skip, retries + 1)
                        if skip:
                            self.assertEqual((self.work / 'rejects').read_bytes(), ROWS[BAD])

    def test_lines_too_few_or_too_many(self):
        self.file('in.csv', DATA)
        for command, lines in (f'grep -v ^{BAD}$ || true', 0), (f'sed /^{BAD}$/p', 2):
            for skip, retries in (True, 0), (False, 1):
                options = ['--on-error=skip'] if skip else []
                outcome = self.with_command(command, None, '-n', 2, '--retries', retries, *options, 'in.csv')
                *deaths, _ = outcome.stderr.splitlines()
                for line in deaths:
                    self.assertRegex(line, r"^p2_sum: '.*' wrote \d+ lines? for \d+ rows?, try --lines=any \(rows? \d+( to \d+)?\)$")
                self.assertEqual(deaths[-1], f"p2_sum: '{command}' wrote {lines} lines for 1 row, try --lines=any (row {BAD})")
                expected = b''.join(b'%d,%d\n' % (i, i) for i in range(100) if i != BAD and (skip or i < BAD))
                self.assertEqual((outcome.stdout, outcome.status), (expected, 1 if skip else 65))

    def test_what_to_try(self):
        """Rows may be cut where they have row ends within quotes, whatever these are. Then --one-line helps."""
        for data, command, what in (
                (b'"1\n2"\n', 'cat', '2 lines for 1 row, try --one-line'),
                (b'"1\r\n2"\r\n', 'cat', '2 lines for 1 row, try --one-line'),
                (b'"1\r2"', 'tr "\\r" "\\n"', '2 lines for 1 row, try --one-line'),
                (b'"1\n2"\n', 'true', '0 lines for 1 row, try --lines=any'),
                (b'"1,2"\r\n', 'sed p', '2 lines for 1 row, try --lines=any'),
                (b'1\r2\n\n', 'sed p', '4 lines for 3 rows, try --lines=any')):
            outcome = self.with_command(command, self.file('in.csv', data), '-n', 1, '--retries=0', '--batch-size=1K')
            self.assertIn(f"' wrote {what} (row", outcome.stderr.splitlines()[0])
        outcome = self.with_command('sed p', self.file('in.csv', b'"1\n2"\n'), '-n', 1, '--retries=0', '--one-line')
        self.assertIn("wrote 2 lines for 1 row, try --lines=any (row 0)\n", outcome.stderr)

    def test_few_words(self):
        """By default a command is tried once more, and no more than that."""
        self.file('in.csv', DATA)
        outcome = self.with_command(on_row(BAD, 'exit 3'), None, '-n', 1, '--batch-size=1M', '--on-error=skip', 'in.csv')
        told = [line.rpartition(' (')[2] for line in outcome.stderr.splitlines() if line.startswith('p2_sum: ')]
        rows = ['rows 0 to 99', 'rows 0 to 99', 'rows 66 to 67', 'row 66', 'row 66']
        self.assertEqual(told, [f'{each}): so sorry' for each in rows])
        self.assertEqual(outcome.status, 1)

    def test_several_rows(self):
        """All of them are found, in quotes and with row ends in them."""
        rows = [b'%d\n' % i for i in range(50)]
        bad = {3: b'"x\n1"\n', 4: b'x', 30: b'"x"\r\n', 49: b'"\r\nx"'}
        for at, row in bad.items():
            rows[at] = row.removesuffix(b'\n') + (b'\n' if at != 49 else b'')
        self.file('in.csv', b''.join(rows))
        command = python('import csv, sys\nfor row in csv.reader(sys.stdin): print(int(row[0]))')
        for n in 1, 5:
            outcome = self.with_command(command, None, '-n', n, '--retries=0', '--on-error=skip', '--rejects=rejects', 'in.csv')
            self.assertEqual((outcome.stdout, outcome.status),
                             (b''.join(b'%d,%d\n' % (i, i) for i in range(50) if i not in bad), 1))
            self.assertEqual((self.work / 'rejects').read_bytes(), b''.join(rows[i] for i in bad))
            found = [line for line in outcome.stderr.splitlines() if line.startswith('p3_write')]
            self.assertEqual(len(found), 4)

    def test_a_command_that_fails_on_every_row(self):
        """It would be reported twice for each row."""
        for kind in 'command', 'coprocess':
            outcome = self.launcher(b'1\n' * 300, f'--{kind}=exit 3', '-n', 1, '--on-error=skip', '--retries=0')
            self.assertEqual((outcome.stdout, outcome.status), (b'', 1))
            lines = outcome.stderr.splitlines()
            self.assertEqual(len([line for line in lines if line.startswith("p2_sum: 'exit 3' ended")]), 10)
            self.assertIn('p3_write: and 290 more rejects; --rejects FILE has them all', lines)
            self.assertEqual(len(lines), 10 + 10 + 1)

    def test_a_failure_by_chance(self):
        """The command fails once and then no more: the output is the same, with one line."""
        for command in 'mkdir once 2>/dev/null && exit 3; cat', 'mkdir once 2>/dev/null && kill -9 $$; cat', \
                'mkdir once 2>/dev/null && cat >/dev/null; cat':
            for n in 1, 2:
                outcome = self.with_command(command, DATA, '-n', n, '--batch-size=100')
                self.assertEqual((outcome.stdout, outcome.status), (numbered(ROWS), 0))
                self.assertRegex(outcome.stderr, r"^p2_sum: '.*\n$")
                (self.work / 'once').rmdir()
        outcome = self.with_coprocess(f'mkdir once 2>/dev/null && exit 3; {ECHO}', DATA, '-n', 2, '--batch-size=100')
        self.assertEqual((outcome.stdout, outcome.status), (numbered(ROWS), 0))
        self.assertRegex(outcome.stderr, r"^p2_sum: '.*' ended with status 3 before it had answered \(.*\)\n$")


class MessageTest(CommandTest):
    def failure(self, command: str, data: bytes = b'1\n', *options: str) -> str:
        """What is said of a command that fails on the only batch."""
        outcome = self.with_command(command, self.file('in.csv', data), '-n', 1, '--retries=0', *options)
        self.assertEqual((outcome.stdout, outcome.status), (b'', 65), outcome.stderr)
        lines = [line for line in outcome.stderr.splitlines() if line.startswith('p2_sum: ')]
        return lines[0]

    def test_rows(self):
        self.assertEqual(self.failure('exit 3'), "p2_sum: 'exit 3' ended with status 3 (row 0)")
        self.assertEqual(self.failure('exit 3', b'1\n\n3', '--batch-size=1K'), "p2_sum: 'exit 3' ended with status 3 (rows 0 to 2)")
        self.assertEqual(self.failure('exit 3', b'a\n1\n2\n', '--header', '--batch-size=1K'), "p2_sum: 'exit 3' ended with status 3 (rows 0 to 1)")

    def test_a_header_without_rows(self):
        """No row is lost, so the run is a success. But the header is."""
        outcome = self.with_command('exit 3', b'a\n', '-n', 1, '--retries=0', '--header=repeat')
        self.assertEqual(outcome, Outcome(b'', "p2_sum: 'exit 3' ended with status 3 (no rows)\n", 0))

    def test_the_last_line_of_standard_error(self):
        for script, last in (
                ('echo one >&2; echo two >&2', 'two'), ('printf one >&2', 'one'), ('echo one >&2; printf two >&2', 'two'),
                ('printf "one\n\n" >&2; echo >&2', 'one'), ('echo >&2', ''),
                ('printf "a\\tb\\033\\n" >&2', r'a\tb\x1b'), ('printf "%0300d" 0 >&2', 200 * '0' + '...'),
                (f'{python("raise ValueError(5)")}', 'ValueError: 5')):
            self.assertEqual(self.failure(f'{script}; exit 3').partition(' (row 0): ')[2], last)
        self.assertEqual(self.failure('echo odd >&2; cat; cat /dev/stdin; echo'),
                         "p2_sum: 'echo odd >&2; cat; cat /dev/stdin; echo' wrote 3 lines for 1 row, try --lines=any (row 0): odd")

    def test_a_command_of_several_lines(self):
        self.assertEqual(self.failure('exit 3 #\n\t\033[1m'), r"p2_sum: 'exit 3 #\n\t\x1b[1m' ended with status 3 (row 0)")
        long = 'exit 3 #' + 100 * 'x'
        self.assertEqual(self.failure(long), f"p2_sum: '{long[:60]}...' ended with status 3 (row 0)")

    def test_a_command_that_cannot_be_started(self):
        """To try again does not help."""
        self.env['PATH'] = '/usr/bin:/bin'  # a directory that may not be read changes what the shell says
        self.file('no_program', b'#!/bin/sh\n')
        for command, status, said in ('no/such program', 127, '/bin/sh: 1: no/such: not found'), \
                ('./no_program', 126, '/bin/sh: 1: ./no_program: Permission denied'), \
                (f'{python("import sys")}; nosuch', 127, '/bin/sh: 1: nosuch: not found'):
            shown = command[:60] + ('...' if len(command) > 60 else '')
            for option, when in ('command', ''), ('coprocess', ' before it had answered'):
                outcome = self.launcher(b'1\n', '-n', 2, f'--{option}={command}')
                self.assertEqual(outcome, Outcome(
                    b'', f"{said}\np2_sum: '{shown}' ended with status {status}{when} (row 0): {said}\n", 71))
                outcome = self.chain_with(f'--{option}={command}', b'1\n')
                self.assertEqual(outcome.status[1:], (71, 71))

    def test_a_syntax_error(self):
        self.assertRegex(self.failure("awk '{ print '"), r"^p2_sum: 'awk '{ print '' ended with status \d \(row 0\): .*awk: ")
        self.assertEqual(self.failure('echo "'), "p2_sum: 'echo \"' ended with status 2 (row 0): /bin/sh: 1: Syntax error: "
                                                 "Unterminated quoted string")

    def test_the_chain(self):
        """No program is replaced there."""
        for option, when in ('command', ''), ('coprocess', ' before it had answered'):
            outcome = self.chain_with(f'--{option}=echo sorry >&2; exit 3', b'1\n2\n')
            self.assertEqual((outcome.stdout, outcome.stderr, outcome.status[1:]), (
                b'', f"sorry\np2_sum: 'echo sorry >&2; exit 3' ended with status 3{when} (rows 0 to 1): sorry\n", (75, 75)))
        outcome = self.chain_with('--command=awk \'$0 == 70 { exit 1 } { print }\'', DATA, ['--batch-size=60'])
        self.assertEqual(outcome.status[1:], (75, 75))
        self.assertTrue(numbered(ROWS).startswith(outcome.stdout) and len(outcome.stdout) > 100)


@unittest.skipUnless(IS_STATIC, 'sanitizers need more memory')
class HugeAnswersTest(CommandTest):
    """Memory is bounded, whatever a command writes."""

    def limited(self, mebibytes: int):
        return {'preexec_fn': lambda: resource.setrlimit(resource.RLIMIT_AS, (mebibytes << 20,) * 2)}

    def test_an_answer_that_never_ends(self):
        command = 'yes'
        outcome = self.with_command(command, b'1\n', '-n', 1, '--retries=0', **self.limited(1024))
        self.assertEqual(outcome, Outcome(
            b'', "p2_sum: 'yes' wrote more than 256 MiB (row 0)\n"
                 "p3_write: standard input: row 0 (byte 0): 'yes' fails whenever it is given it\n", 65))

    def test_a_line_that_never_ends(self):
        command = 'tr "\\0" x </dev/zero'
        for option, command in ('command', command), ('coprocess', 'read -r line; ' + command):
            outcome = self.launcher(b'1\n', '-n', 1, '--retries=0', f'--{option}={command}', **self.limited(1024))
            self.assertEqual((outcome.stdout, outcome.stderr.splitlines()[0], outcome.status),
                             (b'', f"p2_sum: '{command}' wrote more than 256 MiB (row 0)", 65))

    def test_far_too_many_lines(self):
        """They are not printed before they are counted."""
        outcome = self.with_command('yes "" | head -c 100M', b'1\n', '-n', 1, '--retries=0', **self.limited(512))
        self.assertEqual(outcome.stderr.splitlines()[0], "p2_sum: 'yes \"\" | head -c 100M' wrote 104857600 lines for 1 row, try --lines=any (row 0)")
        path = self.file('in.csv', b'1\n2\n')
        outcome = self.with_coprocess('read -r line; yes', path, '-n', 1, '--batch-size=1K', '--retries=0', **self.limited(256))
        self.assertEqual(outcome.stderr.splitlines()[0], "p2_sum: 'read -r line; yes' wrote more lines than it had rows (rows 0 to 1)")

    def test_standard_error_that_does_not_end_soon(self):
        self.file('in.csv', b'1\n')
        for script in 'yes sorry | head -c 300M >&2', 'head -c 300M /dev/zero | tr "\\0" x >&2':
            for option in f'--command={script}; cat', f'--coprocess={script}; {ECHO}':
                outcome = self.shell(f'run_pipeline.sh -n 1 {shlex.quote(option)} in.csv 2>/dev/null', **self.limited(192))
                self.assertEqual(outcome, Outcome(b'0,1\n', '', 0))


class TimeTest(CommandTest):
    """Commands that hang, and commands that are slow."""

    def hung(self, *options: str, data: bytes = b'1\n') -> Run:
        return self.start_launcher(data, '-n', 1, '--retries=0', '--worker-timeout=1', *options)

    def test_hangs(self):
        """All of them at once, because each takes seconds. Each is told in one line with its rows and its last error.
        Of a command that stays, the message asks whether it flushes."""
        buffered = python('import sys\nfor line in sys.stdin: print(line, end="")')
        runs = {}
        for command in f'{self.sleeper()} 1000', f'trap "" TERM INT HUP; {self.sleeper()} 1000; true', 'kill -STOP $$', \
                f'exec <&-; {self.sleeper()} 1000', f'exec >&-; {self.sleeper()} 1000', f'{self.sleeper()} 1000 | cat':
            runs['--command=' + command] = ''
        for command in buffered, f'{self.sleeper()} 1000', 'cat >/dev/null', 'read -r line; printf "no end"; cat >/dev/null', 'kill -STOP $$':
            runs['--coprocess=' + command] = ', does it flush its output?'
        started = [(*item, said, self.hung(item[0].replace('=', f'={said}', 1), data=b'1\n2\n'))
                   for item in runs.items() for said in ('', 'echo one >&2; printf "so sorry" >&2; ')]
        for option, question, said, run in started:
            with self.subTest(option, said=said):
                outcome = run.finish()
                last = ': so sorry' if said else ''
                told = [line for line in outcome.stderr.splitlines() if line not in ('one', 'so sorry')]
                self.assertEqual(len(told), 3)
                for line, rows in zip(told, (r'row(s 0 to 1| 0)', 'row 0')):
                    self.assertRegex(line, r"^p2_sum: '.*' was killed after --worker-timeout without an answer"
                                     rf'{re.escape(question)} \({rows}\){last}$')
                self.assertRegex(told[2], r"^p3_write: standard input: row 0 \(byte 0\): '.*' fails whenever it is given it$")
                self.assertEqual((outcome.stdout, outcome.status), (b'', 65))
        self.assertEqual(self.sleepers(), [])

    def test_a_p2_sum_that_hangs(self):
        """It cannot report anything, and is killed and replaced all the same."""
        for option in '--command=mkdir here && kill -STOP $PPID; cat', f'--coprocess=mkdir here && kill -STOP $PPID; {ECHO}':
            outcome = self.hung(option.replace('mkdir here', 'mkdir here 2>/dev/null'), '--retries=1').finish()
            self.assertEqual(outcome, Outcome(
                b'0,1\n', 'p1_read: p2_sum at place 0 returned nothing for 1 s and was killed, and is replaced\n', 0))
            (self.work / 'here').rmdir()

    def test_a_row_of_which_every_command_hangs(self):
        outcome = self.hung(f'--command={on_row(BAD, self.sleeper() + " 1000")}', '--on-error=skip', data=DATA).finish()
        self.assertEqual((outcome.stdout, outcome.status),
                         (b''.join(b'%d,%d\n' % (i, i) for i in range(100) if i != BAD), 1))

    def test_slow_commands(self):
        """Nobody is killed who answers in time, or when no time is set."""
        slow = 'while read -r row; do sleep 0.5; echo "$row"; done'
        run = self.hung(f'--command={slow}', '--batch-size=1', data=b'1\n2\n3\n4\n')
        self.assertEqual(run.finish().status, 0)
        self.assertEqual(self.with_command(f'{self.sleeper()} 2; cat', b'1\n'), Outcome(b'0,1\n', '', 0))

    def test_a_timeout_is_no_time_for_all_batches(self):
        slow = ECHO.replace('read -r row;', 'read -r row; sleep 0.6;')
        run = self.hung(f'--coprocess={slow}', '--batch-size=1', data=b'1\n2\n3\n4\n')
        self.assertEqual(run.finish(), Outcome(b'0,1\n1,2\n2,3\n3,4\n', '', 0))


if __name__ == '__main__':
    main()
