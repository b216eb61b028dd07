"""uvicorn's connections, for clients that mean no good: those that send too slowly, too much, or come too often.

uvicorn waits for the rest of a request for ever, and a client that sends a byte now and then costs a connection each.
Here a head has its time, and a body has to come at a pace. Nothing of this is done for a request that came whole.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

from nodetool.protocol.answers import Problem
from nodetool.protocol.codec import to_json
from nodetool.protocol.errors import InvalidRequest, NodetoolError, TooLarge, TooManyConnections, TooSlow
from nodetool.server.bursts import EXTENSION, on_wire
from nodetool.server.callers import Callers
from nodetool.server.corked import HttpConnection
from nodetool.server.options import Options
from nodetool.server.pace import network

LINGER = 20.0
"""Seconds from the end of a socket's conversation until its connection is cut, if it still stands."""

HEAD_BYTES = 64 * 1024
"""Of a request's head."""

PACE_BYTES = 64 * 1024
"""Of a body, that must come in the time that a body has; or its end."""


class WatchedConnection(HttpConnection):
    """A connection that speaks HTTP."""

    def __init__(self, *args: Any, options: Options, callers: Callers, **more: Any) -> None:
        super().__init__(*args, **more)
        self._options = options
        self._callers = callers
        self._address: str | None = None
        """What it is counted by."""
        self._timer: asyncio.TimerHandle | None = None
        self._bytes = 0
        """Of the head, or of the body since its pace was last looked at."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        address = network(self.client[0]) if self.client else ""
        if self.client and self.client[0] in self._options.trust_proxies:
            return
        if self._callers.enter(address):
            self._address = address
            self._look_after()
        else:
            self._refuse(429, TooManyConnections())

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        self._leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.is_whole():
            if self._timer:
                self._rest()
        elif not self.transport.is_closing():
            self._look_after(len(data))

    def handle_websocket_upgrade(self) -> None:
        self._rest()
        # What follows is counted on, and keeps nothing of this one: it may stand for days.
        leaves = partial(self._callers.leave, self._address) if self._address is not None else None
        self._address = None
        socket: Any = self.ws_protocol_class
        self.ws_protocol_class: Any = partial(socket, on_lost=leaves)
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, InvalidRequest(msg))

    def is_whole(self) -> bool:
        """Tell whether nothing more of a request has to come."""
        if self.transport.get_protocol() is not self:
            return True
        return not self._is_in_head() and not self.cycle.more_body

    def _is_in_head(self) -> bool:
        """Tell whether the head of the next request is not all there; be it that blank lines are all that comes."""
        cycle = self._current()
        if cycle is None or self.scope is not cycle.scope:
            return True
        return bool(cycle.response_complete and not cycle.more_body)

    def _current(self) -> Any:
        """Return the request whose head came last, None before the first."""
        return self.cycle

    def _look_after(self, came: int = 0) -> None:
        """Count what came of a request that is not whole, and have an eye on its time."""
        self._bytes += came
        if self._is_in_head() and self._bytes > HEAD_BYTES:
            self._refuse(431, TooLarge(f"the head of the request is over {HEAD_BYTES} bytes"))
        elif self._timer is None:
            options = self._options
            seconds = options.head_timeout if self._is_in_head() else options.body_timeout
            if seconds:
                self._timer = self.loop.call_later(seconds, self._time_is_over, self._is_in_head())

    def _rest(self) -> None:
        self._bytes = 0
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _time_is_over(self, was_in_head: bool) -> None:
        came, is_in_head = self._bytes, self._is_in_head()
        self._rest()
        is_moving = was_in_head != is_in_head or (not is_in_head and came >= PACE_BYTES)
        cycle = self._current()
        is_answering = is_in_head and cycle is not None and not cycle.response_complete
        if self.is_whole() or self.transport.is_closing():
            return
        if is_moving or is_answering or self.flow.read_paused:
            self._look_after()
            return
        setting = "NODETOOL_HEAD_TIMEOUT" if is_in_head else "NODETOOL_BODY_TIMEOUT"
        self._refuse(408, TooSlow(f"the request came too slowly; see {setting}"))

    def _refuse(self, status: int, error: NodetoolError) -> None:
        """Answer in place of the application, unless it has begun to, and close."""
        if not self.transport.is_closing():
            cycle = self._current()
            if cycle is None or cycle.response_complete or not cycle.response_started:
                self.transport.write(answer(status, error))
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
            self.transport.close()

    def _leave(self) -> None:
        if self._address is not None:
            self._callers.leave(self._address)
            self._address = None


class SocketConnection(WebSocketsSansIOProtocol):
    """A WebSocket that writes many frames at once.

    A client that never reads what was left for it does not keep the connection for ever.
    """

    _cut: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, on_lost: Callable[[], None] | None = None, **more: Any) -> None:
        super().__init__(*args, **more)
        self._on_lost = on_lost

    async def run_asgi(self) -> None:
        self.scope["extensions"][EXTENSION] = {}
        await super().run_asgi()

    async def send(self, message: Any) -> None:
        if "frames" not in message:
            await super().send(message)
            return
        await self.writable.wait()
        if self.disconnected or self.conn.state is not State.OPEN:
            raise ClientDisconnected
        self.transport.write(on_wire(message["frames"]))

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        if self in self.connections:
            self._cut = self.loop.call_later(LINGER, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._on_lost:
            self._on_lost()
        if self._cut:
            self._cut.cancel()  # it would keep all that belonged to the connection until it is due


def answer(status: int, error: NodetoolError) -> bytes:
    """Return a whole answer as it goes over the wire, the last of its connection."""
    title = HTTPStatus(status).phrase
    type = f"urn:nodetool:problem:{error.code}"
    body = to_json(Problem(type=type, title=title, status=status, detail=error.detail, code=error.code))
    lines = [
        f"HTTP/1.1 {status} {title}",
        "content-type: application/problem+json",
        f"content-length: {len(body)}",
        "connection: close",
        *(["retry-after: 1"] if status == 429 else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
