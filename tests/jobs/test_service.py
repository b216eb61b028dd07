"""Jobs as the server asks for them, over a real database, in runners that the test plays; and after a restart."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from nodetool.graph.catalogue import Catalogue
from nodetool.protocol import codec, frames
from nodetool.protocol.descriptions import Index
from nodetool.protocol.errors import (
    CursorAhead,
    HasFindings,
    InvalidCursor,
    InvalidGraph,
    InvalidParams,
    NotFound,
    ShuttingDown,
    StorageFull,
)
from nodetool.storage.pace import Pace
from nodetool.storage.port import Accept
from nodetool.storage.sqlite import open_store
from tests.graphs import graph, node, output, through
from tests.jobs.helpers import alone_kind, at, completed, events_frame, kinds, shared_kind
from tests.jobs.house import House, complete, opened
from tests.runner.helpers import catalogue


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as made:
        yield made


# Starting.


async def test_a_stored_workflow_runs_with_its_params_coerced(house: House) -> None:
    made = through("bench.nodes.Sleep")
    made["nodes"][0] = node("in", "nodetool.input.IntegerInput", name="text")
    await house.save("w", graph([made["nodes"][0], output()], "in.output -> out.value"))
    job = await house.jobs.start("1", "w", {"text": "12"})
    _, start = house.started(job.id)
    complete(house, job.id, out=12)

    assert start.params == {"text": 12}
    assert codec.value_of((await job.wait()).result) == {"out": 12}
    row = await house.jobs.job("1", job.id)
    assert (row.workflow_id, row.status, codec.value_of(row.params)) == ("w", "completed", {"text": "12"})


async def test_a_job_knows_where_it_stands_as_its_row_does(house: House) -> None:
    jobs = [await house.start(alone_kind()) for _ in range(100)]
    running, waiting = jobs[0], jobs[-1]
    complete(house, running.id)
    await running.wait()

    for job, status in ((running, "completed"), (jobs[1], "running"), (waiting, "queued")):
        assert job.standing == (await house.jobs.job("1", job.id)).status == status


async def test_a_graph_sent_along_has_no_workflow(house: House) -> None:
    job = await house.start(text="hi")

    assert (await house.jobs.job("1", job.id)).workflow_id == ""


async def test_what_cannot_run_is_no_job(house: House) -> None:
    await house.save("bad", graph([node("a", "no.such.Type"), output()], "a.output -> out.value"))
    await house.save("good", shared_kind())
    for error, start in (
        (NotFound, house.jobs.start("1", "none", {})),
        (NotFound, house.jobs.start("2", "good", {})),
        (HasFindings, house.jobs.start("1", "bad", {})),
        (InvalidParams, house.jobs.start("1", "good", {"text": [1]})),
        (InvalidParams, house.jobs.start("1", "good", {"other": 1})),
        (InvalidGraph, house.jobs.start_graph("1", b"[]", {})),
        (HasFindings, house.jobs.start_graph("1", msgspec.json.encode(graph([node("a", "x.Y")])), {})),
    ):
        with pytest.raises(error):
            await start

    assert (await house.jobs.jobs("1", limit=9, cursor="", workflow_id=None, status=None)).rows == []
    assert house.links[0].of(frames.Start) == []


async def test_findings_say_how_many_there_are_and_where(house: House) -> None:
    with pytest.raises(HasFindings, match=r"\(and 1 more\)") as caught:
        await house.jobs.start_graph("1", msgspec.json.encode(graph([node("a", "x.Y"), node("b", "x.Z")])), {})

    assert [(fault.code, fault.node_id) for fault in caught.value.errors] == [
        ("unknown_type", "a"),
        ("unknown_type", "b"),
    ]


async def test_a_job_does_not_change_with_its_workflow(house: House) -> None:
    await house.save("w", shared_kind())
    job = await house.jobs.start("1", "w", {})
    await job.accepted()
    await house.workflows.delete("1", "w", None)

    row = await house.jobs.job("1", job.id)
    stored = await house.store.reader.graph(row.graph_hash)
    assert msgspec.json.decode(stored or b"") == shared_kind()


async def test_a_graph_is_stored_once_however_often_it_runs(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Accept] = []
    append = house.store.writer.append

    def spy(ops: Any) -> Any:
        sent.extend(op for op in ops if isinstance(op, Accept))
        return append(ops)

    monkeypatch.setattr(house.store.writer, "append", spy)
    for _ in range(3):
        await house.start()

    assert [op.graph is None for op in sent] == [False, True, True]


async def test_a_job_that_cannot_be_stored_is_no_job(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Any) -> Any:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(future.set_exception, StorageFull())
        return future

    monkeypatch.setattr(house.store.writer, "append", full)
    job = await house.jobs.start_graph("1", msgspec.json.encode(shared_kind()), {})
    early = asyncio.ensure_future(job.wait())
    for wait in (job.accepted(), early, job.wait()):
        with pytest.raises(StorageFull):
            await wait
    with pytest.raises(NotFound):
        await house.jobs.job("1", job.id)
    with pytest.raises(NotFound):
        await house.jobs.events("1", job.id, 0)


# Looking up.


async def test_another_users_job_is_not_there(house: House) -> None:
    job = await house.start()
    for refused in (house.jobs.job("2", job.id), house.jobs.events("2", job.id, 0), house.jobs.cancel("2", job.id)):
        with pytest.raises(NotFound, match=f"no job '{job.id}'"):
            await refused
    complete(house, job.id)
    assert (await job.wait()).status == "completed"
    with pytest.raises(NotFound):
        await house.jobs.events("2", job.id, 0)


@pytest.mark.parametrize("id", ["", "x", "0" * 32, "0" * 31, "'; drop table jobs", "\0"])
async def test_what_is_no_jobs_id_is_not_found(house: House, id: str) -> None:
    for refused in (house.jobs.job("1", id), house.jobs.events("1", id, 0), house.jobs.cancel("1", id)):
        with pytest.raises(NotFound):
            await refused


async def test_an_id_may_have_dashes_and_capitals(house: House) -> None:
    job = await house.start()
    dashed = f"{job.id[:8]}-{job.id[8:12]}-{job.id[12:16]}-{job.id[16:20]}-{job.id[20:]}".upper()
    assert (await house.jobs.job("1", dashed)).id == job.id
    (await house.jobs.events("1", dashed, 0)).close()
    await house.jobs.cancel("1", dashed)

    assert (await house.jobs.job("1", job.id)).cancel_requested


async def test_jobs_are_listed_newest_first(house: House) -> None:
    ids = [(await house.start()).id for _ in range(3)]
    page = await house.jobs.jobs("1", limit=2, cursor="", workflow_id=None, status="running")
    rest = await house.jobs.jobs("1", limit=2, cursor=page.next, workflow_id=None, status=None)

    assert [row.id for row in [*page.rows, *rest.rows]] == ids[::-1]
    with pytest.raises(InvalidCursor):
        await house.jobs.jobs("1", limit=2, cursor="?", workflow_id=None, status=None)


async def test_the_events_of_a_live_job_are_followed_and_those_of_an_ended_one_read(house: House) -> None:
    job = await house.start()
    link, _ = house.started(job.id)
    live = asyncio.ensure_future(house.events(job.id))
    link.say(events_frame(job, 2, 3))
    await at(lambda: job.stored_seq == 3)
    late = asyncio.ensure_future(house.events(job.id, 2))
    await asyncio.sleep(0.01)
    link.say(completed(job))

    first = await live
    assert kinds(first) == ["queued", "LogUpdate", "LogUpdate", "completed"]
    assert await late == first[2:]
    assert await house.events(job.id) == first
    assert await house.events(job.id, 4) == []


@pytest.mark.parametrize("ended", [False, True])
async def test_a_reader_cannot_begin_beyond_the_log(house: House, ended: bool) -> None:
    job = await house.start()
    if ended:
        complete(house, job.id)
        await job.wait()
    last = (await house.jobs.job("1", job.id)).last_seq
    (await house.jobs.events("1", job.id, last)).close()

    with pytest.raises(CursorAhead, match=f"the last event is {last}") as caught:
        await house.jobs.events("1", job.id, last + 1)
    assert caught.value.job_id == job.id


async def test_a_reader_may_begin_at_what_is_committed_and_not_told_yet(tmp_path: Path) -> None:
    class InTheLoop(Pace):
        def stays(self) -> bool:
            return True

    store = open_store(tmp_path, sync="normal", pace=InTheLoop())
    async with opened(tmp_path, store=store) as house:
        job = await house.start()
        link, _ = house.started(job.id)
        link.say(completed(job))
        while (row := await house.jobs.job("1", job.id)).status != "completed":
            await asyncio.sleep(0)
        assert job.stored_seq < row.last_seq

        assert await house.events(job.id, row.last_seq) == []


async def test_the_end_of_a_job_is_read_from_its_last_event(house: House) -> None:
    job = await house.start()
    assert await house.jobs.ending(await house.jobs.job("1", job.id)) is None
    complete(house, job.id, out=[1, "x", None])
    ending = await job.wait()
    read = await house.jobs.ending(await house.jobs.job("1", job.id))

    assert read
    assert (read.status, codec.value_of(read.result)) == ("completed", codec.value_of(ending.result))


# Cancelling.


async def test_a_cancel_answers_with_the_row(house: House) -> None:
    job = await house.start()
    row = await house.jobs.cancel("1", job.id)
    assert (row.status, row.cancel_requested) == ("running", True)
    link, _ = house.started(job.id)
    link.say(frames.End(job.no, 1, "cancelled"))
    await job.wait()

    assert (await house.jobs.cancel("1", job.id)).status == "cancelled"


async def test_a_cancel_that_lost_to_the_end_answers_the_end(house: House) -> None:
    job = await house.start()
    complete(house, job.id)

    assert (await house.jobs.cancel("1", job.id)).status == "completed"


# The end of the server, and the next start.


async def test_a_server_that_ends_takes_no_more_and_lets_waiters_go(house: House) -> None:
    job = await house.start()
    waiting = asyncio.ensure_future(job.wait())
    await house.jobs.finish(0.01)
    with pytest.raises(ShuttingDown):
        await house.start()
    assert not waiting.done()
    stopping = asyncio.ensure_future(house.jobs.stop())
    await asyncio.sleep(0)
    house.links[0].lose()
    await stopping

    with pytest.raises(ShuttingDown):
        await waiting


async def test_what_was_running_begins_its_next_attempt(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        job = await house.start(text="hi")
        link, _ = house.started(job.id)
        link.say(events_frame(job, 2, 3))
        await at(lambda: job.stored_seq == 3)
    async with opened(tmp_path) as house:
        _, start = house.started(job.id)
        assert (start.attempt, start.next_seq, start.params) == (2, 5, {"text": "hi"})
        following = asyncio.ensure_future(house.events(job.id))
        await asyncio.sleep(0.01)
        complete(house, job.id)
        events = await following

        assert kinds(events) == ["queued", "LogUpdate", "LogUpdate", "queued", "completed"]
        row = await house.jobs.job("1", job.id)
        assert (row.status, row.attempt) == ("completed", 2)


async def test_what_was_queued_begins_its_first(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        jobs = [await house.start(alone_kind()) for _ in range(9)]
        assert jobs[-1].status == "queued"
    async with opened(tmp_path) as house:
        waiting = [job for job in jobs if not any(link.starts(job) for link in house.links)]
        assert waiting == [jobs[-1]]
        complete(house, jobs[0].id)
        _, start = house.started(jobs[-1].id)
        assert (start.attempt, start.next_seq) == (1, 2)
        complete(house, jobs[-1].id)

        assert kinds(await house.events(jobs[-1].id)) == ["queued", "completed"]


async def test_the_graph_of_many_jobs_is_read_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        jobs = [await house.start(text=str(number)) for number in range(5)]
    store = open_store(tmp_path, sync="normal")
    read: list[str] = []
    store.reader._point.set_trace_callback(read.append)
    async with opened(tmp_path, store=store) as house:
        texts = [house.started(job.id)[1].params["text"] for job in jobs]

    assert texts == ["0", "1", "2", "3", "4"]
    assert len([query for query in read if "FROM graphs" in query]) == 1


async def test_what_was_cancelled_ends_cancelled(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        job = await house.start()
        await house.jobs.cancel("1", job.id)
    async with opened(tmp_path) as house:
        assert kinds(await house.events(job.id)) == ["queued", "cancelled"]
        assert house.links[0].of(frames.Start) == []
        assert (await house.jobs.job("1", job.id)).status == "cancelled"


async def test_the_third_attempt_is_the_last(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        job = await house.start()
    for attempt in (2, 3):
        async with opened(tmp_path) as house:
            assert house.started(job.id)[1].attempt == attempt
            await asyncio.sleep(0.01)
    async with opened(tmp_path) as house:
        events = await house.events(job.id)

        assert kinds(events) == ["queued", "queued", "queued", "failed"]
        row = await house.jobs.job("1", job.id)
        assert row.error == "the job was started 3 times and never ended: the server ended"


async def test_what_had_ended_stays_as_it_is(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        job = await house.start()
        complete(house, job.id)
        before = await house.events(job.id)
    async with opened(tmp_path) as house:
        assert house.links[0].of(frames.Start) == []
        assert await house.events(job.id) == before


async def test_a_job_whose_types_are_gone_fails_with_the_findings(tmp_path: Path) -> None:
    later = Catalogue(Index(packs=[pack for pack in catalogue().packs if pack.name == "nodetool"], hash="later"))
    async with opened(tmp_path) as house:
        job, other = await house.start(), await house.start(through("nodetool.text.Concat", "a"))
    async with opened(tmp_path, later) as house:
        events = await house.events(job.id)
        row = await house.jobs.job("1", job.id)
        ending = await house.jobs.ending(row)
        complete(house, other.id)

        assert kinds(events) == ["queued", "failed"]
        assert ending
        assert ending.code == "workflow_has_findings"
        assert [fault.node_id for fault in ending.errors] == ["node"]
        assert kinds(await house.events(other.id))[-1] == "completed"


async def test_a_cancelled_job_whose_types_are_gone_ends_cancelled(tmp_path: Path) -> None:
    later = Catalogue(Index(packs=[], hash="later"))
    async with opened(tmp_path) as house:
        job = await house.start()
        await house.jobs.cancel("1", job.id)
    async with opened(tmp_path, later) as house:
        assert kinds(await house.events(job.id)) == ["queued", "cancelled"]


async def test_params_that_do_not_fit_any_more_fail_the_job(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        job = await house.start(text="x")
        row = await house.jobs.job("1", job.id)
        numbers = graph([node("in", "nodetool.input.IntegerInput", name="text"), output()], "in.output -> out.value")
        house.store.writer._transactions._connection.execute(
            "UPDATE graphs SET json = ? WHERE hash = ?", (msgspec.json.encode(numbers), row.graph_hash)
        )
    async with opened(tmp_path) as house:
        ending = await house.jobs.ending(await house.jobs.job("1", job.id)) if await house.events(job.id) else None

        assert ending
        assert (ending.status, ending.code) == ("failed", "invalid_params")


async def test_a_thousand_unfinished_jobs_are_taken_up_in_a_moment(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        jobs = [await house.jobs.start_graph("1", msgspec.json.encode(shared_kind()), {}) for _ in range(1500)]
        await jobs[-1].accepted()
    begun = time.monotonic()
    async with opened(tmp_path) as house:
        took = time.monotonic() - begun
        starts = house.links[0].of(frames.Start)
        assert len(starts) == 1000
        assert {start.attempt for start in starts} == {2}
        for start in starts:
            house.links[0].say(frames.End(start.job_no, 2, "completed", b"\x80"))
        for start in house.links[0].of(frames.Start)[1000:]:
            house.links[0].say(frames.End(start.job_no, start.attempt, "completed", b"\x80"))
        await at(lambda: not house.jobs._live)

        assert len(house.links[0].of(frames.Start)) == 1500
        assert await house.store.reader.unfinished() == []
    assert took < 10
