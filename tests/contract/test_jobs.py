"""What the server may expect of jobs: of the real ones, and of the fakes that its own tests hand in."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from nodetool.protocol import codec
from nodetool.protocol.errors import CursorAhead, NotFound
from nodetool.server import ports
from tests.jobs.helpers import at, completed, events_frame, shared_kind
from tests.jobs.house import House, opened
from tests.server.fakes import FakeJob, FakeJobs


class Player(Protocol):
    """Jobs, and what the test makes of a run."""

    jobs: ports.Jobs

    async def tell(self, job: Any, count: int) -> None:
        """Let the run tell some events, and have them stored."""
        ...

    async def complete(self, job: Any, **result: Any) -> None: ...


class Fakes:
    def __init__(self) -> None:
        fakes = FakeJobs()
        fakes.script = FakeJob.run
        self.jobs: ports.Jobs = fakes

    async def tell(self, job: FakeJob, count: int) -> None:
        job.say(*map(str, range(count)))

    async def complete(self, job: FakeJob, **result: Any) -> None:
        job.complete(**result)


class Real:
    def __init__(self, house: House) -> None:
        self.jobs: ports.Jobs = house.jobs
        self._house = house

    async def tell(self, job: Any, count: int) -> None:
        link, _ = self._house.started(job.id)
        last = job.sent_seq + count
        link.say(events_frame(job, *range(job.sent_seq + 1, last + 1)))
        await at(lambda: job.stored_seq == last)

    async def complete(self, job: Any, **result: Any) -> None:
        link, _ = self._house.started(job.id)
        link.say(completed(job, **result))
        await job.wait()


@pytest.fixture(params=["real", "fake"])
async def player(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Player]:
    if request.param == "fake":
        yield Fakes()
        return
    async with opened(tmp_path) as house:
        await house.save("wf", shared_kind())
        yield Real(house)


async def start(player: Player) -> Any:
    job = await player.jobs.start("1", "wf", {})
    await job.accepted()
    return job


async def read(cursor: ports.Cursor) -> list[ports.Batch]:
    batches = []
    while (batch := await cursor.next(1)) is not None:
        batches.append(batch)
    cursor.close()
    return batches


def events(batches: list[ports.Batch]) -> list[Any]:
    return [codec.value_of(raw) for batch in batches for raw in codec.split(batch.count, batch.data)]


async def test_events_begin_with_the_queued_one_and_end_with_the_end(player: Player) -> None:
    job = await start(player)
    cursor = job.events()
    await player.tell(job, 3)
    await player.complete(job, out=1)
    batches = await read(cursor)

    told = events(batches)
    assert [event["seq"] for event in told] == list(range(1, len(told) + 1))
    assert (told[0]["status"], told[-1]["status"], told[-1]["result"]) == ("queued", "completed", {"out": 1})
    assert [batch.last for batch in batches] == [False] * (len(batches) - 1) + [True]
    assert await cursor.next(1) is None


async def test_a_batch_says_where_it_begins_and_is_json_too(player: Player) -> None:
    job = await start(player)
    await player.tell(job, 3)
    await player.complete(job)
    seq = 1
    for batch in await read(job.events()):
        assert batch.first_seq == seq
        assert batch.flags == 0
        assert list(map(json.loads, batch.lines().splitlines())) == events([batch])
        assert batch.lines().isascii()
        seq += batch.count


async def test_a_reader_may_begin_anywhere_in_the_log_and_not_beyond_it(player: Player) -> None:
    job = await start(player)
    await player.tell(job, 4)
    await player.complete(job)
    last = (await player.jobs.job("1", job.id)).last_seq

    for after in range(last + 1):
        told = events(await read(await player.jobs.events("1", job.id, after)))
        assert [event["seq"] for event in told] == list(range(after + 1, last + 1))
    with pytest.raises(CursorAhead):
        await player.jobs.events("1", job.id, last + 1)


async def test_silence_is_a_timeout_and_reading_goes_on(player: Player) -> None:
    job = await start(player)
    await player.tell(job, 1)
    row = await player.jobs.job("1", job.id)
    cursor = await player.jobs.events("1", job.id, row.last_seq)
    with pytest.raises(TimeoutError):
        await cursor.next(0.01)
    await player.tell(job, 2)
    batch = await cursor.next(1)
    cursor.close()

    assert batch
    assert (batch.first_seq, batch.count) == (row.last_seq + 1, 2)


async def test_the_end_is_told_to_who_waits_and_read_from_the_row(player: Player) -> None:
    job = await start(player)
    assert await player.jobs.ending(await player.jobs.job("1", job.id)) is None
    await player.complete(job, out=[1])
    row = await player.jobs.job("1", job.id)
    waited, read_back = await job.wait(), await player.jobs.ending(row)

    assert read_back
    assert (row.status, row.error) == ("completed", None)
    assert (waited.status, codec.value_of(waited.result)) == ("completed", {"out": [1]})
    assert (read_back.status, codec.value_of(read_back.result)) == ("completed", {"out": [1]})
    assert (read_back.code, read_back.error, list(read_back.errors)) == ("", "", [])


async def test_another_users_job_and_none_are_not_found(player: Player) -> None:
    job = await start(player)
    for user, id in (("2", job.id), ("1", "0" * 32), ("1", "nonsense")):
        for refused in (
            player.jobs.job(user, id),
            player.jobs.events(user, id, 0),
            player.jobs.cancel(user, id),
        ):
            with pytest.raises(NotFound):
                await refused
    with pytest.raises(NotFound):
        await player.jobs.start("1", "nobody", {})


async def test_ids_have_dashes_or_not(player: Player) -> None:
    job = await start(player)
    dashed = "-".join((job.id[:8], job.id[8:12], job.id[12:16], job.id[16:20], job.id[20:]))

    assert (await player.jobs.job("1", dashed)).id == job.id


async def test_a_cancel_is_recorded_before_it_is_answered_and_comes_too_late_for_an_ended_job(player: Player) -> None:
    job, ended = await start(player), await start(player)
    await player.complete(ended)

    row = await player.jobs.cancel("1", job.id)
    assert row.cancel_requested
    assert row.status in ("running", "cancelled")
    assert (await player.jobs.cancel("1", ended.id)).status == "completed"


async def test_jobs_are_listed_newest_first(player: Player) -> None:
    ids = [(await start(player)).id for _ in range(3)]
    page = await player.jobs.jobs("1", limit=2, cursor="", workflow_id=None, status=None)

    assert [row.id for row in page.rows] == ids[:0:-1]
    assert page.next
    assert (await player.jobs.jobs("2", limit=2, cursor="", workflow_id=None, status=None)).rows == []
