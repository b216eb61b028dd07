"""A conversation over a WebSocket: commands out; their replies, and the events of many jobs, in."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from itertools import count
from typing import Any, Literal, TypeVar

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConcurrencyError, ConnectionClosed

from nodetool.client.bookmark import Head, event_of
from nodetool.client.errors import BadAnswer, Refused, SocketClosed, refused_command
from nodetool.protocol import codec
from nodetool.protocol.commands import (
    AnyCommand,
    CancelJob,
    EndInputStream,
    GetStatus,
    InputData,
    JobData,
    ModeData,
    Ping,
    ReconnectData,
    ReconnectJob,
    RunJob,
    RunJobData,
    SetMode,
    StreamInput,
)
from nodetool.protocol.events import AnyEvent
from nodetool.protocol.replies import Done, Pong, Refusal, Reply, StatusReply
from nodetool.protocol.values import plain

T = TypeVar("T")

Mode = Literal["binary", "text"]
"""How frames are written: MessagePack, or JSON."""

AnyReply = Done | StatusReply | Pong | Refusal


class FrameHead(msgspec.Struct):
    """What tells the kinds of frames apart."""

    seq: int | None = None
    type: str | None = None
    message: str | None = None


class Socket:
    """One connection. Made by ``Client.socket``.

    Any number of tasks may ask and listen at the same time: whoever waits reads for all.
    """

    def __init__(self, connection: ClientConnection, mode: Mode = "binary") -> None:
        self._connection = connection
        self._mode = mode
        self._ids = count(1)
        self._replies: dict[int, AnyReply | None] = {}
        """By the numbers of the requests that are open; None until it is there."""
        self._events: deque[AnyEvent | Refused] = deque()
        self._reading = asyncio.Lock()

    async def run(
        self, workflow_id: str = "", params: Mapping[str, Any] | None = None, *, graph: dict[str, Any] | None = None
    ) -> str:
        """Run a stored workflow, or a graph that is sent along, and return the id of the job. Its events follow."""
        data = RunJobData(workflow_id=workflow_id, params=plain(dict(params or {})), graph=graph)
        reply = await self.ask(RunJob(data=data))
        if not isinstance(reply, Done) or not reply.job_id:
            raise BadAnswer("the reply to run_job names no job")
        return reply.job_id

    async def cancel(self, job_id: str | None = None) -> Reply:
        """Ask for the end of a job; without an id, of the newest of this connection."""
        return await self.ask(CancelJob(data=JobData(job_id=job_id)))

    async def stream_input(self, name: str, value: Any, job_id: str | None = None) -> Reply:
        """Give a job an item for an input that streams, and return once it is stored.

        Raises:
            Refused: with the code ``input_full``, try again; any other is final.
        """
        return await self.ask(StreamInput(data=InputData(job_id=job_id, input=name, value=value)))

    async def end_input(self, name: str, job_id: str | None = None) -> Reply:
        """Say that nothing more comes for an input."""
        return await self.ask(EndInputStream(data=InputData(job_id=job_id, input=name)))

    async def status(self, job_id: str | None = None) -> StatusReply:
        reply = await self.ask(GetStatus(data=JobData(job_id=job_id)))
        assert isinstance(reply, StatusReply)
        return reply

    async def reconnect(self, job_id: str, after: int = 0) -> Reply:
        """Have the events of a job from the one behind *after* on."""
        return await self.ask(ReconnectJob(data=ReconnectData(job_id=job_id, after=after)))

    async def set_mode(self, mode: Mode) -> Reply:
        """Choose how frames are written from now on, both ways."""
        self._mode = mode
        return await self.ask(SetMode(data=ModeData(mode=mode)))

    async def ping(self) -> Reply:
        return await self.ask(Ping())

    async def ask(self, command: AnyCommand) -> Reply:
        """Send a command and return its reply.

        Raises:
            Refused: the command was refused.
            SocketClosed: there will be no reply.
        """
        number = next(self._ids)
        self._replies[number] = None
        try:
            await self._send(msgspec.structs.replace(command, request_id=number))
            reply = await self._until(lambda: self._replies[number])
        finally:
            del self._replies[number]
        if isinstance(reply, Refusal):
            raise refused_command(reply)
        return reply

    async def event(self) -> AnyEvent:
        """Return the next event of any job that this connection follows.

        Raises:
            Refused: the events of a job cannot be followed any more; ``job_id`` names it.
            SocketClosed: no event will come.
        """
        event: AnyEvent | Refused = await self._until(self._next_event)
        if isinstance(event, Refused):
            raise event
        return event

    async def __aiter__(self) -> AsyncIterator[AnyEvent]:
        while True:
            yield await self.event()

    async def close(self) -> None:
        """Close it; events that are still on their way are let go."""
        closing = asyncio.ensure_future(self._connection.close())
        try:
            while True:  # what is unread stands before the server's own close
                await self._connection.recv()
        except (ConnectionClosed, ConcurrencyError):  # the latter: somebody else reads still
            await closing

    async def _send(self, command: AnyCommand) -> None:
        frame = codec.to_msgpack(command) if self._mode == "binary" else codec.to_json(command).decode()
        try:
            await self._connection.send(frame)
        except ConnectionClosed as closed:
            raise closed_by(closed) from None

    async def _until(self, take: Callable[[], T | None]) -> T:
        while (found := take()) is None:
            async with self._reading:
                if (found := take()) is not None:  # whoever read before brought it
                    break
                self._sort(await self._frame())
        return found

    def _next_event(self) -> AnyEvent | Refused | None:
        return self._events.popleft() if self._events else None

    async def _frame(self) -> bytes | str:
        try:
            return await self._connection.recv()
        except ConnectionClosed as closed:
            raise closed_by(closed) from None

    def _sort(self, frame: bytes | str) -> None:
        """Put a frame where somebody waits for it."""
        head = decoded(frame, FrameHead)
        if head.seq is not None:
            event = event_of(frame)
            if not isinstance(event, Head):
                self._events.append(event)
        elif (kind := kind_of(head)) is not None:
            self._take_reply(decoded(frame, kind))

    def _take_reply(self, reply: AnyReply) -> None:
        if isinstance(reply.request_id, int) and reply.request_id in self._replies:
            self._replies[reply.request_id] = reply
        elif isinstance(reply, Refusal):
            self._events.append(refused_command(reply))


TYPED: dict[str, type[AnyReply]] = {"pong": Pong, "error": Refusal}


def kind_of(head: FrameHead) -> type[AnyReply] | None:
    """Return what a frame without a number is; None if it is nothing that we know."""
    if head.type is not None:
        return TYPED.get(head.type)
    return StatusReply if head.message is None else Done


_decoders: dict[tuple[bool, Any], Any] = {
    (text, kind): (msgspec.json if text else msgspec.msgpack).Decoder(kind)
    for text in (True, False)
    for kind in (FrameHead, Done, StatusReply, Pong, Refusal)
}


def decoded(frame: bytes | str, kind: type[T]) -> T:
    try:
        value: T = _decoders[isinstance(frame, str), kind].decode(frame)
        return value
    except msgspec.MsgspecError as error:
        raise BadAnswer(f"the server sent a frame that is neither a reply nor an event: {error}") from error


def closed_by(error: ConnectionClosed) -> SocketClosed:
    close = error.rcvd or error.sent
    return SocketClosed(close.code, close.reason) if close else SocketClosed(1006, "the connection was lost")
