# SPDX-License-Identifier: MIT
"""The shape of the suite in simple Python, p1.py IN | p2.py | p3.py > OUT: reads the rows and pickles a thousand at
a time."""
import csv
import itertools
import pickle
import sys

with open(sys.argv[1], newline='') as file:
    rows = csv.reader(file)
    while batch := list(itertools.islice(rows, 1000)):
        pickle.dump(batch, sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
