"""A process that was started, and what it prints."""

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from typing import cast

MAX_LINE = 64 * 1024
"""Bytes of a line; a longer one comes in pieces."""


class Child(asyncio.SubprocessProtocol):
    """Listens to a process. ``close`` it once it has ended."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self.ended = asyncio.Event()
        """The process has ended, whoever still holds its pipes."""
        self.silent = asyncio.Event()
        """Its output was read to the end: nobody holds it any more."""
        self.pid = 0
        self._on_line = on_line
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.SubprocessTransport, transport)
        self.pid = self._transport.get_pid()

    def close(self) -> None:
        self._transport.close()

    def kill_group(self) -> None:
        """Kill every process of its group, also where it has ended itself."""
        assert self.pid  # 0 would mean our own group
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # all ended; of zombies some systems say the latter
            return

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002 - asyncio's signature
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._say(line)
        while len(self._rest) >= MAX_LINE:
            self._say(self._rest[:MAX_LINE])
            self._rest = self._rest[MAX_LINE:]

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if self._rest:
            self._say(self._rest)
            self._rest = b""
        self.silent.set()

    def process_exited(self) -> None:
        self.ended.set()

    def _say(self, line: bytes) -> None:
        self._on_line(line.decode(errors="replace"))


async def start(command: Sequence[str], on_line: Callable[[str], None], *, fds: Sequence[int]) -> Child:
    """Start a process as the leader of a group of its own; it inherits *fds*. Raises OSError."""
    _, child = await asyncio.get_running_loop().subprocess_exec(
        lambda: Child(on_line),
        *command,
        pass_fds=fds,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    return child
