"""Jobs and events as people read them."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from nodetool.cli import show_jobs
from nodetool.cli.show_jobs import Misfit
from nodetool.protocol.errors import Fault
from nodetool.protocol.events import (
    AnyEvent,
    ChunkUpdate,
    EdgeUpdate,
    JobUpdate,
    LogUpdate,
    NodeProgress,
    NodeUpdate,
    Notification,
    OutputUpdate,
    PreviewUpdate,
    SaveUpdate,
)

ID = "0198a1b2c3d47e5f8a9b0c1d2e3f4a5b"
EAST = timezone(timedelta(hours=2))
NOW = datetime(2026, 7, 25, 20, 0, 10, tzinfo=UTC)
COMMON: Any = {"job_id": ID, "workflow_id": "w", "seq": 3, "time": 1_785_009_600_042}
NODE: Any = COMMON | {"node_id": "n", "node_name": "Cut Text"}


def job(**fields: Any) -> dict[str, Any]:
    given = {
        "id": ID,
        "job_id": ID,
        "workflow_id": "w",
        "status": "completed",
        "attempt": 1,
        "last_seq": 7,
        "error": None,
        "created_at": "2026-07-25T20:00:00.000001Z",
        "started_at": "2026-07-25T20:00:00.000001Z",
        "finished_at": "2026-07-25T20:00:01.500001Z",
        "links": {"self": "a", "events": "b", "cancel": "c", "retry": "d"},
        "params": {},
        "result": None,
    }
    return given | fields


def test_a_row_tells_the_time_where_the_reader_is() -> None:
    assert show_jobs.row(job(), NOW, runs=True, zone=EAST) == (ID, "completed", "2026-07-25 22:00", "1.5 s", "w", "")


def test_a_row_keeps_its_line_and_gives_a_terminal_no_commands() -> None:
    *_, workflow, error = show_jobs.row(job(workflow_id="", error="one\n\x1b[2Jtwo" + "x" * 99), NOW, runs=True)

    assert workflow == "(a graph)"
    assert error.startswith("one ?[2Jtwoxxx")
    assert len(error) == show_jobs.CELL
    assert error.endswith("…")


@pytest.mark.parametrize(
    ("status", "runs", "shown"),
    [
        ("running", True, ("running", "10.0 s …")),
        ("running", False, ("interrupted", "")),
        ("queued", True, ("queued", "")),
    ],
)
def test_a_job_that_has_not_ended_says_how_long_it_runs(status: str, runs: bool, shown: tuple[str, str]) -> None:
    _, where, _, took, *_ = show_jobs.row(job(status=status, finished_at=None), NOW, runs=runs)

    assert (where, took) == shown


def test_a_clock_that_is_behind_is_no_negative_time() -> None:
    early = NOW - timedelta(days=1)

    assert show_jobs.row(job(status="running", finished_at=None), early, runs=True)[3] == "0 ms …"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0421, "42 ms"),
        (59.94, "59.9 s"),
        (61, "1 min 1 s"),
        (3599.6, "1 h 0 min"),
        (90_061, "25 h 1 min"),
        (200_000, "2 d 7 h"),
    ],
)
def test_a_duration_has_the_units_that_fit_it(seconds: float, text: str) -> None:
    assert show_jobs.spell(timedelta(seconds=seconds)) == text


def test_a_job_is_shown_with_what_went_in_and_came_out() -> None:
    document = job(params={"text": "a\nb", "rows": [1, 2]}, result={"long": "x" * 5000, "n": None})

    assert list(show_jobs.job(document, None, NOW, runs=True, zone=UTC)) == [
        f"job       {ID}",
        "workflow  w",
        "status    completed",
        "attempts  1",
        "events    7",
        "queued    2026-07-25 20:00:00",
        "started   2026-07-25 20:00:00",
        "finished  2026-07-25 20:00:01",
        "took      1.5 s",
        "",
        "params",
        "  text  a b",
        "  rows  [1,2]",
        "",
        "result",
        f"  long  {'x' * 100}… (5,000 characters)",
        "  n     null",
    ]


def test_each_node_at_fault_has_a_line() -> None:
    faults = [
        Fault(node_id="a", message="two are wrong"),
        Fault(node_id="b", handle="text", message="has no such input"),
        Fault(message="elsewhere"),
    ]
    end = JobUpdate(**COMMON, status="failed", attempt=1, error="two are wrong", code="no_such_code", errors=faults)

    lines = list(show_jobs.job(job(status="failed", error="two are wrong"), end, NOW, runs=True))

    assert lines[9:] == [
        "error     two are wrong [no_such_code]",
        "node      a",
        "node      b, handle text: has no such input",
        "fault     elsewhere",
    ]


def test_a_failed_job_whose_end_is_not_known_still_says_why() -> None:
    assert "error     it broke" in list(show_jobs.job(job(status="failed", error="it broke"), None, NOW, runs=True))


def test_what_is_no_job_is_told() -> None:
    with pytest.raises(Misfit, match="what the server answers is no job"):
        show_jobs.row({"id": 3}, NOW, runs=True)


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (JobUpdate(**COMMON, status="queued", attempt=1), "job queued"),
        (
            JobUpdate(**COMMON, status="queued", attempt=2, message="the server ended"),
            "job queued, attempt 2: the server ended",
        ),
        (JobUpdate(**COMMON, status="running", attempt=2), "job running, attempt 2"),
        (JobUpdate(**COMMON, status="completed", attempt=2, result={"a": 1}), "job completed"),
        (
            JobUpdate(**COMMON, status="failed", attempt=1, error="late", code="timed_out"),
            "job failed: late [timed_out]",
        ),
        (NodeUpdate(**NODE, node_type="t", status="running"), "Cut Text (n) running"),
        (NodeUpdate(**NODE, node_type="t", status="error", error="a\nb"), "Cut Text (n) error: a b"),
        (NodeProgress(**NODE, progress=2, total=7), "Cut Text (n) 2 of 7"),
        (
            OutputUpdate(**NODE, output_name="parts", value=["a", 1], output_type="list", metadata={}),
            'output parts: ["a",1]',
        ),
        (PreviewUpdate(**COMMON, node_id="n", value="\x07"), "preview n: ?"),
        (
            LogUpdate(**NODE, content="three were left out", severity="warning"),
            "Cut Text (n) warning: three were left out",
        ),
        (Notification(**COMMON, node_id="n", content="look", severity="info"), "n info: look"),
        (
            ChunkUpdate(**COMMON, node_id="n", content_type="text", content="bit", content_metadata={}, done=False),
            "n chunk: bit",
        ),
        (SaveUpdate(**NODE, name="mine", value=1, output_type="int", metadata={}), "Cut Text (n) saved mine"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_an_event_is_a_line_with_its_moment(event: AnyEvent, text: str) -> None:
    said = show_jobs.said(event, EAST)

    assert said is not None
    assert said[0] == f"2026-07-25 22:00:00.042  {text}"


def test_what_edges_carried_is_left_out() -> None:
    assert show_jobs.said(EdgeUpdate(**COMMON, edge_id="e", status="drained", counter=7), UTC) is None


def test_what_went_wrong_has_its_colour() -> None:
    failed = JobUpdate(**COMMON, status="failed", attempt=1, error="late")
    warning = LogUpdate(**NODE, content="odd", severity="warning")

    assert [said[1] for event in (failed, warning) if (said := show_jobs.said(event))] == ["red", "yellow"]
