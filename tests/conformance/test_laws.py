"""The laws pass what a server may say, and nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.conformance import laws
from nodetool.conformance.laws import Event, Wrong

IDS = {"job_id": "j", "workflow_id": "w"}


def numbered(*events: dict[str, Any]) -> list[Event]:
    return [{**event, **IDS, "seq": seq, "time": 1_700_000_000_000 + seq} for seq, event in enumerate(events, 1)]


def job(status: str, **more: Any) -> dict[str, Any]:
    return {"type": "job_update", "status": status, "attempt": 1, **more}


def node(status: str, id: str = "n") -> dict[str, Any]:
    return {"type": "node_update", "node_id": id, "status": status}


def edge(status: str, counter: int, id: str = "e") -> dict[str, Any]:
    return {"type": "edge_update", "edge_id": id, "status": status, "counter": counter}


def output(value: Any, name: str = "out") -> dict[str, Any]:
    return {"type": "output_update", "node_id": name, "output_name": name, "value": value}


LOG = numbered(
    job("queued"),
    job("running"),
    node("running"),
    edge("message_sent", 1),
    node("completed"),
    edge("drained", 2),
    output(1),
    output(2),
    job("completed", result={"out": [1, 2]}),
)


def check(events: list[Event]) -> None:
    laws.check(events, job_id="j", workflow_id="w")


def test_a_lawful_log_passes() -> None:
    check(LOG)
    laws.check_outputs(LOG)
    laws.check_drained(LOG, ["e"])


@given(st.integers(0, len(LOG) - 1))
def test_a_log_without_one_of_its_events_is_found(place: int) -> None:
    with pytest.raises(Wrong):
        check([*LOG[:place], *LOG[place + 1 :]])


@given(st.integers(0, len(LOG) - 1))
def test_a_log_with_an_event_twice_is_found(place: int) -> None:
    with pytest.raises(Wrong):
        check([*LOG[: place + 1], *LOG[place:]])


@given(st.permutations(LOG).filter(lambda events: events != LOG))
def test_a_log_in_another_order_is_found(events: list[Event]) -> None:
    with pytest.raises(Wrong):
        check(events)


@pytest.mark.parametrize(
    ("events", "fault"),
    [
        ([], "the first event is not job_update queued"),
        ([job("running"), job("completed", result={})], "the first event is not job_update queued"),
        ([job("queued"), job("running")], "0 terminal events"),
        ([job("queued"), job("cancelled"), job("cancelled")], "2 terminal events"),
        ([job("queued"), job("failed"), edge("drained", 0)], "behind the terminal event"),
        ([job("queued"), job("completed", result={})], "without job_update running"),
        ([job("queued"), job("running"), job("completed")], "has no result"),
        ([job("queued"), job("failed", result={})], "has a result"),
        ([job("queued"), job("running"), node("completed"), job("failed")], "never started"),
        ([job("queued"), job("running"), node("running"), job("failed")], "never ended"),
        ([job("queued"), job("running"), node("running"), node("running"), job("failed")], "was running before"),
        ([job("queued"), job("running"), edge("drained", 1), edge("drained", 1), job("failed")], "was drained before"),
        (
            [job("queued"), job("running"), edge("message_sent", 2), edge("drained", 1), job("failed")],
            "counts 1 after 2",
        ),
    ],
)
def test_a_log_that_breaks_a_law_is_found(events: list[dict[str, Any]], fault: str) -> None:
    with pytest.raises(Wrong, match=fault):
        check(numbered(*events))


def test_a_second_attempt_begins_anew() -> None:
    first = [job("queued"), job("running"), node("running"), edge("drained", 1)]

    check(numbered(*first, *first, node("completed"), job("completed", result={})))


@pytest.mark.parametrize(
    ("arrived", "result"),
    [([1], {}), ([], {"out": 1}), ([1, 2], {"out": [2, 1]}), ([1, 2], {"out": 2}), ([1], {"out": True})],
)
def test_a_result_that_did_not_arrive_is_found(arrived: list[Any], result: dict[str, Any]) -> None:
    with pytest.raises(Wrong, match="output 'out' is"):
        laws.check_outputs(numbered(*map(output, arrived), job("completed", result=result)))


def test_an_edge_that_is_not_drained_is_found() -> None:
    with pytest.raises(Wrong, match="edge 'other' was never drained"):
        laws.check_drained(LOG, ["e", "other"])


def test_two_runs_may_differ_in_their_pace_only() -> None:
    slow = [event for event in LOG if event.get("status") != "message_sent"]
    other = [{**event, "job_id": "k", "time": 0, "seq": seq} for seq, event in enumerate(slow, 1)]

    laws.compare(laws.story(LOG, ordered=True), laws.story(other, ordered=True), ("one", "other"))


def test_what_is_about_two_nodes_may_come_in_another_order_where_that_is_open() -> None:
    one, other = (
        numbered(node("running", "a"), node("running", "b")),
        numbered(node("running", "b"), node("running", "a")),
    )

    laws.compare(laws.story(one, ordered=False), laws.story(other, ordered=False), ("one", "other"))
    with pytest.raises(Wrong, match='node_id is "a" for one and "b" for other'):
        laws.compare(laws.story(one, ordered=True), laws.story(other, ordered=True), ("one", "other"))


@pytest.mark.parametrize(
    ("here", "there", "told"),
    [
        ({"a": 1}, {"a": 1.0}, "a is 1 for x and 1.0 for y"),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, "a.b.1 is 2 for x and 3 for y"),
        ({"a": [1]}, {"a": [1, 2]}, "a is [1] for x and [1,2] for y"),
        ({"a": 1}, {"a": 1, "b": 2}, "only y has b"),
        ({"a": b"1"}, {"a": {"type": "bytes", "base64": "MQ=="}}, ""),
    ],
)
def test_the_first_difference_is_told(here: Event, there: Event, told: str) -> None:
    same = laws.canonical(here) == laws.canonical(there)

    assert (laws.difference(here, there, ("x", "y")) if not same else "") == told
