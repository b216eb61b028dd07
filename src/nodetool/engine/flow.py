"""How values move: along edges, into inboxes, and when a sender has to wait.

Theory of operation. A *single* edge carries at most one value and ends with it; it never makes its sender wait. A
*streaming* edge carries items into the bounded inbox of its target; a full inbox makes the sender wait. A bound can
deadlock a graph that has a schedule (a diamond whose one side collects what the other lets through), so when no task of
the run can move and some of them wait for room, the smallest full inbox is doubled: Parks' rule for bounded process
networks (T. M. Parks, Bounded Scheduling of Process Networks, 1995, chapter 4).

``busy`` counts the tasks that can move. Whoever wakes a task counts it as busy at once, not when it runs, so zero means
that nothing is under way.
"""

import asyncio
from collections import deque
from typing import Any

from nodetool.engine.bind import Bound, BoundEdge
from nodetool.engine.gate import NOTHING
from nodetool.engine.report import Reporter
from nodetool.engine.step import Handle, Step


class Flow:
    """The steps of a run, which of them are ready, and the values between them."""

    def __init__(self, bound: Bound, report: Reporter) -> None:
        streams = [edge.streams for edge in bound.plan.edges]
        self.steps = [Step(node, streams) for node in bound.nodes]
        self.ready: deque[Step] = deque()
        """Steps that can go on and have no task: nodes that fire once, and others at their first arrival."""
        self.busy = 0
        self._report = report
        self._full: dict[tuple[int, str], Handle] = {}
        """In-handles whose senders wait for room."""
        self._sleeper: asyncio.Future[None] | None = None

    # Out of a node.

    async def send(self, step: Step, handle: str, value: Any) -> None:
        """Send *value* on every edge of an out-handle; on single edges it leaves when the node ends."""
        for edge in step.node.outs.get(handle, ()):
            if edge.streams:
                await self._push(step, edge, value)
            else:
                step.kept[handle] = value

    def finish(self, step: Step, *, skipped: bool) -> None:
        """End every out-edge of a step, in document order. *skipped*: its branch was not taken."""
        step.state = "ended"
        edges = step.node.all_outs
        kept = [NOTHING if edge.streams else step.kept.get(edge.source_handle, NOTHING) for edge in edges]
        for edge, value in zip(edges, kept, strict=True):
            self._report.drained(edge, step.sent.get(edge.index, 0) if edge.streams else int(value is not NOTHING))
        for edge, value in zip(edges, kept, strict=True):
            self._end(edge, value, skipped if edge.streams else value is NOTHING)
        step.kept = {}

    async def _push(self, step: Step, edge: BoundEdge, value: Any) -> None:
        target = self.steps[edge.target]
        handle = target.handles[edge.handle]
        gate = target.gated
        while len(gate.waiting[edge.handle]) >= handle.capacity and not gate.over:
            await self._room(step, target, edge.handle, handle)
        counter = step.sent.get(edge.index, 0) + 1
        step.sent[edge.index] = counter
        self._report.carried(edge, counter)
        handle.carried = True
        gate.push(edge.handle, value)
        self.stir(target)

    # Into a node.

    def _end(self, edge: BoundEdge, value: Any, skipped: bool) -> None:
        step = self.steps[edge.target]
        handle = step.handles[edge.handle]
        handle.open -= 1
        step.open_edges -= 1
        if not skipped:
            handle.carried = True
        if handle.is_stream:
            self._end_of_stream(step, edge, handle, value)
        elif value is not NOTHING:
            handle.keep(edge.position, value)
        if step.gate is None:
            if not step.open_edges:
                self._make_ready(step)
        elif not handle.open:
            self._close(step, edge.handle, handle)

    def _end_of_stream(self, step: Step, edge: BoundEdge, handle: Handle, value: Any) -> None:
        came = () if value is NOTHING else (value,)
        values = handle.in_order.end(edge.position, value) if handle.in_order else came
        for item in values:
            step.gated.push(edge.handle, item)
        if values:
            self.stir(step)

    def _close(self, step: Step, name: str, handle: Handle) -> None:
        gate = step.gated
        if handle.is_stream:
            gate.close(name, skipped=not handle.carried)
        else:
            gate.fix(name, handle.value)
        self.stir(step)

    def stir(self, step: Step) -> None:
        """Something changed for a step with a gate: have its task made, or wake it."""
        if step.state == "idle":
            step.state = "started"
            self._make_ready(step)
        elif step.waiters:
            for waiter in step.waiters:
                self._resume(step, waiter)
            step.waiters.clear()

    def _make_ready(self, step: Step) -> None:
        self.ready.append(step)
        self.wake()

    # Waiting.

    async def sleep(self) -> None:
        """Wait, as the run itself, until a step is ready or ``wake`` is called."""
        self._sleeper = asyncio.get_running_loop().create_future()
        try:
            await self._sleeper
        finally:
            self._sleeper = None

    def wake(self) -> None:
        if self._sleeper and not self._sleeper.done():
            self._sleeper.set_result(None)

    async def arrival(self, step: Step) -> None:
        """Wait until something arrives for *step*, or a handle of it closes."""
        waiter = asyncio.get_running_loop().create_future()
        step.waiters.append(waiter)
        await self._wait(step, waiter)

    def let_in(self, step: Step) -> None:
        """Wake the senders that may go on, after items were taken from the inbox or will be dropped."""
        for name, handle in step.handles.items():
            if handle.senders:
                self.let_into(step, name, handle)

    def let_into(self, step: Step, name: str, handle: Handle) -> None:
        """Wake the senders of one handle that may go on."""
        gate = step.gated
        room = len(handle.senders) if gate.over else handle.capacity - len(gate.waiting[name])
        while handle.senders and room > 0:
            self._resume(*handle.senders.popleft())
            room -= 1
        if not handle.senders:
            self._full.pop((step.node.index, name), None)

    def relieve(self) -> None:
        """If nothing can move and senders wait, double the smallest full inbox."""
        if self.busy or self.ready or not self._full:
            return
        (index, name), handle = min(self._full.items(), key=lambda entry: entry[1].capacity)
        handle.capacity *= 2
        self.let_into(self.steps[index], name, handle)

    async def _room(self, step: Step, target: Step, name: str, handle: Handle) -> None:
        sender = asyncio.get_running_loop().create_future()
        handle.senders.append((step, sender))
        self._full[target.node.index, name] = handle
        await self._wait(step, sender)

    async def _wait(self, step: Step, future: "asyncio.Future[None]") -> None:
        step.waits += 1
        if step.waits == 1:
            self.busy -= 1
            self.relieve()
        try:
            await future
        except asyncio.CancelledError:
            if future.cancelled():
                self._moves(step)
            raise

    def _resume(self, step: Step, future: "asyncio.Future[None]") -> None:
        if not future.done():
            self._moves(step)
            future.set_result(None)

    def _moves(self, step: Step) -> None:
        step.waits -= 1
        if not step.waits:
            self.busy += 1
