#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The recipes for ssh, with a server of its own on the loopback interface."""
import contextlib
import os
import shlex
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import MARK, Outcome, children, family, main, sums  # noqa: E402
from recipes import NOBODY, RecipeTest, as_server, find, make_for_server, needs  # noqa: E402

# The server does not run as root, and lets its own user in. The login shell of nobody lets nobody in, so the server is
# shown another list of users.
NSS_WRAPPER = next(Path('/usr/lib').glob('*/libnss_wrapper.so'), None)


@needs('sshd', package='openssh-server')
@needs('ssh', 'ssh-keygen', package='openssh-client')
class SshTest(RecipeTest):
    """`ssh host` leads to a server on this machine, where the programs are in PATH."""

    ADDRESS = '127.0.0.1'
    SETTINGS = ''  # more of them, for sshd

    def on_host(self):
        """The beginning of a command that runs on the host."""
        return []

    def setUp(self):
        super().setUp()
        if not NSS_WRAPPER:
            self.skipTest('libnss-wrapper is not installed')
        self.programs = self.programs_for_server()
        self.there = make_for_server(self.directory / 'there')  # the home directory on the host
        port = self.free_port()
        host_key, key = self.make_key(self.there / 'host_key', as_server()), self.make_key(self.directory / 'key')
        (self.there / 'authorized_keys').write_text(key)
        (self.directory / 'known_hosts').write_text(f'[{self.ADDRESS}]:{port} {host_key}')
        uid, gid = (NOBODY, NOBODY) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
        (self.directory / 'passwd').write_text(f'tester:x:{uid}:{gid}::{self.there}:/bin/bash\n')
        (self.directory / 'group').write_text(f'tester:x:{gid}:\n')
        (self.directory / 'sshd_config').write_text(f'''
            ListenAddress {self.ADDRESS}:{port}
            HostKey "{self.there}/host_key"
            AuthorizedKeysFile "{self.there}/authorized_keys"
            AuthenticationMethods publickey
            StrictModes no
            UsePAM no
            PidFile none
            SetEnv "PATH={self.programs}:{os.environ['PATH']}" "{MARK}={self.directory}" "LC_ALL=C"
            {self.SETTINGS}''')
        (self.directory / 'ssh_config').write_text(f'''
            Host host
            HostName {self.ADDRESS}
            Port {port}
            User tester
            IdentityFile "{self.directory}/key"
            IdentitiesOnly yes
            UserKnownHostsFile "{self.directory}/known_hosts"
            BatchMode yes
            ''')
        # ssh finds the settings of its user by the list of users, and not in HOME.
        command = self.directory / 'bin here/ssh'
        command.parent.mkdir()
        words = [find('ssh'), '-F', str(self.directory / 'ssh_config')]
        command.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        command.chmod(0o755)
        self.env['PATH'] = f'{command.parent}:{self.env["PATH"]}'
        other_users = {'LD_PRELOAD': str(NSS_WRAPPER), 'NSS_WRAPPER_PASSWD': str(self.directory / 'passwd'),
                       'NSS_WRAPPER_GROUP': str(self.directory / 'group')}
        server = [*as_server(), find('sshd'), '-D', '-e', '-f', self.directory / 'sshd_config']
        self.sshd = self.popen([*self.on_host(), *server], None, None, env={**self.env, **other_users}, cwd=self.there)
        self.is_silent = False
        self.until_listening(port, self.sshd.pid)

    def make_key(self, path, prefix=()):
        """Returns the public key."""
        outcome = self.start([*prefix, 'ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path]).finish()
        self.assertEqual(outcome, Outcome(b'', '', 0))
        return Path(f'{path}.pub').read_text()

    def end_what_is_left(self):
        """A process of sshd overwrites its environment with its title, so there is no mark in it."""
        if hasattr(self, 'sshd'):
            self.end_sshd()
        super().end_what_is_left()

    def end_sshd(self):
        for pid in family(self.sshd.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.sshd.wait()

    def tearDown(self):
        if not self.is_silent:
            self.until(lambda: not children(self.sshd.pid), 'a connection stays')
        self.end_sshd()
        super().tearDown()

    # --- The connection ---------------------------------------------------------------------------------------------

    def session_of(self, program):
        """The processes of sshd that serve the connection of a program, the parent of the program last."""
        def look():
            names = {pid: name for member in family(self.sshd.pid) for pid, name in children(member).items()}
            return program in names.values() and [pid for pid, name in names.items() if name == 'sshd']
        return self.until(look, f'no connection to {program}')

    def cut(self, session):
        os.kill(session[-1], signal.SIGKILL)

    def fall_silent(self, session):
        """As a host that is gone."""
        for pid in session:
            os.kill(pid, signal.SIGSTOP)
        self.is_silent = True

    def assert_end_is_seen(self, title, program, in_csv, end):
        """The connection of a recipe to a program comes to an end while `in_csv`, a FIFO, has more to give. Returns
        what is said."""
        self.file('sums.csv', b'old\n')
        run = self.start_shell(self.recipe(title))
        with open(in_csv, 'wb', buffering=0) as rows:
            rows.write(b'1\n')
            end(self.session_of(program))
            self.until(lambda: 'the stream ended early' in run.errors(), 'nobody notices')
        outcome = run.finish()
        self.assertEqual(outcome.status, 69)
        self.assertEqual((self.work / 'sums.csv').read_bytes(), b'old\n')
        return outcome.stderr

    def assert_cut_is_seen(self, *run):
        self.assert_end_is_seen(*run, self.cut)

    def assert_silence_is_seen(self, *run):
        with open(self.directory / 'ssh_config', 'a') as settings:
            settings.write('ServerAliveInterval 1\nServerAliveCountMax 3\n')
        self.assertIn('not responding', self.assert_end_is_seen(*run, self.fall_silent))


class WorkerTest(SshTest):
    TITLE = 'A worker on another machine'

    def test_sums(self):
        data = b''.join(b'%d,-7\n' % i for i in range(200000))
        self.file('in.csv', data)
        self.assertEqual(self.shell(self.recipe(self.TITLE)), Outcome(b'', '', 0))
        self.assertTrue((self.work / 'sums.csv').read_bytes() == sums(data))

    def test_bad_row(self):
        self.file('in.csv', b'1\nx\n')
        outcome = self.shell(self.recipe(self.TITLE))
        self.assertEqual(outcome, Outcome(
            b'', "p3_write: in.csv: row 1, field 1 (byte 2): 'x' is not an integer\n", 65))
        self.assertEqual(self.files(), ['in.csv'])

    def test_cut(self):
        self.assert_cut_is_seen(self.TITLE, 'p2_sum', self.fifo('in.csv'))

    def test_silence(self):
        self.assert_silence_is_seen(self.TITLE, 'p2_sum', self.fifo('in.csv'))

    def test_no_such_program_there(self):
        self.file('in.csv', b'1\n')
        self.file('sums.csv', b'old\n')
        (self.programs / 'p2_sum').unlink()
        outcome = self.shell(self.recipe(self.TITLE))
        self.assertIn('p2_sum: command not found\n', outcome.stderr)
        self.assertEqual(outcome.status, 69)
        self.assertEqual((self.work / 'sums.csv').read_bytes(), b'old\n')


class WorkersTest(SshTest):
    TITLE = 'Several workers on another machine'

    def test_sums(self):
        data = b''.join(b'%d,-7\n' % i for i in range(500000))
        self.file('in.csv', data)
        self.assertEqual(self.shell(self.recipe(self.TITLE)), Outcome(b'', '', 0))
        self.assertTrue((self.work / 'sums.csv').read_bytes() == sums(data))

    def test_cut(self):
        """The worker at the other end is replaced."""
        in_csv = self.fifo('in.csv')
        run = self.start_shell(self.recipe(self.TITLE))
        with open(in_csv, 'wb', buffering=0) as rows:
            rows.write(b'1\n')
            self.cut(self.session_of('p2_sum'))
            self.until(lambda: 'and is replaced' in run.errors(), 'nobody notices')
            rows.write(b'2\n')
        outcome = run.finish()
        self.assertIn('p1_read: ssh at place 0 ended with the unknown status 255, and is replaced\n', outcome.stderr)
        self.assertEqual((outcome.status, (self.work / 'sums.csv').read_bytes()), (0, b'0,1\n1,2\n'))

    def test_a_command_there_that_fails(self):
        """Its row is found, as if the command ran here."""
        worker = r'ssh host "p2_sum --command \"grep -v 2 || true\""'
        outcome = self.launcher(b'1\n2\n3\n', '-n', 1, '--on-error=skip', '--retries=0', '--worker', worker)
        self.assertEqual((outcome.stdout, outcome.status), (b'0,1\n2,3\n', 1), outcome.stderr)
        self.assertIn("row 1 (byte 2): 'grep -v 2 || true' fails whenever it is given it\n", outcome.stderr)

    def test_no_such_program_there(self):
        self.file('in.csv', b'1\n')
        self.file('sums.csv', b'old\n')
        (self.programs / 'p2_sum').unlink()
        outcome = self.shell(self.recipe(self.TITLE))
        self.assertIn('p1_read: ssh at place 0 died 4 times in a row, whatever it was given\n', outcome.stderr)
        self.assertEqual(outcome.status, 69)
        self.assertEqual((self.work / 'sums.csv').read_bytes(), b'old\n')


class ReaderTest(SshTest):
    TITLE = 'A file on another machine'

    def test_sums(self):
        data = b'1,2\n' * 200000
        (self.there / 'in.csv').write_bytes(data)
        self.assertEqual(self.shell(self.recipe(self.TITLE)), Outcome(b'', '', 0))
        self.assertTrue((self.work / 'sums.csv').read_bytes() == sums(data))

    def test_no_such_file(self):
        self.assertEqual(self.shell(self.recipe(self.TITLE)),
                         Outcome(b'', 'p1_read: in.csv: No such file or directory\n', 66))
        self.assertEqual(self.files(), [])

    def fifo_there(self):
        path = self.there / 'in.csv'
        os.mkfifo(path)
        path.chmod(0o666)
        return path

    def test_cut(self):
        self.assert_cut_is_seen(self.TITLE, 'p1_read', self.fifo_there())

    def test_silence(self):
        self.assert_silence_is_seen(self.TITLE, 'p1_read', self.fifo_there())

    def test_cut_of_plain_rows(self):
        """Only ssh fails. The file is replaced by the sums of the rows before."""
        in_csv = self.fifo_there()
        self.file('sums.csv', b'old\n')
        run = self.start_shell('set -o pipefail; ssh host cat in.csv | run_pipeline.sh -o sums.csv')
        with open(in_csv, 'wb', buffering=0) as rows:
            session = self.session_of('cat')
            rows.write(b'1\n')
            self.until(lambda: self.processes('p2_sum'), 'no row has come')
            self.cut(session)
            self.assertEqual(run.finish().status, 255)
        self.assertEqual((self.work / 'sums.csv').read_bytes(), b'0,1\n')


if __name__ == '__main__':
    main()
