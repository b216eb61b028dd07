"""Work that begins at once, and becomes a task only if it has to wait.

Most runs end before they wait for anything: as a task each of them would cost a turn of the loop more.
"""

import asyncio
from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any


def eagerly(work: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop) -> "asyncio.Task[None] | None":
    """Run *work* up to where it first waits, and return the task that sees to the rest; None if there is none.

    Up to there it has no current task, so it may make tasks but must not enter a timeout or a task group.
    """
    try:
        waited = work.send(None)
    except StopIteration:
        return None
    return loop.create_task(_rest(work, waited))


async def _rest(work: Coroutine[Any, Any, None], waited: Any) -> None:
    await _continued(work, waited)


@coroutine
def _continued(work: Coroutine[Any, Any, None], waited: Any) -> Generator[Any, Any, None]:
    """Await the rest of *work*, which has begun and waits for *waited*."""
    while True:
        step: Any = work.send
        try:
            sent = yield waited
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is for *work*
            step, sent = work.throw, error
        try:
            waited = step(sent)
        except StopIteration:
            return
