"""The one way by which nodes ask other servers. It reaches public addresses, and those that the operator allows.

Size and time of an answer are bounded, by the operator's settings and below them by the caller. Nothing is read from
the environment: no proxy, no stored password.
"""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypedDict, Unpack
from urllib.parse import urlsplit

import msgspec

from nodetool.protocol.bounds import Bounds
from nodetool.sdk.addresses import Reach

if TYPE_CHECKING:
    import httpx2

MAX_REDIRECTS = 10

SHOWN_URL = 200
"""Characters of a URL that a message shows."""


class HttpFailed(Exception):
    """A request that got no answer, or none that was taken; the text names the URL and says why."""


class OutOfReach(HttpFailed):
    """A host that nodes may not connect to, or that is not there."""


class Asked(TypedDict, total=False):
    """What a request may hold beside its method and URL."""

    params: Mapping[str, Any]
    """Added to the query of the URL."""
    headers: Mapping[str, str]
    content: str | bytes
    """The body as it is."""
    json: Any
    """The body as a value; the content type is JSON then."""
    form: Mapping[str, Any]
    """The body as the fields of a form."""
    timeout: float
    """Seconds until it is given up; never more than the operator allows."""
    max_bytes: int
    """Bytes of the answer; never more than the operator allows."""


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, read to its end."""

    status: int
    url: str
    """Where it came from, after redirects."""
    headers: dict[str, str]
    """By name in lower case."""
    content: bytes
    encoding: str = "utf-8"

    @property
    def is_ok(self) -> bool:
        return self.status < 400

    @property
    def text(self) -> str:
        """The content as text, in the encoding that the answer names, else UTF-8."""
        try:
            return self.content.decode(self.encoding, "replace")
        except LookupError:  # no such encoding
            return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the content as a value. Raises HttpFailed: it is not JSON."""
        try:
            return msgspec.json.decode(self.content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise HttpFailed(f"{shown(self.url)} did not answer with JSON: {error}") from error

    def checked(self) -> "Response":
        """Return the answer itself. Raises HttpFailed: its status says that something is wrong."""
        if self.is_ok:
            return self
        raise HttpFailed(f"{shown(self.url)} answered {self.status} {_phrase(self.status)}".rstrip())


class Http:
    """Asks other servers for the nodes of one run, which share its cookies. ``aclose`` it when the run has ended."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._client: httpx2.AsyncClient | None = None

    async def get(self, url: str, **asked: Unpack[Asked]) -> Response:
        return await self.request("GET", url, **asked)

    async def head(self, url: str, **asked: Unpack[Asked]) -> Response:
        return await self.request("HEAD", url, **asked)

    async def post(self, url: str, **asked: Unpack[Asked]) -> Response:
        return await self.request("POST", url, **asked)

    async def put(self, url: str, **asked: Unpack[Asked]) -> Response:
        return await self.request("PUT", url, **asked)

    async def patch(self, url: str, **asked: Unpack[Asked]) -> Response:
        return await self.request("PATCH", url, **asked)

    async def delete(self, url: str, **asked: Unpack[Asked]) -> Response:
        return await self.request("DELETE", url, **asked)

    async def request(self, method: str, url: str, **asked: Unpack[Asked]) -> Response:
        """Ask, follow redirects, and read the answer, whatever its status.

        Raises:
            HttpFailed: the URL is none, its host is private or does not answer, or the answer is too slow or too large.
        """
        seconds = min(asked.get("timeout", self._bounds.http_timeout), self._bounds.http_timeout)
        limit = min(asked.get("max_bytes", self._bounds.http_max_bytes), self._bounds.http_max_bytes)
        client = self._opened()
        try:
            async with asyncio.timeout(seconds):
                return await _ask(client, method, _checked(url), asked, limit)
        except TimeoutError as error:
            raise HttpFailed(f"{shown(url)} did not answer within {seconds:g} seconds") from error

    async def aclose(self) -> None:
        client, self._client = self._client, None
        if client:
            await client.aclose()

    def _opened(self) -> "httpx2.AsyncClient":
        if self._client is None:
            import httpx2

            from nodetool.sdk.transport import Transport

            self._client = httpx2.AsyncClient(
                transport=Transport(Reach(self._bounds.private_hosts)),
                trust_env=False,
                follow_redirects=True,
                max_redirects=MAX_REDIRECTS,
                timeout=None,  # the whole request has one
                headers={"user-agent": "nodetool"},
            )
        return self._client


def shown(url: str) -> str:
    """Return a URL as messages name it: not too long, and without a password."""
    scheme, separator, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    if separator and "@" in place:
        url = f"{scheme}://{place.rpartition('@')[2]}{slash}{path}"
    url = url.encode(errors="replace").decode()
    return url if len(url) <= SHOWN_URL else f"{url[:SHOWN_URL]}…"


async def _ask(client: "httpx2.AsyncClient", method: str, url: str, asked: Asked, limit: int) -> Response:
    import httpcore2
    import httpx2

    body: dict[str, Any] = {key: asked[key] for key in ("params", "headers", "content") if key in asked}
    if "json" in asked:
        body["content"] = msgspec.json.encode(asked["json"])
        body["headers"] = {"content-type": "application/json", **(asked.get("headers") or {})}
    if "form" in asked:
        body["data"] = asked["form"]
    try:
        async with client.stream(method, url, **body) as answer:
            return Response(
                status=answer.status_code,
                url=str(answer.url),
                headers=dict(answer.headers),
                content=await _content(answer, limit),
                encoding=answer.charset_encoding or "utf-8",
            )
    except httpx2.TooManyRedirects as error:
        raise HttpFailed(f"{shown(url)} was redirected more than {MAX_REDIRECTS} times") from error
    except (httpx2.UnsupportedProtocol, httpcore2.UnsupportedProtocol) as error:  # of a redirect
        raise HttpFailed(f"{shown(url)} was redirected to something else than http and https") from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise HttpFailed(f"{shown(url)} did not answer: {error}".rstrip(": ")) from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException) as error:
        raise HttpFailed(f"{shown(url)} did not answer: {error}".rstrip(": ")) from error
    except OutOfReach as error:
        raise OutOfReach(f"{shown(url)} was not asked: {error}") from error.__cause__


async def _content(answer: "httpx2.Response", limit: int) -> bytes:
    content = bytearray()
    async for part in answer.aiter_bytes():
        content += part
        if len(content) > limit:
            raise HttpFailed(f"the answer of {shown(str(answer.url))} is over the limit of {limit} bytes")
    return bytes(content)


def _checked(url: str) -> str:
    """Raises HttpFailed: nobody can be asked under this URL."""
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url:
        raise HttpFailed(f"{shown(url)!r} is no URL of http or https")
    return url


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
