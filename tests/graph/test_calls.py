"""Workflows that call workflows: what is found of them before a run."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from nodetool.graph.calls import MAX_CALLED, MAX_DEPTH, Linker, Source, bundled
from nodetool.graph.document import read_graph
from nodetool.graph.version import Version, make_version
from nodetool.protocol.documents import Graph, GraphNode
from nodetool.protocol.errors import InvalidGraph
from tests.graph.helpers import catalogue, describe, graph, inlet, node, outlet, prop

CALLS: dict[str, Any] = {"is_dynamic": True, "supports_dynamic_outputs": True}
WORKFLOW_ID = prop("workflow_id", "str", "")

KNOWN = catalogue(
    describe("test.Call", [WORKFLOW_ID], {}, calls="run", **CALLS),
    describe("test.Pass", [WORKFLOW_ID], {}, calls="stream", yields=True, **CALLS),
    describe("test.Each", [WORKFLOW_ID, prop("values", "list[any]", [])], {}, calls="run", gives=True, **CALLS),
)

ECHO = graph(inlet("a"), outlet("b"), "a > b")
"""Takes a text, and gives it back."""


def call(id: str, workflow_id: Any, type: str = "Call", **data: Any) -> GraphNode:
    return node(id, type, {"workflow_id": workflow_id, **data})


def made(document: Graph, stored: Mapping[str, Graph | None]) -> Version:
    json = msgspec.json.encode({"nodes": [], "edges": []})
    sources = {id: Source(id.title(), one, b'{"nodes":[],"edges":[]}') if one else None for id, one in stored.items()}
    return make_version(json, document, KNOWN, sources)


def found(document: Graph, **stored: Graph | None) -> list[tuple[str, str, str | None]]:
    return [(one.code, one.node_id, one.handle) for one in made(document, stored).findings]


def test_the_handles_of_a_call_are_the_inputs_and_outputs_of_the_workflow() -> None:
    caller = graph(inlet("x"), call("c", "w"), outlet("y", "StringOutput"), "x > c.a", "c.b > y")

    assert found(caller, w=ECHO) == []
    assert found(graph(inlet("x"), call("c", "w"), "x > c.nope"), w=ECHO) == [("unknown_handle", "c", "nope")]
    assert found(graph(call("c", "w"), outlet("y"), "c.nope > y"), w=ECHO) == [("unknown_handle", "c", "nope")]


def test_their_types_are_checked() -> None:
    numbers = graph(inlet("n", "IntegerInput"), outlet("m", "IntegerOutput"), "n > m")

    wrong_in = graph(inlet("x"), call("c", "w"), "x > c.n")
    assert found(wrong_in, w=numbers) == [("incompatible_types", "c", "n")]
    wrong_out = graph(call("c", "w"), outlet("y", "StringOutput"), "c.m > y")
    assert found(wrong_out, w=numbers) == [("incompatible_types", "y", "value")]
    assert found(graph(call("c", "w", n="many")), w=numbers) == [("wrong_property", "c", "n")]


def test_a_list_output_is_a_list_or_is_passed_on_item_by_item() -> None:
    words = graph(inlet("t"), node("w", "Words"), outlet("out"), "t > w.text", "w > out")

    assert found(graph(call("c", "w"), outlet("y", "ListOutput"), "c.out > y"), w=words) == []
    assert found(graph(call("c", "w"), outlet("y", "StringOutput"), "c.out > y"), w=words) != []
    assert found(graph(call("c", "w", "Pass"), outlet("y", "StringOutput"), "c.out > y"), w=words) == []


def test_an_input_without_a_default_needs_a_value() -> None:
    needy = graph(inlet("a", value=None), outlet("b"), "a > b")

    assert found(graph(call("c", "w")), w=needy) == [("missing_property", "c", "a")]
    assert found(graph(call("c", "w", a="x")), w=needy) == []
    assert found(graph(inlet("x"), call("c", "w"), "x > c.a"), w=needy) == []
    assert found(graph(call("c", "w", "Each")), w=needy) == []


def test_which_workflow_is_called_has_to_be_known() -> None:
    assert found(graph(call("c", "w")), w=None) == [("unknown_workflow", "c", "workflow_id")]
    assert found(graph(node("c", "Call"))) == [("missing_property", "c", "workflow_id")]
    assert found(graph(inlet("x"), call("c", "w"), "x > c.workflow_id"), w=ECHO) == [
        ("wrong_property", "c", "workflow_id")
    ]
    broken = graph(node("n", "Nope"))
    assert found(graph(call("c", "w")), w=broken) == [("workflow_has_findings", "c", "workflow_id")]
    message = made(graph(call("c", "w")), {"w": broken}).findings[0].message
    assert message == "c.workflow_id: workflow 'W' cannot run: there is no node type 'test.Nope'"


def test_no_workflow_calls_itself() -> None:
    caller = graph(call("c", "a"))
    version = made(caller, {"a": graph(call("c", "b")), "b": graph(call("c", "a"))})

    assert [one.code for one in version.findings] == ["recursive_workflow"]
    assert "a → b → a" in version.findings[0].message
    everyone = {f"w{n}": graph(*(call(f"c{m}", f"w{m}") for m in range(50))) for n in range(50)}
    assert {one.code for one in made(graph(call("c", "w0")), everyone).findings} == {"recursive_workflow"}


def nested(depth: int) -> dict[str, Graph]:
    inner = {
        f"w{n}": graph(inlet("a"), call("c", f"w{n - 1}"), outlet("b"), "a > c.a", "c.b > b") for n in range(1, depth)
    }
    return {"w0": ECHO, **inner}


def test_calls_are_nested_so_deep_and_no_deeper() -> None:
    assert made(graph(call("c", f"w{MAX_DEPTH - 1}")), nested(MAX_DEPTH)).findings == []
    deeper = made(graph(call("c", f"w{MAX_DEPTH}")), nested(MAX_DEPTH + 1)).findings
    assert [one.code for one in deeper] == ["workflow_has_findings"]
    assert f"more than {MAX_DEPTH} deep" in deeper[0].message


def test_a_deep_one_is_too_deep_wherever_it_is_called_first() -> None:
    stored = {**nested(MAX_DEPTH), "high": graph(call("c", f"w{MAX_DEPTH - 1}"))}
    both = graph(call("low", f"w{MAX_DEPTH - 1}"), call("high", "high"))

    assert [one.node_id for one in made(both, stored).findings] == ["high"]


def test_so_many_workflows_may_be_called_and_no_more() -> None:
    stored = {f"w{n}": ECHO for n in range(MAX_CALLED + 1)}
    version = made(graph(*(call(f"c{id}", id) for id in stored)), stored)

    assert [(one.code, one.node_id) for one in version.findings] == [("too_many_workflows", f"cw{MAX_CALLED}")]


def test_the_plan_holds_each_workflow_once_and_numbers_all_nodes() -> None:
    stored = {"a": graph(call("c", "b"), call("d", "b")), "b": ECHO}
    plan = made(graph(call("c", "a"), call("d", "b")), stored).plan
    assert plan

    assert [one.name for one in plan.called] == ["B", "A"]
    assert [node.calls for node in plan.nodes] == [1, 0]
    names = []
    index = 0
    while at := plan.node_at(index):
        names.append(at[0].id)
        index += 1
    assert names == ["c", "d", "a", "b", "c", "d"]


def test_a_run_is_as_demanding_as_what_it_calls() -> None:
    slow = graph(node("s", "Slow"))
    plan = made(graph(call("c", "w")), {"w": slow}).plan

    assert plan
    assert plan.runs == "blocking"


def test_what_comes_along_goes_before_what_is_stored() -> None:
    json = msgspec.json.encode(
        {
            "nodes": [{"id": "c", "type": "test.Call", "data": {"workflow_id": "w"}}],
            "edges": [],
            "workflows": {"w": {"name": "mine", "graph": msgspec.to_builtins(ECHO)}},
            "ui": [1.0],
        }
    )
    version = make_version(json, read_graph(json), KNOWN, {})

    assert version.findings == []
    assert version.pinned == json
    assert version.plan
    assert version.plan.called[0].name == "mine"


def test_a_job_pins_what_is_called_and_plans_it_again_alone() -> None:
    echo = msgspec.json.encode(ECHO)
    json = b'{"ui": 1e2, "nodes":[{"id":"c","type":"test.Call","data":{"workflow_id":"w"}}],"edges":[]}'
    version = make_version(json, read_graph(json), KNOWN, {"w": Source("W", ECHO, echo)})
    again = make_version(version.pinned, read_graph(version.pinned), KNOWN)

    assert b'"ui":1e2' in version.pinned
    assert again.plan == version.plan
    assert (again.graph_hash, again.plan_hash) == (version.graph_hash, version.plan_hash)
    other = graph(inlet("a"), node("n", "Concat"), outlet("b"), "a > n.a", "n > b")
    changed = make_version(json, read_graph(json), KNOWN, {"w": Source("W", other, msgspec.json.encode(other))})
    assert changed.graph_hash != version.graph_hash


def test_a_graph_that_calls_nothing_is_pinned_as_it_is() -> None:
    assert bundled(b'{ "nodes":[] }', {}) == b'{ "nodes":[] }'


@pytest.mark.parametrize(
    ("inner", "field"),
    [
        ({"nodes": [{"id": "", "type": "x"}], "edges": []}, "$.workflows.w.graph.nodes[0].id"),
        ({"nodes": 3, "edges": []}, "$.workflows[...].graph.nodes"),
    ],
)
def test_a_workflow_that_comes_along_has_to_be_a_graph(inner: Any, field: str) -> None:
    json = msgspec.json.encode({"nodes": [], "edges": [], "workflows": {"w": {"graph": inner}}})

    with pytest.raises(InvalidGraph) as caught:
        read_graph(json)
    assert [fault.field for fault in caught.value.errors] == [field]


def test_callees_are_looked_at_once() -> None:
    linker = Linker(KNOWN, {"w": Source("W", ECHO, b"")})
    first = linker.callees(graph(call("c", "w")))

    assert linker.callees(graph(call("c", "w")))["w"] is first["w"]
    assert len(linker.linked) == 1
