#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The reference of the suite: the results of CPython's own csv.reader and int() (3.11 or later) for an input.

    reference.py exhaustive [LENGTH]          binary records, for the exhaustive test in C++ (see `record`)
    reference.py sum [--header] [-d C] FILE   the sums of FILE; rejects on standard error; exit 0, 1 or 65
    reference.py check [LENGTH]               compares this file with a second version, written by hand

Bytes are decoded as latin-1, one character for each byte, so that every byte is possible and means itself.
"""
import argparse
import csv
import functools
import io
import itertools
import re
import sys
from typing import Iterator, NamedTuple

csv.field_size_limit(sys.maxsize)  # Python's own limits lifted: the length of a field ...
sys.set_int_max_str_digits(0)      # ... and the digits of an int

ALPHABET = b'01-,"\n\r x'
# Deliberate differences from int(), all rejects here: underscores (1_000); non-ASCII digits (latin-1 has none, so their
# bytes are bad anyhow); padding other than the bytes 9-13 and 32, so \x85 and \xa0 (\x1c-\x1f int() itself rejects).
DIFFERENCES = re.compile('[_\x80-\xff]')


class Answer(NamedTuple):
    """The expected result for one input, under the policy skip. Row indices count from 0, field numbers from 1."""
    lines: bytes                    # `index,sum` and LF for each good row, in order
    rejects: list[tuple[int, int]]  # (row index, number of its first bad field) for each rejected row, in order
    unterminated: bool              # a quote is open at the end: the last row is in none of the other members
    rows: int                       # rows with an index: good and rejected, not the header


def records(text: str, delimiter: str = ',') -> Iterator[list[str] | None]:
    """The fields of each row, as csv.reader gives them; None for a last row whose quote is never closed.

    The reader takes one more line only between rows or inside quotes. So a quote is open in a row that comes after
    the last line has been taken.
    """
    ran_out = False

    def lines() -> Iterator[str]:
        nonlocal ran_out
        yield from io.StringIO(text, newline='')  # as open(newline=''): split after LF, CRLF and CR, not translated
        ran_out = True

    for row in csv.reader(lines(), delimiter=delimiter):
        yield None if ran_out else row


@functools.lru_cache(maxsize=256)  # small, because a field may have megabytes
def integer(field: str) -> int | None:
    """The value of a field, or None if it is not an integer."""
    try:
        return None if DIFFERENCES.search(field) else int(field)
    except ValueError:
        return None


def reference(data: bytes, delimiter: str = ',', header: bool = False) -> Answer:
    """The answer for a whole input. `header`: the first row, even a blank one, is skipped and has no index."""
    rows = records(data.removeprefix(b'\xef\xbb\xbf').decode('latin-1'), delimiter)  # deliberate: a BOM is skipped
    lines, rejects = [], []
    unterminated = header and next(rows, []) is None
    for row in rows:
        if row is None:  # a deliberate difference: Python takes the end as the closing quote
            unterminated = True
            break
        index = len(lines) + len(rejects)
        values = [integer(field) for field in row]
        if None in values:
            rejects.append((index, values.index(None) + 1))
        else:
            lines.append(f'{index},{sum(values)}\n')
    return Answer(''.join(lines).encode(), rejects, unterminated, len(lines) + len(rejects))


def strings(alphabet: bytes, length: int) -> Iterator[bytes]:
    """All strings of 0 to `length` bytes: by length, then in the order of the alphabet, the last byte fastest."""
    for size in range(length + 1):
        yield from map(bytes, itertools.product(alphabet, repeat=size))


def record(text: bytes) -> bytes:
    """A text of at most 255 bytes and its answer: u8 text length, text, u8 unterminated, u8 number of rejects, for each
    reject u8 row index and u8 field number, u16 (little-endian) length of the lines, lines."""
    lines, rejects, unterminated, _ = reference(text)
    return b''.join((bytes((len(text),)), text, bytes((unterminated, len(rejects))),
                     bytes(itertools.chain.from_iterable(rejects)), len(lines).to_bytes(2, 'little'), lines))


def by_hand(text: str) -> list[list[str] | None]:
    """A second version of `records`: one small automaton, independent of csv."""
    rows, row, field, state = [], [], '', 'row'
    for c in re.findall('\r\n|.', text, re.DOTALL):
        if c == '"' and state != 'plain':  # it opens, closes, or follows a closing quote and is one itself
            field += '"' if state == 'closed' else ''
            state = 'closed' if state == 'quoted' else 'quoted'
        elif state == 'quoted':
            field += c
        elif c == ',':
            row, field, state = row + [field], '', 'field'
        elif c in '\r\n':
            rows.append(row if state == 'row' else row + [field])
            row, field, state = [], '', 'row'
        else:
            field, state = field + c, 'plain'
    return rows + {'quoted': [None], 'row': []}.get(state, [row + [field]])


def check(length: int) -> None:
    """Stops at the first text for which two versions differ: in the rows, in an open quote, or in what an integer
    is."""
    for text in (data.decode('latin-1') for data in strings(ALPHABET, length)):
        rows = list(records(text))
        assert rows == by_hand(text), (text, rows, by_hand(text))
        # A third version: one more LF lengthens an open field, or otherwise ends the last row or adds a blank one.
        bare, longer = (list(csv.reader(io.StringIO(t, newline=''))) for t in (text, text + '\n'))
        assert (None in rows) == (len(bare) == len(longer) and bare != longer), text
    pattern = re.compile('[\t-\r ]*[+-]?[0-9]+[\t-\r ]*')  # the rule of DESIGN.md
    for data in itertools.chain(strings(bytes(range(256)), 2), strings(b'09+-_ \t\r\n\x00\x1c\x1f\x85\xa0\xb2', 5)):
        field = data.decode('latin-1')
        assert (integer(field) is not None) == bool(pattern.fullmatch(field)), field


def main() -> int | None:
    """The exit status; None is 0."""
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest='command', required=True)
    for name in 'exhaustive', 'check':
        commands.add_parser(name).add_argument('length', type=int, nargs='?', default=6)
    summing = commands.add_parser('sum')
    summing.add_argument('--header', action='store_true')
    summing.add_argument('-d', dest='delimiter', default=',')
    summing.add_argument('file', type=argparse.FileType('rb'))
    given = parser.parse_args()
    if given.command == 'check':
        return check(given.length)
    if given.command == 'exhaustive':
        with open(sys.stdout.fileno(), 'wb', buffering=1 << 20, closefd=False) as out:
            return out.writelines(map(record, strings(ALPHABET, given.length)))
    answer = reference(given.file.read(), given.delimiter, given.header)
    sys.stdout.buffer.write(answer.lines)
    sys.stderr.writelines(f'row {row}, field {field}\n' for row, field in answer.rejects)
    return 65 if answer.unterminated else 1 if answer.rejects else 0


if __name__ == '__main__':
    sys.exit(main())
