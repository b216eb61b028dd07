"""Whether the server answers, and whether it can run workflows."""

import time

from nodetool.protocol.answers import Health, Pulse
from nodetool.protocol.errors import Fault, NotReady
from nodetool.protocol.times import rfc3339
from nodetool.server.ports import Readiness
from nodetool.server.requests import Request
from nodetool.server.responses import document
from nodetool.server.types import ASGIApp
from nodetool.server.visitors import Visitors


class HealthRoutes:
    def __init__(self, readiness: Readiness, visitors: Visitors) -> None:
        self._readiness = readiness
        self._visitors = visitors

    async def health(self, _: Request) -> ASGIApp:
        """Answer as soon as the process does."""
        return document(Health(status="healthy"))

    async def ping(self, _: Request) -> ASGIApp:
        """Answer with the server's time."""
        return document(Pulse(status="healthy", timestamp=rfc3339(time.time_ns() // 1000)))

    async def ready(self, _: Request) -> ASGIApp:
        """Answer 200 while runs are taken, else 503 with what is missing."""
        problems = self._readiness.problems()
        if self._visitors.closing:
            problems = [*problems, "the server is stopping"]
        if problems:
            raise NotReady("; ".join(problems), errors=[Fault(message=problem) for problem in problems])
        return document(Health(status="ready"))
