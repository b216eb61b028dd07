"""A job's events over HTTP: as lines of JSON, or as server-sent events."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import structlog

from nodetool.protocol.errors import ShuttingDown
from nodetool.server.ports import Batch, Cursor
from nodetool.server.responses import Header, of_job
from nodetool.server.types import Receive, Scope, Send
from nodetool.server.visitors import Visitors

_log = structlog.get_logger()

WRITE_BYTES = 16 * 1024
"""A write holds whole frames and at most this much, or one longer frame."""


@dataclass(frozen=True, slots=True)
class Framing:
    """How events become bytes."""

    type: bytes
    text: Callable[[Batch], bytes]
    """Returns the events of a batch, each in a frame."""
    gap: bytes
    """How each frame ends, and what is in none of them."""
    alive: bytes
    """What is sent in silence."""
    end: bytes
    """What is sent behind the terminal event."""
    headers: tuple[Header, ...] = ()


def lines(batch: Batch) -> bytes:
    return batch.lines()


def events(batch: Batch) -> bytes:
    """Frame each event with its number, so that a reader that comes back can name the last it has seen."""
    numbered = enumerate(batch.lines().splitlines(), batch.first_seq)
    return b"".join([b"id: %d\ndata: %s\n\n" % pair for pair in numbered])


NDJSON = Framing(b"application/x-ndjson", lines, b"\n", b"\n", b"")
SSE = Framing(
    b"text/event-stream",
    events,
    b"\n\n",
    b": \n\n",
    b"data: [DONE]\n\n",
    ((b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")),
)


def writes(text: bytes, gap: bytes) -> Iterator[bytes]:
    """Cut frames, each of which ends with *gap*, into writes of at most WRITE_BYTES; a longer one is a write alone."""
    begin = 0
    while len(text) - begin > WRITE_BYTES:
        end = text.rfind(gap, begin, begin + WRITE_BYTES)
        if end < 0:
            end = text.index(gap, begin)
        end += len(gap)
        yield text[begin:end]
        begin = end
    if begin < len(text):
        yield text[begin:]


class Stream:
    """An answer that follows a job to its end. Made once the job is accepted: its head leaves at once.

    A client that leaves, a shutdown or a fault ends the stream and never touches the job; but *on_left* is awaited if
    the client leaves. The cursor is closed in any case.
    """

    def __init__(
        self,
        cursor: Cursor,
        framing: Framing,
        job_id: str,
        *,
        visitors: Visitors,
        silence: float,
        on_left: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self._cursor = cursor
        self._framing = framing
        self._job_id = job_id
        self.headers = [(b"content-type", framing.type), *framing.headers, of_job(job_id)]
        self._visitors = visitors
        self._silence = silence
        self._on_left = on_left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.headers})
            async with Present(receive):
                await self._send_all(send)
                return
            if self._on_left:
                await self._on_left()
        except Exception:  # noqa: BLE001 - the head is sent, so nobody could answer for it any more
            _log.exception("stream.failed", job_id=self._job_id, path=scope["path"])
        finally:
            self._cursor.close()

    async def _send_all(self, send: Send) -> None:
        try:
            await self._visitors.stay(lambda: self._follow(send), "stream")
        except ShuttingDown:
            await self._end(send, b"")
        else:
            await self._end(send, self._framing.end)

    async def _end(self, send: Send, body: bytes) -> None:
        self._on_left = None  # who leaves now has heard all that we had to say
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _follow(self, send: Send) -> None:
        while True:
            try:
                batch = await self._cursor.next(self._silence)
            except TimeoutError:
                await send({"type": "http.response.body", "body": self._framing.alive, "more_body": True})
                continue
            if batch is None:
                return
            for body in writes(self._framing.text(batch), self._framing.gap):
                await send({"type": "http.response.body", "body": body, "more_body": True})


class Present:
    """While the client is there: when it leaves, the block is cut short, and that is no error."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._left = False

    async def __aenter__(self) -> Self:
        visitor = asyncio.current_task()
        assert visitor is not None
        self._watch = asyncio.create_task(self._until_left(visitor))
        self._visitor = visitor
        return self

    async def _until_left(self, visitor: asyncio.Task[Any]) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._left = True
        visitor.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._watch.cancel()
        if kind is not asyncio.CancelledError or not self._left:
            return False
        self._visitor.uncancel()
        return True
