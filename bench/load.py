"""A small, fast client for measuring: HTTP/1.1 over kept connections, and nothing parsed that need not be.

It is an instrument and no general client: no TLS, no redirects, no compression. It shares the machine with what it
measures, so what it spends on a call is kept near ten microseconds.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple, TypeVar, cast

import msgspec

PATIENCE = 30.0
"""Seconds until a call that is not answered is given up."""

OK = b"HTTP/1.1 200 "
HEAD_END = b"\r\n\r\n"

Protocol = TypeVar("Protocol", bound=asyncio.Protocol)


class Failed(Exception):
    """An answer was wrong, or none came: then there is no number."""


class Address(NamedTuple):
    host: str
    port: int

    async def connect(self, make: Callable[[], Protocol]) -> Protocol:
        """Open a connection. TCP_NODELAY is set by the loop."""
        _, protocol = await asyncio.get_running_loop().create_connection(make, self.host, self.port)
        return protocol

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Return the bytes of a request, which can be sent any number of times."""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


class Answer(NamedTuple):
    status: int
    body: bytes
    """Empty if its pieces were handed over as they came."""


class Connection(asyncio.Protocol):
    """One kept connection, for one call at a time."""

    def __init__(self) -> None:
        self._rest = b""
        self._status = 0
        self._left: int | None = None
        """Bytes of the body that are still to come; None for a chunked one."""
        self._done: asyncio.Future[Answer] | None = None

    async def ask(self, request: bytes, on_piece: Callable[[bytes], object] | None = None) -> Answer:
        """Send a request, and return once it is answered. Raises Failed if it never is."""
        self._pieces: list[bytes] = []
        self._take = on_piece or self._pieces.append
        self._done = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._done
        except TimeoutError as error:
            raise Failed(f"no answer for {PATIENCE} seconds") from error

    async def ask_well(self, request: bytes, on_piece: Callable[[bytes], object] | None = None) -> bytes:
        """Return the body of an answer. Raises Failed if it is not a 200."""
        status, body = await self.ask(request, on_piece)
        if status != 200:
            raise Failed(f"{status}: {body[:500].decode(errors='replace')}")
        return body

    def close(self) -> None:
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._done and not self._done.done():
            self._done.set_exception(exc or Failed("the connection was closed"))

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        self._rest = b""
        if not self._status:
            head, found, data = data.partition(HEAD_END)
            if not found:
                self._rest = head
                return
            self._status, self._left = read_head(head)
        if self._left is None:
            self._chunks(data)
        else:
            self._sized(data, self._left)

    def _sized(self, data: bytes, left: int) -> None:
        if data:
            self._take(data)
        self._left = left - len(data)
        if self._left <= 0:
            self._finish()

    def _chunks(self, data: bytes) -> None:
        start = 0
        while (line := data.find(b"\r\n", start)) >= 0:
            size = int(data[start:line], 16)
            end = line + 2 + size
            if len(data) < end + 2:
                break
            if not size:
                self._finish()
                return
            self._take(data[line + 2 : end])
            start = end + 2
        self._rest = data[start:]

    def _finish(self) -> None:
        status, self._status = self._status, 0
        if self._done and not self._done.done():
            self._done.set_result(Answer(status, b"".join(self._pieces)))


def read_head(head: bytes) -> tuple[int, int | None]:
    """Return the status and the length of the body that follows; None if it comes in chunks."""
    lower = head.lower()
    if b"transfer-encoding: chunked" in lower:
        return int(head[9:12]), None
    _, _, length = lower.partition(b"content-length:")
    return int(head[9:12]), int(length.partition(b"\r\n")[0] or 0)


async def ask(address: Address, method: str, path: str, value: Any = None) -> Any:
    """Call once with *value* as JSON, and return the decoded answer. Raises Failed if it is not a 200."""
    connection = await address.connect(Connection)
    try:
        body = b"" if value is None else msgspec.json.encode(value)
        return msgspec.json.decode(await connection.ask_well(address.request(method, path, body)))
    finally:
        connection.close()


# Load: the same call again and again.


@dataclass
class Tally:
    """What became of many calls."""

    latencies: list[float] = field(default_factory=list)
    """Seconds, of every call."""
    wrong: list[bytes] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds


IsRight = Callable[[bytes], bool]
"""Whether these bytes are the whole of the answer that is expected."""


def is_exactly(expected: bytes) -> IsRight:
    """Expect a 200 with this body."""
    end = HEAD_END + expected
    return lambda data: data.startswith(OK) and data.endswith(end)


class Caller(asyncio.Protocol):
    """Calls again as soon as it is answered, until the time is over. Every answer is looked at, as bytes.

    It lives in the callbacks of its connection: a task and a future would double what a call costs here.
    """

    def __init__(self, request: bytes, is_right: IsRight, tally: Tally) -> None:
        self.over = asyncio.get_running_loop().create_future()
        self._request = request
        self._is_right = is_right
        self._tally = tally
        self._rest = b""
        self._sent = self._until = 0.0

    def begin(self, until: float) -> None:
        self._until = until
        self._call(perf_counter())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._sent:
            self._tally.wrong.append(f"the connection was lost: {exc}".encode())
        if not self.over.done():
            self.over.set_result(None)

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        if not self._is_right(data):
            if not is_whole(data):
                self._rest = data
                return
            self._tally.wrong.append(data)
        self._rest = b""
        now = perf_counter()
        self._tally.latencies.append(now - self._sent)
        self._call(now)

    def _call(self, now: float) -> None:
        if now < self._until:
            self._sent = now
            self._transport.write(self._request)
        else:
            self._sent = 0.0
            self._transport.close()


def is_whole(data: bytes) -> bool:
    """Tell whether *data* is a whole answer with a sized body."""
    head, found, body = data.partition(HEAD_END)
    return bool(found) and len(body) >= (read_head(head)[1] or 0)


async def call(address: Address, request: bytes, is_right: IsRight, *, clients: int, seconds: float) -> Tally:
    """Have some clients send *request* for some seconds, each without a pause.

    Raises:
        Failed: an answer was not right, or did not come.
    """
    tally = Tally()
    make = partial(Caller, request, is_right, tally)
    callers = [await address.connect(make) for _ in range(clients)]
    began = perf_counter()
    for caller in callers:
        caller.begin(began + seconds)
    await answered([caller.over for caller in callers], seconds + PATIENCE)
    tally.seconds = perf_counter() - began
    if tally.wrong:
        raise Failed(f"{len(tally.wrong)} wrong answers, the first: {tally.wrong[0][:500].decode(errors='replace')}")
    return tally


async def answered(waits: Iterable["asyncio.Future[None]"], seconds: float) -> None:
    _, late = await asyncio.wait(list(waits), timeout=seconds)
    if late:
        raise Failed(f"{len(late)} calls were never answered")
