"""Connections of nodes: a name is looked up here, its addresses are looked at, and what was looked at is connected to.

So an answer of the name server that changes between look and connection changes nothing, and every redirect comes
through here again. Imported at the first request, since the HTTP library takes a while.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterable
from functools import cache
from typing import Any

import httpcore2
import httpx2

from nodetool.sdk.addresses import Reach
from nodetool.sdk.http import OutOfReach

MAX_CONNECTIONS = 100
"""Connections that the nodes of one run have open at a time."""


class Backend(httpcore2.AsyncNetworkBackend):
    """Connects to allowed addresses only."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._inner = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        addresses = await addresses_of(host, port)
        allowed = [address for address in addresses if self._reach.allows(address)]
        if not allowed:
            # Which address it is, is not said: who runs a workflow is not to learn about the network around the server.
            raise OutOfReach(f"{host} is at a private address, and --allow-private-hosts does not name it")
        return await self._first_of(allowed, port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _first_of(self, addresses: list[str], port: int, *how: Any) -> httpcore2.AsyncNetworkStream:
        """Connect to the first address that answers."""
        for address in addresses[:-1]:
            try:
                return await self._inner.connect_tcp(address, port, *how)
            except httpcore2.ConnectError:
                continue
        return await self._inner.connect_tcp(addresses[-1], port, *how)


class Transport(httpx2.AsyncBaseTransport):
    """Puts our backend below the client. It knows no proxy, and asks no variable for one."""

    def __init__(self, reach: Reach) -> None:
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls(), max_connections=MAX_CONNECTIONS, network_backend=Backend(reach)
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = httpcore2.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        answer = await self._pool.handle_async_request(
            httpcore2.Request(
                method=request.method,
                url=url,
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx2.Response(
            answer.status, headers=answer.headers, stream=Stream(answer), extensions=answer.extensions
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


class Stream(httpx2.AsyncByteStream):
    """The body of an answer, as it comes."""

    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._answer.aiter_stream():
            yield part

    async def aclose(self) -> None:
        await self._answer.aclose()


@cache
def tls() -> ssl.SSLContext:
    """Return how certificates are checked: as this machine does. Made once, since that takes a while."""
    return httpx2.create_ssl_context()


async def addresses_of(host: str, port: int) -> list[str]:
    """Look up the addresses of a host. Raises OutOfReach."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise OutOfReach(f"there is no host {host}") from error
    return list(dict.fromkeys(str(place[0]) for *_, place in found))
