"""HTTP against servers that say exactly what a test wants."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.client import Client
from nodetool.client.api import Api, Lines
from nodetool.client.errors import BadAnswer, Refused, Unreachable
from nodetool.client.http import Address, Http, Request

GET = Request(method="GET", path="/x")

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"


@asynccontextmanager
async def saying(*answers: bytes, then_close: bool = False) -> AsyncIterator[tuple[Api, list[int]]]:
    """A server that says one of *answers* to each request; gives the requests a connection had, too."""
    left, counts = list(answers), list[int]()
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        place = len(counts)
        counts.append(0)
        while not reader.at_eof():
            try:
                await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            counts[place] += 1
            writer.write(left.pop(0))
            await writer.drain()
            if then_close:
                break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    http = Http(Address.of(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"), {}, timeout=2)
    try:
        yield Api(http, ""), counts
    finally:
        await http.close()
        server.close()
        await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)


async def test_a_token_goes_with_every_request() -> None:
    heads = list[bytes]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n{"next":"","workflows":[]}')
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, Client(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/behind/", "s3cret") as client:
        await client.workflows()

    assert heads[0].startswith(b"GET /behind/api/workflows?limit=1000 HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Bearer s3cret\r\n" in heads[0]


async def test_an_answer_without_what_was_asked_for_is_a_bad_one() -> None:
    async with saying(OK) as (api, _):
        answer = await api.ask(GET)

        with pytest.raises(BadAnswer, match="the answer has no job_id"):
            answer.part("job_id")


async def test_a_connection_is_used_again() -> None:
    async with saying(OK, OK, OK) as (api, counts):
        for _ in range(3):
            assert (await api.ask(GET)).value == []

    assert counts == [3]


async def test_a_connection_that_the_server_closed_is_not_used_again() -> None:
    async with saying(OK, OK, then_close=True) as (api, counts):
        for _ in range(2):
            assert (await api.ask(GET)).value == []
            await asyncio.sleep(0.05)

    assert counts == [1, 1]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n",
    ],
    ids=["in the head", "in a body with a length", "before the last chunk"],
)
async def test_an_answer_that_breaks_off_is_no_answer(answer: bytes) -> None:
    async with saying(answer, then_close=True) as (api, _):
        with pytest.raises(Unreachable, match="lost in the middle"):
            await api.ask(GET)


async def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    async with saying(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[1]", then_close=True) as (api, _):
        assert (await api.ask(GET)).value == [1]


async def test_silence_is_not_waited_for_without_end() -> None:
    async with saying(b"") as (api, _):
        api._http.timeout = 0.1
        with pytest.raises(Unreachable, match=r"did not answer in 0\.1 seconds"):
            await api.ask(GET)


async def test_somebody_who_speaks_no_http_is_no_server_of_ours() -> None:
    async with saying(b"220 mail.example.org ESMTP\r\n") as (api, _):
        with pytest.raises(BadAnswer, match="not HTTP"):
            await api.ask(GET)


async def test_a_refusal_in_other_words_is_shown() -> None:
    async with saying(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 9\r\n\r\n<h1>!</h1") as (api, _):
        with pytest.raises(BadAnswer, match=r"502 .*<h1>!</h1"):
            await api.ask(GET)


async def test_a_problem_is_raised_in_the_words_of_the_server() -> None:
    problem = b'{"type":"t","title":"T","status":503,"detail":"not now","code":"shutting_down"}'
    head = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: %d\r\n\r\n" % len(problem)
    async with saying(head + problem) as (api, _):
        with pytest.raises(Refused, match="not now") as caught:
            await api.ask(GET)

    assert (caught.value.code, caught.value.status) == ("shutting_down", 503)


@given(st.lists(st.binary(max_size=9).map(lambda line: line.replace(b"\n", b"n"))), st.lists(st.integers(0, 50)))
def test_lines_are_whole_wherever_they_are_cut(texts: list[bytes], places: list[int]) -> None:
    whole = b"".join(text + b"\n" for text in texts)
    cuts = sorted(min(place, len(whole)) for place in places)
    lines = Lines()

    heard = [
        line
        for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)
        for line in lines.feed(whole[start:end])
    ]

    assert heard == [text for text in texts if text.strip()]
    assert lines.rest == b""
