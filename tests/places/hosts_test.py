#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--hosts, with a host that has a network of its own: a server in another network namespace, at the other end of a pair
of virtual Ethernet devices, so that the connection can be cut."""
import gzip
import os
import select
import shlex
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import Outcome, children, family, main, sums  # noqa: E402
from recipes import needs  # noqa: E402
from ssh_test import SshTest  # noqa: E402


ROWS = 120000
FIRST_FIELDS = b''.join(b'%d,%d\n' % (i, i) for i in range(ROWS))  # of DATA, as they are printed


@needs('ip', package='iproute2')
class HostsTest(SshTest):
    """`host` is at the other end of the link `there`."""

    DATA = b''.join(b'%d,-7,"%d"\n' % (i, i * i) for i in range(ROWS))
    ADDRESS = '10.80.0.2'
    SETTINGS = 'ClientAliveInterval 1\nClientAliveCountMax 2\n'

    def setUp(self):
        self.namespaces = {}
        super().setUp()
        (self.work / 'in.csv').write_bytes(self.DATA)

    def namespace(self, name):
        """The process that keeps a network namespace, which is made when it is first needed."""
        if name not in self.namespaces:
            holder = super().popen(['unshare', '--net', 'sh', '-c', 'echo; exec sleep 1000'], None, -1)
            if not holder.stdout.readline():
                self.skipTest('nobody may make a network namespace')
            self.namespaces[name] = holder
        return self.namespaces[name]

    def inside(self, name):
        return ['nsenter', '--net', f'--target={self.namespace(name).pid}', '--']

    def on_host(self):
        self.ip('here', 'link', 'add', 'there', 'type', 'veth', 'peer', 'name', 'here', 'netns',
                self.namespace('there').pid)
        for name, device, address in ('here', 'there', '10.80.0.1/24'), ('there', 'here', '10.80.0.2/24'):
            self.ip(name, 'address', 'add', address, 'dev', device)
            self.ip(name, 'link', 'set', device, 'up')
            self.ip(name, 'link', 'set', 'lo', 'up')
        return self.inside('there')

    def ip(self, name, *words):
        process = super().popen([*self.inside(name), 'ip', *words], None, None)
        self.assertEqual((self.wait(process), process.errors.read_text()), (0, ''))

    def tearDown(self):
        self.end_sshd()
        for holder in self.namespaces.values():
            holder.kill()
            self.wait(holder)
        self.assert_nothing_left()

    def popen(self, command, *rest, **popen):
        if 'here' in self.namespaces and Path(str(command[0])).name in ('run_pipeline.sh', 'bash'):
            command = [*self.inside('here'), *command]
        return super().popen(command, *rest, **popen)

    def cut_link(self):
        self.ip('here', 'link', 'set', 'there', 'down')

    def busy_run(self, hosts, *options):
        """A run that has a worker on the host, and whose input goes on."""
        in_csv = self.fifo('endless.csv')
        run = self.start_launcher(None, '--hosts', hosts, *options, in_csv)
        rows = open(in_csv, 'wb', buffering=0)
        self.addCleanup(rows.close)
        rows.write(b'1\n')
        places = [item.partition(':') for item in hosts.split(',')]
        self.until_workers_are_there(sum(int(n) for name, _, n in places if name != 'localhost'))
        return run, rows, self.session_of('p2_sum')

    def until_workers_are_there(self, places):
        # The inquiry has a connection of its own, which comes first and ends soon.
        self.until(lambda: self.processes('exec p2_sum') and not self.processes('nproc'), 'no worker is started')
        self.until(lambda: len(self.workers_there()) == len(children(self.sshd.pid)) == places, 'no worker is there')

    def workers_there(self):
        return [pid for parent in family(self.sshd.pid) for pid, name in children(parent).items() if name == 'p2_sum']

    def impatient_ssh(self):
        ssh = f'{self.directory}/bin here/ssh'
        return [f"--ssh='{ssh}' -o ServerAliveInterval=1 -o ServerAliveCountMax=2 -o ConnectTimeout=1"]

    def patient_ssh(self):
        """One that waits for ever."""
        ssh = f'{self.directory}/bin here/ssh'
        return [f"--ssh='{ssh}'"]

    def until_nobody_is_there(self):
        self.until(lambda: not children(self.sshd.pid), 'a connection stays')

    def test_sums(self):
        outcome = self.launcher(None, '--hosts', 'localhost:2,host:2', 'in.csv')
        self.assertEqual((outcome.stderr, outcome.status), ('', 0))
        self.assertTrue(outcome.stdout == sums(self.DATA))

    def test_recipe(self):
        self.assertEqual(self.shell(self.recipe('This machine and others')), Outcome(b'', '', 0))
        self.assertTrue((self.work / 'sums.csv').read_bytes() == sums(self.DATA))

    def test_only_there(self):
        self.file('a name.csv', self.DATA)
        for hosts in 'host:2', 'host':
            outcome = self.launcher(None, '--hosts', hosts, 'a name.csv')
            self.assertEqual((outcome.stderr, outcome.status), ('', 0))
            self.assertTrue(outcome.stdout == sums(self.DATA))

    def test_commands(self):
        """Their words reach the shell there as they are."""
        command = """awk -F, '{ print "it'\\''s", $1 }'"""
        here = self.launcher(None, '--hosts', 'localhost:2', '--command', command, '--one-line', 'in.csv')
        there = self.launcher(None, '--hosts', 'host:2', '--command', command, '--one-line', 'in.csv')
        self.assertEqual((there.stderr, there.status), ('', 0))
        self.assertIn(b"0,it's 0\n", there.stdout)
        self.assertTrue(here.stdout == there.stdout)

    def test_coprocess(self):
        """Several lines for a row, in the order of the rows, from a command that stays."""
        (self.programs / 'twice.py').write_text(
            'import sys\n'
            'for line in sys.stdin.buffer:\n'
            '    rows, size = map(int, line.split())\n'
            '    for row in sys.stdin.buffer.read(size).splitlines():\n'
            "        sys.stdout.buffer.write(row.split(b',')[0] + b'\\n')\n"
            '    sys.stdout.buffer.flush()\n')
        command = f'python3 {shlex.quote(str(self.programs / "twice.py"))}'
        outcome = self.launcher(None, '--hosts', 'host:2,localhost:1', '--coprocess', command, 'in.csv')
        self.assertEqual((outcome.stderr, outcome.status), ('', 0))
        self.assertTrue(outcome.stdout == FIRST_FIELDS)

    def test_lines_as_they_are(self):
        outcome = self.launcher(None, '--hosts', 'host:2', '--command', 'cut -d, -f1; echo', '--lines', 'any', 'in.csv')
        self.assertEqual((outcome.stderr, outcome.status), ('', 0))
        self.assertEqual(outcome.stdout.replace(b'\n\n', b'\n').split(), [b'%d' % i for i in range(ROWS)])

    def test_several_files(self):
        """Also a compressed one. The places there have none of them."""
        self.file('b.csv', b'-1,1\n2\n')
        self.file('c.csv.gz', gzip.compress(b'4,5\n' * 5000))
        for hosts in 'localhost:1,host:2', 'host:2':
            outcome = self.launcher(None, '--hosts', hosts, 'in.csv', 'b.csv', 'c.csv.gz')
            self.assertEqual((outcome.stderr, outcome.status), ('', 0))
            self.assertTrue(outcome.stdout == sums(self.DATA + b'-1,1\n2\n' + b'4,5\n' * 5000))

    def test_part(self):
        outcome = self.shell('''
            for i in 1 2 3; do p1_read --part $i/3 --outline outline.$i in.csv || exit; done
            p1_read --fold outline.* > plan || exit
            for i in 1 2 3; do
              run_pipeline.sh --hosts localhost:1,host:1 --part $i/3 --plan plan --format=stream -o part.$i in.csv ||
                exit
            done
            p3_write part.*''')
        self.assertEqual((outcome.stderr, outcome.status), ('', 0))
        self.assertTrue(outcome.stdout == sums(self.DATA))

    def test_resume(self):
        for hosts in 'localhost:1,host:1', 'host:1':
            (self.work / 'sums.csv').unlink(missing_ok=True)
            go = self.there / 'go'
            wait = f"while ($1 == 60000 && system(\"test -e '{go}'\")) system(\"sleep 0.1\")"
            resumed = ['--hosts', hosts, '--command', f'mawk -F, \'{{ {wait}; print $1 }}\'', '--batch-size=1K',
                       '--resume', '-o', 'sums.csv', 'in.csv']
            run = self.start_launcher(None, *resumed)
            journal = self.work / 'sums.csv.journal'
            self.until(lambda: journal.exists() and 'offset 0' not in journal.read_text(), 'nothing is written')
            for pid in self.processes('p3_write '):
                os.kill(pid, signal.SIGKILL)
            self.assertEqual(run.finish().status, -signal.SIGKILL)
            go.touch()
            outcome = self.launcher(None, *resumed)
            self.assertEqual(outcome.status, 0)
            self.assertRegex(outcome.stderr, r'^p3_write: going on at row [1-9].*\n$')
            self.assertTrue((self.work / 'sums.csv').read_bytes() == FIRST_FIELDS)

    def test_idle_places_here_come_first(self):
        """A row that comes alone does not wait for a host."""
        run, rows, _ = self.busy_run('localhost:1,host:1')
        self.assertEqual(run.stdout.readline(), b'0,1\n')
        for pid in self.workers_there():
            os.kill(pid, signal.SIGSTOP)
        rows.write(b'2\n')
        self.until(lambda: select.select([run.stdout], [], [], 0)[0], 'no sum comes')
        for pid in self.workers_there():
            os.kill(pid, signal.SIGCONT)
        rows.close()
        self.assertEqual(run.finish(), Outcome(b'1,2\n', '', 0))

    def test_killed_connection(self):
        run, rows, session = self.busy_run('localhost:1,host:1')
        os.kill(session[-1], signal.SIGKILL)
        self.until(lambda: 'p2_sum on host at place 1 has lost its connection, and is replaced' in run.errors(),
                   'nobody notices')
        rows.write(b'2\n')
        rows.close()
        outcome = run.finish()
        self.assertEqual((outcome.stdout, outcome.status), (b'0,1\n1,2\n', 0))

    def test_cut_link(self):
        """What is outstanding on the host is done here."""
        run, rows, _ = self.busy_run('localhost:1,host:1', *self.impatient_ssh(), '--retries=1', '-o', 'sums.csv')
        self.cut_link()
        rows.write(self.DATA)
        self.until(lambda: 'p2_sum on host is given no more rows' in run.errors(), 'the host is not given up')
        rows.write(b'2\n')
        rows.close()
        self.assertEqual(run.finish().status, 0)
        self.assertTrue((self.work / 'sums.csv').read_bytes() == sums(b'1\n' + self.DATA + b'2\n'))

    def test_link_that_comes_back(self):
        """The host gets rows again."""
        run, rows, _ = self.busy_run('localhost:1,host:1', *self.impatient_ssh(), '--retries=1000', '-o', 'sums.csv')
        [worker] = self.workers_there()
        os.kill(worker, signal.SIGSTOP)
        rows.write(self.DATA)  # some of it is for this worker, and then for its substitute
        self.cut_link()
        os.kill(worker, signal.SIGKILL)
        self.until(lambda: 'has lost its connection, and is replaced' in run.errors(), 'nobody notices')
        self.ip('here', 'link', 'set', 'there', 'up')
        self.until(lambda: set(self.workers_there()) - {worker}, 'no worker is there again')
        rows.write(b'2\n')
        rows.close()
        self.assertEqual(run.finish().status, 0)
        self.assertTrue((self.work / 'sums.csv').read_bytes() == sums(b'1\n' + self.DATA + b'2\n'))

    def test_worker_at_the_other_end_of_a_cut_link(self):
        """It ends when its sshd notices that nobody is there any more."""
        run, rows, _ = self.busy_run('localhost:1,host:1', *self.impatient_ssh(), '--retries=0')
        self.cut_link()
        self.until_nobody_is_there()
        self.until(lambda: 'is given no more rows' in run.errors(), 'the host is not given up')
        rows.close()
        self.assertEqual(run.finish().status, 0)

    def test_killed_sshd(self):
        """The connections stand. There are no new ones."""
        run, rows, session = self.busy_run('localhost:1,host:1', '--retries=0', '-o', 'sums.csv')
        os.kill(self.sshd.pid, signal.SIGKILL)
        self.sshd.wait()
        rows.write(self.DATA)
        os.kill(session[-1], signal.SIGKILL)
        self.until(lambda: 'p2_sum on host is given no more rows' in run.errors(), 'the host is not given up')
        rows.close()
        self.assertEqual(run.finish().status, 0)
        self.assertTrue((self.work / 'sums.csv').read_bytes() == sums(b'1\n' + self.DATA))

    def test_several_places_of_a_host_that_is_lost(self):
        """That is told once."""
        run, rows, _ = self.busy_run('localhost:1,host:3', '--retries=0')
        self.end_sshd()
        self.until(lambda: 'is given no more rows' in run.errors() and not self.processes('exec p2_sum'),
                   'the host is not given up')
        rows.close()
        outcome = run.finish()
        self.assertEqual((outcome.stdout, outcome.status), (b'0,1\n', 0))
        self.assertEqual(outcome.stderr.count('p2_sum on host is given no more rows\n'), 1, outcome.stderr)

    def test_two_hosts_are_lost_at_once(self):
        """Neither is a substitute for the other, so both have the time to come back."""
        is_down, ssh = self.directory / 'down', self.directory / 'bin here/ssh that may be down'
        ssh.write_text(f'#!/bin/sh\n[ ! -e {shlex.quote(str(is_down))} ] && exec ssh "$@"\nexit 255\n')
        ssh.chmod(0o755)
        run, rows, _ = self.busy_run('host:1,tester@host:1', f"--ssh='{ssh}'", '--retries=5')
        workers = self.workers_there()
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        rows.write(b'2\n' * 20000)  # batches for both
        is_down.touch()
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        self.until(lambda: run.errors().count('has lost its connection') >= 3, 'nobody notices')
        is_down.unlink()
        rows.close()
        outcome = run.finish()
        self.assertEqual(outcome.status, 0, outcome.stderr)
        self.assertTrue(outcome.stdout == sums(b'1\n' + b'2\n' * 20000))
        self.assertNotIn('is given no more rows', outcome.stderr)

    def run_before_rows(self, *options):
        """A run that has a worker on the host and none here, because there has been no row."""
        in_csv = self.fifo('endless.csv')
        run = self.start_launcher(None, '--hosts', 'host:1,localhost:1', *options, in_csv)
        rows = open(in_csv, 'wb', buffering=0)
        self.addCleanup(rows.close)
        self.until_workers_are_there(1)
        return run, rows, self.session_of('p2_sum')

    def test_lost_before_there_are_rows(self):
        """A worker here passes on the end, although there has been none before."""
        run, rows, session = self.run_before_rows()
        os.kill(self.sshd.pid, signal.SIGKILL)
        os.kill(session[-1], signal.SIGKILL)
        self.until(lambda: 'and is replaced' in run.errors(), 'nobody notices')
        rows.close()
        outcome = run.finish()
        self.assertEqual((outcome.stdout, outcome.status), (b'', 0))

    def run_while_host_is_reached(self):
        """A run that has lost the host and reaches it again, while that says nothing."""
        run, rows, session = self.run_before_rows(*self.patient_ssh())
        connection = self.processes('exec p2_sum')
        os.kill(self.sshd.pid, signal.SIGSTOP)
        os.kill(session[-1], signal.SIGKILL)
        self.until(lambda: set(self.processes('exec p2_sum')) - set(connection), 'the host is not reached again')
        return run, rows

    def test_end_while_a_host_is_reached(self):
        run, rows = self.run_while_host_is_reached()
        rows.close()
        outcome = run.finish()
        self.assertEqual((outcome.stdout, outcome.status), (b'', 0))

    def test_failure_while_a_host_is_reached(self):
        run, rows = self.run_while_host_is_reached()
        rows.write(b'1\n"')
        rows.close()
        outcome = run.finish()
        self.assertEqual((outcome.stdout, outcome.status), (b'0,1\n', 65))

    def test_only_host_is_lost(self):
        run, rows, session = self.busy_run('host:1', *self.impatient_ssh(), '--retries=1')
        self.cut_link()
        outcome = run.finish()
        rows.close()
        self.assertEqual(outcome.status, 69)
        self.assertRegex(outcome.stderr.splitlines()[-1], r'^p1_read: ')

    def test_interrupt(self):
        run, _, _ = self.busy_run('localhost:1,host:2')
        os.kill(run.pid, signal.SIGINT)
        self.assertEqual(run.finish().status, -signal.SIGINT)
        self.until_nobody_is_there()

    def fails_at_start(self, host):
        in_csv = self.fifo('endless.csv')
        run = self.start_launcher(None, '--hosts', f'localhost:1,{host}', in_csv)
        with open(in_csv, 'wb', buffering=0):
            return run.finish()

    def test_no_such_host(self):
        outcome = self.fails_at_start('nowhere.invalid:2')
        self.assertEqual(outcome.status, 71)
        self.assertRegex(outcome.stderr, r'^p1_read: nowhere.invalid: ssh: Could not resolve hostname .*\n$')

    def test_no_p2_sum_there(self):
        (self.programs / 'p2_sum').unlink()
        outcome = self.fails_at_start('host:2')
        self.assertEqual(outcome.status, 71)
        self.assertRegex(outcome.stderr, r'^p1_read: host: .*p2_sum.* not found; '
                                         r'p2_sum has to be in the PATH that ssh gives to a command\n$')

    def put_there(self, script):
        """In place of p2_sum."""
        program = self.programs / 'p2_sum'
        program.unlink()
        program.write_bytes(b'#!/bin/sh\n' + script)
        program.chmod(0o755)

    def test_another_program_there(self):
        self.put_there(b'')
        outcome = self.fails_at_start('host:2')
        self.assertEqual(outcome.status, 71)
        self.assertEqual(outcome.stderr, 'p1_read: host: no answer comes through ssh\n')

    def test_a_host_that_prints_without_end(self):
        """Its answer takes little memory."""
        outcome = self.launcher(None, '--hosts', 'host:1', '--ssh', "sh -c 'exec yes'", 'in.csv')
        self.assertEqual((outcome.stdout, outcome.status), (b'', 71))
        self.assertEqual(outcome.stderr, "p1_read: host: a shell that says 'y' before the worker says anything\n")

    def test_another_version_there(self):
        self.put_there(b'printf "\\217HEL\\001\\000%074d"\n')
        outcome = self.fails_at_start('host:2')
        self.assertEqual(outcome.status, 71)
        self.assertEqual(outcome.stderr, 'p1_read: host: p2_sum: format version 1; this program reads version 2\n')


if __name__ == '__main__':
    main()
