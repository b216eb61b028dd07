"""Running servers over fakes, one for each surface."""

from collections.abc import AsyncIterator

import pytest

from tests.server.live import Live, live


@pytest.fixture
async def editor() -> AsyncIterator[Live]:
    async with live() as running:
        yield running


@pytest.fixture
async def worker() -> AsyncIterator[Live]:
    async with live(surface="worker") as running:
        yield running
