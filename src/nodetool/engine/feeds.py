"""What comes for the inputs of a run that stream: item by item, from outside, until they are ended."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

from nodetool.graph.plan import PlanParam
from nodetool.protocol.errors import TimedOut


class Feed:
    """One input."""

    def __init__(self, items: Iterable[Any] = (), *, is_open: bool) -> None:
        self.items = deque(items)
        self.is_open = is_open
        self._waiter: asyncio.Future[None] | None = None

    def put(self, item: Any) -> None:
        self.items.append(item)
        self._wake()

    def end(self) -> None:
        self.is_open = False
        self._wake()

    async def arrival(self, seconds: float) -> None:
        """Wait until an item comes, or the end. Raises TimeoutError after *seconds*; 0 is no limit."""
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds or None):
                await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)


class Feeds:
    """The inputs of one run that stream, by name. What *params* gives for one is all that comes for it.

    *on_taken* is told of each item that the run has taken from an open input.
    """

    def __init__(
        self,
        streams: Iterable[PlanParam],
        params: Mapping[str, Any],
        *,
        are_open: bool,
        seconds: float = 0.0,
        on_taken: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._seconds = seconds
        self._on_taken = on_taken
        self._feeds = {
            one.name: Feed(params.get(one.name) or (), is_open=are_open and one.name not in params)
            for one in streams
            if one.streams
        }

    def put(self, name: str, item: Any) -> None:
        """Take an item for an input."""
        if feed := self._feeds.get(name):
            feed.put(item)

    def end(self, name: str) -> None:
        """Note that nothing more comes for an input."""
        if feed := self._feeds.get(name):
            feed.end()

    async def items(self, name: str) -> AsyncIterator[Any]:
        """Yield what comes for an input. Raises TimedOut if it is silent for too long."""
        feed = self._feeds[name]
        while True:
            while feed.items:
                yield feed.items.popleft()
                self._on_taken(name)
            if not feed.is_open:
                return
            try:
                await feed.arrival(self._seconds)
            except TimeoutError:
                raise TimedOut(f"input {name}: nothing came for {self._seconds:g} seconds") from None
