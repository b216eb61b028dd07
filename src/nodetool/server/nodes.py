"""HTTP for node types."""

from nodetool.server.ports import Nodes
from nodetool.server.requests import Request
from nodetool.server.responses import Answer
from nodetool.server.types import ASGIApp


class NodeRoutes:
    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes

    async def metadata(self, _: Request) -> ASGIApp:
        """Describe every node type: its handles, their types and limits."""
        return Answer(self._nodes.metadata())

    async def packs(self, _: Request) -> ASGIApp:
        """List the installed packs of nodes: how many types each has, and what could not be imported."""
        return Answer(self._nodes.packs())
