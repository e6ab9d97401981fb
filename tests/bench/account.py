#!/usr/bin/env python3
"""Stands in for the program whose name it is called by: runs it, and notes in $ROWSUM_ACCOUNT what CPU it took.

Its own start and end cost seconds of the clock, and are in nobody's account.
"""
import os
import shutil
import signal
import sys

name = os.path.basename(sys.argv[0])
arguments = sys.argv[1:]
if '--parent' in arguments:  # the program is to die with its parent, which is this
    arguments[arguments.index('--parent') + 1] = str(os.getpid())
real = shutil.which(name, path=os.environ['ROWSUM_ACCOUNTED_PATH'])
environment = {**os.environ, 'PATH': os.environ['ROWSUM_ACCOUNTED_PATH']}
pid = os.posix_spawn(real, [name, *arguments], environment, setsigdef=[signal.SIGPIPE])
_, status, usage = os.wait4(pid, 0)
# What writes to a file and not to a pipe is the last of its pipeline.
last = '.last' if name == 'cat' and os.path.isfile('/dev/stdout') else ''
with open(os.environ['ROWSUM_ACCOUNT'], 'a') as account:
    account.write(f'{name}{last} {usage.ru_utime + usage.ru_stime}\n')
sys.exit(os.waitstatus_to_exitcode(status) & 255)
