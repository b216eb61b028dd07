"""The database of a home for one command, whether a server has the home or not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nodetool.config import Config
from nodetool.protocol.errors import HomeInUse
from nodetool.storage.beside import open_beside
from nodetool.storage.home import Home
from nodetool.storage.port import Changing, Reader
from nodetool.storage.sqlite import open_store


@asynccontextmanager
async def open_home(config: Config) -> AsyncIterator[tuple[Changing, Reader]]:
    """Open the database for the length of the block: as its only user, or beside the server that has it.

    Raises:
        HomeTooNew: this program does not know its schema.
    """
    try:
        home = Home.open(config.folder)
    except HomeInUse:
        async with open_beside(config.folder) as (writer, reader):
            yield writer, reader
        return
    with home:
        store = open_store(config.folder, sync=config.sync)
        try:
            yield store.writer, store.reader
        finally:
            await store.close()
