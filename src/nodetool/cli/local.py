"""Run a workflow in this process, in a home of its own that is gone afterwards."""

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec

from nodetool.app import Rooms, open_rooms
from nodetool.auth.identity import USER
from nodetool.cli import vault
from nodetool.cli.bundling import bundled, stored_by
from nodetool.cli.types import index_file
from nodetool.config import Config
from nodetool.jobs.cursor import Batch
from nodetool.jobs.ending import Ending
from nodetool.jobs.job import Job
from nodetool.protocol import codec
from nodetool.protocol.answers import JobProfile
from nodetool.protocol.errors import FAILURES, HomeInUse, JobCancelled, JobFailed, NotFound
from nodetool.storage.home import own_home
from nodetool.storage.sqlite import FILE, open_store

Watch = Callable[[Batch], None]

Look = Callable[[JobProfile], None]


async def run(
    config: Config,
    graph: bytes,
    params: dict[str, Any],
    watch: Watch | None = None,
    look: Look | None = None,
    *,
    env: Mapping[str, str],
) -> dict[str, Any]:
    """Run *graph* and return its result. Ctrl-C cancels the run.

    *watch* sees the events as they are stored, and *look* where the time went, however the run ended.
    Its secrets are the variables of *env* with their names, else those of the home.

    Raises:
        HasFindings, InvalidGraph, InvalidParams: nothing was run.
        JobFailed, JobCancelled: how the run ended.
    """
    async with rooms(config, {**await vault.stored(config, USER), **env}) as house:
        job = await house.jobs.start_graph(USER, graph, params)
        with on_interrupt(lambda: _cancel(house, job)):
            if watch:
                await _follow(job, watch)
            ending = await job.wait()
        if look:
            look(await house.jobs.profile(USER, job.id))
    return _result(ending)


async def stored(config: Config, id: str) -> bytes:
    """Return the graph of a workflow of the home, with those that it calls. Raises NotFound, HomeInUse, HomeTooNew."""
    if not (config.folder / FILE).exists():
        raise NotFound("workflow", id)
    try:
        with await own_home(config.folder):
            return await _graph_of(config, id)
    except HomeInUse as error:
        raise HomeInUse(f"{error.detail.rstrip('.')}: run the workflow there, or stop it first.") from error


@asynccontextmanager
async def rooms(config: Config, given: Mapping[str, str]) -> AsyncIterator[Rooms]:
    """Open a home that nobody else has; the node types are still those that the home of *config* knows."""
    with tempfile.TemporaryDirectory(prefix="nodetool-") as folder:
        here = msgspec.structs.replace(config, home=Path(folder), runners=0, sync="normal")
        async with open_rooms(here, index=index_file(config), given=given) as house:
            yield house


@contextmanager
def on_interrupt(act: Callable[[], None]) -> Iterator[None]:
    """Have *act* called at the first Ctrl-C or SIGTERM. At a second one whatever runs is interrupted.

    Not by the loop: a node that does not let go of it would keep the second signal from being heard.
    """
    loop = asyncio.get_running_loop()
    heard: list[int] = []

    def hear(number: int, _: FrameType | None) -> None:
        heard.append(number)
        if len(heard) > 1:
            raise KeyboardInterrupt
        loop.call_soon_threadsafe(act)

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _cancel(house: Rooms, job: Job) -> None:
    cancelling = asyncio.ensure_future(house.jobs.cancel(USER, job.id))
    cancelling.add_done_callback(lambda done: done.exception())  # the run's end says what came of it


async def _follow(job: Job, watch: Watch) -> None:
    cursor = job.events()
    try:
        while batch := await cursor.next():
            watch(batch)
    finally:
        cursor.close()


def _result(ending: Ending) -> dict[str, Any]:
    if ending.status == "cancelled":
        raise JobCancelled
    if ending.status == "failed":
        kind = FAILURES.get(ending.code, JobFailed)
        raise kind(_blame(ending), errors=ending.errors)
    result: dict[str, Any] = msgspec.json.decode(codec.json_of_msgpack(ending.result))
    return result


def _blame(ending: Ending) -> str:
    node = next((fault.node_id for fault in ending.errors if fault.node_id), None)
    return f"node {node} failed: {ending.error}" if node else ending.error


async def _graph_of(config: Config, id: str) -> bytes:
    store = open_store(config.folder, sync=config.sync)
    try:
        find = stored_by(store.reader, USER)
        document = await find(id)
        return codec.to_json(await bundled(document["graph"], config, find))
    finally:
        await store.close()
