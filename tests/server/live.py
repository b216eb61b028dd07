"""The server on a real socket, in the loop of the test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from uvicorn import Config
from uvicorn.server import ServerState

from nodetool.server.asgi import Site, build
from nodetool.server.listener import uvicorn_settings
from nodetool.server.options import Options
from nodetool.server.ports import Services
from tests.server.fakes import FakeJobs, FakeWorkflows, House


@dataclass
class Live:
    """A running server, the rooms below it, and a client."""

    house: House
    site: Site
    port: int
    http: httpx.AsyncClient

    @property
    def jobs(self) -> FakeJobs:
        return self.house.jobs

    @property
    def workflows(self) -> FakeWorkflows:
        return self.house.workflows

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/predict"


@asynccontextmanager
async def serving(services: Services, options: Options) -> AsyncIterator[tuple[Site, int]]:
    """Serve *services* on a free port; gives the site and the port."""
    site = build(services, options)
    config = Config(site, **uvicorn_settings(options))
    config.load()
    state = ServerState()
    make = config.http_protocol_class

    def protocol() -> asyncio.Protocol:
        made: Any = make
        connection: asyncio.Protocol = made(config=config, server_state=state, app_state={})
        return connection

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    try:
        yield site, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await site.shutdown()
        for connection in list(state.connections):
            connection.shutdown()
        for task in list(state.tasks):
            task.cancel()
        await asyncio.gather(*state.tasks, return_exceptions=True)
        await server.wait_closed()


@asynccontextmanager
async def live(house: House | None = None, **options: Any) -> AsyncIterator[Live]:
    """Serve a house of fakes, with a client for it."""
    house = house or House()
    async with (
        serving(house.services, Options(**options)) as (site, port),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10, verify=False) as http,
    ):
        yield Live(house, site, port, http)
