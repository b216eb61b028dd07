"""The end of a server: nothing more is started, what runs may end for a while, and what has not is killed."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from nodetool.jobs.supervisor import Supervisor
from nodetool.protocol import frames

SETTLE = 1.0
"""Seconds that the end of the server waits for a database that does not take changes …"""

PARTING = 1.5
"""Seconds that runners without a run have to end by themselves."""

LAST_WAIT = 5.0
"""… and for runners that it has killed."""


async def finish(supervisor: Supervisor, seconds: float) -> None:
    """Start nothing more, and return when no run is under way, or after *seconds*."""
    dispatcher = supervisor.dispatcher
    dispatcher.is_stopping = True
    await _until(dispatcher.changed, lambda: not any(runner.active for runner in dispatcher.runners), seconds)
    await supervisor.log.settle(SETTLE)


async def stop(supervisor: Supervisor) -> None:
    """Kill the runners. What did not end is queued for the next start, and that does not count."""
    dispatcher = supervisor.dispatcher
    dispatcher.is_stopping = True
    idle = [runner for runner in dispatcher.runners if runner.is_ready and not runner.active]
    for runner in idle:  # what nodes keep loaded may be taken down
        runner.link.send(frames.Stop())
    await _until(dispatcher.changed, lambda: not any(runner in idle for runner in dispatcher.runners), PARTING)
    for runner in dispatcher.runners:
        runner.link.kill()
    # One that cannot be killed is left to the guardian.
    await _until(dispatcher.changed, lambda: not len(dispatcher.runners), LAST_WAIT)
    await supervisor.log.settle(SETTLE)


async def _until(changed: asyncio.Event, condition: Callable[[], bool], seconds: float) -> None:
    """Wait for a state of the runners, *seconds* at most."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not condition():
                changed.clear()
                await changed.wait()
