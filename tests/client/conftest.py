"""One server for the tests of the client, and a client of it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from nodetool.client import Client
from tests.serving import Served, serving


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Each test stores what it needs; the examples are for the page about the client."""
    with serving(tmp_path_factory.mktemp("client") / "home", "--examples") as served:
        yield served


@pytest.fixture
async def client(server: Served) -> AsyncIterator[Client]:
    async with Client(server.url, timeout=10, patience=5) as client:
        yield client
