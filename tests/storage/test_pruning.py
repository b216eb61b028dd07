"""What is deleted, and what stays of it."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nodetool.protocol.errors import StorageFailed
from nodetool.storage import connect
from nodetool.storage.port import Done, DropGraphs, Expire, Once, Outcome, Prune, Refused, Sweep
from nodetool.storage.sqlite import FILE, Store, open_store
from tests.storage.helpers import accept, append, checkpoint, end, job_id, requeue

DONE = Done()
MISSING = Refused("missing")
EVERYTHING = 1 << 30


async def ended(store: Store, *numbers: int, batches: int = 1, user: str = "1") -> None:
    """Store jobs that completed, each with so many batches of events."""
    for no in numbers:
        appended = [append(no, 2 + place) for place in range(batches - 1)]
        await store.writer.append([accept(no, user=user), *appended, end(no, 1 + batches, finished_us=no)])


async def prune(store: Store, *numbers: int, now_us: int = 7) -> Outcome:
    (outcome,) = await store.writer.append([Prune(jobs=numbers, now_us=now_us)])
    return outcome


async def sweep(store: Store, batches: int = 100, size: int = EVERYTHING) -> Outcome:
    (outcome,) = await store.writer.append([Sweep(batches=batches, bytes=size)])
    return outcome


async def left(store: Store, no: int) -> int:
    """How many batches of a job are stored."""
    return len(await store.reader.events(no, 0, limit=EVERYTHING, max_bytes=EVERYTHING))


def rows(home: Path, table: str) -> int:
    connection = connect.to_read(home / FILE)
    ((count,),) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
    connection.close()
    return int(count)


async def test_a_pruned_job_leaves_a_tombstone_that_knows_its_user(store: Store) -> None:
    await ended(store, 1, user="ann")
    await ended(store, 2)

    assert await prune(store, 1) == DONE
    assert await store.reader.job(job_id(1)) is None
    assert await store.reader.pruned(job_id(1)) == "ann"
    assert await store.reader.pruned(f"{job_id(1)[:8]}-0000-0000-0000-{job_id(1)[20:]}") == "ann"
    assert await store.reader.job(job_id(2)) is not None
    for none in (job_id(2), job_id(3), "nonsense"):
        assert await store.reader.pruned(none) is None


async def test_only_what_has_ended_is_pruned(store: Store) -> None:
    await store.writer.append([accept(1), accept(2, status="queued"), accept(3), requeue(3, 2)])

    await prune(store, 1, 2, 3, 4)

    assert [row.no for row in await store.reader.unfinished()] == [1, 2, 3]
    assert await sweep(store) == MISSING


async def test_events_go_from_the_last_to_the_first_a_few_at_a_time(store: Store) -> None:
    await ended(store, 1, batches=5)
    await prune(store, 1)

    assert await sweep(store, batches=2) == DONE
    assert [batch.first_seq for batch in await store.reader.events(1, 0, limit=9, max_bytes=EVERYTHING)] == [2, 3, 4]
    assert await sweep(store, batches=2) == DONE
    assert await left(store, 1) == 1
    assert await sweep(store, batches=2) == DONE
    assert await sweep(store, batches=2) == MISSING
    assert await left(store, 1) == 0


async def test_a_sweep_stops_behind_its_bytes(store: Store) -> None:
    await ended(store, 1, batches=6)  # 6 bytes each
    await prune(store, 1)

    await sweep(store, size=7)

    assert await left(store, 1) == 4


async def test_a_sweep_takes_several_jobs_and_leaves_their_neighbours(store: Store) -> None:
    await ended(store, 1, 2, 3, 4, 5, batches=2)
    await prune(store, 2, 4)

    await sweep(store)

    assert [await left(store, no) for no in range(1, 6)] == [2, 0, 2, 0, 2]
    assert await sweep(store) == MISSING


async def test_what_a_crash_left_is_swept_after_it(tmp_path: Path) -> None:
    store = open_store(tmp_path, sync="normal")
    await ended(store, 1, 2, batches=3)
    await prune(store, 1, 2)
    await sweep(store, batches=1)
    await store.close()

    store = open_store(tmp_path, sync="normal")
    while await sweep(store, batches=1) == DONE:
        pass
    assert [await left(store, no) for no in (1, 2)] == [0, 0]
    await store.close()
    assert rows(tmp_path, "leftovers") == 0


async def test_a_pruned_job_leaves_no_checkpoint(store: Store, tmp_path: Path) -> None:
    await store.writer.append([accept(1), checkpoint(1), end(1, 2), accept(2), checkpoint(2)])

    await prune(store, 1, 2)

    assert await store.reader.checkpoints(1) == []
    assert rows(tmp_path, "checkpoints") == 1


async def test_the_number_of_a_pruned_job_never_comes_back(tmp_path: Path) -> None:
    store = open_store(tmp_path, sync="normal")
    await ended(store, 1, 2, 3)
    await prune(store, 3)
    await prune(store, 1, 2)
    await store.close()

    store = open_store(tmp_path, sync="normal")
    assert store.writer.next_no() == 4
    await store.close()


async def test_a_graph_that_a_later_job_pins_is_spared(store: Store) -> None:
    hashes = [letter * 64 for letter in "abc"]
    for no, hash in enumerate(hashes, 1):
        await store.writer.append([accept(no, graph_hash=hash, graph=hash.encode())])

    await store.writer.append([DropGraphs(hashes=hashes[1:], after_no=2)])

    assert [await store.reader.graph(hash) is not None for hash in hashes] == [True, False, True]


async def test_requests_and_tombstones_are_forgotten_in_time(store: Store, tmp_path: Path) -> None:
    for no in range(1, 7):
        once = Once(key=str(no), route="r", body=b"")
        await store.writer.append([accept(no, once=once, created_us=no), end(no, 2)])
        await prune(store, no, now_us=no)

    async def expire() -> Outcome:
        (outcome,) = await store.writer.append([Expire(requests_us=4, tombstones_us=3, limit=2)])
        return outcome

    assert [await expire() for _ in range(3)] == [DONE, DONE, MISSING]
    assert [await store.reader.pruned(job_id(no)) for no in range(1, 7)] == [None] * 3 + ["1"] * 3
    assert rows(tmp_path, "requests") == 2


async def test_jobs_that_ended_are_counted_and_walked_by_number(store: Store) -> None:
    await ended(store, 1, 2, 4)
    await store.writer.append([accept(3), accept(5, status="queued"), accept(6), end(6, 2, status="failed")])

    assert await store.reader.ended_count() == 4
    assert await store.reader.oldest_ended(0, limit=2) == [(1, 1), (2, 2)]
    assert await store.reader.oldest_ended(2, limit=9) == [(4, 4), (6, 9)]


async def test_pins_and_graphs_are_walked_in_their_order(store: Store) -> None:
    hashes = ["b" * 64, "a" * 64, "b" * 64]
    for no, hash in enumerate(hashes, 1):
        await store.writer.append([accept(no, graph_hash=hash, graph=b"{}")])

    assert await store.reader.pins(1, limit=9) == [(2, hashes[1]), (3, hashes[2])]
    assert await store.reader.graph_hashes("", limit=1) == ["a" * 64]
    assert await store.reader.graph_hashes("a" * 64, limit=9) == ["b" * 64]


async def test_a_list_that_cannot_be_read_says_so(store: Store) -> None:
    store.reader._paged.close()

    with pytest.raises(StorageFailed, match="read") as caught:
        await store.reader.ended_count()
    assert isinstance(caught.value.__cause__, sqlite3.Error)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
async def test_whatever_is_pruned_nothing_is_half_there(store: Store, data: st.DataObject) -> None:
    """Each job is whole or gone with all its events; a tombstone stands for each that is gone."""
    numbers = [store.writer.next_no() for _ in range(data.draw(st.integers(1, 8)))]
    batches = {no: data.draw(st.integers(1, 6)) for no in numbers}
    open_ones = {no for no in numbers if data.draw(st.integers(0, 4)) == 0}
    for no in numbers:
        appended = [append(no, 2 + place) for place in range(batches[no] - 1)]
        last = [append(no, 1 + batches[no])] if no in open_ones else [end(no, 1 + batches[no])]
        await store.writer.append([accept(no), *appended, *last])
    gone: set[int] = set()
    for _ in range(data.draw(st.integers(1, 6))):
        chosen = data.draw(st.sets(st.sampled_from(numbers)))
        await prune(store, *chosen)
        gone |= chosen - open_ones
        await sweep(store, data.draw(st.integers(1, 7)), data.draw(st.integers(1, 40)))
    while await sweep(store, 3) == DONE:
        pass

    for no in numbers:
        assert (await store.reader.job(job_id(no)) is None) == (no in gone)
        assert await store.reader.pruned(job_id(no)) == ("1" if no in gone else None)
        assert await left(store, no) == (0 if no in gone else batches[no])
