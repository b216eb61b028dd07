"""The server as one ASGI application."""

import re
import time
from typing import Any

from litestar import Litestar, asgi
from litestar.exceptions import HTTPException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp as LitestarApp

from nodetool.server import errors, openapi
from nodetool.server.admission import Admission
from nodetool.server.border import Border
from nodetool.server.confined import confined
from nodetool.server.express import Express
from nodetool.server.guarding import Guard
from nodetool.server.house import House
from nodetool.server.options import Options
from nodetool.server.pace import Pace
from nodetool.server.ports import Services
from nodetool.server.routes import UPDATES, Handler, Route, sockets_of, table
from nodetool.server.scopes import LOOK
from nodetool.server.sockets import Sockets
from nodetool.server.types import ASGIApp, Receive, Scope, Send
from nodetool.server.updates import Updates
from nodetool.server.visitors import Visitors


class Site:
    """The application, and how those who are connected learn that it stops."""

    def __init__(
        self, app: ASGIApp, routes: list[Route], visitors: Visitors, sockets: Sockets, updates: Updates
    ) -> None:
        self.routes = routes
        self._app = app
        self._visitors = visitors
        self._sockets = sockets
        self._updates = updates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    async def shutdown(self) -> None:
        """Answer waiting runs with 202, end streams, and close sockets with 1012. Jobs are not touched."""
        self._visitors.dismiss()
        self._updates.shutdown()
        await self._sockets.shutdown()


def build(services: Services, options: Options) -> Site:
    """Return the application that serves *services*."""
    visitors = Visitors()
    pace = Pace(options, now=time.monotonic) if options.user_rate or options.address_rate else None
    sockets = Sockets(services.jobs, options, services.asking, pace)
    updates = Updates(options, services.asking, pace)
    open_sockets = {path: updates if path == UPDATES else sockets for path in sockets_of(options.surface)}
    routes = table(services, options, visitors, sockets)
    routes.append(Route("GET", "/openapi.json", openapi.Description(routes, options).read, LOOK))
    guard = Guard(lambda only: table(confined(services, only), options, visitors, sockets), audits=options.audit)
    on_error: Any = errors.answer
    guarded = [(route, guard.before(route)) for route in routes]
    app = Litestar(
        [
            *(handler(route, before) for route, before in guarded),
            *(asgi(path, copy_scope=False)(at_socket(there)) for path, there in open_sockets.items()),
        ],
        debug=False,
        pdb_on_exception=False,
        exception_handlers={HTTPException: on_error, Exception: on_error},
        logging_config=None,
        openapi_config=None,
        request_max_body_size=None,  # read_body has the limit
    )
    framework: Any = app
    house = House(options.host, options.allow_hosts, options.allow_origins)
    public = frozenset(route.path for route in routes if route.needs is None)
    admission = Admission(house, services.asking, public, pace)
    border = Border(Express(framework, guarded), admission, proxies=frozenset(options.trust_proxies))
    return Site(border, routes, visitors, sockets, updates)


def handler(route: Route, guarded: Handler | None = None) -> HTTPRouteHandler:
    """Register a route with Litestar; its handler may be *guarded*.

    Our handler stands where a hook before the handler would: what it returns goes out as it is, and Litestar makes no
    model of arguments and no response. That is a fifth of what a request costs.
    """

    async def nothing() -> LitestarApp:
        raise AssertionError("the route was answered before")

    path = re.sub(r"\{(\w+)\}", r"{\1:str}", route.path).replace("{key:str}", "{key:path}")
    methods: Any = [route.method]
    before: Any = guarded or route.handler
    return HTTPRouteHandler(path, http_method=methods, before_request=before, status_code=200)(nothing)


def at_socket(sockets: ASGIApp) -> Any:
    async def socket(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "websocket":
            raise NotFoundException
        await sockets(scope, receive, send)

    return socket
