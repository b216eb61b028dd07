"""Where the time of a job went, folded from its events; and asked for while it runs, and when it has ended."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from nodetool.jobs.cursor import Batch
from nodetool.jobs.profile import Profile
from nodetool.protocol import codec, frames
from nodetool.protocol.answers import NodeProfile
from nodetool.protocol.errors import NotFound
from nodetool.protocol.events import AnyEvent, JobUpdate, NodeStats, NodeUpdate
from tests.engine.harness import Player, graph, node
from tests.engine.kinds import KINDS
from tests.jobs.helpers import alone_kind
from tests.jobs.house import House, complete, opened

COMMON: Any = {"job_id": "j", "workflow_id": "w", "seq": 2}


def began(id: str, time: int, **more: Any) -> AnyEvent:
    return NodeUpdate(**COMMON, time=time, node_id=id, node_name=id, node_type="t", status="running", **more)


def ended(id: str, time: int, stats: NodeStats | None = None, **more: Any) -> AnyEvent:
    return NodeUpdate(
        **COMMON, time=time, node_id=id, node_name=id, node_type="t", status="completed", stats=stats, **more
    )


def attempt(number: int) -> AnyEvent:
    return JobUpdate(**COMMON, time=0, status="running", attempt=number)


def folded(*events: AnyEvent, plan: Any = None) -> Profile:
    profile = Profile(plan)
    profile.take(Batch(1, len(events), 0, b"".join(map(codec.to_msgpack, events)), last=False))
    return profile


def figures(node: NodeProfile) -> tuple[str, int, float, float]:
    return node.node_id, node.firings, node.wall_ms, node.waiting_ms


def test_those_that_worked_longest_are_first() -> None:
    profile = folded(
        attempt(1),
        began("a", 10),
        ended("a", 13),
        began("b", 10),
        ended("b", 90, NodeStats(7, 80_400, 79_000)),
        began("c", 20),
    )

    assert list(map(figures, profile.nodes())) == [("a", 1, 3, 0), ("b", 7, 80.4, 79), ("c", 0, 0, 0)]
    assert [node.status for node in profile.nodes()] == ["completed", "completed", "running"]


def test_the_calls_of_a_workflow_are_added_up() -> None:
    profile = folded(
        began("n", 10, path=["map", 0]),
        began("n", 11, path=["map", 1]),
        ended("n", 15, path=["map", 1]),
        ended("n", 20, path=["map", 0]),
        began("n", 30, path=["call"]),
        ended("n", 31, path=["call"]),
    )

    assert [(node.path, *figures(node)) for node in profile.nodes()] == [
        (["map"], "n", 2, 14, 0),
        (["call"], "n", 1, 1, 0),
    ]


def test_the_last_attempt_counts() -> None:
    profile = folded(attempt(1), began("a", 10), attempt(2), began("b", 20), ended("b", 21))

    assert (profile.attempt, [node.node_id for node in profile.nodes()]) == (2, ["b"])


async def test_what_goes_out_of_nodes_goes_into_nodes() -> None:
    inner = graph(
        [
            node("in", "nodetool.input.IntegerInput", name="number"),
            node("count", "test.Count", count=2),
            node("add", "test.Add"),
            node("out", "nodetool.output.Output", name="sum"),
        ],
        "in.output -> add.a",
        "count.output -> add.b",
        "add.output -> out.value",
    )
    with Player(*KINDS) as player:
        plan = player.plan(
            [
                node("each", "test.Count", count=3),
                node("map", "nodetool.workflows.Map", workflow_id="inner"),
                node("sums", "nodetool.output.Output", name="sums"),
            ],
            "each.output -> map.items",
            "map.sum -> sums.value",
            calls={"inner": inner},
        )
        told = await player.run(plan)

    found = {(*node.path, node.node_id): node for node in folded(*told.events, plan=plan).nodes()}
    assert {place: (one.items_in, one.items_out) for place, one in found.items()} == {
        ("each",): (0, 3),
        ("map",): (3, 3),
        ("map", "count"): (0, 6),
        ("map", "add"): (9, 6),
        ("map", "out"): (6, 0),
        ("sums",): (3, 0),
    }
    assert [found[place].firings for place in (("map", "count"), ("map", "add"), ("map", "out"))] == [3, 6, 6]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as made:
        yield made


async def test_a_job_is_profiled_while_it_runs_and_when_it_has_ended(house: House) -> None:
    job = await house.start(alone_kind())
    link, start = house.started(job.id)
    told = [attempt(1), began("s", 1)]
    numbered = [msgspec.structs.replace(event, seq=seq) for seq, event in enumerate(told, 2)]
    data = b"".join(map(codec.to_msgpack, numbered))
    link.say(frames.Events(start.job_no, start.attempt, 2, len(told), 0, data))
    cursor = job.events()
    while (batch := await cursor.next()) and batch.last_seq < 3:
        pass
    cursor.close()

    profile = await house.jobs.profile("1", job.id)
    assert (profile.status, profile.wall_ms, [node.status for node in profile.nodes]) == ("running", None, ["running"])

    complete(house, job.id)
    await job.wait()
    profile = await house.jobs.profile("1", job.id)
    assert (profile.status, profile.attempt) == ("completed", 1)
    assert profile.wall_ms is not None


async def test_a_job_of_somebody_else_is_none(house: House) -> None:
    job = await house.start(alone_kind())

    with pytest.raises(NotFound):
        await house.jobs.profile("2", job.id)
