"""Those who wait for a run while the server is told to stop."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from nodetool.protocol.errors import ShuttingDown

T = TypeVar("T")


class Visitors:
    """Requests that wait for something that may take long. They cost a set entry each, not a task."""

    def __init__(self) -> None:
        self._closing = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def closing(self) -> bool:
        return self._closing.is_set()

    def __len__(self) -> int:
        return len(self._tasks)

    async def stay(self, wait: Callable[[], Awaitable[T]]) -> T:
        """Return what *wait* awaits.

        Raises:
            ShuttingDown: the server stops first.
        """
        if self._closing.is_set():
            raise ShuttingDown
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            return await wait()
        except asyncio.CancelledError:
            if not self._closing.is_set():
                raise
            task.uncancel()
            raise ShuttingDown from None
        finally:
            self._tasks.discard(task)

    def dismiss(self) -> None:
        """Let nobody wait any longer."""
        self._closing.set()
        for task in self._tasks:
            task.cancel()
