"""Who may come in: the outermost layer, a plain ASGI middleware.

A page in a browser can send requests to any server its owner can reach, this one included. Two headers give such a page
away, and a page can set neither: ``Origin`` names it, and ``Host`` shows a name that was rebound to this address.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from nodetool.protocol.errors import ForeignHost, ForeignOrigin
from nodetool.server import errors
from nodetool.server.closing import Close
from nodetool.server.responses import Header
from nodetool.server.types import ASGIApp, Receive, Scope, Send

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})

USER = "1"
"""Who asks while there are no tokens."""

EXPOSED = b"Nodetool-Job-Id, ETag, Location, Preference-Applied, Retry-After"

PREFLIGHT: list[Header] = [
    (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
    (b"access-control-max-age", b"3600"),
]


class House:
    """The names that are ours."""

    def __init__(self, host: str, allow_hosts: Iterable[str], allow_origins: Iterable[str]) -> None:
        self._hosts = LOOPBACK | {bracketed(host.lower())} | {name.lower() for name in allow_hosts}
        self._origins = frozenset(origin.lower().rstrip("/") for origin in allow_origins)
        self.knows_host = lru_cache(256)(self._knows_host)
        self.knows_origin = lru_cache(256)(self._knows_origin)

    def _knows_host(self, host: bytes, address: str) -> bool:
        """Tell whether *host* is ours: by name, with any port or the one allowed, or as the *address* we are at."""
        name = host.decode("latin-1").lower()
        if self._hosts.isdisjoint({name, without_port(name)}):
            return without_port(name) == bracketed(address)
        return True

    def _knows_origin(self, origin: bytes, host: bytes) -> bool:
        """Tell whether *origin* is ours; *host* is, so the origin that it is part of is too."""
        text = origin.decode("latin-1").lower()
        if text in self._origins:
            return True
        scheme, _, place = text.partition("://")
        if scheme not in {"http", "https"} or not is_place(place):
            return False
        return without_port(place) in LOOPBACK or place == host.decode("latin-1").lower()


def bracketed(address: str) -> str:
    """Return a host as URLs write it."""
    return f"[{address}]" if ":" in address and not address.startswith("[") else address


def without_port(place: str) -> str:
    name, colon, port = place.rpartition(":")
    return name if colon and (port.isdigit() or not port) else place


def is_place(place: str) -> bool:
    """Tell whether *place* is a host with or without a port, and nothing else."""
    try:
        parts = urlsplit(f"//{place}")
        return bool(parts.hostname) and parts.netloc == place and "@" not in place and parts.port != 0
    except ValueError:
        return False


class Border:
    """Lets requests of ours in, says who asks, and tells browsers what a page may read."""

    def __init__(self, app: ASGIApp, house: House) -> None:
        self._app = app
        self._house = house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        host, origin = host_and_origin(scope["headers"])
        scope["user"] = USER
        error = self._objection(scope, host, origin)
        if scope["type"] == "websocket":
            await (turn_away(receive, send, error) if error else self._app(scope, receive, send))
            return
        if origin is not None:
            send = with_cors(send, origin)
            if is_preflight(scope) and not isinstance(error, ForeignHost):
                await allow(scope, send)
                return
        if error is None:
            await self._app(scope, receive, send)
        else:
            await errors.refusal(error)(scope, receive, send)

    def _objection(self, scope: Scope, host: bytes, origin: bytes | None) -> ForeignHost | ForeignOrigin | None:
        server = scope.get("server")
        if host and not self._house.knows_host(host, server[0] if server else ""):
            return ForeignHost(f"the host is not ours, and --allow-host does not name it: {shown(host)}")
        if origin is not None and not self._house.knows_origin(origin, host):
            return ForeignOrigin(f"the page is not ours, and --allow-origin does not name its origin: {shown(origin)}")
        return None


def host_and_origin(headers: Iterable[Header]) -> tuple[bytes, bytes | None]:
    host, origin = b"", None
    for name, value in headers:
        if name == b"host":
            host = value
        elif name == b"origin":
            origin = value
    return host, origin


def shown(value: bytes) -> str:
    return value[:100].decode("latin-1")


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


async def turn_away(receive: Receive, send: Send, error: ForeignHost | ForeignOrigin) -> None:
    """Close a socket with a reason; a refused handshake would not show one to the page."""
    await receive()
    await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
    await send(Close(1008, error.detail).message())
