"""Where a run is: the node that has the loop is marked, so that it can be named if the loop never comes back."""

from collections.abc import Callable, Coroutine, Generator
from types import coroutine
from typing import Any

import msgspec


class Mark(msgspec.Struct, frozen=True, gc=False):
    """What is called at each turn that a node gets and gives back."""

    enter: Callable[[int], object]
    """The node with this index in the plan runs now."""
    leave: Callable[[], object]
    """No node runs now."""


NO_MARK = Mark(lambda _: None, lambda: None)
"""Nobody looks."""


def beyond(mark: Mark, offset: int) -> Mark:
    """Return what marks the nodes of a workflow that is called: their indexes begin at *offset*."""
    return Mark(lambda node: mark.enter(offset + node), mark.leave)


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
