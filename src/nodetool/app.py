"""Wires the rooms together: opens a home, and serves it until a signal comes."""

import asyncio
import gc
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import structlog

from nodetool.auth import providers
from nodetool.auth.asking import Asking
from nodetool.auth.deployment import OLD_CONFIG, StaticToken, find_or_make
from nodetool.auth.tokens import Tokens
from nodetool.config import MIB, Config
from nodetool.graph.catalogue import Catalogue
from nodetool.graph.document import Limits
from nodetool.graph.metadata import metadata, packs
from nodetool.jobs.clock import Clock, LoopClock
from nodetool.jobs.policy import Policy
from nodetool.jobs.retention import Keep
from nodetool.jobs.secrets import Secrets
from nodetool.jobs.service import Jobs
from nodetool.jobs.workflows import Workflows
from nodetool.jobs.workspaces import Workspaces
from nodetool.metrics import Lag, Metrics
from nodetool.protocol import codec
from nodetool.protocol.bounds import Bounds
from nodetool.protocol.frames import RunLimits
from nodetool.runner.guard import Guard
from nodetool.runner.index import load_index
from nodetool.runner.link import Connect, ProcessLink
from nodetool.server.options import Options, Surface
from nodetool.shipped import shipped
from nodetool.storage.blobs import FolderBlobs
from nodetool.storage.home import Home, own_home
from nodetool.storage.keyfile import read_keys
from nodetool.storage.seal import Seal
from nodetool.storage.sqlite import Store, open_store
from nodetool.storage.transaction import Sync

if TYPE_CHECKING:
    from nodetool.server.asgi import Site

SWEEP_S = 3600.0
"""Seconds between two looks for temporary files."""

_log = structlog.get_logger()


class Nodes:
    """The node types, described once for all who ask."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.use(catalogue)

    def use(self, catalogue: Catalogue) -> None:
        self._metadata = codec.to_json(metadata(catalogue))
        self._packs = codec.to_json(packs(catalogue))

    def metadata(self) -> bytes:
        return self._metadata

    def packs(self) -> bytes:
        return self._packs


@dataclass(frozen=True, slots=True)
class Rooms:
    """What stands behind the routes; also without any, for a run from the command line."""

    store: Store
    catalogue: Catalogue
    workflows: Workflows
    jobs: Jobs
    secrets: Secrets
    blobs: FolderBlobs
    nodes: Nodes
    tokens: Tokens
    connector: Callable[[str], Connect]
    """Returns what starts runners for a catalogue of node types, by its hash."""

    def use(self, catalogue: Catalogue) -> None:
        """Have other node types for all that comes from now on."""
        self.nodes.use(catalogue)
        self.workflows.use(catalogue)
        self.jobs.renew(self.connector(catalogue.hash))

    def problems(self) -> list[str]:
        return [] if self.jobs.is_ready else ["no runner stands yet"]


class OpenStore(Protocol):
    """Opens the database of a home."""

    def __call__(self, home: Path, *, sync: Sync) -> Store: ...


class OpenRooms(Protocol):
    """Opens the rooms of a home; *allow* names the types of nodes that may touch the machine."""

    def __call__(self, config: Config, *, allow: Sequence[str] | None) -> AbstractAsyncContextManager[Rooms]: ...


@asynccontextmanager
async def open_rooms(
    config: Config,
    *,
    index: Path | None = None,
    open_store: OpenStore = open_store,
    clock: Clock | None = None,
    given: Mapping[str, str] | None = None,
    allow: Sequence[str] | None = None,
) -> AsyncIterator[Rooms]:
    """Open the home of *config* and start its runners; close both at the end.

    *index* is where the descriptions of nodes are kept, if not in the home; *clock* is the machine's, if none is given.
    *given* are secrets that go before those of the home. *allow* names the types of nodes that may touch the machine;
    None allows all.

    Raises:
        HomeInUse, HomeTooNew: the home cannot be opened.
        ImportFailed: the node types could not be described.
    """
    with Home.open(config.folder):
        async with rooms_in(config, index=index, open_store=open_store, clock=clock, given=given, allow=allow) as rooms:
            yield rooms


@asynccontextmanager
async def rooms_in(
    config: Config,
    *,
    index: Path | None = None,
    runs: bool = True,
    open_store: OpenStore = open_store,
    clock: Clock | None = None,
    given: Mapping[str, str] | None = None,
    allow: Sequence[str] | None = None,
) -> AsyncIterator[Rooms]:
    """Do as ``open_rooms`` in a home that the caller has. Unless it *runs*, no runner is started and no job changes.

    Raises:
        HomeTooNew, ImportFailed
    """
    async with AsyncExitStack() as opened:
        store = open_store(config.folder, sync=config.sync)
        opened.push_async_callback(store.close)
        guard = Guard() if runs and config.runners != 0 else None
        if guard:
            opened.push_async_callback(guard.close)
        catalogue = Catalogue(await load_index(index or config.index, config.nodes), allow)
        rooms = _rooms(config, store, catalogue, guard, clock or LoopClock(), given=given)
        opened.push_async_callback(rooms.jobs.stop)
        if runs:
            await rooms.jobs.open()
            sweeping = asyncio.create_task(sweep(rooms.blobs))
            opened.callback(sweeping.cancel)
        else:
            rooms.jobs.rest()
        yield rooms


async def sweep(blobs: FolderBlobs) -> None:
    """Remove, now and every hour, the temporary files whose time is over."""
    while True:
        await asyncio.to_thread(blobs.sweep)
        await asyncio.sleep(SWEEP_S)


def sealed_by(config: Config) -> Seal:
    """Return what seals secrets: with the keys of the environment, else with those in the home."""
    return Seal(lambda: config.master_keys or read_keys(config.folder))


def _rooms(
    config: Config,
    store: Store,
    catalogue: Catalogue,
    guard: Guard | None,
    clock: Clock,
    *,
    given: Mapping[str, str] | None,
) -> Rooms:
    for pack in catalogue.packs:
        if pack.error:
            _log.warning("nodes.broken", pack=pack.name, error=pack.error)
    limits = Limits(nodes=config.max_nodes, edges=config.max_edges)
    workflows = Workflows(store.writer, store.reader, catalogue, now_us=clock.now_us, limits=limits)
    connect = partial(connector, config, guard)
    keep = Keep(days=config.retention_days, jobs=config.retention_jobs)
    secrets = Secrets(store.writer, store.reader, sealed_by(config), now_us=clock.now_us, given=given)
    jobs = Jobs(
        workflows,
        store.writer,
        store.reader,
        connect(catalogue.hash),
        secrets=secrets,
        workspaces=Workspaces(config.workspaces),
        clock=clock,
        policy=policy(config),
        keep=keep,
    )
    return Rooms(
        store,
        catalogue,
        workflows,
        jobs,
        secrets,
        FolderBlobs(config.folder / "files"),
        Nodes(catalogue),
        Tokens(store.writer, store.reader, now_us=clock.now_us),
        connect,
    )


def policy(config: Config) -> Policy:
    """Return the settings that are about runs and runners."""
    return Policy(
        max_attempts=config.max_attempts,
        max_queue=config.max_queue,
        max_user_jobs=config.max_user_jobs,
        max_events=config.max_events,
        job_timeout=config.job_timeout,
        node_timeout=config.node_timeout,
        memory_per_runner=config.memory_per_runner * MIB,
        recycle=config.recycle,
        stall=config.stall,
        cores=config.runners or os.cpu_count() or 1,
    )


def connector(config: Config, guard: Guard | None, catalogue: str) -> Connect:
    """Return what starts a runner: a process, or with ``--runners 0`` this one, which then imports nodes.

    *catalogue* is the hash of the node types that it is to know.
    """
    limits = RunLimits(
        max_result=config.max_result, node_timeout=config.node_timeout, input_timeout=config.input_timeout
    )
    if config.runners == 0:
        from nodetool.runner.local import LocalLink

        return partial(LocalLink, catalogue=catalogue, limits=limits, bounds=bounds(config))
    return partial(ProcessLink, catalogue=catalogue, limits=limits, guard=guard, bounds=bounds(config))


def bounds(config: Config) -> Bounds:
    """Return the settings that are about what nodes touch."""
    return Bounds(
        private_hosts=config.allow_private_hosts,
        workspaces=str(config.workspaces),
        http_timeout=config.http_timeout,
        http_max_bytes=config.http_max_size * MIB,
    )


Ready = Callable[[Rooms, StaticToken | None], Awaitable[None]]
"""Called once the rooms stand; with the token that is asked for, where there is one for all."""


async def serve(
    config: Config,
    sock: socket.socket,
    *,
    ready: Ready,
    surface: Surface = "editor",
    reloads: bool = False,
    rooms_in: OpenRooms = rooms_in,
) -> None:
    """Serve until SIGTERM or SIGINT: then no new runs, ``drain`` seconds for those that are under way, and the end.

    *ready* is awaited before the first request reaches the rooms. With *reloads*, packs of nodes that change are read
    anew.

    Raises:
        HomeInUse, HomeTooNew, ImportFailed: as ``open_rooms`` does.
        BadDeployment, MissingExtra: who may ask cannot be found out.
    """
    from nodetool.server.listener import listening, url_of

    options = options_of(config, surface)
    stop = _signals()
    async with listening(sock, options, on_end=stop.set) as front:
        host, port = sock.getsockname()[:2]
        _log.info("server.listening", host=host, port=port, home=str(config.folder))
        with await own_home(config.folder) as home:
            async with rooms_in(config, allow=allowed_nodes(config, options)) as rooms:
                token = static_token(config)
                asking = _asking(config, rooms, token)
                # Nothing takes longer to import than the framework: meanwhile the runner starts, /health is answered.
                await asyncio.to_thread(import_module, "nodetool.server.asgi")
                await ready(rooms, token)
                lag = Lag()
                lag.open()
                site = _site(rooms, asking, options, lag)
                front.site = site
                home.announce(url_of(sock), options.prefix)
                _settle_memory()
                async with _reloading(rooms, config, reloads=reloads):
                    await stop.wait()
                _log.info("server.stopping")
                await rooms.jobs.finish(config.drain)
                await site.shutdown()
                lag.close()


@asynccontextmanager
async def _reloading(rooms: Rooms, config: Config, *, reloads: bool) -> AsyncIterator[None]:
    """Give *rooms* the node types that change, for the length of the block."""
    if not reloads:
        yield
        return
    from nodetool.reload import changed

    async def follow() -> None:
        async for catalogue in changed(config, rooms.catalogue):
            rooms.use(catalogue)

    following = asyncio.create_task(follow())
    try:
        yield
    finally:
        following.cancel()


def allowed_nodes(config: Config, options: Options) -> Sequence[str] | None:
    """Return the types of nodes that may touch the machine: on the Editor all, on the worker those that are named."""
    return None if options.surface == "editor" else config.allow_nodes


def options_of(config: Config, surface: Surface) -> Options:
    """Return the settings that are about the server and its surface."""
    return Options(
        surface=surface,
        host=config.host,
        allow_hosts=config.allow_host,
        allow_origins=config.allow_origin,
        allow_graphs=config.allow_graphs,
        trust_proxies=config.trust_proxy,
        user_rate=config.user_rate,
        address_rate=config.address_rate,
        max_connections=config.max_connections,
        head_timeout=config.head_timeout,
        body_timeout=config.body_timeout,
        audit=config.audit,
        max_body=config.max_body,
        max_blob=config.max_blob * MIB,
        page=shipped("api-demo.html"),
        max_wait=config.max_wait,
    )


def static_token(config: Config) -> StaticToken | None:
    """Return the token of the provider ``static``, made if there is none. Raises BadDeployment."""
    if config.auth_provider != "static":
        return None
    return find_or_make(config.worker_auth_token, config.folder, OLD_CONFIG.expanduser())


def _asking(config: Config, rooms: Rooms, token: StaticToken | None) -> Asking:
    if token:
        provider = providers.static(token.token)
    elif config.auth_provider == "supabase":
        provider = providers.supabase(
            url=config.supabase_url,
            secret=config.supabase_jwt_secret,
            audience=config.supabase_audience,
            cache_seconds=config.auth_cache_ttl,
        )
    else:
        provider = providers.without_tokens(config.auth_provider)
    return Asking(provider, rooms.tokens, now=time.monotonic, size=config.auth_cache_max)


def _site(rooms: Rooms, asking: Asking, options: Options, lag: Lag) -> "Site":
    from nodetool.server.asgi import build
    from nodetool.server.ports import Services

    services = Services(
        jobs=rooms.jobs,
        workflows=rooms.workflows,
        nodes=rooms.nodes,
        secrets=rooms.secrets,
        blobs=rooms.blobs,
        readiness=rooms,
        metrics=Metrics(rooms.jobs, rooms.store.writer, lag, os.getpid()),
        asking=asking,
        tokens=rooms.tokens,
    )
    return build(services, options)


def _signals() -> asyncio.Event:
    """Return what is set at the first SIGTERM or SIGINT; a second one ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def heard() -> None:
        if stop.is_set():
            os._exit(1)  # an exception would wait for threads; what is committed is safe, the guardian ends the runners
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, heard)
    return stop


def _settle_memory() -> None:
    """What stands now stays: the collector need not look at it again, nor often at what comes.

    What is garbage of it already is too little to be worth the twentieth of a second that looking for it takes.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
