"""What goes into a node by its handles, and what comes out by them."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from nodetool.engine.bind import BoundNode, misfit
from nodetool.engine.convert import Misfit
from nodetool.engine.gate import Row
from nodetool.protocol.errors import NodeFailed


def fill(node: BoundNode, made: Any, row: Row) -> None:
    """Set the fields of an instance to *row*. Raises TypeMismatch."""
    handle = ""
    try:
        for handle, convert in node.setters:
            setattr(made, handle, row[handle] if convert is None else convert(row[handle]))
    except Misfit as error:
        raise misfit(node.id, handle, error) from error
    for handle in node.dynamic:
        made.dynamic[handle] = row[handle]


def refill(node: BoundNode, made: Any, row: Row) -> None:
    """Set the fields of an instance as they were, whatever its node has made of them."""
    for field, value in node.mutable:
        setattr(made, field, deepcopy(value))
    fill(node, made, row)


def inputs(node: BoundNode, row: Row) -> Row:
    """Return what ``fill`` sets, which must have let *row* through."""
    fields = {handle: row[handle] if convert is None else convert(row[handle]) for handle, convert in node.setters}
    return fields | {handle: row[handle] for handle in node.dynamic}


def by_handle(node: BoundNode, made: Any) -> Iterable[tuple[str, Any]]:
    """Return the handles that a returned or yielded *made* is for, each with its value; None sends nothing."""
    if made is None:
        return ()
    if not node.named:
        return (("output", made),)
    if not isinstance(made, Mapping):
        raise NodeFailed(f"the node has to send a dict of its outputs, and sent {type(made).__name__}")
    known = node.shape.outputs
    for handle in made:
        if known is not None and handle not in known:
            raise NodeFailed(f"the node sent to {handle!r}, which is not one of its outputs")
    return [(handle, value) for handle, value in made.items() if value is not None]
