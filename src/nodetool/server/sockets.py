"""Sockets: the loop that reads frames, and how a connection ends."""

import asyncio
from functools import partial
from typing import Any

import structlog

from nodetool.auth.identity import Identity
from nodetool.protocol.replies import Refusal
from nodetool.server.audit import Audit
from nodetool.server.bursts import sender
from nodetool.server.closing import Close
from nodetool.server.confined import JobsOfOne
from nodetool.server.door import OVER, Door, Visitor
from nodetool.server.frames import command_of
from nodetool.server.options import Options
from nodetool.server.outbox import Outbox
from nodetool.server.pace import Pace
from nodetool.server.ports import Asking, Jobs
from nodetool.server.socket import Note, Session
from nodetool.server.types import Receive, Scope, Send

_log = structlog.get_logger()


class Sockets:
    """The connections that are open. *pace* is None where there is no limit for a user."""

    def __init__(self, jobs: Jobs, options: Options, asking: Asking, pace: Pace | None = None) -> None:
        self._jobs = jobs
        self._options = options
        self._door = Door(asking, pace, options)
        self._audit = Audit() if options.audit else None
        self._open: set[Outbox] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closing = False

    def __len__(self) -> int:
        return len(self._open)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(scope, receive, send)
        finally:
            self._tasks.discard(task)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        came = await self._door.meet(scope, receive)
        if came is None:
            return
        if isinstance(came, Close):
            await say_goodbye(send, came)
            return
        outbox = Outbox(sender(scope, send), self._options.patience)
        self._open.add(outbox)
        if self._closing:
            outbox.end(RESTART)
        try:
            await converse(came, self._session(scope, came, outbox), outbox, self._door)
        finally:
            self._open.discard(outbox)
            await outbox.close()
        if outbox.over.done():
            await say_goodbye(send, outbox.over.result())

    def _session(self, scope: Scope, came: Visitor, outbox: Outbox) -> Session:
        identity = came.identity
        only = identity.workflow_id
        jobs = self._jobs if only is None else JobsOfOne(self._jobs, only)
        note = self._note(scope, identity)
        return Session(identity, jobs, outbox, takes_graphs=self._options.takes_graphs, note=note)

    def _note(self, scope: Scope, identity: Identity) -> Note | None:
        return partial(self._audit.write, identity, scope["client"]) if self._audit else None

    async def shutdown(self) -> None:
        """Close every socket with 1012, and return once they are told: clients come back to the next process."""
        self._closing = True
        for outbox in self._open:
            outbox.end(RESTART)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GOODBYE)


GOODBYE = 5.0
"""Seconds for a close frame to leave."""

RESTART = Close(1012, "the server restarts")
BUG = Close(1011, "something went wrong in the server")


async def converse(visitor: Visitor, session: Session, outbox: Outbox, door: Door) -> None:
    """Handle commands until the client leaves or the connection must end."""
    reading = asyncio.create_task(read(visitor, session, outbox, door))
    try:
        again = door.looks_again(visitor)
        while not (await asyncio.wait((reading, outbox.over), timeout=again, return_when=asyncio.FIRST_COMPLETED))[0]:
            if not await door.knows(visitor):
                outbox.end(OVER)
    finally:
        reading.cancel()
        await asyncio.wait((reading,))
    if not reading.cancelled() and (error := reading.exception()):
        _log.error("command.failed", exc_info=error)
        outbox.end(BUG)


async def read(visitor: Visitor, session: Session, outbox: Outbox, door: Door) -> None:
    """Read frames, one command after the other, until the client leaves or its token is not good any longer."""
    while True:
        message = await visitor.receive()
        if message["type"] == "websocket.disconnect":
            return
        frame = message.get("bytes")
        command = command_of(message["text"] if frame is None else frame)
        if not await door.knows(visitor):
            outbox.end(OVER)
            return
        if isinstance(command, Refusal):
            await outbox.say(command)
        elif command is not None:
            await session.answer(command, door.too_fast(visitor))


async def say_goodbye(send: Send, close: Close) -> None:
    """Send the close frame, if the client still takes one."""
    try:
        async with asyncio.timeout(GOODBYE):
            await send(close.message())
    except OSError:  # too slow still, or gone
        return
