"""Runs a server for a test, and ends it and its directory when it is told to or when the test's process is gone.

usage: supervise.py COMMAND [ARGUMENT...]

A server that ends by itself leaves its directory, with its log, to the test.

The command gets a process group of its own, so that what it starts in turn ends with it. A test process that crashes
cannot clean up; this looks for its parent twice a second.
"""

import os
import shutil
import signal
import subprocess
import sys

parent = os.getppid()
# The threads that Swift tests run on block signals, and a process inherits what the thread that started it blocks.
signal.pthread_sigmask(signal.SIG_SETMASK, [])
server = subprocess.Popen(sys.argv[1:], start_new_session=True)


def end(*_):
    # Who is told twice must not be disturbed while it cleans up.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(0)


signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGINT, end)
ended_by_itself = False
try:
    while os.getppid() == parent:
        try:
            server.wait(timeout=0.5)
            ended_by_itself = True
            break
        except subprocess.TimeoutExpired:
            pass
finally:
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, signal_number)
            server.wait(timeout=5)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    if not ended_by_itself and os.path.basename(os.getcwd()).startswith("dredge-test-"):
        shutil.rmtree(os.getcwd(), ignore_errors=True)
