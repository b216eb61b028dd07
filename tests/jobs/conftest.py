"""A real database in a folder of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from nodetool.storage.sqlite import Store, open_store
from tests.jobs.helpers import Desk


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = open_store(tmp_path, sync="normal")
    yield opened
    await opened.close()


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)
