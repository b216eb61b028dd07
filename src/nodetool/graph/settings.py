"""What the ``data`` of a node sets: values of the right type for handles that have no edge."""

from typing import Any

import msgspec

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


def settings(node: GraphNode, kind: Kind, connected: dict[str, list[int]]) -> Settings:
    """Read the data of *node*. Keys that its type does not know are dynamic properties, or nothing."""
    made = Settings({}, {}, {})
    for name, value in (node.data or {}).items():
        declared = kind.properties.get(name)
        if value is None or name in connected:
            continue
        if declared is not None:
            _set(made, declared, value)
        elif kind.description.is_dynamic:
            _set_dynamic(made, name, value)
    if node.dynamic_properties and kind.description.is_dynamic:
        for name, value in node.dynamic_properties.items():
            if value is not None and name not in connected and name not in kind.properties:
                _set_dynamic(made, name, value)
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


def _set_dynamic(made: Settings, name: str, value: Any) -> None:
    try:
        made.dynamic[name] = fit(value, ANY)
    except Misfit as error:
        made.misfits[name] = str(error)
