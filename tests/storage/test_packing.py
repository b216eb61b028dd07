"""Batches of many small events take less room, and come back as they were."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.protocol.errors import StorageFailed
from nodetool.protocol.values import HAS_BYTES
from nodetool.storage.packing import PACKED, SMALL_EVENT, WORTH_BYTES, pack, unpack
from nodetool.storage.port import Append
from nodetool.storage.sqlite import FILE, Store
from tests.storage.helpers import accept, batch

EVERYTHING = 1 << 30
MANY = 1000

sizes = st.integers(0, 3 * WORTH_BYTES)


def flood(no: int, first_seq: int) -> Append:
    """Return so many events that they are packed."""
    data = batch(first_seq, MANY)
    return Append(no=no, attempt=1, first_seq=first_seq, count=MANY, flags=HAS_BYTES, data=data)


@given(st.integers(1, 500), st.sampled_from([0, HAS_BYTES]), st.binary(max_size=64), sizes)
def test_what_is_packed_comes_back_as_it_was(count: int, flags: int, unit: bytes, size: int) -> None:
    data = (unit * size)[:size]

    assert unpack(*pack(count, flags, data)) == (flags, data)


@pytest.mark.parametrize(
    ("count", "size", "is_packed"),
    [
        (40, WORTH_BYTES, True),
        (40, WORTH_BYTES - 1, False),
        (WORTH_BYTES // SMALL_EVENT, WORTH_BYTES, True),
        (WORTH_BYTES // SMALL_EVENT, WORTH_BYTES + 1, False),
        (1, 1 << 20, False),
    ],
)
def test_many_small_events_are_packed_and_no_others(count: int, size: int, is_packed: bool) -> None:
    flags, data = pack(count, HAS_BYTES, b"x" * size)

    assert flags == HAS_BYTES | PACKED * is_packed
    assert (len(data) < size) == is_packed


async def test_a_reader_sees_nothing_of_it(store: Store) -> None:
    await store.writer.append([accept(1), flood(1, 2), flood(1, 2 + MANY)])

    first, second = await store.reader.events(1, 0, limit=EVERYTHING, max_bytes=EVERYTHING)
    assert (first.first_seq, first.count, first.flags, first.data) == (2, MANY, HAS_BYTES, batch(2, MANY))
    assert second.data == batch(2 + MANY, MANY)
    assert await store.reader.last_event(1) == batch(1 + 2 * MANY, 1)


async def test_it_takes_less_room(store: Store, tmp_path: Path) -> None:
    await store.writer.append([accept(1), flood(1, 2)])

    with sqlite3.connect(tmp_path / FILE) as database:
        ((stored,),) = database.execute("SELECT length(bytes) FROM events").fetchall()
    assert stored * 2 < len(batch(2, MANY))


async def test_a_page_holds_as_much_as_was_told_not_as_is_stored(store: Store) -> None:
    await store.writer.append([accept(1), *(flood(1, 2 + MANY * place) for place in range(4))])

    page = await store.reader.events(1, 0, limit=EVERYTHING, max_bytes=len(batch(2, MANY)) + 1)
    assert len(page) == 2


async def test_damaged_bytes_are_said_to_be(store: Store, tmp_path: Path) -> None:
    await store.writer.append([accept(1), flood(1, 2)])
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute("UPDATE events SET bytes = x'00'")

    with pytest.raises(StorageFailed):
        await store.reader.events(1, 0, limit=EVERYTHING, max_bytes=EVERYTHING)
