"""Who may come in: the outermost layer, a plain ASGI middleware.

A page in a browser can send requests to any server its owner can reach, this one included. Two headers give such a page
away, and a page can set neither: ``Origin`` names it, and ``Host`` shows a name that was rebound to this address. Where
nobody is asked for a token, such a request needs one all the same.
"""

from typing import Any

from nodetool.protocol.errors import AuthUnavailable, NodetoolError, RateLimited
from nodetool.server import errors
from nodetool.server.address import address_of
from nodetool.server.admission import Admission, Heads
from nodetool.server.closing import Close
from nodetool.server.responses import Header
from nodetool.server.types import ASGIApp, Receive, Scope, Send

EXPOSED = b"Nodetool-Job-Id, Content-Range, ETag, Location, Preference-Applied, Retry-After, WWW-Authenticate"

PREFLIGHT: list[Header] = [
    (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
    (b"access-control-max-age", b"3600"),
]


class Border:
    """Finds out who asks, once for each request, and tells browsers what a page may read.

    *proxies* are the addresses that are believed about where others call from.
    """

    def __init__(self, app: ASGIApp, admission: Admission, *, proxies: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._admission = admission
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if self._proxies and scope["client"]:
            scope["client"] = (address_of(scope["client"][0], scope["headers"], self._proxies), 0)
        heads = Heads(scope["headers"])
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send, heads)
            return
        if heads.origin is not None:
            send = with_cors(send, heads.origin)
            if is_preflight(scope) and self._admission.may_ask_first(scope, heads):
                await allow(scope, send)
                return
        try:
            scope["auth"] = await self._admission.admit(scope, heads)
        except NodetoolError as error:
            await errors.refusal(error)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send, heads: Heads) -> None:
        try:
            scope["auth"] = await self._admission.admit_socket(scope, heads)
        except NodetoolError as error:
            await turn_away(receive, send, closing(error))
            return
        await self._app(scope, receive, send)


def is_preflight(scope: Any) -> bool:
    return scope["method"] == "OPTIONS" and any(
        name == b"access-control-request-method" for name, _ in scope["headers"]
    )


async def allow(scope: Any, send: Send) -> None:
    """Answer a preflight. It decides nothing: the request itself is still looked at."""
    asked = [value for name, value in scope["headers"] if name == b"access-control-request-headers"]
    headers = [*PREFLIGHT, (b"access-control-allow-headers", asked[0] if asked else b"*")]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def with_cors(send: Send, origin: bytes) -> Send:
    """Let the page read the answer, be it a refusal: a refused page should be able to say why."""
    cors = [
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", EXPOSED),
        (b"vary", b"Origin"),
    ]

    async def with_headers(message: Any) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *cors]}
        await send(message)

    return with_headers


async def turn_away(receive: Receive, send: Send, close: Close) -> None:
    """Close a socket with a reason; a refused handshake would not show one to the page."""
    await receive()
    await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
    await send(close.message())


def closing(error: NodetoolError) -> Close:
    """Return how a socket is closed that may not come in: for good, or to try again later."""
    later = isinstance(error, AuthUnavailable | RateLimited)
    return Close(1013 if later else 1008, error.detail)
