"""What a socket costs that nobody speaks on: the server's memory with many of them, and without."""

import asyncio
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import msgspec

from bench.load import Failed
from bench.script import Options, Put, Row, Script, main
from bench.serving import ROOT, Server, echo, nodetool

FEW = 100
"""Sockets that are opened and closed before: what the first ones cost is no matter of each."""

SPARE = 200
"""Files that a process has open besides."""


class Sockets(Options, frozen=True, kw_only=True):
    rounds: int = 3
    sockets: int = 5_000
    settle: float = 2.0
    """Seconds until the server is weighed."""


class Idle(Row, kw_only=True):
    sockets: int
    before: float = msgspec.field(name="MB before")
    after: float = msgspec.field(name="MB with them")
    each: float = msgspec.field(name="KB a socket")
    echo: float = msgspec.field(name="echo KB a socket")
    ratio: float = msgspec.field(name="in echoes")


async def measure(options: Sockets, put: Put) -> None:
    put(await asyncio.to_thread(weighed, options))


def weighed(options: Sockets) -> Idle:
    """Weigh new servers: memory that was used once is not given back."""
    allow_files(options.sockets + SPARE)
    ours, echoes = [], []
    for _ in range(options.rounds):
        with nodetool() as server:
            ours.append(grown(server, "/predict", '{"command": "ping"}', options))
        with echo() as reference:
            echoes.append(grown(reference, "/frames", "1", options))
    (before, after), (bare, full) = (map(median, zip(*sides, strict=True)) for sides in (ours, echoes))
    each, echo_each = ((more - less) * 1024 / options.sockets for less, more in ((before, after), (bare, full)))
    return Idle(sockets=options.sockets, before=before, after=after, each=each, echo=echo_each, ratio=each / echo_each)


def grown(server: Server, path: str, message: str, options: Sockets) -> tuple[float, float]:
    """Return the megabytes of a server before, and while the sockets stand."""
    with held(server, path, message, min(FEW, options.sockets), 0.0):
        pass
    before = server.memory().server
    with held(server, path, message, options.sockets, options.settle):
        return before, server.memory().server


@contextmanager
def held(server: Server, path: str, message: str, count: int, settle: float) -> Iterator[None]:
    """Hold sockets open for the length of the block, which begins when all of them stand."""
    command = [sys.executable, "-m", "bench.holding", *map(str, server.address), path, str(count), message]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
        assert client.stdin
        assert client.stdout
        if client.stdout.readline().strip() != b"%d" % count:
            raise Failed("the sockets could not be opened")
        try:
            client.wait(settle)
        except subprocess.TimeoutExpired:
            yield
        client.stdin.close()
    if client.returncode:
        raise Failed("sockets that nobody spoke on were closed")


def allow_files(count: int) -> None:
    """Let this process, and those that it starts, have so many files open. Raises Failed if that is not allowed."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < count:
        raise Failed(f"{count} open files are needed, and {most} are allowed (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, most))


SCRIPT = Script("idle", "Memory of an idle socket", Sockets, lambda _: 1, measure)

if __name__ == "__main__":
    main(SCRIPT)
