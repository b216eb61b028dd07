"""The real server, put together with other parts: ``python -m tests.durability.planted --home HOME --faults FOLDER``.

Takes every setting as an option, and beside them which parts are not the real ones.
"""

import argparse
import asyncio
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from nodetool import app
from nodetool.app import OpenStore
from nodetool.auth.deployment import StaticToken
from nodetool.cli import logs
from nodetool.cli.options import in_loop
from nodetool.cli.serving import greet, listen
from nodetool.config import Config
from nodetool.jobs.clock import Clock, LoopClock
from nodetool.server.listener import url_of
from nodetool.storage.sqlite import open_store
from tests.durability.board import Board
from tests.durability.disk import migrating_store, small_store
from tests.durability.faulty import faulty_store
from tests.durability.liars import LIARS


def main() -> None:
    parts, rest = _options().parse_known_args()
    config = Config.read(os.environ, settings(rest))
    logs.set_up(config.log_level)
    in_loop(serve(config, store_of(parts), clock_of(parts.clock)))


async def serve(config: Config, opens: OpenStore, clock: Clock) -> None:
    """Serve as ``nodetool serve`` does, over another store and by another clock."""
    with listen(config, search=False) as sock:

        async def ready(_: app.Rooms, token: StaticToken | None) -> None:
            say = partial(greet, url_of(sock), config, examples=False, surface="editor", token=token)
            asyncio.get_running_loop().call_soon(say)

        rooms = partial(app.rooms_in, open_store=opens, clock=clock)
        await app.serve(config, sock, ready=ready, rooms_in=rooms)


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(allow_abbrev=False)
    options.add_argument("--faults", type=Path, help="the board that says where the store is at fault")
    options.add_argument("--migration-faults", type=Path, help="the same for the migration of the home")
    options.add_argument("--lie", choices=LIARS, help="the one fault that is built in")
    options.add_argument("--full", type=Path, help="a file: while it exists the database does not grow")
    options.add_argument("--busy-ms", type=int, help="how long the database waits for others")
    options.add_argument("--clock", type=Path, help="a file that says how many seconds the clock is wrong")
    return options


def settings(options: Sequence[str]) -> dict[str, Any]:
    """Return the settings that are given as ``--name value``."""
    given: dict[str, Any] = {}
    for option, value in zip(options[::2], options[1::2], strict=True):
        name = option.removeprefix("--").replace("-", "_")
        if name == "nodes":
            given.setdefault(name, []).append(value)
        else:
            given[name] = value
    return given


def store_of(parts: argparse.Namespace) -> OpenStore:
    if parts.faults:
        return faulty_store(Board(parts.faults))
    if parts.migration_faults:
        return migrating_store(Board(parts.migration_faults))
    if parts.full or parts.busy_ms:
        return small_store(parts.full, parts.busy_ms)
    return LIARS[parts.lie] if parts.lie else open_store


class WrongClock(LoopClock):
    """Wrong by as many seconds as a file says."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now_us(self) -> int:
        return super().now_us() + int(self._file.read_text()) * 1_000_000


def clock_of(file: Path | None) -> Clock:
    return WrongClock(file) if file else LoopClock()


if __name__ == "__main__":
    main()
