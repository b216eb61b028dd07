"""Durable runs a second: three nodes, one call each, every answer compared; beside the echo, which stores nothing."""

from collections.abc import Sequence

import msgspec

from bench import graphs
from bench.echo import FIFTY
from bench.load import Address, call, is_exactly
from bench.script import Options, Put, Row, Script, main, medians, quantile
from bench.serving import Server, Sync, echo, nodetool

PARAMS = {"text": graphs.TEXT}
BODY = msgspec.json.encode({"params": PARAMS})
ANSWER = msgspec.json.encode({"output": graphs.CHANGED})

WARM_UP = 0.5
"""Seconds of calls before the first that count."""


class Load(Options, frozen=True, kw_only=True):
    rounds: int = 3
    seconds: float = 3.0
    clients: tuple[int, ...] = (1, 16, 64)
    sync: tuple[Sync, ...] = ("full", "normal")


class Runs(Row, kw_only=True):
    sync: str
    clients: int
    rate: float = msgspec.field(name="runs/s")
    p50: float = msgspec.field(name="p50 ms")
    p99: float = msgspec.field(name="p99 ms")
    server: float = msgspec.field(name="server µs")
    runner: float = msgspec.field(name="runner µs")
    echo_rate: float = msgspec.field(name="echo/s")
    echo_p50: float = msgspec.field(name="echo p50 ms")
    echo_cpu: float = msgspec.field(name="echo µs")
    ratio: float = msgspec.field(name="of echo")


class Side:
    """A server, and the call that it gets."""

    def __init__(self, server: Server, path: str, expected: bytes) -> None:
        self._server = server
        self._address: Address = server.address
        self._request = server.address.request("POST", path, BODY)
        self._is_right = is_exactly(expected)

    async def round(self, clients: int, seconds: float) -> Sequence[float]:
        """Return calls a second, milliseconds (p50, p99), and microseconds of CPU a call (server, runners)."""
        before = self._server.cpu()
        tally = await call(self._address, self._request, self._is_right, clients=clients, seconds=seconds)
        spent, calls = self._server.cpu().since(before), len(tally.latencies)
        waits = [quantile(tally.latencies, part) * 1e3 for part in (0.5, 0.99)]
        return tally.rate, *waits, *(seconds / calls * 1e6 for seconds in spent)


async def measure(options: Load, put: Put) -> None:
    with echo() as reference:
        beside = Side(reference, "/workflows/any/run", FIFTY)
        for sync in options.sync:
            with nodetool(sync=sync) as server:
                ours = Side(server, f"/api/workflows/{await server.store(graphs.chain(1))}/run", ANSWER)
                for clients in options.clients:
                    put(await alternate(ours, beside, sync, clients, options))


async def alternate(ours: Side, beside: Side, sync: str, clients: int, options: Load) -> Runs:
    """Measure both sides in turn, so that a disturbance from outside meets both."""
    rounds, echoes = [], []
    for side in (ours, beside):
        await side.round(clients, min(WARM_UP, options.seconds))
    for _ in range(options.rounds):
        rounds.append(await ours.round(clients, options.seconds))
        echoes.append(await beside.round(clients, options.seconds))
    rate, p50, p99, server, runner = medians(rounds)
    echo_rate, echo_p50, _, echo_cpu, _ = medians(echoes)
    return Runs(
        sync=sync,
        clients=clients,
        rate=rate,
        p50=p50,
        p99=p99,
        server=server,
        runner=runner,
        echo_rate=echo_rate,
        echo_p50=echo_p50,
        echo_cpu=echo_cpu,
        ratio=rate / echo_rate,
    )


SCRIPT = Script(
    "runs", "Durable runs of three nodes", Load, lambda options: len(options.sync) * len(options.clients), measure
)

if __name__ == "__main__":
    main(SCRIPT)
