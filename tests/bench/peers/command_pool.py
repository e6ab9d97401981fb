# SPDX-License-Identifier: MIT
"""A multiprocessing pool with ordered output: command_pool.py WHAT SIZE IN > OUT"""
import functools
import multiprocessing.pool
import sys

from pieces import WORKERS, answers, header, is_function, pieces

if __name__ == '__main__':
    what, size, path = sys.argv[1:]
    # A command line has processes of its own; threads wait for them.
    kind = multiprocessing.Pool if is_function(what) else multiprocessing.pool.ThreadPool
    sys.stdout.buffer.write(header(what))
    with kind(WORKERS) as pool:
        for lines in pool.imap(functools.partial(answers, what), pieces(what, int(size), path)):
            sys.stdout.buffer.write(lines)
