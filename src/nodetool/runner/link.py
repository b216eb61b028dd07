"""The server's end of a link: a runner process that is started, talked to, listened to, and killed.

A runner is a fresh interpreter (never a fork of a process with threads), the leader of a process group of its own, with
one socket inherited for frames and pipes for what it prints.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Protocol

from nodetool.protocol import frames
from nodetool.runner.framing import Framing, to_server
from nodetool.runner.guard import Guard

FRAME_EXTRA = 1 << 20
"""A frame may be this much larger than the largest result."""


class Listener(Protocol):
    """Who owns a runner."""

    def on_frames(self, link: "Link", got: list[frames.ToServer]) -> None:
        """Take what one read brought, in order."""
        ...

    def on_lost(self, link: "Link") -> None:
        """The runner is gone; everything that it sent was handed over."""
        ...

    def on_print(self, link: "Link", line: str) -> None:
        """The process printed a line that no run of it claims."""
        ...


class Link(Protocol):
    """A runner, as its owner sees it."""

    @property
    def pid(self) -> int:
        """Its process, or 0 if it is in this one."""
        ...

    def send(self, frame: frames.ToRunner) -> None:
        """Send at the end of this tick. Dropped if the runner is gone."""
        ...

    def kill(self) -> None:
        """End the process and every process of its group, now. ``on_lost`` follows."""
        ...


Connect = Callable[[Listener], Link]
"""Starts a runner. Returns at once: frames may be sent before it is up."""


class ProcessLink:
    """A runner in a process of its own."""

    def __init__(self, listener: Listener, *, catalogue: str, max_result: int, guard: Guard | None = None) -> None:
        self._listener = listener
        self._guard = guard
        self._ours, theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._framing: Framing[frames.ToServer] = Framing(
            to_server,
            lambda got: listener.on_frames(self, got),
            self._lost,
            max_frame=max_result + FRAME_EXTRA,
        )
        self._child: asyncio.subprocess.Process | None = None
        self._is_killed = False
        self._task = asyncio.get_running_loop().create_task(self._start(theirs, catalogue, max_result))

    @property
    def pid(self) -> int:
        return self._child.pid if self._child else 0

    def send(self, frame: frames.ToRunner) -> None:
        self._framing.send(frame)

    def kill(self) -> None:
        self._is_killed = True
        if self._child and self._child.returncode is None:
            _kill_group(self._child.pid)

    async def _start(self, theirs: socket.socket, catalogue: str, max_result: int) -> None:
        try:
            with theirs:
                self._child = await _spawn(theirs.fileno(), catalogue, max_result)
        except OSError as error:
            self._ours.close()
            self._listener.on_print(self, f"the runner could not be started: {error.strerror}")
            self._listener.on_lost(self)
            return
        if self._guard:
            self._guard.add(self._child.pid)
        if self._is_killed:
            self.kill()
        await asyncio.get_running_loop().create_connection(lambda: self._framing, sock=self._ours)
        await self._listen(self._child)

    async def _listen(self, child: asyncio.subprocess.Process) -> None:
        assert child.stdout
        while True:
            try:
                line = await child.stdout.readline()
            except ValueError:  # a line beyond the limit; its rest comes as the next
                continue
            if not line:
                break
            self._listener.on_print(self, line.decode(errors="replace").rstrip("\n"))
        await child.wait()

    def _lost(self) -> None:
        self._is_killed = True
        if self._child:
            _kill_group(self._child.pid)  # what a node started may be left, also where the runner ended by itself
            if self._guard:
                self._guard.remove(self._child.pid)
        self._listener.on_lost(self)


async def _spawn(fd: int, catalogue: str, max_result: int) -> asyncio.subprocess.Process:
    command = [sys.executable, "-m", "nodetool.runner", "serve", "--fd", str(fd)]
    return await asyncio.create_subprocess_exec(
        *command,
        "--catalogue",
        catalogue,
        "--max-result",
        str(max_result),
        pass_fds=[fd],
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        limit=1 << 20,
    )


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # all ended; where only zombies are left some systems say the latter
        return
