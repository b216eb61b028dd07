"""A server for nodes to ask, on a real socket: it answers as the test says, and keeps what it was asked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Write = Callable[[bytes], Awaitable[None]]
Answer = Callable[[Asked, Write], Awaitable[None]]


@dataclass
class Web:
    """What it was asked, and where it is."""

    url: str
    asked: list[Asked] = field(default_factory=list)


def reply(body: bytes = b"", status: str = "200 OK", **headers: str) -> Answer:
    """Answer every request like this; an underscore in the name of a header is a dash."""

    async def answer(_: Asked, write: Write) -> None:
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        head = "\r\n".join([f"HTTP/1.1 {status}", *lines, f"content-length: {len(body)}", "", ""])
        await write(head.encode() + body)

    return answer


def by_path(**answers: Answer) -> Answer:
    """Answer by the first part of the path."""

    async def answer(asked: Asked, write: Write) -> None:
        name = asked.path.strip("/").partition("/")[0].partition("?")[0]
        await answers.get(name, reply(status="404 Not Found"))(asked, write)

    return answer


@asynccontextmanager
async def serving(answer: Answer, host: str = "127.0.0.1") -> AsyncIterator[Web]:
    """Serve for the length of a block, one request a connection."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = await _request(reader)
            web.asked.append(asked)

            async def write(data: bytes) -> None:
                writer.write(data)
                await writer.drain()

            await answer(asked, write)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, host, 0)
    port = server.sockets[0].getsockname()[1]
    web = Web(f"http://{f'[{host}]' if ':' in host else host}:{port}")
    try:
        yield web
    finally:
        server.close()
        await server.wait_closed()


async def _request(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    return Asked(method, path, headers, await reader.readexactly(int(headers.get("content-length", "0"))))
