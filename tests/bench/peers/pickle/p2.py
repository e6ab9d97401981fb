# SPDX-License-Identifier: MIT
"""Sums pickled rows; see p1.py."""
import pickle
import sys

try:
    while True:
        sums = [sum(map(int, row)) for row in pickle.load(sys.stdin.buffer)]
        pickle.dump(sums, sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
except EOFError:
    pass
