"""HTTP for operators: numbers to scrape."""

from typing import get_args

from nodetool.server.ports import Metrics
from nodetool.server.requests import Request
from nodetool.server.responses import Answer
from nodetool.server.sockets import Sockets
from nodetool.server.types import ASGIApp
from nodetool.server.visitors import Kind, Visitors

FORMAT = b"text/plain; version=0.0.4; charset=utf-8"


class MetricRoutes:
    def __init__(self, metrics: Metrics, visitors: Visitors, sockets: Sockets) -> None:
        self._metrics = metrics
        self._visitors = visitors
        self._sockets = sockets

    async def metrics(self, _: Request) -> ASGIApp:
        """Tell how the server does, in Prometheus' text format."""
        visitors = {kind: self._visitors.count(kind) for kind in get_args(Kind)}
        open_now = {"socket": len(self._sockets), **visitors}
        return Answer(self._metrics.text(open_now), type=FORMAT)
