"""When does a node fire? Pure bookkeeping: no clock, no tasks, no sockets.

A *stream* handle gets items one by one; a *single* handle gets one value, or none, once its edges have ended. A gate
holds the items that wait and says, with ``take``, what the node fires on next. Items that are pushed after a gate is
``over`` are dropped.
"""

from collections import deque
from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]
"""A value for each connected handle."""

NOTHING: Any = object()
"""In place of a value: none came."""


class Gate:
    """What every gate knows: the items that wait, the values that stay, and which handles may still get some."""

    __slots__ = ("_awaited", "_values", "dropped", "open", "over", "waiting")

    def __init__(self, streams: Iterable[str], singles: Iterable[str]) -> None:
        self.waiting: dict[str, deque[Any]] = {handle: deque() for handle in streams}
        self.open = set(self.waiting)
        """Stream handles that may still get an item."""
        self.over = False
        """No row will come any more."""
        self.dropped = 0
        """Items that no firing used."""
        self._awaited = set(singles)
        self._values: Row = {}

    def push(self, handle: str, value: Any) -> None:
        """Take an item of a stream."""
        if self.over:
            self.dropped += 1
        else:
            self.waiting[handle].append(value)

    def fix(self, handle: str, value: Any) -> None:
        """Set the value of a single handle; NOTHING if none came, and then the node never fires."""
        self._awaited.discard(handle)
        if value is NOTHING:
            self.give_up()
        else:
            self._values[handle] = value

    def close(self, handle: str, *, skipped: bool = False) -> None:
        """Note that a stream handle gets no further item. *skipped*: the branch that feeds it was not taken."""
        self.open.discard(handle)
        if skipped or self._is_spent():
            self.give_up()

    def give_up(self) -> None:
        """Note that the node cannot fire (again), whatever comes."""
        self.over = True
        self._values = {}
        for items in self.waiting.values():
            self.dropped += len(items)
            items.clear()

    def take(self) -> Row | None:
        """Return what to fire on next, or None if that is not known yet or never will be."""
        raise NotImplementedError

    def _is_spent(self) -> bool:
        """Say whether some stream has ended and is used up, and so every row lacks a value."""
        return any(not items and handle not in self.open for handle, items in self.waiting.items())


class ForEach(Gate):
    """Fire once for each item of the one stream; single values stay. What ``OnAny`` and ``ZipAll`` both come to."""

    __slots__ = ("_handle", "_items")

    def __init__(self, streams: Iterable[str], singles: Iterable[str]) -> None:
        super().__init__(streams, singles)
        ((self._handle, self._items),) = self.waiting.items()

    def take(self) -> Row | None:
        if self._awaited or not self._items:
            return None
        row = {**self._values, self._handle: self._items.popleft()}
        if not self._items and not self.open:
            self.over = True
        return row


class OnAny(Gate):
    """Fire on the first of each handle, then once for each further arrival, with the latest of the others.

    With several streams, which pairs arise depends on arrival.
    """

    __slots__ = ("_arrivals", "_has_fired")

    def __init__(self, streams: Iterable[str], singles: Iterable[str]) -> None:
        super().__init__(streams, singles)
        self._arrivals: deque[str] = deque()
        """The handles of the items that wait, in the order in which they came."""
        self._has_fired = False

    def push(self, handle: str, value: Any) -> None:
        if not self.over:
            self._arrivals.append(handle)
        super().push(handle, value)

    def take(self) -> Row | None:
        if self._awaited or self.over:
            return None
        if not self._has_fired:
            return self._first()
        if not self._arrivals:
            return None
        self._pop(self._arrivals.popleft())
        return self._row()

    def _first(self) -> Row | None:
        if not all(self.waiting.values()):
            return None
        self._has_fired = True
        for handle in self.waiting:
            self._arrivals.remove(handle)
            self._pop(handle)
        return self._row()

    def _pop(self, handle: str) -> None:
        self._values[handle] = self.waiting[handle].popleft()

    def _row(self) -> Row:
        if self._is_spent():
            self.over = True
        return dict(self._values)

    def _is_spent(self) -> bool:
        if self._has_fired:
            return not self.open and not self._arrivals
        return super()._is_spent()


class ZipAll(Gate):
    """Fire once for each full row: the n-th items of all streams go together, single values stay.

    The stream that ends first ends the firing. A fast and a slow stream differ by at most what the inbox holds.
    """

    __slots__ = ()

    def take(self) -> Row | None:
        if self._awaited or self.over or not all(self.waiting.values()):
            return None
        row = {**self._values, **{handle: items.popleft() for handle, items in self.waiting.items()}}
        if self._is_spent():
            self.give_up()
        return row


class Reader(Gate):
    """Fire once, with the streams still open: the node reads them itself.

    Starts once every single value is there and it is known that some stream was not skipped.
    """

    __slots__ = ("_has_fired", "_known")

    def __init__(self, streams: Iterable[str], singles: Iterable[str]) -> None:
        super().__init__(streams, singles)
        self._has_fired = False
        self._known = not self.waiting

    def close(self, handle: str, *, skipped: bool = False) -> None:
        """A skipped stream counts as empty, unless all of them are."""
        self.open.discard(handle)
        if not skipped:
            self._known = True
        elif not self.open and not self._knows():
            self.give_up()

    def take(self) -> Row | None:
        """Return the single values, once."""
        if self._awaited or self._has_fired or self.over or not self._knows():
            return None
        self._has_fired = True
        return dict(self._values)

    def _knows(self) -> bool:
        """Say whether it is known that some stream was not skipped."""
        return self._known or any(self.waiting.values())


class InOrder:
    """Values of the single edges of one stream handle, let through in document order, whatever the schedule."""

    __slots__ = ("_ended", "_next")

    def __init__(self, edges: int) -> None:
        self._ended: list[Any] = [None] * edges
        self._next = 0

    def end(self, position: int, value: Any) -> list[Any]:
        """Note that the edge at *position* ended, with a value or NOTHING; return the values that may go on now."""
        self._ended[position] = (value,)
        free: list[Any] = []
        while self._next < len(self._ended) and self._ended[self._next] is not None:
            (value,) = self._ended[self._next]
            if value is not NOTHING:
                free.append(value)
            self._next += 1
        return free


def gate_for(kind: str, streams: list[str], singles: list[str]) -> Gate:
    """Return a gate of a plan's *kind*: ``on_any``, ``zip_all`` or ``reader``."""
    if kind == "reader":
        return Reader(streams, singles)
    if len(streams) == 1:
        return ForEach(streams, singles)
    return ZipAll(streams, singles) if kind == "zip_all" else OnAny(streams, singles)
