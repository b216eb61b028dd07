"""How values move: along edges, into inboxes, and when a sender has to wait.

Theory of operation. A *single* edge carries at most one value and ends with it; it never makes its sender wait. A
*streaming* edge carries items into the bounded inbox of its target; a full inbox makes the sender wait. A bound can
deadlock a graph that has a schedule (a diamond whose one side collects what the other lets through), so when no task of
the run can move and some of them wait for room, the smallest full inbox is doubled: Parks' rule for bounded process
networks (T. M. Parks, Bounded Scheduling of Process Networks, 1995, chapter 4).

``busy`` counts the tasks that can move. Whoever wakes a task counts it as busy at once, not when it runs, so zero means
that nothing is under way. A node may read its streams from tasks of its own, and the engine does not see what those
wait for: it takes the node for one that cannot move as soon as one of them waits. At worst an inbox is doubled early.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

from nodetool.engine.bind import Bound, BoundEdge, BoundNode
from nodetool.engine.gate import NOTHING, Row
from nodetool.engine.report import EDGE_INTERVAL, Reporter
from nodetool.engine.step import Handle, Inbox, Step, Wire, steps_of


class Flow:
    """The steps of a run, which of them are ready, and the values between them."""

    def __init__(self, bound: Bound, report: Reporter, capacity: int, take: Callable[[Step, Any], None]) -> None:
        """*take* is what outputs do with an item that is sent straight to them."""
        self.steps = steps_of(bound.nodes, capacity)
        self.ready = deque(self.steps[index] for index in bound.starters)
        """Steps that can go on and have no task: nodes that fire once, and others at their first arrival."""
        self.busy = 0
        self.is_stopping = False
        self._report = report
        self._take = take
        self._full: dict[Handle, Inbox] = {}
        """In-handles whose senders wait for room."""
        self._sleeper: asyncio.Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    # Out of a node.

    def offer(self, step: Step, handle: str, value: Any) -> bool:
        """Send *value* on every edge of an out-handle, if all have room; on single edges it leaves at the end."""
        if not step.node.streams:
            if step.kept is None:
                step.kept = {}
            step.kept[handle] = value
            return True
        wires = step.wires.get(handle) if step.wires else None
        if wires is None:
            wires = self._wired(step, handle)
        for wire in wires:
            if len(wire.items) >= wire.handle.capacity and not wire.gate.over:
                return False
        now = self._report.tape.now
        for wire in wires:  # as in ``_push``, since an item costs little more than a call
            wire.counter += 1
            if not 0 < wire.due - now <= EDGE_INTERVAL:
                self._note(wire)
            if wire.is_direct:
                self._take(wire.target, value)
                continue
            wire.push(wire.name, value)
            if wire.inbox.waiters or wire.target.state == "idle":
                self._stir(wire.target, wire.inbox)
        return True

    async def send(self, step: Step, handle: str, value: Any) -> None:
        """Send *value* on every streaming edge of an out-handle, waiting for room where there is none."""
        for wire in self._wired(step, handle):
            while len(wire.items) >= wire.handle.capacity and not wire.gate.over:
                await self._room(step, wire)
            self._push(wire, value)

    def finish(self, step: Step, kept: Row | None = None, *, fired: bool, skipped: bool = False) -> None:
        """End a step and every out-edge of it, in document order.

        Args:
            kept: what goes out on single edges, by out-handle.
            fired: there is more to tell than that its edges have ended.
            skipped: its branch was not taken.
        """
        node = step.node
        stats = step.stats() if step.began else None
        step.end()
        if node.streams:
            self._report.ended(node, {}, self._end_streams(step, skipped), fired=fired, stats=stats)
        else:
            self._report.ended(node, kept or {}, None, fired=fired, stats=stats)
            self._end_singles(node, kept or {})
        if self._sleeper:
            self.wake()

    def _end_singles(self, node: BoundNode, kept: Row) -> None:
        steps = self.steps
        for edge in node.edges:
            value = kept.get(edge.source_handle, NOTHING)
            target = steps[edge.target]
            if target.inbox:
                self._end_into(target, target.inbox, edge, value, value is NOTHING)
                continue
            if value is not NOTHING:
                if edge.position < 0 and target.row is None:  # as in most graphs most are: so no call for each
                    target.row = {edge.handle: value}
                else:
                    target.take(edge, value)
            target.open_edges -= 1
            if not target.open_edges:
                self.ready.append(target)

    def _end_streams(self, step: Step, skipped: bool) -> dict[int, int]:
        """Return how much the edges carried, by the index of the edge."""
        for edge in step.node.edges:
            target = self.steps[edge.target]
            assert target.inbox  # what a stream leads to has one
            self._end_into(target, target.inbox, edge, NOTHING, skipped)
        wires = (step.wires or {}).values()
        return {wire.edge.index: wire.counter for group in wires for wire in group}

    def _wired(self, step: Step, handle: str) -> list[Wire]:
        """Return the streaming edges of an out-handle, made at its first item."""
        if step.wires is None:
            step.wires = {}
        if handle not in step.wires:
            edges = [edge for edge in step.node.edges if edge.source_handle == handle]
            step.wires[handle] = [Wire(edge, self.steps[edge.target]) for edge in edges]
        return step.wires[handle]

    def _push(self, wire: Wire, value: Any) -> None:
        wire.counter += 1
        if not 0 < wire.due - self._report.tape.now <= EDGE_INTERVAL:  # later than that is of a clock that was set back
            self._note(wire)
        if wire.is_direct:
            self._take(wire.target, value)
            return
        wire.push(wire.name, value)
        if wire.inbox.waiters or wire.target.state == "idle":
            self._stir(wire.target, wire.inbox)

    def _note(self, wire: Wire) -> None:
        """Tell that an edge carried something, now and then; the first is told by its end alone."""
        wire.handle.carried = True
        if wire.counter > 1:
            wire.due = self._report.carried(wire.edge, wire.counter)

    # Into a node.

    def _end_into(self, step: Step, inbox: Inbox, edge: BoundEdge, value: Any, skipped: bool) -> None:
        handle, gate = inbox.handles[edge.handle], inbox.gate
        handle.open -= 1
        handle.carried |= not skipped
        if handle.is_stream:
            came = () if value is NOTHING else (value,)
            for item in handle.in_order.end(edge.position, value) if handle.in_order else came:
                if inbox.is_direct:
                    self._take(step, item)
                else:
                    gate.push(edge.handle, item)
            if not handle.open:
                gate.close(edge.handle, skipped=not handle.carried)
        else:
            if value is not NOTHING:
                step.take(edge, value)
            if not handle.open:
                gate.fix(edge.handle, step.row.get(edge.handle, NOTHING) if step.row else NOTHING)
        if not inbox.is_direct:
            self._stir(step, inbox)
        elif not handle.open:  # all was taken already: it has to be seen out
            self.ready.append(step)
            self.wake()

    def _stir(self, step: Step, inbox: Inbox) -> None:
        """Something changed for a step with an inbox: have its task made, or wake it."""
        if inbox.waiters:
            for waiter in inbox.waiters:
                self._resume(step, waiter)
            inbox.waiters.clear()
        elif step.state == "idle":
            step.state = "started"
            self.ready.append(step)
            self.wake()

    # Waiting.

    async def sleep(self) -> None:
        """Wait, as the run itself, until a step is ready or ``wake`` is called."""
        self._sleeper = self._future()
        try:
            await self._sleeper
        finally:
            self._sleeper = None
        self._report.tape.tick()

    def wake(self) -> None:
        if self._sleeper and not self._sleeper.done():
            self._sleeper.set_result(None)

    async def arrival(self, step: Step, inbox: Inbox) -> None:
        """Wait until something arrives for *step*, or a handle of it closes."""
        waiter = self._future()
        inbox.waiters.append(waiter)
        await self._wait(step, waiter)

    def let_in(self, inbox: Inbox) -> None:
        """Wake the senders that may go on, after items were taken from the inbox or will be dropped."""
        for name, handle in inbox.handles.items():
            if handle.senders:
                room = len(handle.senders) if inbox.gate.over else handle.capacity - len(inbox.gate.waiting[name])
                self._let_into(handle, room)
        inbox.blocked = any(handle.senders for handle in inbox.handles.values())

    def shut(self, step: Step, inbox: Inbox) -> None:
        """Drop what waits in an inbox and all that will come: its node takes no more."""
        inbox.gate.give_up()
        if inbox.blocked:
            self.let_in(inbox)
        if inbox.waiters:
            self._stir(step, inbox)

    def stop(self) -> None:
        """Let nobody wait any more: whoever does is cancelled, and so is whoever begins to."""
        self.is_stopping = True
        for step in self.steps:
            for waiter in step.inbox.waiters if step.inbox else ():
                waiter.cancel()

    def relieve(self) -> None:
        """If nothing can move and senders wait, double the smallest full inbox."""
        if self.busy or self.ready or not self._full:
            return
        handle = min(self._full, key=lambda handle: handle.capacity)
        handle.capacity *= 2
        self.let_in(self._full[handle])

    def _let_into(self, handle: Handle, room: int) -> None:
        while handle.senders and room > 0:
            self._resume(*handle.senders.popleft())
            room -= 1
        if not handle.senders:
            self._full.pop(handle, None)

    async def _room(self, step: Step, wire: Wire) -> None:
        sender = self._future()
        wire.handle.senders.append((step, sender))
        wire.inbox.blocked = True
        self._full[wire.handle] = wire.inbox
        await self._wait(step, sender)

    def _future(self) -> "asyncio.Future[None]":
        if self._loop is None:  # most runs end without, and to ask for it is a system call
            self._loop = asyncio.get_running_loop()
        return self._loop.create_future()

    async def _wait(self, step: Step, future: "asyncio.Future[None]") -> None:
        step.waits += 1
        if step.waits == 1:
            self.busy -= 1
            self.relieve()
        since = perf_counter_ns() if step.began else 0
        try:
            if self.is_stopping:
                raise asyncio.CancelledError
            await future
            if since:
                step.waited += perf_counter_ns() - since
        except asyncio.CancelledError:
            if not future.done() or future.cancelled():
                self._moves(step)
            raise
        self._report.tape.tick()

    def _resume(self, step: Step, future: "asyncio.Future[None]") -> None:
        if not future.done():
            self._moves(step)
            future.set_result(None)

    def _moves(self, step: Step) -> None:
        step.waits -= 1
        if not step.waits:
            self.busy += 1
