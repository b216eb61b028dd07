"""A client on a socket, that speaks as the guides do."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed


class Talk:
    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, command: str, *, request_id: Any = None, **data: Any) -> None:
        """Send a command; without data it has none."""
        frame: dict[str, Any] = {"command": command}
        if data:
            frame["data"] = data
        if request_id is not None:
            frame["request_id"] = request_id
        await self.socket.send(msgspec.msgpack.encode(frame))

    async def hear(self) -> Any:
        """Return the next frame, decoded by its kind."""
        frame = await self.socket.recv()
        return json.loads(frame) if isinstance(frame, str) else msgspec.msgpack.decode(frame)

    async def ask(self, command: str, **data: Any) -> Any:
        await self.send(command, **data)
        return await self.hear()

    async def run(self, workflow_id: str = "wf", **params: Any) -> str:
        """Run a workflow, and return its job's id once its first event is here."""
        reply = await self.ask("run_job", workflow_id=workflow_id, params=params)
        assert reply["message"] == "Job started", reply
        first = await self.hear()
        assert first["seq"] == 1
        id: str = reply["job_id"]
        return id

    async def until_end(self) -> list[Any]:
        """Return all frames up to the terminal event."""
        heard = [await self.hear()]
        while heard[-1].get("status") not in {"completed", "failed", "cancelled"} or "seq" not in heard[-1]:
            heard.append(await self.hear())
        return heard

    async def rest(self) -> list[Any]:
        """Return all frames until the socket is closed."""
        heard = []
        with suppress(ConnectionClosed):
            while True:
                heard.append(await self.hear())
        return heard

    async def closing(self) -> tuple[int | None, str | None]:
        """Return with which code and reason the server closes."""
        await self.rest()
        return self.socket.close_code, self.socket.close_reason


@asynccontextmanager
async def talking(url: str, **options: Any) -> AsyncIterator[Talk]:
    async with connect(url, max_size=None, **options) as socket:
        yield Talk(socket)
