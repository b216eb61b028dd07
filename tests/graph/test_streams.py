from hypothesis import given
from hypothesis import strategies as st

from nodetool.graph.streams import collects, streaming
from nodetool.graph.wiring import Wiring, wire
from nodetool.protocol.documents import Graph
from tests.graph.helpers import CATALOGUE, graph, node, outlet


def wired(*parts: object) -> Wiring:
    return wire(graph(*parts), CATALOGUE)  # type: ignore[arg-type]


def streams(*parts: object) -> list[bool]:
    return streaming(wired(*parts))


def collected(*parts: object) -> dict[str, str]:
    wiring = wired(*parts)
    found = streaming(wiring)
    return {one.name: collects(one, wiring, found) for _, one, _ in wiring.with_role("output")}


WORDS, CONCAT, COLLECT = node("words", "Words"), node("concat", "Concat"), node("collect", "Collect")


def test_what_a_generator_sends_streams() -> None:
    assert streams(WORDS, CONCAT, "words > concat.a") == [True]


def test_what_a_function_sends_is_one_value() -> None:
    assert streams(node("a", "Concat"), CONCAT, "a > concat.a") == [False]


def test_a_node_that_fires_per_item_passes_the_stream_on() -> None:
    parts = [WORDS, CONCAT, node("b", "Concat"), outlet("out")]

    assert streams(*parts, "words > concat.a", "concat > b.a", "b > out") == [True, True, True]


def test_a_node_that_reads_its_streams_ends_them() -> None:
    assert streams(WORDS, COLLECT, outlet("out"), "words > collect.items", "collect > out") == [True, False]


def test_a_reader_that_yields_begins_another() -> None:
    parts = [WORDS, COLLECT, node("batch", "Batch"), outlet("out")]

    assert streams(*parts, "words > batch.items", "batch > out") == [True, True]


def test_a_router_streams_only_behind_a_stream() -> None:
    branch = node("if", "If")

    assert streams(branch, CONCAT, "if.if_true > concat.a") == [False]
    assert streams(WORDS, branch, CONCAT, "words > if.value", "if.if_true > concat.a") == [True, True]


def test_nothing_is_known_of_what_an_unknown_type_sends() -> None:
    assert streams(WORDS, node("what", "Unknown"), CONCAT, "words > what.a", "what > concat.a") == [True, False]


def test_a_cycle_ends() -> None:
    parts = [WORDS, CONCAT, node("b", "Concat"), "words > concat.a", "concat > b.a", "b > concat.b"]

    assert streams(*parts) == [True, True, True]


def test_an_output_collects_what_streams() -> None:
    assert collected(WORDS, outlet("out"), "words > out") == {"out": "list"}
    assert collected(CONCAT, outlet("out"), "concat > out") == {"out": "value"}
    assert collected(outlet("out")) == {"out": "value"}


def test_one_streaming_edge_among_single_ones_makes_a_list() -> None:
    assert collected(CONCAT, WORDS, outlet("out"), "concat > out", "words > out") == {"out": "list"}


def test_chunks_are_joined_to_a_text() -> None:
    tokens = node("tokens", "Tokens")

    assert collected(tokens, outlet("out"), "tokens > out") == {"out": "text"}
    assert collected(tokens, WORDS, outlet("out"), "tokens > out", "words > out") == {"out": "list"}


TYPES = ["Concat", "Words", "Collect", "If", "Batch", "Unknown"]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    types = draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=7))
    names = [f"n{number}" for number in range(len(types))]
    ends = st.tuples(st.sampled_from(names), st.sampled_from(names))
    nodes = [node(name, type) for name, type in zip(names, types, strict=True)]
    return graph(*nodes, *(f"{source} > {target}.a" for source, target in draw(st.lists(ends, max_size=12))))


def streams_plainly(drawn: Graph) -> list[bool]:
    """The rule as it is written, over and over until nothing changes."""
    kinds = {one.id: one.type.removeprefix("test.") for one in drawn.nodes}
    found = {id for id, kind in kinds.items() if kind in ("Words", "Batch")}
    for _ in drawn.nodes:
        fed = {one.target for one in drawn.edges if one.source in found}
        found |= {id for id in fed if kinds[id] in ("Concat", "If", "Words")}
    return [one.source in found for one in drawn.edges]


@given(graphs())
def test_streams_are_what_the_rule_says(drawn: Graph) -> None:
    assert streaming(wire(drawn, CATALOGUE)) == streams_plainly(drawn)
