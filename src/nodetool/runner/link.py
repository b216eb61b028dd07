"""The server's end of a link: a runner process that is started, talked to, listened to, and killed.

A runner is a fresh interpreter (never a fork of a process with threads), the leader of a process group of its own, with
one socket inherited for frames and pipes for what it prints.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from nodetool.protocol import codec, frames
from nodetool.protocol.bounds import NARROW, Bounds
from nodetool.runner.child import Child, start
from nodetool.runner.framing import Framing, to_server
from nodetool.runner.guard import Guard
from nodetool.runner.pulse import Place, Pulse

PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096

FRAME_EXTRA = 1 << 20
"""A frame may be this much larger than the largest result."""

LINGER = 0.25
"""Seconds, twice, that an ended process is listened to while somebody else holds its link or its pipes."""


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

    def has_ended(self) -> bool:
        """Say whether its process has ended, which ``on_lost`` tells a moment later."""
        ...

    def last_beat(self) -> int:
        """Return when its loop last went round, in milliseconds of the monotonic clock; 0 if that is not known."""
        ...

    def place(self) -> Place | None:
        """Return the node that it is in, or died in; None if it is in none."""
        ...

    def memory(self) -> int:
        """Return the bytes that it has in memory; 0 if that is not known."""
        ...


Connect = Callable[[Listener], Link]
"""Starts a runner. Returns at once: frames may be sent before it is up."""


class ProcessLink:
    """A runner in a process of its own."""

    def __init__(
        self,
        listener: Listener,
        *,
        catalogue: str,
        limits: frames.RunLimits,
        guard: Guard | None = None,
        bounds: Bounds = NARROW,
    ) -> None:
        self._listener = listener
        self._bounds = bounds
        self._guard = guard
        self._ours, theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._framing: Framing[frames.ToServer] = Framing(
            to_server,
            lambda got: listener.on_frames(self, got),
            self._cut,
            max_frame=limits.max_result + FRAME_EXTRA,
        )
        self._pulse = Pulse.create()
        self._child: Child | None = None
        self._is_killed = False
        self._is_cut = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._live(theirs, catalogue, limits))

    @property
    def pid(self) -> int:
        return self._child.pid if self._child else 0

    def send(self, frame: frames.ToRunner) -> None:
        self._framing.send(frame)

    def kill(self) -> None:
        self._is_killed = True
        if self._child and not self._child.ended.is_set():
            self._child.kill_group()

    def has_ended(self) -> bool:
        return self._child is not None and ended(self._child.pid)

    def last_beat(self) -> int:
        return self._pulse.last_beat()

    def place(self) -> Place | None:
        return self._pulse.place()

    def memory(self) -> int:
        return resident(self.pid)

    async def _live(self, theirs: socket.socket, catalogue: str, limits: frames.RunLimits) -> None:
        child = await self._start(theirs, catalogue, limits)
        if child:
            await asyncio.get_running_loop().create_connection(lambda: self._framing, sock=self._ours)
            await child.ended.wait()
            child.kill_group()  # what its nodes started: a forked process would hold the link
            await self._last_words(child)
            self._framing.abort()
            child.close()
            if self._guard:
                self._guard.remove(child.pid)
        self._listener.on_lost(self)
        self._pulse.close()

    async def _last_words(self, child: Child) -> None:
        """Wait until all is read, but not for those who hold an ended process's link and pipes.

        Twice: the loop may have stood still for so long that it could not read meanwhile.
        """
        for _ in range(2):
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER):
                    await self._is_cut.wait()
                    await child.silent.wait()

    async def _start(self, theirs: socket.socket, catalogue: str, limits: frames.RunLimits) -> Child | None:
        command = [sys.executable, "-m", "nodetool.runner", "serve", "--fd", str(theirs.fileno())]
        told = codec.to_json(limits).decode()
        command += ["--pulse", str(self._pulse.fd), "--catalogue", catalogue, "--limits", told]
        command += ["--bounds", codec.to_json(self._bounds).decode()]
        try:
            with theirs:
                child = await start(command, self._print, fds=[theirs.fileno(), self._pulse.fd])
        except OSError as error:
            self._ours.close()
            self._print(f"the runner could not be started: {error.strerror}")
            return None
        self._child = child
        if self._guard:
            self._guard.add(child.pid)
        if self._is_killed:
            child.kill_group()
        return child

    def _print(self, line: str) -> None:
        self._listener.on_print(self, line)

    def _cut(self) -> None:
        self._is_cut.set()
        self.kill()


def ended(pid: int) -> bool:
    """Say whether a child has ended, and leave it to whoever waits for it; False where the system does not tell."""
    if not hasattr(os, "waitid"):
        return False
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # somebody has waited for it
        return True


def resident(pid: int) -> int:
    """Return the bytes that a process has in memory, as Linux tells; 0 elsewhere."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_bytes().split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * PAGE
