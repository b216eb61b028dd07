"""How a part of the real server is wrapped: a proof stands in front of it, behind the same port."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from nodetool.app import OpenStore
from nodetool.storage.connect import BUSY_S
from nodetool.storage.port import Outcome
from nodetool.storage.reader import SqliteReader
from nodetool.storage.sqlite import Store, open_store
from nodetool.storage.transaction import Sync
from nodetool.storage.writer import SqliteWriter

Outcomes = asyncio.Future[list[Outcome]]


class Wrapped:
    """In front of a real part, which answers whatever is not answered here."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def settle(outcome: Outcomes, done: Outcomes) -> None:
    """Tell what became of a call, unless its caller was told something else before."""
    error = done.exception()
    if outcome.done():
        return
    if error:
        outcome.set_exception(error)
    else:
        outcome.set_result(done.result())


def same(real: Any) -> Any:
    return real


def opener(
    writer: Callable[[SqliteWriter], Any] = same,
    reader: Callable[[SqliteReader], Any] = same,
    *,
    busy_s: float = BUSY_S,
) -> OpenStore:
    def open_wrapped(home: Path, *, sync: Sync) -> Store:
        store = open_store(home, sync=sync, busy_s=busy_s)
        return Store(
            cast(SqliteWriter, writer(store.writer)), cast(SqliteReader, reader(store.reader)), store.checkpoints
        )

    return open_wrapped
