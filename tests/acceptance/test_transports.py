"""The same run over every transport: the same events, the same result; and every way to read it again."""

import json
from typing import Any, NamedTuple

import pytest

from nodetool.shipped import shipped
from tests.acceptance.client import Client, Event, Heard, is_end
from tests.graphs import Json, graph, node, output, text_input, through

TRANSPORTS = ("sync", "lines", "sse", "binary", "text", "poll")
READERS = ("page", "lines_again", "sse_again", "binary_again", "text_again")


class Case(NamedTuple):
    """A workflow, what it is given, and what it comes to."""

    graph: Json
    params: Json
    status: str
    result: Any


def branch() -> Json:
    nodes = [
        node("in", "nodetool.input.BooleanInput", name="yes", value=False),
        text_input("value", "text", "hi"),
        node("if", "nodetool.control.If"),
        output("left", "left"),
        output("right", "right"),
    ]
    lines = (
        "in.output -> if.condition",
        "value.output -> if.value",
        "if.if_true -> left.value",
        "if.if_false -> right.value",
    )
    return graph(nodes, *lines)


def loop(*, collects: bool) -> Json:
    nodes = [
        node("in", "nodetool.input.ListInput", name="items"),
        node("each", "nodetool.control.ForEach"),
        node("add", "nodetool.text.Concat", b="!"),
        output(),
    ]
    if not collects:
        return graph(nodes, "in.output -> each.input_list", "each.output -> add.a", "add.output -> out.value")
    nodes.insert(3, node("all", "nodetool.control.Collect"))
    lines = (
        "in.output -> each.input_list",
        "each.output -> add.a",
        "add.output -> all.input_item",
        "all.output -> out.value",
    )
    return graph(nodes, *lines)


TEXT = "grüße 🎉\n\x00 \u2028"

CASES = {
    "trivial": Case(
        graph([text_input(), output()], "in.output -> out.value"), {"text": TEXT}, "completed", {"out": TEXT}
    ),
    "a node": Case(through("nodetool.text.Concat", "a", b="!"), {"text": "hi"}, "completed", {"out": "hi!"}),
    "nothing": Case(graph([output()]), {}, "completed", {}),
    "a stream": Case(
        through("bench.nodes.Emit", count=5),
        {"text": "no"},
        "completed",
        {"out": ["no 0", "no 1", "no 2", "no 3", "no 4"]},
    ),
    "an empty stream": Case(through("bench.nodes.Emit", count=0), {}, "completed", {"out": []}),
    "the left branch": Case(branch(), {"yes": True}, "completed", {"left": "hi"}),
    "the right branch": Case(branch(), {"yes": False, "text": "ho"}, "completed", {"right": "ho"}),
    "a list output": Case(loop(collects=False), {"items": ["a", "b"]}, "completed", {"out": ["a!", "b!"]}),
    "a collected list": Case(loop(collects=True), {"items": ["a", "b"]}, "completed", {"out": ["a!", "b!"]}),
    "progress": Case(through("bench.nodes.Steps", steps=3, seconds=0.06), {"text": "hi"}, "completed", {"out": "hi"}),
    "a thread": Case(through("bench.nodes.BlockingSleep", seconds=0), {"text": "hi"}, "completed", {"out": "hi"}),
    "a failing node": Case(through("bench.nodes.Fail", message="nö"), {}, "failed", None),
    "a log": Case(through("tests.Talk", count=3), {"text": "hi"}, "completed", {"out": "hi"}),
}


class Example(NamedTuple):
    """An example workflow, what it is given, and how it ends."""

    params: Json
    status: str
    shown: str
    """A piece of what it gives, or of its error."""


EXAMPLES = {
    "csv-report": Example({"melts_above": 3000}, "completed", "1 of 46 elements"),
    "cut-document": Example({}, "failed", "json_string: Unterminated string starting at: line 7 column 14"),
    "measure-line": Example({"line": "one two"}, "completed", " 1. one two (2 words)"),
    "measure-poem": Example({"poem": "a b\nc"}, "completed", " 2. c (1 words)\\n\\n2 lines."),
    "order-check": Example({"order": {"customer": "Ada"}}, "completed", "we cannot read your order"),
    "planet-weights": Example({"mass": 10}, "completed", "Neptune    111.5 N"),
    "slow-progress": Example({"seconds": 0.01}, "completed", "1979-07-09: Voyager 2 passed Jupiter"),
    "text-report": Example({"word": "here"}, "completed", "139 words in 7 sentences and 3 paragraphs"),
}


def test_every_example_is_run() -> None:
    assert sorted(file.stem for file in shipped("examples/workflows").glob("*.json")) == sorted(EXAMPLES)


def save_examples(client: Client) -> None:
    """All of them: one may call another."""
    for id in EXAMPLES:
        client.save(id, json.loads(shipped(f"examples/workflows/{id}.json").read_bytes())["graph"])


@pytest.mark.parametrize("id", EXAMPLES)
def test_an_example_gives_the_same_over_every_transport(client: Client, id: str) -> None:
    save_examples(client)
    params, status, shown = EXAMPLES[id]

    heard: list[Heard] = [getattr(client, transport)(id, **params) for transport in TRANSPORTS]

    assert {one.last["status"] for one in heard} == {status}
    assert shown in json.dumps(heard[0].result or heard[0].last, ensure_ascii=False)
    assert all((one.result, one.last.get("errors")) == (heard[0].result, heard[0].last.get("errors")) for one in heard)


def test_an_error_of_an_example_names_node_and_handle(client: Client) -> None:
    client.save("cut", json.loads(shipped("examples/workflows/cut-document.json").read_bytes())["graph"])

    (fault,) = client.sync("cut").last["errors"]

    assert (fault["node_id"], fault["handle"]) == ("data", "json_string")


def normal(events: list[Event]) -> list[Event]:
    """Leave out what differs from run to run: ids, times, and the numbers, since edges tell now and then only."""
    kept = [event for event in events if event.get("status") != "message_sent"]
    return [{key: event[key] for key in event if key not in {"job_id", "time", "seq", "stats"}} for event in kept]


@pytest.mark.parametrize("name", CASES)
def test_every_transport_tells_the_same(client: Client, name: str) -> None:
    case = CASES[name]
    id = name.replace(" ", "-")
    client.save(id, case.graph)

    heard: list[Heard] = [getattr(client, transport)(id, **case.params) for transport in TRANSPORTS]

    for one in heard:
        assert [event["seq"] for event in one.events] == list(range(1, len(one.events) + 1))
        assert {(event["job_id"], event["workflow_id"]) for event in one.events} == {(one.job_id, id)}
        assert normal(one.events) == normal(heard[0].events)
        assert (one.last["status"], one.result) == (case.status, case.result)
        assert [event["status"] for event in one.events if event["type"] == "job_update"] == [
            "queued",
            "running",
            case.status,
        ]


@pytest.mark.parametrize("name", ["a stream", "progress", "a failing node", "trivial"])
def test_a_job_reads_the_same_in_every_way_from_any_number(client: Client, name: str) -> None:
    case = CASES[name]
    id = name.replace(" ", "-")
    client.save(id, case.graph)
    live = client.lines(id, **case.params)

    for reader in READERS:
        for after in (0, 1, 4, len(live.events) - 1, len(live.events)):
            assert getattr(client, reader)(live.job_id, after).events == live.events[after:], (reader, after)


def test_what_is_told_live_is_what_is_read_later(client: Client) -> None:
    client.save("steps", CASES["progress"].graph)
    with client.talk() as binary, client.talk() as text:
        text.ask("set_mode", mode="text")
        job_id = binary.start("steps", text="hi")
        again = text.reconnect(job_id, 0).events
        live = list(binary.events())

    assert again == live == client.page(job_id).events


def test_many_jobs_on_one_socket_each_tell_their_own(client: Client) -> None:
    client.save("emit", through("bench.nodes.Emit", count=50))
    texts = [str(number) for number in range(10)]
    with client.talk() as talk:
        for text in texts:
            talk.send("run_job", workflow_id="emit", params={"text": text})
        frames: list[Event] = []
        while sum("seq" in frame and is_end(frame) for frame in frames) < len(texts):
            frames.append(talk.hear())

    ids = [frame["job_id"] for frame in frames if frame.get("command") == "run_job"]
    for text, id in zip(texts, ids, strict=True):
        heard = [frame for frame in frames if "seq" in frame and frame["job_id"] == id]
        assert [event["seq"] for event in heard] == list(range(1, len(heard) + 1))
        assert heard[-1]["result"] == {"out": [f"{text} {item}" for item in range(50)]}


def test_the_job_itself_tells_what_the_stream_told(client: Client) -> None:
    client.save("concat", CASES["a node"].graph)
    heard = client.lines("concat", text="hi")
    job = client.job(heard.job_id)

    assert (job["status"], job["result"], job["params"]) == ("completed", {"out": "hi!"}, {"text": "hi"})
    assert (job["last_seq"], job["attempt"]) == (len(heard.events), 1)
