"""The one fan-out: stored first, then published; what a failed commit left is stored later, in order."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.jobs import log as logs
from nodetool.jobs.clock import LoopClock
from nodetool.jobs.ending import CANCELLED
from nodetool.jobs.job import Job
from nodetool.jobs.log import Log
from nodetool.protocol.errors import StorageFailed, StorageFull
from nodetool.storage.port import Append, Begin, Cancel, Checkpoint, Done, End, Op, Outcome, Refused
from tests.jobs.helpers import at, events_frame


class FakeWriter:
    """Takes operations in groups, one a tick, and lets the test say which fail. It guards numbers as the store does."""

    def __init__(self) -> None:
        self.stored: dict[int, int] = {}
        """The last number of each job."""
        self.order: list[tuple[int, int]] = []
        self.fails: Callable[[], bool] = lambda: False
        self.error: Exception = StorageFull()
        self._waiting: list[tuple[Sequence[Op], asyncio.Future[list[Outcome]]]] = []

    def append(self, ops: Sequence[Op]) -> Awaitable[list[Outcome]]:
        future: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._commit)
        self._waiting.append((ops, future))
        return future

    def _commit(self) -> None:
        group, self._waiting = self._waiting, []
        fails = self.fails()
        for ops, future in group:
            if fails:
                future.set_exception(self.error)
            else:
                future.set_result([self._apply(op) for op in ops])

    def _apply(self, op: Op) -> Outcome:
        if not isinstance(op, Append | End):
            return Done()
        if op.first_seq != self.stored.get(op.no, 1) + 1:
            return Refused("stale")
        self.stored[op.no] = op.first_seq + op.count - 1
        self.order.append((op.no, op.first_seq))
        return Done()

    def next_no(self) -> int:
        return 1


class Keeper:
    def __init__(self) -> None:
        self.stored_ops: list[Append | Checkpoint] = []
        self.refused_jobs: list[Job] = []

    def begun(self, job: Job, op: Begin) -> None:
        pass

    def stored(self, job: Job, op: Append | Checkpoint) -> None:
        self.stored_ops.append(op)

    def refused(self, job: Job) -> None:
        self.refused_jobs.append(job)


class Desk:
    def __init__(self) -> None:
        self.writer = FakeWriter()
        self.keeper = Keeper()
        self.ended: list[Job] = []
        self.log = Log(self.writer, self.keeper, self.ended.append, LoopClock())

    def job(self, no: int = 1) -> Job:
        version: Any = None
        reader: Any = None
        return Job(
            no=no, id=f"{no:032x}", user="1", workflow_id="w", version=version, values={}, created_us=0, reader=reader
        )

    def tell(self, *jobs: Job, count: int = 1) -> None:
        self.log.append([(job, tell(job, count)) for job in jobs])

    def end(self, job: Job) -> None:
        self.log.append([(job, job.end(CANCELLED, 0))])


def tell(job: Job, count: int = 1) -> Append:
    first = job.sent_seq + 1
    return job.append(events_frame(job, *range(first, first + count)))


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries again at once."""
    monkeypatch.setattr(logs, "RETRY", 0.005)


async def test_nothing_is_published_before_it_is_stored() -> None:
    desk = Desk()
    job = desk.job()
    cursor = job.events(1)
    desk.tell(job)
    assert job.stored_seq == 1

    batch = await cursor.next()

    assert batch
    assert (batch.first_seq, desk.writer.stored[1], job.stored_seq) == (2, 2, 2)
    (op,) = desk.keeper.stored_ops
    assert isinstance(op, Append)
    assert op.first_seq == 2


async def test_listeners_are_told_in_the_order_of_the_log_and_the_end_comes_last() -> None:
    desk = Desk()
    one, other = desk.job(1), desk.job(2)
    heard = [one.events(1), one.events(1)]
    waiting = [asyncio.ensure_future(one.wait()) for _ in range(2)]
    await asyncio.sleep(0)
    desk.tell(one, other, count=2)
    desk.tell(one)
    desk.end(one)
    for cursor in heard:
        assert [batch.first_seq for batch in [await cursor.next() for _ in range(3)] if batch] == [2, 4, 5]
        assert await cursor.next() is None

    assert [await waiter for waiter in waiting] == [CANCELLED, CANCELLED]
    assert desk.ended == [one]
    assert desk.writer.order == [(1, 2), (2, 2), (1, 4), (1, 5)]


async def test_a_failed_commit_is_tried_again_and_what_comes_after_waits_behind_it() -> None:
    desk = Desk()
    job = desk.job()
    desk.writer.fails = lambda: True
    desk.tell(job)
    await at(lambda: desk.log.is_stalled)
    desk.tell(job)
    desk.end(job)
    await asyncio.sleep(0.02)
    assert desk.writer.order == []
    assert job.stored_seq == 1

    desk.writer.fails = lambda: False
    assert await job.wait() == CANCELLED

    assert desk.writer.order == [(1, 2), (1, 3), (1, 4)]
    assert not desk.log.is_stalled
    assert desk.keeper.refused_jobs == []


async def test_what_was_refused_because_of_a_failed_commit_waits_with_it() -> None:
    desk = Desk()
    one, other = desk.job(1), desk.job(2)
    answers = iter([True, False])
    desk.writer.fails = lambda: next(answers, False)
    desk.tell(one)
    await asyncio.sleep(0)  # the first group is committed, and fails, while nobody knows yet
    desk.tell(one, other)
    desk.end(one)
    await one.wait()

    assert desk.writer.order == [(2, 2), (1, 2), (1, 3), (1, 4)]
    assert desk.keeper.refused_jobs == []


async def test_other_jobs_of_a_failed_commit_wait_too_and_nothing_is_lost() -> None:
    desk = Desk()
    jobs = [desk.job(no) for no in range(20)]
    answers = iter([True, True, True])
    desk.writer.fails = lambda: next(answers, False)
    desk.tell(*jobs)
    desk.tell(*jobs)
    for job in jobs:
        desk.end(job)
    await asyncio.gather(*[job.wait() for job in jobs])

    assert desk.writer.stored == dict.fromkeys(range(20), 4)
    assert desk.ended == jobs


async def test_a_job_whose_accept_failed_is_dropped_wherever_it_waits() -> None:
    desk = Desk()
    void, good = desk.job(1), desk.job(2)
    desk.writer.fails = lambda: True
    desk.tell(void, good)
    await at(lambda: desk.log.is_stalled)
    desk.tell(void)
    void.is_void = True
    desk.tell(void, good)
    desk.writer.fails = lambda: False
    desk.end(good)
    await good.wait()

    assert desk.writer.order == [(2, 2), (2, 3), (2, 4)]
    assert desk.keeper.refused_jobs == []


async def test_an_entry_that_does_not_fit_is_told_to_the_keeper() -> None:
    desk = Desk()
    job = desk.job()
    job.sent_seq = 5
    desk.tell(job)
    await at(lambda: desk.keeper.refused_jobs)

    assert desk.keeper.refused_jobs == [job]
    assert job.stored_seq == 1


async def test_a_cancel_is_stored_and_told_to_nobody() -> None:
    desk = Desk()

    assert await desk.log.record(Cancel(no=1)) == [Done()]


async def test_settling_waits_for_all_that_was_appended() -> None:
    desk = Desk()
    job = desk.job()
    answers = iter([True, True])
    desk.writer.fails = lambda: next(answers, False)
    desk.tell(job)
    await desk.log.settle(1)

    assert desk.writer.order == [(1, 2)]
    await desk.log.settle(1)


async def test_settling_does_not_wait_for_ever() -> None:
    desk = Desk()
    desk.writer.fails = lambda: True
    desk.tell(desk.job())

    async with asyncio.timeout(1):
        await desk.log.settle(0.03)


actions = st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.integers(0, 3)), max_size=25)


@given(actions)
def test_each_job_is_stored_whole_and_in_order_whenever_commits_fail(told: list[tuple[int, bool, int]]) -> None:
    async def play() -> None:
        desk = Desk()
        failing = {"now": False}
        desk.writer.fails = lambda: failing["now"]
        desk.writer.error = StorageFailed()
        jobs = [desk.job(no) for no in range(3)]
        heard = [job.events(1) for job in jobs]
        for no, fails, turns in told:
            failing["now"] = fails
            desk.tell(jobs[no])
            for _ in range(turns):
                await asyncio.sleep(0)
        for job in jobs:
            desk.end(job)
        failing["now"] = False
        async with asyncio.timeout(5):
            await asyncio.gather(*[job.wait() for job in jobs])
        for job, cursor in zip(jobs, heard, strict=True):
            firsts = []
            while (batch := await cursor.next()) is not None:
                firsts += list(range(batch.first_seq, batch.last_seq + 1))
            assert firsts == list(range(2, job.sent_seq + 1))
            assert [seq for no, seq in desk.writer.order if no == job.no] == firsts
        assert desk.keeper.refused_jobs == []

    asyncio.run(play())
