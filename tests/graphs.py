"""Graphs written in a line each, as clients send them."""

from typing import Any

Json = dict[str, Any]


def node(id: str, type: str, **data: Any) -> Json:
    return {"id": id, "type": type, "data": data}


def graph(nodes: list[Json], *lines: str) -> Json:
    """A graph of *nodes*, with its edges written ``a.output -> b.text``."""
    return {"nodes": nodes, "edges": [edge(line) for line in lines]}


def edge(line: str) -> Json:
    (source, source_handle), (target, target_handle) = (end.strip().split(".") for end in line.split("->"))
    return {"source": source, "sourceHandle": source_handle, "target": target, "targetHandle": target_handle}


def text_input(id: str = "in", name: str = "text", value: str = "") -> Json:
    return node(id, "nodetool.input.StringInput", name=name, value=value)


def output(id: str = "out", name: str = "out") -> Json:
    return node(id, "nodetool.output.Output", name=name)


def through(type: str, handle: str = "text", **data: Any) -> Json:
    """A graph with one node between the input ``text`` and the output ``out``."""
    lines = (f"in.output -> node.{handle}", "node.output -> out.value")
    return graph([text_input(), node("node", type, **data), output()], *lines)
