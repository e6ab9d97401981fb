#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""p3_write part.*: the streams of the parts of a file become the output of one run over the whole file, byte for byte,
reports included; or one line says what is wrong with them."""
import fcntl
import os
import re
import resource
import select
import shlex
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import Outcome, PipelineTest, main, program, sums  # noqa: E402

ROWS = b''.join(b'%d,%d\r\n' % (i, i * i) if i % 5 else b'"%d\n",7\n' % i for i in range(6_000))
REJECTS = ROWS.replace(b'77,', b'x,').replace(b'12,', b',') + b'1,'
HAVE_TO = ": the streams of parts have to be regular files with names"


class PartMergeTest(PipelineTest):
    def make_parts(self, count, *reading, name='part', launcher=(), by_chain=False):
        """The streams of all parts of in.csv, as files. A launcher makes each of them, or a chain."""
        reading = ' '.join(map(shlex.quote, reading))
        part = f'--part $i/{count} --plan {name}.plan {reading}'
        run = f'run_pipeline.sh --format=stream -n2 -o {name}.$i {part} {" ".join(map(shlex.quote, launcher))} in.csv'
        chain = f'p1_read --batch-size=1K {part} in.csv | p2_sum > {name}.$i'
        self.for_each(count, f'p1_read --part $i/{count} --outline {name}.outline.$i {reading} in.csv')
        fold = self.shell(f'p1_read --fold {name}.outline.* > {name}.plan && rm {name}.outline.*')
        self.assertEqual(fold, Outcome(b'', '', 0))
        self.for_each(count, chain if by_chain else run)
        return [self.work / f'{name}.{i}' for i in range(1, count + 1)]

    def for_each(self, count, command):
        """Runs a command for each part $i, fifty of them in a shell."""
        for first in range(1, count + 1, 50):
            parts = f'((i = {first}; i <= {min(first + 49, count)}; ++i))'
            self.assertEqual(self.shell(f'set -e; for {parts}; do {command}; done'), Outcome(b'', '', 0))

    def merge(self, parts, *options, **popen):
        return self.run_program('p3_write', *options, *parts, **popen)

    def whole(self, *options):
        """What a launcher makes of the whole file."""
        outcome = self.launcher(None, *options, 'in.csv')
        return outcome._replace(stderr=outcome.stderr.replace('run_pipeline.sh', 'p3_write'))


class SameBytesTest(PartMergeTest):
    def check(self, data, counts, *reading, forms=((),), launcher=()):
        self.file('in.csv', data)
        for count in counts:
            parts = self.make_parts(count, *reading, launcher=launcher)
            parts = parts[1::2] + parts[::2]
            for form in forms:
                with self.subTest(count=count, form=form):
                    expected = self.whole(*reading, *launcher, *form)
                    self.assertEqual(self.merge(parts, *form), expected)
            for part in parts:
                part.unlink()

    def test_forms_of_the_output(self):
        self.check(ROWS, (1, 3, 64), forms=(
            (), ('--format=jsonl',), ('--format=tsv', '--output-header'), ('--no-index', '--crlf')))
        self.assertEqual(self.whole().stdout, sums(ROWS))

    def test_many_parts_of_hardly_more_bytes(self):
        self.check(b'1,2\n' * 80, [300])

    def test_rejects_under_both_policies(self):
        self.check(REJECTS, (1, 3, 64), '--empty=zero', forms=((), ('--on-error=skip',), (
            '--on-error=skip', '--reports=3')))
        self.check(REJECTS, (3,), forms=(('--on-error=skip', '--reports=100000'), ('--format=jsonl',)))

    def test_rejects_in_a_file(self):
        self.file('in.csv', REJECTS)
        parts = self.make_parts(7)
        skipping = '--on-error=skip', '--rejects=rejects'
        self.assertEqual(self.whole(*skipping).status, 1)
        expected = (self.work / 'rejects').read_bytes()
        (self.work / 'rejects').unlink()
        self.assertEqual(self.merge(parts, *skipping).status, 1)
        self.assertEqual((self.work / 'rejects').read_bytes(), expected)
        self.assertGreater(len(expected), 300)

    def test_commands(self):
        rows = b'a,b\n' + b''.join(b'%d,%d\n' % (i, i * i) for i in range(2000))
        self.check(rows, (1, 3), '--header', launcher=('--command=cut -d, -f2',), forms=((), ('--format=jsonl',)))
        self.check(rows, (3,), '--header', launcher=('--command=grep 7', '--lines=any'))

    def test_the_header_line_comes_once(self):
        rows = b'a,b\n' + b''.join(b'%d,%d\n' % (i, i * i) for i in range(2000))
        for lines in (), ('--lines=any',):
            self.check(rows, (1, 3, 10), '--header=repeat', launcher=('--command=cut -d, -f1', *lines),
                       forms=((),) if lines else ((), ('--no-index',), ('--format=tsv',)))
        self.assertTrue(self.whole('--header=repeat', '--command=cut -d, -f1').stdout.startswith(b'index,a\n0,0\n'))

    def test_a_header_line_that_is_not_that_of_all_parts(self):
        """A command that answers no header loses a line, and the parts show it."""
        self.file('in.csv', b'a\n' + b'1\n2\n3\n4\n' * 100)
        options = '--header=repeat', '--command=tail -n +2', '--lines=any'
        parts = self.make_parts(3, '--header=repeat', launcher=options[1:])
        outcome = self.merge(parts)
        self.assertRegex(outcome.stderr, r"^p3_write: in\.csv: one answer begins with '1' and another with '\d', but [^\n]*\n$")
        self.assertEqual(outcome.status, 65)

    def test_files_of_hardly_anything(self):
        for data in b'', b'\n', b'1', b'\xef\xbb\xbf', b'\xef\xbb\xbf1\n2':
            self.check(data, (1, 4))
        for data in b'', b'a', b'a\n', b'\xef\xbb\xbfa\r\n1':
            self.check(data, (1, 4), '--header', forms=((), ('--output-header',)))

    def test_a_quoted_field_that_is_never_closed(self):
        """The run of the last part fails. Its stream, if it is kept, says so."""
        self.file('in.csv', ROWS)
        parts = self.make_parts(2)
        self.file('in.csv', ROWS + b'"')
        outcome = self.shell('''for i in 1 2; do p1_read --part $i/2 --outline outline.$i in.csv; done
            p1_read --fold outline.* > plan
            for i in 1 2; do p1_read --part $i/2 --plan plan in.csv | p2_sum > part.$i; done''')
        self.assertEqual(outcome.stderr.count('\n'), 1)
        self.refused(parts, f'{parts[1]}: the stream of a run that has failed with status 65')

    def test_out_of_order_within_the_parts(self):
        self.file('in.csv', ROWS)
        parts = self.make_parts(3)
        outcome = self.merge(parts, '--unordered')
        self.assertEqual((sorted(outcome.stdout.splitlines()), outcome.status), (sorted(sums(ROWS).splitlines()), 0))

    def test_streams_of_a_chain_and_several_of_one_part(self):
        self.file('in.csv', REJECTS)
        parts = self.make_parts(3, by_chain=True)
        self.assertEqual(self.merge(parts, '--on-error=skip'), self.whole('--on-error=skip'))
        outcome = self.shell('''p1_read --batch-size=1K --part 2/3 --plan part.plan --to a --to b in.csv
            for i in a b; do p2_sum < $i > $i.sums; done
            mkfifo a.fifo b.fifo
            cat a.sums > a.fifo & cat b.sums > b.fifo &
            p3_write --on-error=skip --reports=0 b.fifo a.fifo > from.fifos
            p3_write --on-error=skip --reports=0 - < part.2 > from.part
            cmp from.fifos from.part''')
        self.assertEqual((outcome.stdout, outcome.status), (b'', 0))
        parts[1:2] = [self.work / 'b.sums', self.work / 'a.sums']
        self.assertEqual(self.merge(parts, '--on-error=skip'), self.whole('--on-error=skip'))
        self.refused([*parts, parts[1]], f'{parts[1]}: bytes B to E come twice (everything before byte N is written)')

    def refused(self, parts, line, *rest, **more):
        """B, E and N are any numbers."""
        outcome = self.merge(parts, '--on-error=skip', '--reports=0')
        self.assertRegex(outcome.stderr, '^p3_write: ' + re.sub(r'\b[BEN]\b', r'\\d+', re.escape(line)) + '\n$')
        self.assertEqual(outcome.status, 65)

    def test_one_part_on_standard_input_is_printed_as_it_is(self):
        self.file('in.csv', ROWS)
        parts = self.make_parts(3)
        outcomes = [self.run_program('p3_write', stdin=part) for part in parts]
        self.assertEqual([outcome[1:] for outcome in outcomes], [('', 0)] * 3)
        self.assertEqual(b''.join(outcome.stdout for outcome in outcomes), sums(ROWS))
        self.assertTrue(all(outcome.stdout for outcome in outcomes))

    def test_one_stream_of_all_parts(self):
        self.file('in.csv', REJECTS)
        parts = self.make_parts(7)
        stream = self.merge(parts, '--format=stream')
        self.assertEqual(stream[1:], ('', 0))
        for options in (), ('--on-error=skip',):
            self.assertEqual(self.run_program('p3_write', *options, stdin=stream.stdout), self.whole(*options))
        hello = self.run_program('frame_cat', stdin=stream.stdout).stdout.splitlines()[0].decode()
        self.assertIn(f'from byte 0, probably to byte {len(REJECTS)},', hello)
        self.assertNotIn('part', hello)
        self.assertEqual(self.merge(parts[:1], '--format=stream').status, 65)

    def test_few_descriptors_are_enough_for_many_parts(self):
        count = 100  # more take too long with sanitizers: each part is three processes
        self.file('in.csv', b''.join(b'%d\n' % i for i in range(count)))
        self.make_many_parts(count)
        shuffled = sorted(self.work.glob('part.*'))
        self.assertEqual(len(shuffled), count)
        limits = [program('p3_write'), '--on-error=skip', *shuffled]
        run = self.start(limits, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32)))
        self.assertEqual(run.finish(), Outcome(sums((self.work / 'in.csv').read_bytes()), '', 0))

    def make_many_parts(self, count):
        """By two chains at a time."""
        script = f'''set -e
            seq {count} | xargs -n 1 -P 2 sh -c 'p1_read --part $0/{count} --outline outline.$0 in.csv'
            p1_read --fold outline.* > plan
            rm outline.*
            seq {count} | xargs -n 1 -P 2 sh -c 'p1_read --part $0/{count} --plan plan in.csv | p2_sum > part.$0' '''
        self.assertEqual(self.shell(script), Outcome(b'', '', 0))

    def test_progress_is_that_of_the_whole_file(self):
        self.file('in.csv', ROWS)
        parts = self.make_parts(3)
        fifo = self.fifo('out')
        run = self.start([program('p3_write'), '-o', fifo, *parts])
        with open(fifo, 'rb') as out:
            first = out.read(1)
            self.until(lambda: os.kill(run.pid, signal.SIGUSR1) or b'of' in run.errors().encode(), 'no progress')
            rest = out.read()
        self.assertEqual(run.finish().status, 0)
        self.assertEqual(first + rest, sums(ROWS))
        size = f'{len(ROWS) / 1000:.0f} kB'
        self.assertRegex(run.errors().splitlines()[0], rf'^p3_write: [\d.]+ k?B of {size} \(')


class RefusalsTest(PartMergeTest):
    def setUp(self):
        super().setUp()
        self.file('in.csv', ROWS)
        self.parts = self.make_parts(4)

    def refused(self, parts, line, status=65):
        """With this line, and nothing is written."""
        self.file('out', b'as it was')
        outcome = self.merge(parts, '-o', 'out')
        self.assertEqual(outcome, Outcome(b'', f'p3_write: {line}\n', status))
        self.assertEqual((self.work / 'out').read_bytes(), b'as it was')

    def test_missing(self):
        a, b, c, d = self.parts
        self.refused([a, b, d], 'part 3 of 4 is missing')
        self.refused([d, b], 'part 1 of 4 is missing (and 1 other)')
        self.refused([c], 'part 1 of 4 is missing (and 2 others)')

    def test_foreign(self):
        a, b, c, d = self.parts
        other = self.make_parts(3, name='other')
        self.refused([a, b, other[2], d], f'{other[2]}: part 3 of 3 of another plan than {a}')
        self.file('in.csv', ROWS.replace(b'101,', b'102,', 1))
        other = self.make_parts(4, name='changed')
        self.refused([a, b, other[2], d], f'{other[2]}: part 3 of 4 of another plan than {a}')

    def test_read_or_answered_in_another_way(self):
        a, b, c, d = self.parts
        for reading, launcher in (['--empty=zero'], ()), ([], ['--one-line', '--command=cat']), (['-f1'], ()):
            other = self.make_parts(4, *reading, name='other', launcher=launcher)
            self.refused([other[0], b, c, d], f'{b}: part 2 of 4, read in another way than {other[0]}')

    def test_doubled(self):
        for again in self.parts:
            outcome = self.merge([*self.parts, again])
            self.assertRegex(outcome.stderr, rf'^p3_write: {again}: bytes \d+ to \d+ come twice \(everything before byte '
                                             r'\d+ is written\)\n$')
            self.assertEqual(outcome.status, 65)
            self.assertTrue(sums(ROWS).startswith(outcome.stdout))

    def test_cut_or_empty(self):
        whole = self.parts[2].read_bytes()
        for size in 0, 1, 79, 80, 100, 300, len(whole) // 2, len(whole) - 1:
            self.parts[2].write_bytes(whole[:size])
            self.refused(self.parts, f'{self.parts[2]}: the stream is cut off or damaged')

    def test_unreadable(self):
        a, b, c, d = self.parts
        missing = self.work / 'missing'
        self.refused([a, missing, c, d], f'{missing}: No such file or directory', 66)
        self.refused([missing, b, c, d], f'{missing}: No such file or directory', 66)

    def test_no_stream_of_a_part(self):
        a, b, c, d = self.parts
        whole = self.work / 'whole'
        whole.write_bytes(self.launcher(None, '--format=stream', 'in.csv').stdout)
        for others in [whole, a, b, c, d], [a, whole, c, d]:
            self.refused(others, f'{whole}: no part of a file, as {a} is')
        text = self.file('text', ROWS)
        self.refused([a, b, text, d], f'{text}: not a stream of batches or results')

    def test_no_regular_files(self):
        a, b, c, d = self.parts
        fifo = self.fifo('fifo')
        hint = "; try 'p3_write --help'"
        for streams, name in ([a, fifo, c, d], fifo), ([fifo, a], fifo), ([a, b, '-', d], 'standard input'), \
                ([a, '/dev/null'], '/dev/null'), ([a, self.work], self.work):
            self.refused(streams, f'{name}{HAVE_TO}{hint}', 64)

    def test_different_parts_from_pipes(self):
        a, b, *_ = self.parts
        for name in 'a.fifo', 'b.fifo':
            self.fifo(name)
        outcome = self.shell(f'cat {a} > a.fifo & cat {b} > b.fifo & p3_write a.fifo b.fifo; s=$?; wait; exit $s')
        self.assertRegex(outcome.stderr, r'p3_write: [ab]\.fifo: part [12] of 4, and [ab]\.fifo is part [12] of 4; the '
                                         'streams of parts have to be regular files with names\n')
        self.assertEqual(outcome.status, 65)

    def test_a_run_that_failed(self):
        failed = self.parts[2]
        outcome = self.shell(f'p1_read missing.csv | p2_sum > {failed}')
        self.assertEqual(outcome.status, 66)
        self.refused(self.parts, f'{failed}: the stream of a run that has failed with status 66', 66)

    def test_every_byte_counts(self):
        whole = bytearray(self.parts[2].read_bytes())
        for at in [*range(0, 300, 7), *range(300, len(whole), len(whole) // 50), len(whole) - 1]:
            damaged = bytearray(whole)
            damaged[at] ^= 0x11
            self.parts[2].write_bytes(damaged)
            outcome = self.merge(self.parts)
            self.assertRegex(outcome.stderr, f'^p3_write: {self.parts[2]}: [^\n]*\n$')
            self.assertEqual(outcome.status, 65, at)
            self.assertTrue(sums(ROWS).startswith(outcome.stdout))

    def test_replaced_meanwhile(self):
        """By the same part of another file, after all of the parts have been looked at."""
        self.file('in.csv', ROWS.replace(b'101,', b'102,', 1))
        other = self.make_parts(4, name='other')
        fifo = self.fifo('out')
        with open(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK), 'rb') as out:
            fcntl.fcntl(out, fcntl.F_SETPIPE_SZ, 4096)
            run = self.start([program('p3_write'), '-o', fifo, *self.parts])
            select.select([out], [], [])  # now it writes the first part, for which the pipe has no room
            os.replace(other[3], self.parts[3])
            os.set_blocking(out.fileno(), True)
            self.assertTrue(sums(ROWS).startswith(out.read()))
        self.assertEqual(run.finish(), Outcome(b'', f'p3_write: {self.parts[3]}: it was replaced during the run\n', 65))

    def test_resume_is_not_for_streams(self):
        self.assertEqual(self.merge(self.parts, '--resume', '-o', 'out'), Outcome(
            b'', "p3_write: --resume needs --reader; try 'p3_write --help'\n", 64))

    def test_a_failure_reaches_the_reader_of_a_stream(self):
        words = ' '.join(map(str, self.parts[:3]))
        outcome = self.shell(f'p3_write --format=stream {words} | p3_write; echo "${{PIPESTATUS[*]}}"')
        self.assertEqual(outcome, Outcome(b'65 65\n', 'p3_write: part 4 of 4 is missing\n', 0))


if __name__ == '__main__':
    main()
