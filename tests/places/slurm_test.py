#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""slurm_pipeline.sh, with a real Slurm of its own on this machine.

    tests/places/slurm_test.py                                 every test
    NODE_DEATHS=20 tests/places/slurm_test.py NodeDeathTest    20 nodes that die, one after another
"""
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import LONGEST, SOURCE_DIR, Outcome, Run, children, main, program, sums  # noqa: E402
from recipes import RecipeTest, as_server, make_for_server  # noqa: E402
from slurm import NODES, Cluster  # noqa: E402

NODE_DEATHS = int(os.environ.get('NODE_DEATHS', 0))
DATA = b''.join(b'%d,"1\n",%s\n' % (i, b'7' * (i % 60)) for i in range(3000)).replace(b',\n', b',0\n')
WAIT = 'until [ -e go ]; do sleep 0.05; done; cat'  # a command that answers when it may

cluster: Cluster


def setUpModule():
    global cluster
    directory = tempfile.TemporaryDirectory(prefix='rowsum_test.')
    unittest.addModuleCleanup(directory.cleanup)
    cluster = Cluster(Path(directory.name, 'cluster'))
    unittest.addModuleCleanup(cluster.end)
    # The programs, where every node can read them, in a path with a space.
    cluster.programs = make_for_server(Path(directory.name, 'pro grams'))
    for name in 'p1_read', 'p2_sum', 'p3_write':
        shutil.copy(program(name), cluster.programs)
    for name in 'run_pipeline.sh', 'slurm_pipeline.sh':
        shutil.copy(SOURCE_DIR / 'scripts' / name, cluster.programs)


class SlurmTest(RecipeTest):
    def setUp(self):
        super().setUp()
        self.work = make_for_server(self.directory / 'work on "it"')
        self.tmp.chmod(0o777)
        self.env.update(SLURM_CONF=str(cluster.settings), PATH=f'{cluster.programs}:{os.environ["PATH"]}')

    def popen(self, command, *rest, **popen):
        return super().popen([*as_server(), *command], *rest, **popen)

    def tearDown(self):
        self.until(lambda: not cluster.queue(), 'jobs stay in the queue')
        super().tearDown()

    def end_what_is_left(self):
        cluster.ask('scancel', '--user', str(as_server() and 65534 or os.getuid()))
        super().end_what_is_left()

    # --- Runs -------------------------------------------------------------------------------------------------------

    def start_slurm(self, *options) -> Run:
        return self.start(['slurm_pipeline.sh', *options])

    def slurm(self, *options) -> Outcome:
        return self.start_slurm(*options).finish()

    def assert_same_as_launcher(self, *options, parts=3, name='in.csv', jobs=()):
        """The options are for both. Both have the same output, words and status, and leave the same files."""
        before = self.files()
        expected = self.start(['run_pipeline.sh', *options, '-o', 'sums.csv', name]).finish()
        files = {name: (self.work / name).read_bytes() for name in set(self.files()) - set(before)}
        for made in files:
            (self.work / made).unlink()
        outcome = self.slurm('-N', parts, *jobs, *options, '-o', 'sums.csv', name)
        kept = ' (kept for the same command: sums.csv.parts)' if outcome.status > 1 else ''
        self.assertEqual(outcome._replace(stderr=outcome.stderr.replace(kept, '')), expected)
        if kept:
            self.assertIn(kept, outcome.stderr)
            shutil.rmtree(self.work / 'sums.csv.parts')
        self.assertEqual(self.files(), sorted({*before, *files}))
        for made, text in files.items():
            self.assertTrue((self.work / made).read_bytes() == text, made)

    def jobs(self, output='sums.csv') -> dict[str, list[dict[str, str]]]:
        """What Slurm knows of the tasks of each job, by the name of the job."""
        found = {}
        for job in cluster.jobs():
            if job['WorkDir'] == f'{self.work}/{output}.parts':
                found.setdefault(job['JobName'].partition(':')[0], []).append(job)
        return found

    def until_running(self, tasks: int) -> None:
        """Waits until so many tasks of a sum run the command WAIT."""
        self.until(lambda: len(self.processes('/bin/sh', WAIT)) >= tasks, 'the tasks do not begin')

    def until_waiting(self, run: Run) -> None:
        self.until(lambda: 'sleep' in children(run.pid).values(), 'it does not wait')

    def go(self) -> None:
        self.file('go')

    def assert_sums(self, data: bytes, name: str = 'sums.csv') -> None:
        self.assertTrue((self.work / name).read_bytes() == sums(data))


class SameBytesTest(SlurmTest):
    def test_parts(self):
        self.file('in.csv', DATA)
        for parts in 1, 3, 64:
            self.assert_same_as_launcher(parts=parts)

    def test_header_and_fields(self):
        self.file('in.csv', b'a;b;c\n' + b'1;"2\n";3\n' * 1000)
        self.assert_same_as_launcher('-d;', '--header', '-f', 'b,c', '--format=jsonl')

    def test_command(self):
        self.file('in.csv', DATA)
        self.assert_same_as_launcher('--one-line', '--command', '''sed "s/^/it's /"''')

    def test_header_for_the_command(self):
        self.file('in.csv', b'number\n' + b'1\n2\n' * 500)
        self.assert_same_as_launcher('--header=repeat', '--command', 'cat', '--no-index')

    def test_processors(self):
        self.file('in.csv', b'1\n2\n')
        outcome = self.slurm('-N2', '-c2', '--command', 'sed "s/.*/$SLURM_CPUS_PER_TASK/"', '-osums.csv', 'in.csv')
        self.assertEqual(outcome, Outcome(b'', '', 0))
        self.assertEqual((self.work / 'sums.csv').read_bytes(), b'0,2\n1,2\n')

    def test_rejects(self):
        self.file('in.csv', b''.join(b'%d\n' % i if i % 40 else b'x%d\n' % i for i in range(1000)))
        self.assert_same_as_launcher('--on-error=skip', '--rejects=bad.csv')
        self.assert_same_as_launcher('--on-error=skip', '--reports=2')
        self.assert_same_as_launcher()

    def test_small_files(self):
        for data in b'', b'1', b'1\n2', b'\n' * 20:
            self.file('in.csv', data)
            self.assert_same_as_launcher(parts=20)
        self.file('in.csv', b'1\n"2\n')
        self.assertEqual(self.slurm('-N20', '-osums.csv', 'in.csv'), Outcome(
            b'', 'slurm_pipeline.sh: part 20 of 20: p1_read: in.csv: row 1 (byte 2): a quoted field is never closed '
            '(kept for the same command: sums.csv.parts)\n', 65))

    def test_a_file_elsewhere(self):
        make_for_server(self.work / 'in here')
        make_for_server(self.work / 'out there')
        self.file('in here/-in, "1".csv', DATA)
        outcome = self.slurm('-N', 3, '-o', self.work / 'out there/50% of it', '--', 'in here/-in, "1".csv')
        self.assertEqual(outcome, Outcome(b'', '', 0))
        self.assert_sums(DATA, 'out there/50% of it')
        self.assertEqual(os.listdir(self.work / 'out there'), ['50% of it'])


class NodeDeathTest(SlurmTest):
    def setUp(self):
        super().setUp()
        self.file('in.csv', DATA)

    def end_what_is_left(self):
        super().end_what_is_left()
        self.bring_back_nodes()

    def bring_back_nodes(self):
        for name in NODES:
            if name not in cluster.daemons:
                cluster.start_node(name)
        self.until(lambda: cluster.states() == dict.fromkeys(NODES, 'idle'), 'the nodes do not come back')

    def restarts(self):
        return sum(int(task['Restarts']) for tasks in self.jobs().values() for task in tasks)

    def test_in_the_middle_of_tasks(self):
        """All the processors are taken, so that each node has four tasks."""
        run = self.start_slurm('-N', 64, '--command', WAIT, '--lines=any', '-o', 'sums.csv', 'in.csv')
        self.until_running(12)
        cluster.kill_node('n2')
        self.go()
        self.assertEqual(run.finish(), Outcome(b'', '', 0))
        self.assertEqual(self.restarts(), 4)
        self.assertTrue((self.work / 'sums.csv').read_bytes() == DATA)

    @unittest.skipUnless(NODE_DEATHS, 'NODE_DEATHS does not say how many')
    def test_at_any_time(self):
        restarts = 0
        for trial in range(NODE_DEATHS):
            signal.setitimer(signal.ITIMER_REAL, LONGEST)  # which is for one of them
            moment = random.uniform(0, 5)
            node = random.choice(NODES)
            run = self.start_slurm('-N', 64, '--command', 'sleep 0.1; cat', '--lines=any', '-o', 'sums.csv', 'in.csv')
            time.sleep(moment)
            cluster.kill_node(node)
            self.assertEqual(run.finish(), Outcome(b'', '', 0), f'trial {trial}: {node} after {moment} s')
            self.assertTrue((self.work / 'sums.csv').read_bytes() == DATA)
            self.assertEqual(self.files(), ['in.csv', 'sums.csv'])
            (self.work / 'sums.csv').unlink()
            restarts = self.restarts()  # of all trials: the directory is the same
            self.bring_back_nodes()
        print(f'{NODE_DEATHS} of {NODE_DEATHS} runs made the same bytes; {restarts} tasks were begun again',
              file=sys.stderr)


class GoingOnTest(SlurmTest):
    """The same command again."""

    SAME = '-N', 3, '--command', WAIT, '--lines=any', '-o', 'sums.csv', 'in.csv'

    def setUp(self):
        super().setUp()
        self.file('in.csv', DATA)

    def assert_done(self, outcome, data=DATA):
        self.assertEqual(outcome, Outcome(b'', '', 0))
        self.assertTrue((self.work / 'sums.csv').read_bytes() == data)
        self.assertEqual([name for name in self.files() if name.startswith('sums')], ['sums.csv'])

    def count(self, job):
        return len({task['ArrayJobId' if 'ArrayJobId' in task else 'JobId'] for task in self.jobs().get(job, ())})

    def test_a_task_is_requeued(self):
        run = self.start_slurm(*self.SAME)
        self.until_running(3)
        task = next(job for job in self.jobs()['sum'] if job['JobState'] == 'RUNNING')
        cluster.ask('scontrol', 'requeue', task['JobId'])
        self.go()
        self.assert_done(run.finish())
        self.assertEqual(sum(int(job['Restarts']) for job in self.jobs()['sum']), 1)

    def test_a_task_fails(self):
        worker = self.file('worker', b'#!/bin/sh\n'
                           b'[ -e go ] || [ "$SLURM_ARRAY_TASK_ID" != 2 ] || { echo "worker: not yet" >&2; exit 70; }\n'
                           b'exec p2_sum\n')
        worker.chmod(0o755)
        same = '-N', 3, '--worker', './worker', '-o', 'sums.csv', 'in.csv'
        self.assertEqual(self.slurm(*same), Outcome(
            b'', 'slurm_pipeline.sh: part 2 of 3: p1_read: worker at place 0 ended with status 70 before the end of its stream '
            '(kept for the same command: sums.csv.parts)\n', 70))
        self.assertEqual(self.files(), ['in.csv', 'sums.csv.parts', 'worker'])
        self.go()
        self.assert_done(self.slurm(*same), sums(DATA))
        tasks = [job['ArrayTaskId'] for job in self.jobs()['sum']]
        self.assertEqual(sorted(tasks), ['1', '2', '2', '3'])
        self.assertEqual(self.count('outline'), 1)

    def test_a_task_is_cancelled(self):
        run = self.start_slurm(*self.SAME)
        self.until_running(3)
        cluster.ask('scancel', self.jobs()['sum'][0]['ArrayJobId'] + '_2')
        self.until(lambda: not any(task.endswith('_2') for task in cluster.queue()), 'the task is not cancelled')
        self.go()
        outcome = run.finish()
        self.assertRegex(outcome.stderr, r'^slurm_pipeline.sh: part 2 of 3: slurmstepd\S*: error: \*\*\* JOB \d+ ON n\d '
                         r'CANCELLED AT \S+ \*\*\* \(kept for the same command: sums.csv.parts\)\n$')
        self.assertEqual(outcome.status, 69)
        self.assert_done(self.slurm(*self.SAME))

    def test_jobs_are_cancelled_before_they_begin(self):
        cluster.ask('scontrol', 'update', 'partitionname=all', 'state=down')
        self.addCleanup(cluster.ask, 'scontrol', 'update', 'partitionname=all', 'state=up')
        run = self.start_slurm(*self.SAME)
        self.until_waiting(run)
        for job in self.jobs()['outline']:
            cluster.ask('scancel', job['JobId'])
        self.assertEqual(run.finish(), Outcome(
            b'', 'slurm_pipeline.sh: part 1 of 3: its task was cancelled or lost '
            '(kept for the same command: sums.csv.parts)\n', 69))

    def test_twice_at_the_same_time(self):
        runs = [self.start_slurm('-N', 3, '-o', 'sums.csv', 'in.csv') for _ in range(4)]
        for run in runs:
            self.assert_done(run.finish(), sums(DATA))
        self.assertEqual(self.count('merge'), 1)

    def test_twice_one_after_another(self):
        first = self.start_slurm(*self.SAME)
        self.until_running(3)
        second = self.start_slurm(*self.SAME)
        self.until_waiting(second)
        self.go()
        self.assert_done(first.finish())
        self.assert_done(second.finish())
        self.assertEqual([self.count(job) for job in ('outline', 'sum', 'merge')], [1, 1, 1])

    def test_ctrl_c(self):
        run = self.start_slurm(*self.SAME)
        self.until_running(3)
        os.kill(run.pid, signal.SIGINT)
        outcome = run.finish()
        self.assertRegex(outcome.stderr, r'^slurm_pipeline.sh: the jobs go on: (\d+ \d+ \d+); the same command waits '
                         r'for them again, and "scancel \1" ends them\n$')
        self.assertEqual(outcome.status, -signal.SIGINT)
        again = self.start_slurm(*self.SAME)
        self.go()
        self.assert_done(again.finish())
        self.assertEqual(self.count('sum'), 1)

    def test_progress(self):
        run = self.start_slurm(*self.SAME, '--progress=always')
        line = 'slurm_pipeline.sh: sums.csv: 3 of 3 parts outlined, 0 summed\n'
        self.until(lambda: line in run.errors(), 'no line')
        self.go()
        outcome = run.finish()
        self.assertEqual(outcome.stderr.replace(line, ''), '')
        self.assert_done(outcome._replace(stderr=''))

    def test_progress_on_a_terminal(self):
        """One line, which is erased at the end."""
        ours, theirs = os.openpty()
        with os.fdopen(ours, 'rb', buffering=0) as screen, os.fdopen(theirs, 'wb', buffering=0) as terminal:
            run = self.start(['slurm_pipeline.sh', *self.SAME], stderr=terminal)
            os.set_blocking(ours, False)
            shown = bytearray()

            def shows(line):
                shown.extend(screen.read() or b'')
                return line in shown
            self.until(lambda: shows(b'3 of 3 parts outlined, 0 summed'), 'no line')
            self.go()
            self.assertEqual(self.wait(run.members[0]), 0)
            self.assertTrue(shows(b''))
        self.assertRegex(bytes(shown), rb'^(\rsums.csv: \d of 3 parts outlined, \d summed\x1b\[K)+\r\x1b\[K$')

    def go_on_without_anybody(self):
        """The process that waits is killed, and the jobs go on to their ends."""
        run = self.start_slurm(*self.SAME)
        self.until_running(3)
        os.kill(run.pid, signal.SIGKILL)
        self.wait(run.members[0])
        self.go()
        self.until(lambda: not cluster.queue(), 'the jobs do not end')

    def test_nobody_has_waited(self):
        self.go_on_without_anybody()
        self.assertEqual(self.files(), ['go', 'in.csv', 'sums.csv', 'sums.csv.parts'])
        self.assert_done(self.slurm(*self.SAME))
        self.assertEqual(self.count('merge'), 1)

    def test_nobody_has_waited_and_the_output_has_gone(self):
        self.go_on_without_anybody()
        (self.work / 'sums.csv').unlink()
        self.assert_done(self.slurm(*self.SAME))
        self.assertEqual([self.count(job) for job in ('outline', 'sum', 'merge')], [1, 1, 2])

    def test_no_wait(self):
        outcome = self.slurm(*self.SAME, '--no-wait')
        self.assertEqual((outcome.stderr, outcome.status), ('', 0))
        self.assertRegex(outcome.stdout, rb'^outline \d+\nsum \d+\nmerge \d+\n$')
        self.assertEqual(self.slurm(*self.SAME, '--no-wait'), outcome)
        self.go()
        self.until(lambda: not cluster.queue(), 'the jobs do not end')
        self.assert_done(Outcome(b'', '', 0))

    def test_another_command_for_the_same_output(self):
        run = self.start_slurm(*self.SAME)
        self.until_running(3)
        self.assertEqual(self.slurm(*self.SAME, '--header'), Outcome(
            b'', 'slurm_pipeline.sh: sums.csv.parts is that of another command; remove it, or take another --output\n',
            64))
        outcome = self.slurm(*self.SAME, '--on-error=skip')
        self.assertRegex(outcome.stderr, r'^slurm_pipeline.sh: jobs of another command go on in sums.csv.parts: '
                         r'\d+ \d+ \d+\n$')
        self.assertEqual(outcome.status, 64)
        self.go()
        self.assert_done(run.finish())

    def test_another_form_of_what_is_there(self):
        """Only the merge is made again."""
        data = b'1\nx\n3\n'
        self.file('in.csv', data)
        self.assertEqual(self.slurm('-N', 3, '-o', 'sums.csv', 'in.csv'), Outcome(
            b'', "p3_write: in.csv: row 1, field 1 (byte 2): 'x' is not an integer "
            '(kept for the same command: sums.csv.parts)\n', 65))
        outcome = self.slurm('-N', 3, '-o', 'sums.csv', '--on-error=skip', '--reports=0', 'in.csv')
        self.assertEqual(outcome.status, 1)
        self.assertEqual((self.work / 'sums.csv').read_bytes(), b'0,1\n2,3\n')
        self.assertEqual([self.count(job) for job in ('outline', 'sum', 'merge')], [1, 1, 2])
        self.assertEqual(self.files(), ['in.csv', 'sums.csv'])

    def test_the_input_has_changed(self):
        self.file('in.csv', b'x\n')
        same = '-N', 3, '-o', 'sums.csv', 'in.csv'
        self.assertEqual(self.slurm(*same).status, 65)
        self.file('in.csv', b'x\n1\n')
        self.assertEqual(self.slurm(*same), Outcome(
            b'', 'slurm_pipeline.sh: in.csv has changed since sums.csv.parts was begun; '
            'remove sums.csv.parts to begin anew\n', 65))

    def test_the_input_changes_between_the_steps(self):
        run = self.start_slurm(*self.SAME)
        self.until_running(3)
        with open(self.work / 'in.csv', 'r+b') as file:
            file.seek(len(DATA) // 2)
            file.write(b'8')
        self.go()
        outcome = run.finish()
        self.assertRegex(outcome.stderr, r'^slurm_pipeline.sh: part \d of 3: p1_read: in.csv: .*\(kept')
        self.assertEqual(outcome.status, 65)


class CommandLineTest(SlurmTest):
    def setUp(self):
        super().setUp()
        self.file('in.csv', b'1\n')

    def assert_refused(self, message, status, *options, **popen):
        before = self.files()
        outcome = self.start(['slurm_pipeline.sh', *options], **popen).finish()
        self.assertEqual(outcome, Outcome(b'', f'slurm_pipeline.sh: {message}\n', status))
        self.assertEqual(self.files(), before)

    def test_dry_run(self):
        outcome = self.slurm('-N', 64, '-L5', '--sbatch', '-p all', '--header', '--no-index', '-o', 'my sums', 'in.csv',
                             '--command', "it's", '--dry-run')
        self.assertEqual((outcome.stderr, outcome.status), ('', 0))
        task = f"'{cluster.programs}/slurm_pipeline.sh' --task"
        where = f"'my sums.parts' 64 16 in.csv '{cluster.programs}' '{cluster.programs}/run_pipeline.sh'"
        common = "'--chdir=my sums.parts' --requeue --open-mode=append"
        sbatch = 'sbatch --parsable --cpus-per-task=1 -p all'
        self.assertEqual(outcome.stdout.decode().splitlines(), [
            f"{sbatch} '--job-name=outline:my sums' {common} --array=1-16%5 --output=log.outline.%a "
            f'{task} outline {where} --header',
            f"{sbatch} '--job-name=sum:my sums' {common} --array=1-16%5 --dependency=afterok:OUTLINE "
            f"--kill-on-invalid-dep=yes --output=log.sum.%a {task} sum {where} --header '--command=it'\\''s'",
            f"{sbatch} '--job-name=merge:my sums' {common} --dependency=afterok:SUM --kill-on-invalid-dep=yes "
            f"--output=log.merge {task} merge {where} --no-index '--output=my sums'"])
        self.assertEqual(self.files(), ['in.csv'])

    def test_usage(self):
        for message, options in (
                ("one FILE is needed", ()),
                ("-N is needed: into how many parts to divide the file", ('in.csv',)),
                ("-o is needed: the file to write to", ('in.csv', '-N3')),
                ("--parts: '0' is not a number from 1 to 10000", ('in.csv', '-N0', '-oo')),
                ("--output: 'in.csv' is an input", ('in.csv', '-N1', '-oin.csv')),
                ("option '--no-wait' takes no value", ('--no-wait=1',)),
                ("option '-o' needs a value", ('-o',)),
                ("unrecognised option '--bogus'", ('--bogus=1',)),
                # What the programs find wrong.
                ("--empty: 'x' is neither reject nor zero", ('--empty=x', 'in.csv', '-N1', '-oo')),
                ("--format: 'x' is not csv, tsv, jsonl or stream", ('--format=x', 'in.csv', '-N1', '-oo')),
                ("--rejects needs --on-error=skip", ('--rejects=r', 'in.csv', '-N1', '-oo')),
                ("--worker excludes --command, --coprocess", ('--worker=x', '--command=y', 'in.csv', '-N1', '-oo'))):
            self.assert_refused(f"{message}; try 'slurm_pipeline.sh --help'", 64, *options)

    def test_no_input(self):
        self.assert_refused('missing.csv: No such file or directory', 66, '-N1', '-oo', 'missing.csv')

    def test_no_slurm(self):
        self.assert_refused('sbatch is not in PATH: is this a machine of a Slurm cluster?', 71, '-N1', '-oo', 'in.csv',
                            env={**self.env, 'PATH': f'{cluster.programs}:{self.without_slurm()}'})

    def without_slurm(self):
        path = make_for_server(self.directory / 'few')
        for name in 'setpriv', 'bash', 'readlink':
            (path / name).symlink_to(shutil.which(name))
        return path

    def test_a_job_that_slurm_does_not_take(self):
        self.assert_refused('sbatch: error: Batch job submission failed: Invalid partition name specified', 71,
                            '-N1', '--sbatch', '--partition=none', '-oo', 'in.csv')

    def test_a_directory_in_the_way(self):
        (make_for_server(self.work / 'o.parts') / 'mine').touch()
        self.assert_refused('o.parts is in the way; remove it', 64, '-N1', '-oo', 'in.csv')

    def test_an_option_that_only_a_task_finds_wrong(self):
        self.file('in.csv', b'a,b\n1,2\n')
        self.assert_refused('part 1 of 1: p1_read: in.csv: --fields: no column is named "c"; there are a, b', 64,
                            '-N1', '--header', '-fc', '-oo', 'in.csv')

    def test_options_that_are_looked_at_beforehand(self):
        """No worker of the user's runs then, and no file is replaced."""
        self.file('rejects', b'kept')
        outcome = self.slurm('-N', 1, '--worker', 'touch ran; exit', '--on-error=skip', '--rejects=rejects', '-oo',
                             '--dry-run', 'in.csv')
        self.assertEqual((outcome.stderr, outcome.status), ('', 0))
        self.assertEqual((self.files(), (self.work / 'rejects').read_bytes()), (['in.csv', 'rejects'], b'kept'))


if __name__ == '__main__':
    main()
