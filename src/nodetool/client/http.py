"""HTTP as the client needs it: an exchange at a time over a connection, and bodies that are read as they come."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlencode, urlsplit

from httptools import HttpParserError, HttpResponseParser

from nodetool.client.errors import BadAnswer, Unreachable

READ_BYTES = 64 * 1024

IDLE = 2.0
"""Seconds that a connection waits for its next exchange. Servers close idle ones, but none so soon."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is: its URL, taken apart."""

    secure: bool
    host: str
    port: int
    path: str
    """What stands before every path, if the server is behind something that adds it."""

    @classmethod
    def of(cls, url: str) -> Self:
        """Raises ValueError: this is no URL of a server."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"expected a URL like http://127.0.0.1:8000, got {url!r}")
        secure = parts.scheme == "https"
        return cls(secure, parts.hostname, parts.port or (443 if secure else 80), parts.path.rstrip("/"))

    @property
    def place(self) -> str:
        """Host and port, as a Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"

    def socket_url(self, path: str) -> str:
        return f"{'wss' if self.secure else 'ws'}://{self.place}{self.path}{path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for."""

    method: str
    path: str
    query: Mapping[str, str | int | float] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    def encode(self, address: Address, headers: Mapping[str, str]) -> bytes:
        query = f"?{urlencode(self.query)}" if self.query else ""
        given = {"Host": address.place, **headers, **self.headers}
        if self.body is not None:
            given |= {"Content-Type": "application/json", "Content-Length": str(len(self.body))}
        elif self.method != "GET":
            given["Content-Length"] = "0"
        lines = [f"{self.method} {address.path}{self.path}{query} HTTP/1.1", *map(": ".join, given.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + (self.body or b"")


class Incoming:
    """An answer whose head is here; its body is read once, as it comes. Its parser calls the ``on_`` methods."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        """By their names in lower case."""
        self.complete = False
        self._keeps_alive = False
        self._reader = reader
        self._parser = HttpResponseParser(self)
        self._bodies: list[bytes] = []

    async def chunks(self, silence: float | None = None) -> AsyncIterator[bytes]:
        """Yield the body in the pieces it comes in.

        Raises:
            Unreachable: it broke off, or nothing came for *silence* seconds.
        """
        while True:
            bodies, self._bodies = self._bodies, []
            for body in bodies:
                yield body
            if self.complete:
                return
            await self._read(silence)

    async def body(self, silence: float | None = None) -> bytes:
        return b"".join([chunk async for chunk in self.chunks(silence)])

    async def read_head(self) -> None:
        while not self.status:
            await self._read(None)

    async def _read(self, silence: float | None) -> None:
        try:
            async with asyncio.timeout(silence):
                data = await self._reader.read(READ_BYTES)
            if data:
                self._parser.feed_data(data)
            else:
                self._end()
        except TimeoutError:
            raise Unreachable(f"nothing came for {silence:g} seconds") from None
        except OSError as error:
            raise Unreachable(f"the connection was lost: {error}") from error
        except HttpParserError as error:
            raise BadAnswer(f"the answer is not HTTP: {error}") from error

    def _end(self) -> None:
        """The server closed the connection: the end of an answer only if nothing else tells where that is."""
        if not self.status or "content-length" in self.headers or "transfer-encoding" in self.headers:
            raise Unreachable("the connection was lost in the middle of an answer")
        self.complete = True

    @property
    def keeps_alive(self) -> bool:
        """Whether the connection can be used again."""
        return self.complete and not self._bodies and self._keeps_alive

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        self._keeps_alive = self._parser.should_keep_alive()  # the parser forgets it with the end of the body

    def on_body(self, body: bytes) -> None:
        self._bodies.append(body)

    def on_message_complete(self) -> None:
        self.complete = True


@dataclass(slots=True)
class Connection:
    """A connection that carries one exchange at a time."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    idle_since: float = 0.0

    async def exchange(self, request: bytes) -> Incoming:
        try:
            self.writer.write(request)
            await self.writer.drain()
        except OSError as error:
            raise Unreachable(f"the connection was lost: {error}") from error
        incoming = Incoming(self.reader)
        await incoming.read_head()
        return incoming

    def is_fresh(self, now: float) -> bool:
        return now - self.idle_since < IDLE and not self.reader.at_eof() and not self.writer.is_closing()

    def cut(self) -> None:
        self.writer.transport.abort()


class Http:
    """The way to one server. Connections are opened as they are needed, and kept for a moment."""

    def __init__(self, address: Address, headers: Mapping[str, str], *, timeout: float) -> None:
        self.address = address
        self.headers = headers
        self.timeout = timeout
        """Seconds to connect in, and to answer in where nothing else is said."""
        self._ssl = ssl.create_default_context() if address.secure else None
        self._idle: list[Connection] = []

    @asynccontextmanager
    async def open(self, request: Request, *, timeout: float | None) -> AsyncIterator[Incoming]:
        """Send a request. A block that is left before the body was read to its end cuts the connection.

        Raises:
            Unreachable: there is no connection, or no head of an answer after *timeout* seconds.
            BadAnswer: what answers does not speak HTTP.
        """
        connection = await self._connection()
        incoming: Incoming | None = None
        try:
            incoming = await self._exchange(connection, request, timeout)
            yield incoming
        finally:
            if incoming is not None and incoming.keeps_alive:
                connection.idle_since = time.monotonic()
                self._idle.append(connection)
            else:
                connection.cut()

    async def close(self) -> None:
        while self._idle:
            connection = self._idle.pop()
            connection.cut()
            await asyncio.wait([asyncio.ensure_future(connection.writer.wait_closed())])

    async def _exchange(self, connection: Connection, request: Request, timeout: float | None) -> Incoming:
        try:
            async with asyncio.timeout(timeout):
                return await connection.exchange(request.encode(self.address, self.headers))
        except TimeoutError:
            raise Unreachable(f"{self.address.place} did not answer in {timeout:g} seconds") from None

    async def _connection(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_fresh(time.monotonic()):
                return connection
            connection.cut()
        return await self._connect()

    async def _connect(self) -> Connection:
        address = self.address
        try:
            async with asyncio.timeout(self.timeout):
                return Connection(*await asyncio.open_connection(address.host, address.port, ssl=self._ssl))
        except TimeoutError:
            raise Unreachable(f"no connection to {address.place} in {self.timeout:g} seconds") from None
        except OSError as error:
            raise Unreachable(f"no connection to {address.place}: {error.strerror or error}") from error
