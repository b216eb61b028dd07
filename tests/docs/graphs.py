"""Small workflows for the code of the documentation to run."""

from typing import Any

Graph = dict[str, Any]


def chain(*nodes: tuple[str, str, dict[str, Any]]) -> Graph:
    """Return a graph in which each node feeds the next: (in-handle, type, data). The first has no in-handle."""
    ids = [type.rpartition(".")[2].lower() for _, type, _ in nodes]
    return {
        "nodes": [{"id": id, "type": type, "data": data} for id, (_, type, data) in zip(ids, nodes, strict=True)],
        "edges": [
            {"source": source, "sourceHandle": "output", "target": target, "targetHandle": handle}
            for source, target, (handle, _, _) in zip(ids, ids[1:], nodes[1:], strict=False)
        ],
    }


def text_input(name: str, value: str = "") -> tuple[str, str, dict[str, Any]]:
    return ("", "nodetool.input.StringInput", {"name": name, "value": value})


def output(name: str) -> tuple[str, str, dict[str, Any]]:
    return ("value", "nodetool.output.Output", {"name": name})


def bench(kind: str, **data: Any) -> tuple[str, str, dict[str, Any]]:
    """Return one of the nodes for measuring, fed with a text."""
    return ("text", f"bench.nodes.{kind}", data)


def echo() -> Graph:
    return chain(text_input("param_name"), output("output"))


def steps(count: int, seconds: float) -> Graph:
    """Return a workflow that takes its time and reports each step."""
    return chain(text_input("param_name"), bench("Steps", steps=count, seconds=seconds), output("output"))


def failing(message: str) -> Graph:
    return chain(text_input("param_name"), bench("Fail", message=message), output("output"))


def many(count: int) -> Graph:
    return chain(text_input("param_name", "ä"), bench("Emit", count=count), output("items"))
