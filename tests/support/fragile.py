# SPDX-License-Identifier: MIT
"""For tests of lost workers: a launcher whose p2_sum is tools/fragile_p2_sum.cpp.

It dies, or hangs, where the environment says, so nothing depends on the time. Errors that need chance are searched
for by tests/torture.
"""
import contextlib
import os
import re
from pathlib import Path

from pipeline import BIN_DIR, PipelineTest, sums

FRAGILE = BIN_DIR / 'fragile/run_pipeline.sh'
LOSS = re.compile(r'p1_read: p2_sum at place (\d+) ((?:was killed|returned nothing|ended with) .*?)(, and is replaced)?')
KILLED = 'was killed by signal 9 (KILL)'

# Points that a worker reaches in every life that is given a batch and an end, and whether its death there is always
# noticed. After its last result, another worker may send the end, and the run is over before the death is noticed.
POINTS = {'start': True, 'before_hello': True, 'inside_hello': True, 'got_batch': True, 'inside_head': True,
          'inside_result': True, 'between': True, 'after_last': False, 'before_end': False, 'inside_end': False,
          'after_end': False}

POISON = b'66613'


def rows(count: int) -> list[bytes]:
    """None of them holds the poison."""
    return [b'%d,%d\n' % (row, row % 10) for row in range(100000, 100000 + count)]


class FragileTest(PipelineTest):
    def fragile(self, stdin, *options, wait=True, popen=(), **settings):
        """A run whose workers have these settings, FRAGILE_POINT=... and so on."""
        env = {**self.env, **{f'FRAGILE_{name.upper()}': os.fsdecode(value) if isinstance(value, bytes) else str(value)
                              for name, value in settings.items()}}
        run = self.start([FRAGILE, *options], stdin, env=env, **dict(popen))
        return run.finish() if wait else run

    def losses(self, outcome):
        """The place and the fate of each worker that died, and the other lines. A worker that dies after all its
        work is not replaced."""
        found, others = [], []
        for line in outcome.stderr.splitlines():
            match = LOSS.fullmatch(line)
            if match:
                found.append((int(match[1]), match[2]))
            else:
                others.append(line)
        return found, others

    def assert_survived(self, outcome, data, *fates):
        """Checks for all of the sums, and for one line for each of the losses, which are (place, fate)."""
        found, others = self.losses(outcome)
        self.assertEqual((others, outcome.status), ([], 0), outcome.stderr)
        self.assertTrue(outcome.stdout == sums(data), 'other sums')
        self.assertEqual(sorted(found), sorted(fates))

    def stopped_workers(self):
        """The pids of the workers."""
        found = []
        for pid in self.processes('/p2_sum '):
            with contextlib.suppress(OSError):
                if Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] == 'T':
                    found.append(pid)
        return found

    def inputs(self, data):
        """Runs with the data as a file and through a pipe."""
        return self.file('in.csv', data), data
