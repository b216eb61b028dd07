"""Nothing is left behind by runs and by lost connections: not in the server, and not in the runner that they share."""

import asyncio
import gc
import os
import pathlib
import re
import signal
import threading
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvloop

from bench.load import Address
from nodetool import app
from nodetool.auth.deployment import StaticToken
from nodetool.config import Config
from nodetool.runner.link import resident
from nodetool.server.listener import bind
from tests.acceptance.strain import Strain
from tests.runner.helpers import PACKS

SEED = 20_261_126

RUNS, CUTS = 100, 25
"""What the scale multiplies; a tenth of it, and no less than this, is for warming up."""

QUIET = 0.5
"""Seconds without a change after which nothing more is expected to go …"""

SETTLE = 30.0
"""… and for which that is waited for, at most."""

RUNNER_GROWTH = 32 << 20
"""Bytes that the shared runner may have more in memory: garbage waits for the collector, its allocator keeps pages."""


@dataclass(frozen=True)
class Held:
    """What a server and its shared runner have open or under way, by kind."""

    files: Counter[str]
    tasks: Counter[str]
    threads: Counter[str]
    runner: int = field(compare=False)
    """On a busy machine a run may be late to stop, and then its runner is replaced, which is no leak."""
    runner_files: Counter[str]
    runner_threads: int


class Serving:
    """A server in this process, that can be looked into."""

    def __init__(self, address: Address, rooms: app.Rooms) -> None:
        self.address = address
        self._rooms = rooms

    @property
    def runner(self) -> int:
        """The process of the shared runner."""
        return [runner.link.pid for runner in self._rooms.jobs._supervisor.runners if runner.is_shared][-1]

    def under_way(self) -> int:
        now = self._rooms.jobs.standing()
        return now.queued + now.running

    def is_idle(self) -> bool:
        now = self._rooms.jobs.standing()
        return not self.under_way() and (now.readers, now.runners["shared"], now.runners["alone"]) == (0, 1, 0)

    def held(self) -> Held:
        return Held(
            files=files_of(os.getpid()),
            tasks=Counter(getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()),
            threads=Counter(thread.name for thread in threading.enumerate()),
            runner=self.runner,
            runner_files=files_of(self.runner),
            runner_threads=len(list(Path(f"/proc/{self.runner}/task").iterdir())),
        )

    async def settled(self) -> Held:
        """Return what is held once no run is under way and nothing changes any more."""
        loop = asyncio.get_running_loop()
        held, since, until = self.held(), loop.time(), loop.time() + SETTLE
        while loop.time() < until and not (self.is_idle() and loop.time() - since > QUIET):
            await asyncio.sleep(0.05)
            if (now := self.held()) != held:
                held, since = now, loop.time()
        assert self.is_idle(), self._rooms.jobs.standing()
        return held


def files_of(pid: int) -> Counter[str]:
    """Return what a process has open, by name."""
    return Counter(re.sub(r"\d+", "N", link) for link in map(link_of, Path(f"/proc/{pid}/fd").iterdir()) if link)


def link_of(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except FileNotFoundError:  # what was open to list the others
        return ""


def traced() -> tracemalloc.Snapshot:
    """Return what Python has allocated in this process, but for what is not the server's.

    The parts of a path are interned: the interpreter's table of names is made anew now and then, by whoever comes next.
    """
    gc.collect()
    others = [tracemalloc.Filter(False, file) for file in (tracemalloc.__file__, pathlib.__file__)]
    return tracemalloc.take_snapshot().filter_traces(others)


@dataclass(frozen=True)
class Growth:
    """What was allocated between two snapshots, and is still there."""

    lines: list[tracemalloc.StatisticDiff]

    @property
    def size(self) -> int:
        return sum(line.size_diff for line in self.lines)

    @property
    def blocks(self) -> int:
        return sum(line.count_diff for line in self.lines)

    def __str__(self) -> str:
        return "\n  ".join([f"{self.size:+,} bytes in {self.blocks:+,} blocks", *map(str, self.lines[:15])])


@asynccontextmanager
async def served(home: Path) -> AsyncIterator[Serving]:
    """Serve in this process as ``nodetool serve`` does, with runners of their own, until the block ends."""
    opened: asyncio.Future[app.Rooms] = asyncio.get_running_loop().create_future()

    async def ready(rooms: app.Rooms, token: StaticToken | None) -> None:
        opened.set_result(rooms)

    with bind("127.0.0.1", 0) as sock:
        config = Config(home=home, nodes=tuple(PACKS), port=0, drain=1.0)
        serving = asyncio.create_task(app.serve(config, sock, ready=ready))
        try:
            yield Serving(Address(*sock.getsockname()[:2]), await opened)
        finally:
            signal.raise_signal(signal.SIGTERM)
            await serving


@pytest.fixture
def as_before() -> Iterator[None]:
    """Whatever a server sets for its process is afterwards as it was."""
    thresholds = gc.get_threshold()
    tracemalloc.start()
    yield
    tracemalloc.stop()
    gc.unfreeze()
    gc.set_threshold(*thresholds)


@pytest.mark.timeout(3600)
def test_runs_and_cut_connections_leave_nothing_behind(tmp_path: Path, scale: int, as_before: None) -> None:
    uvloop.run(soak(tmp_path / "home", scale))


async def soak(home: Path, scale: int) -> None:
    runs, cuts, warm = RUNS * scale, CUTS * scale, max(1, scale // 10)
    async with served(home) as server:
        strain = Strain(server.address, SEED, server.under_way)
        await strain.store()
        await strain.paths()
        await strain.runs(RUNS * warm)
        await strain.cuts(CUTS * warm)
        before, memory, rss = await server.settled(), traced(), resident(server.runner)
        strain.done.clear()

        await strain.runs(runs)
        await strain.cuts(cuts)

        after, growth = await server.settled(), Growth(traced().compare_to(memory, "lineno"))
        grown = resident(server.runner) - rss
        done = "".join(f"\n  {count:6,} {what}" for what, count in sorted(strain.done.items()))
        print(f"\ndone:{done}\nthe server: {growth.size:+,} bytes in {growth.blocks:+,} blocks; the runner: {grown:+,}")
        assert after == before
        assert growth.size < 300_000 + 40 * (runs + cuts), str(growth)
        assert growth.blocks < 1_000 + (runs + cuts) // 10, str(growth)
        assert grown < RUNNER_GROWTH or after.runner != before.runner
