"""Jobs of a home that no server has: they can be looked at, ended and accepted, and nothing runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from nodetool.jobs.clock import LoopClock
from nodetool.jobs.policy import Policy
from nodetool.jobs.retention import Keep
from nodetool.jobs.service import Jobs
from nodetool.jobs.workflows import Workflows
from nodetool.jobs.workspaces import Workspaces
from nodetool.protocol.errors import NotFound
from nodetool.protocol.events import AnyEvent, JobUpdate
from nodetool.storage.sqlite import open_store
from nodetool.storage.writer import SqliteWriter
from tests.jobs.helpers import alone_kind, decoded, drained
from tests.jobs.house import complete, opened
from tests.jobs.rooms import sealed
from tests.runner.helpers import catalogue


@asynccontextmanager
async def at_rest(path: Path) -> AsyncIterator[tuple[Jobs, SqliteWriter]]:
    """The jobs of a home, as a command has them: whoever starts a runner fails."""
    store = open_store(path, sync="normal")
    clock = LoopClock()
    workflows = Workflows(store.writer, store.reader, catalogue(), now_us=clock.now_us)
    jobs = Jobs(
        workflows,
        store.writer,
        store.reader,
        no_runner,
        secrets=sealed(store, clock.now_us),
        workspaces=Workspaces(path / "workspaces"),
        clock=clock,
        policy=Policy(),
        keep=Keep(jobs=1),
    )
    jobs.rest()
    try:
        yield jobs, store.writer
    finally:
        await jobs.stop()
        await store.close()


def no_runner(_: object) -> NoReturn:
    raise AssertionError("a runner was started")


async def left(path: Path, *, ended: int = 0) -> tuple[str, list[str]]:
    """Leave a job behind that was running when its server was killed, and some that have ended; return their ids."""
    async with opened(path) as house:
        ids = []
        for _ in range(ended):
            job = await house.start()
            complete(house, job.id, out="x")
            await job.wait()
            ids.append(job.id)
        return (await house.start()).id, ids


async def all_events(jobs: Jobs, id: str) -> list[AnyEvent]:
    return decoded(await drained(await jobs.events("1", id, 0)))


async def test_a_job_that_was_running_stays_as_it_was(tmp_path: Path) -> None:
    id, _ = await left(tmp_path)

    async with at_rest(tmp_path) as (jobs, writer):
        row = await jobs.job("1", id)
        events = await all_events(jobs, id)

        assert (row.status, row.attempt, row.cancel_requested) == ("running", 1, False)
        assert [event.seq for event in events] == list(range(1, row.last_seq + 1))
        assert writer.operations == 0


async def test_a_cancel_ends_a_job_in_one_operation(tmp_path: Path) -> None:
    id, _ = await left(tmp_path)

    async with at_rest(tmp_path) as (jobs, writer):
        before = await jobs.job("1", id)
        after = await jobs.cancel("1", id)
        again = await jobs.cancel("1", id)
        *_, last = await all_events(jobs, id)

        assert writer.operations == 1
    assert (after.status, after.last_seq, after.cancel_requested) == ("cancelled", before.last_seq + 1, True)
    assert again == after
    assert isinstance(last, JobUpdate)
    assert (last.status, last.seq, last.attempt) == ("cancelled", after.last_seq, 1)


async def test_a_job_whose_cancel_was_recorded_before_the_crash_can_be_ended(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        id = (await house.start()).id
        await house.jobs.cancel("1", id)  # its runner does not answer before the crash

    async with at_rest(tmp_path) as (jobs, _):
        assert (await jobs.job("1", id)).status == "running"
        assert (await jobs.cancel("1", id)).status == "cancelled"


async def test_cancels_at_the_same_time_end_a_job_once(tmp_path: Path) -> None:
    id, _ = await left(tmp_path)

    async with at_rest(tmp_path) as (jobs, writer):
        rows = await asyncio.gather(*(jobs.cancel("1", id) for _ in range(3)))

        assert {row.status for row in rows} == {"cancelled"}
        assert writer.operations == 1


async def test_another_users_job_is_not_there(tmp_path: Path) -> None:
    id, _ = await left(tmp_path)

    async with at_rest(tmp_path) as (jobs, writer):
        with pytest.raises(NotFound):
            await jobs.cancel("2", id)
        assert writer.operations == 0


async def test_a_retry_waits_for_the_next_start_and_runs_then(tmp_path: Path) -> None:
    _, (first,) = await left(tmp_path, ended=1)

    async with at_rest(tmp_path) as (jobs, _):
        retried = await jobs.retry("1", first)
        await retried.accepted()
        assert (await jobs.job("1", retried.id)).status == "queued"
    async with opened(tmp_path) as house:
        complete(house, retried.id, out="again")
        await asyncio.sleep(0)
        events = await house.events(retried.id)

    assert [event.status for event in events if isinstance(event, JobUpdate)] == ["queued", "completed"]


async def test_a_retry_that_needs_a_runner_for_itself_waits_too(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        job = await house.start(alone_kind())
        await house.jobs.cancel("1", job.id)
    async with at_rest(tmp_path) as (jobs, _):
        await jobs.cancel("1", job.id)

        retried = await jobs.retry("1", job.id)
        await retried.accepted()
        assert (await jobs.job("1", retried.id)).status == "queued"


async def test_what_was_accepted_at_rest_can_be_cancelled_at_once(tmp_path: Path) -> None:
    _, (first,) = await left(tmp_path, ended=1)

    async with at_rest(tmp_path) as (jobs, _):
        retried = await jobs.retry("1", first)
        row = await jobs.cancel("1", retried.id)

        assert (row.status, row.last_seq) == ("cancelled", 2)


async def test_pruning_deletes_what_has_ended(tmp_path: Path) -> None:
    running, ended = await left(tmp_path, ended=3)

    async with at_rest(tmp_path) as (jobs, _):
        assert await jobs.prune() == 2
        page = await jobs.jobs("1", limit=9, cursor="", workflow_id=None, status=None)

    assert [row.id for row in page.rows] == [running, ended[-1]]
