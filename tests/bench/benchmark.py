# SPDX-License-Identifier: MIT
"""Runs the benchmark; run.sh calls it. Writes what it finds to results.tsv, one figure in each line
(results.Results).

Before anything is timed, every output is compared with the reference, in a separate run in which memory is measured.
If an output that must be right is wrong, the exit status is 1. It does not depend on speed.
"""
import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cluster
import commands
import measure
import report
import workloads
from contestants import (CAT, CHAIN, DUCKDB, KILLED, LAUNCHER, MONOLITH, PARALLEL, PEERS, PIPE, PIPE_READER, POLARS, SUITE,
                         WATCHED, Contestant)
from measure import Command
from results import Results
from workloads import MEGABYTE, Workload

HERE = Path(__file__).resolve().parent
BIN_DIR = Path(os.environ.get('ROWSUM_BIN_DIR') or HERE.parents[1] / 'build/bin').resolve()
SLOW = 4       # seconds: a command that takes longer is run only so often:
SLOW_RUNS = 3
SLOW_TURN = 10  # seconds: the same for a turn of all that run somebody's command
BY_WORKLOAD = ('suite', 'recovery', 'watched', 'parts', 'peers')
SECTIONS = (*BY_WORKLOAD, 'startup', 'commands')


class Benchmark:
    def __init__(self, options: argparse.Namespace, directory: Path, results: Results) -> None:
        self.options = options
        self.directory = directory
        self.results = results
        self.has_failed = False
        self.files: dict[str, Workload] = {}
        self.checked: dict[tuple[str, str], float] = {}  # (workload, contestant): seconds, if it does not fail

    # --- One contestant, one workload -------------------------------------------------------------------------------

    def command(self, contestant: Contestant, file: Workload) -> Command:
        return Command(contestant.line_for(file.name), {
            'input': str(file.csv), 'output': str(self.directory / 'output'), 'workload': file.name,
            'directory': str(self.directory), 'bin': str(BIN_DIR), **contestant.variables()})

    def check(self, contestant: Contestant, file: Workload) -> None:
        """Checks whether its sums are right, and measures the memory that it takes."""
        command = self.command(contestant, file)
        try:
            taken, peak = measure.peak_memory(command)
        except measure.Failed as failure:
            print(failure, file=sys.stderr)
            verdict = 'fails'
        else:
            verdict = self.verdict(file)
            self.results.add(file.name, contestant.name, 'memory_mib', peak / 2**20)
            self.checked[file.name, contestant.name] = taken.seconds
        self.results.add(file.name, contestant.name, 'sums', verdict)
        self.results.add(file.name, contestant.name, 'input_mb', file.bytes / MEGABYTE)
        if verdict != 'right' and file.name not in contestant.wrong_on:
            self.has_failed = True
            print(f'{contestant.name} on {file.name}: {verdict}', file=sys.stderr)

    def verdict(self, file: Workload) -> str:
        """On the output of the last run."""
        differs = subprocess.run(['cmp', '-s', self.directory / 'output', file.sums]).returncode
        return 'wrong' if differs else 'right'

    def runs(self, contestant: Contestant, file: Workload) -> int:
        slow = self.checked.get((file.name, contestant.name), 0) > SLOW
        return min(self.options.runs, SLOW_RUNS) if slow else self.options.runs

    def note_speed(self, contestant: Contestant, file: Workload, sample: list[measure.Run]) -> None:
        self.results.add(file.name, contestant.name, 'mb_s', file.bytes / MEGABYTE / measure.seconds(sample))
        self.results.add(file.name, contestant.name, 'cpu_s_gb', measure.cpu(sample) / file.bytes * 1e9)

    def ratio(self, ours: Contestant, theirs: Contestant, file: Workload, note: bool = True) -> list[list[measure.Run]]:
        """How many times as fast one is as another, run in turn."""
        samples = measure.in_turn([self.command(ours, file), self.command(theirs, file)], self.runs(theirs, file))
        value = measure.seconds(samples[1]) / measure.seconds(samples[0])
        self.results.add(file.name, ours.name, f'over {theirs.name}', value)
        if note:
            self.note_speed(theirs, file, samples[1])
        return samples

    # --- The sections -----------------------------------------------------------------------------------------------

    def suite(self, file: Workload) -> None:
        for contestant in SUITE:
            self.check(contestant, file)
        if self.options.small:
            return
        launcher = []
        for ours in LAUNCHER, CHAIN, PIPE:
            own, _ = self.ratio(ours, CAT, file)
            launcher += own if ours is LAUNCHER else []
            if ours is not LAUNCHER:
                self.note_speed(ours, file, own)
        self.ratio(PIPE, PIPE_READER, file)
        own, _ = self.ratio(LAUNCHER, MONOLITH, file)
        self.note_speed(LAUNCHER, file, launcher + own)
        one = SUITE[1]
        self.note_speed(one, file, measure.in_turn([self.command(one, file)], self.options.runs)[0])

        self.cpu_apart(file)
        if file.name == 'messy' and 'mixed' in self.files:
            mixed = self.files['mixed']
            samples = measure.in_turn([self.command(LAUNCHER, one) for one in (mixed, file)], self.options.runs)
            speeds = [one.bytes / measure.seconds(sample) for one, sample in zip((mixed, file), samples)]
            self.results.add('messy', LAUNCHER.name, 'over mixed', speeds[1] / speeds[0])

    def cpu_apart(self, file: Workload) -> None:
        """The CPU time of each program, and of cat for the least that p1_read and p3_write have to do: reading the
        input, and writing the sums."""
        cats = {'cat reads the input': ('cat "$input" > /dev/null', 'cat'),
                'cat writes the sums': (f'cat "{file.sums}" | cat > "$output"', 'cat.last')}
        ours = (LAUNCHER, CHAIN, PIPE)
        contestants = [*ours, *(Contestant(name, line) for name, (line, _) in cats.items())]
        apart = measure.cpu_of_programs([self.command(contestant, file) for contestant in contestants],
                                        self.options.runs)
        for contestant, spent in zip(ours, apart):
            self.note_programs(contestant, file, spent)
        for (name, (_, program)), spent in zip(cats.items(), apart[len(ours):]):
            self.results.add(file.name, name, 'cpu_s_gb', spent[program] / file.bytes * 1e9)

    def note_programs(self, contestant: Contestant, file: Workload, spent: dict[str, float]) -> None:
        for short, program in ('p1', 'p1_read'), ('p2', 'p2_sum'), ('p3', 'p3_write'):
            self.results.add(file.name, contestant.name, f'{short}_cpu_s_gb', spent[program] / file.bytes * 1e9)

    def recovery(self, file: Workload) -> None:
        """The time that it takes to replace a worker."""
        if self.options.small:
            return
        calm, killed = self.command(KILLED, file), self.command(KILLED, file)
        calm.variables.update(signal='0', half='0.02')
        try:
            seconds = measure.seconds(measure.in_turn([calm], self.options.runs)[0])
            # To find the worker takes some time, too.
            half = max(seconds / 2 - 0.03, 0.02)
            killed.variables.update(signal='KILL', half=f'{half:.3f}')
            calm.variables['half'] = killed.variables['half']
            samples = measure.in_turn([calm, killed], self.options.runs)
        except measure.Failed as failure:  # the run was over before a worker was killed
            print(failure, file=sys.stderr)
            return
        if self.verdict(file) != 'right':
            self.has_failed = True
            print(f'{KILLED.name} on {file.name}: wrong', file=sys.stderr)
            return
        self.results.add(file.name, KILLED.name, 'seconds over none killed',
                         measure.seconds(samples[1]) / measure.seconds(samples[0]))

    def watched(self, file: Workload) -> None:
        """What the table at the end and the logs cost."""
        for contestant in WATCHED:
            self.check(contestant, file)
        if self.options.small:
            return
        lines = [self.command(contestant, file) for contestant in (LAUNCHER, *WATCHED)]
        none, *samples = measure.in_turn(lines, 2 * self.options.runs)
        for contestant, sample in zip(WATCHED, samples):
            for quantity, middle in ('seconds', measure.seconds), ('cpu', measure.cpu):
                self.results.add(file.name, contestant.name, f'{quantity} over none', middle(sample) / middle(none))

    def parts(self, file: Workload) -> None:
        """The steps of a cluster, with a processor for a node, in turn with the launcher on the whole file."""
        if file.name not in cluster.WORKLOADS:
            return
        file = workloads.repeated(file, 2 if self.options.small else self.options.repeat)
        for nodes in cluster.HERE:
            self.check(cluster.all_steps(self.options.parts, nodes), file)
            if self.options.small:
                continue
            turn = [cluster.REMOVE, LAUNCHER, *cluster.steps(self.options.parts, nodes)]
            _, whole, *samples = measure.in_turn([self.command(one, file) for one in turn], self.options.runs)
            name, gigabytes = cluster.name_of(nodes), file.bytes / 1e9
            for step, sample in zip(cluster.STEPS, samples):
                self.results.add(file.name, name, f'{step}_cpu_s_gb', measure.cpu(sample) / gigabytes)
            cpu = sum(map(measure.cpu, samples))
            self.results.add(file.name, name, 'parts', self.options.parts)
            self.results.add(file.name, name, 'cpu_s_gb', cpu / gigabytes)
            self.results.add(file.name, name, 'cpu over the launcher', cpu / measure.cpu(whole))
            self.results.add(file.name, name, 'mb_s', file.bytes / MEGABYTE / sum(map(measure.seconds, samples)))
            self.results.add(file.name, name, 'output_share', file.sums.stat().st_size / file.bytes)

    def peers(self, whole: Workload) -> None:
        for peer in PEERS:
            if not self.is_wanted(peer):
                continue
            size = self.options.large_size if peer.size == 'large' else self.options.part_size
            file = whole if self.options.small else workloads.first_part(whole, size)
            self.check(peer, file)
            if self.options.small or (file.name, peer.name) not in self.checked:
                continue
            if peer in (DUCKDB, POLARS, PARALLEL):
                self.ratio(LAUNCHER, peer, file)
            else:
                command = self.command(peer, file)
                self.note_speed(peer, file, measure.in_turn([command], self.runs(peer, file))[0])

    def is_wanted(self, peer: Contestant) -> bool:
        wanted = self.options.peers
        if wanted is not None and not any(word.lower() in peer.name.lower() for word in wanted):
            return False
        return peer.is_installed()

    def startup(self) -> None:
        """Ten rows, a dozen runs in one shell, so that the start of the shell does not count."""
        file = self.directory / 'ten.csv'
        file.write_bytes(b'1,2,3\n' * 10)
        (self.directory / 'many.csv').write_bytes(b'1,2,3\n' * 640)
        dozen = 'for i in {1..12}; do %s; done'

        def command(line: str) -> Command:
            return Command(dozen % line, {'input': str(file), 'output': str(self.directory / 'output'),
                                          'directory': str(self.directory), 'bin': str(BIN_DIR)})

        lines = {CHAIN.name: CHAIN.line,
                 'cat \\| cat \\| cat': 'cat "$input" | cat | cat > "$output"',
                 LAUNCHER.name: LAUNCHER.line,
                 **{f'launcher, n = {n}': LAUNCHER.line.replace('-n 2', f'-n {n}') for n in (16, 64)},
                 # Here each of the places has a batch.
                 'launcher, n = 64, 64 batches':
                     '"$bin/run_pipeline.sh" -n 64 --batch-size=60 "$directory/many.csv" > "$output"'}
        samples = measure.in_turn([command(line) for line in lines.values()], self.options.runs)
        for name, sample in zip(lines, samples):
            self.results.add('ten rows', name, 'start_ms', measure.seconds(sample) / 12 * 1000)

    def commands(self) -> None:
        """Somebody's command as the worker."""
        mixed = self.files.get('mixed') or workloads.make('mixed', self.directory, BIN_DIR, self.options.small)
        for task in commands.TASKS:
            self.same_command(commands.make(task, mixed, self.directory, self.options),
                              list(filter(self.is_wanted, commands.contestants(task, self.options.small))))
        if not self.options.small:
            self.own_cost(workloads.first_part(mixed, self.options.large_size))

    def same_command(self, file: Workload, contestants: list[Contestant]) -> None:
        """All in turn, and then each with a worker killed half-way."""
        for contestant in contestants:
            self.check(contestant, file)
        contestants = [one for one in contestants if self.results.text(file.name, one.name, 'sums') == 'right']
        if self.options.small or not contestants:
            return
        turn = sum(self.checked[file.name, contestant.name] for contestant in contestants)
        samples = measure.in_turn([self.command(contestant, file) for contestant in contestants],
                                  min(self.options.runs, SLOW_RUNS) if turn > SLOW_TURN else self.options.runs)
        rows = sum(1 for _ in open(file.sums, 'rb'))
        seconds = {}
        for contestant, sample in zip(contestants, samples):
            self.note_speed(contestant, file, sample)
            seconds[contestant.name] = measure.seconds(sample)
            self.results.add(file.name, contestant.name, 'rows_s', rows / seconds[contestant.name])
        others = [name for name in seconds if name not in commands.OURS]
        if others:
            fastest = min(others, key=seconds.get)
            self.results.add(file.name, 'the fastest other', 'name', fastest)
            for name in set(commands.OURS) & set(seconds):
                self.results.add(file.name, name, 'over the fastest other', seconds[fastest] / seconds[name])
        for contestant in contestants:
            if contestant.victim:
                self.with_a_loss(contestant, file, seconds[contestant.name])

    def with_a_loss(self, contestant: Contestant, file: Workload, calm: float) -> None:
        ratio: float | str = ''
        try:
            run = measure.run_with_a_loss(self.command(contestant, file), contestant.victim, calm / 2, 3 * calm + 3)
        except measure.NothingKilled as failure:
            print(failure, file=sys.stderr)
            verdict = ''
        except measure.Failed as failure:
            verdict = f'status {failure.status}'
        except measure.Hangs:
            verdict = 'hangs'
        else:
            verdict = self.verdict(file)
            ratio = run.seconds / calm
        self.results.add(file.name, contestant.name, 'killed', verdict)
        self.results.add(file.name, contestant.name, 'seconds over none killed', ratio)
        if contestant.name in commands.OURS and verdict not in ('right', ''):
            self.has_failed = True
            print(f'{contestant.name} on {file.name}, a worker killed: {verdict}', file=sys.stderr)

    def own_cost(self, mixed: Workload) -> None:
        """What the launcher needs besides the command."""
        contestants = [Contestant(*line) for line in commands.ONE_LINES.items()]
        lines = [self.command(contestant, mixed) for contestant in contestants]
        file = mixed._replace(name=commands.ONE)
        runs = min(self.options.runs, SLOW_RUNS)
        for contestant, sample in zip(contestants, measure.in_turn(lines, runs)):
            self.note_speed(contestant, file, sample)
        for contestant, spent in zip(contestants[1:], measure.cpu_of_programs(lines[1:], runs)):
            self.note_programs(contestant, file, spent)

    # --- All of it --------------------------------------------------------------------------------------------------

    def run(self) -> None:
        begin = time.monotonic()
        self.machine()
        by_workload = [section for section in BY_WORKLOAD if section in self.options.only]
        for name in self.options.workloads if by_workload else ():
            file = self.files[name] = workloads.make(name, self.directory, BIN_DIR, self.options.small)
            for section in by_workload:
                print(f'{name}: {section} ({time.monotonic() - begin:.0f} s)', file=sys.stderr)
                getattr(self, section)(file)
        for section in 'startup', 'commands':
            if section in self.options.only:
                print(f'{section} ({time.monotonic() - begin:.0f} s)', file=sys.stderr)
                getattr(self, section)()
        for name in 'output', 'errors', 'ten.csv', 'many.csv', 'trace', 'joblog':
            Path(self.directory, name).unlink(missing_ok=True)
        for part in self.directory.glob('part.*'):
            part.unlink()
        shutil.rmtree(self.directory / 'parts', ignore_errors=True)
        self.results.add('run', '-', 'minutes', (time.monotonic() - begin) / 60)

    def machine(self) -> None:
        processor, flags = platform.processor(), ''
        for line in Path('/proc/cpuinfo').read_text().splitlines():
            label, _, value = line.partition(':')
            if label.strip() == 'model name':
                processor = value.strip()
            elif label.strip() == 'flags':
                flags = value
        vectors = next((name for flag, name in (('avx512bw', 'AVX-512'), ('avx2', 'AVX2'), ('sse4_1', 'SSE4'))
                        if f' {flag} ' in f'{flags} '), 'no vectors')
        memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30
        for label, value in (('processor', processor), ('processors', len(os.sched_getaffinity(0))),
                             ('vectors', vectors), ('memory_gib', memory), ('kernel', platform.release()),
                             ('date', time.strftime('%Y-%m-%d')), ('runs', self.options.runs),
                             ('part_mb', self.options.part_size), ('large_mb', self.options.large_size)):
            before = self.results.text('machine', '-', label)
            self.results.add('machine', '-', label, value)
            if before and label != 'date' and before != self.results.text('machine', '-', label):
                sys.exit(f'run.sh: the results to be brought up to date have {before} as {label}, not {value}')


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='run.sh', description='Measures the suite, and whatever else is installed that does its job.')
    words = str.split
    parser.add_argument('--install', action='store_true', help='get the other tools first (apt-get as root, npm)')
    parser.add_argument('--small', action='store_true', help='small files, once each: only whether the sums are right')
    parser.add_argument('--workloads', type=words, metavar='NAMES', default=workloads.NAMES,
                        help=f'some of: {" ".join(workloads.NAMES)}')
    parser.add_argument('--only', type=words, metavar='SECTIONS', default=SECTIONS, help=f'some of: {" ".join(SECTIONS)}')
    parser.add_argument('--peers', type=words, metavar='WORDS',
                        help='only peers with one of these words in their names')
    parser.add_argument('--runs', type=int, metavar='N', default=7,
                        help='medians of so many runs (default: 7); of 3 beyond 4 seconds')
    parser.add_argument('--part-size', type=int, metavar='MB', default=20,
                        help='how much of a file most peers get (default: 20)')
    parser.add_argument('--large-size', type=int, metavar='MB', default=300,
                        help='the same for DuckDB, Polars, GNU parallel, and the suite in turn with them (300)')
    parser.add_argument('--parts', type=int, metavar='N', default=8,
                        help='into how many parts a file is divided, as for a cluster (default: 8)')
    parser.add_argument('--repeat', type=int, metavar='K', default=1,
                        help='the same: of a file with the rows K times over, which is made beside (default: 1)')
    parser.add_argument('--directory', type=Path, default=Path('/dev/shm/rowsum-bench'),
                        help='where the files are made and kept (default: /dev/shm/rowsum-bench; 6 GB)')
    parser.add_argument('--results', type=Path, metavar='FILE', help='the figures (default: results.tsv there)')
    parser.add_argument('--readme', action='store_true',
                        help='also put the results beside this script, the chart, and the tables of both READMEs')
    parser.add_argument('--report', action='store_true', help='measure nothing: take the last figures')
    return parser.parse_args()


def main() -> int:
    options = parse_options()
    unknown = set(options.workloads) - set(workloads.NAMES) | set(options.only) - set(SECTIONS)
    if unknown:
        print(f'run.sh: unknown: {", ".join(sorted(unknown))}', file=sys.stderr)
        return 64
    if options.small:
        options.runs = 1
        with tempfile.TemporaryDirectory(prefix='rowsum-bench.') as directory:
            benchmark = Benchmark(options, Path(directory), Results())
            benchmark.run()
        print(report.table(benchmark.results))
        return int(benchmark.has_failed)

    path = options.results or options.directory / 'results.tsv'
    if options.report:
        if not path.exists():
            print(f'run.sh: no {path}', file=sys.stderr)
            return 66
        results = Results.load(path)
        has_failed = False
    else:
        options.directory.mkdir(parents=True, exist_ok=True)
        # If only a part is run, only the figures of that part are replaced.
        is_part = options.only != SECTIONS or options.workloads != workloads.NAMES or options.peers is not None
        results = Results.load(path) if is_part and path.exists() else Results()
        benchmark = Benchmark(options, options.directory, results)
        benchmark.run()
        results, has_failed = benchmark.results, benchmark.has_failed
        results.save(path)
    print(report.table(results))
    print(report.ratios(results))
    print(report.workers(results))
    if options.readme:
        report.publish(results)
    return int(has_failed)


if __name__ == '__main__':
    sys.exit(main())
