"""The life of jobs over a real database, in runners that the test plays."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from nodetool.jobs import closing, dispatcher
from nodetool.jobs.job import Job
from nodetool.jobs.policy import Policy
from nodetool.jobs.runners import SHARED_RUNS
from nodetool.jobs.watchdog import Watchdog
from nodetool.protocol import codec, frames
from nodetool.protocol.errors import QueueFull, StorageFailed, StorageFull
from nodetool.protocol.events import JobUpdate
from nodetool.runner.pulse import Place
from nodetool.storage.port import Accept, Append, Begin, Cancel, Op, Requeue
from nodetool.storage.sqlite import Store
from tests.graphs import through
from tests.jobs.helpers import (
    Desk,
    FakeLink,
    alone_kind,
    at,
    completed,
    decoded,
    drained,
    events_frame,
    kinds,
)


@pytest.fixture(autouse=True)
def in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shortens what the supervisor waits for."""
    monkeypatch.setattr(dispatcher, "RESTART_DELAY", 0.02)


@pytest.fixture
def shared(desk: Desk) -> FakeLink:
    return desk.open()


async def last_event(desk: Desk, job: Job) -> JobUpdate:
    last = (await desk.events(job))[-1]
    assert isinstance(last, JobUpdate)
    return last


async def told(desk: Desk, job: Job, *seqs: int) -> None:
    """Let the job's run tell events, and wait until they are stored."""
    desk.runner_of(job).say(events_frame(job, *seqs, attempt=job.attempt))
    await at(lambda: job.stored_seq >= seqs[-1])


# Start to end.


async def test_a_job_starts_at_once_and_its_end_is_made_here(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept(text="hi")
    (start,) = shared.starts(job)
    assert (start.attempt, start.next_seq, start.params) == (1, 2, {"text": "hi"})
    shared.say(events_frame(job, 2, 3), completed(job, out="hi"))

    ending = await job.wait()

    assert (ending.status, codec.value_of(ending.result)) == ("completed", {"out": "hi"})
    assert kinds(await desk.events(job)) == ["queued", "LogUpdate", "LogUpdate", "completed"]
    row = await desk.row(job)
    assert (row.status, row.last_seq, row.attempt, row.error) == ("completed", 4, 1, None)
    assert desk.ended == [job]


async def test_the_last_events_and_the_end_are_one_batch(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept()
    cursor = job.events(1)
    shared.say(events_frame(job, 2), events_frame(job, 3, 4), completed(job))

    batches = await drained(cursor)

    assert [(batch.first_seq, batch.count) for batch in batches] == [(2, 1), (3, 3)]


async def test_one_read_may_bring_frames_of_many_jobs(desk: Desk, shared: FakeLink) -> None:
    jobs = [desk.accept() for _ in range(5)]
    shared.say(
        *[events_frame(job, 2) for job in jobs],
        *[events_frame(job, 3) for job in jobs[:3]],
        *[completed(job) for job in jobs[1:]],
    )
    shared.say(completed(jobs[0]))
    for job in jobs:
        await job.wait()
        assert kinds(await desk.events(job))[-1] == "completed"


async def test_a_failed_run_says_which_node(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept()
    shared.say(frames.End(job.no, 1, "failed", code="node_failed", error="no", node_id="n"))
    ending = await job.wait()

    assert (ending.status, ending.code, ending.error) == ("failed", "node_failed", "no")
    last = await last_event(desk, job)
    assert last.errors
    assert (last.error, last.errors[0].node_id) == ("no", "n")
    assert (await desk.row(job)).error == "no"


async def test_frames_of_another_attempt_or_of_no_job_are_not_heard(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept()
    shared.say(events_frame(job, 2, attempt=7), completed(job, attempt=7), frames.End(999, 1, "completed"))
    shared.say(frames.NeedPlan("nobody's"), completed(job))

    await job.wait()
    assert kinds(await desk.events(job)) == ["queued", "completed"]


async def test_frames_of_another_attempt_in_the_same_read_touch_nothing(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept()
    shared.say(events_frame(job, 2), events_frame(job, 3, attempt=7), events_frame(job, 3), completed(job, attempt=7))
    shared.say(events_frame(job, 4), events_frame(job, 5, attempt=7), completed(job))

    await job.wait()
    assert kinds(await desk.events(job)) == ["queued", "LogUpdate", "LogUpdate", "LogUpdate", "completed"]


async def test_a_second_end_changes_nothing(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept()
    shared.say(completed(job), frames.End(job.no, 1, "failed", error="late"))
    shared.say(completed(job))
    await job.wait()
    await desk.supervisor.log.settle(1)

    assert kinds(await desk.events(job)) == ["queued", "completed"]
    assert desk.ended == [job]


async def test_a_plan_that_a_runner_has_dropped_is_sent_again(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept()
    shared.say(frames.NeedPlan(job.version.plan_hash))

    assert [plan.hash for plan in shared.of(frames.Plan)] == [job.version.plan_hash] * 2


async def test_a_runner_of_another_version_is_killed(desk: Desk) -> None:
    desk.supervisor.open()
    desk.links[0].say(frames.Hello(frames.VERSION + 1, "", 1))

    assert desk.links[0].kills == 1
    assert not desk.supervisor.is_ready


# Queues.


async def test_a_job_without_room_waits_for_its_turn(desk: Desk, shared: FakeLink) -> None:
    begun = [desk.accept(alone_kind()) for _ in range(8)]
    waiting = [desk.accept(alone_kind()) for _ in range(2)]
    assert [job.status for job in waiting] == ["queued", "queued"]
    desk.runner_of(begun[3]).say(completed(begun[3]))
    assert [job.status for job in waiting] == ["running", "queued"]
    desk.runner_of(begun[5]).say(completed(begun[5]))
    for job in waiting:
        desk.runner_of(job).say(completed(job))
        await job.wait()
        assert kinds(await desk.events(job)) == ["queued", "completed"]

    assert (await desk.row(waiting[1])).started_us


async def test_the_others_are_not_held_up_by_a_full_lane(desk: Desk, shared: FakeLink) -> None:
    for _ in range(9):
        desk.accept(alone_kind())

    assert desk.accept().status == "running"
    assert desk.accept(through("bench.nodes.Busy")).status == "running"


async def test_the_shared_runner_has_a_limit_too(desk: Desk, shared: FakeLink) -> None:
    jobs = [desk.accept() for _ in range(SHARED_RUNS + 3)]
    assert [job.status for job in jobs[-4:]] == ["running", "queued", "queued", "queued"]
    shared.say(*[completed(job) for job in jobs[:SHARED_RUNS]])
    assert {job.status for job in jobs} == {"running"}
    shared.say(*[completed(job) for job in jobs[SHARED_RUNS:]])
    await asyncio.gather(*[job.wait() for job in jobs])


# Credit.


async def test_a_run_is_credited_what_is_stored_once_it_is_enough(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept()
    few, more = events_frame(job, 2, 3), events_frame(job, 4, content="x" * frames.CREDIT_BYTES)
    shared.say(few)
    await at(lambda: job.stored_seq == 3)
    assert shared.of(frames.Credit) == []
    shared.say(more)
    await at(lambda: shared.of(frames.Credit))

    assert shared.of(frames.Credit) == [frames.Credit(job.no, 1, 3, len(few.data) + len(more.data))]


async def test_an_earlier_attempts_events_are_no_credit_for_the_next(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept(alone_kind())
    runner = desk.runner_of(job)
    runner.say(events_frame(job, 2, content="x" * frames.CREDIT_BYTES))
    runner.lose()
    await at(lambda: job.stored_seq == 3)

    assert [credit for link in desk.links for credit in link.of(frames.Credit)] == []


# Cancel.


async def test_a_queued_job_is_cancelled_without_running(desk: Desk, shared: FakeLink) -> None:
    for _ in range(8):
        desk.accept(alone_kind())
    job = desk.accept(alone_kind())
    await desk.cancel(job)

    assert kinds(await desk.events(job)) == ["queued", "cancelled"]
    row = await desk.row(job)
    assert (row.status, row.cancel_requested, row.started_us) == ("cancelled", True, None)
    desk.links[1].say(completed_of(desk.links[1]))
    assert not [link for link in desk.links if link.starts(job)]


def completed_of(link: FakeLink) -> frames.End:
    (start,) = link.of(frames.Start)
    return frames.End(start.job_no, start.attempt, "completed", b"\x80")


async def test_a_running_job_is_recorded_then_asked_and_ends_cancelled(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept()
    await desk.cancel(job)
    assert (await desk.row(job)).cancel_requested
    assert (await desk.row(job)).status == "running"
    assert shared.of(frames.Cancel) == [frames.Cancel(job.no, 1)]
    shared.say(events_frame(job, 2), frames.End(job.no, 1, "cancelled"))
    await job.wait()

    assert kinds(await desk.events(job)) == ["queued", "LogUpdate", "cancelled"]
    assert shared.kills == 0


@pytest.mark.parametrize("status", ["completed", "failed"])
async def test_whatever_a_runner_says_a_cancelled_job_ends_cancelled(desk: Desk, shared: FakeLink, status: Any) -> None:
    job = desk.accept()
    await desk.cancel(job)
    shared.say(frames.End(job.no, 1, status, b"\x80"))

    assert (await job.wait()).status == "cancelled"
    last = await last_event(desk, job)
    assert (last.status, last.result, last.error) == ("cancelled", None, None)


async def test_an_end_that_overtakes_the_record_of_a_cancel_is_cancelled(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept()
    cancelling = asyncio.ensure_future(desk.cancel(job))
    await asyncio.sleep(0)
    shared.say(completed(job))
    await cancelling

    assert (await job.wait()).status == "cancelled"
    assert (await desk.row(job)).cancel_requested


async def test_a_cancel_that_comes_behind_the_end_changes_nothing_and_waits_for_it(
    desk: Desk, shared: FakeLink
) -> None:
    job = desk.accept()
    shared.say(completed(job))
    await desk.cancel(job)

    assert (await desk.row(job)).status == "completed"
    await desk.cancel(job)
    assert kinds(await desk.events(job)) == ["queued", "completed"]


async def test_a_run_that_was_not_heard_in_a_busy_runner_has_more_time_to_stop(store: Store) -> None:
    desk = Desk(store, patience=0.2)
    shared = desk.open()
    jobs = [desk.accept() for _ in range(3)]
    shared.at = Place(jobs[1].no, 1)
    await desk.cancel(jobs[0])
    await asyncio.sleep(0.1)
    assert shared.kills == 0
    shared.say(frames.End(jobs[0].no, 1, "cancelled"))
    assert (await jobs[0].wait()).status == "cancelled"

    await desk.cancel(jobs[1])  # its own node has the loop
    await at(lambda: shared.kills)
    assert shared.kills == 1


async def test_a_run_that_swallows_its_cancel_costs_its_runner_in_the_end(store: Store) -> None:
    desk = Desk(store, patience=0.02)
    shared = desk.open()
    job, _ = desk.accept(), desk.accept()
    await desk.cancel(job)

    await at(lambda: shared.kills)


async def test_a_runner_that_starts_is_not_killed_before_it_can_hear(store: Store) -> None:
    desk = Desk(store, patience=0.2)
    desk.open()
    job = desk.accept(alone_kind())
    (alone,) = desk.links[1:2]
    await desk.cancel(job)
    await asyncio.sleep(0.1)
    assert alone.kills == 0
    alone.hello()
    alone.say(frames.End(job.no, 1, "cancelled"))

    assert (await job.wait()).status == "cancelled"
    assert alone.kills == 0


async def test_a_second_cancel_waits_for_the_record_of_the_first(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept()
    await asyncio.gather(desk.cancel(job), desk.cancel(job))

    assert (await desk.row(job)).cancel_requested
    assert len(shared.of(frames.Cancel)) == 1


async def test_a_caller_that_leaves_while_it_cancels_does_not_take_the_cancel_back(
    desk: Desk, shared: FakeLink
) -> None:
    job = desk.accept()
    cancelling = asyncio.ensure_future(desk.cancel(job))
    await asyncio.sleep(0)
    cancelling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelling
    await at(lambda: shared.of(frames.Cancel))
    shared.say(completed(job))

    assert (await job.wait()).status == "cancelled"


async def test_a_run_alone_that_does_not_stop_is_killed_and_then_is_cancelled(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept(alone_kind())
    runner = desk.runner_of(job)
    await desk.cancel(job)
    assert runner.kills == 0
    await at(lambda: runner.kills)
    runner.say(events_frame(job, 2))
    assert not job.is_ended
    runner.lose()
    await job.wait()

    assert kinds(await desk.events(job)) == ["queued", "LogUpdate", "cancelled"]
    assert shared.kills == 0


async def test_a_runner_that_is_killed_gets_no_further_run(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept(alone_kind())
    runner = desk.runner_of(job)
    await desk.cancel(job)
    await at(lambda: runner.kills)
    runner.say(frames.End(job.no, 1, "cancelled"))  # it was on its way when the kill came
    other = desk.accept(alone_kind())
    runner.lose()

    assert desk.runner_of(other) is not runner
    assert other.attempt == 1


async def test_the_others_of_a_shared_runner_have_a_moment_before_it_is_killed(desk: Desk, shared: FakeLink) -> None:
    stuck, quick, slow = desk.accept(), desk.accept(), desk.accept()
    await desk.cancel(stuck)
    await at(lambda: len(desk.links) == 2)
    fresh = desk.links[1]
    fresh.hello()
    new = desk.accept()
    assert desk.runner_of(new) is fresh
    assert shared.kills == 0
    shared.say(completed(quick))
    await at(lambda: shared.kills)
    shared.lose()
    await stuck.wait()

    assert kinds(await desk.events(stuck)) == ["queued", "cancelled"]
    assert (await quick.wait()).status == "completed"
    assert desk.runner_of(slow) is fresh
    assert (slow.attempt, slow.counted, slow.is_alone) == (2, 0, False)
    fresh.say(completed(slow, attempt=2))
    assert kinds(await wait_events(desk, slow)) == ["queued", "queued", "completed"]
    assert len(desk.links) == 2


async def wait_events(desk: Desk, job: Job) -> list[Any]:
    await job.wait()
    return await desk.events(job)


async def test_two_that_do_not_stop_cost_one_runner(desk: Desk, shared: FakeLink) -> None:
    one, other = desk.accept(), desk.accept()
    await asyncio.gather(desk.cancel(one), desk.cancel(other))
    await at(lambda: shared.kills)
    shared.lose()
    await asyncio.gather(one.wait(), other.wait())

    assert (shared.kills, len(desk.links)) == (1, 2)


async def test_killing_one_that_was_replaced_takes_no_third(store: Store) -> None:
    desk = Desk(store, recycle=2)
    shared = desk.open()
    stuck, last = desk.accept(), desk.accept()
    shared.say(completed(last))
    assert len(desk.links) == 2
    await desk.cancel(stuck)
    await at(lambda: shared.kills)
    shared.lose()

    assert desk.runner_of(desk.accept()) is desk.links[1]
    assert len(desk.links) == 2


async def test_a_run_that_stops_in_time_costs_no_runner(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept()
    await desk.cancel(job)
    shared.say(frames.End(job.no, 1, "cancelled"))
    await asyncio.sleep(0.06)

    assert (shared.kills, len(desk.links)) == (0, 1)


# Runners that are lost.


async def test_a_job_of_a_lost_runner_begins_its_next_attempt(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept(alone_kind())
    runner = desk.runner_of(job)
    runner.say(events_frame(job, 2, 3))
    runner.lose()
    again = desk.runner_of(job)
    assert again is not runner
    (start,) = again.starts(job)
    assert (start.attempt, start.next_seq) == (2, 5)
    again.say(events_frame(job, 5, attempt=2), completed(job, attempt=2, out="hi"))

    events = await wait_events(desk, job)
    assert kinds(events) == ["queued", "LogUpdate", "LogUpdate", "queued", "LogUpdate", "completed"]
    between = events[3]
    assert (between.attempt, between.message) == (2, "the process that ran it ended")
    assert (await desk.row(job)).attempt == 2


async def test_after_three_attempts_a_job_fails_with_the_reason(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept(alone_kind())
    for _ in range(3):
        desk.runner_of(job).lose()
    ending = await job.wait()

    assert (ending.status, ending.code) == ("failed", "attempts_exhausted")
    assert ending.error == "the job was started 3 times and never ended: the process that ran it ended"
    assert kinds(await desk.events(job)) == ["queued", "queued", "queued", "failed"]
    assert (await desk.row(job)).attempt == 3


async def test_a_job_that_fails_with_its_runners_names_the_node_that_they_were_in(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept()
    for _ in range(3):
        runner = desk.runner_of(job)
        runner.at = Place(job.no, 1)
        runner.lose()
    ending = await job.wait()

    (fault,) = ending.errors
    assert (fault.node_id, fault.message) == ("node", "the process that ran it ended")


async def test_those_that_shared_a_lost_runner_run_alone_and_uncounted(desk: Desk, shared: FakeLink) -> None:
    one, other = desk.accept(), desk.accept()
    shared.lose()

    assert (one.counted, other.counted) == (0, 0)
    assert desk.runner_of(one) is not desk.runner_of(other)
    for job in (one, other):
        desk.runner_of(job).say(completed(job, attempt=2))
        await job.wait()


async def test_the_only_one_of_a_lost_shared_runner_is_counted(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept()
    shared.lose()

    assert job.counted == 1


async def test_a_shared_runner_that_is_lost_is_replaced_at_once(desk: Desk, shared: FakeLink) -> None:
    shared.lose()

    assert len(desk.links) == 2
    assert not desk.supervisor.is_ready
    desk.links[1].hello()
    assert desk.supervisor.is_ready


async def test_one_that_never_came_up_is_replaced_after_a_moment(desk: Desk) -> None:
    desk.supervisor.open()
    job = desk.accept()
    desk.links[0].lose()
    assert not [link for link in desk.links[1:] if not link.starts(job)]
    waiting = desk.accept()
    assert waiting.status == "queued"
    await at(lambda: waiting.status == "running")

    desk.runner_of(waiting).say(completed(waiting))
    await waiting.wait()


async def test_an_idle_runner_that_never_ran_anything_may_be_lost(desk: Desk, shared: FakeLink) -> None:
    jobs = [desk.accept(alone_kind()) for _ in range(2)]
    desk.runner_of(jobs[0]).say(frames.End(jobs[0].no, 1, "completed", b"\x80", leaves=True))
    idle = desk.links[-1]
    assert idle.of(frames.Start) == []
    idle.lose()
    other = desk.accept(alone_kind())

    assert desk.runner_of(other) is not idle


async def test_frames_behind_the_loss_are_not_heard(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept(alone_kind())
    runner = desk.runner_of(job)
    runner.lose()
    runner.say(events_frame(job, 2), completed(job))

    assert not job.ending
    assert job.sent_seq == 2


async def test_a_cancelled_job_of_a_lost_runner_ends_cancelled(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept()
    await desk.cancel(job)
    shared.lose()

    assert (await job.wait()).status == "cancelled"
    assert kinds(await desk.events(job)) == ["queued", "cancelled"]


async def test_a_job_that_waits_for_its_next_attempt_can_be_cancelled(desk: Desk, shared: FakeLink) -> None:
    begun = [desk.accept(alone_kind()) for _ in range(8)]
    shy = desk.accept()
    waiting = desk.accept(alone_kind())
    shared.lose()  # the lane is full: it waits behind another
    assert (shy.status, shy.attempt) == ("queued", 2)
    await desk.cancel(shy)

    assert kinds(await desk.events(shy)) == ["queued", "queued", "cancelled"]
    desk.runner_of(begun[0]).say(completed(begun[0]))
    assert waiting.status == "running"


async def test_a_runner_that_leaves_behind_its_end_gets_no_further_run(desk: Desk, shared: FakeLink) -> None:
    jobs = [desk.accept(alone_kind()) for _ in range(8)]
    waiting = desk.accept(alone_kind())
    runner = desk.runner_of(jobs[0])
    runner.say(frames.End(jobs[0].no, 1, "failed", error="no", leaves=True))
    assert desk.runner_of(waiting) is not runner
    runner.lose()

    assert (await jobs[0].wait()).status == "failed"
    assert (waiting.attempt, waiting.counted) == (1, 0)


async def test_a_shared_runner_that_leaves_is_replaced(desk: Desk, shared: FakeLink) -> None:
    one, other = desk.accept(), desk.accept()
    shared.say(frames.End(one.no, 1, "failed", error="the engine failed", leaves=True))
    assert desk.runner_of(desk.accept()) is desk.links[1]
    shared.lose()

    assert (other.attempt, other.counted, other.is_alone) == (2, 0, False)
    assert len(desk.links) == 2


# What cannot be stored.


class Failing:
    """A writer in front of the real one, which fails what the test says."""

    def __init__(self, store: Store) -> None:
        self._writer = store.writer
        self.fails: Callable[[Op], bool] = lambda _: False

    def append(self, ops: Any) -> "asyncio.Future[Any]":
        if any(self.fails(op) for op in ops):
            future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(future.set_exception, StorageFull())
            return future
        return self._writer.append(ops)

    def next_no(self) -> int:
        return self._writer.next_no()


@pytest.fixture
async def failing(store: Store) -> tuple[Desk, Failing]:
    writer = Failing(store)
    real: Any = store
    desk = Desk(Replaced(real, writer))  # type: ignore[arg-type]
    desk.open()
    return desk, writer


class Replaced:
    """A store with another writer."""

    def __init__(self, store: Store, writer: Failing) -> None:
        self.writer = writer
        self.reader = store.reader


async def test_a_job_whose_accept_fails_is_dropped(failing: tuple[Desk, Failing]) -> None:
    desk, writer = failing
    writer.fails = lambda op: isinstance(op, Accept)
    job = desk.accept()
    with pytest.raises(StorageFull):
        await job.accepted()
    desk.supervisor.abandon(job)
    assert desk.links[0].of(frames.Cancel) == [frames.Cancel(job.no, 1)]
    desk.links[0].say(events_frame(job, 2), frames.End(job.no, 1, "cancelled"))
    await desk.supervisor.log.settle(1)

    assert await desk.store.reader.job(job.id) is None
    assert desk.ended == []


async def test_a_dropped_job_does_not_run_again(failing: tuple[Desk, Failing]) -> None:
    desk, writer = failing
    writer.fails = lambda op: isinstance(op, Accept)
    job = desk.accept()
    with pytest.raises(StorageFull):
        await job.accepted()
    desk.supervisor.abandon(job)
    await at(lambda: desk.links[0].kills)
    desk.links[0].lose()

    assert [link.starts(job) for link in desk.links[1:]] == [[]] * (len(desk.links) - 1)


async def test_a_cancel_that_cannot_be_recorded_is_no_cancel(failing: tuple[Desk, Failing]) -> None:
    desk, writer = failing
    job = desk.accept()
    writer.fails = lambda op: isinstance(op, Cancel)
    with pytest.raises(StorageFull):
        await desk.cancel(job)
    desk.links[0].say(completed(job))

    assert (await job.wait()).status == "completed"
    assert desk.links[0].of(frames.Cancel) == []


async def test_a_cancel_does_not_overtake_what_waits_for_the_disk(failing: tuple[Desk, Failing]) -> None:
    desk, writer = failing
    job = desk.accept()
    await job.accepted()
    writer.fails = lambda op: isinstance(op, Append)
    desk.links[0].say(events_frame(job, 2))
    await at(lambda: desk.supervisor.log.is_stalled)
    with pytest.raises(StorageFailed):
        await desk.cancel(job)
    writer.fails = lambda _: False
    await at(lambda: not desk.supervisor.log.is_stalled)
    await desk.cancel(job)

    assert (await desk.row(job)).cancel_requested


async def test_a_cancel_that_overtakes_the_next_attempt_ends_the_job_where_it_is_stored(
    failing: tuple[Desk, Failing],
) -> None:
    desk, writer = failing
    job = desk.accept(alone_kind())
    await job.accepted()
    writer.fails = lambda op: isinstance(op, Requeue)
    desk.runner_of(job).lose()
    await desk.cancel(job)
    await at(lambda: desk.supervisor.log.is_stalled)
    writer.fails = lambda _: False
    async with asyncio.timeout(2):
        ending = await job.wait()
    desk.runner_of(job).say(frames.End(job.no, 2, "cancelled"))

    assert ending.status == "cancelled"
    assert kinds(await desk.events(job)) == ["queued", "cancelled"]
    assert [runner for runner in desk.supervisor.runners if runner.active] == []


async def test_what_follows_a_start_that_could_not_be_stored_waits_with_it(failing: tuple[Desk, Failing]) -> None:
    desk, writer = failing
    jobs = [desk.accept(alone_kind()) for _ in range(9)]
    await jobs[8].accepted()
    writer.fails = lambda op: isinstance(op, Begin)
    desk.runner_of(jobs[0]).say(completed(jobs[0]))
    await asyncio.sleep(0)  # the start has failed, and nobody knows yet
    desk.runner_of(jobs[8]).say(events_frame(jobs[8], 2))
    desk.runner_of(jobs[8]).lose()
    await at(lambda: desk.supervisor.log.is_stalled)
    row = await desk.row(jobs[8])
    assert (row.status, row.attempt, row.last_seq) == ("queued", 1, 1)
    writer.fails = lambda _: False
    desk.runner_of(jobs[8]).say(completed(jobs[8], attempt=2))
    async with asyncio.timeout(2):
        await jobs[8].wait()

    assert kinds(await desk.events(jobs[8])) == ["queued", "LogUpdate", "queued", "completed"]


async def test_a_run_whose_events_do_not_follow_the_log_is_ended_where_it_ends(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept()
    await told(desk, job, 2)
    shared.say(events_frame(job, 9))
    shared.say(events_frame(job, 10))
    ending = await job.wait()
    assert (ending.status, ending.code) == ("failed", "job_failed")
    assert shared.of(frames.Cancel)
    shared.say(events_frame(job, 11), completed(job))
    await desk.supervisor.log.settle(1)

    assert kinds(await desk.events(job)) == ["queued", "LogUpdate", "failed"]
    assert desk.accept().status == "running"


@pytest.mark.parametrize("seqs", [(2, 8, 9), (2, 8)])
async def test_an_end_does_not_complete_a_run_whose_events_do_not_follow_the_log(
    desk: Desk, shared: FakeLink, seqs: tuple[int, ...]
) -> None:
    job = desk.accept()
    shared.say(*[events_frame(job, seq) for seq in seqs], completed(job, out=1))
    ending = await job.wait()

    assert (ending.status, ending.code) == ("failed", "job_failed")
    assert kinds(await desk.events(job)) == ["queued", "LogUpdate", "failed"]


async def test_events_that_follow_the_log_behind_others_that_do_not_are_not_heard(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept()
    shared.say(events_frame(job, 2))
    shared.say(events_frame(job, 2))
    shared.say(events_frame(job, 3))
    async with asyncio.timeout(1):
        ending = await job.wait()

    assert (ending.status, ending.code) == ("failed", "job_failed")
    assert kinds(await desk.events(job)) == ["queued", "LogUpdate", "failed"]


async def test_a_job_that_tells_more_than_it_may_is_broken_off(store: Store) -> None:
    desk = Desk(store, max_events=5)
    shared = desk.open()
    job = desk.accept()
    shared.say(events_frame(job, 2, 3, 4))
    shared.say(events_frame(job, 5, 6))
    assert shared.of(frames.Cancel) == [frames.Cancel(job.no, 1)]
    shared.say(frames.End(job.no, 1, "cancelled"))
    ending = await job.wait()
    await asyncio.sleep(0.05)

    assert (ending.status, ending.code) == ("failed", "too_many_events")
    assert kinds(await desk.events(job)) == ["queued", "LogUpdate", "LogUpdate", "LogUpdate", "failed"]
    assert shared.kills == 0


async def test_one_that_is_broken_off_and_does_not_stop_loses_its_runner(store: Store) -> None:
    desk = Desk(store, max_events=5)
    desk.open()
    job = desk.accept(alone_kind())
    runner = desk.runner_of(job)
    runner.say(events_frame(job, *range(2, 20)))
    await at(lambda: runner.kills)
    runner.lose()
    await job.wait()

    assert kinds(await desk.events(job)) == ["queued", "failed"]
    assert len(runner.of(frames.Start)) == 1


# The end of the server.


async def test_finishing_starts_nothing_more_and_waits_for_what_runs(desk: Desk, shared: FakeLink) -> None:
    running = desk.accept()
    finishing = asyncio.ensure_future(closing.finish(desk.supervisor, 5))
    await asyncio.sleep(0.01)
    late = desk.accept()
    assert late.status == "queued"
    assert not finishing.done()
    shared.say(completed(running))
    await finishing

    assert running.is_ended
    assert (await desk.row(late)).status == "queued"


async def test_finishing_gives_up_after_its_time(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept()
    async with asyncio.timeout(1):
        await closing.finish(desk.supervisor, 0.02)

    assert (await desk.row(job)).status == "running"


async def test_stopping_kills_and_queues_what_ran_for_the_next_start_uncounted(desk: Desk, shared: FakeLink) -> None:
    shy, alone, cancelled = desk.accept(), desk.accept(alone_kind()), desk.accept()
    queued = [desk.accept(alone_kind()) for _ in range(8)][-1]
    await desk.cancel(cancelled)
    stopping = asyncio.ensure_future(closing.stop(desk.supervisor))
    await asyncio.sleep(0.01)
    assert all(link.kills for link in desk.links)
    for link in desk.links:
        link.lose()
    await stopping

    rows = [await desk.row(job) for job in (shy, alone, queued, cancelled)]
    assert [row.status for row in rows] == ["queued", "queued", "queued", "cancelled"]
    assert [row.attempt for row in rows] == [2, 2, 1, 1]
    assert {row.failures for row in rows} == {0}


async def test_an_overdue_run_does_not_start_a_runner_while_the_server_stops(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept()
    await desk.cancel(job)
    stopping = asyncio.ensure_future(closing.stop(desk.supervisor))
    await asyncio.sleep(0.06)
    shared.lose()
    await stopping

    assert len(desk.links) == 1


async def test_a_job_that_was_left_is_cancelled_without_a_runner(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept()
    stopping = asyncio.ensure_future(closing.stop(desk.supervisor))
    await asyncio.sleep(0)
    shared.lose()
    await stopping
    await desk.cancel(job)

    assert (await desk.row(job)).status == "cancelled"


async def test_stopping_does_not_wait_for_a_runner_that_cannot_be_killed(
    desk: Desk, shared: FakeLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "PARTING", 0.02)
    monkeypatch.setattr(closing, "LAST_WAIT", 0.02)
    async with asyncio.timeout(1):
        await closing.stop(desk.supervisor)

    assert shared.of(frames.Stop) == [frames.Stop()]  # it may take down what nodes keep
    assert shared.kills == 1


async def test_stopping_does_not_wait_for_a_disk_that_takes_nothing(
    failing: tuple[Desk, Failing], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "SETTLE", 0.05)
    desk, writer = failing
    job = desk.accept()
    await job.accepted()
    writer.fails = lambda op: isinstance(op, Append)
    desk.links[0].say(events_frame(job, 2))
    await asyncio.sleep(0.01)
    stopping = asyncio.ensure_future(closing.stop(desk.supervisor))
    await asyncio.sleep(0)
    desk.links[0].lose()
    async with asyncio.timeout(2):
        await stopping


# Readers.


async def test_readers_follow_a_job_over_its_attempts(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept(alone_kind())
    early = asyncio.ensure_future(drained(job.events()))
    await told(desk, job, 2, 3)
    late = asyncio.ensure_future(drained(job.events(2)))
    desk.runner_of(job).lose()
    await told(desk, job, 5, 6)
    desk.runner_of(job).say(completed(job, attempt=2))

    assert [event.seq for event in decoded(await early)] == [1, 2, 3, 4, 5, 6, 7]
    assert [event.seq for event in decoded(await late)] == [3, 4, 5, 6, 7]


async def test_one_waiter_that_leaves_does_not_touch_the_others(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept()
    waiters = [asyncio.ensure_future(job.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    waiters[1].cancel()
    shared.say(completed(job))

    assert (await waiters[0]).status == (await waiters[2]).status == "completed"
    assert (await job.wait()).status == "completed"


# Limits, and whose fault it is.


async def test_a_run_that_takes_too_long_is_stopped_and_fails(store: Store) -> None:
    desk = Desk(store, job_timeout=0.02)
    shared = desk.open()
    job = desk.accept()
    await at(lambda: shared.of(frames.Cancel))
    shared.say(frames.End(job.no, 1, "cancelled"))
    ending = await job.wait()

    assert (ending.status, ending.code, ending.errors) == ("failed", "timed_out", ())


async def test_a_run_that_takes_too_long_and_does_not_stop_names_the_node_that_it_is_in(store: Store) -> None:
    desk = Desk(store, job_timeout=0.02)
    shared = desk.open()
    job = desk.accept()
    shared.at = Place(job.no, 1)
    await at(lambda: shared.kills)
    shared.lose()
    ending = await job.wait()

    (fault,) = ending.errors
    assert (ending.code, fault.node_id, fault.message) == ("timed_out", "node", ending.error)
    assert ending.error == "the run took longer than 0.02 seconds"


async def test_no_more_jobs_wait_than_may(store: Store) -> None:
    desk = Desk(store, max_queue=2)
    desk.open()
    while len(desk.supervisor.dispatcher.queued) < 2:
        desk.supervisor.dispatcher.check_room()
        desk.accept(alone_kind())

    with pytest.raises(QueueFull):
        desk.supervisor.dispatcher.check_room()


async def test_the_node_that_a_shared_runner_died_in_is_at_fault(desk: Desk, shared: FakeLink) -> None:
    guilty, other = desk.accept(), desk.accept()
    shared.at = Place(guilty.no, 1)
    shared.lose()

    assert (guilty.counted, guilty.is_alone) == (1, True)
    assert (other.counted, other.attempt) == (0, 2)
    assert desk.supervisor.runners.demoted == {"bench.nodes.Sleep"}


async def test_a_runner_that_stands_still_is_killed_and_its_runs_go_on(store: Store) -> None:
    desk = Desk(store, stall=0.5)
    shared = desk.open()
    stuck, other = desk.accept(), desk.accept()
    shared.beat, shared.at = 1, Place(stuck.no, 1)
    dog = Watchdog(desk.supervisor.dispatcher, Policy(stall=0.5), desk.clock)
    dog.look()
    dog.look()
    await at(lambda: shared.kills)
    shared.lose()
    dog.close()

    assert (stuck.counted, other.counted) == (1, 0)
    assert (stuck.is_alone, other.is_alone) == (True, False)


async def test_a_runner_that_stands_still_before_it_was_heard_of_is_killed_too(store: Store) -> None:
    desk = Desk(store, stall=0.5)
    desk.supervisor.open()
    (shared,) = desk.links
    desk.accept()
    dog = Watchdog(desk.supervisor.dispatcher, Policy(stall=0.5), desk.clock)
    for beat in (0, 0, 7, 7):
        assert not shared.kills
        shared.beat = beat
        dog.look()
    dog.close()

    assert shared.kills


async def test_a_clock_that_jumps_makes_no_runner_stand_still(store: Store) -> None:
    desk = Desk(store, stall=0.5)
    shared = desk.open()
    desk.accept()
    dog = Watchdog(desk.supervisor.dispatcher, Policy(stall=0.5), desk.clock)
    for _ in range(3):
        shared.beat = desk.clock.now_us() // 1000
        desk.clock.us += 3600 * 1_000_000
        dog.look()
    dog.close()
    await asyncio.sleep(0.05)

    assert shared.kills == 0


async def test_a_runner_that_grows_is_killed_and_its_only_run_counted(store: Store) -> None:
    desk = Desk(store, memory_per_runner=100)
    desk.open()
    job = desk.accept(alone_kind())
    runner = desk.runner_of(job)
    runner.hello()
    runner.size = 101
    dog = Watchdog(desk.supervisor.dispatcher, Policy(memory_per_runner=100), desk.clock)
    dog.look()
    dog.close()
    assert runner.kills
    runner.lose()

    assert job.counted == 1


async def test_a_node_that_holds_the_loop_of_its_own_runner_for_too_long_fails_its_run(store: Store) -> None:
    desk = Desk(store)
    desk.open()
    job = desk.accept(alone_kind())
    runner = desk.runner_of(job)
    runner.hello()
    runner.beat, runner.at = 1, Place(job.no, 1)
    dog = Watchdog(desk.supervisor.dispatcher, Policy(node_timeout=5), desk.clock)
    for _ in range(7):
        dog.look()
    assert job.verdict is None
    dog.look()
    dog.close()
    await at(lambda: runner.kills)
    runner.lose()
    ending = await job.wait()

    assert (ending.status, ending.code, ending.error) == (
        "failed",
        "timed_out",
        "the node took longer than 5 seconds",
    )
    assert [fault.node_id for fault in ending.errors] == ["node"]


async def test_a_runner_that_stands_still_outside_of_its_nodes_is_not_at_fault(store: Store) -> None:
    desk = Desk(store)
    desk.open()
    job = desk.accept(alone_kind())
    runner = desk.runner_of(job)
    runner.hello()
    runner.beat = 1
    dog = Watchdog(desk.supervisor.dispatcher, Policy(node_timeout=5), desk.clock)
    for _ in range(9):
        dog.look()
    dog.close()

    assert job.verdict is None
