"""Durable runs a second over sockets: each connection keeps some under way, and hears every event of each."""

import asyncio
from statistics import median
from time import perf_counter

import msgspec

from bench import graphs
from bench.load import Address, Failed
from bench.script import Options, Put, Row, Script, main
from bench.serving import Sync, echo, nodetool
from bench.sockets import Socket, event_of, open_socket, run_job

COMMAND = {"text": graphs.TEXT}


class Talks(Options, frozen=True, kw_only=True):
    rounds: int = 3
    seconds: float = 3.0
    connections: tuple[int, ...] = (1, 16)
    sync: tuple[Sync, ...] = ("full", "normal")
    window: int = 64
    """Runs under way at once, over all connections."""


class Talk(Row, kw_only=True):
    sync: str
    connections: int
    rate: float = msgspec.field(name="runs/s")
    events: float = msgspec.field(name="events/s")
    echo_rate: float = msgspec.field(name="echo frames/s")
    ratio: float = msgspec.field(name="events of echo")


async def measure(options: Talks, put: Put) -> None:
    with echo() as reference:
        for sync in options.sync:
            with nodetool(sync=sync) as server:
                id = await server.store(graphs.chain(1))
                for connections in options.connections:
                    rounds, echoes = [], []
                    for _ in range(options.rounds):
                        rounds.append(await talked(server.address, id, connections, options))
                        echoes.append(await echoed(reference.address, connections, options.seconds / 3))
                    rate, events = (median(part) for part in zip(*rounds, strict=True))
                    beside = median(echoes)
                    put(
                        Talk(
                            sync=sync,
                            connections=connections,
                            rate=rate,
                            events=events,
                            echo_rate=beside,
                            ratio=events / beside,
                        )
                    )


async def talked(address: Address, workflow_id: str, connections: int, options: Talks) -> tuple[float, float]:
    """Return runs and events a second."""
    each = max(1, options.window // connections)
    sockets = [await open_socket(address) for _ in range(connections)]
    began = perf_counter()
    stop = began + options.seconds
    counts = await asyncio.gather(*(hear(socket, workflow_id, each, stop) for socket in sockets))
    took = perf_counter() - began
    for socket in sockets:
        socket.close()
    runs, events = (sum(part) for part in zip(*counts, strict=True))
    return runs / took, events / took


async def hear(socket: Socket, workflow_id: str, window: int, stop: float) -> tuple[int, int]:
    """Keep *window* runs under way until *stop*; return how many ended, and how many events they told.

    Raises Failed if one is lost, tells an event twice or leaves one out, or does not complete.
    """
    command = run_job(workflow_id, COMMAND)
    last: dict[str, int] = {}
    open = ended = events = 0
    for _ in range(window):
        socket.send(command)
        open += 1
    while open:
        for frame in await socket.receive():
            event = event_of(frame)
            if not event.seq:
                if event.type == "error":
                    raise Failed(event.error)
                continue
            events += 1
            if event.seq != last.get(event.job_id, 0) + 1:
                raise Failed(f"event {event.seq} came behind {last.get(event.job_id, 0)}")
            last[event.job_id] = event.seq
            if not event.is_last:
                continue
            if event.status != "completed":
                raise Failed(f"a run ended {event.status}")
            del last[event.job_id]
            ended += 1
            open -= 1
            if perf_counter() < stop:
                socket.send(command)
                open += 1
    return ended, events


async def echoed(address: Address, connections: int, seconds: float, burst: int = 16) -> float:
    """Return the frames a second that the echo sends, as many for each that it gets as a run has events."""
    sockets = [await open_socket(address, "/frames") for _ in range(connections)]
    stop = perf_counter() + seconds

    async def hear(socket: Socket) -> int:
        count = 0
        while perf_counter() < stop:
            socket.send(burst)
            got = 0
            while got < burst:
                got += len(await socket.receive())
            count += got
        return count

    began = perf_counter()
    counts = await asyncio.gather(*map(hear, sockets))
    took = perf_counter() - began
    for socket in sockets:
        socket.close()
    return sum(counts) / took


SCRIPT = Script(
    "talk", "Runs over sockets", Talks, lambda options: len(options.sync) * len(options.connections), measure
)

if __name__ == "__main__":
    main(SCRIPT)
