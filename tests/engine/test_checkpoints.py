"""What a node sent is kept, and a later attempt takes it instead of computing it again."""

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.engine.keep import RESULTS
from nodetool.graph.plan import Plan
from nodetool.protocol.events import AnyEvent, LogUpdate, NodeUpdate
from nodetool.protocol.frames import Checkpoint
from nodetool.protocol.masking import Mask
from tests.engine.dear import DEAR, RICH, WORK, Catch, Job
from tests.engine.harness import Player, Told, node
from tests.engine.kinds import KINDS
from tests.engine.reference import Sketch, meaning
from tests.engine.sketches import sketches
from tests.engine.test_laws import capacities, proof

SINGLE = ("test.Dear", "test.DearLater", "test.DearInThread")
STREAMS = ("test.DearStream", "test.DearStreamSync", "test.DearStreamInThread")

IN = node("in", "nodetool.input.StringInput", name="text", value="hi")
OUT = node("out", "nodetool.output.Output", name="out")


@pytest.fixture(scope="module")
def players() -> Iterator[Player]:
    with Player(*KINDS, *DEAR) as player:
        yield player


@pytest.fixture(autouse=True)
def _nothing_is_computed() -> None:
    WORK.clear()
    Catch.caught.clear()


def logs(told: Told) -> list[tuple[str, str]]:
    return [(event.severity, event.content) for event in told.events if isinstance(event, LogUpdate)]


def but_logs(told: Told) -> list[Any]:
    """Spell out the events of a run, without those of the log and what was measured."""
    rest = [event for event in told.events if not isinstance(event, LogUpdate)]
    return [msgspec.structs.replace(event, seq=0, time=0, **unmeasured(event)) for event in rest[1:]]


def unmeasured(event: AnyEvent) -> dict[str, Any]:
    return {"stats": None} if isinstance(event, NodeUpdate) else {}


TAKEN = ("info", "not computed again: taken from the checkpoint of attempt 1")


@pytest.mark.parametrize("kind", SINGLE)
async def test_a_firing_on_the_same_inputs_is_not_computed_again(players: Player, kind: str) -> None:
    job = Job(players, [IN, node("d", kind), OUT], "in.output -> d.value", "d.output -> out.value")
    first, second = await job.run(), await job.run()

    assert WORK == ["hi"]
    assert first.result == second.result == {"out": "hi"}
    assert but_logs(first) == but_logs(second)
    assert (logs(first), logs(second)) == ([], [TAKEN])


@pytest.mark.parametrize("kind", STREAMS)
async def test_the_items_of_a_stream_are_taken_in_their_order(players: Player, kind: str) -> None:
    job = Job(players, [node("d", kind, count=4), OUT], "d.output -> out.value")
    first, second = await job.run(), await job.run()

    assert WORK == ["stream"]
    assert first.result == second.result == {"out": [0, 2, 3]}
    assert first.drained() == second.drained()
    assert logs(second) == [TAKEN]


async def test_a_stream_that_did_not_end_is_computed_again(players: Player) -> None:
    job = Job(players, [node("d", "test.DearStream", fails_at=2), OUT], "d.output -> out.value")
    await job.run()
    await job.run()

    assert WORK == ["stream", "stream"]
    assert job.kept == {}


async def test_what_was_made_is_kept_before_it_waits_for_anybody(players: Player) -> None:
    job = Job(
        players,
        [IN, node("d", "test.DearLater"), node("w", "test.Wait")],
        "in.output -> d.value",
        "d.output -> w.value",
    )
    told = asyncio.ensure_future(job.run())
    while not job.kept:
        await asyncio.sleep(0)
    told.cancel()
    assert (await told).end.status == "cancelled"

    assert WORK == ["hi"]


async def test_other_inputs_are_computed(players: Player) -> None:
    job = Job(players, [IN, node("d", "test.Dear"), OUT], "in.output -> d.value", "d.output -> out.value")
    await job.run()
    told = await job.run(params={"text": "ho"})

    assert WORK == ["hi", "ho"]
    assert told.result == {"out": "ho"}
    assert logs(told) == []


@pytest.mark.parametrize(
    "change",
    [{"version": "2"}, {"name": "test.Other"}],
    ids=["its code is of another version", "it is another type"],
)
async def test_another_node_is_computed(players: Player, change: dict[str, Any]) -> None:
    job = Job(players, [IN, node("d", "test.Dear"), OUT], "in.output -> d.value", "d.output -> out.value")
    await job.run()
    types = [msgspec.structs.replace(kind, **change) if kind.checkpoint else kind for kind in job.plan.types]
    job.plan = msgspec.structs.replace(job.plan, types=types)
    await job.run()

    assert WORK == ["hi", "hi"]


async def test_each_node_has_its_own_and_so_has_each_set_value(players: Player) -> None:
    nodes = [IN, node("a", "test.Dear"), node("b", "test.Dear")]
    lines = ("in.output -> a.value", "in.output -> b.value")
    job = Job(players, nodes, *lines)
    await job.run()
    assert len(job.kept) == 2
    other = Job(players, [IN, node("a", "test.Dear", factor=2), node("b", "test.Dear")], *lines)
    other.kept = dict(job.kept)
    await other.run()

    assert len(WORK) == 3


async def test_equal_firings_are_two_samples(players: Player) -> None:
    items = node("items", "test.Items", value=[1, 1, 2, 1])
    job = Job(players, [items, node("d", "test.Dice"), OUT], "items.output -> d.value", "d.output -> out.value")
    first, second = await job.run(), await job.run()

    assert WORK == [1, 1, 2, 1]
    assert first.result == second.result == {"out": [1, 2, 3, 4]}
    assert logs(second) == [TAKEN]

    some = list(job.kept)[2]
    job.kept = {some: job.kept[some]}
    assert (await job.run()).result == {"out": [5, 6, 3, 7]}


async def test_named_outputs_that_are_not_there_stay_away(players: Player) -> None:
    for value in (3, 30):
        nodes = [
            node("n", "test.Number", value=value),
            node("d", "test.DearHalves"),
            OUT,
            node("out2", "nodetool.output.Output", name="out2"),
        ]
        job = Job(players, nodes, "n.output -> d.value", "d.small -> out.value", "d.large -> out2.value")
        first, second = await job.run(), await job.run()

        assert first.result == second.result == {"out" if value < 10 else "out2": value}
    assert WORK == [3, 30]


@pytest.mark.parametrize("word", RICH)
async def test_a_value_comes_back_as_the_type_that_its_author_wrote(players: Player, word: str) -> None:
    nodes = [node("d", "test.DearRich", word=word), node("c", "test.Catch")]
    job = Job(players, nodes, f"d.{word} -> c.value")
    await job.run()
    told = await job.run()

    assert [word] == WORK
    assert logs(told) == [TAKEN]
    made, back = Catch.caught
    assert type(made) is type(back)
    assert repr(made) == repr(back) if word != "tags" else made == back


@pytest.mark.parametrize("word", ["date", "decimal", "letter", "chunk", "pair", "tags", "by_number"])
async def test_what_would_come_back_as_another_type_is_not_kept(players: Player, word: str) -> None:
    job = Job(players, [node("d", "test.Loose", word=word)])
    told = await job.run()

    assert job.kept == {}
    reason = "output would come back as another type, since its annotation does not name the type"
    assert logs(told) == [("warning", f"not kept, so a later attempt would compute it again: {reason}")]
    assert told.end.status == "completed"


async def test_what_cannot_be_written_down_is_not_kept(players: Player) -> None:
    job = Job(
        players,
        [node("d", "test.Loose"), node("n", "test.Make", word="object"), node("e", "test.Dear")],
        "n.output -> e.value",
    )
    told = await job.run()

    assert job.kept == {}
    begin = "not kept, so a later attempt would compute it again: "
    assert sorted(logs(told)) == [
        ("warning", f"{begin}an input of it cannot be written down"),
        ("warning", f"{begin}an object of type object cannot be sent"),
    ]


async def test_a_number_comes_back_as_the_annotation_says(players: Player) -> None:
    nodes = [
        node("n", "test.Number", value=3),
        node("d", "test.Rounded"),
        node("c", "test.Catch"),
    ]
    job = Job(players, nodes, "n.output -> d.value", "d.output -> c.value")
    await job.run()
    await job.run()

    assert WORK == [3]
    assert list(map(type, Catch.caught)) == [int, float]


async def test_more_than_a_result_may_hold_is_not_kept_and_the_run_goes_on(players: Player) -> None:
    nodes = [node("d", "test.DearStream", count=300), node("t", "test.Total"), OUT]
    job = Job(players, nodes, "d.output -> t.items", "t.output -> out.value", max_result=1000)
    told = await job.run()

    assert job.kept == {}
    reason = "it is over the limit"
    assert logs(told) == [("warning", f"not kept, so a later attempt would compute it again: {reason}")]
    assert told.result == {"out": sum(range(300)) - 1}


async def test_what_holds_a_secret_is_not_kept(players: Player) -> None:
    nodes = [node("items", "test.Items", value=["open sesame", "hello"]), node("d", "test.Dear")]
    job = Job(players, nodes, "items.output -> d.value")
    job.mask = Mask(["open sesame"])
    told = await job.run()

    assert len(job.kept) == 1
    assert b"sesame" not in next(iter(job.kept.values())).data
    assert [line for _, line in logs(told)] == [
        "not kept, so a later attempt would compute it again: it holds a secret"
    ]


async def test_what_a_job_keeps_is_limited_altogether_over_its_attempts(players: Player) -> None:
    items = [str(number) + "x" * 80 for number in range(40)]
    nodes = [node("items", "test.Items", value=items), node("d", "test.Dear")]
    job = Job(players, nodes, "items.output -> d.value", max_result=100)
    told = await job.run()
    kept = len(job.kept)
    await job.run()

    assert sum(len(one.data) for one in job.kept.values()) <= RESULTS * 100
    assert kept == len(job.kept) == RESULTS
    assert len(logs(told)) == 1
    assert items + items[kept:] == WORK


async def test_what_does_not_fit_any_more_is_computed_again(players: Player) -> None:
    job = Job(
        players,
        [node("n", "test.Number", value=3), node("d", "test.DearHalves"), OUT],
        "n.output -> d.value",
        "d.small -> out.value",
    )
    await job.run()
    (key,) = job.kept
    data = msgspec.msgpack.encode([{"small": "three"}])
    job.kept[key] = Checkpoint(1, 1, key, data)
    told = await job.run()

    assert WORK == [3, 3]
    assert told.result == {"out": 3}
    reason = "small: Expected `int`, got `str`"
    assert logs(told) == [("warning", f"computed again, as what attempt 1 kept does not fit: {reason}")]
    assert job.kept[key].attempt == 2


async def test_the_log_says_once_a_node_from_which_attempt_it_took_something(players: Player) -> None:
    nodes = [node("items", "test.Items", value=[1, 2, 3, 4]), node("d", "test.Dear")]
    job = Job(players, nodes, "items.output -> d.value")
    await job.run()
    lost = list(job.kept)[2:]
    for key in lost:
        del job.kept[key]
    await job.run()

    texts = [content for _, content in logs(await job.run())]
    assert texts == [f"not computed again: taken from the checkpoint of attempt {attempt}" for attempt in (1, 2)]


def test_whatever_part_was_kept_the_rest_is_computed_and_the_result_is_the_same(players: Player, scale: int) -> None:
    """Every node that does not read streams is kept; of what the first attempt kept any part may be there."""

    @proof(60 * scale)
    @given(sketches(), capacities, st.data())
    def law(sketch: Sketch, capacity: int, data: st.DataObject) -> None:
        nodes, lines = sketch.document()
        job = Job(players, nodes, *lines)
        job.plan = all_kept(job.plan)
        first = asyncio.run(job.run(capacity=capacity))
        everything = dict(job.kept)
        found = data.draw(st.sets(st.sampled_from(sorted(everything)))) if everything else set()
        job.kept = {key: everything[key] for key in found}
        second = asyncio.run(job.run(capacity=capacity))

        expected = meaning(sketch)
        assert first.result == second.result == expected.result
        assert first.drained() == second.drained() == expected.counters
        assert job.kept.keys() == everything.keys()
        for key, one in job.kept.items():
            assert one.data == everything[key].data
            assert one.attempt == (1 if key in found else 2), "only what was not there is computed"

    law()


def all_kept(plan: Plan) -> Plan:
    readers = {one.type for one in plan.nodes if one.role != "node" or any(entry.reads for entry in one.inputs)}
    types = [
        msgspec.structs.replace(kind, checkpoint=place not in readers and "reads" not in kind.name)
        for place, kind in enumerate(plan.types)
    ]
    return msgspec.structs.replace(plan, types=types)
