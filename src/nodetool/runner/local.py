"""A runner in the server's own process, over the same frames: ``--runners 0``, for tests, embedding and Windows.

The only case in which the server's process imports nodes. It cannot be killed: a node that does not stop runs on.
"""

import asyncio
from typing import Any

from nodetool.protocol import frames
from nodetool.protocol.bounds import NARROW, Bounds
from nodetool.runner.link import Listener
from nodetool.runner.process import THREADS
from nodetool.runner.pulse import Place, Pulse
from nodetool.runner.threads import DaemonThreads
from nodetool.runner.worker import Worker
from nodetool.sdk import registry

PARTING = 0.1
"""Seconds that runs have to stop when their runner is killed; then they are left behind."""


class LocalLink:
    """Hands frames over without bytes, a tick later, as a socket would."""

    def __init__(
        self, listener: Listener, *, catalogue: str, limits: frames.RunLimits, bounds: Bounds = NARROW
    ) -> None:
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._out: list[Any] = []
        self._is_gone = False
        self._pool = DaemonThreads(THREADS)
        self._pulse = Pulse.create()
        self._worker = Worker(
            self._answer,
            self.kill,
            find=registry.find,
            pool=self._pool,
            limits=limits,
            pulse=self._pulse,
            bounds=bounds,
        )
        self._answer(frames.Hello(frames.VERSION, catalogue, 0))

    @property
    def pid(self) -> int:
        return 0

    def send(self, frame: frames.ToRunner) -> None:
        self._loop.call_soon(self._receive, frame)

    def has_ended(self) -> bool:
        return self._is_gone

    def last_beat(self) -> int:
        return 0

    def place(self) -> Place | None:
        return self._pulse.place()

    def memory(self) -> int:
        return 0

    def kill(self) -> None:
        """Stop the runs, and be gone. What they told before is handed over; nothing of what they tell now is."""
        if not self._is_gone:
            self._is_gone = True
            self._task = self._loop.create_task(self._stop())

    async def _stop(self) -> None:
        self._flush()
        await self._worker.stop(PARTING)
        self._pool.shutdown(wait=False)
        self._listener.on_lost(self)
        self._pulse.close()

    def _receive(self, frame: frames.ToRunner) -> None:
        if not self._is_gone:
            self._worker.receive([frame])

    def _answer(self, frame: Any) -> None:
        if self._is_gone:
            return
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(frame)

    def _flush(self) -> None:
        out, self._out = self._out, []
        if out:
            self._listener.on_frames(self, out)
