# SPDX-License-Identifier: MIT
"""How fast n processors could be, from the CPU time that was measured on few.

The suite: each of p1_read and p3_write runs once, so neither gets more than one processor, and all the programs
together get no more than n. Any other tool: its CPU time is spread evenly over n processors, which is the best that
any program can do. Memory and disks are as fast as n processors want.
"""
import tempfile
from pathlib import Path

import gnuplot
from contestants import DUCKDB, LAUNCHER, PARALLEL, POLARS
from results import Results

CORES = (1, 2, 4, 8, 16, 32, 64)
WORKLOADS = ('digits', 'narrow', 'wide', 'mixed')
OTHERS = (DUCKDB.name, POLARS.name, PARALLEL.name)
MB_PER_GB = 1000


def speed_of_suite(results: Results, workload: str, cores: int) -> float | None:
    """MB/s of input, or nothing if it was not measured."""
    spent = [results.number(workload, LAUNCHER.name, f'{program}_cpu_s_gb') for program in ('p1', 'p2', 'p3')]
    if None in spent:
        return None
    reader, _, writer = spent
    return MB_PER_GB / max(reader, writer, sum(spent) / cores)


def speed_of_other(results: Results, name: str, workload: str, cores: int) -> float | None:
    spent = results.number(workload, name, 'cpu_s_gb')
    return cores * MB_PER_GB / spent if spent and results.text(workload, name, 'sums') == 'right' else None


def best_other(results: Results, workload: str, cores: int) -> tuple[float, str] | None:
    speeds = [(speed, name) for name in OTHERS if (speed := speed_of_other(results, name, workload, cores))]
    return max(speeds, default=None)


def rows(results: Results) -> list[tuple[str, list[float]]]:
    """For each workload the speeds of the suite, and those of the other tool that is the fastest there."""
    found = []
    for workload in WORKLOADS:
        ours = [speed_of_suite(results, workload, cores) for cores in CORES]
        if None in ours:
            continue
        found.append((f'{workload}, launcher', ours))
        if best := best_other(results, workload, 1):
            name = best[1]
            found.append((f'{workload}, {name}', [speed_of_other(results, name, workload, cores) for cores in CORES]))
    return found


def chart(results: Results, path: Path) -> None:
    """A panel for each workload: the suite and the others, and what was measured on this machine."""
    cores_here = results.number('machine', '-', 'processors')
    with tempfile.TemporaryDirectory() as directory:
        for workload in WORKLOADS:
            lines = []
            for cores in CORES:
                speeds = [speed_of_suite(results, workload, cores),
                          *(speed_of_other(results, name, workload, cores) for name in OTHERS)]
                speeds.append(results.number(workload, LAUNCHER.name, 'mb_s') if cores == cores_here else None)
                lines.append('\t'.join([str(cores), *('NaN' if speed is None else f'{speed:.5g}' for speed in speeds)]))
            Path(directory, workload).write_text('\n'.join(lines) + '\n')
        gnuplot.draw('scaling.gp', directory=directory, svg=path)
