"""The way of a run past the framework: the routes that start one are found and answered here.

A run costs little more than its request, of which the framework is a quarter. What comes before and behind a handler is
the same on both ways: the border, the guard, the table of errors. Whatever is not exactly such a path goes on to the
framework, and so do all other routes.
"""

import re
from collections.abc import Iterable

from nodetool.server import errors
from nodetool.server.requests import Request
from nodetool.server.routes import Handler, Route
from nodetool.server.types import ASGIApp, Receive, Scope, Send

_FAST = re.compile(r"(?P<before>.*/workflows/)\{id\}/(?P<behind>[a-z/]+)")


class Incoming:
    """A request, as handlers see it."""

    __slots__ = ("receive", "scope")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.receive = receive


class Express:
    """Answers what *routes* are fast; *app* answers the rest."""

    def __init__(self, app: ASGIApp, routes: Iterable[tuple[Route, Handler]]) -> None:
        self._app = app
        self._before = "\0"
        self._handlers: dict[str, Handler] = {}
        for route, handler in routes:
            if route.method == "POST" and (found := _FAST.fullmatch(route.path)):
                self._before = found["before"]
                self._handlers[found["behind"]] = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" and scope["method"] == "POST" else ""
        if path.startswith(self._before):
            id, _, behind = path[len(self._before) :].partition("/")
            handler = self._handlers.get(behind) if id else None
            if handler:
                scope["path_params"] = {"id": id}
                answer = await _answered(handler, Incoming(scope, receive))
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)


async def _answered(handler: Handler, request: Request) -> ASGIApp:
    try:
        return await handler(request)
    except Exception as error:  # noqa: BLE001 - the border of one request, as the framework has it for the other routes
        return errors.answer(request, error)
