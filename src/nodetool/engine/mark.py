"""Where a run is: the node that has the loop is marked, so that it can be named if the loop never comes back."""

from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any, Protocol


class Mark(Protocol):
    """Told of each turn that a node gets and gives back."""

    def enter(self, node: int) -> None:
        """The node with this index in the plan runs now."""
        ...

    def leave(self) -> None:
        """No node runs now."""
        ...


class NoMark:
    """Nobody looks."""

    def enter(self, node: int) -> None:
        """Do nothing."""

    def leave(self) -> None:
        """Do nothing."""


class Offset:
    """Marks the nodes of a workflow that is called: their indexes begin at *offset*."""

    __slots__ = ("_mark", "_offset", "leave")

    def __init__(self, mark: Mark, offset: int) -> None:
        self._mark = mark
        self._offset = offset
        self.leave = mark.leave

    def enter(self, node: int) -> None:
        self._mark.enter(self._offset + node)


@coroutine
def marked(work: Coroutine[Any, Any, None], mark: Mark, node: int) -> Generator[Any, Any, None]:
    """Await *work*, marking each of its turns: between two of them other nodes have the loop."""
    step, sent = work.send, None
    while True:
        mark.enter(node)
        try:
            waited = step(sent)
        except StopIteration:
            return
        finally:
            mark.leave()
        try:
            sent = yield waited
            step = work.send
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is for *work*
            step, sent = work.throw, error
