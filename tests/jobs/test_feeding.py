"""What comes in for a job while it runs, over a real database and runners that the test plays."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from nodetool.jobs.feeding import ROOM
from nodetool.jobs.job import Job
from nodetool.protocol import frames
from nodetool.protocol.errors import InputFull, InvalidParams, NotFound, NotStreaming
from tests.graphs import Json, graph, node, output
from tests.jobs.helpers import FakeLink, at, completed
from tests.jobs.house import House, complete, opened

STREAMS: Json = graph(
    [node("n", "nodetool.input.IntegerInput", name="n", stream=True, max=1000), output()], "n.output -> out.value"
)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as made:
        yield made


async def feed(house: House, job: Job, *values: Any) -> None:
    for value in values:
        await (await house.jobs.feed("1", job.id, "n", value))


def came(link: FakeLink, attempt: int = 1) -> list[Any]:
    return [None if frame.ends else frame.value for frame in link.of(frames.Input) if frame.attempt == attempt]


async def test_items_are_stored_and_then_sent_in_their_order(house: House) -> None:
    job = await house.start(STREAMS)
    link, _ = house.started(job.id)
    await feed(house, job, 1, "2", 3)
    await (await house.jobs.end_input("1", job.id, "n"))

    assert came(link) == [1, 2, 3, None]
    assert [data is None for _, _, data in await house.store.reader.inputs(job.no, 0, limit=9)] == [False] * 3 + [True]


async def test_a_runner_holds_so_many_items_and_gets_more_as_it_takes_them(house: House) -> None:
    job = await house.start(STREAMS)
    link, _ = house.started(job.id)
    await feed(house, job, *range(ROOM))
    with pytest.raises(InputFull, match=f"input n has {ROOM} items"):
        await house.jobs.feed("1", job.id, "n", 1)
    link.say(frames.Taken(job.no, 1, "n", 2))
    await feed(house, job, 100, 101)

    assert came(link) == [*range(ROOM), 100, 101]


async def test_the_next_attempt_gets_all_from_the_first_and_none_twice(house: House) -> None:
    job = await house.start(STREAMS)
    link, _ = house.started(job.id)
    for number in range(150):
        await feed(house, job, number)
        link.say(frames.Taken(job.no, 1, "n", 1))
    link.lose()
    await at(lambda: job.attempt == 2 and job.runner)
    second, _ = house.started(job.id)
    await at(lambda: len(came(second, 2)) == ROOM)
    assert came(second, 2) == [*range(ROOM)]
    with pytest.raises(InputFull):
        await house.jobs.feed("1", job.id, "n", 150)

    for _ in range(3):
        second.say(frames.Taken(job.no, 2, "n", 50))
        await at(lambda: not house.jobs._supervisor.dispatcher.feeding._inflows[job.no].reading)
    await feed(house, job, 150)
    await at(lambda: len(came(second, 2)) == 151)
    assert came(second, 2) == [*range(151)]


async def test_what_came_in_is_known_after_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        job = await house.start(STREAMS)
        await feed(house, job, 1, 2)
        await (await house.jobs.end_input("1", job.id, "n"))

    async with opened(tmp_path) as house:
        await at(lambda: house.jobs._live[job.id].runner)
        link, start = house.started(job.id)
        await at(lambda: len(came(link, start.attempt)) == 3)
        assert came(link, start.attempt) == [1, 2, None]
        with pytest.raises(NotStreaming, match="input n is ended"):
            await house.jobs.feed("1", job.id, "n", 3)


async def test_what_waits_for_a_runner_gets_its_items_when_it_has_one(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        busy = [await house.start(graph([node("b", "bench.nodes.BlockingSleep")])) for _ in range(64)]
        blocked: Json = graph([*STREAMS["nodes"], node("b", "bench.nodes.BlockingSleep")], "n.output -> out.value")
        job = await house.start(blocked)
        assert job.runner is None
        await feed(house, job, 7)
        for one in busy:
            complete(house, one.id)
        await at(lambda: job.runner)
        link, _ = house.started(job.id)
        await at(lambda: came(link) == [7])


async def test_what_cannot_come_in_is_refused(house: House) -> None:
    job = await house.start(STREAMS)
    for name, value, kind in (("n", "x", InvalidParams), ("n", 1001, InvalidParams), ("m", 1, NotStreaming)):
        with pytest.raises(kind):
            await house.jobs.feed("1", job.id, name, value)
    with pytest.raises(NotFound):
        await house.jobs.feed("2", job.id, "n", 1)
    given = await house.start(STREAMS, n=[1])
    with pytest.raises(NotStreaming, match="all its items came with the params"):
        await house.jobs.feed("1", given.id, "n", 1)
    await house.jobs.cancel("1", job.id)
    with pytest.raises(NotStreaming, match="is about to"):
        await house.jobs.feed("1", job.id, "n", 1)
    complete(house, given.id)
    await given.wait()
    with pytest.raises(NotStreaming, match="it is completed"):
        await house.jobs.end_input("1", given.id, "n")
    assert await house.store.reader.inputs(job.no, 0, limit=9) == []


async def test_another_job_begins_with_what_came_in(house: House) -> None:
    job = await house.start(STREAMS)
    link, _ = house.started(job.id)
    await feed(house, job, 1, 2)
    link.say(completed(job))
    await job.wait()
    again = await house.jobs.retry("1", job.id)
    _, start = house.started(again.id)

    assert start.params == {"n": [1, 2]}


async def test_pruning_takes_what_came_in_along(house: House) -> None:
    job = await house.start(STREAMS)
    link, _ = house.started(job.id)
    await feed(house, job, 1)
    link.say(completed(job))
    await job.wait()
    house.clock.us += 400 * 86_400_000_000
    await house.jobs.prune()

    assert await house.store.reader.inputs(job.no, 0, limit=9) == []
    assert house.jobs._supervisor.dispatcher.feeding._inflows == {}
