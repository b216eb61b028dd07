"""The context of a running node: what it says, thinned out and brought to the run's loop."""

import asyncio
import threading
import time
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, get_args

from nodetool.engine.bind import BoundNode
from nodetool.engine.gate import Row
from nodetool.engine.identity import Firing, Identities, token
from nodetool.engine.report import Reporter
from nodetool.engine.shown import Encoded, encoded
from nodetool.protocol.errors import NodeFailed
from nodetool.protocol.events import Severity
from nodetool.sdk.called import Called
from nodetool.sdk.http import Http
from nodetool.sdk.tools import Tools
from nodetool.sdk.workspace import Workspace

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

    def __init__(
        self,
        node: BoundNode,
        report: Reporter,
        loop: asyncio.AbstractEventLoop,
        tools: Tools,
        called: Callable[[BoundNode], Called],
    ) -> None:
        self._node = node
        self._called = called
        self._tools = tools
        self._report = report
        self._loop = loop
        self._home = threading.get_ident()
        self._lock = threading.Lock()
        """A node says things in its thread while what it said before falls due in the loop."""
        self._throttles = {"progress": Throttle(), "preview": Throttle()}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._is_open = True
        self._identity_lock = threading.Lock()
        """Not the other one: to hash large inputs takes a while, and the loop must not wait for that."""
        self._identities: Identities | None = None
        self._row: Row = {}
        self._firing: Firing | None = None

    def fires(self, row: Row) -> None:
        """The node fires on *row*. It says nothing more of its firings before."""
        self._row = row
        self._firing = None

    @property
    def firing(self) -> Firing:
        """Which firing this is: found out once somebody asks."""
        with self._identity_lock:
            if self._firing is None:
                self._identities = self._identities or Identities()
                self._firing = self._identities.next(self._node, self._row)
            return self._firing

    @property
    def job_id(self) -> str:
        return self._report.job_id

    @property
    def node_id(self) -> str:
        return self._node.id

    @property
    def attempt(self) -> int:
        return self._report.tape.attempt

    @property
    def idempotency_token(self) -> str:
        return token(self.job_id, self.node_id, self.firing, self._report.path)

    @property
    def http(self) -> Http:
        return self._tools.http

    @property
    def workspace(self) -> Workspace:
        return self._tools.workspace

    @cached_property
    def workflow(self) -> Called:
        if self._node.calls < 0:
            raise NodeFailed(f"{self._node.type_name} does not declare that it calls a workflow")
        return self._called(self._node)

    def secret(self, name: str) -> str:
        return self._tools.secret(name, self._node.shape.cls)

    def progress(self, progress: int, total: int, chunk: str = "") -> None:
        self._sparingly("progress", partial(self._report.progress, self._node, int(progress), int(total), str(chunk)))

    def preview(self, value: Any) -> None:
        self.show(encoded(value))

    def show(self, value: Encoded) -> None:
        """As ``preview``, of a value that may be sent."""
        self._sparingly("preview", partial(self._report.preview, self._node, value))

    def log(self, content: str, severity: Severity = "info") -> None:
        self._now(partial(self._report.log, self._node, str(content), _checked(severity)))

    def chunk(
        self,
        content: str,
        *,
        content_type: str = "text",
        content_metadata: dict[str, Any] | None = None,
        done: bool = False,
    ) -> None:
        metadata = encoded(content_metadata or {})
        self._now(partial(self._report.chunk, self._node, str(content), str(content_type), metadata, bool(done)))

    def notify(self, content: str, severity: Severity = "info") -> None:
        self._now(partial(self._report.notify, self._node, str(content), _checked(severity)))

    def close(self) -> None:
        """Say what is still held; nothing can be said after. Called in the loop when the node has ended."""
        for kind in self._throttles:
            self._due(kind)
        self._row = {}
        self._is_open = False

    def _sparingly(self, kind: str, say: Say) -> None:
        throttle = self._throttles[kind]
        with self._lock:
            is_first_held = throttle.held is None
            may_say = throttle.offer(say, time.monotonic())
        if may_say:
            self._now(say)
        elif is_first_held:
            self._now(partial(self._later, kind))

    def _now(self, say: Say) -> None:
        if threading.get_ident() == self._home:
            self._say(say)
        else:
            self._loop.call_soon_threadsafe(self._say, say)

    def _say(self, say: Say) -> None:
        if self._is_open:
            self._report.tape.tick()
            say()

    def _later(self, kind: str) -> None:
        if kind not in self._timers:
            self._timers[kind] = self._loop.call_later(INTERVAL, self._due, kind)

    def _due(self, kind: str) -> None:
        timer = self._timers.pop(kind, None)
        if timer:
            timer.cancel()
        with self._lock:
            say = self._throttles[kind].release(time.monotonic())
        if say:
            self._say(say)


def _checked(severity: Severity) -> Severity:
    """Nobody could read a batch that holds another word."""
    if severity not in get_args(Severity):
        raise ValueError(f"severity is {severity!r}; it has to be one of {', '.join(get_args(Severity))}")
    return severity
