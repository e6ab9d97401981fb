#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--checksum: every bit that is flipped on the way is noticed, and nothing else changes."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import Outcome, PipelineTest, main, sums  # noqa: E402

FLIP = r'''
import sys
data = bytearray(sys.stdin.buffer.read())
data[int(sys.argv[1]) // 8] ^= 1 << int(sys.argv[1]) % 8
sys.stdout.buffer.write(data)
'''


class ChecksumTest(PipelineTest):
    def setUp(self):
        super().setUp()
        self.data = b'1,2\n3,4\nx\n'
        self.file('in.csv', self.data)
        self.file('flip.py', FLIP.encode())

    def program_output(self, stdin, name, *words):
        """The output goes through a pipe, because a stream in a file always has checksums."""
        return self.run_program(name, *words, stdin=stdin)

    def flips(self, stream):
        """The stream with one bit of each byte flipped."""
        for i in range(len(stream)):
            yield i, stream[:i] + bytes([stream[i] ^ 1 << i % 8]) + stream[i + 1:]

    def test_flipped_bits_in_batches(self):
        batches = self.program_output(None, 'p1_read', '--checksum', '--batch-size=1', 'in.csv').stdout
        for i, flipped in self.flips(batches):
            outcome = self.program_output(flipped, 'p2_sum')
            self.assertEqual((outcome.status, outcome.stderr.count('\n')), (65, 1), (i, outcome))

    def test_flipped_bits_in_results(self):
        batches = self.program_output(None, 'p1_read', '--checksum', 'in.csv').stdout
        results = self.program_output(batches, 'p2_sum').stdout
        self.assertEqual(self.program_output(results, 'p3_write', '--on-error=skip').stdout, b'0,3\n1,7\n')
        for i, flipped in self.flips(results):
            outcome = self.program_output(flipped, 'p3_write', '--on-error=skip')
            self.assertEqual(outcome.status, 65, (i, outcome))
            self.assertIn('p3_write: standard input: ', outcome.stderr)

    def test_without_it_a_flipped_bit_passes(self):
        """If it did not, the tests above would prove nothing."""
        batches = self.program_output(None, 'p1_read', 'in.csv').stdout
        at = batches.index(b'1,2\n')
        flipped = batches[:at] + b'3' + batches[at + 1:]
        self.assertEqual(self.program_output(flipped, 'p2_sum').status, 0)

    def test_a_filter_between_the_programs(self):
        for place in 0, 1:
            filters = ['cat', 'cat']
            filters[place] = f"{sys.executable} flip.py {8 * (80 + 97 + 80 + 2)}"  # in the text of the first batch
            outcome = self.shell(f'set -o pipefail; p1_read --checksum in.csv | {filters[0]} | p2_sum | {filters[1]} |'
                                 ' p3_write --on-error=skip')
            self.assertEqual((outcome.stdout, outcome.status), (b'', 65))
            self.assertRegex(outcome.stderr, r'standard input: a damaged frame \(bytes 0 to 10\)\n')

    def test_the_same_output(self):
        self.generate('big.csv', '--rows', 50000, '--columns', 5, '--quoted', 20)
        data = (self.work / 'big.csv').read_bytes()
        expected = sums(data)
        for stdin, operands in (None, ['big.csv']), (data, []), (None, ['big.csv', 'in.csv']):
            options = ['--on-error=skip'] if len(operands) > 1 else []
            first = ['--checksum', '--batch-size=5000', *operands]
            status = 1 if options else 0
            chain = self.chain(stdin, first, options)
            launcher = self.launcher(stdin, '-n', 3, *first, *options)
            self.assertEqual((chain.status, launcher.status), ((0, 0, status), status))
            self.assertEqual(chain.stdout, launcher.stdout)
            self.assertTrue(chain.stdout.startswith(expected))
        self.assertEqual(self.chain(None, ['--checksum', 'big.csv']), Outcome(expected, '', (0, 0, 0)))


if __name__ == '__main__':
    main()
