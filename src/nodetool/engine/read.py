"""The streams of a node that reads them itself."""

from collections.abc import Awaitable, Callable
from typing import Any

from nodetool.engine.bind import misfit
from nodetool.engine.convert import Misfit
from nodetool.engine.flow import Flow
from nodetool.engine.step import Inbox, Step

Arrival = Callable[[Step, Inbox], Awaitable[None]]
"""Waits until something arrives for a node."""


class Arrivals:
    """The items of one in-handle, in order.

    An iterator and no generator: a node that gives up waiting for an item, say after a time, may ask again.
    """

    def __init__(self, flow: Flow, step: Step, inbox: Inbox, handle: str, wait: Arrival) -> None:
        self._flow = flow
        self._wait = wait
        self._step = step
        self._inbox = inbox
        self._handle = handle
        self._items = inbox.gate.waiting[handle]
        self._convert = step.node.shape.converters[handle]

    def __aiter__(self) -> "Arrivals":
        return self

    async def __anext__(self) -> Any:
        inbox = self._inbox
        while not self._items:
            if inbox.gate.over or self._handle not in inbox.gate.open:
                raise StopAsyncIteration
            await self._wait(self._step, inbox)
        item = self._items.popleft()
        if inbox.blocked:
            self._flow.let_in(inbox)
        try:
            return self._convert(item) if self._convert else item
        except Misfit as error:
            raise misfit(self._step.node.id, self._handle, error) from error
