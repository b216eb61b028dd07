"""A reader of one job's events: it replays what is stored, then follows what is committed. Without gap, without double.

A cursor at the tail is handed each batch in memory and never queries. One that is too slow for that lets go of what was
handed to it and reads pages, until it has caught up.
"""

import asyncio
from collections import deque
from typing import Protocol

import msgspec

from nodetool.jobs.ending import FIRST_SEQ
from nodetool.protocol import codec
from nodetool.protocol.errors import Pruned
from nodetool.storage.port import Reader

MAX_HELD = 1 << 20
"""Bytes of batches that a cursor holds before it turns to pages; also the size of a page."""

PAGE_EVENTS = 65_536


class Batch:
    """Some events of a job, committed, in order."""

    __slots__ = ("_lines", "count", "data", "first_seq", "flags", "last")

    def __init__(self, first_seq: int, count: int, flags: int, data: bytes, *, last: bool) -> None:
        self.first_seq = first_seq
        self.count = count
        self.flags = flags
        self.data = data
        """``count`` MessagePack maps, one after the other."""
        self.last = last
        """The terminal ``job_update`` is its last event."""
        self._lines: bytes | None = None

    @property
    def last_seq(self) -> int:
        return self.first_seq + self.count - 1

    def lines(self) -> bytes:
        """Return each event as a line of ASCII JSON; made once for all readers of the batch."""
        if self._lines is None:
            self._lines = codec.json_lines(self.count, self.data, self.flags)
        return self._lines

    def beyond(self, seq: int) -> "Batch":
        """Return the part of it behind *seq*."""
        if seq < self.first_seq:
            return self
        events = codec.split(self.count, self.data)[seq + 1 - self.first_seq :]
        return Batch(seq + 1, len(events), self.flags, b"".join(map(bytes, events)), last=self.last)


class Source(Protocol):
    """The job that a cursor reads."""

    @property
    def no(self) -> int: ...

    @property
    def stored_seq(self) -> int:
        """The number of the last committed event."""
        ...

    @property
    def is_ended(self) -> bool:
        """The last committed event is the terminal one."""
        ...

    def first_event(self) -> bytes: ...

    def detach(self, cursor: "Cursor") -> None: ...


class Cursor:
    """Made by ``Job.events`` or ``Jobs.events``. ``close`` it."""

    def __init__(self, source: Source, reader: Reader, after: int, *, max_held: int = MAX_HELD) -> None:
        self._source = source
        self._reader = reader
        self._after = after
        self._max_held = max_held
        self._held: deque[Batch] = deque()
        self._size = 0
        self._waiter: asyncio.Future[None] | None = None

    async def next(self, timeout: float | None = None) -> Batch | None:
        """Return the next committed events; None behind the terminal one.

        Raises:
            TimeoutError: nothing came for *timeout* seconds.
            Pruned: the rest of the events was deleted meanwhile.
        """
        while True:
            batch = self._from_memory()
            if batch is None and self._after < self._source.stored_seq and not self._held:
                batch = await self._from_store()
            if batch is not None:
                self._after = batch.last_seq
                return batch
            if self._is_at_end():
                return None
            if not self._held:
                await self._wait(timeout)

    def take(self, batch: Batch) -> None:
        """Be handed a batch that was just committed."""
        if self._size + len(batch.data) > self._max_held and self._held:
            self._held.clear()
            self._size = 0
        else:
            self._held.append(batch)
            self._size += len(batch.data)
        self.wake()

    def wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    def close(self) -> None:
        """Stop following; what is held is let go."""
        self._source.detach(self)
        self._held.clear()

    def _is_at_end(self) -> bool:
        return self._source.is_ended and self._after >= self._source.stored_seq

    def _from_memory(self) -> Batch | None:
        if self._after < FIRST_SEQ <= self._source.stored_seq:
            return Batch(FIRST_SEQ, 1, 0, self._source.first_event(), last=False)
        while self._held and self._held[0].first_seq <= self._after + 1:
            batch = self._held.popleft()
            self._size -= len(batch.data)
            if batch.last_seq > self._after:
                return batch.beyond(self._after)
        if self._held:  # there is a gap before what is held: pages fill it, and then bring these too
            self._held.clear()
            self._size = 0
        return None

    async def _from_store(self) -> Batch | None:
        """Read a page, and join its batches into one. What is committed and not published yet comes later."""
        found = await self._reader.events(self._source.no, self._after, limit=PAGE_EVENTS, max_bytes=self._max_held)
        page = [stored for stored in found if stored.first_seq <= self._source.stored_seq]
        if not found and self._source.is_ended:
            raise Pruned
        if not page:
            return None
        flags = 0
        for stored in page:
            flags |= stored.flags
        count = sum(stored.count for stored in page)
        end = page[0].first_seq + count - 1
        last = self._source.is_ended and end == self._source.stored_seq
        data = b"".join(stored.data for stored in page)
        return Batch(page[0].first_seq, count, flags, data, last=last).beyond(self._after)

    async def _wait(self, timeout: float | None) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout):
                await self._waiter
        finally:
            self._waiter = None


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A job that has ended: nothing comes any more."""

    no: int
    stored_seq: int
    event: bytes
    is_ended: bool = True

    def first_event(self) -> bytes:
        return self.event

    def detach(self, cursor: Cursor) -> None:
        """There is nothing to detach from."""
