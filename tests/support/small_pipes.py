#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""small_pipes.py COMMAND...: runs the command while every new pipe of this user holds one or two pages only.

The system makes such pipes for a user other than root if the pipes of that user already have as much room as it
allows: /proc/sys/fs/pipe-user-pages-soft, usually 64 MiB. Here unused pipes take that room.
"""
import fcntl
import os
import subprocess
import sys

SMALL = 2 * os.sysconf('SC_PAGE_SIZE')
held = []
room = None
while room is None or room > SMALL and len(held) < 200:
    held.append(os.pipe())
    room = fcntl.fcntl(held[-1][1], fcntl.F_GETPIPE_SZ)
    try:
        fcntl.fcntl(held[-1][1], fcntl.F_SETPIPE_SZ, 1 << 20)
    except PermissionError:  # there is less room than that
        pass
print(f'A new pipe holds {room} bytes.', flush=True)
sys.exit(subprocess.run(sys.argv[1:]).returncode)
