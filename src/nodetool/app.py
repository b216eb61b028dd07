"""Wires the rooms together: opens a home, and serves it until a signal comes."""

import asyncio
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from nodetool.config import MIB, Config
from nodetool.graph.catalogue import Catalogue
from nodetool.graph.document import Limits
from nodetool.graph.metadata import metadata
from nodetool.jobs.clock import LoopClock
from nodetool.jobs.policy import Policy
from nodetool.jobs.retention import Keep
from nodetool.jobs.secrets import Secrets
from nodetool.jobs.service import Jobs
from nodetool.jobs.workflows import Workflows
from nodetool.jobs.workspaces import Workspaces
from nodetool.metrics import Lag, Metrics
from nodetool.protocol import codec
from nodetool.protocol.bounds import Bounds
from nodetool.runner.guard import Guard
from nodetool.runner.index import load_index
from nodetool.runner.link import Connect, ProcessLink
from nodetool.server.options import Options
from nodetool.shipped import shipped
from nodetool.storage.blobs import FolderBlobs
from nodetool.storage.home import Home
from nodetool.storage.keyfile import read_keys
from nodetool.storage.seal import Seal
from nodetool.storage.sqlite import Store, open_store

if TYPE_CHECKING:
    from nodetool.server.asgi import Site

SWEEP_S = 3600.0
"""Seconds between two looks for temporary files."""

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
    secrets: Secrets
    blobs: FolderBlobs
    nodes: Nodes

    def problems(self) -> list[str]:
        return [] if self.jobs.is_ready else ["no runner stands yet"]


@asynccontextmanager
async def open_rooms(
    config: Config,
    *,
    index: Path | None = None,
    given: Mapping[str, str] | None = None,
    allow: Sequence[str] | None = None,
) -> AsyncIterator[Rooms]:
    """Open the home of *config* and start its runners; close both at the end.

    *index* is where the descriptions of nodes are kept, if not in the home. *given* are secrets that go before those of
    the home. *allow* names the types of nodes that may touch the machine; None allows all.

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
        catalogue = Catalogue(await load_index(index or config.index, config.nodes), allow)
        rooms = _rooms(config, store, catalogue, guard, given)
        opened.push_async_callback(rooms.jobs.stop)
        await rooms.jobs.open()
        sweeping = asyncio.create_task(sweep(rooms.blobs))
        opened.callback(sweeping.cancel)
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
    config: Config, store: Store, catalogue: Catalogue, guard: Guard | None, given: Mapping[str, str] | None
) -> Rooms:
    for pack in catalogue.packs:
        if pack.error:
            _log.warning("nodes.broken", pack=pack.name, error=pack.error)
    clock = LoopClock()
    limits = Limits(nodes=config.max_nodes, edges=config.max_edges)
    workflows = Workflows(store.writer, store.reader, catalogue, now_us=clock.now_us, limits=limits)
    connect = connector(config, catalogue.hash, guard)
    keep = Keep(days=config.retention_days, jobs=config.retention_jobs)
    secrets = Secrets(store.writer, store.reader, sealed_by(config), now_us=clock.now_us, given=given)
    jobs = Jobs(
        workflows,
        store.writer,
        store.reader,
        connect,
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
        Nodes(codec.to_json(metadata(catalogue))),
    )


def policy(config: Config) -> Policy:
    """Return the settings that are about runs and runners."""
    return Policy(
        max_attempts=config.max_attempts,
        max_queue=config.max_queue,
        max_events=config.max_events,
        job_timeout=config.job_timeout,
        memory_per_runner=config.memory_per_runner * MIB,
        recycle=config.recycle,
        stall=config.stall,
        cores=config.runners or os.cpu_count() or 1,
    )


def connector(config: Config, catalogue: str, guard: Guard | None) -> Connect:
    """Return what starts a runner: a process, or with ``--runners 0`` this one, which then imports nodes."""
    if config.runners == 0:
        from nodetool.runner.local import LocalLink

        return partial(LocalLink, catalogue=catalogue, max_result=config.max_result, bounds=bounds(config))
    return partial(ProcessLink, catalogue=catalogue, max_result=config.max_result, guard=guard, bounds=bounds(config))


def bounds(config: Config) -> Bounds:
    """Return the settings that are about what nodes touch."""
    return Bounds(
        private_hosts=config.allow_private_hosts,
        workspaces=str(config.workspaces),
        http_timeout=config.http_timeout,
        http_max_bytes=config.http_max_size * MIB,
    )


async def serve(config: Config, sock: socket.socket, *, ready: Callable[[Rooms], Awaitable[None]]) -> None:
    """Serve until SIGTERM or SIGINT: then no new runs, ``drain`` seconds for those that are under way, and the end.

    *ready* is awaited once the rooms stand, before the first request reaches them. Raises as ``open_rooms`` does.
    """
    from nodetool.server.listener import listening

    options = Options(
        host=config.host,
        allow_hosts=config.allow_host,
        allow_origins=config.allow_origin,
        max_body=config.max_body,
        max_blob=config.max_blob * MIB,
        page=shipped("api-demo.html"),
        max_wait=config.max_wait,
    )
    stop = _signals()
    async with listening(sock, options, on_end=stop.set) as front:
        host, port = sock.getsockname()[:2]
        _log.info("server.listening", host=host, port=port, home=str(config.folder))
        async with open_rooms(config, allow=allowed_nodes(config, options)) as rooms:
            # Nothing takes longer to import than the framework: the runner starts meanwhile, and /health is answered.
            await asyncio.to_thread(import_module, "nodetool.server.asgi")
            await ready(rooms)
            lag = Lag()
            lag.open()
            site = _site(rooms, options, lag)
            front.site = site
            _settle_memory()
            await stop.wait()
            _log.info("server.stopping")
            await rooms.jobs.finish(config.drain)
            await site.shutdown()
            lag.close()


def allowed_nodes(config: Config, options: Options) -> Sequence[str] | None:
    """Return the types of nodes that may touch the machine: on the Editor all, on the worker those that are named."""
    return None if options.surface == "editor" else config.allow_nodes


def _site(rooms: Rooms, options: Options, lag: Lag) -> "Site":
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
