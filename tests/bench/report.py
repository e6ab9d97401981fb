# SPDX-License-Identifier: MIT
"""Presents the figures: tables for the terminal, for the README here and for the one at the top, and charts."""
import itertools
import sys
import tempfile
from pathlib import Path
from typing import Iterator

import cluster
import commands
import gnuplot
import scaling

from contestants import (CAT, CHAIN, DUCKDB, KILLED, LAUNCHER, MONOLITH, PARALLEL, PEERS, PIPE, PIPE_READER, POLARS,
                         SUITE, WATCHED, YARDSTICKS)
from results import Results

HERE = Path(__file__).resolve().parent
README = HERE / 'README.md'                # has all the tables
TOP_README = HERE.parents[1] / 'README.md'  # has a small one
BEGIN = '<!-- What follows is made by tests/bench/run.sh --readme. -->'
END = '<!-- Here that ends. -->'
IN_SHORT = (LAUNCHER.name, CHAIN.name, DUCKDB.name, POLARS.name, 'mawk', 'CPython, csv and int')
WORKLOADS = ('digits', 'narrow', 'wide', 'mixed', 'messy')
DATABASES = (DUCKDB.name, POLARS.name)


def figure(value: float | None) -> str:
    """Shows three digits; more would mean nothing."""
    if value is None:
        return ''
    return f'{value:,.0f}' if value >= 100 else f'{value:.1f}' if value >= 10 else f'{value:.2f}'


def columns(rows: list[list[str]]) -> str:
    """Left-aligned names, right-aligned figures. Nothing if there is only a head."""
    if len(rows) == 1:
        return ''
    widths = [max(map(len, column)) for column in zip(*rows)]
    return '\n'.join('  '.join(cell.ljust(width) if number < 2 else cell.rjust(width)
                               for number, (cell, width) in enumerate(zip(row, widths))).rstrip()
                     for row in rows) + '\n'


# --- On the terminal --------------------------------------------------------------------------------------------------

def table(results: Results) -> str:
    rows = [['workload', 'who', 'sums', 'input MB', 'MB/s', 'CPU s/GB', 'p1', 'p2', 'p3', 'peak MiB', 'one killed']]
    names = [contestant.name for contestant in [*YARDSTICKS, *SUITE, *PEERS]]
    for workload, name in itertools.chain(itertools.product(WORKLOADS, names),
                                          itertools.product(commands.WORKLOADS, commands.NAMES)):
        if any(results.text(workload, name, quantity) for quantity in ('sums', 'mb_s')):
            rows.append([workload, name.replace('\\', ''), results.text(workload, name, 'sums') or 'none',
                         *(figure(results.number(workload, name, quantity)) for quantity in (
                             'input_mb', 'mb_s', 'cpu_s_gb', 'p1_cpu_s_gb', 'p2_cpu_s_gb', 'p3_cpu_s_gb',
                             'memory_mib')), results.text(workload, name, 'killed')])
    return columns(rows)


class Demand:
    """A figure of the suite, with the least value (or, with `at_most`, the greatest) that it should have, and with
    its aim. Without a bound it is for information."""

    def __init__(self, what: str, where: str, value: float | None, floor: float | None, aim: float | None = None,
                 at_most: bool = False) -> None:
        self.what, self.where, self.value, self.floor, self.aim, self.at_most = what, where, value, floor, aim, at_most

    def holds(self) -> bool:
        if self.value is None or self.floor is None:
            return self.floor is None
        return self.value <= self.floor if self.at_most else self.value >= self.floor

    def bound(self, signs: tuple[str, str]) -> str:
        return '' if self.floor is None else f'{signs[self.at_most]} {self.floor:g}'


COSTS = [  # the most CPU seconds per GB in the launcher with n = 2, with AVX-512; twice as many otherwise
    ('p1_cpu_s_gb', 'CPU of p1_read', dict.fromkeys(WORKLOADS[:4], (.03, .015))),
    ('cpu_s_gb', 'CPU of all', {'digits': (.29, .25), 'narrow': (1.35, 1), 'wide': (.44, .38), 'mixed': (.69, .6)}),
    ('p3_cpu_s_gb', 'CPU of p3_write', {'narrow': (.6, .4)}),
]
FED = {'digits': (8, 15), 'narrow': (25, 40), 'wide': (12, 25), 'mixed': (18, 35)}
SPEEDS = [  # floors and aims with AVX-512; half the floors otherwise
    *((name, CAT.name, dict.fromkeys(WORKLOADS[:4], (None, None)))  # `cat | cat` swings too much for a bound
      for name in (LAUNCHER.name, CHAIN.name, PIPE.name)),
    (PIPE.name, PIPE_READER.name,
     {'digits': (.75, .9), 'narrow': (.5, .7), 'wide': (.7, .9), 'mixed': (.6, .8)}),
    (LAUNCHER.name, MONOLITH.name,
     {'digits': (.9, 1), 'narrow': (.75, .9), 'wide': (.9, 1), 'mixed': (.87, 1)}),
    (LAUNCHER.name, 'the better of DuckDB and Polars',
     {'digits': (25, 50), 'narrow': (5, 9), 'wide': (6, 18), 'mixed': (12, 20)}),
    (LAUNCHER.name, PARALLEL.name,
     {'digits': (100, 190), 'narrow': (25, 45), 'wide': (25, 60), 'mixed': (25, 45)}),
]


def demands(results: Results) -> Iterator[Demand]:
    share = 1 if results.text('machine', '-', 'vectors') == 'AVX-512' else 0.5
    for ours, theirs, bounds in SPEEDS:
        for workload, (floor, aim) in bounds.items():
            if theirs.startswith('the better'):
                values = [results.number(workload, ours, f'over {name}') for name in DATABASES
                          if results.text(workload, name, 'sums') == 'right']
                value = min((value for value in values if value), default=None)
            else:
                value = results.number(workload, ours, f'over {theirs}')
            yield Demand(f'{ours} / {theirs}', workload, value, None if floor is None else floor * share, aim)
    for quantity, what, bounds in COSTS:
        for workload, (floor, aim) in bounds.items():
            yield Demand(f'{what}, s/GB', workload, results.number(workload, LAUNCHER.name, quantity), floor / share, aim,
                         at_most=True)
    for workload, (floor, aim) in FED.items():
        yield Demand('workers one reader feeds', workload, fed(results, workload, 'p1'), floor * share, aim)

    def quotient(one: float | None, other: float | None) -> float | None:
        return one / other if one is not None and other else None

    yield Demand(f'speed of the {LAUNCHER.name}, to that on mixed', 'messy',
                 results.number('messy', LAUNCHER.name, 'over mixed'), 0.5)
    for workload in WORKLOADS[:4]:
        yield Demand('CPU of p1_read / of `cat in > /dev/null`', workload,
                     quotient(results.number(workload, LAUNCHER.name, 'p1_cpu_s_gb'),
                              results.number(workload, 'cat reads the input', 'cpu_s_gb')), 1.8, at_most=True)
    yield Demand('CPU of p3_write / of the second `cat` in `cat sums \\| cat > copy`', 'narrow',
                 quotient(results.number('narrow', LAUNCHER.name, 'p3_cpu_s_gb'),
                          results.number('narrow', 'cat writes the sums', 'cpu_s_gb')), 1.3, at_most=True)
    for workload in WORKLOADS:
        yield Demand(f'seconds of the {KILLED.name} / without', workload,
                     results.number(workload, KILLED.name, 'seconds over none killed'), 1.1, at_most=True)
    for contestant in WATCHED:
        for quantity in 'seconds', 'cpu':
            option = contestant.name.split()[-1]
            yield Demand(f'{quantity} of the launcher with {option} / without', 'digits',
                         results.number('digits', contestant.name, f'{quantity} over none'), 1.02, at_most=True)
    for name in LAUNCHER.name, PIPE.name, CHAIN.name:
        values = [results.number(workload, name, 'memory_mib') for workload in WORKLOADS]
        yield Demand(f'MiB in memory, {name}', 'all workloads',
                     max((value for value in values if value), default=None), 48, at_most=True)
    launchers = [LAUNCHER.name, 'launcher, n = 16', 'launcher, n = 64']
    start = {name: results.number('ten rows', name, 'start_ms')
             for name in (CHAIN.name, 'cat \\| cat \\| cat', *launchers, 'launcher, n = 64, 64 batches')}
    yield Demand('time of the chain / of `cat f \\| cat \\| cat`', 'ten rows',
                 quotient(start[CHAIN.name], start['cat \\| cat \\| cat']), 2, at_most=True)
    for name in launchers:
        yield Demand(f'time of the {name} / of the chain', 'ten rows', quotient(start[name], start[CHAIN.name]), 1.6,
                     at_most=True)
    yield Demand('time of the launcher, n = 64, a batch for each / of the chain', 'ten rows',
                 quotient(start['launcher, n = 64, 64 batches'], start[CHAIN.name]), 14.5, 9.7, at_most=True)
    for workload in cluster.measured(results):
        yield Demand('CPU of the parts, 2 nodes / of the launcher for the whole file', workload,
                     results.number(workload, cluster.name_of(2), 'cpu over the launcher'), 1.1, at_most=True)
    for task in commands.TASKS:
        speeds = [results.number(task.name, name, 'over the fastest other') for name in commands.OURS]
        other = results.text(task.name, 'the fastest other', 'name')
        yield Demand(f'the faster of --command and --coprocess / the fastest other, {other}', task.name,
                     max(filter(None, speeds), default=None), 1, 1.3)
    for name in commands.OURS:
        yield Demand(f'CPU of {name}, besides the command, s/GB', commands.ONE, own_cpu(results, name), .3,
                     at_most=True)


def ratios(results: Results) -> str:
    rows = [['what', 'where', 'bound', 'aim', 'measured', '']]
    for demand in demands(results):
        if demand.value is not None:
            rows.append([demand.what.replace('\\', ''), demand.where, demand.bound(('>=', '<=')), f'{demand.aim or "":}',
                         figure(demand.value), '' if demand.holds() else 'short'])
    return columns(rows)


def fed(results: Results, workload: str, by: str) -> float | None:
    """How many workers keep a reader (p1) or a writer (p3) busy: the time for a byte in a worker, divided by the
    time there."""
    worker = results.number(workload, LAUNCHER.name, 'p2_cpu_s_gb')
    other = results.number(workload, LAUNCHER.name, f'{by}_cpu_s_gb')
    return worker / other if worker and other else None


def workers(results: Results) -> str:
    rows = [['workload', '', 'workers one reader feeds', 'workers one writer serves']]
    for workload in WORKLOADS:
        reader, writer = fed(results, workload, 'p1'), fed(results, workload, 'p3')
        if reader is not None and writer is not None:
            rows.append([workload, '', f'{reader:.1f}', f'{writer:.1f}'])
    return columns(rows)


# --- In the READMEs ---------------------------------------------------------------------------------------------------

def markdown_table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ['---'] + ['---:'] * (len(head) - 1), *rows]
    return ''.join('| ' + ' | '.join(line) + ' |\n' for line in lines)


def speed_cell(results: Results, workload: str, name: str) -> str:
    verdict, speed = results.text(workload, name, 'sums'), figure(results.number(workload, name, 'mb_s'))
    if verdict == 'fails':
        return 'fails'
    return f'{speed} wrong' if verdict == 'wrong' else speed


def most_memory(results: Results, name: str) -> str:
    values = [results.number(workload, name, 'memory_mib') for workload in WORKLOADS]
    return figure(max((value for value in values if value is not None), default=None))


def machine(results: Results, what: str) -> str:
    return results.text('machine', '-', what)


def conditions(results: Results) -> str:
    return (f'{machine(results, "processors")} cores of {machine(results, "processor")} '
            f'({machine(results, "vectors")}), {figure(float(machine(results, "memory_gib")))} GiB, '
            f'Linux {machine(results, "kernel")}, {machine(results, "date")}; '
            f'`tests/bench/run.sh --readme`, medians of {machine(results, "runs")}.\n')


def markdown_in_short(results: Results) -> str:
    return (conditions(results) + 'MB/s of input on each workload, and the most memory in MiB:\n\n' +
            markdown_table(['', *WORKLOADS, 'MiB'],
                           [[name, *(speed_cell(results, workload, name) for workload in WORKLOADS),
                             most_memory(results, name)] for name in IN_SHORT]))


def markdown(results: Results) -> str:
    names = [contestant.name for contestant in [*YARDSTICKS, *SUITE, *PEERS]
             if any(results.text(workload, contestant.name, 'mb_s') for workload in WORKLOADS)]
    text = (conditions(results) +
            f'Most other tools get the first {machine(results, "part_mb")} MB of a file, '
            f'DuckDB, Polars and GNU parallel {machine(results, "large_mb")} MB.\n'
            'MB/s, CPU seconds per GB of digits and of narrow (all processes), and the most memory in MiB:\n\n')
    text += markdown_table(
        ['', *WORKLOADS, 'CPU digits', 'CPU narrow', 'MiB'],
        [[name, *(speed_cell(results, workload, name) for workload in WORKLOADS),
          figure(results.number('digits', name, 'cpu_s_gb')), figure(results.number('narrow', name, 'cpu_s_gb')),
          most_memory(results, name)] for name in names])
    text += ('\nThe three programs apart, CPU seconds per GB in the launcher with n = 2, and so many workers one '
             'reader and one\nwriter can feed:\n\n')
    text += markdown_table(
        ['', 'p1_read', 'p2_sum, all', 'p3_write', 'workers a reader feeds', 'a writer'],
        [[workload, *(figure(results.number(workload, LAUNCHER.name, f'{program}_cpu_s_gb'))
                      for program in ('p1', 'p2', 'p3')),
          figure(fed(results, workload, 'p1')), figure(fed(results, workload, 'p3'))] for workload in WORKLOADS])
    text += ('\nHow many times as fast, run in turn, with the least that is demanded on this machine and, for '
             'AVX-512,\nthe aim; what falls short is bold:\n\n')
    rows: dict[str, dict[str, str]] = {}
    others = []
    for demand in demands(results):
        value = figure(demand.value) if demand.holds() else f'**{figure(demand.value) or "none"}**'
        bound = demand.bound(('≥', '≤'))
        if demand.floor is None:
            rows.setdefault(demand.what, {})[demand.where] = value
        elif demand.aim and demand.where in WORKLOADS:
            rows.setdefault(demand.what, {})[demand.where] = f'{value} ({bound}, {demand.aim:g})'
        elif demand.value is not None:
            aim = f', {demand.aim:g}' if demand.aim else ''
            others.append([f'{demand.what}, {demand.where}', value, bound + aim])
    text += markdown_table(['', *WORKLOADS[:4]], [[what, *(cells.get(workload, '') for workload in WORKLOADS[:4])]
                                                  for what, cells in rows.items()])
    text += '\n' + markdown_table(['', 'measured', 'demanded'], others)
    text += markdown_commands(results)
    text += ('\nMB/s that so many processors could reach, computed from the CPU time above: of the launcher, and of the '
             'other\ntool that is the fastest there, as if its time were spread evenly:\n\n')
    text += markdown_table(['', *(f'n = {cores}' for cores in scaling.CORES)],
                           [[what, *map(figure, speeds)] for what, speeds in scaling.rows(results)])
    return text + markdown_cluster(results)


# --- The parts of a file ----------------------------------------------------------------------------------------------

def markdown_cluster(results: Results) -> str:
    rows = [[f'{workload}, {cluster.name_of(nodes)}',
             figure(results.number(workload, cluster.name_of(nodes), 'input_mb')),
             results.text(workload, cluster.name_of(nodes), 'parts'),
             *(figure(results.number(workload, cluster.name_of(nodes), quantity))
               for quantity in ('outline_cpu_s_gb', 'sum_cpu_s_gb', 'merge_cpu_s_gb', 'cpu_s_gb',
                                'cpu over the launcher', 'mb_s')),
             figure(cluster.over_model(results, workload, nodes))]
            for workload in cluster.measured(results) for nodes in cluster.HERE
            if results.number(workload, cluster.name_of(nodes), 'mb_s')]
    if not rows:
        return ''
    head = ['', 'MB', 'parts', 'outline', 'sum', 'merge', 'all', '/ the launcher', 'MB/s', '/ the model']
    return ('\nThe parts of a file, with a processor of this machine for a node: CPU seconds per GB of each step and of '
            'all, how\nmany times as many as the launcher with n = 2 takes for the whole file, MB/s, and these '
            'divided by those of the\nmodel:\n\n' + markdown_table(head, rows) +
            f'\nGB/s of input that nodes of {cluster.Cluster().cores} processors could reach, computed from the CPU '
            'time of one node above, and from\nhow many nodes on the file system, and the merge, hold them up:\n\n' +
            markdown_table(['', '1 node', '10', '100', '1,000', 'file system, from', 'merge, from'],
                           cluster.rows(results, figure)))


# --- Somebody's command -----------------------------------------------------------------------------------------------

def own_cpu(results: Results, name: str) -> float | None:
    """CPU seconds per GB of the three programs while a command does the work."""
    values = [results.number(commands.ONE, name, f'{program}_cpu_s_gb') for program in ('p1', 'p2', 'p3')]
    return None if None in values else sum(values)


def after_a_loss(results: Results, task: str, name: str) -> str:
    verdict, ratio = results.text(task, name, 'killed'), results.number(task, name, 'seconds over none killed')
    return f'{verdict}, {figure(ratio)}' if ratio else verdict


def markdown_commands(results: Results) -> str:
    tasks = [task.name for task in commands.TASKS]
    names = [name for name in commands.NAMES if any(results.text(task, name, 'sums') for task in tasks)]
    if not names:
        return ''
    text = ('\nThe same command on the same file, MB/s, and CPU seconds per GB (all processes); in the columns of '
            '1 ms a row\nrows per second, and CPU milliseconds per row:\n\n')
    rows = []
    for name in names:
        cells = []
        for task in tasks:
            verdict = results.text(task, name, 'sums')
            speed = results.number(task, name, 'rows_s' if task == commands.SLOW else 'mb_s')
            cells.append(figure(speed) if verdict == 'right' else verdict)
        for task in tasks:
            cpu = results.number(task, name, 'cpu_s_gb')
            if cpu and task == commands.SLOW:
                cpu *= results.number(task, name, 'mb_s') / results.number(task, name, 'rows_s')
            cells.append(figure(cpu))
        rows.append([name, *cells])
    text += markdown_table(['', *tasks, *(f'CPU {task}' for task in tasks)], rows)
    text += ('\nThe same with one process of the command, or of the pool, killed half-way, and how many times as long '
             'that takes:\n\n')
    text += markdown_table(['', *tasks], [[name, *(after_a_loss(results, task, name) for task in tasks)]
                                          for name in names if name != commands.ALONE])
    text += '\nWhat a command costs besides its own CPU time, CPU seconds per GB, with `mawk \'{ print 1 }\'`:\n\n'
    text += markdown_table(
        ['', 'all processes', 'p1_read', 'p2_sum, all', 'p3_write', 'these three'],
        [[name, *(figure(results.number(commands.ONE, name, f'{program}cpu_s_gb'))
                  for program in ('', 'p1_', 'p2_', 'p3_')), figure(own_cpu(results, name))]
         for name in (commands.ALONE, *commands.OURS)])
    return text


def publish(results: Results) -> None:
    """Writes the figures and the charts beside this file, and the tables between the marks in both READMEs."""
    results.save(HERE / 'results.tsv')
    chart(results, HERE / 'speed.svg')
    scaling.chart(results, HERE / 'scaling.svg')
    cluster.chart(results, HERE / 'cluster.svg')
    put_between_marks(README, markdown(results))
    put_between_marks(TOP_README, markdown_in_short(results))


def put_between_marks(path: Path, tables: str) -> None:
    before, begin, rest = path.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f'{path} has no place for the tables')
    path.write_text(f'{before}{BEGIN}\n\n{tables}\n{END}{after}')


def chart(results: Results, path: Path) -> None:
    """MB/s by contestant and workload, on a logarithmic scale. Wrong results are left out. The programs of the suite
    are marked, and those that got only a part of each file have its size beside their names."""
    contestants = [contestant for contestant in reversed([*YARDSTICKS, *SUITE, *PEERS])
                   if any(results.text(workload, contestant.name, 'mb_s') for workload in WORKLOADS)]
    ours = [row for row, contestant in enumerate(contestants) if contestant in SUITE and contestant is not MONOLITH]
    with tempfile.NamedTemporaryFile('w', suffix='.tsv') as data:
        for contestant in contestants:
            name = contestant.name.replace('\\', '').replace(' (wide: gawk -M)', '')
            if size := results.text('machine', '-', f'{contestant.size}_mb'):
                name += f' ({size} MB)'
            speeds = ['NaN' if results.text(workload, contestant.name, 'sums') in ('wrong', 'fails') else
                      results.text(workload, contestant.name, 'mb_s') or 'NaN' for workload in WORKLOADS]
            data.write('\t'.join([name, *speeds]) + '\n')
        data.flush()
        gnuplot.draw('speed.gp', data=data.name, svg=path, first=min(ours), last=max(ours))
