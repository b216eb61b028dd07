"""Any graph gives what the reference says it means, whatever the schedule."""

import asyncio

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nodetool.protocol.events import NodeUpdate
from tests.engine.harness import Player, Told
from tests.engine.reference import Sketch, meaning
from tests.engine.sketches import sketches

EXAMPLES = 150


def proof(examples: int) -> settings:
    return settings(
        max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
    )


def test_a_run_gives_what_the_graph_means(player: Player, scale: int) -> None:
    done = 0

    @proof(EXAMPLES * scale)
    @given(sketches(), st.sampled_from([1, 2, 64]))
    def law(sketch: Sketch, capacity: int) -> None:
        nonlocal done
        done += 1
        nodes, lines = sketch.document()
        told = asyncio.run(player.play(nodes, *lines, capacity=capacity))
        assert told.end.status == "completed", told.end
        expected = meaning(sketch)
        assert told.result == expected.result
        assert told.drained() == expected.counters
        assert fired(told) == expected.fired

    law()
    print(f"{done} random graphs gave what they mean")


def fired(told: Told) -> set[str]:
    return {event.node_id for event in told.events if isinstance(event, NodeUpdate) and event.status == "completed"}
