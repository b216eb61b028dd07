"""Reads: rows by key, lists with cursors, pages of events."""

import random
import sqlite3
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nodetool.protocol.errors import InvalidCursor
from nodetool.storage import connect, queries
from nodetool.storage.keys import LAST_SEQ
from nodetool.storage.port import Batch, Cancel
from nodetool.storage.reader import page_of_batches
from nodetool.storage.sqlite import FILE, Store
from tests.storage.helpers import HASH, accept, append, batch, delete, end, job_id, requeue, save

EVERYTHING = 1 << 30


async def pages_of_jobs(store: Store, *, limit: int, **filters: str) -> list[list[int]]:
    """Walk a whole list."""
    pages, cursor = [], ""
    while True:
        page = await store.reader.jobs("1", limit=limit, cursor=cursor, **filters)
        pages.append([row.no for row in page.rows])
        cursor = page.next
        if not cursor:
            return pages


async def test_what_is_not_there_is_none(store: Store) -> None:
    assert await store.reader.workflow("w") is None
    assert await store.reader.job(job_id(1)) is None
    assert await store.reader.graph(HASH) is None
    assert await store.reader.last_event(1) is None
    assert await store.reader.unfinished() == []
    assert await store.reader.events(1, 0, limit=9, max_bytes=EVERYTHING) == []


@pytest.mark.parametrize("id", ["", "nope", "ab" * 15, "g" * 32, "0 " * 16, "ä" * 32])
async def test_what_is_no_id_is_no_job(store: Store, id: str) -> None:
    assert await store.reader.job(id) is None


async def test_an_id_may_have_dashes_and_capitals(store: Store) -> None:
    await store.writer.append([accept(1, id="0123456789abcdef0123456789abcdef")])

    found = await store.reader.job("01234567-89AB-CDEF-0123-456789ABCDEF")
    assert found is not None
    assert found.id == "0123456789abcdef0123456789abcdef"


async def test_the_last_event_is_one_map(store: Store) -> None:
    await store.writer.append([accept(1), accept(2), append(1, 2, 3), append(2, 2, 1), end(1, 5, 3)])

    assert await store.reader.last_event(1) == batch(7, 1)
    assert await store.reader.last_event(2) == batch(2, 1)


async def test_a_job_that_was_only_accepted_has_no_stored_event(store: Store) -> None:
    await store.writer.append([accept(1), accept(2), append(2, 2)])

    assert await store.reader.last_event(1) is None


async def test_unfinished_jobs_come_oldest_first_with_their_params(store: Store) -> None:
    await store.writer.append([accept(no, params=b"%d" % no, status="queued") for no in (1, 3, 5)])
    await store.writer.append([accept(no, params=b"%d" % no) for no in (2, 4, 6)])
    await store.writer.append([end(1, 2), end(4, 2, status="failed"), Cancel(no=2), requeue(6, 2)])

    found = await store.reader.unfinished()
    assert [(row.no, row.params) for row in found] == [(2, b"2"), (3, b"3"), (5, b"5"), (6, b"6")]
    assert [row.cancel_requested for row in found] == [True, False, False, False]


async def test_jobs_are_listed_newest_first_without_params(store: Store) -> None:
    await store.writer.append([accept(no, params=b'{"long":1}') for no in range(1, 6)])

    assert await pages_of_jobs(store, limit=2) == [[5, 4], [3, 2], [1]]
    assert {row.params for row in (await store.reader.jobs("1", limit=9, cursor="")).rows} == {b""}


async def test_a_last_page_that_is_full_has_no_next(store: Store) -> None:
    await store.writer.append([accept(no) for no in range(1, 5)])

    assert await pages_of_jobs(store, limit=2) == [[4, 3], [2, 1]]


async def test_jobs_of_another_user_are_not_listed(store: Store) -> None:
    await store.writer.append([accept(1), accept(2, user="2"), accept(3)])

    assert await pages_of_jobs(store, limit=1) == [[3], [1]]


async def test_jobs_are_filtered_by_workflow_and_status(store: Store) -> None:
    await store.writer.append([accept(no, workflow_id="ab"[no % 2]) for no in range(1, 9)])
    await store.writer.append([accept(9, user="2")])
    await store.writer.append([end(1, 2), end(2, 2), end(3, 2, status="failed"), end(4, 2, status="failed")])
    await store.writer.append([requeue(5, 2), end(9, 2, status="failed")])

    assert await pages_of_jobs(store, limit=3, workflow_id="b") == [[7, 5, 3], [1]]
    assert await pages_of_jobs(store, limit=1, status="failed") == [[4], [3]]
    assert await pages_of_jobs(store, limit=1, status="completed") == [[2], [1]]
    assert await pages_of_jobs(store, limit=9, status="running") == [[8, 7, 6]]
    assert await pages_of_jobs(store, limit=9, status="queued", workflow_id="b") == [[5]]
    assert await pages_of_jobs(store, limit=9, status="queued", workflow_id="a") == [[]]


async def test_a_cursor_keeps_its_place_while_jobs_are_added(store: Store) -> None:
    await store.writer.append([accept(no) for no in range(1, 5)])
    page = await store.reader.jobs("1", limit=2, cursor="")

    await store.writer.append([accept(no) for no in range(5, 9)])

    page = await store.reader.jobs("1", limit=9, cursor=page.next)
    assert [row.no for row in page.rows] == [2, 1]


async def test_a_cursor_keeps_its_place_while_workflows_come_and_go(store: Store) -> None:
    """Whatever happens between two pages, what is there all the time is seen exactly once."""
    await store.writer.append([save(f"stays{n}") for n in range(20)])
    chance = random.Random(1)
    seen: list[str] = []
    cursor, more = "", True
    while more:
        await store.writer.append([save(f"passes{n}") for n in range(chance.randrange(5))])
        page = await store.reader.workflows("1", limit=3, cursor=cursor, max_bytes=EVERYTHING)
        seen += [row.id for row in page.rows]
        cursor, more = page.next, bool(page.next)
        await store.writer.append([delete(f"passes{n}") for n in range(5)])
        await store.writer.append([save(f"stays{chance.randrange(20)}", etag="new")])

    assert [id for id in seen if id.startswith("stays")] == [f"stays{n}" for n in reversed(range(20))]


async def test_the_place_of_a_deleted_workflow_is_not_given_again(store: Store) -> None:
    await store.writer.append([save("a"), save("b"), save("c")])
    page = await store.reader.workflows("1", limit=1, cursor="", max_bytes=EVERYTHING)

    await store.writer.append([delete("b"), delete("c"), save("d")])

    page = await store.reader.workflows("1", limit=9, cursor=page.next, max_bytes=EVERYTHING)
    assert [row.id for row in page.rows] == ["a"]


async def test_a_page_of_workflows_stops_at_its_bytes_and_holds_one_at_least(store: Store) -> None:
    await store.writer.append([save(id, document=bytes(100)) for id in "abcde"])

    async def page(max_bytes: int) -> tuple[list[str], bool]:
        found = await store.reader.workflows("1", limit=9, cursor="", max_bytes=max_bytes)
        return [row.id for row in found.rows], bool(found.next)

    assert await page(1) == (["e"], True)
    assert await page(200) == (["e", "d"], True)
    assert await page(201) == (["e", "d", "c"], True)
    assert await page(500) == (["e", "d", "c", "b", "a"], False)


async def test_workflows_of_another_user_are_not_listed(store: Store) -> None:
    await store.writer.append([save("a"), save("b", user="2")])

    page = await store.reader.workflows("1", limit=9, cursor="", max_bytes=EVERYTHING)
    assert [row.id for row in page.rows] == ["a"]


def encoded(text: bytes) -> str:
    return urlsafe_b64encode(text).decode().rstrip("=")


NO_BASE64 = ["x", "=", "ä", "🙂", "AAAA", "w1", "\x00", "j" * 5000]
NO_POSITION = [b"j", b"j0", b"j-1", b"j01", b"j+1", b"j 1", b"j1_0", b"k1", b"\xff1", b"j9223372036854775807"]
GARBAGE = [*NO_BASE64, *map(encoded, NO_POSITION), encoded(b"j" + b"9" * 5000), encoded(b"j1") + "=="]


@pytest.mark.parametrize("cursor", GARBAGE)
async def test_a_cursor_that_was_not_given_out_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        await store.reader.jobs("1", limit=9, cursor=cursor)
    with pytest.raises(InvalidCursor):
        await store.reader.workflows("1", limit=9, cursor=cursor, max_bytes=EVERYTHING)


async def test_a_cursor_of_another_list_is_refused(store: Store) -> None:
    await store.writer.append([accept(1), accept(2)])
    page = await store.reader.jobs("1", limit=1, cursor="")

    with pytest.raises(InvalidCursor):
        await store.reader.workflows("1", limit=9, cursor=page.next, max_bytes=EVERYTHING)


async def log_of(store: Store, *counts: int) -> list[Batch]:
    """Store a log of batches, between two other jobs, and return them."""
    await store.writer.append([accept(6), accept(7), accept(8), append(6, 2, 50), append(8, 2, 50)])
    first_seq, stored = 2, []
    for count in counts:
        op = append(7, first_seq, count)
        await store.writer.append([op])
        stored.append(Batch(first_seq=first_seq, count=count, flags=0, data=op.data))
        first_seq += count
    return stored


async def test_events_begin_with_the_batch_that_holds_the_next(store: Store) -> None:
    stored = await log_of(store, 3, 1, 5)  # 2-4, 5, 6-10
    starts = dict.fromkeys((-9, -1, 0, 1, 2, 3), 0) | {4: 1} | dict.fromkeys(range(5, 10), 2)

    for after, start in starts.items():
        assert await store.reader.events(7, after, limit=99, max_bytes=EVERYTHING) == stored[start:]
    for after in (10, 11, LAST_SEQ - 1, LAST_SEQ, LAST_SEQ + 1, 1 << 60):
        assert await store.reader.events(7, after, limit=99, max_bytes=EVERYTHING) == []


async def test_flags_come_back(store: Store) -> None:
    await store.writer.append([accept(1), end(1, 2, flags=5)])

    assert [found.flags for found in await store.reader.events(1, 0, limit=9, max_bytes=EVERYTHING)] == [5]


@settings(max_examples=200)
@given(
    st.lists(st.integers(1, 40), max_size=12),
    st.integers(0, 200),
    st.integers(1, 60),
    st.integers(1, 300),
)
def test_pages_of_events_joined_are_the_log(counts: list[int], after: int, limit: int, max_bytes: int) -> None:
    rows, first_seq = [], 2
    for count in counts:
        rows.append((first_seq, count, 0, batch(first_seq, count)))
        first_seq += count
    heard: list[int] = []
    position = after
    while page := page_of_batches([row for row in rows if row[0] + row[1] - 1 > position], position, limit, max_bytes):
        taken = [seq for one in page for seq in range(one.first_seq, one.first_seq + one.count) if seq > position]
        but_last = page[:-1]
        assert sum(len(one.data) for one in but_last) < max_bytes
        assert sum(one.first_seq + one.count - 1 > position for one in page) == len(page)
        assert len([seq for seq in taken if seq < page[-1].first_seq]) < limit
        heard += taken
        position = heard[-1]

    assert heard == list(range(max(after + 1, 2), first_seq))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=8), st.data())
async def test_a_reader_that_goes_on_where_it_stopped_misses_nothing(
    store: Store, counts: list[int], data: st.DataObject
) -> None:
    no = store.writer.next_no()
    last = 1
    ops = [append(no, last + 1 + sum(counts[:i]), count) for i, count in enumerate(counts)]
    await store.writer.append([accept(no), *ops])

    position, heard = data.draw(st.integers(0, sum(counts))), b""
    start = position
    while page := await store.reader.events(no, position, limit=7, max_bytes=50):
        for one in page:
            kept = max(position + 1, one.first_seq)
            heard += batch(kept, one.first_seq + one.count - kept)
            position = one.first_seq + one.count - 1

    assert heard == batch(max(start + 1, 2), 1 + sum(counts) - max(start, 1))


async def test_a_reader_cannot_write(store: Store) -> None:
    for connection in (store.reader._point, store.reader._paged):
        with pytest.raises(sqlite3.OperationalError):
            connection.execute("DELETE FROM jobs")


READS = {
    "workflow": 1,
    "workflows_page": 3,
    "job": 1,
    "jobs_page": 5,
    "jobs_page_by_status": 5,
    "unfinished": 0,
    "batches": 3,
    "last_batch": 2,
    "graph": 1,
    "found": 1,
    "owner": 1,
    "last_no": 0,
    "request": 4,
    "tombstone": 1,
    "oldest_ended": 2,
    "pins": 2,
    "graph_hashes": 2,
    "leftover": 0,
    "last_keys": 3,
    "pinned_since": 1,
    "token": 1,
    "token_by_id": 1,
    "tokens_of": 1,
    "checkpoints": 1,
    "inputs": 3,
    "inputs_so_far": 2,
    "secrets": 1,
    "secret": 2,
    "params_with": 3,
}


async def test_the_list_of_reads_is_complete() -> None:
    reads = {name for name, text in queries.load().items() if text.startswith("SELECT")}

    # The first counts the entries of an index, the other is for a change of keys.
    assert reads - {"ended_count", "all_secrets"} == set(READS)


@pytest.mark.parametrize(("name", "values"), READS.items())
async def test_a_read_finds_its_rows_by_an_index(store: Store, tmp_path: Path, name: str, values: int) -> None:
    connection = connect.to_read(tmp_path / FILE)
    explained = connection.execute(f"EXPLAIN QUERY PLAN {queries.load()[name]}", (1,) * values)
    plan = [row[3] for row in explained.fetchall()]
    connection.close()

    assert [step for step in plan if step.startswith("SCAN") and "CONSTANT" not in step] == []
    if "page" in name or name in ("batches", "last_batch"):
        assert [step for step in plan if "TEMP B-TREE" in step] == []
