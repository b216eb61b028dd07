"""Requests that name their job, or that come again: exactly one job, whatever happens."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from nodetool.jobs.job import Job
from nodetool.jobs.retention import Keep
from nodetool.protocol.errors import (
    Conflict,
    IdempotencyMismatch,
    InvalidParams,
    NotFound,
    Pruned,
    ShuttingDown,
    StorageFull,
)
from nodetool.protocol.ids import new_id
from nodetool.storage.port import KEPT_US, Accept, Op, Outcome
from tests.jobs.rooms import ECHO, EMIT, SLEEP, Rooms, heard, once, opened


@pytest.fixture
async def rooms(tmp_path: Path) -> AsyncIterator[Rooms]:
    async with opened(tmp_path) as made:
        for id, graph in {"echo": ECHO, "sleep": SLEEP, "emit": EMIT}.items():
            await made.save(id, graph)
        yield made


def proposed() -> str:
    return new_id(1)


# Keys.


async def test_a_request_that_comes_again_gets_the_first_job_and_its_end(rooms: Rooms) -> None:
    first = await rooms.run(once=once("k"))

    again = await rooms.jobs.start("1", "echo", {"text": "hi"}, once=once("k"))

    await again.accepted()
    assert again.id == first.id
    assert again.workflow_id == "echo"
    assert await rooms.result(again) == {"out": "hi!"}
    assert await rooms.all_jobs() == [first.id]


async def test_a_request_that_comes_again_while_the_job_runs_waits_for_the_same_end(rooms: Rooms) -> None:
    first = await rooms.jobs.start("1", "sleep", {}, once=once("k"))
    again = await rooms.jobs.start("1", "sleep", {}, once=once("k"))
    waiting = [asyncio.create_task(job.wait()) for job in (first, again)]
    await asyncio.sleep(0)
    await rooms.jobs.cancel("1", first.id)

    assert again.id == first.id
    assert [ending.status for ending in await asyncio.gather(*waiting)] == ["cancelled"] * 2


async def test_the_events_are_replayed_from_the_first(rooms: Rooms) -> None:
    first = await rooms.jobs.start("1", "emit", {}, once=once("k"))
    live = await heard(first)

    again = await rooms.jobs.start("1", "emit", {}, once=once("k"))

    assert await heard(again) == live


@pytest.mark.parametrize("sync", ["normal", "full"])
async def test_of_those_at_the_same_time_one_starts_a_job(tmp_path: Path, sync: Literal["full", "normal"]) -> None:
    async with opened(tmp_path, sync=sync) as rooms:
        await rooms.save("echo", ECHO)
        jobs = await asyncio.gather(*[rooms.jobs.start("1", "echo", {}, once=once("k")) for _ in range(20)])

        assert len({job.id for job in jobs}) == 1
        assert [await rooms.result(job) for job in jobs] == [{"out": "!"}] * 20
        assert len(await rooms.all_jobs()) == 1


async def test_of_those_at_the_same_time_with_two_bodies_one_kind_is_refused(rooms: Rooms) -> None:
    asked = [rooms.jobs.start("1", "echo", {}, once=once("k", b"ab"[n % 2 :][:1])) for n in range(10)]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)

    assert len({outcome.id for outcome in outcomes if isinstance(outcome, Job)}) == 1
    assert sum(isinstance(outcome, IdempotencyMismatch) for outcome in outcomes) == 5
    assert len(await rooms.all_jobs()) == 1


async def test_a_key_belongs_to_its_user_route_and_body(rooms: Rooms) -> None:
    await rooms.save("theirs", ECHO, user="2")
    first = await rooms.run(once=once("k"))

    others = [
        await rooms.jobs.start("1", "echo", {}, once=once("K")),
        await rooms.jobs.start("1", "echo", {}, once=once("k", route="POST /api/workflows/echo/jobs")),
        await rooms.jobs.start("2", "theirs", {}, once=once("k")),
    ]
    with pytest.raises(IdempotencyMismatch):
        await rooms.jobs.start("1", "echo", {}, once=once("k", b"another"))

    assert len({first.id, *[job.id for job in others]}) == 4


async def test_the_first_job_is_found_though_its_workflow_is_gone(rooms: Rooms) -> None:
    first = await rooms.run(once=once("k"))
    await rooms.workflows.delete("1", "echo", None)

    assert (await rooms.jobs.start("1", "echo", {}, once=once("k"))).id == first.id
    with pytest.raises(NotFound):
        await rooms.jobs.start("1", "echo", {}, once=once("other"))


async def test_the_first_job_is_found_while_the_server_takes_no_new_ones(rooms: Rooms) -> None:
    first = await rooms.run(once=once("k"))
    await rooms.jobs.finish(0)

    assert (await rooms.jobs.start("1", "echo", {}, once=once("k"))).id == first.id
    with pytest.raises(ShuttingDown):
        await rooms.jobs.start("1", "echo", {}, once=once("other"))


async def test_a_request_that_started_nothing_may_be_mended(rooms: Rooms) -> None:
    with pytest.raises(InvalidParams):
        await rooms.jobs.start("1", "echo", {"txet": "hi"}, once=once("k"))

    assert (await rooms.run(once=once("k", b"mended"))).is_ended


async def test_a_key_is_known_after_a_restart_and_for_a_day(tmp_path: Path) -> None:
    async with opened(tmp_path) as rooms:
        await rooms.save("echo", ECHO)
        first = await rooms.run(once=once("k"))
    async with opened(tmp_path) as rooms:
        again = await rooms.jobs.start("1", "echo", {}, once=once("k"))
        assert again.id == first.id
        assert await rooms.result(again) == {"out": "hi!"}

        rooms.clock.ahead_us = KEPT_US
        assert (await rooms.run(once=once("k"))).id != first.id


async def test_a_key_whose_job_is_pruned_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path, Keep(jobs=1)) as rooms:
        await rooms.save("echo", ECHO)
        first = await rooms.run(once=once("k"))
        await rooms.run()
        assert await rooms.jobs.prune() == 1

        with pytest.raises(Pruned) as caught:
            await rooms.jobs.start("1", "echo", {}, once=once("k"))
        assert caught.value.job_id == first.id


async def test_a_graph_sent_along_has_its_key_too(rooms: Rooms) -> None:
    graph = b'{"nodes": [], "edges": []}'
    jobs = [await rooms.jobs.start_graph("1", graph, {}, once=once("k")) for _ in range(2)]

    assert jobs[0].id == jobs[1].id


# Ids.


async def test_a_job_has_the_id_that_is_proposed(rooms: Rooms) -> None:
    id = proposed()
    job = await rooms.run(id=id)

    row = await rooms.jobs.job("1", f"{id[:8]}-{id[8:12]}-{id[12:16]}-{id[16:20]}-{id[20:]}".upper())
    assert (job.id, row.id, row.status) == (id, id, "completed")
    assert [event.job_id for event in await heard(job)] == [id] * row.last_seq


@pytest.mark.parametrize("user", ["1", "2"])
async def test_an_id_that_was_used_before_is_refused(rooms: Rooms, user: str) -> None:
    id = proposed()
    await rooms.save("theirs", ECHO, user="2")
    workflow = "echo" if user == "1" else "theirs"
    for state in ("running", "ended", "pruned"):
        if state == "running":
            job = await rooms.jobs.start("1", "sleep", {}, id=id)
        elif state == "ended":
            await rooms.jobs.cancel("1", id)
            await job.wait()
        else:
            await prune_all(rooms)
        with pytest.raises(Conflict):
            await rooms.jobs.start(user, workflow, {}, id=id)

    assert await rooms.all_jobs() == []


async def test_of_those_at_the_same_time_one_has_the_id(rooms: Rooms) -> None:
    id = proposed()

    async def ask() -> Job:
        job = await rooms.jobs.start("1", "echo", {}, id=id)
        await job.wait()
        return job

    outcomes = await asyncio.gather(*[ask() for _ in range(10)], return_exceptions=True)

    assert sum(isinstance(outcome, Job) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 9
    assert await rooms.all_jobs() == [id]


async def test_jobs_are_counted_whichever_way_they_were_asked_for(rooms: Rooms) -> None:
    for asked in ({}, {"id": proposed()}, {"once": once("k")}, {"once": once("k")}):
        await rooms.run(**asked)

    assert rooms.jobs.tally.accepted == 3


async def test_a_key_goes_before_the_id(rooms: Rooms) -> None:
    id = proposed()
    asked = [rooms.jobs.start("1", "echo", {}, id=id, once=once("k")) for _ in range(10)]
    jobs = await asyncio.gather(*asked)
    with pytest.raises(Conflict):
        await rooms.jobs.start("1", "echo", {}, id=id, once=once("other"))

    assert {job.id for job in jobs} == {id}
    assert await rooms.all_jobs() == [id]


async def test_a_key_that_comes_with_other_ids_is_that_of_the_first(rooms: Rooms) -> None:
    ids = [proposed() for _ in range(5)]
    asked = [rooms.jobs.start("1", "echo", {}, id=id, once=once("k")) for id in ids]
    jobs = await asyncio.gather(*asked)

    assert {job.id for job in jobs} == {ids[0]}
    for id in ids[1:]:
        with pytest.raises(NotFound):
            await rooms.jobs.job("1", id)
        assert (await rooms.run(id=id)).id == id  # it is still free


async def test_who_knows_the_id_may_follow_and_cancel_before_the_answer(rooms: Rooms) -> None:
    id = proposed()
    job = await rooms.jobs.start("1", "sleep", {}, id=id)
    assert job.status == "queued"  # it is not stored yet, so nothing of it has begun

    cursor = await rooms.jobs.events("1", id, 0)
    await rooms.jobs.cancel("1", id)

    assert (await job.wait()).status == "cancelled"
    assert getattr((await heard(job))[-1], "status", "") == "cancelled"
    assert await cursor.next(5)
    cursor.close()


# What the database does not take.


class Flaky:
    """The writer of a store, that refuses accepts while it is told to."""

    def __init__(self, writer: Any) -> None:
        self.writer = writer
        self.is_full = False
        self.next_no = writer.next_no

    def append(self, ops: Sequence[Op]) -> "asyncio.Future[list[Outcome]]":
        if self.is_full and any(isinstance(op, Accept) for op in ops):
            refused: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
            refused.set_exception(StorageFull())
            return refused
        done: asyncio.Future[list[Outcome]] = self.writer.append(ops)
        return done


async def test_a_request_that_was_not_stored_may_come_again(rooms: Rooms) -> None:
    id = proposed()
    log: Any = rooms.jobs._supervisor.log
    log._writer = flaky = Flaky(log._writer)
    flaky.is_full = True
    for _ in range(2):
        with pytest.raises(StorageFull):
            await rooms.jobs.start("1", "echo", {}, id=id, once=once("k"))
        job = await rooms.jobs.start("1", "echo", {}, id=id)
        with pytest.raises(StorageFull):
            await job.wait()
        with pytest.raises(StorageFull):
            await job.wait()  # also who asks later
    flaky.is_full = False

    assert (await rooms.run(id=id, once=once("k"))).id == id


async def test_requests_for_an_id_whose_job_is_refused_at_that_moment_are_answered(rooms: Rooms) -> None:
    log: Any = rooms.jobs._supervisor.log
    log._writer = flaky = Flaky(log._writer)
    flaky.is_full = True
    id = proposed()

    async def ask(turns: int) -> Job:
        for _ in range(turns):
            await asyncio.sleep(0)
        return await rooms.jobs.start("1", "echo", {}, id=id)

    asked = await asyncio.gather(*map(ask, range(12)), return_exceptions=True)

    assert {type(found) for found in asked} <= {Job, StorageFull, Conflict}
    flaky.is_full = False
    await asyncio.sleep(0.01)
    assert (await rooms.run(id=id)).id == id


# Again.


async def test_a_retry_runs_the_same_graph_with_the_same_params(rooms: Rooms) -> None:
    first = await rooms.run(text="as it was")
    await rooms.save("echo", SLEEP)
    again = await rooms.jobs.retry("1", first.id)
    assert await rooms.result(again) == {"out": "as it was!"}
    await rooms.workflows.delete("1", "echo", None)

    third = await rooms.jobs.retry("1", again.id)

    assert await rooms.result(third) == {"out": "as it was!"}
    rows = [await rooms.jobs.job("1", job.id) for job in (first, again, third)]
    assert len({row.id for row in rows}) == 3
    assert {(row.workflow_id, row.params, row.graph_hash) for row in rows} == {
        ("echo", rows[0].params, rows[0].graph_hash)
    }


async def test_a_job_that_has_not_ended_is_not_tried_again(rooms: Rooms) -> None:
    job = await rooms.jobs.start("1", "sleep", {})
    await job.accepted()
    with pytest.raises(Conflict):
        await rooms.jobs.retry("1", job.id)
    with pytest.raises(NotFound):
        await rooms.jobs.retry("2", job.id)
    await rooms.jobs.cancel("1", job.id)
    await job.wait()

    again = await rooms.jobs.retry("1", job.id)

    await again.accepted()
    await rooms.jobs.cancel("1", again.id)
    await prune_all(rooms)
    with pytest.raises(Pruned):
        await rooms.jobs.retry("1", job.id)


async def prune_all(rooms: Rooms) -> None:
    """Let so much time pass that every job that has ended is pruned, then set the clock back."""
    ahead_us, rooms.clock.ahead_us = rooms.clock.ahead_us, 40 * 24 * 3600 * 1_000_000
    rows = await rooms.all_jobs()
    await rooms.jobs.prune()
    assert len(await rooms.all_jobs()) < len(rows)
    rooms.clock.ahead_us = ahead_us
