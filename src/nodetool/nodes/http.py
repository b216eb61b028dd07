"""Asking other servers. All of it goes through the run's one client, which reaches public addresses only."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Annotated, Any, ClassVar, TypedDict
from urllib.parse import unquote, urljoin, urlsplit

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import Context, HttpFailed, Meta, Node
from nodetool.sdk.http import shown

Url = Annotated[str, Meta(description="Where to ask, with http:// or https:// in front.")]
Body = Annotated[dict[str, Any], Meta(description="What to send, as JSON.")]


class GetRequest(Node):
    """Read a page or a document as text.
    http, get, request, url, web

    Use cases:
    - Read a page to take it apart
    - Ask a service for text
    - Fetch a file of settings or of data
    """

    type_name: ClassVar = "lib.http.GetRequest"
    title: ClassVar = "GET Request"
    runs: ClassVar[Runs] = "async"

    url: Url = ""

    async def process(self, ctx: Context) -> str:
        return (await ctx.http.get(self.url)).checked().text


class GetRequestBinary(Node):
    """Read a file as bytes.
    http, get, request, url, download, bytes

    Use cases:
    - Fetch an archive or a font
    - Read a file whose content is no text
    - Hand a download over to a node that saves it
    """

    type_name: ClassVar = "lib.http.GetRequestBinary"
    title: ClassVar = "GET Binary"
    runs: ClassVar[Runs] = "async"

    url: Url = ""

    async def process(self, ctx: Context) -> bytes:
        return (await ctx.http.get(self.url)).checked().content


class HeadRequest(Node):
    """Read the headers of a page without its content. Their names are in lower case.
    http, head, request, headers, url

    Use cases:
    - See how large a file is before it is fetched
    - Find out when a page has changed
    - Look at the type of a document
    """

    type_name: ClassVar = "lib.http.HeadRequest"
    title: ClassVar = "HEAD Request"
    runs: ClassVar[Runs] = "async"

    url: Url = ""

    async def process(self, ctx: Context) -> dict[str, str]:
        return (await ctx.http.head(self.url)).checked().headers


class PostRequest(Node):
    """Send a text, and read the answer as text.
    http, post, request, url, send

    Use cases:
    - Call a web hook
    - Send a text to a service that works on it
    - Fill in what a form would send
    """

    type_name: ClassVar = "lib.http.PostRequest"
    title: ClassVar = "POST Request"
    runs: ClassVar[Runs] = "async"

    url: Url = ""
    data: str = ""

    async def process(self, ctx: Context) -> str:
        return (await ctx.http.post(self.url, content=self.data)).checked().text


class PostRequestBinary(Node):
    """Send a text or bytes, and read the answer as bytes.
    http, post, request, url, send, bytes

    Use cases:
    - Upload a file
    - Have a service turn one format into another
    - Send a text and get a document back
    """

    type_name: ClassVar = "lib.http.PostRequestBinary"
    title: ClassVar = "POST Binary"
    runs: ClassVar[Runs] = "async"

    url: Url = ""
    data: str | bytes = ""

    async def process(self, ctx: Context) -> bytes:
        return (await ctx.http.post(self.url, content=self.data)).checked().content


class PutRequest(Node):
    """Put a text in the place of what is there, and read the answer as text.
    http, put, request, url, replace

    Use cases:
    - Store a document with a service
    - Replace a record
    - Set the state of something
    """

    type_name: ClassVar = "lib.http.PutRequest"
    title: ClassVar = "PUT Request"
    runs: ClassVar[Runs] = "async"

    url: Url = ""
    data: str = ""

    async def process(self, ctx: Context) -> str:
        return (await ctx.http.put(self.url, content=self.data)).checked().text


class DeleteRequest(Node):
    """Have a server remove what is there, and read the answer as text.
    http, delete, request, url, remove

    Use cases:
    - Remove a record from a service
    - Clean up after a test
    - Take something back that was posted
    """

    type_name: ClassVar = "lib.http.DeleteRequest"
    title: ClassVar = "DELETE Request"
    runs: ClassVar[Runs] = "async"

    url: Url = ""

    async def process(self, ctx: Context) -> str:
        return (await ctx.http.delete(self.url)).checked().text


class JSONGetRequest(Node):
    """Read a JSON object.
    http, get, request, url, json, api

    Use cases:
    - Ask an API for a record
    - Read the forecast or a rate of exchange
    - Fetch settings that are kept elsewhere
    """

    type_name: ClassVar = "lib.http.JSONGetRequest"
    title: ClassVar = "GET JSON"
    runs: ClassVar[Runs] = "async"

    url: Url = ""

    async def process(self, ctx: Context) -> dict[str, Any]:
        return await asked(ctx, "GET", self.url)


class JSONPostRequest(Node):
    """Send a JSON object, and read one.
    http, post, request, url, json, api

    Use cases:
    - Make a record with an API
    - Ask a service a structured question
    - Tell another system what has happened
    """

    type_name: ClassVar = "lib.http.JSONPostRequest"
    title: ClassVar = "POST JSON"
    runs: ClassVar[Runs] = "async"

    url: Url = ""
    data: Body = {}

    async def process(self, ctx: Context) -> dict[str, Any]:
        return await asked(ctx, "POST", self.url, self.data)


class JSONPutRequest(Node):
    """Put a JSON object in the place of what is there, and read one.
    http, put, request, url, json, api, replace

    Use cases:
    - Replace a record of an API
    - Store settings elsewhere
    - Keep a copy up to date
    """

    type_name: ClassVar = "lib.http.JSONPutRequest"
    title: ClassVar = "PUT JSON"
    runs: ClassVar[Runs] = "async"

    url: Url = ""
    data: Body = {}

    async def process(self, ctx: Context) -> dict[str, Any]:
        return await asked(ctx, "PUT", self.url, self.data)


class JSONPatchRequest(Node):
    """Change some fields of what is there, and read it as a JSON object.
    http, patch, request, url, json, api, change

    Use cases:
    - Change one field of a record
    - Mark something as done
    - Correct what an earlier step has stored
    """

    type_name: ClassVar = "lib.http.JSONPatchRequest"
    title: ClassVar = "PATCH JSON"
    runs: ClassVar[Runs] = "async"

    url: Url = ""
    data: Body = {}

    async def process(self, ctx: Context) -> dict[str, Any]:
        return await asked(ctx, "PATCH", self.url, self.data)


class Downloads(TypedDict):
    """Files that came, by their names in the workspace, and URLs that brought none."""

    success: list[str]
    failed: list[str]


class DownloadFiles(Node):
    """Fetch many files into a folder of the run's workspace.
    http, download, files, urls, workspace

    A file is called as its URL ends; of two with one name the second gets a number. What cannot be had does not stop
    the others: the log says why.

    Use cases:
    - Gather the attachments of a page
    - Bring tables together before they are read
    - Fetch what a list of links leads to
    """

    type_name: ClassVar = "lib.http.DownloadFiles"
    title: ClassVar = "Download Files"
    runs: ClassVar[Runs] = "async"

    urls: list[str] = []
    output_folder: Annotated[str, Meta(description="A folder in the workspace.")] = "downloads"
    max_concurrent_downloads: int = 5

    async def process(self, ctx: Context) -> Downloads:
        places = asyncio.Semaphore(max(1, self.max_concurrent_downloads))
        names = file_names(self.urls, self.output_folder)
        done = 0

        async def fetch(url: str, name: str) -> bool:
            nonlocal done
            async with places:
                try:
                    answer = (await ctx.http.get(url)).checked()
                    await asyncio.to_thread(ctx.workspace.write_bytes, name, answer.content)
                except HttpFailed as error:
                    ctx.log(str(error), "warning")
                    return False
                finally:
                    done += 1
                    ctx.progress(done, len(names))
                return True

        came = await asyncio.gather(*map(fetch, self.urls, names))
        return {
            "success": [name for name, is_there in zip(names, came, strict=True) if is_there],
            "failed": [url for url, is_there in zip(self.urls, came, strict=True) if not is_there],
        }


class FilterValidURLs(Node):
    """Keep the URLs that answer, in their order. With url, others may be relative to it.
    http, url, filter, links, check

    Use cases:
    - Find dead links in a list
    - Leave out what cannot be fetched before it is fetched
    - Check addresses that people have typed
    """

    type_name: ClassVar = "lib.http.FilterValidURLs"
    title: ClassVar = "Filter Valid URLs"
    runs: ClassVar[Runs] = "async"

    url: str = ""
    urls: list[str] = []
    max_concurrent_requests: int = 10

    async def process(self, ctx: Context) -> list[str]:
        places = asyncio.Semaphore(max(1, self.max_concurrent_requests))
        urls = [joined(self.url, url) for url in self.urls]

        async def answers(url: str) -> bool:
            async with places:
                try:
                    return (await ctx.http.head(url)).is_ok
                except HttpFailed:
                    return False

        return [url for url, is_there in zip(urls, await asyncio.gather(*map(answers, urls)), strict=True) if is_there]


def file_names(urls: Sequence[str], folder: str) -> list[str]:
    """Return a name in *folder* for the file at each URL, no two the same."""
    names: dict[str, None] = {}
    for url in urls:
        last = PurePosixPath(unquote(urlsplit(url).path)).name
        path = PurePosixPath(folder, _UNFIT.sub("_", last)[:100] or "download")
        name, number = str(path), 1
        while name in names:
            number += 1
            name = str(path.with_name(f"{path.stem}-{number}{path.suffix}"))
        names[name] = None
    return list(names)


_UNFIT = re.compile(r"[^\w.\- ]|^\.+")
"""What a name does not keep of a URL."""


def joined(base: str, url: str) -> str:
    """Return a URL as a page at *base* means it."""
    return urljoin(base, url) if base else url


async def asked(ctx: Context, method: str, url: str, data: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Send JSON, if there is some, and return the object that is answered. Raises HttpFailed."""
    body: Any = {} if data is None else {"json": data}
    answer = (await ctx.http.request(method, url, **body)).checked().json()
    if not isinstance(answer, dict):
        raise HttpFailed(f"{shown(url)} did not answer with a JSON object")
    return answer
