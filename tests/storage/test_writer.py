"""What waits at the end of a loop tick is one transaction, and whoever waits hears what became of it."""

import asyncio
import gc
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nodetool.protocol.errors import StorageFailed, StorageFull
from nodetool.storage import connect
from nodetool.storage.pace import FIRST
from nodetool.storage.port import Begin, Cancel, Done, Op, Refused
from nodetool.storage.sqlite import FILE, Store, open_store
from nodetool.storage.transaction import Call
from tests.storage.helpers import accept, append, checkpoint, end, job_id, requeue, save

DONE = Done()


def connection(store: Store) -> sqlite3.Connection:
    return store.writer._transactions._connection


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """The first word or two of every statement that the writer runs meanwhile."""
    seen: list[str] = []
    connection(store).set_trace_callback(seen.append)
    yield seen
    connection(store).set_trace_callback(None)


def transactions(seen: list[str]) -> int:
    return seen.count("COMMIT")


def levels(seen: list[str]) -> list[str]:
    return [text.rpartition(" ")[2] for text in seen if text.startswith("PRAGMA synchronous")]


@pytest.fixture(params=["store", "full_store", "threaded_store"])
def either(request: pytest.FixtureRequest) -> Store:
    """The store in both modes, in the loop and on a thread."""
    opened: Store = request.getfixturevalue(request.param)
    return opened


async def test_what_one_tick_brings_is_one_transaction(either: Store) -> None:
    with statements(either) as seen:
        outcomes = await asyncio.gather(*[either.writer.append([accept(no)]) for no in range(1, 6)])

    assert outcomes == [[DONE]] * 5
    assert transactions(seen) == 1


async def test_what_arrives_during_a_commit_on_the_thread_is_the_next_transaction(threaded_store: Store) -> None:
    with statements(threaded_store) as seen:
        first = threaded_store.writer.append([accept(1)])
        await asyncio.sleep(0)  # the group has left for the thread; until the loop turns it is under way
        others = [threaded_store.writer.append([accept(no)]) for no in range(2, 6)]
        await asyncio.gather(first, *others)

    assert transactions(seen) == 2


async def test_operations_take_effect_in_the_order_they_were_given(either: Store) -> None:
    begin = Begin(no=1, attempt=2, started_us=1)
    ops: list[Op] = [accept(1), append(1, 2), requeue(1, 3), begin, append(1, 4, attempt=2), end(1, 5, attempt=2)]

    outcomes = await asyncio.gather(*[either.writer.append([op]) for op in ops])

    assert outcomes == [[DONE]] * len(ops)


async def test_the_queue_takes_operations_in_the_call(store: Store) -> None:
    given: list[Op] = [accept(1)]
    waiting = store.writer.append(given)
    given.clear()

    assert await waiting == [DONE]


async def test_a_caller_who_stops_waiting_does_not_stop_the_change(either: Store) -> None:
    either.writer.append([accept(1)]).cancel()

    assert await either.writer.append([append(1, 2)]) == [DONE]


async def test_with_normal_no_commit_waits_for_the_disk(store: Store) -> None:
    with statements(store) as seen:
        await store.writer.append([accept(1), end(1, 2)])

    assert levels(seen) == []
    assert connection(store).execute("PRAGMA synchronous").fetchone() == (1,)


async def test_with_full_only_what_somebody_relies_on_waits_for_the_disk(full_store: Store) -> None:
    async def level_of(*ops: Op) -> list[str]:
        with statements(full_store) as seen:
            await full_store.writer.append(ops)
        return levels(seen)

    assert await level_of(accept(1)) == ["FULL"]
    assert await level_of(accept(2), append(2, 2)) == []  # it changes only when it must
    assert await level_of(append(1, 2)) == ["NORMAL"]
    assert await level_of(append(1, 3), append(2, 3)) == []
    assert await level_of(requeue(1, 4)) == []
    assert await level_of(append(2, 4), Cancel(no=1)) == ["FULL"]
    assert await level_of(append(1, 5, attempt=2)) == ["NORMAL"]
    assert await level_of(end(1, 6, attempt=2, status="cancelled")) == ["FULL"]
    assert await level_of(append(2, 5)) == ["NORMAL"]
    assert await level_of(checkpoint(2), append(2, 6)) == ["FULL"]
    assert await level_of(append(2, 7)) == ["NORMAL"]
    assert await level_of(save("w")) == ["FULL"]


async def test_the_level_is_set_outside_the_transaction(full_store: Store) -> None:
    with statements(full_store) as seen:
        await full_store.writer.append([accept(1)])

    assert seen[0].startswith("PRAGMA synchronous")
    assert seen[1] == "BEGIN IMMEDIATE"


async def test_a_full_disk_refuses_the_whole_group_and_the_next_goes_on(either: Store) -> None:
    (pages,) = connection(either).execute("PRAGMA page_count").fetchone()
    connection(either).execute(f"PRAGMA max_page_count = {pages + 2}")
    huge = either.writer.append([accept(2, params=bytes(100_000))])

    results = await asyncio.gather(either.writer.append([accept(1)]), huge, return_exceptions=True)

    assert [type(result) for result in results] == [StorageFull, StorageFull]
    assert results[0] is not results[1]
    assert await either.reader.job(job_id(1)) is None
    connection(either).execute("PRAGMA max_page_count = 1000000")
    assert await either.writer.append([accept(1), accept(2)]) == [DONE, DONE]


async def test_a_locked_database_refuses_the_group_and_the_next_goes_on(either: Store, tmp_path: Path) -> None:
    either.writer._transactions._busy_ms = 10
    other = connect.to_write(tmp_path / FILE)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StorageFailed):
        await either.writer.append([accept(1)])

    other.execute("ROLLBACK")
    other.close()
    assert await either.writer.append([accept(1)]) == [DONE]


async def test_the_loop_goes_on_while_a_transaction_waits_for_somebody_else(either: Store, tmp_path: Path) -> None:
    other = connect.to_write(tmp_path / FILE)
    other.execute("BEGIN IMMEDIATE")

    waiting = either.writer.append([accept(1)])
    for _ in range(5):
        await asyncio.sleep(0.01)
    assert not waiting.done()

    other.execute("ROLLBACK")
    other.close()
    assert await waiting == [DONE]
    assert await either.writer.append([append(1, 2)]) == [DONE]


async def test_a_slow_disk_moves_transactions_to_a_thread_and_back(store: Store) -> None:
    def threads() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name == "nodetool-writer"]

    before = threads()
    await store.writer.append([accept(1)])
    assert threads() == before
    store.writer._pace.took(1.0)
    for seq in range(2, 2 + FIRST):
        await store.writer.append([append(1, seq)])
    assert len(threads()) == len(before) + 1
    assert store.writer._pace.stays()


async def test_a_failing_commit_is_rolled_back(store: Store) -> None:
    """Here SQLite itself refuses the COMMIT: a constraint that it checks only then is broken."""
    connection(store).executescript(
        "PRAGMA foreign_keys = ON;"
        "CREATE TABLE late (no INTEGER REFERENCES jobs (no) DEFERRABLE INITIALLY DEFERRED);"
        "CREATE TEMP TRIGGER spoil AFTER INSERT ON graphs BEGIN INSERT INTO late VALUES (-1); END;"
    )

    with pytest.raises(StorageFailed):
        await store.writer.append([accept(1, graph=b"{}")])

    assert await store.reader.job(job_id(1)) is None
    assert await store.writer.append([accept(1)]) == [DONE]


@pytest.mark.parametrize(
    "bad",
    [
        accept(7, id="no hex"),
        accept(7, user="\ud800"),
        accept(7, user=None),
        accept(1 << 63),
        append(1, 2, count=0),
    ],
    ids=["id", "text", "null", "number", "empty batch"],
)
async def test_an_operation_that_cannot_be_tried_fails_its_caller_alone(either: Store, bad: Op) -> None:
    results = await asyncio.gather(
        either.writer.append([accept(1)]),
        either.writer.append([accept(2), bad]),
        either.writer.append([append(1, 2)]),
        return_exceptions=True,
    )

    assert results[0] == results[2] == [DONE]
    assert isinstance(results[1], StorageFailed)
    assert await either.reader.job(job_id(2)) is None


async def test_what_was_committed_is_let_go_while_nothing_comes(either: Store) -> None:
    def held() -> list[Call]:
        every = [one for one in gc.get_objects() if type(one) is Call]
        return [one for one in every if one.future.get_loop() is asyncio.get_running_loop()]

    await either.writer.append([accept(1)])
    async with asyncio.timeout(5):
        while held():
            await asyncio.sleep(0.01)


async def test_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    store = open_store(tmp_path, sync="normal")
    assert [store.writer.next_no(), store.writer.next_no()] == [1, 2]
    await store.writer.append([accept(2)])
    await store.close()

    store = open_store(tmp_path, sync="normal")
    assert store.writer.next_no() == 3
    await store.close()


@pytest.mark.parametrize("sync", ["normal", "full"])
async def test_close_commits_what_waits_and_takes_nothing_more(tmp_path: Path, sync: str) -> None:
    store = open_store(tmp_path, sync="full" if sync == "full" else "normal")
    waiting = store.writer.append([accept(1)])

    await store.close()

    assert await waiting == [DONE]
    with pytest.raises(StorageFailed):
        await store.writer.append([accept(2)])
    assert not (tmp_path / f"{FILE}-wal").exists()


async def test_a_refusal_does_not_touch_its_neighbours(either: Store) -> None:
    outcomes = await either.writer.append([accept(1), accept(1), append(1, 9), append(1, 2), end(1, 3)])

    assert outcomes == [DONE, Refused("conflict"), Refused("stale"), DONE, DONE]
