"""The secrets of a home, without a server."""

import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from nodetool.app import sealed_by
from nodetool.config import Config
from nodetool.jobs.clock import LoopClock
from nodetool.jobs.secrets import Secrets
from nodetool.protocol.errors import HomeInUse, InvalidRequest
from nodetool.protocol.times import rfc3339
from nodetool.storage import keyfile
from nodetool.storage.home import Home
from nodetool.storage.seal import Seal
from nodetool.storage.sealed import SecretRow
from nodetool.storage.sqlite import FILE, open_store


@asynccontextmanager
async def opened(config: Config, seal: Seal | None = None) -> AsyncIterator[Secrets]:
    """Open the secrets of a home. Raises HomeInUse, HomeTooNew."""
    try:
        home = Home.open(config.folder)
    except HomeInUse as error:
        where = "set and remove them there, with PUT and DELETE /api/settings/secrets/NAME, or stop it first"
        raise HomeInUse(f"{error.detail.rstrip('.')}: {where}.") from error
    with home:
        store = open_store(config.folder, sync=config.sync)
        try:
            yield Secrets(store.writer, store.reader, seal or sealed_by(config), now_us=LoopClock().now_us)
        finally:
            await store.close()


async def store(config: Config, user: str, name: str, value: str) -> None:
    async with opened(config) as secrets:
        await secrets.set(user, name, value)


async def remove(config: Config, user: str, name: str) -> None:
    async with opened(config) as secrets:
        await secrets.delete(user, name)


async def names(config: Config, user: str) -> list[SecretRow]:
    async with opened(config) as secrets:
        return await secrets.list(user)


async def rotate(config: Config) -> tuple[int, int]:
    """Seal all again with a new key, or where the environment has keys, with the first of them.

    Whenever this is cut short, every key that something is sealed with is still there. Returns how much was sealed
    again, and how much no key opens.
    """
    has_file = not config.master_keys
    async with opened(config) as secrets:
        if has_file:
            keyfile.add_key(config.folder)
        done, lost = await secrets.reseal()
        if has_file and not lost:
            keyfile.keep_first(config.folder)
    return done, lost


async def stored(config: Config, user: str) -> dict[str, str]:
    """Return the secrets of a home for a run without a server: none where there are none, or a server has the home."""
    if not (config.folder / FILE).exists():
        return {}
    try:
        async with opened(config) as secrets:
            found = secrets.of(user, [row.name for row in await secrets.list(user)])
    except HomeInUse:
        return {}
    return {name: value for name, value in found.items() if value is not None}


def read_value(ask: Callable[[], str]) -> str:
    """Return a secret that a person types, unseen, or that stands on stdin; one newline at its end is none of it."""
    value = ask() if sys.stdin.isatty() else sys.stdin.read().removesuffix("\n").removesuffix("\r")
    if not value:
        raise InvalidRequest("a secret is not empty")
    return value


def lines(rows: Iterable[SecretRow]) -> list[tuple[str, str]]:
    """Return a row for each secret: its name, and since when it is set."""
    return [("NAME", "SET"), *((row.name, rfc3339(row.updated_us)) for row in rows)]
