"""A client that sees what is on the wire: each chunk of a chunked answer as it was written."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Chunked:
    """An answer that is still coming."""

    def __init__(self, reader: asyncio.StreamReader, status: int, headers: dict[str, str]) -> None:
        self.reader = reader
        self.status = status
        self.headers = headers

    async def chunk(self) -> bytes:
        """Return what one write of the server held; nothing at the end. Raises IncompleteReadError if it breaks off."""
        size = int((await self.reader.readuntil(b"\r\n")).strip(), 16)
        data = await self.reader.readexactly(size + 2)
        return data[:-2]

    async def chunks(self) -> list[bytes]:
        """Return all chunks to the end."""
        heard = []
        while chunk := await self.chunk():
            heard.append(chunk)
        return heard


@asynccontextmanager
async def request(port: int, head: str, body: bytes = b"") -> AsyncIterator[Chunked]:
    """Send a request whose first line and further headers are *head*."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        lines = [*head.split("\n"), f"Host: 127.0.0.1:{port}", f"Content-Length: {len(body)}"]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        status, *fields = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in fields)}
        yield Chunked(reader, int(status.split()[1]), headers)
    finally:
        writer.close()
        await writer.wait_closed()
