"""Events a second: one node sends many items to an output, and a client gets every event; counted, not parsed."""

from dataclasses import dataclass
from itertools import product
from statistics import median
from time import perf_counter
from typing import Any, Literal, NamedTuple

import msgspec

from bench import graphs
from bench.load import Address, Connection, Failed
from bench.script import Options, Put, Row, Script, main
from bench.serving import Server, echo, nodetool
from bench.sockets import Event, Socket, event_of, open_socket, run_job

Over = Literal["ndjson", "websocket"]

_event = msgspec.json.Decoder(Event)


class Streams(Options, frozen=True, kw_only=True):
    rounds: int = 5
    items: tuple[int, ...] = (10_000, 100_000)
    over: tuple[Over, ...] = ("ndjson", "websocket")


class Stream(Row, kw_only=True):
    over: str
    items: int
    events: int
    rate: float = msgspec.field(name="events/s")
    first: float = msgspec.field(name="first event ms")
    whole: float = msgspec.field(name="whole ms")
    echo_rate: float = msgspec.field(name="echo events/s")
    ratio: float = msgspec.field(name="of echo")


@dataclass
class Arrival:
    """What a client saw of one stream. Times are seconds from the request."""

    events: int = 0
    first: float = 0.0
    whole: float = 0.0

    @property
    def rate(self) -> float:
        return self.events / self.whole


class Pair(NamedTuple):
    ours: Arrival
    echo: Arrival


class LineCounter:
    """Counts lines as they come, and keeps the last one."""

    def __init__(self) -> None:
        self.count = 0
        self.first = 0.0
        self._tail: list[bytes] = []

    def take(self, piece: bytes) -> None:
        if not self.count:
            self.first = perf_counter()
        self.count += piece.count(b"\n")
        start = piece.rfind(b"\n", 0, -1) + 1
        if start or (self._tail and self._tail[-1].endswith(b"\n")):
            self._tail.clear()
        self._tail.append(piece[start:])

    @property
    def last(self) -> bytes:
        return b"".join(self._tail)


async def by_lines(address: Address, path: str, *, check: bool) -> Arrival:
    connection = await address.connect(Connection)
    lines = LineCounter()
    began = perf_counter()
    await connection.ask_well(address.request("POST", path, b"{}"), lines.take)
    ended = perf_counter()
    connection.close()
    if check:
        complete(lines.count, _event.decode(lines.last))
    return Arrival(lines.count, lines.first - began, ended - began)


async def by_frames(socket: Socket, message: Any, *, expected: int | None) -> Arrival:
    """Send *message* and count frames: so many, or up to the end of a job, whose reply is no event."""
    arrival = Arrival(-1 if expected is None else 0)
    began = perf_counter()
    socket.send(message)
    while True:
        frames = await socket.receive()
        arrival.events += len(frames)
        if not arrival.first and arrival.events > 0:
            arrival.first = perf_counter() - began
        if arrival.events == expected:
            break
        if expected is None and (last := event_of(frames[-1])).is_last:
            complete(arrival.events, last)
            break
    arrival.whole = perf_counter() - began
    return arrival


def complete(count: int, last: Event) -> None:
    """Raise Failed unless a stream of *count* events ended well, with no event missing: they are numbered."""
    if last.status != "completed" or last.seq != count:
        raise Failed(f"{count} events came, and the last is {last}")


async def ndjson(server: Server, reference: Server, id: str) -> Pair:
    """Stream a run as lines, and as many lines from the echo."""
    ours = await by_lines(server.address, f"/api/workflows/{id}/run?stream=true", check=True)
    return Pair(ours, await by_lines(reference.address, f"/lines/{ours.events}", check=False))


async def websocket(server: Server, reference: Server, id: str) -> Pair:
    """Stream a run as frames, and as many frames from the echo."""
    socket, frames = await open_socket(server.address), await open_socket(reference.address, "/frames")
    ours = await by_frames(socket, run_job(id), expected=None)
    beside = await by_frames(frames, ours.events, expected=ours.events)
    socket.close()
    frames.close()
    return Pair(ours, beside)


OVER = {"ndjson": ndjson, "websocket": websocket}


async def measure(options: Streams, put: Put) -> None:
    with echo() as reference, nodetool() as server:
        for items, over in product(options.items, options.over):
            id = await server.store(graphs.stream(items))
            pairs = [await OVER[over](server, reference, id) for _ in range(options.rounds + 1)]
            put(row(over, items, pairs[1:]))  # the first was for warming up


def row(over: str, items: int, pairs: list[Pair]) -> Stream:
    rate, echo_rate = (median(side.rate for side in sides) for sides in zip(*pairs, strict=True))
    return Stream(
        over=over,
        items=items,
        events=pairs[0].ours.events,
        rate=rate,
        first=median(pair.ours.first for pair in pairs) * 1e3,
        whole=median(pair.ours.whole for pair in pairs) * 1e3,
        echo_rate=echo_rate,
        ratio=rate / echo_rate,
    )


SCRIPT = Script(
    "stream", "Events of a stream", Streams, lambda options: len(options.items) * len(options.over), measure
)

if __name__ == "__main__":
    main(SCRIPT)
