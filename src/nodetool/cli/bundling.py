"""A graph with the workflows that it calls along, so that it runs where those are not stored."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from nodetool.config import Config
from nodetool.graph.calls import called_ids
from nodetool.protocol import codec
from nodetool.protocol.documents import Graph
from nodetool.protocol.errors import NotFound
from nodetool.storage.port import Reader

Found = Callable[[str], Awaitable[dict[str, Any]]]
"""Returns the document of a workflow. Raises NotFound."""

MARK = "workflow_id"
"""What stands in every graph whose nodes call others."""


async def bundled(graph: dict[str, Any], config: Config, find: Found) -> dict[str, Any]:
    """Return *graph* with all that it calls, directly or not, as far as it is found and does not come along yet."""
    if MARK not in str(graph):
        return graph
    from nodetool.cli import types

    catalogue = await types.catalogue(config)
    along: dict[str, Any] = dict(graph.get("workflows") or {})
    waiting = [graph, *(one["graph"] for one in along.values())]
    while waiting:
        for id in called_ids(msgspec.convert(waiting.pop(), Graph), catalogue):
            if id in along:
                continue
            try:
                document = await find(id)
            except NotFound:  # a finding will tell
                continue
            along[id] = {"name": document["name"], "graph": document["graph"]}
            waiting.append(document["graph"])
    return {**graph, "workflows": along}


def stored_by(reader: Reader, user: str) -> Found:
    """Return what finds the documents of a user in a database."""

    async def find(id: str) -> dict[str, Any]:
        row = await reader.workflow(id)
        if row is None or row.user != user:
            raise NotFound("workflow", id)
        document: dict[str, Any] = codec.from_json(row.document, _fields)
        return document

    return find


_fields = msgspec.json.Decoder(dict[str, Any])
