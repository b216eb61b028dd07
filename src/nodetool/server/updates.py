"""The socket ``/updates``: figures of the machine, each second, to whoever is there."""

import asyncio
from typing import Any

from nodetool.protocol.codec import to_json
from nodetool.server.closing import Close
from nodetool.server.door import OVER, Door, Visitor
from nodetool.server.options import Options
from nodetool.server.pace import Pace
from nodetool.server.ports import Asking
from nodetool.server.system import Machine
from nodetool.server.types import Receive, Scope, Send

EVERY = 1.0
"""Seconds between two figures."""


class Updates:
    """Those who watch. They share what was measured; without them nothing is."""

    def __init__(self, options: Options, asking: Asking, pace: Pace | None = None) -> None:
        self._door = Door(asking, pace, options)
        self._patience = options.patience
        self._machine = Machine()
        self._latest = ""
        self._measured = float("-inf")
        self._closing = asyncio.Event()

    def shutdown(self) -> None:
        """Let nobody watch any longer."""
        self._closing.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        came = await self._door.meet(scope, receive)
        if isinstance(came, Visitor):
            came = await self._show(came, send)
        if came is not None:
            await send(came.message())

    async def _show(self, visitor: Visitor, send: Send) -> Close | None:
        """Send figures until the client leaves, or return why it has to."""
        leaving = asyncio.create_task(left(visitor.receive))
        closing = asyncio.create_task(self._closing.wait())
        try:
            while not (leaving.done() or closing.done()):
                if not await self._door.knows(visitor):
                    return OVER
                async with asyncio.timeout(self._patience):
                    await send({"type": "websocket.send", "text": self._text()})
                await asyncio.wait((leaving, closing), timeout=EVERY, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            return Close(1013, "too slow")
        finally:
            leaving.cancel()
            closing.cancel()
        return None if leaving.done() else Close(1012, "the server restarts")

    def _text(self) -> str:
        now = asyncio.get_running_loop().time()
        if now - self._measured >= EVERY / 2:
            self._measured = now
            self._latest = to_json(self._machine.figures()).decode()
        return self._latest


async def left(receive: Receive) -> Any:
    """Return when the client has left. What it says is not listened to."""
    while (await receive())["type"] != "websocket.disconnect":
        pass
