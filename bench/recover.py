"""A server that was killed with jobs unfinished: the time until it is ready again, and until the last has ended."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec

from bench import graphs, serving
from bench.accept import LOOK, completed
from bench.load import Address, Connection, Failed
from bench.script import Options, Put, Row, Script, main
from bench.serving import Server
from bench.start import started

CLIENTS = 16
"""Those that have the jobs accepted."""

SYNC = "normal"
"""A killed process loses nothing by it, and the home is made sooner."""


class Unfinished(Options, frozen=True, kw_only=True):
    rounds: int = 1
    jobs: tuple[int, ...] = (0, 10_000)
    workflows: int = 1
    """Different graphs that these jobs have, each of which is planned again."""


class Recovery(Row, kw_only=True):
    jobs: int
    ready: float = msgspec.field(name="to /ready ms")
    last: float = msgspec.field(name="to the last end ms")
    rate: float | None = msgspec.field(name="ended/s")
    memory: float = msgspec.field(name="server MB")
    echo: float = msgspec.field(name="echo ms")
    ratio: float = msgspec.field(name="in echoes")


class Times(NamedTuple):
    """Seconds from the command, and megabytes of the server when it was ready."""

    ready: float
    last: float
    memory: float


async def measure(options: Unfinished, put: Put) -> None:
    for jobs in options.jobs:
        times, echoes = [], []
        for _ in range(options.rounds):
            times.append(await recovered(jobs, options.workflows))
            echoes.append(await asyncio.to_thread(echo_started))
        put(row(jobs, times, median(echoes)))


async def recovered(jobs: int, workflows: int) -> Times:
    """Prepare a home with so many jobs that wait for a file; then make the file, and start a server again."""
    with TemporaryDirectory(prefix="nodetool-bench-") as folder:
        home, gate = Path(folder), Path(folder) / "gate"
        with up(home) as (server, _):
            paths = [f"/api/workflows/{await server.store(waiting(gate, n))}/jobs" for n in range(workflows)]
            await accept(server, [paths[n % workflows] for n in range(jobs)])
            server.process.kill()
        gate.touch()
        with up(home) as (server, began):
            ready, memory = time.perf_counter() - began, server.memory().server
            nothing = dict.fromkeys(await server.figures(), 0.0)
            while completed(nothing, await server.figures()) < jobs:
                await asyncio.sleep(LOOK)
            return Times(ready, time.perf_counter() - began, memory)


def waiting(gate: Path, number: int) -> graphs.Graph:
    """Return a graph that waits for a file: the others differ by a name."""
    sketch = graphs.Sketch()
    source = sketch.text()
    sketch.node(f"gate-{number}", "bench.nodes.Gate", path=str(gate))
    sketch.edge(source, f"gate-{number}", "text")
    return sketch.output(f"gate-{number}")


@contextmanager
def up(home: Path) -> Iterator[tuple[Server, float]]:
    """Serve a home; give the server once it is ready, and when it was started."""
    address = Address("127.0.0.1", serving.free_port())
    command = serving.product(home / "home", "--sync", SYNC, "--port", str(address.port))
    began = time.perf_counter()
    with serving.process(command, home / "log") as process:
        serving.until(lambda: serving.answers(address, "/ready"), process, home / "log", pause=0.002)
        yield Server(process, address), began


async def accept(server: Server, paths: list[str]) -> None:
    """Have a job accepted on each path."""
    left = iter(paths)

    async def client() -> None:
        connection = await server.address.connect(Connection)
        for path in left:
            status, body = await connection.ask(server.address.request("POST", path, b'{"params":{"text":"t"}}'))
            if status != 202:
                raise Failed(f"{status}: {body[:500].decode()}")
        connection.close()

    await asyncio.gather(*[client() for _ in range(CLIENTS)])


def echo_started() -> float:
    """Return the seconds from the command to the echo's first answer."""
    with TemporaryDirectory(prefix="nodetool-bench-") as folder:
        return started(serving.echoing(), Path(folder) / "log", 0.0).health / 1e3


def row(jobs: int, times: list[Times], echo: float) -> Recovery:
    ready, last, memory = (median(column) for column in zip(*times, strict=True))
    return Recovery(
        jobs=jobs,
        ready=ready * 1e3,
        last=last * 1e3,
        rate=jobs / (last - ready) if jobs else None,
        memory=memory,
        echo=echo * 1e3,
        ratio=ready / echo,
    )


SCRIPT = Script("recover", "Ready again, with jobs unfinished", Unfinished, lambda options: len(options.jobs), measure)

if __name__ == "__main__":
    main(SCRIPT)
