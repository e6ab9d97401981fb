#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Workers in C++ (rowsum/worker.h) in every kind of run, and what becomes of a run when they do what they should not.

The worker is odd_worker, which shows the fields of each row, or does what its first field says.
"""
import os
import pty
import random
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import Outcome, PipelineTest, main, program  # noqa: E402
from reference import integer, records  # noqa: E402

WORKER = program('odd_worker')
INTEGERS = f"'{WORKER}' integers"


def shown(fields: list[str]) -> str:
    return ''.join('|' + field.replace('\n', '~') for field in fields)


def expected(data: bytes, of_integers: bool = False, delimiter: str = ',', header: bool = False) -> bytes:
    """The output for the rows that are good."""
    rows = list(records(data.decode('latin-1'), delimiter))[1 if header else 0:]
    lines = []
    for index, row in enumerate(rows):
        values = [integer(field) for field in row]
        if not of_integers:
            lines.append(f'{index},{shown(row)}\n')
        elif None not in values:
            lines.append(f'{index},{shown([str(value) for value in values])}\n')
    return ''.join(lines).encode('latin-1')


def some_rows(count: int) -> bytes:
    """Rows of integers in many forms: padded, signed, in quotes, with row ends in these; and blank lines."""
    choice = random.Random(1)

    def field() -> str:
        digits = str(choice.randrange(10 ** choice.randrange(1, 18)))
        text = choice.choice(['', ' ', '+', '-']) + digits + choice.choice(['', '', ' ', '\n'])
        return f'"{text}"' if '\n' in text or choice.randrange(4) == 0 else text

    rows = [','.join(field() for _ in range(choice.randrange(7))) for _ in range(count)]
    return ''.join(row + choice.choice(['\n', '\r\n', '\r']) for row in rows).encode()


class CppWorkerTest(PipelineTest):
    def worked(self, stdin, *words, worker=WORKER):
        return self.launcher(stdin, '--worker', worker, *words)

    def start_worked_chain(self, stdin, p1=(), p3=(), words=()):
        """p1_read | odd_worker | p3_write"""
        script = f'"{program("p1_read")}" {" ".join(p1)} | "{WORKER}" {" ".join(words)} | "{program("p3_write")}" ' \
                 f'{" ".join(p3)}; echo "${{PIPESTATUS[*]}}" >&2'
        return self.start(['bash', '-c', script], stdin)

    def worked_chain(self, stdin, p1=(), p3=(), words=()):
        """The outcome, with the three statuses in a line after standard error."""
        outcome = self.start_worked_chain(stdin, p1, p3, words).finish()
        return Outcome(outcome.stdout, outcome.stderr, None)


class FormsTest(CppWorkerTest):
    def test_every_way_to_send_rows_and_results(self):
        """In pipes, in a file, in a ring, in rings for results or not, with checksums."""
        data = some_rows(20000)
        path = self.file('in.csv', data)
        for worker, words, output in (WORKER, [], expected(data)), (INTEGERS, ['integers'], expected(data, True)):
            for stdin in data, path:
                for options in [], ['--checksum'], ['--batch-size=1000']:
                    with self.subTest(worker, stdin=type(stdin), options=options):
                        outcome = self.worked_chain(stdin, options, words=words)
                        self.assertEqual((outcome.stdout == output, outcome.stderr), (True, '0 0 0\n'))
                        outcome = self.worked(stdin, '-n', 3, *options, worker=worker)
                        self.assertEqual((outcome.stdout == output, outcome.stderr, outcome.status), (True, '', 0))

    def test_headers_delimiters_and_several_files(self):
        self.file('a.csv', b'x;y\n1;"2;3"\n')
        self.file('b.csv', b'\xef\xbb\xbf"x\n";y\r\n4;5')
        for n in 1, 3:
            self.assertEqual(self.worked(None, '-n', n, '--header', '-d;', 'a.csv', 'b.csv'),
                             Outcome(b'0,|1|2;3\n1,|4|5\n', '', 0))

    def test_integers(self):
        self.file('in.csv', b'1,\n"",x\n9223372036854775807,-9223372036854775808\n1,9223372036854775808\n')
        outcome = self.worked_chain(None, ['--empty=zero', 'in.csv'], ['--on-error=skip', '--rejects=rejects'], ['integers'])
        self.assertEqual(outcome, Outcome(
            b'0,|1|0\n2,|9223372036854775807|-9223372036854775808\n',
            "p3_write: in.csv: row 1, field 2 (byte 6): 'x' is not an integer\n"
            "p3_write: in.csv: row 3, field 2 (byte 51): '9223372036854775808' does not fit 64 bits\n0 0 1\n", None))
        self.assertEqual((self.work / 'rejects').read_bytes(), b'"",x\n1,9223372036854775808\n')

    def test_a_reason_of_the_worker(self):
        data = b'a\n1,2\nreject,3\n4'
        line = 'p3_write: standard input: row 2, field 1 (byte 6): it says so\n'
        self.assertEqual(self.worked(data, '-n', 1), Outcome(b'0,|a\n1,|1|2\n', line, 65))
        self.assertEqual(self.worked(data, '--on-error=skip'), Outcome(b'0,|a\n1,|1|2\n3,|4\n', line, 1))
        self.assertEqual(self.worked_chain(data, p3=['--on-error=skip']),
                         Outcome(b'0,|a\n1,|1|2\n3,|4\n', f'{line}0 0 1\n', None))

    def test_parts_of_a_file(self):
        """The rows of a part have no numbers yet."""
        data = some_rows(3000)
        self.file('in.csv', data)
        script = f'p1_read --batch-size=1K --to=a --to=b in.csv; "{WORKER}" <a >a.out; "{WORKER}" <b >b.out; ' \
                 'p2_sum <b >b.sums'
        self.assertEqual(self.shell(script), Outcome(b'', '', 0))
        self.assertTrue(self.run_program('p3_write', 'b.out', 'a.out') == Outcome(expected(data), '', 0))
        # Lines of different workers do not go together.
        outcome = self.run_program('p3_write', 'a.out', 'b.sums')
        self.assertEqual((outcome.stdout, outcome.status), (b'', 65))

    def test_a_run_that_goes_on_needs_the_same_worker(self):
        """A link is a worker of another name."""
        other = self.work / 'other'
        other.symlink_to(WORKER)
        self.file('in.csv', b'1\nthrow\n')
        options = '-n', 1, '--batch-size=1', '-o', 'out', '--resume', 'in.csv'
        self.assertEqual(self.worked(None, *options).status, 70)
        self.assertEqual(self.worked(None, *options, worker=other).status, 65)


class StreamsTest(CppWorkerTest):
    def test_what_is_printed_goes_to_standard_error(self):
        """The streams are also out of the reach of children."""
        printed = 'a word of the worker\na word of its child\n'
        output = b'0,|1\n1,|print|2\n2,|3\n'
        for data in b'1\nprint,2\n3\n', self.file('in.csv', b'1\nprint,2\n3\n'):
            self.assertEqual(self.worked(data), Outcome(output, printed, 0))
            self.assertEqual(self.worked_chain(data), Outcome(output, f'{printed}0 0 0\n', None))

    def test_closed_descriptors(self):
        """The same as with p2_sum."""
        for redirection in '<&-', '</dev/null >&-', '<&- >&- 2>&-', '</dev/null >/dev/full':
            own = self.shell(f'p2_sum {redirection}')
            outcome = self.shell(f'"{WORKER}" {redirection}')
            self.assertEqual(outcome, own._replace(stderr=own.stderr.replace('p2_sum', 'odd_worker')), redirection)
            self.assertNotEqual(outcome.status, 0)
        # Messages do not get into the stream.
        self.file('in.csv', b'1\nprint\n')
        self.assertEqual(self.shell(f'p1_read in.csv | "{WORKER}" 2>&- | p3_write'), Outcome(b'0,|1\n1,|print\n', '', 0))

    def test_a_terminal(self):
        leader, follower = pty.openpty()
        try:
            line = 'odd_worker: standard input is a terminal, and no stream of batches\n'
            self.assertEqual(self.start([WORKER], follower).finish()[1:], (line, 64))
        finally:
            os.close(leader)
            os.close(follower)


class BugsTest(CppWorkerTest):
    def test_what_a_function_must_not_do(self):
        """One line says what and where, the run ends with 70, and nothing is tried again."""
        for command, what in ('throw', 'an exception: what a pity'), ('two', 'a line feed in its line'):
            data = b'1\n2\n' + command.encode() + b'\n3\n'
            line = f'odd_worker: in.csv: row 2: {what}\n'
            self.file('in.csv', data)
            for n in 1, 3:
                outcome = self.worked(None, '-n', n, '--batch-size=1', '--on-error=skip', 'in.csv')
                self.assertEqual(outcome, Outcome(b'0,|1\n1,|2\n', line, 70))
            outcome = self.worked_chain(None, ['in.csv'])
            # The worker may have gone before p1_read has written the end of its stream.
            self.assertEqual((outcome.stdout, re.sub(r'^(0|141) (?=70 70$)', '', outcome.stderr, flags=re.M)),
                             (b'', f'{line}70 70\n'))

    def test_a_row_that_workers_die_of(self):
        data = b'1\n2\nabort,"x\ny"\n3\n'
        outcome = self.worked(data, '--retries=1', '-n', 2, '--on-error=skip', '--rejects=rejects')
        deaths = 'p1_read: odd_worker at place 0 was killed by signal 6 (ABRT), and is replaced\n'
        self.assertEqual(outcome, Outcome(
            b'0,|1\n1,|2\n3,|3\n',
            f'{4 * deaths}p3_write: standard input: row 2 (byte 4): every odd_worker that is given it dies\n', 1))
        self.assertEqual((self.work / 'rejects').read_bytes(), b'abort,"x\ny"\n')


if __name__ == '__main__':
    main()
