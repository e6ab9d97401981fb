# SPDX-License-Identifier: MIT
"""Damaged streams: cut short, with a bit flipped, with frames lost, doubled, in another order or of another stream."""
import os
import random
import subprocess
from pathlib import Path
from typing import Callable

from pipeline import program
from trial import HANG, SAID, Trial, Wrong


def make_streams(scratch: Path) -> None:
    """The streams that the faults below damage: of batches and of results, with checksums (on disk) and without (a
    pipe)."""
    path = scratch / 'stream.csv'
    path.write_bytes(b'1,2\n3,x\n"5\n",-6\r\n\n' + b'9' * 30 + b',1\n7,8\n')
    (scratch / 'other.csv').write_bytes(path.read_bytes().replace(b'7', b'9'))
    for name in 'stream', 'other':
        with open(scratch / f'{name}.disk.batches', 'wb') as disk:
            subprocess.run([program('p1_read'), '--batch-size=8', f'{name}.csv'], cwd=scratch, stdout=disk, check=True)
        with open(scratch / f'{name}.disk.results', 'wb') as disk:
            subprocess.run([program('p2_sum')], stdin=open(scratch / f'{name}.disk.batches', 'rb'), stdout=disk,
                           check=True)
        batches = subprocess.run([program('p1_read'), '--batch-size=8', f'{name}.csv'], cwd=scratch,
                                 stdout=subprocess.PIPE, check=True).stdout
        (scratch / f'{name}.pipe.batches').write_bytes(batches)
        (scratch / f'{name}.pipe.results').write_bytes(
            subprocess.run([program('p2_sum')], input=batches, stdout=subprocess.PIPE, check=True).stdout)


def stream(name: str) -> bytes:
    return Path(os.environ['TORTURE_SCRATCH'], name).read_bytes()


STREAM_LINES = b'0,3\n2,-1\n3,0\n4,1000000000000000000000000000000\n5,15\n'


def read_stream(kind: str, damaged: bytes) -> str:
    """Gives the stream to p3_write, or batches first to p2_sum: the output is identical, or the stream is refused in
    a clean way."""
    command = [program('p3_write'), '--on-error=skip']
    if kind == 'batches':
        command = ['bash', '-c', 'set -o pipefail; "$0" | "$@"', program('p2_sum'), *command]
    done = subprocess.run(command, input=damaged, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=HANG)
    said = done.stderr.decode(errors='replace').splitlines()
    reject = "p3_write: stream.csv: row 1, field 2 (byte 6): 'x' is not an integer; to sum only some fields: -f LIST"
    if done.returncode == 1 and done.stdout == STREAM_LINES and said == [reject]:
        return 'identical'
    others = [line for line in said if line != reject]
    # Each of the two programs may find something wrong.
    if done.returncode not in (65, 69) or not STREAM_LINES.startswith(done.stdout) or not 1 <= len(others) <= 2 \
            or not all(SAID.fullmatch(line) and 'internal' not in line for line in others):
        raise Wrong(f'status {done.returncode}, {done.stdout!r}, {said}')
    return 'clean'


def truncated(kind: str) -> Callable:
    """The stream is cut after every byte in turn."""
    def fault(trial: Trial, rng: random.Random, number: int) -> str:
        whole = stream(f'stream.disk.{kind}')
        if number >= len(whole):
            return 'done'
        verdict = read_stream(kind, whole[:number])
        if verdict == 'identical':
            raise Wrong(f'unnoticed: cut after {number} bytes of {len(whole)}')
        return verdict
    return fault


def flipped(kind: str) -> Callable:
    """One bit is flipped in a stream with checksums. It must be noticed, except in a byte that means nothing."""
    def fault(trial: Trial, rng: random.Random) -> str:
        damaged = bytearray(stream(f'stream.disk.{kind}'))
        bit = rng.randrange(8 * len(damaged))
        damaged[bit // 8] ^= 1 << bit % 8
        return read_stream(kind, bytes(damaged))
    return fault


def frames(whole: bytes) -> list[bytes]:
    found = []
    while whole:
        size = 80 + int.from_bytes(whole[48:56], 'little') + int.from_bytes(whole[56:64], 'little')
        found.append(whole[:size])
        whole = whole[size:]
    return found


def mixed(kind: str) -> Callable:
    """Frames are lost, doubled, in another order or of another stream. Their payloads have no checksums."""
    def fault(trial: Trial, rng: random.Random) -> str:
        mine = frames(stream(f'stream.pipe.{kind}'))
        theirs = frames(stream(f'other.pipe.{kind}'))
        damaged = list(mine)
        what = rng.choice(('lost', 'doubled', 'order', 'foreign hello', 'foreign frame', 'foreign stream'))
        at = rng.randrange(len(mine))
        if what == 'lost':
            del damaged[at]
        elif what == 'doubled':
            damaged.insert(rng.randrange(len(damaged) + 1), mine[at])
        elif what == 'order':
            rng.shuffle(damaged)
        elif what == 'foreign hello':
            damaged.insert(rng.randrange(1, len(damaged)), theirs[0])
        elif what == 'foreign frame':  # from another part of an input, so of another range
            damaged[rng.randrange(1, len(mine) - 1)] = theirs[rng.randrange(1, len(theirs) - 1)]
        else:
            damaged = mine[:-1] + theirs
        changed = [(a[16:48], len(a)) for a in damaged] != [(a[16:48], len(a)) for a in mine]
        if not changed:
            return 'missed'
        verdict = read_stream(kind, b''.join(damaged))
        if verdict == 'identical':
            raise Wrong(f'unnoticed: {what}, frame {at}')
        return verdict
    return fault
