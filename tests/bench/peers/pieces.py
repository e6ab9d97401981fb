# SPDX-License-Identifier: MIT
"""For the variants in CPython that run a command: the input in pieces of whole rows, and the answers to a piece.

WHAT is a task of row_command.py, which is called in this process, or a command line.
"""
import subprocess
from typing import Iterator

import row_command

WORKERS = 2


def is_function(what: str) -> bool:
    return what in row_command.TASKS


def header(what: str) -> bytes:
    """The first line of the output, or nothing."""
    return row_command.HEADERS.get(what, '').encode()


def pieces(what: str, size: int, path: str) -> Iterator[bytes]:
    """Without the header row. A line ends a row if there is an even number of quotes before."""
    with open(path, 'rb') as file:
        if header(what):
            file.readline()
        while piece := file.read(size):
            piece += file.readline()
            while piece.count(b'"') % 2:
                piece += file.readline()
            yield piece


def answers(what: str, piece: bytes) -> bytes:
    if is_function(what):
        return ''.join(row_command.answers(what, row_command.text_of(piece))).encode()
    return subprocess.run(['sh', '-c', what], input=piece, stdout=subprocess.PIPE, check=True).stdout
