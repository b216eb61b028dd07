"""The graphs that are measured, as clients would send them."""

from typing import Any

Graph = dict[str, Any]

TEXT = "aaa"
"""What goes in …"""

CHANGED = "bbb"
"""… and what comes out of any number of ``Replace``."""


class Sketch:
    """A graph while it is drawn."""

    def __init__(self) -> None:
        self.nodes: list[Graph] = []
        self.edges: list[Graph] = []

    def node(self, id: str, type: str, **data: object) -> str:
        self.nodes.append({"id": id, "type": type, "data": data})
        return id

    def edge(self, source: str, target: str, handle: str, out: str = "output") -> None:
        id = f"e{len(self.edges)}"
        self.edges.append({"id": id, "source": source, "sourceHandle": out, "target": target, "targetHandle": handle})

    def text(self) -> str:
        return self.node("in", "nodetool.input.StringInput", name="text", value="")

    def replace(self, id: str, source: str) -> str:
        self.node(id, "nodetool.text.Replace", old="a", new="b")
        self.edge(source, id, "text")
        return id

    def output(self, source: str, type: str = "nodetool.output.StringOutput") -> Graph:
        self.node("out", type, name="output")
        self.edge(source, "out", "value")
        return {"nodes": self.nodes, "edges": self.edges}


def chain(length: int, salt: str = "") -> Graph:
    """Return an input, *length* nodes in a row, an output. *salt* makes it another one, with a plan of its own."""
    sketch = Sketch()
    last = sketch.text()
    for number in range(length):
        last = sketch.replace(f"{salt}{number}", last)
    return sketch.output(last)


def fan(width: int, salt: str = "") -> Graph:
    """Return an input, *width* nodes side by side, one that collects what they send, an output."""
    sketch = Sketch()
    source = sketch.text()
    collect = sketch.node("collect", "nodetool.control.Collect")
    for number in range(width):
        sketch.edge(sketch.replace(f"{salt}{number}", source), collect, "input_item")
    return sketch.output(collect, "nodetool.output.ListOutput")


def stream(items: int) -> Graph:
    """Return a node that sends many items, and an output."""
    sketch = Sketch()
    return sketch.output(sketch.node("emit", "bench.nodes.Emit", text="item", count=items))


def slow(type: str, seconds: float) -> Graph:
    """Return a node that takes its time, between an input and an output."""
    sketch = Sketch()
    source = sketch.text()
    sketch.node("slow", type, seconds=seconds)
    sketch.edge(source, "slow", "text")
    return sketch.output("slow")
