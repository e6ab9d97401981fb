# SPDX-License-Identifier: MIT
"""A Slurm cluster on this machine, for tests: slurmctld, and a slurmd for each of three nodes.

    cluster = Cluster(directory)      # it runs when this returns
    cluster.kill_node('n2')           # as a machine that loses its power
    cluster.start_node('n2')
    cluster.end()

All of its files are in the directory, its ports are free ones of the loopback interface, and its settings come from the
variable SLURM_CONF, so it knows nothing of another cluster that this machine may belong to. It does not run as root,
and a munged of its own proves who submits a job: nobody can get more rights by it than he has.

A node is a slurmd and all that it has started. What it starts is adopted by it and not by process 1, so that all of a
node is found and ended.
"""
import contextlib
import ctypes
import os
import re
import signal
import socket
import subprocess
import time
import unittest
from pathlib import Path

from pipeline import HANG, family
from recipes import as_server, find, make_for_server

NODES = 'n1', 'n2', 'n3'
CPUS = 4  # of each node, whatever the machine has
MAX_ARRAY_SIZE = 17
PR_SET_CHILD_SUBREAPER = 36

SETTINGS = '''
ClusterName=rowsum
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
AuthType=auth/munge
AuthInfo=cred_expire=5,socket={directory}/munge.socket
StateSaveLocation={directory}/state
SlurmdSpoolDir={directory}/spool.%n
SlurmctldPidFile={directory}/slurmctld.pid
SlurmdPidFile={directory}/slurmd.%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_interval=1
SlurmdTimeout=10
KillWait=2
ReturnToService=2
JobRequeue=0
MinJobAge=3600
MaxArraySize={max_array_size}
{nodes}
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE
'''


class Cluster:
    def __init__(self, directory: Path) -> None:
        needed = [name for name in ('slurmctld', 'slurmd', 'sbatch', 'munged') if not find(name)]
        if needed:
            raise unittest.SkipTest(f'{", ".join(needed)}: not installed')
        try:
            socket.getaddrinfo('127.0.0.1', 1, flags=socket.AI_ADDRCONFIG)
        except socket.gaierror:
            raise unittest.SkipTest('Slurm finds no address where there is only the loopback interface') from None
        self.directory = make_for_server(directory)
        self.kept = [keep_port() for _ in range(1 + len(NODES))]
        ports = [kept.getsockname()[1] for kept in self.kept]
        nodes = [f'NodeName={name} NodeHostname=localhost NodeAddr=127.0.0.1 Port={port} CPUs={CPUS}'
                 for name, port in zip(NODES, ports[1:])]
        user = subprocess.run([*as_server(), 'id', '-un'], check=True, capture_output=True, text=True).stdout.strip()
        self.settings = self.directory / 'slurm.conf'
        self.settings.write_text(SETTINGS.format(directory=self.directory, ports=ports, user=user,
                                                 nodes='\n'.join(nodes), max_array_size=MAX_ARRAY_SIZE))
        self.env = {**os.environ, 'SLURM_CONF': str(self.settings), 'LC_ALL': 'C'}
        self.daemons: dict[str, subprocess.Popen] = {}
        try:
            self.start('munged', '--foreground', '--force', f'--key-file={self.make_key()}',
                       *(f'--{kind}={self.directory}/munge.{kind.removesuffix("-file")}'
                         for kind in ('socket', 'pid-file', 'log-file', 'seed-file')))
            self.until(lambda: (self.directory / 'munge.socket').exists(), 'munged does not begin')
            self.start('slurmctld', '-D', '-i')
            for name in NODES:
                self.start_node(name)
            self.until(lambda: self.states() == dict.fromkeys(NODES, 'idle'), 'the nodes do not come up')
        except BaseException:
            self.end()
            raise

    def make_key(self) -> Path:
        key = self.directory / 'munge.key'
        subprocess.run([*as_server(), 'sh', '-c', 'umask 077; head -c 64 /dev/urandom > "$1"', '', key], check=True)
        return key

    def start(self, program: str, *options: str, name: str = '') -> None:
        """If this process is killed, so is the daemon."""
        with open(self.directory / f'{name or program}.log', 'ab') as log:
            self.daemons[name or program] = subprocess.Popen(
                [*(as_server() or ['setpriv']), '--pdeathsig=KILL', find(program), *options], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env=self.env, cwd=self.directory, preexec_fn=adopt_descendants)

    def start_node(self, name: str) -> None:
        self.start('slurmd', '-D', '-N', name, name=name)

    def kill_node(self, name: str) -> None:
        """Ends all of its processes in the same moment: they are stopped first, so that none of them sees the end of
        another one."""
        slurmd = self.daemons.pop(name)
        stopped: set[int] = set()
        while members := set(family(slurmd.pid)) - stopped:
            send(signal.SIGSTOP, members)
            stopped |= members
        send(signal.SIGKILL, stopped)
        slurmd.wait()

    def end(self) -> None:
        for name in list(self.daemons):
            self.kill_node(name)
        for kept in self.kept:
            kept.close()

    # --- What it says -----------------------------------------------------------------------------------------------

    def ask(self, *words: str) -> str:
        return subprocess.run([*as_server(), *words], env=self.env, check=True, stdout=subprocess.PIPE, text=True,
                              timeout=HANG).stdout

    def states(self) -> dict[str, str]:
        """Of the nodes. A star after a state means that the node does not answer."""
        return dict(line.split() for line in self.ask('sinfo', '-hN', '-o', '%N %T').splitlines())

    def queue(self) -> list[str]:
        """The jobs, and tasks of arrays that run, that are in the queue."""
        return self.ask('squeue', '-h', '-o', '%i').split()

    def jobs(self) -> list[dict[str, str]]:
        """All jobs that it remembers."""
        return [dict(re.findall(r'(\w+)=(.*?)(?= \w+=|$)', line))
                for line in self.ask('scontrol', '-o', 'show', 'job').splitlines() if 'JobId=' in line]

    def until(self, condition, what: str) -> None:
        deadline = time.monotonic() + HANG
        while not condition():
            if time.monotonic() > deadline:
                logs = ''.join(path.read_text(errors='replace')[-2000:] for path in self.directory.glob('*.log'))
                raise AssertionError(f'{what}:\n{logs}')
            time.sleep(0.05)


def adopt_descendants() -> None:
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def keep_port() -> socket.socket:
    """A socket at a port of the loopback interface that only a program with the option SO_REUSEADDR can have."""
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind(('127.0.0.1', 0))
    return kept


def send(number: int, pids: set[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
