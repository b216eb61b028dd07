"""Jobs accepted a second: ``POST …/jobs`` answers once a job is stored, and goes on until all have ended."""

import asyncio
from collections.abc import Mapping
from statistics import median
from time import perf_counter
from typing import NamedTuple

import msgspec

from bench import graphs, machine
from bench.echo import FIFTY
from bench.load import Failed, IsRight, Tally, call, is_exactly
from bench.runs import BODY, WARM_UP
from bench.script import Options, Put, Row, Script, main, medians, quantile
from bench.serving import Server, Sync, echo, nodetool

ACCEPTED = b"HTTP/1.1 202 "
LAST = b'/retry"}}'
"""What an answer ends with: links to the job."""

LOOK = 0.02
"""Seconds between two looks at how many have ended."""


class Load(Options, frozen=True, kw_only=True):
    rounds: int = 3
    seconds: float = 3.0
    clients: int = 16
    sync: tuple[Sync, ...] = ("full", "normal")


class Accepts(Row, kw_only=True):
    sync: str
    clients: int
    rate: float = msgspec.field(name="accepted/s")
    p50: float = msgspec.field(name="p50 ms")
    p99: float = msgspec.field(name="p99 ms")
    ended: float = msgspec.field(name="ended/s")
    server: float = msgspec.field(name="server µs")
    runner: float = msgspec.field(name="runner µs")
    fsync: float = msgspec.field(name="fsync µs")
    echo_rate: float = msgspec.field(name="echo/s")
    ratio: float = msgspec.field(name="of echo")


class Round(NamedTuple):
    """Of one measurement: rates a second, milliseconds, and microseconds of CPU time a job."""

    accepted: float
    p50: float
    p99: float
    ended: float
    server: float
    runner: float


async def measure(options: Load, put: Put) -> None:
    with echo() as reference:
        for sync in options.sync:
            with nodetool(sync=sync) as server:
                ours = Side(server, f"/api/workflows/{await server.store(graphs.chain(1))}/jobs", options.clients)
                beside = Side(reference, "/workflows/any/run", options.clients)
                put(await alternate(ours, beside, sync, options))


class Side:
    """A server, and the call that it gets from some clients."""

    def __init__(self, server: Server, path: str, clients: int) -> None:
        self._server = server
        self._request = server.address.request("POST", path, BODY)
        self._clients = clients

    async def rate(self, seconds: float) -> float:
        """Return the rate of the echo."""
        return (await self._call(is_exactly(FIFTY), seconds)).rate

    async def round(self, seconds: float) -> Round:
        """Have jobs accepted for some seconds, and wait until each of them has completed."""
        before, spent = await self._server.figures(), self._server.cpu()
        began = perf_counter()
        tally = await self._call(is_accepted, seconds)
        jobs = len(tally.latencies)
        while completed(before, await self._server.figures()) < jobs:
            await asyncio.sleep(LOOK)
        took, cost = perf_counter() - began, self._server.cpu().since(spent)
        p50, p99 = (quantile(tally.latencies, part) * 1e3 for part in (0.5, 0.99))
        return Round(tally.rate, p50, p99, jobs / took, cost.server / jobs * 1e6, cost.runners / jobs * 1e6)

    async def _call(self, is_right: IsRight, seconds: float) -> Tally:
        address = self._server.address
        return await call(address, self._request, is_right, clients=self._clients, seconds=seconds)


def is_accepted(data: bytes) -> bool:
    return data.startswith(ACCEPTED) and data.endswith(LAST)


def completed(before: Mapping[str, float], now: Mapping[str, float]) -> float:
    """Return how many jobs have completed between two looks at the figures. Raises Failed if one ended otherwise."""
    ended = {name: now[name] - before[name] for name in now if name.startswith("nodetool_jobs_ended_total")}
    well = ended.pop('nodetool_jobs_ended_total{status="completed"}')
    if any(ended.values()):
        raise Failed(f"jobs that did not complete: {ended}")
    return well


async def alternate(ours: Side, beside: Side, sync: str, options: Load) -> Accepts:
    """Measure both sides in turn, so that a disturbance from outside meets both."""
    rounds, echoes, fsyncs = [], [], []
    warm_up = min(WARM_UP, options.seconds)
    await ours.round(warm_up)
    await beside.rate(warm_up)
    for _ in range(options.rounds):
        fsyncs.append(machine.fsync_us())
        rounds.append(await ours.round(options.seconds))
        echoes.append(await beside.rate(options.seconds))
    middle, echo_rate = Round(*medians(rounds)), median(echoes)
    return Accepts(
        sync=sync,
        clients=options.clients,
        rate=middle.accepted,
        p50=middle.p50,
        p99=middle.p99,
        ended=middle.ended,
        server=middle.server,
        runner=middle.runner,
        fsync=median(fsyncs),
        echo_rate=echo_rate,
        ratio=middle.accepted / echo_rate,
    )


SCRIPT = Script("accept", "Jobs accepted, until all have ended", Load, lambda options: len(options.sync), measure)

if __name__ == "__main__":
    main(SCRIPT)
