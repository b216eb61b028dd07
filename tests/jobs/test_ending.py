"""The events that the server makes itself."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.jobs.ending import (
    CANCELLED,
    Ending,
    ending_of_event,
    ending_of_frame,
    queued_event,
    requeued_event,
    terminal_event,
)
from nodetool.protocol import codec, frames
from nodetool.protocol.errors import Fault

ID = "0190" + "0" * 28


@given(st.integers(0, 2**52))
def test_the_queued_event_is_made_from_the_row_byte_for_byte_the_same(created_us: int) -> None:
    made = queued_event(ID, "w", created_us)

    assert made == queued_event(ID, "w", created_us)
    assert codec.value_of(made) == {
        "type": "job_update",
        "job_id": ID,
        "workflow_id": "w",
        "seq": 1,
        "time": created_us // 1000,
        "status": "queued",
        "attempt": 1,
    }


def test_between_attempts_stands_why_the_last_one_ended() -> None:
    made = codec.value_of(requeued_event(ID, "w", seq=7, now_us=5000, attempt=2, message="it died"))

    assert (made["seq"], made["time"], made["status"], made["attempt"], made["message"]) == (
        7,
        5,
        "queued",
        2,
        "it died",
    )


def test_only_a_completed_job_has_a_result() -> None:
    result = codec.to_msgpack({"a": 1})
    for ending in (Ending("failed", result, "node_failed", "no"), Ending("cancelled", result)):
        made = codec.value_of(terminal_event(ID, "", seq=2, now_us=0, attempt=1, ending=ending))
        assert "result" not in made


def test_a_failed_job_says_why_and_which_node() -> None:
    fault = Fault(node_id="n", handle="h", message="no")
    ending = Ending("failed", code="type_mismatch", error="no", errors=(fault,))

    made = codec.value_of(terminal_event(ID, "", seq=2, now_us=0, attempt=3, ending=ending))

    assert made == {
        "type": "job_update",
        "job_id": ID,
        "workflow_id": "",
        "seq": 2,
        "time": 0,
        "status": "failed",
        "attempt": 3,
        "error": "no",
        "code": "type_mismatch",
        "errors": [{"node_id": "n", "handle": "h", "message": "no"}],
    }


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.binary() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), plain, max_size=4))
def test_a_result_is_read_back_from_the_last_event_as_it_was_written(result: dict[str, object]) -> None:
    ending = Ending("completed", msgspec.msgpack.encode(result))

    read = ending_of_event(terminal_event(ID, "w", seq=9, now_us=1, attempt=1, ending=ending))

    assert read.status == "completed"
    assert codec.value_of(read.result) == result


@pytest.mark.parametrize(
    "ending",
    [
        CANCELLED,
        Ending("failed", code="node_failed", error="no"),
        Ending("failed", code="import_failed", error="ö", errors=[Fault(node_id="n", message="ö")]),
        Ending("completed", codec.to_msgpack({})),
    ],
)
def test_an_end_is_read_back_as_it_was(ending: Ending) -> None:
    read = ending_of_event(terminal_event(ID, "w", seq=9, now_us=1, attempt=1, ending=ending))

    assert (read.status, read.result, read.code, read.error) == (
        ending.status,
        ending.result,
        ending.code,
        ending.error,
    )
    assert list(read.errors) == list(ending.errors)


def test_a_runners_end_becomes_the_jobs() -> None:
    assert ending_of_frame(frames.End(1, 1, "completed", b"\x80")) == Ending("completed", b"\x80")
    assert ending_of_frame(frames.End(1, 1, "cancelled")) == CANCELLED
    failed = frames.End(1, 1, "failed", code="node_failed", error="no", node_id="n", handle="")
    assert ending_of_frame(failed) == Ending(
        "failed", code="node_failed", error="no", errors=(Fault(node_id="n", message="no"),)
    )
    assert ending_of_frame(frames.End(1, 1, "failed", code="job_failed", error="no")).errors == ()
