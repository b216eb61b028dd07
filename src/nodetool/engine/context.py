"""The context of a running node: what it says, thinned out and brought to the run's loop."""

import asyncio
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from nodetool.engine.bind import BoundNode
from nodetool.engine.report import Reporter
from nodetool.protocol.events import Severity
from nodetool.protocol.values import plain

INTERVAL = 0.05
"""Seconds between two reports of one kind: 20 a second."""

Say = Callable[[], None]


class Throttle:
    """Lets the first report through, then one an interval; what it held back last is due later. No clock."""

    def __init__(self, interval: float = INTERVAL) -> None:
        self._interval = interval
        self._next = 0.0
        self.held: Say | None = None

    def offer(self, say: Say, now: float) -> bool:
        """Return whether *say* may be said now; else hold it in place of an earlier one."""
        if now >= self._next:
            self._next = now + self._interval
            self.held = None
            return True
        self.held = say
        return False

    def release(self, now: float) -> Say | None:
        """Give back what was held, to be said now."""
        say, self.held = self.held, None
        if say:
            self._next = now + self._interval
        return say


class NodeContext:
    """Implements ``sdk.Context`` for one node of one run. Usable from the node's thread."""

    def __init__(self, node: BoundNode, report: Reporter, loop: asyncio.AbstractEventLoop) -> None:
        self._node = node
        self._report = report
        self._loop = loop
        self._home = threading.get_ident()
        self._throttles = {"progress": Throttle(), "preview": Throttle()}
        self._timers: set[str] = set()
        self._is_open = True

    @property
    def job_id(self) -> str:
        return self._report.job_id

    @property
    def node_id(self) -> str:
        return self._node.plan.id

    @property
    def attempt(self) -> int:
        return self._report.attempt

    def progress(self, progress: int, total: int, chunk: str = "") -> None:
        self._sparingly("progress", partial(self._report.progress, self._node, int(progress), int(total), chunk))

    def preview(self, value: Any) -> None:
        self._sparingly("preview", partial(self._report.preview, self._node, plain(value)))

    def log(self, content: str, severity: Severity = "info") -> None:
        self._now(partial(self._report.log, self._node, str(content), severity))

    def chunk(
        self,
        content: str,
        *,
        content_type: str = "text",
        content_metadata: dict[str, Any] | None = None,
        done: bool = False,
    ) -> None:
        metadata = plain(content_metadata or {})
        self._now(partial(self._report.chunk, self._node, content, content_type, metadata, done))

    def notify(self, content: str, severity: Severity = "info") -> None:
        self._now(partial(self._report.notify, self._node, str(content), severity))

    def close(self) -> None:
        """Say what is still held; nothing can be said after. Called in the loop when the node has ended."""
        for throttle in self._throttles.values():
            say = throttle.release(time.monotonic())
            if say:
                say()
        self._is_open = False

    def _sparingly(self, kind: str, say: Say) -> None:
        if self._throttles[kind].offer(say, time.monotonic()):
            self._now(say)
        elif kind not in self._timers:
            self._timers.add(kind)
            self._now(partial(self._later, kind))

    def _now(self, say: Say) -> None:
        if threading.get_ident() == self._home:
            self._say(say)
        else:
            self._loop.call_soon_threadsafe(self._say, say)

    def _say(self, say: Say) -> None:
        if self._is_open:
            say()

    def _later(self, kind: str) -> None:
        self._loop.call_later(INTERVAL, self._due, kind)

    def _due(self, kind: str) -> None:
        self._timers.discard(kind)
        say = self._throttles[kind].release(time.monotonic())
        if say:
            self._say(say)
