"""What node types keep loaded between runs: set up once in a process, before the first of their nodes fires."""

import asyncio
import inspect
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from nodetool.sdk.node import Node


class Setups:
    """Those of one process, for all its runs. ``teardown`` before the process ends."""

    def __init__(self, pool: Executor) -> None:
        self._pool = pool
        self._made: dict[type[Node], asyncio.Future[None]] = {}

    async def ready(self, cls: type[Node]) -> None:
        """Return once a class is set up. What its ``setup`` raises comes out as it is, and the next run tries again.

        Runs that come meanwhile wait for the same; one that is cancelled leaves the others to it.
        """
        made = self._made.get(cls)
        if made is None:
            made = self._made[cls] = asyncio.ensure_future(self._call(cls.setup))  # type: ignore[attr-defined]
            made.add_done_callback(lambda done: self._done(cls, done))
        await asyncio.shield(made)

    async def teardown(self, seconds: float) -> None:
        """Let every class that was set up take down what it keeps; what takes longer than *seconds* is left."""
        there = [cls for cls, made in self._made.items() if made.done() and hasattr(cls, "teardown")]
        self._made = {}
        if there:
            await asyncio.wait([asyncio.ensure_future(self._take_down(cls)) for cls in there], timeout=seconds)

    async def _take_down(self, cls: Any) -> None:
        try:
            await self._call(cls.teardown)
        except Exception as error:  # noqa: BLE001 - the process ends all the same; the server's log has the line
            text = f"the teardown of {cls.__qualname__} failed: {error!r}"
            print(text)  # noqa: T201 - what a runner prints is in the server's log

    async def _call(self, function: Callable[[], Any]) -> None:
        if inspect.iscoroutinefunction(function):
            await function()
        else:
            await asyncio.get_running_loop().run_in_executor(self._pool, function)

    def _done(self, cls: type[Node], done: "asyncio.Future[None]") -> None:
        if done.cancelled() or done.exception():
            self._made.pop(cls, None)
