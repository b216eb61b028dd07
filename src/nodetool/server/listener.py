"""The socket that the server listens on, and what answers there while the rest of the server is imported.

Nothing here needs the web framework: a process is alive, and says so, before it is ready.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from http import HTTPStatus
from typing import Any

import uvicorn

from nodetool.protocol.answers import Health, Problem, Pulse
from nodetool.protocol.codec import to_json
from nodetool.protocol.errors import NotReady
from nodetool.protocol.times import rfc3339
from nodetool.server.callers import Callers
from nodetool.server.connections import SocketConnection, WatchedConnection
from nodetool.server.options import Options
from nodetool.server.responses import Answer, document
from nodetool.server.types import ASGIApp, Receive, Scope, Send

PORTS = 100
"""How many ports are tried for a free one."""

BACKLOG = 2048

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - no socket is bound to it here

LINGER = 20.0
"""Seconds from the end of a socket's conversation until its connection is cut, if it still stands."""

PARTING = 2
"""Seconds at the end that a client has to take what was left for it."""


def bind(host: str, port: int, *, search: bool = False) -> socket.socket:
    """Return a listening socket; with *search*, on the next free port.

    Raises:
        OSError: no port could be had.
    """
    last = min(port + PORTS, 65_535) if search else port
    for place in range(port, last):
        try:
            return _bind(host, place)
        except OSError:
            continue
    return _bind(host, last)


def _bind(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def url_of(sock: socket.socket) -> str:
    """Return the address under which this machine reaches the socket."""
    host, port = sock.getsockname()[:2]
    if host in EVERYWHERE:
        host = "127.0.0.1" if sock.family is socket.AF_INET else "::1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@asynccontextmanager
async def listening(sock: socket.socket, options: Options, *, on_end: Callable[[], None]) -> AsyncIterator["Front"]:
    """Answer on *sock* for the length of the block; at its end, let go of who is connected.

    *on_end* is called when nobody answers any more, be it because answering failed.
    """
    front = Front()
    server = Server(uvicorn.Config(front, **uvicorn_settings(options), backlog=BACKLOG))
    serving = asyncio.get_running_loop().create_task(server.serve(sockets=[sock]))
    serving.add_done_callback(lambda _: server.stands.set())
    serving.add_done_callback(lambda _: on_end())
    try:
        await server.stands.wait()
        yield front
    finally:
        server.should_exit = True
        await serving


def uvicorn_settings(options: Options) -> dict[str, Any]:
    """Return those settings of uvicorn that the contract depends on. Where to listen is not among them."""
    return {
        "http": partial(WatchedConnection, options=options, callers=Callers(options.max_connections)),
        "ws": SocketConnection,
        "ws_max_size": options.max_body,
        "ws_per_message_deflate": False,
        "ws_ping_interval": 20.0,
        "ws_ping_timeout": 20.0,
        "timeout_graceful_shutdown": PARTING,
        "lifespan": "off",
        "proxy_headers": False,
        "server_header": False,
        "log_config": None,
        "access_log": False,
    }


class Server(uvicorn.Server):
    """uvicorn, without its hands on the signals: those are ours, since runs come first."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stands = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.stands.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Front:
    """The application while it starts: alive, and not ready. Once there is a site, it is the site."""

    def __init__(self) -> None:
        self.site: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.site is not None:
            await self.site(scope, receive, send)
        elif scope["type"] == "http":
            await _while_starting(scope["path"])(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1013, "reason": "the server is starting"})


def _while_starting(path: str) -> Answer:
    match path:
        case "/health":
            return document(Health(status="healthy"))
        case "/ping":
            return document(Pulse(status="healthy", timestamp=rfc3339(time.time_ns() // 1000)))
    status = HTTPStatus.SERVICE_UNAVAILABLE
    problem = Problem(
        type=f"urn:nodetool:problem:{NotReady.code}",
        title=status.phrase,
        status=status,
        detail="the server is starting",
        code=NotReady.code,
    )
    return Answer(to_json(problem), status, [(b"retry-after", b"1")], b"application/problem+json")
