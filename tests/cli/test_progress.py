"""What a run tells while it goes on."""

import json
from io import StringIO
from typing import Any

import pytest

from nodetool.cli import progress
from nodetool.jobs.cursor import Batch
from nodetool.protocol import codec
from nodetool.protocol.events import AnyEvent, LogUpdate, NodeProgress, NodeUpdate, Notification

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


def test_the_live_line_says_which_node_is_at_work_and_how_far_it_is() -> None:
    running = NodeUpdate(**COMMON, seq=2, node_id="n", node_name="Cut", node_type="test.Cut", status="running")
    done = NodeUpdate(**COMMON, seq=4, node_id="n", node_name="Cut", node_type="test.Cut", status="completed")

    assert [progress.doing(event) for event in (running, STEP, done)] == ["Cut (n)", "Cut (n): 2 of 7", ""]
