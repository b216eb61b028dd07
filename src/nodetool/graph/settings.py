"""What the ``data`` of a node sets: values of the right type for handles that have no edge."""

from typing import Any

import msgspec

from nodetool.graph.callee import Callee, Trouble
from nodetool.graph.catalogue import Kind
from nodetool.graph.values import Misfit, check_limits, fit, is_empty
from nodetool.protocol.descriptions import ANY, Property
from nodetool.protocol.documents import GraphNode


class Settings(msgspec.Struct, frozen=True):
    """The values that a node is given by its document. A handle with an edge, or with ``null``, has none."""

    values: dict[str, Any]
    dynamic: dict[str, Any]
    misfits: dict[str, str]
    """What is wrong with values that do not fit, by property."""

    def get(self, kind: Kind, name: str) -> Any:
        """Return what *name* is set to, else the default of its class; None if it has neither."""
        if name in self.values:
            return self.values[name]
        declared = kind.properties.get(name)
        return declared.default if declared else None


NOTHING = Settings({}, {}, {})
"""What an unknown type makes of its data."""


def settings(
    node: GraphNode, kind: Kind, connected: dict[str, list[int]], callee: Callee | Trouble | None = None
) -> Settings:
    """Read the data of *node*. Keys that its type does not know are dynamic properties, or nothing.

    Of a node that calls a workflow they are values for inputs of that.
    """
    made = Settings({}, {}, {})
    for name, value in (node.data or {}).items():
        declared = kind.properties.get(name)
        if value is None or name in connected:
            continue
        if declared is not None:
            _set(made, declared, value)
        elif kind.description.is_dynamic:
            _set_dynamic(made, name, value, callee)
    if node.dynamic_properties and kind.description.is_dynamic:
        for name, value in node.dynamic_properties.items():
            if value is not None and name not in connected and name not in kind.properties:
                _set_dynamic(made, name, value, callee)
    return made


def _set(made: Settings, declared: Property, value: Any) -> None:
    """A stream has no value that could be set; what an editor leaves empty, and does not fit, is not set."""
    if declared.stream:
        return
    try:
        fitted = fit(value, declared.type)
        if declared.min is not None or declared.max is not None:
            check_limits(fitted, declared.min, declared.max)
        made.values[declared.name] = fitted
    except Misfit as error:
        if not is_empty(value):
            made.misfits[declared.name] = str(error)


def _set_dynamic(made: Settings, name: str, value: Any, callee: Callee | Trouble | None) -> None:
    """What is set for a workflow that has no such input is left over from one that had it."""
    type = callee.inputs.get(name) if isinstance(callee, Callee) else ANY
    if type is None:
        return
    try:
        made.dynamic[name] = fit(value, type)
    except Misfit as error:
        made.misfits[name] = str(error)
