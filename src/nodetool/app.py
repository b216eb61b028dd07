"""Wires the rooms together: opens a home, and serves it until a signal comes."""

import asyncio
import gc
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import structlog
import uvicorn

from nodetool.config import Config
from nodetool.graph.catalogue import Catalogue
from nodetool.graph.document import Limits
from nodetool.graph.metadata import metadata
from nodetool.jobs.service import Jobs
from nodetool.jobs.workflows import Workflows
from nodetool.protocol import codec
from nodetool.runner.guard import Guard
from nodetool.runner.index import load_index
from nodetool.runner.link import Connect, ProcessLink
from nodetool.server.asgi import Site, build, uvicorn_settings
from nodetool.server.options import Options
from nodetool.server.ports import Services
from nodetool.storage.home import Home
from nodetool.storage.sqlite import Store, open_store

DRAIN = 2.0
"""Seconds that runs may go on after a signal."""

PORTS = 100
"""How many ports are tried for a free one."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Nodes:
    """The node types, described once."""

    described: bytes

    def metadata(self) -> bytes:
        return self.described


@dataclass(frozen=True, slots=True)
class Rooms:
    """What stands behind the routes; also without any, for a run from the command line."""

    store: Store
    catalogue: Catalogue
    workflows: Workflows
    jobs: Jobs
    nodes: Nodes

    def problems(self) -> list[str]:
        return [] if self.jobs.is_ready else ["no runner stands yet"]


def now_us() -> int:
    return time.time_ns() // 1000


@asynccontextmanager
async def open_rooms(config: Config, *, index: Path | None = None) -> AsyncIterator[Rooms]:
    """Open the home of *config* and start its runners; close both at the end.

    *index* is where the descriptions of nodes are kept, if not in the home.

    Raises:
        HomeInUse, HomeTooNew: the home cannot be opened.
        ImportFailed: the node types could not be described.
    """
    async with AsyncExitStack() as opened:
        opened.enter_context(Home.open(config.folder))
        store = open_store(config.folder, sync=config.sync)
        opened.push_async_callback(store.close)
        guard = Guard() if config.runners != 0 else None
        if guard:
            opened.push_async_callback(guard.close)
        catalogue = Catalogue(await load_index(index or config.folder / "nodes.json", config.nodes))
        rooms = _rooms(config, store, catalogue, guard)
        opened.push_async_callback(rooms.jobs.stop)
        await rooms.jobs.open()
        yield rooms


def _rooms(config: Config, store: Store, catalogue: Catalogue, guard: Guard | None) -> Rooms:
    for pack in catalogue.packs:
        if pack.error:
            _log.warning("nodes.broken", pack=pack.name, error=pack.error)
    limits = Limits(nodes=config.max_nodes, edges=config.max_edges)
    workflows = Workflows(store.writer, store.reader, catalogue, now_us=now_us, limits=limits)
    jobs = Jobs(workflows, store.writer, store.reader, connector(config, catalogue.hash, guard), now_us=now_us)
    return Rooms(store, catalogue, workflows, jobs, Nodes(codec.to_json(metadata(catalogue))))


def connector(config: Config, catalogue: str, guard: Guard | None) -> Connect:
    """Return what starts a runner: a process, or with ``--runners 0`` this one, which then imports nodes."""
    if config.runners == 0:
        from nodetool.runner.local import LocalLink

        return partial(LocalLink, catalogue=catalogue, max_result=config.max_result)
    return partial(ProcessLink, catalogue=catalogue, max_result=config.max_result, guard=guard)


class Front:
    """The application while it starts: alive, and not ready. Then it is the site."""

    def __init__(self) -> None:
        self.site: Site | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.site is not None:
            await self.site(scope, receive, send)
            return
        alive = scope["type"] == "http" and scope["path"] in ("/health", "/ping")
        if scope["type"] == "http":
            await _say(send, 200, b'{"status":"healthy"}') if alive else await _say(send, 503, _STARTING)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1013, "reason": "the server is starting"})


_STARTING = codec.to_json(
    {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "The server is starting.",
        "code": "not_ready",
    }
)


async def _say(send: Any, status: int, body: bytes) -> None:
    kind = b"application/json" if status == 200 else b"application/problem+json"
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), (b"retry-after", b"1")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Server(uvicorn.Server):
    """uvicorn, without its hands on the signals: those are ours, since runs come first."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind(host: str, port: int, *, search: bool) -> socket.socket:
    """Return a listening socket; with *search*, on the next free port.

    Raises:
        OSError: no port could be had.
    """
    for place in range(port, port + (PORTS if search else 1)):
        try:
            return _bind(host, place)
        except OSError:
            if not search or place == port + PORTS - 1:
                raise
    raise AssertionError


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(2048)
    except BaseException:
        sock.close()
        raise
    return sock


async def serve(config: Config, sock: socket.socket, *, ready: Callable[[Rooms], Any]) -> None:
    """Serve until SIGTERM or SIGINT: then no new runs, two seconds for those that are under way, and the end.

    *ready* is awaited once the rooms stand, before the first request reaches them. Raises as ``open_rooms`` does.
    """
    host, port = sock.getsockname()[:2]
    options = Options(
        host=config.host,
        allow_hosts=config.allow_host,
        allow_origins=config.allow_origin,
        max_body=config.max_body,
    )
    front = Front()
    server = Server(uvicorn.Config(front, **uvicorn_settings(options), backlog=2048))
    stop = _signals()
    serving = asyncio.get_running_loop().create_task(server.serve(sockets=[sock]))
    _log.info("server.listening", host=host, port=port, home=str(config.folder))
    try:
        async with open_rooms(config) as rooms:
            await ready(rooms)
            front.site = build(
                Services(jobs=rooms.jobs, workflows=rooms.workflows, nodes=rooms.nodes, readiness=rooms), options
            )
            _settle_memory()
            await _first(serving, stop.wait())
            await _drain(rooms.jobs, front.site)
    finally:
        server.should_exit = True
        await serving


async def _drain(jobs: Jobs, site: Site) -> None:
    _log.info("server.stopping")
    await jobs.finish(DRAIN)
    await site.shutdown()


def _signals() -> asyncio.Event:
    """Return what is set at the first SIGTERM or SIGINT; a second one ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def heard() -> None:
        if stop.is_set():
            raise SystemExit(1)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, heard)
    return stop


async def _first(*waits: Any) -> None:
    """Return when the first of *waits* does; the rest is cancelled, if it is ours to cancel."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks[1:]:
        task.cancel()


def _settle_memory() -> None:
    """What stands now stays: the collector need not look at it again, nor often at what comes."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
