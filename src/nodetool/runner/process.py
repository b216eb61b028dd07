"""The process of a runner: a loop, the link on an inherited socket, and nothing that outlives the server."""

import asyncio
import gc
import os
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn, TextIO

from nodetool.engine.report import Reporter
from nodetool.protocol import frames
from nodetool.protocol.bounds import Bounds
from nodetool.runner.framing import Framing, to_runner
from nodetool.runner.prints import Prints
from nodetool.runner.pulse import Pulse
from nodetool.runner.worker import Worker
from nodetool.sdk import registry

BEAT = 0.25
"""Seconds between two signs that the loop goes round."""

THREADS = 64
"""Blocking nodes of one run that work at the same time."""


def serve(fd: int, pulse: int, *, catalogue: str, limits: frames.RunLimits, bounds: Bounds) -> None:
    """Run what comes over the socket *fd* until it closes; show how it goes in the memory of *pulse*."""
    os.set_inheritable(pulse, False)
    os.set_inheritable(fd, False)  # programs that nodes start would keep the link open
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's to handle
    gc.set_threshold(50_000, 20, 100)
    gc.freeze()
    try:
        import uvloop

        uvloop.run(_serve(fd, Pulse(pulse), catalogue, limits, bounds))
    except ImportError:
        asyncio.run(_serve(fd, Pulse(pulse), catalogue, limits, bounds))


async def _serve(fd: int, pulse: Pulse, catalogue: str, limits: frames.RunLimits, bounds: Bounds) -> None:
    loop = asyncio.get_running_loop()
    lost = asyncio.Event()
    link: Framing[frames.ToRunner] = Framing(
        to_runner,
        lambda got: worker.receive(got),  # noqa: PLW0108 - the worker is made with the link, below
        lost.set,
        max_frame=1 << 31,
    )
    worker = Worker(
        link.send,
        link.close,
        find=registry.find,
        pool=ThreadPoolExecutor(THREADS),
        limits=limits,
        pulse=pulse,
        bounds=bounds,
    )
    sys.stdout = _prints(loop, worker, sys.__stdout__ or sys.stdout)
    # First of all, as a run begins in the turn that brings it, and its first node may keep the loop for ever.
    _beat(loop, pulse)
    link.send(frames.Hello(frames.VERSION, catalogue, os.getpid()))
    await loop.create_connection(lambda: link, sock=socket.socket(fileno=fd))
    await lost.wait()
    _leave()


def _beat(loop: asyncio.AbstractEventLoop, pulse: Pulse) -> None:
    """Say, again and again, that the loop goes round."""
    pulse.beat(time.monotonic_ns() // 1_000_000)
    loop.call_later(BEAT, _beat, loop, pulse)


def _prints(loop: asyncio.AbstractEventLoop, worker: Worker, behind: TextIO) -> TextIO:
    home = threading.get_ident()

    def say(report: Reporter, line: str) -> None:
        if threading.get_ident() == home:
            report.print(line)
        else:
            loop.call_soon_threadsafe(report.print, line)

    return Prints(worker.alone, say, behind)  # type: ignore[return-value]  # a text stream in all that print() asks of it


def _leave() -> NoReturn:
    """End at once, with every process that a node started: they share this process group."""
    if hasattr(os, "killpg") and os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)
