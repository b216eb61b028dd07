"""Nodes that ask other servers, against a real one."""

from typing import Any

import pytest

from nodetool.nodes.http import (
    DeleteRequest,
    DownloadFiles,
    FilterValidURLs,
    GetRequest,
    GetRequestBinary,
    HeadRequest,
    JSONGetRequest,
    JSONPatchRequest,
    JSONPostRequest,
    JSONPutRequest,
    PostRequest,
    PostRequestBinary,
    PutRequest,
    file_names,
)
from nodetool.protocol.bounds import NARROW
from nodetool.sdk import HttpFailed, Node
from nodetool.sdk.testing import Recorder, outputs
from tests.web import Asked, Write, by_path, reply, serving


async def mirror(asked: Asked, write: Write) -> None:
    """Answer with the method and the body."""
    await reply(f"{asked.method} ".encode() + asked.body)(asked, write)


async def json_mirror(asked: Asked, write: Write) -> None:
    await reply(b'{"method":"%s","sent":%s}' % (asked.method.encode(), asked.body or b"null"))(asked, write)


async def output_of(node: Node) -> Any:
    ((value,),) = (await outputs(node)).values()
    return value


async def test_text_goes_out_and_comes_back() -> None:
    async with serving(mirror) as web:
        assert await output_of(GetRequest(url=web.url)) == "GET "
        assert await output_of(PostRequest(url=web.url, data="ü")) == "POST ü"
        assert await output_of(PutRequest(url=web.url, data="x")) == "PUT x"
        assert await output_of(DeleteRequest(url=web.url)) == "DELETE "


async def test_bytes_stay_bytes() -> None:
    async with serving(mirror) as web:
        assert await output_of(GetRequestBinary(url=web.url)) == b"GET "
        assert await output_of(PostRequestBinary(url=web.url, data=b"\xff\x00")) == b"POST \xff\x00"
        assert await output_of(PostRequestBinary(url=web.url, data="text")) == b"POST text"


async def test_headers_are_read_without_the_content() -> None:
    async with serving(reply(Content_Type="text/x-y", X_Size="7")) as web:
        headers = await output_of(HeadRequest(url=web.url))

    assert (headers["content-type"], headers["x-size"], web.asked[0].method) == ("text/x-y", "7", "HEAD")


async def test_json_goes_out_and_comes_back() -> None:
    sent = {"a": [1, "ü", None]}
    async with serving(json_mirror) as web:
        assert await output_of(JSONGetRequest(url=web.url)) == {"method": "GET", "sent": None}
        for kind, method in ((JSONPostRequest, "POST"), (JSONPutRequest, "PUT"), (JSONPatchRequest, "PATCH")):
            assert await output_of(kind(url=web.url, data=sent)) == {"method": method, "sent": sent}


async def test_json_that_is_no_object_fails_the_node() -> None:
    async with serving(reply(b"[1]")) as web:
        with pytest.raises(HttpFailed, match="did not answer with a JSON object"):
            await outputs(JSONGetRequest(url=web.url))


async def test_a_bad_status_fails_the_node_and_names_the_url() -> None:
    async with serving(by_path()) as web:
        for kind in (GetRequest, GetRequestBinary, HeadRequest, PostRequest, JSONGetRequest, DeleteRequest):
            with pytest.raises(HttpFailed, match=f"{web.url}/x answered 404 Not Found"):
                await outputs(kind(url=f"{web.url}/x"))


async def test_urls_that_answer_are_kept_in_their_order() -> None:
    async with serving(by_path(a=reply(), b=reply())) as web:
        urls = ["b", f"{web.url}/gone", "no url", f"{web.url}/a", "http://nothing.invalid"]

        found = await output_of(FilterValidURLs(url=web.url, urls=urls, max_concurrent_requests=0))

    assert found == [f"{web.url}/b", f"{web.url}/a"]


async def test_a_node_does_not_reach_this_machine_where_it_is_not_allowed() -> None:
    async with serving(mirror) as web:
        with pytest.raises(HttpFailed, match="private address"):
            await outputs(GetRequest(url=web.url), Recorder(bounds=NARROW))


async def test_files_come_into_the_workspace_and_those_that_do_not_are_named() -> None:
    pages = by_path(a=reply(b"1"), b=reply(b"\xff"))
    ctx = Recorder()
    async with serving(pages) as web:
        urls = [f"{web.url}/a/one.csv", f"{web.url}/gone", f"{web.url}/b/one.csv"]
        sent = await outputs(DownloadFiles(urls=urls, output_folder="in", max_concurrent_downloads=2), ctx)

    assert sent == {"success": [["in/one.csv", "in/one-2.csv"]], "failed": [[urls[1]]]}
    assert [ctx.workspace.read_bytes(name) for name in sent["success"][0]] == [b"1", b"\xff"]
    assert ctx.steps[-1] == (3, 3)
    assert "404 Not Found" in ctx.logs[0][1]


async def test_a_folder_outside_the_workspace_is_refused() -> None:
    async with serving(reply(b"1")) as web:
        with pytest.raises(ValueError, match="no path inside the workspace"):
            await outputs(DownloadFiles(urls=[f"{web.url}/x"], output_folder="../up"))


def test_files_are_called_as_their_urls_end() -> None:
    urls = ["http://h/a%20b.txt?q=1", "http://h/", "http://h/%2e%2e", "http://h/..%2Fup", "http://h/a%20b.txt"]

    assert file_names(urls, "d") == ["d/a b.txt", "d/download", "d/_", "d/up", "d/a b-2.txt"]
