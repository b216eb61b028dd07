"""The write-ahead log stays short, and nobody wakes an idle machine for it."""

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nodetool.storage import connect
from nodetool.storage.checkpoint import Checkpointer
from nodetool.storage.port import Done
from nodetool.storage.sqlite import FILE, Store, open_store
from tests.storage.helpers import Away, accept

MIB = 1 << 20
SECONDS = 10.0


@contextmanager
def rounds(store: Store) -> Iterator[list[str]]:
    """The checkpoints that are made meanwhile."""
    seen: list[str] = []
    store.checkpoints._connection.set_trace_callback(seen.append)
    yield seen
    store.checkpoints._connection.set_trace_callback(None)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not holds():
            await asyncio.sleep(0.005)


def sizes(home: Path) -> tuple[int, int]:
    """Bytes of the log and of the database."""
    return (home / f"{FILE}-wal").stat().st_size, (home / FILE).stat().st_size


async def test_what_was_committed_moves_into_the_database(tmp_path: Path) -> None:
    store = open_store(tmp_path, sync="normal", checkpoint_s=0.01)
    await store.writer.append([accept(1, params=bytes(MIB))])

    await until(lambda: sizes(tmp_path)[1] > MIB)

    await store.close()


async def test_an_idle_store_makes_no_checkpoints(tmp_path: Path) -> None:
    store = open_store(tmp_path, sync="normal", checkpoint_s=0.01)
    with rounds(store) as seen:
        await asyncio.sleep(0.1)
        assert seen == []

        await store.writer.append([accept(1)])
        await until(lambda: len(seen) == 1)
        await asyncio.sleep(0.1)
        assert len(seen) == 1

    await store.close()


@pytest.mark.parametrize("sync", ["normal", "full"])
async def test_the_log_is_bounded_under_steady_load(tmp_path: Path, sync: str) -> None:
    bound = 2 * MIB
    store = open_store(tmp_path, sync="full" if sync == "full" else "normal", checkpoint_s=0.02, max_wal_bytes=bound)
    highest = written = 0

    end = time.monotonic() + 1.0  # a fast disk takes 40 MiB between two looks at the log
    while written < 40 * MIB or time.monotonic() < end:
        ops = [accept(store.writer.next_no(), params=bytes(32_000)) for _ in range(4)]
        assert await store.writer.append(ops) == [Done()] * 4
        written += 4 * 32_000
        highest = max(highest, sizes(tmp_path)[0])

    print(f"{written / MIB:.0f} MiB written, the log held {highest / MIB:.1f} MiB at most")
    await store.close()
    assert bound / 2 < highest < written / 2


async def test_a_reader_in_the_middle_of_a_list_delays_but_does_not_stop_the_writer(tmp_path: Path) -> None:
    store = open_store(tmp_path, sync="normal", checkpoint_s=0.005, max_wal_bytes=MIB)
    await store.writer.append([accept(store.writer.next_no()) for _ in range(9)])
    other = connect.to_read(tmp_path / FILE)
    reading = other.execute("SELECT * FROM jobs")
    reading.fetchone()

    for _ in range(100):
        await store.writer.append([accept(store.writer.next_no(), params=bytes(64_000))])
    held = sizes(tmp_path)[0]
    reading.close()
    other.close()

    async with asyncio.timeout(SECONDS):
        while sizes(tmp_path)[0] > MIB:  # it starts over when a checkpoint has copied all, and is cut to its bound
            await store.writer.append([accept(store.writer.next_no())])
    await store.close()
    assert held > 5 * MIB


async def test_a_checkpoint_that_fails_is_reported_once_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store(tmp_path, sync="normal", checkpoint_s=0.005)
    store.checkpoints._connection.set_authorizer(lambda *_: sqlite3.SQLITE_DENY)
    caplog.set_level(logging.WARNING, "nodetool.storage.checkpoint")

    with rounds(store):
        for no in range(1, 5):
            await store.writer.append([accept(no, params=bytes(MIB))])
            await asyncio.sleep(0.03)
    assert len(caplog.records) == 1

    store.checkpoints._connection.set_authorizer(None)
    await store.writer.append([accept(5)])
    await until(lambda: sizes(tmp_path)[1] > 4 * MIB)
    await store.close()


def test_a_writer_that_asks_is_always_told_to_go_on(tmp_path: Path) -> None:
    checkpoints = Checkpointer(connect.to_write(tmp_path / FILE), every_s=60)
    for _ in range(100):
        told = threading.Event()
        checkpoints.ask(told.set)
        assert told.wait(SECONDS)
    checkpoints.close()


async def test_closing_ends_the_threads(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    store = open_store(tmp_path, sync="full", pace=Away())
    await store.writer.append([])
    await store.reader.unfinished()
    opened = set(threading.enumerate()) - before
    assert len(opened) == 3

    await store.close()

    assert not any(thread.is_alive() for thread in opened)
