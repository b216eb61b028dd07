"""The server as one ASGI application."""

import re
from typing import Any

from litestar import Litestar, asgi
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp as LitestarApp

from nodetool.server import errors, openapi
from nodetool.server.border import Border, House
from nodetool.server.options import Options
from nodetool.server.ports import Services
from nodetool.server.routes import SOCKETS, Route, table
from nodetool.server.sockets import Sockets
from nodetool.server.types import ASGIApp, Receive, Scope, Send
from nodetool.server.visitors import Visitors


class Site:
    """The application, and how those who are connected learn that it stops."""

    def __init__(self, app: ASGIApp, routes: list[Route], visitors: Visitors, sockets: Sockets) -> None:
        self.routes = routes
        self._app = app
        self._visitors = visitors
        self._sockets = sockets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    async def shutdown(self) -> None:
        """Answer waiting runs with 202, end streams, and close sockets with 1012. Jobs are not touched."""
        self._visitors.dismiss()
        await self._sockets.shutdown()


def build(services: Services, options: Options) -> Site:
    """Return the application that serves *services*."""
    visitors = Visitors()
    sockets = Sockets(services.jobs, options)
    routes = table(services, options, visitors, sockets)
    routes.append(Route("GET", "/openapi.json", openapi.Description(routes, options).read))
    on_error: Any = errors.answer
    app = Litestar(
        [*map(handler, routes), asgi(list(SOCKETS), copy_scope=False)(at_socket(sockets))],
        debug=False,
        pdb_on_exception=False,
        exception_handlers={HTTPException: on_error, Exception: on_error},
        logging_config=None,
        openapi_config=None,
        request_max_body_size=None,  # read_body has the limit
    )
    framework: Any = app
    border = Border(framework, House(options.host, options.allow_hosts, options.allow_origins))
    return Site(border, routes, visitors, sockets)


def handler(route: Route) -> HTTPRouteHandler:
    """Register a route with Litestar.

    Our handler stands where a hook before the handler would: what it returns goes out as it is, and Litestar makes no
    model of arguments and no response. That is a fifth of what a request costs.
    """

    async def nothing() -> LitestarApp:
        raise AssertionError("the route was answered before")

    path = re.sub(r"\{(\w+)\}", r"{\1:str}", route.path).replace("{key:str}", "{key:path}")
    methods: Any = [route.method]
    return HTTPRouteHandler(path, http_method=methods, before_request=route.handler, status_code=200)(nothing)


def at_socket(sockets: Sockets) -> Any:
    async def socket(scope: Any, receive: Any, send: Any) -> None:
        await sockets(scope, receive, send)

    return socket
