"""Stored files over HTTP, on both surfaces."""

import asyncio
import hashlib
import resource
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.protocol.errors import RangeNotSatisfiable
from nodetool.server.ranges import part_of
from nodetool.storage.blobs import FolderBlobs
from tests.server.fakes import House
from tests.server.live import Live, live

KEY = "/api/storage/a.txt"
MIB = 1 << 20


@pytest.fixture
async def editor(tmp_path: Path) -> AsyncIterator[Live]:
    async with live(house(tmp_path), max_blob=MIB) as running:
        yield running


@pytest.fixture
async def worker(tmp_path: Path) -> AsyncIterator[Live]:
    async with live(house(tmp_path), surface="worker") as running:
        yield running


def house(tmp_path: Path) -> House:
    made = House()
    made.blobs = FolderBlobs(tmp_path)
    return made


@pytest.mark.parametrize("path", [KEY, "/api/storage/temp/a.txt"])
async def test_a_file_is_put_read_and_deleted(editor: Live, path: str) -> None:
    put = await editor.http.put(path, content=b"hello")
    got = await editor.http.get(path)
    head = await editor.http.head(path)
    deleted = await editor.http.delete(path)

    assert (put.status_code, put.content) == (200, b"")
    assert (got.status_code, got.content) == (200, b"hello")
    assert got.headers["content-type"] == "text/plain; charset=utf-8"
    assert (got.headers["accept-ranges"], got.headers["content-length"]) == ("bytes", "5")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "5")
    assert head.headers["last-modified"] == got.headers["last-modified"]
    assert (deleted.status_code, deleted.content) == (200, b"null")
    for missing in (await editor.http.get(path), await editor.http.delete(path)):
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert (await editor.http.head(path)).status_code == 404


async def test_the_worker_reads_in_the_open_and_writes_under_admin(worker: Live) -> None:
    for area in ("assets", "temp"):
        assert (await worker.http.put(f"/admin/storage/{area}/a", content=b"x")).status_code == 200
        for path in (f"/storage/{area}/a", f"/admin/storage/{area}/a"):
            assert (await worker.http.get(path, headers={"Range": "bytes=0-"})).content == b"x"
            assert (await worker.http.head(path)).headers["content-length"] == "1"
        for method in ("PUT", "DELETE"):
            assert (await worker.http.request(method, f"/storage/{area}/a")).status_code == 405
        gone = await worker.http.delete(f"/admin/storage/{area}/a")
        assert (gone.status_code, gone.content) == (204, b"")


@pytest.mark.parametrize("key", ["a%2Fb", "a/b", "a%5Cb", "..%2Fa", "%2e%2e", ".hidden", "a%00b", "x" * 201])
async def test_what_is_no_key_is_refused(editor: Live, key: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        refused = await editor.http.request(method, f"/api/storage/{key}")
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_key")


@pytest.mark.parametrize(
    ("asked", "status", "content", "range"),
    [
        ("bytes=0-2", 206, b"012", "bytes 0-2/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-30", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=8-100", 206, b"89", "bytes 8-9/10"),
        ("bytes=10-", 416, None, "bytes */10"),
        ("bytes=-0", 416, None, "bytes */10"),
        ("bytes=99999999999999999999-", 416, None, "bytes */10"),
        ("bytes=5-2", 200, b"0123456789", None),
        ("bytes=-", 200, b"0123456789", None),
        ("bytes=0-1,4-5", 200, b"0123456789", None),
        ("lines=0-1", 200, b"0123456789", None),
        ("bytes=a-b", 200, b"0123456789", None),
    ],
)
async def test_a_part_is_answered(editor: Live, asked: str, status: int, content: bytes | None, range: str) -> None:
    await editor.http.put(KEY, content=b"0123456789")

    answer = await editor.http.get(KEY, headers={"Range": asked})

    assert (answer.status_code, answer.headers.get("content-range")) == (status, range)
    if content is None:
        assert answer.json()["code"] == "range_not_satisfiable"
    else:
        assert (answer.content, answer.headers["content-length"]) == (content, str(len(content)))


@given(st.integers(0, 30), st.none() | st.integers(0, 40), st.none() | st.integers(0, 40))
def test_a_part_is_what_slicing_says(size: int, first: int | None, last: int | None) -> None:
    whole = list(range(size))
    asked = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    if first is None:
        wanted = None if last is None else whole[max(0, size - last) :]
    else:
        wanted = None if last is not None and last < first else whole[first : None if last is None else last + 1]
    try:
        part = part_of(asked, size)
    except RangeNotSatisfiable:
        assert wanted == []
    else:
        assert (whole[part.start : part.end] if part else None) == wanted


async def test_what_has_not_changed_is_not_sent_again(editor: Live) -> None:
    await editor.http.put(KEY, content=b"hello")
    modified = (await editor.http.get(KEY)).headers["last-modified"]

    same = await editor.http.get(KEY, headers={"If-Modified-Since": modified})
    before = await editor.http.get(KEY, headers={"If-Modified-Since": "Mon, 01 Jan 2024 00:00:00 GMT"})
    no_date = await editor.http.get(KEY, headers={"If-Modified-Since": "yesterday"})

    assert (same.status_code, same.content, same.headers["last-modified"]) == (304, b"", modified)
    assert (before.content, no_date.content) == (b"hello", b"hello")


async def test_a_part_of_a_file_that_has_changed_is_the_whole_file(editor: Live) -> None:
    await editor.http.put(KEY, content=b"hello")
    modified = (await editor.http.get(KEY)).headers["last-modified"]

    same = await editor.http.get(KEY, headers={"Range": "bytes=0-0", "If-Range": modified})
    other = await editor.http.get(KEY, headers={"Range": "bytes=0-0", "If-Range": "Mon, 01 Jan 2024 00:00:00 GMT"})

    assert (same.content, other.content) == (b"h", b"hello")


async def test_a_file_over_the_limit_is_refused_with_and_without_its_length(editor: Live) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield bytes(64 * 1024)

    for content in (bytes(MIB + 1), endless()):
        refused = await editor.http.put(KEY, content=content)
        assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    assert (await editor.http.get(KEY)).status_code == 404
    assert (await editor.http.put(KEY, content=bytes(MIB))).status_code == 200


@pytest.mark.parametrize(
    ("name", "type"),
    [
        ("a.PNG", "image/png"),
        ("a.wav", "audio/wav"),
        ("a.b.json", "application/json"),
        ("a", "application/octet-stream"),
        ("a.unheardof", "application/octet-stream"),
    ],
)
async def test_the_type_is_that_of_the_extension(editor: Live, name: str, type: str) -> None:
    await editor.http.put(f"/api/storage/{name}", content=b"x", headers={"Content-Type": "multipart/form-data"})

    answer = await editor.http.get(f"/api/storage/{name}")

    assert (answer.headers["content-type"], answer.headers["x-content-type-options"]) == (type, "nosniff")


@pytest.mark.parametrize("name", ["a.html", "a.svg", "a.xml", "a.js"])
async def test_what_a_browser_would_run_cannot_act_as_a_page_of_ours(editor: Live, name: str) -> None:
    await editor.http.put(f"/api/storage/{name}", content=b"<script>1</script>")

    answer = await editor.http.get(f"/api/storage/{name}")

    assert answer.headers["content-security-policy"].startswith("sandbox;")


async def test_a_client_that_leaves_while_it_sends_leaves_nothing(editor: Live, tmp_path: Path) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", editor.port)
    writer.write(
        b"PUT /api/storage/a.txt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" + bytes(500_000)
    )
    await writer.drain()
    while not list(tmp_path.rglob("*.part")):
        await asyncio.sleep(0.005)
    writer.close()

    while list(tmp_path.rglob("*.part")):
        await asyncio.sleep(0.005)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_fifty_megabytes_go_both_ways_in_little_memory(tmp_path: Path, scale: int) -> None:
    size = 50 * MIB * min(scale, 10)

    async def sent() -> AsyncIterator[bytes]:
        for number in range(size // MIB):
            yield bytes([number % 251]) * MIB

    async with live(house(tmp_path), max_blob=size) as editor:
        before = peak()
        digest = hashlib.sha256()
        assert (await editor.http.put("/api/storage/big.bin", content=sent())).status_code == 200
        async with editor.http.stream("GET", "/api/storage/big.bin") as answer:
            async for piece in answer.aiter_bytes():
                digest.update(piece)
        grown = peak() - before

    expected = hashlib.sha256()
    async for piece in sent():
        expected.update(piece)
    print(f"{size // MIB} MiB both ways, {grown // MIB} MiB more memory")
    assert digest.digest() == expected.digest()
    assert grown < 20 * MIB


def peak() -> int:
    """Return the most memory that this process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


async def test_a_slow_reader_is_waited_for_and_one_that_leaves_is_forgotten(editor: Live) -> None:
    await editor.http.put(KEY, content=bytes(MIB))
    async with httpx.AsyncClient(base_url=str(editor.http.base_url)) as other, other.stream("GET", KEY) as answer:
        async for _ in answer.aiter_raw(1024):
            break

    assert (await editor.http.get(KEY)).content == bytes(MIB)
