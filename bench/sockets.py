"""A WebSocket client that counts frames: it cuts them apart, and decodes only what it is asked to."""

import asyncio
import base64
import os
from collections.abc import Callable
from typing import Any, cast

import msgspec

from bench.load import HEAD_END, PATIENCE, Address, Failed

BINARY, CLOSE, PING, PONG = 2, 8, 9, 10

ENDED = frozenset({"completed", "failed", "cancelled"})


class Event(msgspec.Struct):
    """What is looked at in a frame."""

    type: str = ""
    status: str = ""
    job_id: str = ""
    seq: int = 0
    error: str | None = None

    @property
    def is_last(self) -> bool:
        return self.type == "job_update" and self.status in ENDED


_event = msgspec.msgpack.Decoder(Event)


def event_of(frame: bytes) -> Event:
    return _event.decode(frame)


class Socket(asyncio.Protocol):
    """A connection for MessagePack frames. Opened by ``open_socket``."""

    def __init__(self) -> None:
        self.is_open = asyncio.get_running_loop().create_future()
        self._rest = b""
        self._frames: list[bytes] = []
        self._waiter: asyncio.Future[None] | None = None
        self.is_lost = False

    def send(self, message: Any) -> None:
        self._transport.write(masked(BINARY, msgspec.msgpack.encode(message)))

    async def receive(self) -> list[bytes]:
        """Return the frames that came since the last call, at least one. Raises Failed when none comes."""
        while not self._frames:
            if self.is_lost:
                raise Failed("the socket was closed")
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._waiter
            except TimeoutError as error:
                raise Failed(f"no frame for {PATIENCE} seconds") from error
        frames, self._frames = self._frames, []
        return frames

    async def event(self, is_wanted: Callable[[Event], bool]) -> Event:
        """Read on to an event, and return it. Raises Failed for a reply that refuses."""
        while True:
            frames = await self.receive()
            for number, frame in enumerate(frames):
                event = event_of(frame)
                if event.type == "error":
                    raise Failed(event.error)
                if is_wanted(event):
                    self._frames = frames[number + 1 :] + self._frames
                    return event

    def close(self) -> None:
        self._transport.close()

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.is_lost = True
        if not self.is_open.done():
            self.is_open.set_exception(Failed("the socket was refused"))
        self._wake()

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        if not self.is_open.done():
            head, found, data = data.partition(HEAD_END)
            if not found or b" 101 " not in head[:20]:
                self._rest = head
                return
            self.is_open.set_result(None)
        self._cut(data)
        if self._frames:
            self._wake()

    def _cut(self, data: bytes) -> None:
        """Take the whole frames out of *data*. A server does not mask."""
        start, size = 0, len(data)
        while size - start >= 2:
            length, begin = data[start + 1], start + 2
            if length == 126:
                length, begin = int.from_bytes(data[begin : begin + 2]), begin + 2
            elif length == 127:
                length, begin = int.from_bytes(data[begin : begin + 8]), begin + 8
            end = begin + length
            if end > size:
                break
            kind = data[start] & 15
            if kind == BINARY:
                self._frames.append(data[begin:end])
            elif kind == PING:
                self._transport.write(masked(PONG, data[begin:end]))
            elif kind == CLOSE:
                self._transport.close()
            start = end
        self._rest = data[start:]

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)


def masked(kind: int, payload: bytes) -> bytes:
    """Return a frame as a client sends it."""
    size, mask = len(payload), os.urandom(4)
    if size < 126:
        head = bytes((0x80 | kind, 0x80 | size))
    elif size < 1 << 16:
        head = bytes((0x80 | kind, 0x80 | 126)) + size.to_bytes(2)
    else:
        head = bytes((0x80 | kind, 0x80 | 127)) + size.to_bytes(8)
    repeated = (mask * (size // 4 + 1))[:size]
    return head + mask + (int.from_bytes(payload) ^ int.from_bytes(repeated)).to_bytes(size)


async def open_socket(address: Address, path: str = "/predict") -> Socket:
    """Shake hands. Raises Failed if the server does not want to."""
    socket = await address.connect(Socket)
    key = base64.b64encode(os.urandom(16)).decode()
    socket.write(
        (
            f"GET {path} HTTP/1.1\r\nHost: {address.host}:{address.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ).encode()
    )
    async with asyncio.timeout(PATIENCE):
        await socket.is_open
    return socket


def run_job(workflow_id: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"command": "run_job", "data": {"workflow_id": workflow_id, "params": params or {}}}
