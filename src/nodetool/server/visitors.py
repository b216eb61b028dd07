"""Those who wait for a run while the server is told to stop."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeVar

from nodetool.protocol.errors import ShuttingDown

T = TypeVar("T")

Kind = Literal["stream", "waiting"]
"""Whether events are sent meanwhile, or the answer comes in the end."""


class Visitors:
    """Requests that wait for something that may take long. They cost an entry each, not a task."""

    def __init__(self) -> None:
        self._closing = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        """Asked for once: to ask which loop runs is a system call."""
        self._tasks: dict[asyncio.Task[Any], Kind] = {}

    @property
    def closing(self) -> bool:
        return self._closing.is_set()

    def count(self, kind: Kind) -> int:
        """Return how many of a kind are here."""
        return sum(one == kind for one in self._tasks.values())

    async def stay(self, wait: Callable[[], Awaitable[T]], kind: Kind = "waiting") -> T:
        """Return what *wait* awaits.

        Raises:
            ShuttingDown: the server stops first.
        """
        if self._closing.is_set():
            raise ShuttingDown
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        task = asyncio.current_task(self._loop)
        assert task is not None
        self._tasks[task] = kind
        try:
            return await wait()
        except asyncio.CancelledError:
            if not self._closing.is_set():
                raise
            task.uncancel()
            raise ShuttingDown from None
        finally:
            del self._tasks[task]

    def dismiss(self) -> None:
        """Let nobody wait any longer."""
        self._closing.set()
        for task in self._tasks:
            task.cancel()
