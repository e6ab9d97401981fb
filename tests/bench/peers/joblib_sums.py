# SPDX-License-Identifier: MIT
"""joblib with its processes: joblib_sums.py IN > OUT"""
import sys

from joblib import Parallel, delayed

from chunks import WORKERS, chunks, sums, write

index = 0
for row_sums in Parallel(n_jobs=WORKERS)(delayed(sums)(chunk) for chunk in chunks(sys.argv[1])):
    index = write(sys.stdout, index, row_sums)
