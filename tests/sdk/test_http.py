"""The client of nodes, against real servers on this machine."""

import asyncio
import gzip
import os
import socket
from collections.abc import AsyncIterator

import pytest

from nodetool.protocol.bounds import Bounds
from nodetool.sdk.http import Http, HttpFailed, shown
from tests.web import Asked, Write, by_path, reply, serving

HERE = Bounds(private_hosts=("127.0.0.1",), http_timeout=5.0)


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    made = Http(HERE)
    yield made
    await made.aclose()


async def test_an_answer_has_status_headers_and_content(http: Http) -> None:
    async with serving(reply("grün".encode("latin-1"), "203 Sure", Content_Type="text/plain; charset=latin-1")) as web:
        answer = await http.get(f"{web.url}/x", params={"q": "a b"}, headers={"X-Mine": "1"})

    assert (answer.status, answer.text, answer.headers["content-type"][:10]) == (203, "grün", "text/plain")
    assert (web.asked[0].path, web.asked[0].headers["x-mine"]) == ("/x?q=a+b", "1")


async def test_a_body_is_text_json_or_a_form(http: Http) -> None:
    async with serving(reply(b'{"ok": true}')) as web:
        await http.post(web.url, content="text")
        await http.put(web.url, json={"a": [1]})
        answer = await http.patch(web.url, form={"a": "ü"})

    assert answer.json() == {"ok": True}
    assert [asked.body for asked in web.asked] == [b"text", b'{"a":[1]}', b"a=%C3%BC"]
    assert web.asked[1].headers["content-type"] == "application/json"


async def test_what_is_packed_is_unpacked(http: Http) -> None:
    async with serving(reply(gzip.compress(b"x" * 1000), Content_Encoding="gzip")) as web:
        assert (await http.get(web.url)).content == b"x" * 1000


async def test_an_encoding_that_nobody_knows_is_read_as_utf8(http: Http) -> None:
    async with serving(reply("ü".encode(), Content_Type="text/plain; charset=klingon")) as web:
        assert (await http.get(web.url)).text == "ü"


@pytest.mark.parametrize(
    "url", ["", "example.org", "file:///etc/passwd", "http://", "ftp://x/", "http://[", "http://x:y"]
)
async def test_what_is_no_url_is_named(http: Http, url: str) -> None:
    with pytest.raises(HttpFailed, match="is no URL of http or https") as failed:
        await http.get(url)

    assert url in str(failed.value)


async def test_this_machine_is_not_reached_unless_it_is_allowed() -> None:
    http = Http(Bounds())
    async with serving(reply(b"inside")) as web:
        for url in (web.url, web.url.replace("127.0.0.1", "localhost"), web.url.replace("127.0.0.1", "2130706433")):
            with pytest.raises(HttpFailed, match="private address, and --allow-private-hosts does not name it"):
                await http.get(url)
    await http.aclose()

    assert web.asked == []


async def test_a_message_does_not_tell_the_address_of_a_name() -> None:
    http = Http(Bounds())
    with pytest.raises(HttpFailed) as failed:
        await http.get("http://localhost/")
    await http.aclose()

    assert "127.0.0.1" not in str(failed.value)
    assert "::1" not in str(failed.value)


async def test_an_address_that_is_mapped_into_ipv6_is_not_reached() -> None:
    http = Http(Bounds())
    async with serving(reply(b"inside")) as web:
        with pytest.raises(HttpFailed, match="private address"):
            await http.get(web.url.replace("127.0.0.1", "[::ffff:127.0.0.1]"))
    await http.aclose()

    assert web.asked == []


async def test_a_redirect_to_an_address_that_is_not_allowed_is_refused(http: Http) -> None:
    async with serving(reply(b"inside"), "127.0.0.2") as inside:
        away = reply(status="302 Found", Location=f"{inside.url}/secret")
        async with serving(away) as web:
            with pytest.raises(HttpFailed, match=r"127\.0\.0\.2 is at a private address") as failed:
                await http.get(web.url)

    assert web.url in str(failed.value)
    assert inside.asked == []


async def test_a_redirect_is_followed_and_to_a_file_it_is_not(http: Http) -> None:
    answers = by_path(
        there=reply(b"here"),
        go=reply(status="307 Temporary", Location="/there"),
        file=reply(status="302 Found", Location="file:///etc/passwd"),
        round=reply(status="302 Found", Location="/round"),
    )
    async with serving(answers) as web:
        answer = await http.get(f"{web.url}/go")
        with pytest.raises(HttpFailed, match="something else than http and https"):
            await http.get(f"{web.url}/file")
        with pytest.raises(HttpFailed, match="more than 10 times"):
            await http.get(f"{web.url}/round")

    assert (answer.text, answer.url) == ("here", f"{web.url}/there")


async def test_an_answer_over_the_limit_is_not_read_to_its_end() -> None:
    sent = 0

    async def endless(_: Asked, write: Write) -> None:
        nonlocal sent
        await write(b"HTTP/1.1 200 OK\r\n\r\n")
        while sent < 1 << 30:
            await write(b"x" * 65536)
            sent += 65536

    http = Http(Bounds(private_hosts=("*",), http_max_bytes=1 << 20, http_timeout=15))
    async with serving(endless) as web:
        with pytest.raises(HttpFailed, match="over the limit of 1048576 bytes"):
            await http.get(web.url)
    await http.aclose()

    assert sent < 64 << 20


async def test_a_packed_answer_counts_as_it_is_unpacked(http: Http) -> None:
    async with serving(reply(gzip.compress(bytes(1 << 20)), Content_Encoding="gzip")) as web:
        with pytest.raises(HttpFailed, match="over the limit of 1000 bytes"):
            await http.get(web.url, max_bytes=1000)


async def test_a_caller_cannot_raise_what_the_operator_has_set() -> None:
    http = Http(Bounds(private_hosts=("*",), http_max_bytes=10))
    async with serving(reply(b"x" * 11)) as web:
        with pytest.raises(HttpFailed, match="over the limit of 10 bytes"):
            await http.get(web.url, max_bytes=1 << 30)
    await http.aclose()


async def test_an_answer_that_does_not_end_in_time_is_given_up(http: Http) -> None:
    async def drip(_: Asked, write: Write) -> None:
        await write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await write(b".")
            await asyncio.sleep(0.01)

    async with serving(drip) as web:
        with pytest.raises(HttpFailed, match=r"did not answer within 0\.2 seconds"):
            await http.get(web.url, timeout=0.2)


async def test_a_closed_port_and_a_name_that_is_not_there_are_named(http: Http) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(HttpFailed, match=rf"http://127\.0\.0\.1:{port} did not answer"):
        await http.get(f"http://127.0.0.1:{port}")
    with pytest.raises(HttpFailed, match=r"there is no host nothing\.invalid"):
        await http.get("http://nothing.invalid/")


async def test_what_is_no_http_is_said(http: Http) -> None:
    async def shout(_: Asked, write: Write) -> None:
        await write(b"SSH-2.0-OpenSSH\r\n")

    async with serving(shout) as web:
        with pytest.raises(HttpFailed, match="did not answer"):
            await http.get(web.url)


async def test_no_variable_names_a_proxy(http: Http) -> None:
    os.environ["HTTP_PROXY"] = os.environ["http_proxy"] = "http://127.0.0.1:9"
    try:
        async with serving(reply(b"direct")) as web:
            assert (await http.get(web.url)).text == "direct"
    finally:
        del os.environ["HTTP_PROXY"], os.environ["http_proxy"]


async def test_status_and_json_are_checked_by_name(http: Http) -> None:
    async with serving(by_path(text=reply(b"no json"))) as web:
        with pytest.raises(HttpFailed, match="/gone answered 404 Not Found"):
            (await http.get(f"{web.url}/gone")).checked()
        with pytest.raises(HttpFailed, match="/text did not answer with JSON"):
            (await http.get(f"{web.url}/text")).json()


async def test_a_cancelled_request_lets_go_of_its_connection(http: Http) -> None:
    closed = asyncio.Event()

    async def silent(_: Asked, write: Write) -> None:
        await write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                await write(b".")
                await asyncio.sleep(0.005)
        except ConnectionError:
            closed.set()

    async with serving(silent) as web:
        task = asyncio.create_task(http.get(web.url))
        while not web.asked:
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await closed.wait()


def test_a_message_shows_no_password_and_not_all_of_a_long_url() -> None:
    assert shown("http://me:word@host/x@y") == "http://host/x@y"
    assert len(shown("http://host/" + "x" * 1000)) < 250
