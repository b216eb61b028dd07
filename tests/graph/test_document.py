from typing import Any

import pytest

from nodetool.graph.document import LIMITS, MAX_FAULTS, Limits, read_graph
from nodetool.protocol import codec
from nodetool.protocol.errors import Fault, InvalidGraph, InvalidJson
from tests.graph.helpers import chain

NODE = {"id": "a", "type": "test.Concat"}
OTHER = {"id": "b", "type": "test.Concat"}
EDGE = {"source": "a", "sourceHandle": "output", "target": "b", "targetHandle": "a"}


def faults(nodes: Any, edges: Any = (), limits: Limits = LIMITS, *, at: str = "$") -> list[Fault]:
    """Return why these are no graph."""
    with pytest.raises(InvalidGraph) as caught:
        read_graph(codec.to_json({"nodes": nodes, "edges": edges}), limits, at=at)
    return list(caught.value.errors)


def test_reads_a_graph_and_leaves_out_what_it_does_not_know() -> None:
    nodes = [{**NODE, "ui_properties": {"zIndex": 1}, "data": {"a": 1}}, {**OTHER, "sync_mode": "zip_all"}]
    graph = read_graph(codec.to_json({"nodes": nodes, "edges": [{**EDGE, "ui_properties": None}], "more": 1}))

    assert [(node.id, node.data, node.sync_mode) for node in graph.nodes] == [
        ("a", {"a": 1}, None),
        ("b", None, "zip_all"),
    ]
    assert (graph.edges[0].source, graph.edges[0].target_handle) == ("a", "a")


def test_a_large_graph_is_one() -> None:
    assert len(read_graph(codec.to_json(chain(3_000))).nodes) == 3_002


@pytest.mark.parametrize("json", [b"", b"{", b'{"nodes": [], "edges": [', b"\xff\xfe", b'{"a":"\\ud800"}'])
def test_what_is_not_json_is_refused(json: bytes) -> None:
    with pytest.raises(InvalidJson):
        read_graph(json)


def test_what_is_nested_too_deep_is_refused() -> None:
    with pytest.raises(InvalidJson, match="deep"):
        read_graph(b'{"nodes":' + b"[" * 100 + b"]" * 100 + b',"edges":[]}')


@pytest.mark.parametrize("json", [b"null", b"3", b"[]", b'"a"'])
def test_what_is_no_object_is_refused(json: bytes) -> None:
    with pytest.raises(InvalidGraph, match="expected an object with nodes and edges"):
        read_graph(json)


def test_nodes_and_edges_have_to_be_there() -> None:
    with pytest.raises(InvalidGraph) as caught:
        read_graph(b"{}")

    assert [fault.field for fault in caught.value.errors] == ["$.nodes", "$.edges"]


def test_missing_edges_do_not_hide_wrong_nodes() -> None:
    assert [fault.field for fault in faults([{"id": "a"}], None)] == ["$.edges", "$.nodes[0]"]


def test_tells_all_wrong_shapes_at_once() -> None:
    found = faults(
        [{"id": "a"}, 3, {"id": 4, "type": "t"}, {"id": "b", "type": "t", "data": 5}], [{"source": "a"}, None]
    )

    assert [(fault.field, fault.node_id) for fault in found] == [
        ("$.nodes[0]", "a"),
        ("$.nodes[1]", None),
        ("$.nodes[2].id", None),
        ("$.nodes[3].data", "b"),
        ("$.edges[0]", None),
        ("$.edges[1]", None),
    ]


def test_wrong_shapes_do_not_hide_the_rest() -> None:
    found = faults([NODE, NODE, {"id": "b"}], [EDGE, {**EDGE, "target": "c"}])

    assert [(fault.field, fault.node_id) for fault in found] == [
        ("$.nodes[2]", "b"),
        ("$.nodes[1].id", "a"),
        ("$.edges[1].target", "c"),
    ]


def test_a_node_needs_an_id_of_its_own() -> None:
    found = faults([{"id": "", "type": "t"}, NODE, NODE])

    assert [(fault.field, fault.message) for fault in found] == [
        ("$.nodes[0].id", "a node needs an id"),
        ("$.nodes[2].id", "another node has this id"),
    ]


def test_an_edge_needs_a_node_at_each_end() -> None:
    found = faults([NODE, OTHER], [{**EDGE, "source": ""}, {**EDGE, "source": "x", "target": "y"}])

    assert [(fault.field, fault.message) for fault in found] == [
        ("$.edges[0].source", "an edge needs a node at each end"),
        ("$.edges[1].source", "there is no node 'x'"),
        ("$.edges[1].target", "there is no node 'y'"),
    ]


def test_edges_may_have_no_id_but_not_the_same() -> None:
    read_graph(codec.to_json({"nodes": [NODE, OTHER], "edges": [EDGE, {**EDGE, "id": ""}, {**EDGE, "id": None}]}))
    found = faults([NODE, OTHER], [{**EDGE, "id": "e"}, {**EDGE, "id": "e"}])

    assert [fault.field for fault in found] == ["$.edges[1].id"]


def test_a_graph_has_limits() -> None:
    found = faults([NODE, OTHER, {"id": "c"}], [EDGE, EDGE], Limits(nodes=2, edges=1), at="$.graph")

    assert [(fault.field, fault.message) for fault in found] == [
        ("$.graph.nodes", "3 nodes, and 2 is the limit"),
        ("$.graph.edges", "2 edges, and 1 is the limit"),
    ]
    assert faults([NODE, OTHER], [EDGE, EDGE], Limits(nodes=2, edges=1)) == [
        Fault(field="$.edges", message="2 edges, and 1 is the limit")
    ]


def test_names_have_a_limit() -> None:
    nodes = [{"id": "a", "type": "t" * 9}, {"id": "b" * 9, "type": "t"}]
    found = faults(nodes, [{**EDGE, "id": "e" * 9, "target": "a", "targetHandle": "h" * 9}], Limits(name=8))

    assert [fault.field for fault in found] == [
        "$.nodes[0].type",
        "$.nodes[1].id",
        "$.edges[0].id",
        "$.edges[0].targetHandle",
    ]


def test_a_number_that_no_reader_can_hold_is_refused() -> None:
    with pytest.raises(InvalidGraph, match="out of range"):
        read_graph(b'{"nodes": [{"id": "a", "type": "t", "data": {"a": 1e400}}], "edges": []}')


def test_says_the_first_fault_and_how_many_there_are() -> None:
    with pytest.raises(InvalidGraph, match=r"^\$\.nodes\[1\]\.id: another node has this id \(and 1 more\)$"):
        read_graph(codec.to_json({"nodes": [NODE, NODE, NODE], "edges": []}))


@pytest.mark.parametrize("broken", [{"id": 1}, NODE], ids=["shape", "double"])
def test_tells_so_many_faults_and_no_more(broken: dict[str, Any]) -> None:
    assert len(faults([broken] * 1_000)) == MAX_FAULTS
