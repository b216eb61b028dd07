"""A server that lies: it passes everything on to an honest one, and spoils what comes back.

Where a lie is told: in lines (``ndjson``), in server-sent events (``sse``), in frames of a socket (``binary`` or
``text``), in pages (``poll``). A lie is told to each reader anew.
"""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from nodetool.client.http import Address, Http, Incoming, Request
from nodetool.conformance.laws import Event
from nodetool.protocol import codec

LEFT_OUT = frozenset({"host", "connection", "content-length", "content-type", "transfer-encoding"})

EVENTS = re.compile(r"/jobs/[^/]+/events$")


class CutOff(Exception):
    """The liar breaks off here, behind these bytes."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = data


class Lie:
    """What one reader is told. This one is the truth."""

    found = ""
    """A pattern of the words in which it is found out."""
    seconds = 10.0
    """How long one reading may take."""

    def event(self, event: Event) -> list[Event]:
        """Return what is told in place of an event."""
        return [event]

    def bytes(self, data: bytes) -> bytes:
        """Return what is written in place of a line or frame. May raise CutOff."""
        return data

    def answer(self, path: str, value: Any) -> Any:
        """Return what is told in place of an answer of JSON."""
        return value

    def hears(self, path: str) -> bool:
        """Tell whether a request is passed on."""
        return True


class Liar:
    """The application. ``lie`` is told over the transport ``where``."""

    def __init__(self, honest: str) -> None:
        self.where = ""
        self.lie: type[Lie] = Lie
        self._address = Address.of(honest)
        self._http = Http(self._address, {}, timeout=30)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await self._talk(receive, send)
        else:
            await self._answer(scope, receive, send)

    async def close(self) -> None:
        await self._http.close()

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        lie = self.lie()
        if not lie.hears(scope["path"]):
            scope = {**scope, "method": "GET", "path": scope["path"].rpartition("/")[0]}
        async with self._http.open(await request_of(scope, receive), timeout=30) as incoming:
            kept = [(name.encode(), value.encode()) for name, value in incoming.headers.items() if name not in LEFT_OUT]
            kind = incoming.headers.get("content-type", "")
            headers = [*kept, (b"content-type", kind.encode())]
            await send({"type": "http.response.start", "status": incoming.status, "headers": headers})
            try:
                async for data in self._told(scope["path"], kind, incoming, lie):
                    await send({"type": "http.response.body", "body": data, "more_body": True})
            except CutOff as cut:
                await send({"type": "http.response.body", "body": cut.data, "more_body": True})
                raise  # and the connection is cut
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _told(self, path: str, kind: str, incoming: Incoming, lie: Lie) -> AsyncIterator[bytes]:
        if "ndjson" in kind or "event-stream" in kind:
            is_here = self.where == ("ndjson" if "ndjson" in kind else "sse")
            async for frame in frames_of(incoming, b"\n" if "ndjson" in kind else b"\n\n"):
                for told in told_frames(frame, lie) if is_here else [frame]:
                    yield told
            return
        body = await incoming.body()
        yield told_body(path, body, lie, self.where) if incoming.status == 200 else body

    async def _talk(self, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        async with connect(self._address.socket_url("/predict"), compression=None, max_size=None, proxy=None) as honest:
            listening = asyncio.create_task(listen(receive, honest))
            try:
                await self._tell(honest, send)
            except CutOff:
                await send({"type": "websocket.close", "code": 1011})
            finally:
                listening.cancel()

    async def _tell(self, honest: ClientConnection, send: Any) -> None:
        lie = self.lie()
        while True:
            try:
                data = await honest.recv()
            except ConnectionClosed:
                return
            mode = "binary" if isinstance(data, bytes) else "text"
            for told in told_frame(data, lie) if mode == self.where else [data]:
                await send({"type": "websocket.send", "bytes" if mode == "binary" else "text": told})


def json_of(event: Event) -> bytes:
    return codec.ascii_json(codec.to_json(event))


async def request_of(scope: Any, receive: Any) -> Request:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    query = dict(part.split("=") for part in scope["query_string"].decode().split("&") if part)
    headers = {name.decode(): value.decode() for name, value in scope["headers"] if name.decode() not in LEFT_OUT}
    return Request(method=scope["method"], path=scope["path"], query=query, headers=headers, body=body or None)


async def frames_of(incoming: Incoming, end: bytes) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in incoming.chunks():
        *whole, rest = (rest + chunk).split(end)
        for frame in whole:
            yield frame + end


def told_frames(frame: bytes, lie: Lie) -> list[bytes]:
    """Return what stands in place of a line, or of a frame of server-sent events."""
    head, brace, rest = frame.partition(b"{")
    if not brace:
        return [frame]
    events = lie.event(msgspec.json.decode(brace + rest))
    end = b"\n\n" if head else b"\n"
    return [lie.bytes((b"id: %d\ndata: " % event["seq"] if head else b"") + json_of(event) + end) for event in events]


def told_frame(data: bytes | str, lie: Lie) -> list[bytes | str]:
    """Return what stands in place of a frame of a socket."""
    if isinstance(data, str):
        value = msgspec.json.decode(data)
        told = [json_of(event) for event in lie.event(value)] if "seq" in value else [data.encode()]
        return [lie.bytes(frame).decode() for frame in told]
    value = msgspec.msgpack.decode(data)
    told = [msgspec.msgpack.encode(event) for event in lie.event(value)] if "seq" in value else [data]
    return [lie.bytes(frame) for frame in told]


def told_body(path: str, body: bytes, lie: Lie, where: str) -> bytes:
    value = msgspec.json.decode(body)
    if where == "poll" and EVENTS.search(path):
        value["events"] = [told for event in value["events"] for told in lie.event(event)]
        value["next_after"] = value["events"][-1]["seq"] if value["events"] else value["next_after"]
    return msgspec.json.encode(lie.answer(path, value))


async def listen(receive: Any, honest: ClientConnection) -> None:
    while (message := await receive())["type"] == "websocket.receive":
        await honest.send(message["text"] if message.get("text") is not None else message["bytes"])
    await honest.close()


@asynccontextmanager
async def lying(honest: str) -> AsyncIterator[tuple[Liar, str]]:
    """Serve a liar for the length of a block; gives it and its URL."""
    liar = Liar(honest)
    server = uvicorn.Server(
        uvicorn.Config(liar, port=0, ws="websockets-sansio", lifespan="off", log_config=None, log_level="critical")
    )
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()  # who comes before it serves may wait
        serving = asyncio.create_task(server.serve(sockets=[sock]))
        try:
            yield liar, f"http://127.0.0.1:{sock.getsockname()[1]}"
        finally:
            server.should_exit = server.force_exit = True
            for task in list(server.server_state.tasks):
                task.cancel()
            await serving
            await liar.close()
