"""A server under strain: runs over every transport, and connections that are cut anywhere."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from typing import Any

from bench.load import Address, Connection
from bench.sockets import BINARY, Event, Socket, masked, open_socket, run_job
from nodetool.protocol.codec import to_json, to_msgpack
from nodetool.protocol.events import ENDED
from tests.graphs import Json, through

CLIENTS = 8

UNDER_WAY = 20
"""Runs that may be left by connections that were cut, before the next one is: the runner is not to be flooded."""

WORKFLOWS: dict[str, Json] = {
    "echo": through("nodetool.text.Concat", "a", b="!"),
    "emit": through("bench.nodes.Emit", count=100),
    "flood": through("bench.nodes.Emit", text="x" * 1000, count=500),
    "steps": through("bench.nodes.Steps", steps=4, seconds=0.005),
    "fail": through("bench.nodes.Fail"),
    "alone": through("bench.nodes.BlockingSleep", seconds=0.01),
    "stuck": through("bench.nodes.BlockingSleep", seconds=60.0),
}

SHARED = ("echo", "emit", "steps", "fail")
CUT = ("echo", "emit", "flood", "steps", "fail")

Way = Callable[["Client", str], Awaitable[str]]


class Client:
    """One client, with a socket that it keeps, and a connection for each call. A way returns how the run ended."""

    def __init__(self, address: Address, socket: Socket) -> None:
        self._address = address
        self._socket = socket

    @classmethod
    async def of(cls, address: Address) -> "Client":
        return cls(address, await open_socket(address))

    def close(self) -> None:
        self._socket.close()

    async def ask(self, method: str, path: str, value: Any = None) -> tuple[int, bytes]:
        body = b"" if value is None else to_json(value)
        connection = await self._address.connect(Connection)
        try:
            return await connection.ask(self._address.request(method, f"/api{path}", body))
        finally:
            connection.close()

    async def call(self, workflow: str) -> str:
        status, _ = await self.ask("POST", f"/workflows/{workflow}/run", {"params": {"text": "t"}})
        return {200: "completed", 500: "failed"}[status]

    async def lines(self, workflow: str) -> str:
        _, body = await self.ask("POST", f"/workflows/{workflow}/run?stream=true")
        return str(json.loads(body.splitlines()[-1])["status"])

    async def sse(self, workflow: str) -> str:
        _, body = await self.ask("POST", f"/workflows/{workflow}/run/stream")
        last = body.rstrip().split(b"\n\n")[-2].partition(b"data: ")[2]
        return str(json.loads(last)["status"])

    async def later(self, workflow: str) -> str:
        """Look again and again, waiting at the server meanwhile."""
        job, after, status = await self.start(workflow), 0, ""
        while status not in ENDED:
            _, body = await self.ask("GET", f"/jobs/{job}/events?after={after}&wait=5")
            page = json.loads(body)
            after, status = page["next_after"], page["status"]
        return str(status)

    async def socket(self, workflow: str) -> str:
        self._socket.send(run_job(workflow))
        return (await self._socket.event(lambda event: event.is_last)).status

    async def cancelled(self, workflow: str) -> str:
        """Cancel the run once a node of it is at work."""

        def is_at_work(event: Event) -> bool:
            return event.type == "node_update" and event.status == "running"

        self._socket.send(run_job(workflow))
        job = (await self._socket.event(is_at_work)).job_id
        await self.ask("POST", f"/jobs/{job}/cancel")
        return (await self._socket.event(lambda event: event.is_last)).status

    async def start(self, workflow: str) -> str:
        _, body = await self.ask("POST", f"/workflows/{workflow}/jobs", {"params": {}})
        return str(json.loads(body)["job_id"])


WAYS: tuple[Way, ...] = (Client.call, Client.lines, Client.sse, Client.later, Client.socket)


class Strain:
    """Puts strain on the server at *address*; *seed* says which. *under_way* tells how many runs there are."""

    def __init__(self, address: Address, seed: int, under_way: Callable[[], int]) -> None:
        self.done: Counter[str] = Counter()
        """Runs by workflow and end, and connections by where they were cut."""
        self._address = address
        self._random = Random(seed)
        self._under_way = under_way

    async def store(self) -> None:
        client = await Client.of(self._address)
        for id, graph in WORKFLOWS.items():
            status, body = await client.ask("PUT", f"/workflows/{id}", {"name": id, "graph": graph})
            assert status == 200, body
        client.close()

    async def paths(self) -> None:
        """Ask for what is not there, on more paths than the framework remembers."""
        connection = await self._address.connect(Connection)
        for number in range(1100):
            assert (await connection.ask(self._address.request("GET", f"/api/jobs/{number:032x}"))).status == 404
        connection.close()

    async def runs(self, count: int) -> None:
        """Run so many workflows to their end; a few of them in runners of their own, of which some are killed."""
        left = iter(range(count))
        await asyncio.gather(*[self._shared(left) for _ in range(CLIENTS)], self._alone(count // 50, count // 200))

    async def cuts(self, count: int) -> None:
        """Cut so many connections."""
        left = iter(range(count))
        await asyncio.gather(*[self._cut(left) for _ in range(CLIENTS)])

    async def _shared(self, left: Any) -> None:
        client = await Client.of(self._address)
        for _ in left:
            workflow, way = self._random.choice(SHARED), self._random.choice(WAYS)
            status = await way(client, workflow)
            assert status == ("failed" if workflow == "fail" else "completed"), (workflow, way, status)
            self.done[f"{workflow} {status}"] += 1
        client.close()

    async def _alone(self, runs: int, kills: int) -> None:
        client = await Client.of(self._address)
        for _ in range(runs):
            assert await client.call("alone") == "completed"
            self.done["alone completed"] += 1
        for _ in range(kills):
            assert await client.cancelled("stuck") == "cancelled"
            self.done["stuck cancelled"] += 1
        client.close()

    async def _cut(self, left: Any) -> None:
        client = await Client.of(self._address)
        for _ in left:
            while self._under_way() > UNDER_WAY:
                await asyncio.sleep(0.01)
            kind, sent = await self._request(client)
            reader, writer = await asyncio.open_connection(*self._address)
            place = await self._send_and_hear(reader, writer, sent)
            if self._random.random() < 0.5:
                writer.transport.abort()
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            self.done[f"{kind} cut {place}"] += 1
        client.close()

    async def _send_and_hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes) -> str:
        """Go on with a conversation up to where it is to be cut."""
        place = self._random.choice(("in the request", "before the answer", "in the answer"))
        if place == "in the request":
            writer.write(sent[: self._random.randrange(len(sent))])
        else:
            writer.write(sent)
        if place == "in the answer":
            with suppress(asyncio.IncompleteReadError, OSError, TimeoutError):
                async with asyncio.timeout(0.2):
                    await reader.readexactly(int(10 ** self._random.uniform(1, 5)))
        else:
            await asyncio.sleep(self._random.random() * 0.03)
        return place

    async def _request(self, client: Client) -> tuple[str, bytes]:
        """Return what opens a conversation, of any kind."""
        workflow, kind = self._random.choice(CUT), self._random.choice((*POSTS, "poll", "follow", "socket"))
        if kind == "socket":
            run = masked(BINARY, to_msgpack(run_job(workflow)))
            return kind, handshake(self._address) + run * self._random.randint(0, 3)
        if kind in POSTS:
            return kind, self._address.request("POST", f"/api/workflows/{workflow}/{POSTS[kind]}", b'{"params":{}}')
        path = f"/api/jobs/{await client.start(workflow)}/events?after={self._random.randint(0, 3)}&wait=5"
        request = self._address.request("GET", path)
        return kind, request if kind == "poll" else request.replace(b"\r\n", b"\r\nAccept: application/x-ndjson\r\n", 1)


POSTS = {
    "lines": "run?stream=true",
    "sse": "run/stream",
    "call": "run",
    "call that cancels": "run?on_disconnect=cancel",
    "lines that cancel": "run?stream=true&on_disconnect=cancel",
}


def handshake(address: Address) -> bytes:
    return (
        f"GET /predict HTTP/1.1\r\nHost: {address.host}:{address.port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()
