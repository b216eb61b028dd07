"""One run of a large graph: what a node costs, whether the thousandth costs more, and what a new version costs once."""

from collections.abc import Callable
from statistics import median
from time import perf_counter

import msgspec

from bench import graphs
from bench.graphs import Graph
from bench.load import Address, Connection, Failed
from bench.runs import BODY, PARAMS
from bench.script import Options, Put, Row, Script, main
from bench.serving import Server, echo, nodetool
from bench.sockets import open_socket, run_job
from bench.stream import by_frames


class Sizes(Options, frozen=True, kw_only=True):
    rounds: int = 5
    chains: tuple[int, ...] = (100, 1_000, 10_000)
    fans: tuple[int, ...] = (1_000,)
    huge: tuple[int, ...] = (100_000,)
    """Chains that only a server with raised limits takes."""


class Chain(Row, kw_only=True):
    graph: str
    nodes: int
    run: float = msgspec.field(name="ms")
    node: float = msgspec.field(name="µs a node")
    further: float | None = msgspec.field(name="µs a further node")
    """Against the size before it: were it larger for larger graphs, the cost would not be flat."""
    echo: float = msgspec.field(name="echo ms")
    ratio: float = msgspec.field(name="in echoes")


class Timing:
    """Runs graphs over ``/run``, and calls the echo beside each run."""

    def __init__(self, server: Server, reference: Server) -> None:
        self._server = server
        self._reference = reference
        self._echo = reference.address.request("POST", "/workflows/any/run", BODY)

    async def again(self, graph: Graph, expected: object, rounds: int) -> tuple[float, float]:
        """Return the seconds of a run of a workflow that ran before, and of an echo."""
        id = await self._server.store(graph)
        await self._run(id, expected)
        return await self._both([id] * rounds, expected)

    async def new(self, make: Callable[[str], Graph], expected: object, rounds: int) -> tuple[float, float]:
        """Return the same of workflows that never ran: each is planned first."""
        ids = [await self._server.store(make(f"version-{number}-")) for number in range(rounds)]
        return await self._both(ids, expected)

    async def heard(self, graph: Graph, rounds: int) -> tuple[float, float]:
        """Return the seconds until a client of the socket has every event of a run, and of an echo."""
        id = await self._server.store(graph)
        socket = await open_socket(self._server.address)
        await by_frames(socket, run_job(id, PARAMS), expected=None)
        runs, echoes = [], []
        for _ in range(rounds):
            runs.append((await by_frames(socket, run_job(id, PARAMS), expected=None)).whole)
            echoes.append((await timed(self._reference.address, self._echo))[1])
        socket.close()
        return median(runs), median(echoes)

    async def _both(self, ids: list[str], expected: object) -> tuple[float, float]:
        runs, echoes = [], []
        for id in ids:
            runs.append(await self._run(id, expected))
            echoes.append((await timed(self._reference.address, self._echo))[1])
        return median(runs), median(echoes)

    async def _run(self, id: str, expected: object) -> float:
        request = self._server.address.request("POST", f"/api/workflows/{id}/run", BODY)
        answer, took = await timed(self._server.address, request)
        if msgspec.json.decode(answer) != {"output": expected}:
            raise Failed(f"a wrong answer: {answer[:500]!r}")
        return took


async def timed(address: Address, request: bytes) -> tuple[bytes, float]:
    """Return an answer, and how many seconds it took. The connection stands, and was used, before they are counted."""
    connection = await address.connect(Connection)
    try:
        await connection.ask_well(address.request("GET", "/health"))
        began = perf_counter()
        return await connection.ask_well(request), perf_counter() - began
    finally:
        connection.close()


async def measure(options: Sizes, put: Put) -> None:
    with echo() as reference, nodetool() as server:
        timing = Timing(server, reference)
        await chains(timing, options, put)
        await first_runs(timing, options, put)
        await over_sockets(timing, options, put)
        await fans(timing, options, put)
    for length in options.huge:
        with echo() as reference, nodetool(*allowing(length)) as server:
            took = await Timing(server, reference).again(graphs.chain(length), graphs.CHANGED, options.rounds)
            put(row("chain, limits raised", length, None, *took))


def allowing(nodes: int) -> list[str]:
    """Return the options of a server that takes a chain of so many."""
    return ["--max-nodes", f"{nodes + 10}", "--max-edges", f"{nodes + 10}", "--max-body", f"{nodes * 1000}"]


async def chains(timing: Timing, options: Sizes, put: Put) -> None:
    before: Chain | None = None
    for length in options.chains:
        took = await timing.again(graphs.chain(length), graphs.CHANGED, options.rounds)
        before = row("chain", length, before, *took)
        put(before)


async def first_runs(timing: Timing, options: Sizes, put: Put) -> None:
    length = max(options.chains)
    took = await timing.new(lambda salt: graphs.chain(length, salt), graphs.CHANGED, options.rounds)
    put(row("chain, new, first run", length, None, *took))


async def over_sockets(timing: Timing, options: Sizes, put: Put) -> None:
    length = max(options.chains)
    put(
        row("chain, every event over a socket", length, None, *await timing.heard(graphs.chain(length), options.rounds))
    )


async def fans(timing: Timing, options: Sizes, put: Put) -> None:
    for width in options.fans:
        took = await timing.again(graphs.fan(width), [graphs.CHANGED] * width, options.rounds)
        put(row("fan-out and back", width, None, *took))


def row(graph: str, nodes: int, before: Chain | None, run: float, echo: float) -> Chain:
    further = (run * 1e6 - before.run * 1e3) / (nodes - before.nodes) if before else None
    return Chain(
        graph=graph,
        nodes=nodes,
        run=run * 1e3,
        node=run * 1e6 / nodes,
        further=further,
        echo=echo * 1e3,
        ratio=run / echo,
    )


SCRIPT = Script(
    "chain",
    "One run of a large graph",
    Sizes,
    lambda options: len(options.chains) + 2 + len(options.fans) + len(options.huge),
    measure,
)

if __name__ == "__main__":
    main(SCRIPT)
