"""Workflows written in Python: nodes are added with their values, and with outputs of other nodes as edges.

    report = Workflow("Report")
    name = report.add(StringInput, name="name", value="Ada")
    text = report.add(FormatText, template="Dear {{ name }}", dynamic={"name": name.output})
    report.add(StringOutput, name="letter", value=text.output)

What comes of it is the same document that an editor writes: ``report.document()`` can be saved, run and checked.
"""

import re
from collections.abc import Callable, Iterator
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


class Added:
    """A node of a workflow. Its outputs are its attributes: ``text.output``, ``way.if_true``."""

    def __init__(self, id: str, outputs: list[str], document: dict[str, Any]) -> None:
        self.id = id
        self._outputs = outputs
        self._document = document

    def __getattr__(self, handle: str) -> Any:
        """Return an output. To a type checker it is ``Any``: whether it fits is a finding of the workflow."""
        if handle in self._outputs:
            return Out(self.id, handle)
        raise AttributeError(f"{self.id} has no output {handle!r}; it has {', '.join(self._outputs) or 'none'}")

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

        Further inputs of a dynamic node stand in ``dynamic``.

        Raises:
            TypeError: the class has no such input.
            Unsendable: a value cannot be written down.
        """
        assert isinstance(kind, type)
        known = describe(kind)
        given: dict[str, Any] = {**inputs}
        further = given.pop("dynamic", {}) if known.is_dynamic else {}
        names = [one.name for one in known.properties]
        if unknown := [name for name in given if name not in names]:
            raise TypeError(f"{kind.__name__} has no input {unknown[0]!r}; it has {', '.join(names) or 'none'}")
        id = self._free_id(kind.__name__)
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
            for out in outs:
                self._join(out, id, name)
        return Added(id, [one.name for one in known.outputs], document)

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
        taken = sum(one["id"] == base or one["id"].startswith(f"{base}_") for one in self._nodes)
        return f"{base}_{taken + 1}" if taken else base

    def _join(self, out: Out, target: str, handle: str) -> None:
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
