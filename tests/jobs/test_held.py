"""A quick run is stored together with its accept; nothing depends on whether it was quick."""

import pytest

from nodetool.jobs.job import Job
from nodetool.protocol import codec
from nodetool.protocol.errors import StorageFull
from nodetool.storage.sqlite import Store
from tests.graphs import through
from tests.jobs.helpers import Desk, FakeLink, at, completed, events_frame, kinds

INLINE = through("nodetool.text.Concat", "a")
AWAITING = through("bench.nodes.Sleep")


@pytest.fixture
def shared(desk: Desk) -> FakeLink:
    return desk.open()


async def operations(store: Store) -> int:
    """Return how many operations were committed, once all that waits is."""
    await store.writer.append([])
    return store.writer.operations


async def test_a_run_that_ends_at_once_is_one_operation(desk: Desk, shared: FakeLink, store: Store) -> None:
    job = desk.accept(INLINE, merges=True)
    shared.say(events_frame(job, 2, 3), completed(job, out="hi"))

    ending = await job.wait()

    assert codec.value_of(ending.result) == {"out": "hi"}
    assert await operations(store) == 1
    assert kinds(await desk.events(job)) == ["queued", "LogUpdate", "LogUpdate", "completed"]
    row = await desk.row(job)
    assert (row.status, row.last_seq, row.attempt, row.finished_us is None) == ("completed", 4, 1, False)
    await job.accepted()


async def test_a_run_that_tells_something_first_is_stored_with_that(desk: Desk, shared: FakeLink, store: Store) -> None:
    job = desk.accept(INLINE, merges=True)
    shared.say(events_frame(job, 2, 3))
    await job.accepted()
    assert (await desk.row(job)).last_seq == 3
    shared.say(events_frame(job, 4), completed(job))
    await job.wait()

    assert await operations(store) == 2
    assert kinds(await desk.events(job)) == ["queued", *["LogUpdate"] * 3, "completed"]


async def test_two_batches_of_one_read_follow_each_other(desk: Desk, shared: FakeLink, store: Store) -> None:
    job = desk.accept(INLINE, merges=True)
    shared.say(events_frame(job, 2), events_frame(job, 3), completed(job))
    await job.wait()

    assert await operations(store) == 2
    assert kinds(await desk.events(job)) == ["queued", "LogUpdate", "LogUpdate", "completed"]


async def test_a_run_that_takes_its_time_is_stored_meanwhile(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept(INLINE, merges=True)
    assert await desk.store.reader.job(job.id) is None
    await job.accepted()

    row = await desk.row(job)
    assert (row.status, row.last_seq) == ("running", 1)
    shared.say(completed(job))
    assert (await job.wait()).status == "completed"


async def test_others_are_not_held_up_by_one_that_takes_its_time(desk: Desk, shared: FakeLink, store: Store) -> None:
    slow, quick = desk.accept(INLINE, merges=True), desk.accept(INLINE, merges=True)
    shared.say(completed(quick))
    await quick.wait()

    assert await operations(store) == 1
    await slow.accepted()
    assert await operations(store) == 2


@pytest.mark.parametrize(("graph", "merges"), [(INLINE, False), (AWAITING, True)], ids=["shown", "not inline"])
async def test_a_job_that_is_shown_or_may_take_long_is_stored_at_once(
    desk: Desk, shared: FakeLink, store: Store, graph: dict[str, object], merges: bool
) -> None:
    job = desk.accept(graph, merges=merges)
    assert await operations(store) == 1
    shared.say(completed(job))
    await job.wait()

    assert await operations(store) == 2


async def test_one_whose_runner_dies_is_stored_and_runs_again(desk: Desk, shared: FakeLink) -> None:
    job = desk.accept(INLINE, merges=True)
    shared.lose()
    await at(lambda: job.stored_seq == 2)

    row = await desk.row(job)
    assert (row.attempt, row.last_seq) == (2, 2)


async def test_one_that_cannot_be_stored_never_was(desk: Desk, shared: FakeLink, store: Store) -> None:
    connection = store.writer._transactions._connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    job = desk.accept(INLINE, merges=True)
    job.accept.add_done_callback(lambda done: abandon(desk, job, done.exception()))  # type: ignore[union-attr]
    shared.say(events_frame(job, 2, content="x" * 100_000), completed(job))

    with pytest.raises(StorageFull):
        await job.wait()
    connection.execute("PRAGMA max_page_count = 1000000")
    other = desk.accept(INLINE, merges=True)
    desk.links[-1].say(completed(other))
    assert (await other.wait()).status == "completed"
    assert await store.reader.job(job.id) is None


def abandon(desk: Desk, job: Job, error: BaseException | None) -> None:
    """Do what the acceptance does with a job that could not be stored."""
    assert isinstance(error, StorageFull)
    desk.supervisor.abandon(job)
    job.fail_waiters(error)


async def test_all_that_is_held_can_be_stored_now(desk: Desk, shared: FakeLink) -> None:
    jobs = [desk.accept(INLINE, merges=True) for _ in range(3)]
    desk.supervisor.log.release()
    await desk.store.writer.append([])

    assert [(await desk.row(job)).status for job in jobs] == ["running"] * 3
    for job in jobs:
        shared.say(completed(job))
        assert (await job.wait()).status == "completed"
