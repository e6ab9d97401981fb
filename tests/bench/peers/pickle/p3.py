# SPDX-License-Identifier: MIT
"""Writes pickled sums; see p1.py."""
import pickle
import sys

index = 0
try:
    while True:
        sums = pickle.load(sys.stdin.buffer)
        sys.stdout.writelines(f'{row},{value}\n' for row, value in enumerate(sums, index))
        index += len(sums)
except EOFError:
    pass
