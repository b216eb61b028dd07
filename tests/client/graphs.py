"""Small workflows for clients to run."""

from typing import Any

from nodetool.client import Client

Graph = dict[str, Any]


def chain(*nodes: tuple[str, str, dict[str, Any]]) -> Graph:
    """Return a graph in which each node feeds the next: (in-handle, type, data). The first has no in-handle."""
    return {
        "nodes": [{"id": f"n{place}", "type": type, "data": data} for place, (_, type, data) in enumerate(nodes)],
        "edges": [
            {"source": f"n{place}", "sourceHandle": "output", "target": f"n{place + 1}", "targetHandle": handle}
            for place, (handle, _, _) in enumerate(nodes[1:])
        ],
    }


ECHO = chain(
    ("", "nodetool.input.StringInput", {"name": "text"}),
    ("value", "nodetool.output.Output", {"name": "same"}),
)

FAILING = chain(
    ("", "nodetool.input.StringInput", {"name": "text"}),
    ("text", "nodetool.text.Split", {"delimiter": ""}),
    ("value", "nodetool.output.Output", {"name": "parts"}),
)

ITEMS = chain(
    ("", "nodetool.input.ListInput", {"name": "rows"}),
    ("input_list", "nodetool.control.ForEach", {}),
    ("value", "nodetool.output.Output", {"name": "items"}),
)


def paced(seconds: float) -> Graph:
    """Return a workflow that sends on what it is given, with a pause before each item."""
    return chain(
        ("", "nodetool.input.ListInput", {"name": "rows"}),
        ("input_list", "nodetool.control.Pace", {"seconds": seconds}),
        ("value", "nodetool.output.Output", {"name": "items"}),
    )


async def store(client: Client, graph: Graph) -> str:
    """Store a workflow that can run, and return its id."""
    saved = await client.save({"name": "a workflow of a test", "graph": graph})
    assert saved["findings"] == []
    id: str = saved["id"]
    return id
