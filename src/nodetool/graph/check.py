"""Everything that keeps a graph from running, all at once."""

from collections.abc import Iterator

from nodetool.graph.callee import WORKFLOW_ID, Callee, Trouble
from nodetool.graph.catalogue import Catalogue, Kind
from nodetool.graph.cycles import cycles
from nodetool.graph.streams import VALUE, item_type, streaming
from nodetool.graph.types import fits, spell
from nodetool.graph.wiring import Wire, Wired, Wiring, wire
from nodetool.protocol.descriptions import TypeMetadata
from nodetool.protocol.documents import Finding, Graph

MAX_SUGGESTED = 20
"""For how many unknown types near names are looked up: each search takes milliseconds."""

MAX_NAMED = 20
"""How many nodes of a cycle a message names."""

NAME_LENGTH = 256
"""Characters that the name of an input or output may have."""


def check(graph: Graph, catalogue: Catalogue) -> list[Finding]:
    """Return every finding of *graph*, in the order of its nodes."""
    return findings(wire(graph, catalogue), catalogue)


def findings(wiring: Wiring, catalogue: Catalogue) -> list[Finding]:
    """As ``check``, of a graph that is wired already."""
    found = [
        *_unknown_types(wiring, catalogue),
        *_not_allowed(wiring, catalogue),
        *_calls(wiring),
        *_properties(wiring),
        *_wires(wiring),
        *_cycles(wiring),
        *_secret_streams(wiring),
        *_names(wiring, "input"),
        *_names(wiring, "output"),
    ]
    places = {one.node.id: place for place, one in enumerate(wiring.nodes)}
    return sorted(found, key=lambda finding: places[finding.node_id])


def _unknown_types(wiring: Wiring, catalogue: Catalogue) -> Iterator[Finding]:
    near: dict[str, list[str]] = {}
    for one in wiring.nodes:
        if one.kind is None:
            name = one.node.type
            if name not in near:
                near[name] = catalogue.near(name) if len(near) < MAX_SUGGESTED else []
            yield _finding("unknown_type", one, None, f"there is no node type {name!r}{_or_one_of(near[name])}")


def _not_allowed(wiring: Wiring, catalogue: Catalogue) -> Iterator[Finding]:
    for one in wiring.nodes:
        if one.kind and not catalogue.allows(one.kind.description):
            name, touches = one.kind.description.node_type, " and ".join(one.kind.description.touches)
            message = f"node {one.node.id}: {name} touches {touches}, and --allow-nodes does not name it"
            yield _finding("node_not_allowed", one, None, message)


def _calls(wiring: Wiring) -> Iterator[Finding]:
    for one in wiring.nodes:
        if one.kind is None or one.kind.description.calls is None:
            continue
        title = _title(one, WORKFLOW_ID)
        if WORKFLOW_ID in one.incoming:
            message = f"{title}: which workflow is called is set in the document, and not by an edge"
            yield _finding("wrong_property", one, WORKFLOW_ID, message)
        elif one.callee is None:
            yield _finding("missing_property", one, WORKFLOW_ID, f"{title} names no workflow")
        elif isinstance(one.callee, Trouble):
            yield _finding(one.callee.code, one, WORKFLOW_ID, f"{title}: {one.callee.message}")
        elif not one.kind.description.gives:
            for name in one.callee.required:
                if name not in one.incoming and name not in one.settings.dynamic and name not in one.settings.misfits:
                    message = f"{_title(one, name)} needs a value or an edge: {one.callee.name} has no default for it"
                    yield _finding("missing_property", one, name, message)


def _or_one_of(names: list[str]) -> str:
    return f"; did you mean {' or '.join(names)}?" if names else ""


def _properties(wiring: Wiring) -> Iterator[Finding]:
    for one in wiring.nodes:
        if one.kind is None:
            continue
        for name, message in one.settings.misfits.items():
            yield _finding("wrong_property", one, name, f"{_title(one, name)}: {message}")
        for name in one.kind.required:
            if _is_missing(one, one.kind, name):
                message = f"{_title(one, name)} needs a value or an edge"
                yield _finding("missing_property", one, name, message)


def _is_missing(one: Wired, kind: Kind, name: str) -> bool:
    """The value of an input comes with the run, and that of an output may never come."""
    if name in one.incoming or name in one.settings.values or name in one.settings.misfits:
        return False
    return kind.description.role not in ("input", "output") or name not in (VALUE, "name")


def _wires(wiring: Wiring) -> Iterator[Finding]:
    streams = streaming(wiring)
    for index, one in enumerate(wiring.wires):
        yield from _handles(wiring, one, streams)
        if streams[index]:
            yield from _stream_into_value(wiring, one)


def _handles(wiring: Wiring, one: Wire, streams: list[bool]) -> Iterator[Finding]:
    source, target = wiring.nodes[one.source], wiring.nodes[one.target]
    given, taken = source.out_type(one.source_handle), _taken(wiring, one, streams)
    if source.kind and given is None:
        yield _unknown_handle(source, one.source_handle, "no output", _outputs_of(source, source.kind))
    if target.kind and taken is None:
        yield _unknown_handle(target, one.target_handle, "no input", _inputs_of(target, target.kind))
    elif target.kind and target.kind.description.role == "input":
        message = f"{_title(target, one.target_handle)}: an input of the workflow takes its value from the run"
        yield _finding("unknown_handle", target, one.target_handle, message)
    if given is not None and taken is not None and not fits(given, taken):
        ends = f"{_title(source, one.source_handle)} gives {spell(given)}, {_title(target, one.target_handle)} takes"
        yield _finding("incompatible_types", target, one.target_handle, f"{ends} {spell(taken)}")


def _taken(wiring: Wiring, one: Wire, streams: list[bool]) -> TypeMetadata | None:
    """Return what a wire has to bring, item by item if it streams into an output."""
    target = wiring.nodes[one.target]
    if target.kind and target.kind.description.role == "output" and one.target_handle == VALUE:
        return item_type(target, wiring, streams)
    return target.in_type(one.target_handle)


def _unknown_handle(one: Wired, handle: str, what: str, there: list[str]) -> Finding:
    known = f"; it has {', '.join(there[:MAX_NAMED])}" if there else ""
    return _finding("unknown_handle", one, handle, f"node {one.node.id} has {what} {handle!r}{known}")


def _outputs_of(one: Wired, kind: Kind) -> list[str]:
    return [*kind.outputs, *(one.callee.outputs if isinstance(one.callee, Callee) else ())]


def _inputs_of(one: Wired, kind: Kind) -> list[str]:
    return [*kind.properties, *(one.callee.inputs if isinstance(one.callee, Callee) else ())]


def _stream_into_value(wiring: Wiring, one: Wire) -> Iterator[Finding]:
    target = wiring.nodes[one.target]
    if target.kind is None or not target.kind.reads:
        return
    declared = target.kind.properties.get(one.target_handle)
    if declared is None or not declared.stream:
        source = _title(wiring.nodes[one.source], one.source_handle)
        message = f"{source} streams, and {_title(target, one.target_handle)} takes one value"
        yield _finding("stream_into_value", target, one.target_handle, message)


def _cycles(wiring: Wiring) -> Iterator[Finding]:
    wires = wiring.wires
    targets = [[wires[wire].target for there in one.outgoing.values() for wire in there] for one in wiring.nodes]
    for cycle in cycles(targets):
        names = ", ".join(wiring.nodes[place].node.id for place in cycle[:MAX_NAMED])
        more = f" and {len(cycle) - MAX_NAMED} more" if len(cycle) > MAX_NAMED else ""
        yield _finding("cycle", wiring.nodes[cycle[0]], None, f"a cycle goes through {names}{more}")


def _secret_streams(wiring: Wiring) -> Iterator[Finding]:
    for _, one, _ in wiring.with_role("input"):
        if one.is_streamed and one.is_secret:
            message = f"input {one.node.id} is secret, and what streams in cannot be: its items are stored as they come"
            yield _finding("wrong_property", one, "stream", message)


def _names(wiring: Wiring, role: str) -> Iterator[Finding]:
    """Look at the names of inputs, or of outputs: each needs one of its own."""
    owners: dict[str, Wired] = {}
    for _, one, _ in wiring.with_role(role):
        name = one.name
        if not name and "name" not in one.settings.misfits:
            yield _finding(f"unnamed_{role}", one, "name", f"{role} {one.node.id} needs a name")
        elif name and len(name) > NAME_LENGTH:
            message = f"the name of {role} {one.node.id} is longer than {NAME_LENGTH} characters"
            yield _finding("wrong_property", one, "name", message)
        elif name and owners.setdefault(name, one) is not one:
            message = f"{role} {one.node.id} has the same name as {owners[name].node.id}: {name!r}"
            yield _finding(f"doubled_{role}", one, "name", message)


def _title(one: Wired, handle: str) -> str:
    return f"{one.node.id}.{handle}"


def _finding(code: str, one: Wired, handle: str | None, message: str) -> Finding:
    return Finding(code=code, node_id=one.node.id, handle=handle, message=message)
