# SPDX-License-Identifier: MIT
"""A command that answers each row with a line, as somebody would write it: row_command.py TASK < ROWS > ANSWERS

With --coprocess it is told before each batch how many rows follow, and answers batch after batch.
"""
import csv
import io
import itertools
import sys
from typing import Iterable, Iterator, TextIO

STEPS = 12000  # 1 ms


def maximum(rows: Iterable[str]) -> Iterator[object]:
    for row in rows:
        yield max(map(int, row.split(',')))


def slow(rows: Iterable[str]) -> Iterator[object]:
    """A calculation in plain Python, nothing that waits: it needs the processor for a millisecond."""
    for value in maximum(rows):
        for _ in range(STEPS):
            value = (value * 69069 + 1) % 2**32
        yield value


def quoted(rows: Iterable[str]) -> Iterator[object]:
    """The greater of two fields, and the number of lines in a text."""
    for _, low, high, note in csv.reader(rows):
        yield f'{max(int(low), int(high))},{len(note.splitlines())}'


def one(rows: Iterable[str]) -> Iterator[object]:
    """As little as possible."""
    for _ in rows:
        yield 1


TASKS = {task.__name__: task for task in (maximum, slow, quoted, one)}
HEADERS = {'quoted': 'greater,lines\n'}  # the answer to the header row; the files of other tasks have none


def answers(task: str, rows: Iterable[str]) -> Iterator[str]:
    return (f'{answer}\n' for answer in TASKS[task](rows))


def all_answers(task: str, rows: Iterator[str]) -> Iterator[str]:
    if task in HEADERS:
        next(rows)
        yield HEADERS[task]
    yield from answers(task, rows)


def text_of(piece: bytes) -> TextIO:
    return io.StringIO(piece.decode(), newline='')


def main(task: str, is_coprocess: bool) -> None:
    sys.stdin.reconfigure(newline='')
    if not is_coprocess:
        sys.stdout.writelines(all_answers(task, sys.stdin))
        return
    for head in sys.stdin:
        rows = int(head.split()[0])
        sys.stdout.writelines(itertools.islice(all_answers(task, sys.stdin), rows))
        sys.stdout.flush()


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2:] == ['--coprocess'])
