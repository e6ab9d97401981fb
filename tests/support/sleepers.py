# SPDX-License-Identifier: MIT
"""For tests of processes that somebody's program starts, and that must end with it."""
import os
import shlex
import shutil
import signal
from pathlib import Path

from pipeline import PipelineTest


class SleeperTest(PipelineTest):
    def sleeper(self) -> str:
        """A program for shell scripts that sleeps for the given number of seconds. Its path identifies it, even if
        it has no environment."""
        path = self.work / 'sleeper'
        if not path.exists():
            path.symlink_to(shutil.which('sleep'))
        return shlex.quote(str(path))

    def sleepers(self) -> list[int]:
        found = []
        for entry in os.listdir('/proc'):
            if entry.isdigit():
                try:
                    words = Path('/proc', entry, 'cmdline').read_bytes().split(b'\0')
                except OSError:  # the process has just ended
                    continue
                if words[0] == bytes(self.work / 'sleeper'):
                    found.append(int(entry))
        return found

    def assert_no_sleepers(self) -> None:
        try:
            self.until(lambda: not self.sleepers(), 'a process that was started goes on')
        finally:
            for pid in self.sleepers():
                os.kill(pid, signal.SIGKILL)
