"""Clients that mean no good: too slow, too large, too many."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.server.callers import Callers
from tests.server.live import Live, live
from tests.server.talk import talking

HEAD = b"POST /api/workflows/wf/jobs HTTP/1.1\r\nHost: localhost\r\n"
GET = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture
async def hasty() -> AsyncIterator[Live]:
    """A server that waits for nobody."""
    async with live(head_timeout=0.3, body_timeout=0.3) as server:
        yield server


@asynccontextmanager
async def connected(server: Live) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, byte: bytes) -> bytes:
    """Send a byte now and then, as slow clients do, until something is said to that; return it."""
    hearing = asyncio.create_task(said(reader))
    for _ in range(100):
        if hearing.done():
            return hearing.result()
        writer.write(byte)
        await asyncio.sleep(0.05)
    raise AssertionError("the server waits for ever")


def assert_slow(answer: bytes) -> None:
    """Whoever still sends when the connection is closed may lose what was said."""
    assert answer == b"" or answer.startswith(b"HTTP/1.1 408 ")


async def said(reader: asyncio.StreamReader) -> bytes:
    """Return all that comes until the server closes the connection."""
    try:
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionResetError:
        return b""


async def test_who_says_nothing_is_told_and_let_go(hasty: Live) -> None:
    async with connected(hasty) as (reader, _):
        answer = await said(reader)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"NODETOOL_HEAD_TIMEOUT" in answer
    assert b"application/problem+json" in answer


async def test_a_head_that_drips_is_cut(hasty: Live) -> None:
    async with connected(hasty) as (reader, writer):
        writer.write(HEAD)
        assert_slow(await drip(reader, writer, b"X"))


async def test_a_body_that_drips_is_cut_and_nothing_is_started(hasty: Live) -> None:
    async with connected(hasty) as (reader, writer):
        writer.write(HEAD + b"Content-Length: 1000\r\n\r\n")
        assert_slow(await drip(reader, writer, b" "))

    assert not hasty.jobs.all


async def test_a_chunked_body_that_never_ends_is_cut(hasty: Live) -> None:
    async with connected(hasty) as (reader, writer):
        writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n     \r\n")
        answer = await said(reader)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"NODETOOL_BODY_TIMEOUT" in answer


async def test_a_body_that_is_long_and_comes_at_a_pace_is_taken(hasty: Live) -> None:
    size = 1 << 20
    async with connected(hasty) as (reader, writer):
        writer.write(HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(16):
            writer.write(b" " * (size // 16))
            await asyncio.sleep(0.05)
        answer = await said(reader)

    assert answer.startswith(b"HTTP/1.1 202 ")


async def test_a_connection_that_waits_between_requests_cannot_be_kept_with_blank_lines(hasty: Live) -> None:
    async with connected(hasty) as (reader, writer):
        writer.write(GET + b"\r\n")
        assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200 ")
        assert_slow(await drip(reader, writer, b"\r\n"))


async def test_an_answer_that_takes_long_is_not_cut(hasty: Live) -> None:
    async with connected(hasty) as (reader, writer):
        writer.write(b"POST /api/workflows/wf/run HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\nPO")
        await asyncio.sleep(1)
        hasty.jobs.newest.complete(text="late")
        assert (await reader.readuntil(b"}")).endswith(b'{"text":"late"}')


async def test_a_head_that_is_too_large_is_refused(editor: Live) -> None:
    async with connected(editor) as (reader, writer):
        writer.write(GET)
        for _ in range(200):
            writer.write(b"X-A: " + b"b" * 1000 + b"\r\n")
            await asyncio.sleep(0)
        answer = await said(reader)

    assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"GET  HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x00" * 50,
    ],
    ids=["text", "TLS", "no path", "a later HTTP", "zeros"],
)
async def test_what_is_not_http_is_a_problem_too(editor: Live, data: bytes) -> None:
    async with connected(editor) as (reader, writer):
        writer.write(data)
        answer = await said(reader)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer
    assert (await editor.http.get("/health")).status_code == 200


async def test_an_address_has_so_many_connections_and_the_next_is_told() -> None:
    async with live(max_connections=3) as server, connected(server) as one, connected(server), connected(server):
        async with connected(server) as (reader, _):
            answer = await said(reader)
        assert answer.startswith(b"HTTP/1.1 429 ")
        assert b"NODETOOL_MAX_CONNECTIONS" in answer
        one[1].write(GET + b"Connection: close\r\n\r\n")
        assert (await said(one[0])).startswith(b"HTTP/1.1 200 ")
        await asyncio.sleep(0.1)
        async with connected(server) as (reader, writer):
            writer.write(GET + b"Connection: close\r\n\r\n")
            assert (await said(reader)).startswith(b"HTTP/1.1 200 ")


async def test_sockets_are_counted_until_they_are_closed() -> None:
    async with live(max_connections=2) as server:
        for _ in range(3):
            async with talking(server.socket_url) as first, talking(server.socket_url):
                assert await first.ask("ping") == {"type": "pong"}
                async with connected(server) as (reader, _):
                    assert (await said(reader)).startswith(b"HTTP/1.1 429 ")
            await asyncio.sleep(0.1)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans())), st.integers(1, 4))
def test_no_address_has_more_than_it_may_and_none_is_remembered_for_nothing(
    steps: list[tuple[str, bool]], most: int
) -> None:
    callers, here = Callers(most), dict.fromkeys("abc", 0)
    for address, comes in steps:
        if comes:
            assert callers.enter(address) is (here[address] < most)
            here[address] = min(most, here[address] + 1)
        elif here[address]:
            callers.leave(address)
            here[address] -= 1
        assert len(callers) <= 3
    for address, count in here.items():
        for _ in range(count):
            callers.leave(address)
    assert len(callers) == 0 or all(not count for count in callers._open.values())
