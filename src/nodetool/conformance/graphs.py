"""Graphs in a few words: nodes are added one after the other, each with what feeds it."""

from dataclasses import dataclass, field
from typing import Any

OUT = "output"
"""The handle that most nodes send from."""


@dataclass
class Sketch:
    """A graph that is being written. ``graph`` is its document."""

    nodes: list[dict[str, Any]] = field(default_factory=list)
    edges: list[dict[str, Any]] = field(default_factory=list)
    called: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The workflows that come along for nodes that call them, by id."""

    @property
    def graph(self) -> dict[str, Any]:
        graph = {"nodes": self.nodes, "edges": self.edges}
        return {**graph, "workflows": self.called} if self.called else graph

    def add(self, id: str, type: str, data: dict[str, Any] | None = None, **feeds: str) -> str:
        """Add a node. *feeds* name for each of its handles the node, or ``node.handle``, that it gets values from."""
        self.nodes.append({"id": id, "type": type, "data": data or {}})
        for handle, source in feeds.items():
            self.connect(source, id, handle)
        return id

    def connect(self, source: str, target: str, handle: str) -> None:
        node, _, out = source.partition(".")
        self.edges.append(
            {
                "id": f"e{len(self.edges)}",
                "source": node,
                "sourceHandle": out or OUT,
                "target": target,
                "targetHandle": handle,
            }
        )

    def input(self, kind: str, name: str, **data: Any) -> str:
        return self.add(name, f"nodetool.input.{kind}Input", {"name": name, **data})

    def output(self, name: str, source: str, kind: str = "") -> str:
        return self.add(f"out_{name}", f"nodetool.output.{kind}Output", {"name": name}, value=source)
