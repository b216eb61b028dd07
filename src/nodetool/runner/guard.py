"""The server's end of the guardian: tells it which process groups must not outlive the server."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

from nodetool.runner import guardian


class Guard:
    """Holds the pipe to one guardian process. Made before the first runner; ``close`` it after the last.

    Telling it something is a write of a few bytes to a pipe, which never waits. A guardian that is gone is replaced,
    and told again what it has to guard.
    """

    def __init__(self) -> None:
        self._groups: set[int] = set()
        self._process = _start()

    def add(self, pid: int) -> None:
        """Guard the process group that *pid* leads."""
        self._groups.add(pid)
        self._tell(b"+%d\n" % pid)

    def remove(self, pid: int) -> None:
        """The leader of a group has ended, and what was left of the group was killed."""
        self._groups.discard(pid)
        self._tell(b"-%d\n" % pid)

    async def close(self) -> None:
        """Let the guardian end; it kills what is still guarded."""
        self._pipe.close()
        await asyncio.to_thread(self._process.wait)

    @property
    def _pipe(self) -> IO[bytes]:
        assert self._process.stdin
        return self._process.stdin

    def _tell(self, line: bytes) -> None:
        try:
            self._write(line)
        except BrokenPipeError:
            self._pipe.close()
            self._process.wait()
            self._process = _start()
            for pid in self._groups:
                self._write(b"+%d\n" % pid)

    def _write(self, line: bytes) -> None:
        os.write(self._pipe.fileno(), line)


def _start() -> "subprocess.Popen[bytes]":
    """Start a guardian, in a session of its own: a signal to the server's group does not reach it."""
    path = Path(guardian.__file__)
    command = [sys.executable, "-I", "-S", str(path)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 - our own program
