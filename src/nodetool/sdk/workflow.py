"""Workflows written in Python: nodes are added with their values, and with outputs of other nodes as edges.

    report = Workflow("Report")
    name = report.add(StringInput, name="name", value="Ada")
    text = report.add(FormatText, template="Dear {{ name }}", dynamic={"name": name.output})
    report.add(StringOutput, name="letter", value=text.output)

What comes of it is the same document that an editor writes: ``report.document()`` can be saved, run and checked.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, ParamSpec, Self

from nodetool.protocol.values import plain
from nodetool.sdk.describe import describe
from nodetool.sdk.node import Node

P = ParamSpec("P")

WIDTH, HEIGHT = 300, 180
"""How far nodes stand apart in an editor."""


class Out(NamedTuple):
    """An output of a node: given as an input of another, it is an edge."""

    node: str
    handle: str


Join = Callable[[str, str, Iterable[Out]], None]
"""Adds edges: into which node and handle, and from which outputs."""


class Added:
    """A node of a workflow. Its outputs are its attributes: ``text.output``, ``way.if_true``."""

    def __init__(self, id: str, outputs: list[str], document: dict[str, Any], join: Join) -> None:
        self.id = id
        self._outputs = outputs
        self._document = document
        self._join = join

    def __getattr__(self, handle: str) -> Any:
        """Return an output. To a type checker it is ``Any``: whether it fits is a finding of the workflow."""
        if handle in self._outputs:
            return Out(self.id, handle)
        raise AttributeError(f"{self.id} has no output {handle!r}; it has {', '.join(self._outputs) or 'none'}")

    def out(self, handle: str) -> Any:
        """Return an output by its name, also one that only this node has."""
        return Out(self.id, handle)

    def join(self, handle: str, *outs: Any) -> Self:
        """Lead outputs of other nodes, which may have been added later, into an input."""
        self._join(self.id, handle, outs)
        return self

    def also(self, data: Mapping[str, Any]) -> Self:
        """Set what is no input of the class: ``{"label": "Name", "secret": True}``."""
        self._document["data"].update({name: plain(value) for name, value in data.items()})
        return self

    def sends(self, outputs: Mapping[str, Any]) -> Self:
        """Give the node outputs of its own, with their types: ``{"words": {"type": "int"}}``."""
        self._document["dynamic_outputs"] = dict(outputs)
        return self

    def at(self, x: float, y: float) -> Self:
        """Say where the node stands in an editor."""
        self._document["ui_properties"]["position"] = {"x": x, "y": y}
        return self

    def zip_all(self) -> Self:
        """Take the streams that come in together in step: first with first, second with second."""
        self._document["sync_mode"] = "zip_all"
        return self


class Workflow:
    """A workflow in the making."""

    def __init__(self, name: str, description: str = "") -> None:
        self.name = name
        self.description = description
        self._nodes: list[dict[str, Any]] = []
        self._edges: list[dict[str, Any]] = []
        self._depths: dict[str, int] = {}

    def add(self, kind: Callable[P, Node], *_: P.args, **inputs: P.kwargs) -> Added:
        """Add a node of this class. An output of another node is an edge, ``several`` are some; all else is a value.

        Further inputs of a dynamic node stand in ``dynamic``. The node is called after its class; ``add_as`` names it.

        Raises:
            TypeError: the class has no such input.
            Unsendable: a value cannot be written down.
        """
        assert isinstance(kind, type)
        return self._add(self._free_id(kind.__name__), kind, {**inputs})

    def add_as(self, id: str, kind: Callable[P, Node], *_: P.args, **inputs: P.kwargs) -> Added:
        """As ``add``, with an id. Raises ValueError if another node has it."""
        assert isinstance(kind, type)
        if id in self._depths:
            raise ValueError(f"another node has the id {id!r}")
        return self._add(id, kind, {**inputs})

    def _add(self, id: str, kind: type[Node], inputs: dict[str, Any]) -> Added:
        known = describe(kind)
        given: dict[str, Any] = {**inputs}
        further = given.pop("dynamic", {}) if known.is_dynamic else {}
        names = [one.name for one in known.properties]
        if unknown := [name for name in given if name not in names]:
            raise TypeError(f"{kind.__name__} has no input {unknown[0]!r}; it has {', '.join(names) or 'none'}")
        edges = {name: list(_outs(value)) for name, value in {**given, **further}.items()}
        self._depths[id] = depth = max(
            (self._depths[out.node] + 1 for outs in edges.values() for out in outs), default=0
        )
        document = {
            "id": id,
            "type": known.node_type,
            "data": {name: plain(value) for name, value in given.items() if not edges[name]},
            "dynamic_properties": {name: plain(value) for name, value in further.items() if not edges[name]},
            "sync_mode": "on_any",
            "ui_properties": {
                "position": {"x": depth * WIDTH, "y": list(self._depths.values()).count(depth) * HEIGHT - HEIGHT},
                "title": known.title,
            },
        }
        self._nodes.append(document)
        for name, outs in edges.items():
            self._join(id, name, outs)
        return Added(id, [one.name for one in known.outputs], document, self._join)

    @staticmethod
    def several(*outs: Any) -> Any:
        """Return several outputs for one input: several edges."""
        return list(outs)

    def document(self) -> dict[str, Any]:
        """Return the workflow as a document."""
        graph = {"nodes": self._nodes, "edges": self._edges}
        return {"name": self.name, "description": self.description, "access": "private", "graph": graph}

    def _free_id(self, name: str) -> str:
        base = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
        number, id = 1, base
        while id in self._depths:
            number += 1
            id = f"{base}_{number}"
        return id

    def _join(self, target: str, handle: str, outs: Iterable[Out]) -> None:
        for out in outs:
            self._edges.append(
                {
                    "id": f"e{len(self._edges) + 1}",
                    "source": out.node,
                    "sourceHandle": out.handle,
                    "target": target,
                    "targetHandle": handle,
                }
            )


def _outs(value: Any) -> Iterator[Out]:
    if isinstance(value, Out):
        yield value
    elif isinstance(value, list) and value and all(isinstance(one, Out) for one in value):
        yield from value
