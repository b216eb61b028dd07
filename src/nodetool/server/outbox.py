"""Everything that leaves through one socket: replies in the order of their commands, and events of several jobs.

Whoever wants to send takes a turn, and the lock hands turns out in the order they were asked for. So jobs alternate, a
turn each of at most 64 KiB, and a reply waits for one turn of each job at most. There is one task for the replies
and one for each job that is followed; none for an event.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from nodetool.protocol.errors import NodetoolError
from nodetool.protocol.replies import Refusal, Reply
from nodetool.server.bursts import SendFrames
from nodetool.server.closing import Close
from nodetool.server.frames import Mode, Parcel, reply_frame
from nodetool.server.ports import Cursor

_log = structlog.get_logger()

STEPS = 64
"""Replies that may wait; then the next command is not read until one has left."""

Step = Callable[[], Awaitable[None]]


class Outbox:
    """The one way out of a connection. ``over`` tells why it must end, if not by the client."""

    def __init__(self, send: SendFrames, patience: float) -> None:
        self.mode: Mode = "binary"
        self.over: asyncio.Future[Close] = asyncio.get_running_loop().create_future()
        self._send = send
        self._patience = patience
        self._turn = asyncio.Lock()
        self._steps: asyncio.Queue[Step] = asyncio.Queue(STEPS)
        self._followers: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._latest: tuple[str, Parcel] | None = None
        self._spawn(self._take_steps())

    async def put(self, step: Step) -> None:
        """Queue a reply. It may wait for a commit; those behind it wait with it."""
        await self._steps.put(step)

    async def say(self, reply: Reply) -> None:
        """Queue a reply that is ready."""
        await self.put(lambda: self.reply(reply))

    async def reply(self, reply: Reply) -> None:
        """Send a reply at once; for steps."""
        async with self._turn:
            await self._patiently(self._send([reply_frame(reply, self.mode)]))

    def follow(self, job_id: str, cursor: Cursor) -> None:
        """Send a job's events from now on. The cursor is closed at its end, or with the outbox."""
        self.leave(job_id)
        task = self._spawn(self._follow(job_id, cursor))
        self._followers[job_id] = task
        task.add_done_callback(lambda _: self._left(job_id, task, cursor))

    def leave(self, job_id: str) -> None:
        """Send no more events of a job."""
        if job_id in self._followers:
            self._followers.pop(job_id).cancel()

    @property
    def followed(self) -> list[str]:
        """The jobs whose last event has not left yet."""
        return list(self._followers)

    def end(self, close: Close) -> None:
        if not self.over.done():
            self.over.set_result(close)

    async def close(self) -> None:
        """Stop sending; every cursor is closed."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _take_steps(self) -> None:
        while True:
            step = await self._steps.get()
            await step()

    async def _follow(self, job_id: str, cursor: Cursor) -> None:
        try:
            while (batch := await cursor.next()) is not None:
                parcel = Parcel(batch)
                while not parcel.done:
                    await self._take_turn(job_id, parcel)
                    await asyncio.sleep(0)  # sending may not have waited, and there are others in the loop
        except NodetoolError as error:
            await self.reply(Refusal.of(error, job_id=job_id))

    async def _take_turn(self, job_id: str, parcel: Parcel) -> None:
        async with self._turn:
            self._latest = (job_id, parcel)
            await self._patiently(self._send_some(parcel))

    async def _send_some(self, parcel: Parcel) -> None:
        frames = parcel.turn(self.mode)
        await self._send(frames)
        parcel.sent += len(frames)

    async def _patiently(self, sending: Awaitable[None]) -> None:
        """Await *sending*; a client that does not take it in time has to come back."""
        try:
            async with asyncio.timeout(self._patience):
                await sending
        except TimeoutError:
            self.end(Close(1013, self._too_slow()))
            raise

    def _too_slow(self) -> str:
        if self._latest is None:
            return "too slow"
        job_id, parcel = self._latest
        return f"too slow; last seq {parcel.seq} of job {job_id}"

    def _left(self, job_id: str, task: asyncio.Task[None], cursor: Cursor) -> None:
        cursor.close()
        if self._followers.get(job_id) is task:
            del self._followers[job_id]

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, OSError):  # the client was too slow, or is gone
            job_id = next((id for id, follower in self._followers.items() if follower is task), None)
            _log.error("socket.failed", job_id=job_id, exc_info=error)
            self.end(Close(1011, "something went wrong in the server"))
