"""Stored files: whole or not at all, and nobody else's."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from nodetool.protocol.errors import InvalidKey, StorageFailed, TooLarge
from nodetool.storage.blobs import PIECE, TEMPORARY_S, Area, FolderBlobs

MIB = 1 << 20


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "files")


async def pieces(*given: bytes) -> AsyncIterator[bytes]:
    for piece in given:
        yield piece


async def stored(blobs: FolderBlobs, key: str, user: str = "1", area: Area = "assets") -> bytes | None:
    file = await blobs.open(area, user, key)
    if file is None:
        return None
    data = b"".join([piece async for piece in file.pieces(0, file.size)])
    file.close()
    return data


def names(blobs: FolderBlobs) -> list[str]:
    return sorted(path.name for path in blobs._folder.rglob("*") if path.is_file())


async def test_a_file_is_stored_replaced_and_removed(blobs: FolderBlobs) -> None:
    assert await stored(blobs, "a.txt") is None
    await blobs.write("assets", "1", "a.txt", pieces(b"one ", b"two"), MIB)
    assert await stored(blobs, "a.txt") == b"one two"
    await blobs.write("assets", "1", "a.txt", pieces(), MIB)
    assert await stored(blobs, "a.txt") == b""

    assert await blobs.delete("assets", "1", "a.txt")
    assert not await blobs.delete("assets", "1", "a.txt")
    assert names(blobs) == []


@pytest.mark.parametrize("user", ["2", "../1", "1/../user-1", "user-1", "1/..", ""])
async def test_a_file_of_another_user_or_area_does_not_exist(blobs: FolderBlobs, user: str) -> None:
    await blobs.write("assets", "1", "a.txt", pieces(b"mine"), MIB)

    assert await stored(blobs, "a.txt", user) is None
    assert await stored(blobs, "a.txt", "1", "temp") is None
    assert not await blobs.delete("assets", user, "a.txt")
    await blobs.write("assets", user, "a.txt", pieces(b"theirs"), MIB)
    assert await stored(blobs, "a.txt") == b"mine"


@pytest.mark.parametrize("key", ["", ".", "..", ".a", "a/b", "/a", "a\\b", "a\0b", "a\nb", "x" * 201, "ü" * 101])
async def test_what_is_no_key_is_refused(blobs: FolderBlobs, key: str) -> None:
    with pytest.raises(InvalidKey):
        await blobs.open("assets", "1", key)
    with pytest.raises(InvalidKey):
        await blobs.write("assets", "1", key, pieces(b"x"), MIB)
    with pytest.raises(InvalidKey):
        await blobs.delete("assets", "1", key)


async def test_a_file_over_the_limit_leaves_the_old_one_and_nothing_else(blobs: FolderBlobs) -> None:
    await blobs.write("assets", "1", "a", pieces(b"old"), 3)

    with pytest.raises(TooLarge):
        await blobs.write("assets", "1", "a", pieces(b"123", b"4"), 3)

    assert await stored(blobs, "a") == b"old"
    assert names(blobs) == ["a"]


async def test_a_write_that_breaks_off_leaves_the_old_one_and_nothing_else(blobs: FolderBlobs) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"new"
        raise ConnectionError

    await blobs.write("assets", "1", "a", pieces(b"old"), MIB)
    with pytest.raises(ConnectionError):
        await blobs.write("assets", "1", "a", broken(), MIB)

    assert await stored(blobs, "a") == b"old"
    assert names(blobs) == ["a"]


async def test_who_reads_has_one_whole_file_while_another_takes_its_place(blobs: FolderBlobs) -> None:
    await blobs.write("assets", "1", "a", pieces(b"o" * (3 * PIECE)), 4 * PIECE)
    file = await blobs.open("assets", "1", "a")
    assert file
    reading = file.pieces(0, file.size)
    first = await anext(reading)

    await blobs.write("assets", "1", "a", pieces(b"new"), MIB)

    assert first + b"".join([piece async for piece in reading]) == b"o" * (3 * PIECE)
    file.close()


async def test_writers_of_one_key_leave_one_of_their_files(blobs: FolderBlobs) -> None:
    each = [bytes([number]) * 10_000 for number in range(8)]
    await asyncio.gather(*(blobs.write("assets", "1", "a", pieces(data[:5000], data[5000:]), MIB) for data in each))

    assert await stored(blobs, "a") in each
    assert names(blobs) == ["a"]


async def test_a_disk_that_does_not_take_it_is_told_without_a_path(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("in the way")

    with pytest.raises(StorageFailed) as failed:
        await FolderBlobs(tmp_path / "files").write("assets", "1", "a", pieces(b"x"), MIB)

    assert str(tmp_path) not in failed.value.detail


async def test_a_sweep_removes_old_temporary_files_and_what_was_not_written_to_its_end(blobs: FolderBlobs) -> None:
    areas: tuple[Area, ...] = ("assets", "temp")
    for area in areas:
        for key in ("old", "new"):
            await blobs.write(area, "1", key, pieces(area.encode()), MIB)
        folder = blobs._folder / area / "user-1"
        (folder / ".old.part").write_bytes(b"x")
        (folder / ".new.part").write_bytes(b"x")
        long_ago = time.time() - TEMPORARY_S - 1
        for key in ("old", ".old.part"):
            os.utime(folder / key, (long_ago, long_ago))

    blobs.sweep()

    assert names(blobs) == [".new.part", ".new.part", "new", "new", "old"]
    assert await stored(blobs, "old") == b"assets"
