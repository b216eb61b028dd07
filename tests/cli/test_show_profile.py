"""Where the time of a job went, as people read it."""

from typing import Any

import pytest

from nodetool.cli import show_profile
from nodetool.protocol.answers import JobProfile, NodeProfile


def node(id: str, **more: Any) -> NodeProfile:
    given: dict[str, Any] = {"path": [], "node_name": "N", "node_type": "t.N", "status": "completed", "firings": 1}
    return NodeProfile(node_id=id, **given | more)


def shown(*nodes: NodeProfile, most: int = show_profile.ROWS, **more: Any) -> list[str]:
    given: dict[str, Any] = {"status": "completed", "attempt": 1, "wall_ms": 200.0}
    profile = JobProfile(job_id="j", nodes=[*nodes], **given | more)
    return list(show_profile.profile(profile, most))


def test_a_bar_is_work_and_then_waiting_as_parts_of_the_time_of_the_job() -> None:
    head, columns, first, second = shown(
        node("a", wall_ms=150.0, waiting_ms=50.0, firings=3, items_in=3, items_out=6),
        node("b", path=["map"], status="running", firings=0),
    )

    assert head == "completed in 200 ms: 2 nodes fired"
    assert columns == "NODE     TYPE  TOOK                          WAITED   FIRED  IN  OUT"
    assert first == "a        t.N   150 ms  ██████████░░░░░       50.0 ms  3      3   6"
    assert second == "map / b  t.N   …                                             0   0"


def test_what_is_left_out_is_counted() -> None:
    assert shown(*map(node, "abc"), most=1)[-1] == "and 2 nodes that worked no longer"


def test_a_job_that_runs_has_no_time_yet() -> None:
    assert shown(node("a", wall_ms=5.0), wall_ms=None, status="running", attempt=2)[0] == (
        "running, attempt 2: 1 node fired"
    )


def test_an_id_gives_a_terminal_no_commands() -> None:
    assert "\x1b" not in "".join(shown(node("a\x1b[2J")))


@pytest.mark.parametrize(
    ("ms", "said"),
    [(0, "< 1 ms"), (0.4, "400 µs"), (1.0, "1.00 ms"), (12.34, "12.3 ms"), (999.4, "999 ms"), (1500, "1.50 s")],
)
def test_a_duration_has_three_digits(ms: float, said: str) -> None:
    assert show_profile.spell(ms) == said
