"""A connection whose answers leave in one piece: the head waits for what follows it.

uvicorn writes a head and a body one after the other, and each write is a system call that wakes the client. Most
answers are small: the second call costs as much as all that was done for them before.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD = b"HTTP/1.1 "


class Corked:
    """A transport that holds the head of an answer until the next write, or the end of the loop's turn."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._call_soon = asyncio.get_running_loop().call_soon
        self._write = transport.write
        self._head = b""
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        if self._head:
            self._write(self._head + data)
            self._head = b""
        elif data.startswith(HEAD):
            self._head = data
            self._call_soon(self.flush)
        else:
            self._write(data)

    def flush(self) -> None:
        """Send a head that nothing followed, as that of a stream without events yet."""
        if self._head:
            self._write(self._head)
            self._head = b""

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        """Leave everything else to the transport."""
        return getattr(self._transport, name)


class HttpConnection(HttpToolsProtocol):
    """uvicorn's HTTP connection, corked. What becomes a WebSocket goes on without the cork."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        self._bare = transport
        corked: Any = Corked(transport)
        super().connection_made(corked)

    def handle_websocket_upgrade(self) -> None:
        self.transport = self._bare
        super().handle_websocket_upgrade()
