"""What streams, and what is one value: facts of the graph, never of the data."""

from typing import Literal

from nodetool.graph.types import item_of
from nodetool.graph.wiring import Wired, Wiring
from nodetool.protocol.descriptions import ANY, TypeMetadata

VALUE = "value"
"""The handle of an output node whose values are the result."""


def streaming(wiring: Wiring) -> list[bool]:
    """Say of each wire whether it streams.

    A node's out-handles stream if it yields, if it is an input that streams, or if it fires per item because a wire
    into it streams. A node that reads its streams itself fires once, whatever comes in.
    """
    nodes = _streaming_nodes(wiring)
    return [nodes[one.source] for one in wiring.wires]


def _streaming_nodes(wiring: Wiring) -> list[bool]:
    found = [one.yields for one in wiring.nodes]
    waiting = [place for place, streams in enumerate(found) if streams]
    while waiting:
        for target in _targets(wiring, waiting.pop()):
            if not found[target] and _passes_items_on(wiring.nodes[target]):
                found[target] = True
                waiting.append(target)
    return found


def _passes_items_on(one: Wired) -> bool:
    """What an unknown type does with a stream is unknown too: nothing behind it is at fault for it."""
    return one.kind is not None and not one.kind.reads


def _targets(wiring: Wiring, place: int) -> set[int]:
    return {wiring.wires[one].target for wires in wiring.nodes[place].outgoing.values() for one in wires}


def collects(output: Wired, wiring: Wiring, streams: list[bool]) -> Literal["value", "list", "text"]:
    """Say what an output node makes of what arrives: a list if a wire into its value streams.

    It is a text instead if all that feeds it is typed as chunks.
    """
    if not any(streams[one] for one in output.incoming.get(VALUE, ())):
        return "value"
    sources = source_types(output, wiring)
    return "text" if all(one is not None and one.type == "chunk" for one in sources) else "list"


def item_type(output: Wired, wiring: Wiring, streams: list[bool]) -> TypeMetadata | None:
    """Return what each value that reaches an output has to be; None if its type is unknown.

    A list output that is declared a list is made of the items that come; a joined text takes chunks.
    """
    declared = output.in_type(VALUE)
    made = collects(output, wiring, streams)
    if made == "text":
        return ANY
    return item_of(declared) if declared and made == "list" and declared.type == "list" else declared


def given_type(output: Wired, wiring: Wiring, streams: list[bool]) -> TypeMetadata:
    """Return the type of an output's value; one that takes anything has the type of the one handle that feeds it."""
    declared = item_type(output, wiring, streams) or ANY
    sources = source_types(output, wiring)
    if declared.type != "any" or len(sources) != 1:
        return declared
    return sources[0] or ANY


def source_types(output: Wired, wiring: Wiring) -> list[TypeMetadata | None]:
    """Return the types of the out-handles that feed an output's value; None for one that is unknown."""
    wires = [wiring.wires[one] for one in output.incoming.get(VALUE, ())]
    return [wiring.nodes[one.source].out_type(one.source_handle) for one in wires]
