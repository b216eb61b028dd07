"""A runner in the server's own process, over the same frames: ``--runners 0``, for tests, embedding and Windows.

The only case in which the server's process imports nodes. It cannot be killed: a node that does not stop runs on.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from nodetool.protocol import frames
from nodetool.runner.link import Listener
from nodetool.runner.process import THREADS
from nodetool.runner.worker import Worker
from nodetool.sdk import registry


class LocalLink:
    """Hands frames over without bytes, a tick later, as a socket would."""

    def __init__(self, listener: Listener, *, catalogue: str, max_result: int) -> None:
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._out: list[Any] = []
        self._is_gone = False
        self._pool = ThreadPoolExecutor(THREADS)
        self._worker = Worker(self._answer, lambda: None, find=registry.find, pool=self._pool, max_result=max_result)
        self._answer(frames.Hello(frames.VERSION, catalogue, 0))

    @property
    def pid(self) -> int:
        return 0

    def send(self, frame: frames.ToRunner) -> None:
        if not self._is_gone:
            self._loop.call_soon(self._worker.receive, [frame])

    def kill(self) -> None:
        """Stop the runs, and be gone. Threads that do not stop are left behind."""
        if not self._is_gone:
            self._is_gone = True
            self._task = self._loop.create_task(self._stop())

    async def _stop(self) -> None:
        await self._worker.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._listener.on_lost(self)

    def _answer(self, frame: Any) -> None:
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(frame)

    def _flush(self) -> None:
        out, self._out = self._out, []
        self._listener.on_frames(self, out)
