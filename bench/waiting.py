"""Many runs at once, each waited for on a connection of its own: when the last is answered, and at what cost."""

import asyncio
from statistics import median
from time import perf_counter
from typing import NamedTuple

import msgspec

from bench import graphs
from bench.echo import FIFTY
from bench.idle import SPARE, allow_files
from bench.load import Address, Connection, Failed
from bench.script import Options, Put, Row, Script, main
from bench.serving import Server, echo, nodetool

SHARED = 1_000
"""Runs that a runner has at the same time; the others wait for their turn."""

LOOK = 0.1
"""Seconds between two looks at how many wait."""


class Waits(Options, frozen=True, kw_only=True):
    rounds: int = 1
    runs: int = 2_000
    sleep: float = 5.0
    """Seconds that each run takes."""


class Waiting(Row, kw_only=True):
    runs: int
    whole: float = msgspec.field(name="s to the last answer")
    least: float = msgspec.field(name="s at least")
    over: float = msgspec.field(name="ms over it")
    server: float = msgspec.field(name="server KB a run")
    runner: float = msgspec.field(name="runner KB a run")
    echo: float = msgspec.field(name="echo ms")
    ratio: float = msgspec.field(name="in echoes")


class Found(NamedTuple):
    """Seconds to the last answer, and kilobytes a run while all of them wait."""

    whole: float
    server: float
    runner: float


async def measure(options: Waits, put: Put) -> None:
    allow_files(options.runs + SPARE)
    found, echoes = [], []
    for _ in range(options.rounds):
        with echo() as reference, nodetool() as server:
            found.append(await waited(server, options))
            echoes.append(await echoed(reference.address, options.runs))
    whole, on_server, on_runner = (median(column) for column in zip(*found, strict=True))
    least = -(-options.runs // SHARED) * options.sleep
    beside = median(echoes)
    put(
        Waiting(
            runs=options.runs,
            whole=whole,
            least=least,
            over=(whole - least) * 1e3,
            server=on_server,
            runner=on_runner,
            echo=beside * 1e3,
            ratio=(whole - least) / beside,
        )
    )


async def waited(server: Server, options: Waits) -> Found:
    """Run all of them, each with a text of its own that has to come back."""
    path = f"/api/workflows/{await server.store(graphs.slow('bench.nodes.Sleep', options.sleep))}/run"
    await server.figures()  # the first time costs more
    before = server.memory()
    bodies = [msgspec.json.encode({"params": {"text": str(number)}}) for number in range(options.runs)]
    answers = [msgspec.json.encode({"output": str(number)}) for number in range(options.runs)]
    began = perf_counter()
    calls = asyncio.gather(*[call(server.address, path, body) for body in bodies])
    while not calls.done() and (await server.figures())['nodetool_connections{kind="waiting"}'] < options.runs:
        await asyncio.sleep(LOOK)
    more = server.memory().since(before)
    if await calls != answers:
        raise Failed("a run was answered with the output of another")
    took = perf_counter() - began
    return Found(took, more.server * 1024 / options.runs, more.runners * 1024 / options.runs)


async def echoed(address: Address, runs: int) -> float:
    """Return the seconds that the echo takes to answer as many calls at once."""
    began = perf_counter()
    answers = await asyncio.gather(*[call(address, "/workflows/any/run", b"{}") for _ in range(runs)])
    if answers != [FIFTY] * runs:
        raise Failed("the echo was wrong")
    return perf_counter() - began


async def call(address: Address, path: str, body: bytes) -> bytes:
    """Call once on a new connection, and return the body of the answer."""
    connection = await address.connect(Connection)
    try:
        return await connection.ask_well(address.request("POST", path, body))
    finally:
        connection.close()


SCRIPT = Script("waiting", "Runs at once that are waited for", Waits, lambda _: 1, measure)

if __name__ == "__main__":
    main(SCRIPT)
