"""An in-handle that its node reads by itself, item by item."""

from collections.abc import AsyncIterator, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class Stream(Generic[T]):
    """The items that arrive on one handle, in order: ``async for item in self.items``.

    A node with a field of this type is started once, with its streams open. It may read them to the end, stop early, or
    read two at a time. What it leaves unread is dropped when it returns.
    """

    def __init__(self, items: AsyncIterator[T]) -> None:
        self._items = items

    def __aiter__(self) -> AsyncIterator[T]:
        return self._items

    @classmethod
    def of(cls, items: Iterable[T]) -> "Stream[T]":
        """Return a stream of these *items*, for tests."""

        async def each() -> AsyncIterator[T]:
            for item in items:
                yield item

        return cls(each())
