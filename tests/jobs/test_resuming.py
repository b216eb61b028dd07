"""What runs keep is stored before what they tell of it, and their next attempt is sent it before its start."""

import asyncio
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any

import pytest

from nodetool.graph.catalogue import Catalogue
from nodetool.jobs import closing, resuming
from nodetool.jobs.job import Job
from nodetool.protocol import frames
from nodetool.protocol.descriptions import Index
from nodetool.protocol.errors import StorageFailed
from nodetool.storage.port import Checkpoint, Kept, Op, Outcome
from nodetool.storage.sqlite import Store
from tests.graphs import Json, through
from tests.jobs.helpers import Desk, FakeLink, at, completed, events_frame, kinds
from tests.jobs.house import complete, opened

DEAR = through("tests.Dear")


class Shelf:
    """The store's reader, where what is kept is read when the test lets it."""

    def __init__(self, store: Store) -> None:
        self.reads = 0
        self.is_open = asyncio.Event()
        self.is_open.set()
        self.is_broken = False
        self._reader = store.reader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    async def checkpoints(self, no: int) -> list[Kept]:
        self.reads += 1
        await self.is_open.wait()
        if self.is_broken:
            raise StorageFailed
        return await self._reader.checkpoints(no)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries again at once."""
    monkeypatch.setattr(resuming, "RETRY", 0.005)


@pytest.fixture
def shelf(store: Store) -> Shelf:
    return Shelf(store)


def accept(desk: Desk, shelf: Shelf, graph: Json = DEAR) -> Job:
    job = desk.accept(graph)
    job.reader = shelf
    return job


def kept(job: Job, key: bytes = b"k", data: bytes = b"\x90") -> frames.Checkpoint:
    return frames.Checkpoint(job.no, job.attempt, key, data)


async def lost_once(desk: Desk, shelf: Shelf) -> tuple[Job, FakeLink]:
    """Return a job whose first attempt kept something and lost its runner, and the runner of the second."""
    desk.open()
    job = accept(desk, shelf)
    desk.links[0].say(kept(job, b"a"), kept(job, b"b"), events_frame(job, 2))
    desk.links[0].lose()
    return job, link_of(desk, job)


def link_of(desk: Desk, job: Job) -> FakeLink:
    """Return the runner in which a job has its place, sent or not."""
    (link,) = [link for link in desk.links if job.runner and job.runner.link is link]
    return link


class Noting:
    """A writer in front of the real one, which notes what it is given."""

    def __init__(self, store: Store) -> None:
        self.given: list[str] = []
        self._writer = store.writer

    def append(self, ops: Sequence[Op]) -> Awaitable[list[Outcome]]:
        self.given.append(" ".join(type(op).__name__ for op in ops))
        return self._writer.append(ops)

    def next_no(self) -> int:
        return self._writer.next_no()


async def test_what_a_run_keeps_is_given_to_the_writer_before_what_it_tells_next(store: Store) -> None:
    writer = Noting(store)
    desk = Desk(Store(writer, store.reader, store.checkpoints))  # type: ignore[arg-type]  # a writer, as the port has it
    shared = desk.open()
    job = desk.accept(DEAR)
    shared.say(events_frame(job, 2), kept(job), events_frame(job, 3), kept(job), completed(job))
    await job.wait()

    assert writer.given == ["Accept", "Checkpoint Append Checkpoint End"]


async def test_a_held_accept_is_stored_before_what_its_run_keeps(store: Store) -> None:
    writer = Noting(store)
    desk = Desk(Store(writer, store.reader, store.checkpoints))  # type: ignore[arg-type]  # a writer, as the port has it
    shared = desk.open()
    job = desk.accept(through("tests.DearEcho"), merges=True)
    shared.say(kept(job), events_frame(job, 2), completed(job))
    await job.wait()

    assert writer.given == ["Accept", "Checkpoint End"]
    assert await store.reader.checkpoints(job.no) == []


async def test_the_next_attempt_is_sent_what_was_kept_and_then_its_start(desk: Desk, shelf: Shelf) -> None:
    job, link = await lost_once(desk, shelf)
    assert link.starts(job) == []
    await at(lambda: link.starts(job))

    assert link.sent == [
        frames.Checkpoint(job.no, 1, b"a", b"\x90"),
        frames.Checkpoint(job.no, 1, b"b", b"\x90"),
        *link.of(frames.Plan),
        *link.starts(job),
    ]
    assert (job.attempt, shelf.reads) == (2, 1)
    link.say(kept(job, b"c"), completed(job, attempt=2))
    await job.wait()
    assert await desk.store.reader.checkpoints(job.no) == []


@pytest.mark.parametrize("how", ["failed", "cancelled"])
async def test_nothing_is_kept_of_a_job_that_has_ended(desk: Desk, how: Any) -> None:
    shared = desk.open()
    job = desk.accept(DEAR)
    shared.say(kept(job), frames.End(job.no, 1, how, code="node_failed", error="no"))
    await job.wait()
    shared.say(kept(job, b"late"))
    await desk.supervisor.log.settle(1)

    assert await desk.store.reader.checkpoints(job.no) == []


async def test_the_first_attempt_reads_nothing_and_neither_does_a_graph_that_keeps_nothing(
    desk: Desk, shelf: Shelf
) -> None:
    desk.open()
    dear, plain = accept(desk, shelf), accept(desk, shelf, through("bench.nodes.Sleep"))
    assert len(desk.links[0].of(frames.Start)) == 2
    desk.links[0].say(completed(dear))
    desk.links[0].lose()
    desk.runner_of(plain).say(completed(plain, attempt=2))
    await plain.wait()

    assert shelf.reads == 0


async def test_an_end_looks_for_what_was_kept_only_where_something_was(desk: Desk) -> None:
    shared = desk.open()
    dear, silent = desk.accept(DEAR), desk.accept(DEAR)
    shared.say(kept(dear), completed(dear), completed(silent))
    await silent.wait()

    assert (dear.has_kept, silent.has_kept) == (True, False)


async def test_a_job_that_is_cancelled_while_it_is_read_never_starts(desk: Desk, shelf: Shelf) -> None:
    shelf.is_open.clear()
    job, link = await lost_once(desk, shelf)
    await at(lambda: shelf.reads)
    await desk.cancel(job)
    shelf.is_open.set()
    await job.wait()
    await asyncio.sleep(0.02)

    assert kinds(await desk.events(job))[-1] == "cancelled"
    assert link.sent == []
    assert desk.accept(DEAR).runner


async def test_a_runner_that_is_lost_meanwhile_costs_an_attempt(desk: Desk, shelf: Shelf) -> None:
    shelf.is_open.clear()
    job, link = await lost_once(desk, shelf)
    await at(lambda: shelf.reads)
    link.lose()
    shelf.is_open.set()
    last = link_of(desk, job)
    await at(lambda: last.starts(job))

    assert link.sent == []
    assert (job.attempt, job.counted) == (3, 2)
    assert [one.attempt for one in last.of(frames.Checkpoint)] == [1, 1]


async def test_what_cannot_be_read_is_read_later(desk: Desk, shelf: Shelf) -> None:
    shelf.is_broken = True
    job, link = await lost_once(desk, shelf)
    await at(lambda: shelf.reads > 3)
    assert link.sent == []
    shelf.is_broken = False
    await at(lambda: link.starts(job))

    assert len(link.of(frames.Checkpoint)) == 2


async def test_a_server_that_stops_meanwhile_leaves_the_job_for_the_next_start(desk: Desk, shelf: Shelf) -> None:
    shelf.is_open.clear()
    job, _ = await lost_once(desk, shelf)
    await at(lambda: shelf.reads)
    stopping = asyncio.ensure_future(closing.stop(desk.supervisor))
    await asyncio.sleep(0)
    for one in desk.links[1:]:
        one.lose()
    await stopping

    row = await desk.row(job)
    assert (row.status, row.attempt, row.failures) == ("queued", 3, 1)
    assert len(await desk.store.reader.checkpoints(job.no)) == 2


async def test_a_run_is_credited_what_it_kept_once_that_is_stored(desk: Desk) -> None:
    shared = desk.open()
    job = desk.accept(DEAR)
    one = kept(job, data=b"x" * frames.CREDIT_BYTES)
    shared.say(one)
    await at(lambda: shared.of(frames.Credit))

    assert shared.of(frames.Credit) == [frames.Credit(job.no, 1, 1, len(one.data))]


async def test_a_checkpoint_of_another_attempt_or_of_no_job_is_not_heard(desk: Desk) -> None:
    shared = desk.open()
    job = desk.accept(DEAR)
    shared.say(frames.Checkpoint(job.no, 7, b"k", b""), frames.Checkpoint(999, 1, b"k", b""), completed(job))
    await job.wait()

    assert not job.has_kept


async def test_a_restart_hands_on_what_was_kept_and_the_end_leaves_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        job = await house.start(DEAR, text="hi")
        link, _ = house.started(job.id)
        link.say(kept(job), events_frame(job, 2))
        await at(lambda: job.stored_seq == 2)

    async with opened(tmp_path) as house:
        await at(lambda: any(link.of(frames.Start) for link in house.links))
        link, start = house.started(job.id)
        assert start.attempt == 2
        assert link.of(frames.Checkpoint) == [frames.Checkpoint(job.no, 1, b"k", b"\x90")]
        complete(house, job.id, out="HI")
        assert (await house.events(job.id))[-1].seq
        assert await house.store.reader.checkpoints(job.no) == []


async def test_a_job_that_cannot_be_planned_again_leaves_nothing_either(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        job = await house.start(DEAR, text="hi")
        link, _ = house.started(job.id)
        link.say(kept(job), events_frame(job, 2))
        await at(lambda: job.stored_seq == 2)
        await house.store.writer.append([Checkpoint(no=job.no, attempt=1, key=b"l", data=b"")])

    async with opened(tmp_path, Catalogue(Index(packs=[], hash="none"))) as house:
        events = await house.events(job.id)

        assert kinds(events)[-1] == "failed"
        assert await house.store.reader.checkpoints(job.no) == []
