"""Jobs that ended long ago go, and nothing else."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.jobs import retention
from nodetool.jobs.job import Job
from nodetool.jobs.retention import DAY_US, Keep, overdue
from nodetool.protocol.errors import NotFound, Pruned, StorageFull
from nodetool.storage.port import DropGraphs, Prune, Sweep
from nodetool.storage.sqlite import Store
from tests.graphs import through
from tests.jobs.rooms import ECHO, EMIT, SLEEP, Rooms, heard, opened
from tests.storage.helpers import accept, append, end, job_id

Open = Callable[[Keep], AbstractAsyncContextManager[Rooms]]


@pytest.fixture
def open_rooms(tmp_path: Path) -> Open:
    return partial(opened, tmp_path)


@pytest.fixture
async def rooms(open_rooms: Open) -> AsyncIterator[Rooms]:
    """Ended jobs are kept for a day."""
    async with open_rooms(Keep(days=1)) as made:
        for id, graph in {"echo": ECHO, "sleep": SLEEP, "emit": EMIT}.items():
            await made.save(id, graph)
        yield made


@pytest.fixture(autouse=True)
def in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else needs the database here."""
    monkeypatch.setattr(retention, "PAUSE", 0)


ends = st.lists(st.integers(0, 20), max_size=30)


@given(ends, st.integers(0, 20), st.integers(-5, 40))
def test_the_oldest_go_and_those_beyond_the_number(ended_us: list[int], before_us: int, excess: int) -> None:
    rows = list(enumerate(ended_us, 1))

    gone = overdue(rows, before_us, excess)

    assert gone == sorted(set(range(1, min(max(excess, 0), len(rows)) + 1)) | {no for no, at in rows if at < before_us})


async def test_a_job_goes_a_day_after_its_end(rooms: Rooms) -> None:
    rooms.clock.ahead_us = -DAY_US - 5_000_000
    early = await rooms.run()
    rooms.clock.ahead_us = -DAY_US + 5_000_000
    late = await rooms.run()
    rooms.clock.ahead_us = 0

    assert await rooms.jobs.prune() == 1
    assert await rooms.all_jobs() == [late.id]
    with pytest.raises(Pruned):
        await rooms.jobs.job("1", early.id)
    assert await rooms.jobs.prune() == 0


async def test_a_job_that_has_not_ended_stays_however_old_it_is(rooms: Rooms) -> None:
    rooms.clock.ahead_us = -100 * DAY_US
    running = await rooms.jobs.start("1", "sleep", {})
    await rooms.run()
    rooms.clock.ahead_us = 0

    assert await rooms.jobs.prune() == 1
    assert await rooms.all_jobs() == [running.id]
    await rooms.jobs.cancel("1", running.id)
    assert (await running.wait()).status == "cancelled"


async def test_of_too_many_the_newest_stay(open_rooms: Open) -> None:
    async with open_rooms(Keep(days=0, jobs=3)) as rooms:
        await rooms.save("echo", ECHO)
        jobs = [await rooms.run() for _ in range(8)]

        assert await rooms.jobs.prune() == 5
        assert await rooms.all_jobs() == [job.id for job in reversed(jobs[5:])]


async def test_0_keeps_all(open_rooms: Open) -> None:
    async with open_rooms(Keep(days=0, jobs=0)) as rooms:
        await rooms.save("echo", ECHO)
        rooms.clock.ahead_us = -1000 * DAY_US
        for _ in range(3):
            await rooms.run()
        rooms.clock.ahead_us = 0

        assert await rooms.jobs.prune() == 0


async def test_whoever_asks_for_a_pruned_job_hears_so_and_others_nothing(rooms: Rooms) -> None:
    rooms.clock.ahead_us = -2 * DAY_US
    job = await rooms.run()
    rooms.clock.ahead_us = 0
    await rooms.jobs.prune()

    for user, error in (("1", Pruned), ("2", NotFound)):
        for asked in (
            rooms.jobs.job(user, job.id),
            rooms.jobs.events(user, job.id, 0),
            rooms.jobs.cancel(user, job.id),
            rooms.jobs.retry(user, job.id),
        ):
            with pytest.raises(error):
                await asked
    rooms.clock.ahead_us = 91 * DAY_US
    await rooms.jobs.prune()
    with pytest.raises(NotFound):
        await rooms.jobs.job("1", job.id)


async def test_who_reads_a_job_while_it_is_pruned_hears_so(rooms: Rooms) -> None:
    rooms.clock.ahead_us = -2 * DAY_US
    job = await rooms.run("emit")
    rooms.clock.ahead_us = 0
    cursor = await rooms.jobs.events("1", job.id, 0)
    first = await cursor.next()
    assert first is not None
    assert first.count == 1
    await rooms.jobs.prune()

    with pytest.raises(Pruned):
        await cursor.next(5)
    cursor.close()
    assert len(await heard_or_pruned(job)) == 1


async def heard_or_pruned(job: Any) -> list[int]:
    """The numbers of the events that a handle of before still gives."""
    seen = []
    with suppress(Pruned):
        cursor = job.events()
        while batch := await cursor.next(5):
            seen.append(batch.first_seq)
    return seen


async def test_a_pass_begins_at_the_start(tmp_path: Path) -> None:
    async with opened(tmp_path, Keep(days=0, jobs=0)) as rooms:
        await rooms.save("echo", ECHO)
        jobs = [await rooms.run() for _ in range(3)]
    async with opened(tmp_path, Keep(days=0, jobs=1), settled=False) as rooms:
        while len(left := await rooms.all_jobs()) > 1:
            await asyncio.sleep(0.01)
        assert left == [jobs[-1].id]


async def test_passes_follow_each_other_though_one_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(retention, "EVERY", 0.01)
    async with opened(tmp_path, Keep(days=0, jobs=1)) as rooms:
        await rooms.save("echo", ECHO)
        writer: Any = rooms.jobs._retention._writer
        passes: list[int] = []

        class Full:
            next_no = writer.next_no

            async def append(self, ops: Any) -> Any:
                passes.append(1)
                if len(passes) < 3:
                    raise StorageFull
                return await writer.append(ops)

        broken: Any = Full()
        rooms.jobs._retention._writer = broken
        for _ in range(3):
            await rooms.run()
        while len(await rooms.all_jobs()) > 1:
            await asyncio.sleep(0.01)

    assert "retention.failed" in capsys.readouterr().out


async def test_every_transaction_is_small(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand jobs, one of them with many events."""
    numbers = [store.writer.next_no() for _ in range(1000)]
    for no in numbers:
        batches = 700 if no == 500 else 1
        appended = [append(no, 2 + place) for place in range(batches - 1)]
        await store.writer.append([accept(no), *appended, end(no, 1 + batches)])
    seen: list[Any] = []
    writer: Any = store.writer

    class Watched:
        next_no = writer.next_no

        def append(self, ops: Any) -> Any:
            seen.extend(ops)
            return writer.append(ops)

    watched: Any = Watched()
    kept = retention.Retention(
        watched, store.reader, Keep(jobs=10, days=0), now_us=lambda: 10, unpin=lambda: seen.append("unpinned")
    )

    assert await kept.prune() == 990
    assert max(len(op.jobs) for op in seen if isinstance(op, Prune)) == retention.JOBS
    assert sum(isinstance(op, Sweep) for op in seen) >= (990 + 700) // retention.BATCHES
    assert await store.reader.job(job_id(991)) is not None
    assert await store.reader.job(job_id(990)) is None
    assert await store.reader.events(500, 0, limit=9, max_bytes=9) == []


async def test_a_graph_goes_with_the_last_job_that_ran_it(rooms: Rooms) -> None:
    rooms.clock.ahead_us = -2 * DAY_US
    old = await rooms.run("emit")
    shared = await rooms.run("echo")
    rooms.clock.ahead_us = 0
    await rooms.run("echo")

    await rooms.jobs.prune()

    assert await rooms.store.reader.graph(old.version.graph_hash) is None
    assert await rooms.store.reader.graph(shared.version.graph_hash) is not None
    again = await rooms.run("emit")  # a graph that is known by heart, but not stored any more
    assert await rooms.store.reader.graph(again.version.graph_hash) is not None


def at_once(starting: Coroutine[Any, Any, Job]) -> Job:
    """Start a job in this very moment: for a workflow that is known nothing has to be waited for."""
    try:
        starting.send(None)
    except StopIteration as end:
        job: Job = end.value
        return job
    raise AssertionError("it waits")


@pytest.mark.parametrize("sync", ["normal", "full"])
@pytest.mark.parametrize("moment", ["unpin", "before", "after"])
async def test_a_job_that_starts_while_its_graph_goes_has_it(
    tmp_path: Path, moment: str, sync: Literal["normal", "full"]
) -> None:
    """The graph of the only job before it is about to be dropped: a job starts at each moment that matters."""
    async with opened(tmp_path, Keep(days=1), sync=sync) as rooms:
        await rooms.save("emit", EMIT)
        rooms.clock.ahead_us = -2 * DAY_US
        await rooms.run("emit")
        rooms.clock.ahead_us = 0
        kept = rooms.jobs._retention
        started: list[Job] = []
        unpin, writer = kept._unpin, kept._writer

        def start(now: str) -> None:
            if now == moment:
                started.append(at_once(rooms.jobs.start("1", "emit", {})))

        def unpinning() -> None:
            start("unpin")
            unpin()

        class Watched:
            next_no = writer.next_no

            def append(self, ops: Any) -> Any:
                is_drop = any(isinstance(op, DropGraphs) for op in ops)
                if is_drop:
                    start("before")
                done = writer.append(ops)
                if is_drop:
                    start("after")
                return done

        watched: Any = Watched()
        kept._unpin, kept._writer = unpinning, watched
        assert await rooms.jobs.prune() == 1
        (job,) = started

        assert (await job.wait()).status == "completed"
        assert await rooms.store.reader.graph(job.version.graph_hash) is not None


async def test_no_job_is_without_its_graph_whenever_it_starts(open_rooms: Open, scale: int) -> None:
    """Runs and passes at the same time, in many orders; after each, every job has the graph that it pinned."""
    chance = random.Random(7)
    async with open_rooms(Keep(days=0, jobs=2)) as rooms:
        names = [f"w{number}" for number in range(4)]
        for name in names:
            await rooms.save(name, through("nodetool.text.Concat", "a", b=name))
        pruned = 0
        for _ in range(40 * scale):
            runs = [start_soon(rooms, chance.choice(names), chance.randrange(12)) for _ in range(6)]
            started = asyncio.gather(*runs)
            await turns(chance.randrange(4))
            pruned += await rooms.jobs.prune()
            await started
            for row in (await rooms.jobs.jobs("1", limit=99, cursor="", workflow_id=None, status=None)).rows:
                assert await rooms.store.reader.graph(row.graph_hash) is not None
        print(f"{pruned} jobs pruned while others started")
        assert pruned > 100


async def start_soon(rooms: Rooms, name: str, delay: int) -> None:
    await turns(delay)
    await rooms.run(name)


async def turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def test_events_of_a_kept_job_are_all_there(rooms: Rooms) -> None:
    rooms.clock.ahead_us = -2 * DAY_US
    for _ in range(3):
        await rooms.run("emit")
    rooms.clock.ahead_us = 0
    kept = await rooms.run("emit")

    assert await rooms.jobs.prune() == 3
    assert len(await heard(kept)) > 100
