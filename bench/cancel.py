"""From ``cancel_job`` to the terminal event, over the socket, for nodes that wait, that block, that compute."""

import asyncio
from statistics import median
from time import perf_counter

import msgspec

from bench import graphs
from bench.load import Failed
from bench.script import Options, Put, Row, Script, main, quantile
from bench.serving import echo, nodetool
from bench.sockets import Event, Socket, open_socket, run_job

SLOW = 60.0
"""Seconds that a node would take: nothing ends by itself here."""

UNDER_WAY = 0.02
"""Seconds between the event that the node runs and its cancel."""


class Times(Options, frozen=True, kw_only=True):
    times: int = 200
    """Cancels of a node that waits."""
    hard: int = 20
    """Of those that have to be killed: each takes a quarter of a second, and a new process."""


class Latency(Row, kw_only=True):
    node: str
    times: int
    p50: float = msgspec.field(name="p50 ms")
    p99: float = msgspec.field(name="p99 ms")
    most: float = msgspec.field(name="max ms")
    echo: float = msgspec.field(name="echo ms")
    ratio: float = msgspec.field(name="in echoes")


async def measure(options: Times, put: Put) -> None:
    times = {"Sleep": options.times, "BlockingSleep": options.hard, "Busy": options.hard}
    with echo() as reference, nodetool() as server:
        socket = await open_socket(server.address)
        frames = await open_socket(reference.address, "/frames")
        for name, count in times.items():
            id = await server.store(graphs.slow(f"bench.nodes.{name}", SLOW))
            cancels, echoes = [], []
            for _ in range(count):
                cancels.append(await cancelled(socket, id))
                echoes.append(await echoed(frames))
            put(row(name, cancels, echoes))


async def cancelled(socket: Socket, workflow_id: str) -> float:
    """Run a workflow, cancel it once its slow node runs, and return the seconds until it had ended."""
    socket.send(run_job(workflow_id, {"text": graphs.TEXT}))
    job = await socket.event(lambda event: event.type == "node_update" and event.status == "running")
    await asyncio.sleep(UNDER_WAY)
    began = perf_counter()
    socket.send({"command": "cancel_job", "data": {"job_id": job.job_id}})
    last: Event = await socket.event(lambda event: event.is_last)
    took = perf_counter() - began
    if last.status != "cancelled" or last.job_id != job.job_id:
        raise Failed(f"cancelled, but it ended so: {last}")
    return took


async def echoed(frames: Socket) -> float:
    """Return the seconds of a frame there and a frame back."""
    began = perf_counter()
    frames.send(1)
    await frames.receive()
    return perf_counter() - began


def row(name: str, cancels: list[float], echoes: list[float]) -> Latency:
    middle, echo = median(cancels), median(echoes)
    return Latency(
        node=name,
        times=len(cancels),
        p50=middle * 1e3,
        p99=quantile(cancels, 0.99) * 1e3,
        most=max(cancels) * 1e3,
        echo=echo * 1e3,
        ratio=middle / echo,
    )


SCRIPT = Script("cancel", "From cancel_job to cancelled", Times, lambda _: 3, measure)

if __name__ == "__main__":
    main(SCRIPT)
