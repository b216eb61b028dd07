"""Readers of a job: whatever the order of commits, pages and reads, each event comes once and in its place."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.jobs.cursor import Batch, Cursor, Stored
from nodetool.jobs.ending import CANCELLED, queued_event
from nodetool.jobs.job import Job
from nodetool.protocol import codec
from nodetool.storage import port
from nodetool.storage.reader import page_of_batches
from tests.jobs.helpers import at, decoded, drained, log_event

HELD = 4000
"""Bytes that a cursor of these tests may hold."""


@dataclass
class Pages:
    """The stored log of one job; a read takes some turns of the loop before and after it looks."""

    turns: Iterator[int] = field(default_factory=lambda: cycle([0]))
    stored: list[port.Batch] = field(default_factory=list)
    reads: int = 0

    async def events(self, no: int, after: int, *, limit: int, max_bytes: int) -> list[port.Batch]:
        self.reads += 1
        await pause(next(self.turns))
        rows = [(batch.first_seq, batch.count, batch.flags, batch.data) for batch in self.stored]
        page = page_of_batches(rows, after, limit, max_bytes)
        await pause(next(self.turns))
        return page


async def pause(turns: int) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)


class Log:
    """A job, its stored log, and who writes to it."""

    def __init__(self, turns: Iterator[int] | None = None) -> None:
        self.pages = Pages(turns or cycle([0]))
        reader: Any = self.pages
        version: Any = None
        self.job = Job(
            no=1, id="0" * 32, user="1", workflow_id="w", version=version, values={}, created_us=0, reader=reader
        )
        self.last = 1

    def store(self, count: int, size: int = 1, *, last: bool = False) -> Batch:
        """Commit a batch; it is not published yet."""
        first = self.last + 1
        self.last += count
        data = b"".join(codec.to_msgpack(log_event(self.job, seq, "x" * size)) for seq in range(first, first + count))
        self.pages.stored.append(port.Batch(first_seq=first, count=count, flags=0, data=data))
        return Batch(first, count, 0, data, last=last)

    def publish(self, batch: Batch) -> None:
        if batch.last:
            self.job.ending = CANCELLED
        self.job.publish(batch)

    def commit(self, count: int = 1, size: int = 1, *, last: bool = False) -> Batch:
        batch = self.store(count, size, last=last)
        self.publish(batch)
        return batch

    def cursor(self, after: int = 0) -> Cursor:
        cursor = Cursor(self.job, self.job.reader, after, max_held=HELD)
        if not self.job.is_ended:
            self.job._cursors.append(cursor)
        return cursor


def seqs(batches: list[Batch]) -> list[int]:
    return [event.seq for event in decoded(batches)]


commits = st.lists(st.tuples(st.integers(1, 3), st.sampled_from([1, 1500, 5000])), min_size=2, max_size=25)
quick = st.lists(st.integers(0, 2), min_size=1, max_size=12)
slow = st.lists(st.integers(0, 12), min_size=1, max_size=12)
followers = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 20)), min_size=1, max_size=4)


@given(commits, followers, quick, slow, quick)
def test_every_reader_gets_each_event_once_and_in_order(
    told: list[tuple[int, int]],
    readers: list[tuple[int, int]],
    writer_turns: list[int],
    reader_turns: list[int],
    page_turns: list[int],
) -> None:
    async def write(log: Log) -> None:
        pauses = cycle(writer_turns)
        for count, size in told:
            batch = log.store(count, size)
            await pause(next(pauses))  # committed, and nobody was told yet
            log.publish(batch)
            await pause(next(pauses))
        log.commit(last=True)

    async def read(log: Log, after: int, delay: int) -> tuple[int, list[int]]:
        await pause(delay)
        after = min(after, log.job.stored_seq)
        cursor = log.cursor(after)
        pauses = cycle(reader_turns)
        got: list[Batch] = []
        while (batch := await cursor.next()) is not None:
            assert not got or not got[-1].last
            got.append(batch)
            assert batch.last_seq <= log.job.stored_seq
            assert cursor._size == sum(len(held.data) for held in cursor._held)
            assert cursor._size <= HELD or len(cursor._held) == 1
            await pause(next(pauses))
        assert not got or got[-1].last
        cursor.close()
        return after, seqs(got)

    async def play() -> None:
        log = Log(cycle(page_turns))
        writing = asyncio.ensure_future(write(log))
        heard = await asyncio.gather(*[read(log, *reader) for reader in readers])
        await writing
        for after, numbers in heard:
            assert numbers == list(range(after + 1, log.last + 1))
        assert log.job._cursors == []

    asyncio.run(play())


async def test_a_cursor_at_the_tail_never_queries() -> None:
    log = Log()
    cursor = log.cursor()
    await cursor.next()
    for _ in range(100):
        log.commit(3)
        await cursor.next()

    assert log.pages.reads == 0


async def test_a_reader_that_stops_reading_holds_little_and_catches_up_from_pages() -> None:
    log = Log()
    cursor = log.cursor()
    for _ in range(50):
        log.commit(1, 1000)
        assert sum(len(batch.data) for batch in cursor._held) <= HELD
    log.commit(last=True)

    assert seqs(await drained(cursor)) == list(range(1, log.last + 1))
    assert 0 < log.pages.reads < 50


async def test_a_batch_beyond_what_may_be_held_is_held_alone() -> None:
    log = Log()
    cursor = log.cursor(1)
    log.commit(1, HELD * 3)
    assert len(cursor._held) == 1
    log.commit(last=True)

    assert seqs(await drained(cursor)) == [2, 3]


async def test_a_reader_in_the_middle_of_a_batch_gets_the_rest_of_it() -> None:
    log = Log()
    log.commit(9)
    log.commit(last=True)
    for after in range(log.last + 1):
        assert seqs(await drained(log.cursor(after))) == list(range(after + 1, log.last + 1))


async def test_behind_the_end_there_is_nothing() -> None:
    log = Log()
    log.commit(last=True)
    cursor = log.cursor(2)

    assert await cursor.next() is None
    assert await cursor.next() is None


async def test_silence_is_told_after_the_time_out_and_reading_goes_on() -> None:
    log = Log()
    cursor = log.cursor(1)
    with pytest.raises(TimeoutError):
        await cursor.next(0.01)
    with pytest.raises(TimeoutError):
        await cursor.next(0.01)
    log.commit(2)

    batch = await cursor.next(0.01)
    assert batch
    assert batch.last_seq == 3


async def test_a_read_that_is_cancelled_loses_nothing() -> None:
    log = Log(cycle([3]))
    cursor = log.cursor(1)
    for _ in range(20):
        log.commit(1, 1000)
    got: list[Batch] = []
    for turns in range(8):
        reading = asyncio.ensure_future(cursor.next())
        await pause(turns)
        reading.cancel()
        with suppress(asyncio.CancelledError):
            got += [batch for batch in [await reading] if batch]
    log.commit(last=True)

    assert seqs(got + await drained(cursor)) == list(range(2, log.last + 1))
    assert 0 < len(got) < 8


async def test_a_waiting_reader_is_woken_by_a_commit() -> None:
    log = Log()
    cursor = log.cursor(1)
    reading = asyncio.ensure_future(cursor.next())
    await asyncio.sleep(0.01)
    assert not reading.done()
    log.commit(1)

    assert seqs([batch for batch in [await reading] if batch]) == [2]


async def test_a_closed_cursor_is_handed_nothing_more() -> None:
    log = Log()
    cursor = log.cursor()
    cursor.close()
    log.commit(5)

    assert not cursor._held
    assert log.job._cursors == []
    cursor.close()


async def test_the_first_event_is_the_row_for_every_reader() -> None:
    log = Log()
    log.commit(last=True)
    queued = queued_event(log.job.id, "w", 0)
    stored = Stored(no=1, stored_seq=2, event=queued)

    for source in (log.job, stored):
        first = await Cursor(source, log.job.reader, 0).next()
        assert first
        assert (first.first_seq, first.count, first.data, first.last) == (1, 1, queued, False)


async def test_a_job_that_has_ended_is_read_from_its_row() -> None:
    log = Log()
    log.commit(3, 2000)
    log.commit(2, 2000)
    log.commit(last=True)
    cursor = Cursor(Stored(no=1, stored_seq=log.last, event=log.job.first_event()), log.job.reader, 0, max_held=HELD)

    batches = await drained(cursor)

    assert seqs(batches) == list(range(1, log.last + 1))
    assert [batch.last for batch in batches][-1] is True
    cursor.close()


async def test_the_lines_of_a_batch_are_made_once_for_all() -> None:
    log = Log()
    one, other = log.cursor(1), log.cursor(1)
    log.commit(2)
    first, second = await one.next(), await other.next()
    assert first
    assert second

    assert first is second
    assert first.lines() is second.lines()
    assert first.lines().count(b"\n") == 2


async def test_a_page_does_not_run_ahead_of_what_is_published() -> None:
    log = Log()
    log.commit()
    cursor = log.cursor(1)
    unpublished = log.store(1, last=True)
    first = await cursor.next()
    reading = asyncio.ensure_future(cursor.next())
    await asyncio.sleep(0.01)
    assert not reading.done()
    log.publish(unpublished)
    second = await reading
    assert first
    assert second

    assert [(batch.first_seq, batch.last) for batch in (first, second)] == [(2, False), (3, True)]
    assert await cursor.next() is None


async def test_what_was_let_go_of_is_read_from_pages_before_what_came_after_it() -> None:
    log = Log()
    cursor = log.cursor(1)
    log.commit(1, HELD)
    log.commit(1, HELD)
    log.commit()
    assert [batch.first_seq for batch in cursor._held] == [4]
    log.commit(last=True)

    assert seqs(await drained(cursor)) == [2, 3, 4, 5]


async def test_many_readers_are_woken_by_one_commit() -> None:
    log = Log()
    readers = [asyncio.ensure_future(log.cursor(1).next()) for _ in range(100)]
    await asyncio.sleep(0.01)
    log.commit(1)
    await at(lambda: all(reader.done() for reader in readers))
