"""The two modes of the WebSocket, frame by frame."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from nodetool.client import BadAnswer
from nodetool.client.errors import refused_command
from nodetool.client.socket import Mode, closed_by
from nodetool.conformance.laws import Event, Wrong, named, shown
from nodetool.conformance.server import Server, converted
from nodetool.conformance.transports import Params, Reading
from nodetool.protocol.events import ENDED
from nodetool.protocol.replies import Refusal

Frame = dict[str, Any]


class Talk:
    """One connection, that asks and hears one thing at a time."""

    def __init__(self, connection: ClientConnection, mode: Mode) -> None:
        self._connection = connection
        self._mode = mode
        self._ids = count(1)

    async def ask(self, command: str, **data: Any) -> Frame:
        """Return the reply to a command; no event may stand before it.

        Raises:
            Refused: the command was refused, and the socket is open still.
        """
        reply = await self._exchange({"command": command, "data": data})
        if reply.get("type") != "error":
            if reply.get("command") != command:
                raise Wrong(f"the reply to {command} is {shown(reply)}")
            return reply
        await self.end()
        raise refused_command(converted(reply, Refusal))

    async def end(self) -> None:
        """Check that nothing more comes: whatever was on its way would stand before the answer to a ping."""
        pong = await self._exchange({"command": "ping"})
        if pong.get("type") != "pong":
            raise Wrong(f"the reply to ping is {shown(pong)}")

    async def event(self) -> Event:
        frame = await self._hear()
        if frame.get("type") == "error":
            raise refused_command(converted(frame, Refusal))
        if "seq" not in frame:
            raise Wrong(f"a frame is neither an event nor the reply to anything: {shown(frame)}")
        return frame

    async def _exchange(self, command: Frame) -> Frame:
        number = next(self._ids)
        await self._say({**command, "request_id": number})
        reply = await self._hear()
        if "seq" in reply:
            raise Wrong(f"{named(reply)} came where the reply to {command['command']} was due")
        if reply.get("request_id") != number:
            raise Wrong(f"request {number} was answered by {shown(reply)}")
        return reply

    async def _say(self, frame: Frame) -> None:
        data = msgspec.msgpack.encode(frame) if self._mode == "binary" else msgspec.json.encode(frame).decode()
        try:
            await self._connection.send(data)
        except ConnectionClosed as closed:
            raise closed_by(closed) from None

    async def _hear(self) -> Frame:
        try:
            data = await self._connection.recv()
        except ConnectionClosed as closed:
            raise closed_by(closed) from None
        if isinstance(data, bytes) != (self._mode == "binary"):
            raise Wrong(f"a frame in mode {self._mode} is of the other kind: {data[:100]!r}")
        return frame_in(data)


def frame_in(data: bytes | str) -> Frame:
    try:
        frame = msgspec.msgpack.decode(data) if isinstance(data, bytes) else msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise BadAnswer(f"a frame does not decode: {data[:100]!r}") from error
    if not isinstance(frame, dict):
        raise BadAnswer(f"a frame is no map: {data[:100]!r}")
    return frame


class Socket:
    """The WebSocket in one of its modes."""

    joins = True

    def __init__(self, server: Server, mode: Mode) -> None:
        self.name: str = mode
        self._server = server
        self._mode = mode

    @asynccontextmanager
    async def start(self, workflow_id: str, params: Params) -> AsyncIterator[Reading]:
        async with self._talk() as talk:
            reply = await talk.ask("run_job", workflow_id=workflow_id, params=params)
            if reply.get("message") != "Job started" or reply.get("workflow_id") != workflow_id:
                raise Wrong(f"the reply to run_job is {shown(reply)}")
            yield Reading(str(reply.get("job_id")), self._events(talk))

    @asynccontextmanager
    async def join(self, job_id: str, after: int) -> AsyncIterator[Reading]:
        async with self._talk() as talk:
            status = await talk.ask("get_status", job_id=job_id)
            await talk.ask("reconnect_job", job_id=job_id, after=after)
            nothing_left = status.get("status") in ENDED and status.get("last_seq") == after
            yield Reading(job_id, self._nothing(talk) if nothing_left else self._events(talk))

    async def cancel(self, job_id: str) -> None:
        async with self._talk() as talk:
            reply = await talk.ask("cancel_job", job_id=job_id)
            if reply.get("job_id") != job_id:
                raise Wrong(f"the reply to cancel_job is {shown(reply)}")

    @asynccontextmanager
    async def _talk(self) -> AsyncIterator[Talk]:
        connection = await self._server.connect()
        try:
            talk = Talk(connection, self._mode)
            if self._mode != "binary":
                await talk.ask("set_mode", mode=self._mode)
            yield talk
        finally:
            connection.transport.abort()  # as a cut would
            await connection.wait_closed()

    async def _events(self, talk: Talk) -> AsyncGenerator[Event, None]:
        event: Event = {}
        while event.get("type") != "job_update" or event.get("status") not in ENDED:
            event = await talk.event()
            yield event
        await talk.end()

    async def _nothing(self, talk: Talk) -> AsyncGenerator[Event, None]:
        await talk.end()
        for event in list[Event]():
            yield event
