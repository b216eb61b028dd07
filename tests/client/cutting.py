"""A bad line to a server: connections are cut when so many bytes have come back."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Cutter:
    """Stands before a server. ``cuts`` says for each of the next connections how many bytes it brings back."""

    def __init__(self, port: int) -> None:
        self.cuts: deque[int] = deque()
        self.made = 0
        """Connections that were made."""
        self._behind = port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def up(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Take no connections, and cut those that stand."""
        assert self._server
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.made += 1
        left = self.cuts.popleft() if self.cuts else None
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", self._behind)
        there = asyncio.create_task(pass_on(reader, behind_writer, None))
        try:
            await pass_on(behind_reader, writer, left)
        except asyncio.CancelledError:
            task.uncancel()  # the stream server would complain
        finally:
            there.cancel()
            behind_writer.transport.abort()
            writer.transport.abort()


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: int | None) -> None:
    """Pass bytes on to the end, or *left* of them."""
    with suppress(OSError):
        while data := await reader.read(1024):
            data = data[:left]
            writer.write(data)
            await writer.drain()
            if left is not None and (left := left - len(data)) <= 0:
                await asyncio.sleep(0.01)  # what was written should leave before the cut
                return


@asynccontextmanager
async def cutting(port: int) -> AsyncIterator[Cutter]:
    cutter = Cutter(port)
    await cutter.up()
    try:
        yield cutter
    finally:
        await cutter.down()
