"""A real database in a folder of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from nodetool.storage.sqlite import Store, open_store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = open_store(tmp_path, sync="normal")
    yield opened
    await opened.close()


@pytest.fixture
async def full_store(tmp_path: Path) -> AsyncIterator[Store]:
    """The same with commits on a thread, that wait for the disk."""
    opened = open_store(tmp_path, sync="full")
    yield opened
    await opened.close()
