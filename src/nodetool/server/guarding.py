"""Between a route and its handler: whether the token allows it, and a line about what was done."""

from collections.abc import Callable
from functools import lru_cache

from nodetool.server.audit import Audit
from nodetool.server.requests import Request, identity_of
from nodetool.server.routes import Handler, Route
from nodetool.server.scopes import check
from nodetool.server.types import ASGIApp

CONFINED = 64
"""Workflows whose routes are kept."""


class Guard:
    """Puts a check before handlers. *routes_of* returns the routes as a token for one workflow sees them."""

    def __init__(self, routes_of: Callable[[str], list[Route]], *, audits: bool) -> None:
        self._audit = Audit() if audits else None
        self._confined = lru_cache(CONFINED)(lambda only: {route.operation: route.handler for route in routes_of(only)})

    def before(self, route: Route) -> Handler:
        """Return the handler of a route, with what comes before and behind it."""
        needs, inner = route.needs, route.handler
        if needs is None:
            return inner
        audit = self._audit if route.action else None

        async def handle(request: Request) -> ASGIApp:
            identity = identity_of(request)
            check(identity, needs)
            only = identity.workflow_id
            chosen = inner if only is None else self._confined(only).get(route.operation, inner)
            if audit is None:
                return await chosen(request)
            return await audit.heard(request, route.action, chosen)

        return handle
