# SPDX-License-Identifier: MIT
"""The parts of a file on the nodes of a cluster: what each step costs, and how fast many nodes could be.

The steps are outline, sum and merge, one after another (scripts/slurm_pipeline.sh). Here a processor stands for a node:
each works on one part after another, as a task with one processor does. For the model see speed().
"""
import os
import tempfile
from pathlib import Path
from typing import Callable, NamedTuple

import gnuplot
from commands import COMMAND
from contestants import Contestant
from results import Results

WORKLOADS = ('digits', 'narrow', 'wide', 'mixed')
HERE = (1, 2)  # so many nodes are measured
NODES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)

_EACH_PART = 'seq "$parts" | xargs -P "$nodes" -I @ taskset -c "$processors" '
_PART = '--part "@/$parts"'
STEPS = {
    'outline': 'mkdir "$directory/parts" && ' + _EACH_PART +
               f'"$bin/p1_read" {_PART} --outline "$directory/parts/outline.@" "$input"',
    'sum': '"$bin/p1_read" --fold "$directory"/parts/outline.* > "$directory/parts/plan" && ' + _EACH_PART +
           f'"$bin/run_pipeline.sh" -n 1 {_PART} --plan "$directory/parts/plan" --format=stream '
           '-o "$directory/parts/sum.@" "$input"',
    'merge': '"$bin/p3_write" "$directory"/parts/sum.* > "$output"'}


REMOVE = Contestant('removing the parts', 'rm -rf "$directory/parts"')


def name_of(nodes: int) -> str:
    return f'parts, {nodes} {"node" if nodes == 1 else "nodes"}'


def steps(parts: int, nodes: int) -> list[Contestant]:
    processors = ','.join(map(str, sorted(os.sched_getaffinity(0))[:nodes]))
    variables = f'parts={parts}; nodes={nodes}; processors={processors}; '
    return [Contestant(f'{name_of(nodes)}, {step}', variables + line) for step, line in STEPS.items()]


def all_steps(parts: int, nodes: int) -> Contestant:
    return Contestant(name_of(nodes), ' && '.join(step.line for step in (REMOVE, *steps(parts, nodes))))


# --- The model --------------------------------------------------------------------------------------------------------

class Cluster(NamedTuple):
    cores: int = 16          # of a node
    link: float = 3.0        # GB/s that a node can move: 25 Gbit/s
    file_system: float = 50  # GB/s that all nodes together can move


class Costs(NamedTuple):
    """CPU seconds per GB of input of each step, and how many bytes of output there are for a byte of input."""
    outline: float
    sum: float
    merge: float
    output: float


class Seconds(NamedTuple):
    """For a GB of input, by what a step waits for. In a step the slowest of these counts."""
    processors: float
    links: float
    file_system: float


THIS_MACHINE = Cluster(cores=1, link=float('inf'), file_system=float('inf'))  # the files are in memory


def passes(costs: Costs, cluster: Cluster, nodes: int) -> dict[str, Seconds]:
    """Each step moves the bytes that it reads and those that it writes. The merge is one process on one node."""
    def seconds(cpu: float, moved: float, at_work: int, cores: int) -> Seconds:
        return Seconds(cpu / (at_work * cores), moved / (at_work * cluster.link), moved / cluster.file_system)

    return {'outline': seconds(costs.outline, 1, nodes, cluster.cores),
            'sum': seconds(costs.sum, 1 + costs.output, nodes, cluster.cores),
            'merge': seconds(costs.merge, 2 * costs.output, 1, 1)}


def speed(costs: Costs, cluster: Cluster, nodes: int, merges: bool = True) -> float:
    """GB/s of input, all steps together. What the scheduler takes to start a job is left out."""
    return 1 / sum(max(seconds) for step, seconds in passes(costs, cluster, nodes).items()
                   if merges or step != 'merge')


def bound(costs: Costs, cluster: Cluster, nodes: int, merges: bool) -> str:
    """What takes the most time of all."""
    taken = dict.fromkeys(('processors', 'links', 'file system', 'merge'), 0.0)
    for step, seconds in passes(costs, cluster, nodes).items():
        if step == 'merge':
            taken['merge'] += max(seconds) if merges else 0
        else:
            taken[('processors', 'links', 'file system')[seconds.index(max(seconds))]] += max(seconds)
    return max(taken, key=taken.get)


def first(nodes_hold: Callable[[int], bool]) -> str:
    """The least number of nodes, up to 1,000, for which something holds."""
    return next((f'{nodes:,}' for nodes in range(1, NODES[-1] + 1) if nodes_hold(nodes)), '')


def bounded_by_file_system(costs: Costs, cluster: Cluster, nodes: int) -> bool:
    seconds = passes(costs, cluster, nodes)['sum']
    return seconds.file_system == max(seconds)


def bounded_by_merge(costs: Costs, cluster: Cluster, nodes: int) -> bool:
    """It takes longer than all else."""
    return 2 * speed(costs, cluster, nodes) <= speed(costs, cluster, nodes, merges=False)


# --- What was measured ------------------------------------------------------------------------------------------------

def measured(results: Results) -> list[str]:
    """The workloads that were measured in parts, those of repeated rows included."""
    return list(dict.fromkeys(workload for workload, name, _ in results.values if name == name_of(1)))


def costs_of(results: Results, workload: str) -> Costs | None:
    found = [results.number(workload, name_of(1), quantity)
             for quantity in ('outline_cpu_s_gb', 'sum_cpu_s_gb', 'merge_cpu_s_gb', 'output_share')]
    return None if None in found else Costs(*found)


def over_model(results: Results, workload: str, nodes: int) -> float | None:
    """The speed that was measured, divided by that of the model with the CPU time of one node."""
    known, found = costs_of(results, workload), results.number(workload, name_of(nodes), 'mb_s')
    return found / 1000 / speed(known, THIS_MACHINE, nodes) if known and found else None


def costs_of_command(results: Results) -> Costs | None:
    """On mixed; in place of the sums Python finds the greatest integer of each row."""
    mixed, spent = costs_of(results, 'mixed'), results.number('python3', COMMAND, 'cpu_s_gb')
    return mixed._replace(sum=spent) if mixed and spent else None


PANELS: dict[str, Callable[[Results], Costs | None]] = {
    **{name: lambda results, name=name: costs_of(results, name) for name in ('narrow', 'mixed')},
    'mixed, a command in Python': costs_of_command}


def rows(results: Results, figure: Callable[[float], str]) -> list[list[str]]:
    """For each panel the speeds with the merge and without, and from how many nodes on something else than the
    processors is the bound."""
    found, cluster = [], Cluster()
    for name, costs_in in PANELS.items():
        if not (known := costs_in(results)):
            continue
        for merges in True, False:
            found.append([name + (', merged' if merges else ', parts left as they are'),
                          *(figure(speed(known, cluster, nodes, merges)) for nodes in (1, 10, 100, 1000)),
                          first(lambda nodes: bounded_by_file_system(known, cluster, nodes)),
                          first(lambda nodes: bounded_by_merge(known, cluster, nodes)) if merges else ''])
    return found


def chart(results: Results, path: Path) -> None:
    """A panel for each kind of work: the cluster, and one like this machine with what was measured on it."""
    if not all(costs_in(results) for costs_in in PANELS.values()):
        return
    with tempfile.TemporaryDirectory() as directory:
        for number, (name, costs_in) in enumerate(PANELS.items()):
            known, lines = costs_in(results), []
            for nodes in NODES:
                measured = results.number(name, name_of(nodes), 'mb_s')
                values = [speed(known, Cluster(), nodes), speed(known, Cluster(), nodes, merges=False),
                          speed(known, THIS_MACHINE, nodes) if nodes <= 2 * max(HERE) else None,
                          measured / 1000 if measured else None]
                lines.append('\t'.join([str(nodes), *('NaN' if value is None else f'{value:.5g}' for value in values)]))
            Path(directory, str(number)).write_text('\n'.join(lines) + '\n')
            labels = []
            for nodes in 8, 256:
                apart, merged = (bound(known, Cluster(), nodes, merges) for merges in (False, True))
                labels.append(f'{nodes}\t{speed(known, Cluster(), nodes, merges=False):.5g}\t{apart}\n')
                if merged != apart:
                    labels.append(f'{nodes}\t{speed(known, Cluster(), nodes):.5g}\t{merged}\n')
            Path(directory, f'{number}.bounds').write_text(''.join(labels))
        cores, link, file_system = Cluster()
        gnuplot.draw('cluster.gp', directory=directory, svg=path, names='|'.join(PANELS), cores=cores,
                     assumed=f'links of {link:g} GB/s, a file system of {file_system:g} GB/s')
