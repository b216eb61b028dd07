"""Any graph gives what the reference says it means, whatever the schedule; and however it ends, nothing is left."""

import asyncio
from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nodetool.graph.plan import Plan
from nodetool.protocol.events import EdgeUpdate, NodeUpdate
from tests.engine.harness import Player, Told, node
from tests.engine.kinds import OPEN, turns
from tests.engine.reference import Sketch, meaning
from tests.engine.sketches import sketches

EXAMPLES = 100

capacities = st.sampled_from([1, 2, 64])


def proof(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return settings(
        max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
    )


def test_a_run_gives_what_the_graph_means(player: Player, scale: int) -> None:
    @proof(EXAMPLES * scale)
    @given(sketches(), capacities)
    def law(sketch: Sketch, capacity: int) -> None:
        nodes, lines = sketch.document()
        plan = player.plan(nodes, *lines)
        told = asyncio.run(player.run(plan, capacity=capacity))
        assert told.end.status == "completed", told.end
        expected = meaning(sketch)
        assert told.result == expected.result
        assert told.drained() == expected.counters
        assert ended(told, "completed") == expected.fired
        assert_told_in_order(plan, told)

    law()


def test_a_run_that_is_cancelled_at_any_turn_of_the_loop_leaves_nothing(player: Player, scale: int) -> None:
    @proof(EXAMPLES * scale // 2)
    @given(sketches(), capacities, st.integers(0, 60))
    def law(sketch: Sketch, capacity: int, moment: int) -> None:
        nodes, lines = sketch.document()
        told = asyncio.run(cancelled(player, player.plan(nodes, *lines), capacity, moment))
        if told.end.status == "completed":
            assert told.result == meaning(sketch).result
        else:
            assert told.end.status == "cancelled"
            assert_each_node_ended_once(told)

    law()


def test_a_run_that_fails_anywhere_names_the_node_and_leaves_nothing(player: Player, scale: int) -> None:
    @proof(EXAMPLES * scale // 2)
    @given(sketches(), capacities, st.integers(0, 5), st.data())
    def law(sketch: Sketch, capacity: int, late: int, data: st.DataObject) -> None:
        nodes, lines = sketch.document()
        place = data.draw(st.sampled_from([place for place, one in enumerate(sketch.nodes) if one.kind == "output"]))
        plan = player.plan([*nodes, node("f", "test.Fail", turns=late)], *lines, f"n{place}.output -> f.value")
        told = asyncio.run(player.run(plan, capacity=capacity))
        if meaning(sketch).fired >= {f"n{place}"}:
            assert (told.end.status, told.end.node_id) == ("failed", "f")
            assert ended(told, "error") == {"f"}
            assert_each_node_ended_once(told)
        else:
            assert told.end.status == "completed"
        assert OPEN == []

    law()


async def cancelled(player: Player, plan: Plan, capacity: int, moment: int) -> Told:
    run, taken = player.start(plan, capacity=capacity)
    task = asyncio.create_task(run.go())
    await turns(moment + 1)
    task.cancel()
    end = await task
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert not run.threads.at_work
    assert OPEN == []
    return Told(taken(), end)


def ended(told: Told, status: str) -> set[str]:
    return {event.node_id for event in told.events if isinstance(event, NodeUpdate) and event.status == status}


def assert_each_node_ended_once(told: Told) -> None:
    for id in ended(told, "running"):
        assert told.of(id)[0] == "running"
        assert len(told.of(id)) == 2


def assert_told_in_order(plan: Plan, told: Told) -> None:
    """Running, completed, the edges drained, and only then whoever waits for them to end."""
    at: dict[tuple[str, str], int] = {}
    for place, event in enumerate(told.events):
        if isinstance(event, NodeUpdate):
            at[event.node_id, event.status] = place
        elif isinstance(event, EdgeUpdate) and event.status == "drained":
            assert (event.edge_id, "drained") not in at
            at[event.edge_id, "drained"] = place
    for edge in plan.edges:
        source, target = plan.nodes[edge.source], plan.nodes[edge.target]
        if (source.id, "running") in at:
            assert at[source.id, "running"] < at[source.id, "completed"] < at[edge.id, "drained"]
        if target.gate == "once" and (target.id, "running") in at:
            assert at[edge.id, "drained"] < at[target.id, "running"]
