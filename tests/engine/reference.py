"""What a graph means, said slowly: whole streams as lists, one node after the other, no schedule.

A *sketch* is a small graph over the nodes of ``kinds``; ``meaning`` says what it gives and what each edge carries.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from nodetool.protocol.documents import GraphNode
from tests.engine.harness import node

NOTHING = object()


class Kind(NamedTuple):
    """How the reference fires a node: from a row of values to what it sends, by out-handle, in order."""

    fire: Callable[[dict[str, Any]], list[dict[str, Any]]]
    handles: tuple[str, ...]
    outputs: tuple[str, ...] = ("output",)
    yields: bool = False
    reads: tuple[str, ...] = ()
    """Handles that it reads itself."""
    types: tuple[str, ...] = ()
    """Node types that do this, each in its own way."""
    returns_list: bool = False


class Made(NamedTuple):
    """What came out of an out-handle: all its items if it streams, else one value or none."""

    items: list[Any]
    skipped: bool


class Sketched(NamedTuple):
    """A node of a sketch. ``inputs`` are ``(edge number, source, out-handle)``, in document order."""

    kind: str
    type: str
    data: dict[str, Any]
    inputs: dict[str, list[tuple[int, int, str]]]
    sync_mode: str


class Sketch(NamedTuple):
    """A graph whose edges lead from earlier nodes to later ones."""

    nodes: list[Sketched]

    def document(self) -> tuple[list[GraphNode], list[str]]:
        """Return the nodes, and the edges in the order of their numbers."""
        nodes = [node(f"n{place}", one.type, one.sync_mode, **one.data) for place, one in enumerate(self.nodes)]
        lines = {
            number: f"n{source}.{out} -> n{place}.{handle}"
            for place, one in enumerate(self.nodes)
            for handle, edges in one.inputs.items()
            for number, source, out in edges
        }
        return nodes, [lines[number] for number in sorted(lines)]


KINDS: dict[str, Kind] = {
    "number": Kind(lambda row: [{"output": row["value"]}], ("after",), types=("test.Number",)),
    "add": Kind(
        lambda row: [{"output": row["a"] + row["b"]}],
        ("a", "b"),
        types=("test.Add", "test.AddLater", "test.AddInThread"),
    ),
    "split": Kind(
        lambda row: [{"odd" if row["value"] % 2 else "even": row["value"]}],
        ("value",),
        ("even", "odd"),
        types=("test.Split", "test.SplitLater"),
    ),
    "count": Kind(
        lambda row: [{"output": number} for number in range(row["start"], row["start"] + row["count"])],
        ("start",),
        yields=True,
        types=("test.Count", "test.CountSync", "test.CountInThread"),
    ),
    "total": Kind(lambda row: [{"output": sum(row["items"])}], ("items",), reads=("items",), types=("test.Total",)),
    "gather": Kind(
        lambda row: [{"output": list(row["items"])}],
        ("items", "after"),
        reads=("items",),
        types=("test.Gather",),
        returns_list=True,
    ),
    "running": Kind(
        lambda row: [{"output": sum(row["items"][: place + 1])} for place in range(len(row["items"]))],
        ("items",),
        yields=True,
        reads=("items",),
        types=("test.Running",),
    ),
    "both": Kind(
        lambda row: [{"output": [list(row["a"]), list(row["b"])]}],
        ("a", "b"),
        reads=("a", "b"),
        types=("test.Both",),
        returns_list=True,
    ),
    "output": Kind(lambda row: [{"output": row["value"]}], ("value",), types=("nodetool.output.Output",)),
}


class Meaning(NamedTuple):
    """What a run has to give: the result, how much each edge carries, and which nodes fire."""

    result: dict[str, Any]
    counters: dict[str, int]
    fired: set[str]


def streaming(sketch: Sketch) -> list[bool]:
    """Say of each node whether its out-handles stream."""
    found: list[bool] = []
    for one in sketch.nodes:
        kind = KINDS[one.kind]
        fed = any(found[source] for edges in one.inputs.values() for _, source, _ in edges)
        found.append(kind.yields or (fed and not kind.reads))
    return found


def meaning(sketch: Sketch) -> Meaning:
    """Evaluate a sketch, node by node."""
    streams = streaming(sketch)
    made: list[dict[str, Made]] = []
    told = Meaning({}, {}, set())
    for place, one in enumerate(sketch.nodes):
        came = {
            handle: [made[source][out] for _, source, out in edges] for handle, edges in one.inputs.items() if edges
        }
        is_stream = {handle: any(streams[source] for _, source, _ in edges) for handle, edges in one.inputs.items()}
        for edges in one.inputs.values():
            for number, source, out in edges:
                told.counters[f"e{number}"] = len(made[source][out].items)
        rows, skipped = _rows(one, came, is_stream)
        if rows:
            told.fired.add(f"n{place}")
        sent = [values for row in rows for values in KINDS[one.kind].fire({**one.data, **row})]
        made.append({out: _made(sent, out, streams[place], skipped) for out in KINDS[one.kind].outputs})
        if one.kind == "output":
            items = made[-1]["output"].items
            if is_stream["value"]:
                told.result[one.data["name"]] = items
            elif items:
                told.result[one.data["name"]] = items[-1]
    return told


def _made(sent: list[dict[str, Any]], out: str, streams: bool, skipped: bool) -> Made:
    items = [values[out] for values in sent if out in values]
    return Made(items, skipped if streams else not items)


def _rows(one: Sketched, came: dict[str, list[Made]], is_stream: dict[str, bool]) -> tuple[list[dict[str, Any]], bool]:
    """Return what a node fires on, and whether it was skipped if that is nothing."""
    reads = KINDS[one.kind].reads
    all_items = {handle: [item for made in edges for item in made.items] for handle, edges in came.items()}
    skipped = {handle for handle, edges in came.items() if all(made.skipped for made in edges)}
    read = {handle for handle in came if handle in reads}
    if (skipped - read) or (read and skipped == read):
        return [], True
    singles = {handle: items[-1] for handle, items in all_items.items() if not is_stream[handle] and handle not in read}
    streams = [handle for handle in came if is_stream[handle] and handle not in read]
    if not streams:
        return [{**dict.fromkeys(reads, ()), **{handle: all_items[handle] for handle in read}, **singles}], False
    zipped = zip(*(all_items[handle] for handle in streams), strict=False)
    return [{**singles, **dict(zip(streams, values, strict=True))} for values in zipped], False
