"""Outlives the server by a moment, to end its runners: kills their process groups once its standard input closes.

A program of its own, of the standard library only: ``python -I -S guardian.py``. It reads lines, ``+PID`` for the
leader of a group to guard and ``-PID`` for one that has ended. However the server dies, the pipe closes with it.
"""

import os
import signal
import sys


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin.buffer:
        pid = int(line[1:])
        if line.startswith(b"+"):
            groups.add(pid)
        else:
            groups.discard(pid)
    for pid in groups:
        try:
            os.killpg(pid, signal.SIGKILL)
        except OSError:
            continue  # ended before


if __name__ == "__main__":
    main()
