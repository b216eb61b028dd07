"""What a run tells while it goes on."""

import json
from io import StringIO
from typing import Any

import pytest

from nodetool.cli import progress
from nodetool.cli.progress import Row
from nodetool.jobs.cursor import Batch
from nodetool.protocol import codec
from nodetool.protocol.events import AnyEvent, JobUpdate, LogUpdate, NodeProgress, NodeUpdate, Notification

COMMON: Any = {"job_id": "j", "workflow_id": "", "time": 0}
LOG = LogUpdate(**COMMON, seq=2, node_id="n", node_name="Cut", content="three were left out", severity="warning")
STEP = NodeProgress(**COMMON, seq=3, node_id="n", node_name="Cut", progress=2, total=7)


def batch(*events: AnyEvent) -> Batch:
    return Batch(events[0].seq, len(events), 0, b"".join(map(codec.to_msgpack, events)), last=False)


def test_each_event_is_a_line_of_ascii() -> None:
    notice = Notification(**COMMON, seq=4, node_id="n", content="fertig – schön", severity="info")

    progress.lines(out := StringIO())(batch(LOG, STEP, notice))

    assert out.getvalue().isascii()
    assert [json.loads(line)["seq"] for line in out.getvalue().splitlines()] == [2, 3, 4]


def test_a_person_sees_what_nodes_log(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.on_terminal() as watch:
        watch(batch(LOG, STEP))

    assert "Cut (n): three were left out" in capsys.readouterr().err


def node(id: str, status: Any, **more: Any) -> NodeUpdate:
    return NodeUpdate(**COMMON, seq=2, node_id=id, node_name=id.upper(), node_type="t", status=status, **more)


def board(*events: AnyEvent) -> progress.Board:
    made = progress.Board()
    for event in events:
        made.take(event)
    return made


def test_the_board_has_the_nodes_at_work_and_first_those_that_tell_how_far_they_are() -> None:
    made = board(node("a", "running"), node("n", "running"), node("b", "running"), STEP, node("b", "completed"))

    assert made.rows() == [Row("Cut", 2, 7), Row("A")]
    assert made.summary() == "1 node done"


def test_a_node_of_two_calls_is_at_work_twice() -> None:
    made = board(*(node("a", "running", path=["map", call]) for call in range(2)), node("a", "error", path=["map", 0]))

    assert made.rows() == [Row("A")]


def test_nodes_that_find_no_place_are_counted() -> None:
    made = board(*(node(f"n{number}", "running") for number in range(10)))

    assert len(made.rows()) == 8
    assert made.summary() == "0 nodes done, 2 more at work"


def test_another_attempt_begins_anew() -> None:
    again = JobUpdate(**COMMON, seq=5, status="running", attempt=2)

    assert board(node("a", "running"), node("a", "completed"), node("b", "running"), again).rows() == []
