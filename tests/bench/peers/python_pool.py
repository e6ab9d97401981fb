# SPDX-License-Identifier: MIT
"""A multiprocessing pool with ordered output: python_pool.py IN > OUT"""
import multiprocessing
import sys

from chunks import WORKERS, chunks, sums, write

if __name__ == '__main__':
    with multiprocessing.Pool(WORKERS) as pool:
        index = 0
        for row_sums in pool.imap(sums, chunks(sys.argv[1])):
            index = write(sys.stdout, index, row_sums)
