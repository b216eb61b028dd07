"""Random graphs: streams, branches, merges and readers, each node in one of the ways in which it can be run."""

from typing import Any

from hypothesis import strategies as st

from tests.engine.reference import KINDS, Sketch, Sketched, streaming

SOURCES = ("number", "count")
OTHERS = ("number", "add", "add", "split", "split", "count", "total", "gather", "running", "both", "output")
NEAR = 3
"""Sources are often among that many nodes before: so come diamonds."""


@st.composite
def sketches(draw: st.DrawFn, most: int = 12, longest: int = 8) -> Sketch:
    """Draw a graph of at most *most* nodes whose streams begin with at most *longest* items."""
    nodes: list[Sketched] = []
    edges = [0]
    wanted = draw(st.integers(1, most))
    while (place := len(nodes)) < wanted:
        kind = draw(st.sampled_from(OTHERS if nodes else SOURCES))
        nodes.append(_node(draw, Sketch(list(nodes)), kind, longest, edges))
        if kind == "count" and draw(st.booleans()):
            nodes += _diamond(place, edges)
    for place in _ends(nodes):
        nodes += _outputs(place, nodes, edges)
    return _renumbered(draw, Sketch(nodes), edges[0])


def _node(draw: st.DrawFn, before: Sketch, kind: str, longest: int, edges: list[int]) -> Sketched:
    place = len(before.nodes)
    inputs = {}
    streamed = 0
    for handle in KINDS[kind].handles:
        wanted = draw(st.integers(0, 3 if _may_join(kind) else 1)) if kind != "output" else 1
        takes_all = kind == "output" or (kind == "gather" and handle == "after")
        sources = _sources(draw, before, wanted, takes_all)
        if handle == "after" and kind == "gather" and _streams(before, sources):
            sources = []  # a finding: what a reader takes as one value must not stream
        if not _keeps_order(kind, before, sources):
            sources = sources[:1]
        if sources:
            inputs[handle] = [(_next(edges), source, out) for source, out in sources]
            streamed += _streams(before, sources)
    sync_mode = "zip_all" if streamed > 1 else draw(st.sampled_from(["on_any", "zip_all"]))
    return Sketched(
        kind, draw(st.sampled_from(KINDS[kind].types)), _data(draw, kind, place, longest), inputs, sync_mode
    )


def _diamond(source: int, edges: list[int]) -> list[Sketched]:
    """One side collects what the other lets through: without Parks' rule this stands still."""
    total = Sketched("total", "test.Total", {}, {"items": [(_next(edges), source, "output")]}, "on_any")
    sides = {"a": [(_next(edges), source + 1, "output")], "b": [(_next(edges), source, "output")]}
    return [total, Sketched("add", "test.Add", {"a": 0, "b": 0}, sides, "on_any")]


def _may_join(kind: str) -> bool:
    return kind != "output"


def _sources(draw: st.DrawFn, before: Sketch, wanted: int, takes_all: bool) -> list[tuple[int, str]]:
    """Choose earlier out-handles, unless anything will do those that give numbers."""
    there = [
        (place, out)
        for place, one in enumerate(before.nodes)
        for out in KINDS[one.kind].outputs
        if takes_all or not _gives_lists(before, place)
    ]
    near = [(place, out) for place, out in there if place >= len(before.nodes) - NEAR] or there
    return [draw(st.sampled_from(draw(st.sampled_from([near, there])))) for _ in range(wanted)] if there else []


def _gives_lists(sketch: Sketch, place: int) -> bool:
    one = sketch.nodes[place]
    if one.kind == "output":
        return any(_gives_lists(sketch, source) for edges in one.inputs.values() for _, source, _ in edges)
    return KINDS[one.kind].returns_list


def _keeps_order(kind: str, before: Sketch, sources: list[tuple[int, str]]) -> bool:
    """Several edges into one handle, one of which streams, come as they come: only a sum does not mind."""
    return kind == "total" or len(sources) < 2 or not _streams(before, sources)


def _streams(before: Sketch, sources: list[tuple[int, str]]) -> bool:
    found = streaming(before)
    return any(found[source] for source, _ in sources)


def _data(draw: st.DrawFn, kind: str, place: int, longest: int) -> dict[str, Any]:
    match kind:
        case "number":
            return {"value": draw(st.integers(-9, 9))}
        case "add":
            return {"a": draw(st.integers(0, 9)), "b": draw(st.integers(0, 9)), "turns": draw(st.integers(0, 3))}
        case "split":
            return {"value": draw(st.integers(0, 9)), "turns": draw(st.integers(0, 3))}
        case "count":
            return {
                "start": draw(st.integers(0, 9)),
                "count": draw(st.integers(0, longest)),
                "turns": draw(st.integers(0, 2)),
            }
        case "output":
            return {"name": f"out{place}"}
    return {}


def _ends(nodes: list[Sketched]) -> list[int]:
    """The nodes that lead nowhere: each gets an output, so that nothing goes unseen."""
    fed = {source for one in nodes for edges in one.inputs.values() for _, source, _ in edges}
    return [place for place, one in enumerate(nodes) if place not in fed and one.kind != "output"]


def _outputs(source: int, nodes: list[Sketched], edges: list[int]) -> list[Sketched]:
    """Show what a node makes, and by a Gather whether a stream that is empty was skipped."""
    outs = KINDS[nodes[source].kind].outputs
    shown = [_output(f"end{source}{out}", (source, out), edges) for out in outs]
    if streaming(Sketch(nodes))[source] and not _gives_lists(Sketch(nodes), source):
        gathers = Sketched("gather", "test.Gather", {}, {"items": [(_next(edges), source, outs[0])]}, "on_any")
        place = len(nodes) + len(shown)
        shown += [gathers, _output(f"all{source}", (place, "output"), edges)]
    return shown


def _output(name: str, source: tuple[int, str], edges: list[int]) -> Sketched:
    return Sketched("output", "nodetool.output.Output", {"name": name}, {"value": [(_next(edges), *source)]}, "on_any")


def _next(edges: list[int]) -> int:
    edges[0] += 1
    return edges[0] - 1


def _renumbered(draw: st.DrawFn, sketch: Sketch, count: int) -> Sketch:
    """Write the edges into the document in any order."""
    places = draw(st.permutations(range(count)))
    return Sketch(
        [
            one._replace(
                inputs={
                    handle: sorted((places[number], source, out) for number, source, out in edges)
                    for handle, edges in one.inputs.items()
                }
            )
            for one in sketch.nodes
        ]
    )
