"""A real database in a folder of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from nodetool.storage.sqlite import Store, open_store
from tests.storage.helpers import Away, Near


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = open_store(tmp_path, sync="normal")
    yield opened
    await opened.close()


@pytest.fixture
async def full_store(tmp_path: Path) -> AsyncIterator[Store]:
    """The same with commits that wait for the disk."""
    opened = open_store(tmp_path, sync="full", pace=Near())
    yield opened
    await opened.close()


@pytest.fixture
async def threaded_store(tmp_path: Path) -> AsyncIterator[Store]:
    """The same with all of them on a thread."""
    opened = open_store(tmp_path, sync="full", pace=Away())
    yield opened
    await opened.close()
