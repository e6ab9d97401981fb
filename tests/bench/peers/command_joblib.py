# SPDX-License-Identifier: MIT
"""joblib with its processes, or its threads where each waits for a command: command_joblib.py WHAT SIZE IN > OUT"""
import sys

from joblib import Parallel, delayed

from pieces import WORKERS, answers, header, is_function, pieces

what, size, path = sys.argv[1:]
run = Parallel(n_jobs=WORKERS, prefer='processes' if is_function(what) else 'threads')
sys.stdout.buffer.write(header(what))
for lines in run(delayed(answers)(what, piece) for piece in pieces(what, int(size), path)):
    sys.stdout.buffer.write(lines)
