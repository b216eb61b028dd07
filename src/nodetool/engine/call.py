"""A workflow that a node calls: its graph at work inside the run of its caller."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import aclosing
from typing import Any

from nodetool.engine.bind import BoundNode
from nodetool.engine.collect import Gathered, Outlet
from nodetool.engine.mark import beyond
from nodetool.engine.net import CallFailed, Net
from nodetool.engine.place import Place
from nodetool.engine.shown import describe_error
from nodetool.engine.step import CAPACITY
from nodetool.engine.tape import Tape
from nodetool.graph.plan import PlanParam
from nodetool.graph.values import Misfit, check_limits
from nodetool.protocol.errors import NodeFailed, TypeMismatch


class CalledWorkflow:
    """Implements ``sdk.Called`` for a *node* of a *caller*.

    Each call is a net of its own with the caller's numbers, clock and threads. Values are handed over by reference.
    """

    def __init__(self, caller: Place, node: BoundNode) -> None:
        self._caller = caller
        self._node = node
        self._called = caller.means.called[node.calls]
        self._params = {param.name: param for param in self._called.bound.plan.params}
        self._calls = 0

    @property
    def name(self) -> str:
        return self._called.name

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple(self._params)

    @property
    def outputs(self) -> tuple[str, ...]:
        return tuple(output.name for output in self._called.bound.plan.outputs)

    async def run(self, params: Mapping[str, Any], index: int | None = None) -> dict[str, Any]:
        gathered = Gathered(self._called.bound.plan.outputs)
        await self._work(self._net(params, index, gathered))
        return gathered.values()

    async def stream(
        self, params: Mapping[str, Any], index: int | None = None
    ) -> AsyncGenerator[tuple[str, Any], None]:
        passing = Passing(self._caller)
        work = asyncio.ensure_future(self._work(self._net(params, index, passing)))
        work.add_done_callback(lambda _: passing.wake())
        try:
            async with aclosing(passing.until(work)) as items:
                async for item in items:
                    yield item
            await work
        finally:
            work.cancel()
            await asyncio.wait([work])

    async def _work(self, net: Net) -> None:
        try:
            await net.work()
        except asyncio.CancelledError:
            await net.stop()
            raise
        if net.failure is None:
            return
        step, error = net.failure
        message = describe_error(error)
        net.tell_failure(net.failure, message)
        number = f", call {net.report.path[-1]}" if isinstance(net.report.path[-1], int) else ""
        where = f"node {step.node.id} of workflow {self.name!r}{number}"
        raise CallFailed(f"{where}: {message}", net.failure)

    def _net(self, params: Mapping[str, Any], index: int | None, outlet: Outlet) -> Net:
        caller = self._caller
        place = Place(
            caller.report.within(*self._steps(index)),
            caller.threads.within(),
            caller.pace.within(outlet.room if isinstance(outlet, Passing) else None),
            caller.means,
        )
        mark = beyond(caller.means.mark, self._called.offset)
        return Net(self._called.bound, self._checked(params), place, outlet, mark=mark)

    def _steps(self, index: int | None) -> tuple[str | int, ...]:
        """A node that fires once and calls once needs no number; whoever calls more often gives it."""
        if index is None and self._node.gate != "once":
            index = self._calls
        self._calls += 1
        return (self._node.id,) if index is None else (self._node.id, index)

    def _checked(self, params: Mapping[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in params.items() if value is not None}
        for name, value in given.items():
            self._check(name, self._params.get(name), value)
        for name, param in self._params.items():
            if param.required and name not in given:
                raise NodeFailed(f"{name}: workflow {self.name!r} needs a value for this input")
        return given

    def _check(self, name: str, param: PlanParam | None, value: Any) -> None:
        if param is None:
            raise NodeFailed(f"{name}: workflow {self.name!r} has no such input")
        try:
            check_limits(value, param.min, param.max)
        except Misfit as error:
            raise TypeMismatch(f"{name}: {error}") from error


class Passing:
    """Where a workflow puts what is passed on as it comes. It waits while as many items are here as an inbox holds."""

    def __init__(self, caller: Place) -> None:
        self._tape = caller.report.tape
        self._outer_room = caller.pace.room
        self._items: deque[tuple[str, Any]] = deque()
        self._arrived = asyncio.Event()
        self._taken = asyncio.Event()

    def put(self, node: BoundNode, value: Any) -> None:
        self._items.append((node.name, value))
        self._arrived.set()
        if len(self._items) >= CAPACITY:
            self._tape.look_at = 0

    def wake(self) -> None:
        """Nothing more comes."""
        self._arrived.set()

    def room(self, _: Tape) -> Coroutine[Any, Any, None] | None:
        """Return what the workflow has to await before it may go on, if anything."""
        waiting = self._outer_room()
        if waiting is None and len(self._items) >= CAPACITY:
            return self._wait_for_room()
        return waiting

    async def until(self, work: "asyncio.Future[None]") -> AsyncGenerator[tuple[str, Any], None]:
        """Yield the items that come until *work* is done."""
        while True:
            while self._items:
                item = self._items.popleft()
                self._taken.set()
                yield item
            if work.done():
                return
            self._arrived.clear()
            await self._arrived.wait()

    async def _wait_for_room(self) -> None:
        while len(self._items) >= CAPACITY:
            self._taken.clear()
            await self._taken.wait()
