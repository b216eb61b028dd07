"""The run of a plan: one task, a queue of nodes that are ready, and a task more for each node that waits or streams.

A node that fires once and takes microseconds is called straight from the queue: a chain costs what its calls cost.
The first failure wins: the others are stopped and awaited before the run ends.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Executor
from typing import Any, NamedTuple

from nodetool.engine.bind import Bound, BoundNode, checked, instance
from nodetool.engine.collect import Result
from nodetool.engine.context import NodeContext
from nodetool.engine.flow import Flow
from nodetool.engine.gate import Row, ZipAll
from nodetool.engine.report import Reporter
from nodetool.engine.step import Step
from nodetool.engine.work import Threads, call, produced
from nodetool.protocol.codec import to_msgpack
from nodetool.protocol.errors import JobFailed, NodeFailed, TypeMismatch
from nodetool.protocol.frames import End
from nodetool.protocol.values import Unsendable, preview
from nodetool.sdk.stream import Stream

BREATH_EVENTS = 256
BREATH_SECONDS = 0.002
"""After so many events, or so long, a run lets the loop go round."""

GRACE = 0.25
"""Seconds that siblings of a failed node have to stop."""

Room = Callable[["Reporter"], Coroutine[Any, Any, None] | None]
"""Returns None while the run may send on, else what to await first."""


class Failure(NamedTuple):
    """Which node failed, and how."""

    step: Step
    error: BaseException


class Run:
    """One attempt at a job. ``go`` never raises: it returns how the run ended."""

    def __init__(
        self,
        bound: Bound,
        params: dict[str, Any],
        report: Reporter,
        *,
        pool: Executor,
        room: Room,
        max_result: int,
    ) -> None:
        self._bound = bound
        self._params = params
        self._report = report
        self._room = room
        self.threads = Threads(pool)
        self._flow = Flow(bound, report)
        node_ids = [bound.nodes[output.node].plan.id for output in bound.plan.outputs]
        self._result = Result(bound.plan.outputs, node_ids, max_result)
        self._tasks: dict[asyncio.Task[None], Step] = {}
        self._failure: Failure | None = None
        self._is_stopping = False
        self._breath = (0, 0.0)

    async def go(self) -> End:
        """Run to the end. Cancelling the task that awaits this cancels the run."""
        try:
            self._report.running()
            self._start()
            await self._work()
            return self._ended()
        except asyncio.CancelledError:
            await self._stop(grace=None)
            self._tell_stopped()
            return End(self._report.job_no, self._report.attempt, "cancelled")

    # The loop.

    def _start(self) -> None:
        self._breath = (0, time.monotonic())
        for index in self._bound.starters:
            self._flow.ready.append(self._flow.steps[index])

    async def _work(self) -> None:
        flow = self._flow
        while not self._failure:
            while flow.ready and not self._failure:
                self._take_up(flow.ready.popleft())
                await self._breathe()
            if not self._tasks:
                break
            flow.relieve()
            if not flow.ready and not self._failure:
                await flow.sleep()
        if self._failure:
            await self._stop(GRACE)

    def _take_up(self, step: Step) -> None:
        try:
            if step.node.is_quick:
                self._fire_quickly(step)
            else:
                self._spawn(step, self._fire_once(step) if step.gate is None else self._fire_each(step))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the border of one node's run
            self._fail(step, error)

    async def _breathe(self) -> None:
        waiting = self._room(self._report)
        if waiting is not None:
            await waiting
        events, since = self._breath
        now = time.monotonic()
        if self._report.total - events >= BREATH_EVENTS or now - since >= BREATH_SECONDS:
            await asyncio.sleep(0)
            self._breath = (self._report.total, time.monotonic())

    # Tasks.

    def _spawn(self, step: Step, work: Coroutine[Any, Any, None]) -> None:
        self._flow.busy += 1
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[task] = step
        task.add_done_callback(self._task_done)

    def _task_done(self, task: "asyncio.Task[None]") -> None:
        step = self._tasks.pop(task)
        self._flow.busy -= 1
        if task.cancelled():
            if not self._is_stopping:
                self._fail(step, NodeFailed("the node was cancelled from inside"))
        elif error := task.exception():
            self._fail(step, error)
        self._flow.relieve()
        self._flow.wake()

    def _fail(self, step: Step, error: BaseException) -> None:
        if self._failure is None and not self._is_stopping:
            self._failure = Failure(step, error)
            self._flow.wake()

    async def _stop(self, grace: float | None) -> None:
        """Stop every task and wait for it; without *grace* also for threads, however long they take."""
        self._is_stopping = True
        for task in self._tasks:
            task.cancel()
        waiting = [*self._tasks, *self.threads.at_work]
        if waiting:
            await _settled(waiting, grace)

    # Firing.

    def _fire_quickly(self, step: Step) -> None:
        node = step.node
        row = step.single_values()
        if row is None or (not row and self._has_nothing_to_give(node)):
            self._flow.finish(step, skipped=True)
        elif node.plan.role == "input":
            self._give(step)
        else:
            self._set(step, row)
            for handle, value in self._outcome(step, self._called(step)):
                step.kept[handle] = value
            self._complete(step)

    async def _fire_once(self, step: Step) -> None:
        row = step.single_values()
        if row is None:
            self._flow.finish(step, skipped=True)
            return
        await self._fire(step, row)
        self._complete(step)

    async def _fire_each(self, step: Step) -> None:
        """Fire as often as the gate has a row; a node that reads its streams itself fires once."""
        gate = step.gated
        while not gate.over:
            row = gate.take()
            if row is None:
                await self._flow.arrival(step)
                continue
            self._flow.let_in(step)
            await self._fire(step, row)
            if step.node.plan.gate == "reader":
                break
        gate.give_up()
        self._flow.let_in(step)
        await self._count_surplus(step)
        self._complete(step)

    async def _fire(self, step: Step, row: Row) -> None:
        self._set(step, row)
        if step.node.plan.role != "node":
            for handle, value in self._outcome(step, self._called(step)):
                await self._flow.send(step, handle, value)
            await self._breathe()
            return
        made = self._instance(step)
        items = produced(made, step.node.shape, step.node.plan.runs, lambda: self._context(step), self.threads)
        try:
            async for item in items:
                for handle, value in self._outcome(step, item):
                    await self._flow.send(step, handle, value)
                await self._breathe()
        finally:
            await items.aclose()

    def _called(self, step: Step) -> Any:
        """Call a plain ``process``; an output or a preview has none and shows its value instead."""
        node = step.node
        if node.plan.role == "output":
            return self._put_out(step)
        if node.plan.role == "preview":
            self._context(step).preview(self._instance(step).value)
            return None
        return call(self._instance(step), node.shape, lambda: self._context(step))

    def _put_out(self, step: Step) -> Any:
        node = step.node
        value = self._instance(step).value
        if value is not None:
            place = self._bound.outputs[node.index]
            try:
                plain, size = self._report.output(node, self._bound.plan.outputs[place].type, value)
            except Unsendable as error:
                raise TypeMismatch(f"output {node.plan.name}: {error}") from error
            self._result.add(place, plain, size)
        return value

    def _give(self, step: Step) -> None:
        """Hand on the value of an input: the param, else its default."""
        made = step.node.template
        value = self._params.get(step.node.plan.name, made.value)  # type: ignore[attr-defined]  # inputs have one
        if value is not None:
            step.kept.update(dict.fromkeys(step.node.outs, value))
        self._flow.finish(step, skipped=value is None)

    def _has_nothing_to_give(self, node: BoundNode) -> bool:
        """An output without an edge gives its set value, if it has one."""
        return node.plan.role == "output" and "value" not in node.plan.values

    # What a firing needs and leaves.

    def _set(self, step: Step, row: Row) -> None:
        """Set the fields of a step's node to *row*; tell, the first time, that it runs."""
        made = self._instance(step)
        if step.state != "running":
            step.state = "running"
            self._report.node(step.node, "running", properties={name: preview(row[name]) for name in row})
        node = step.node
        for name, value in row.items():
            if name in node.shape.converters:
                setattr(made, name, checked(node.plan.id, node.shape, name, value))
            else:
                made.dynamic[name] = value

    def _instance(self, step: Step) -> Any:
        if step.instance is None:
            step.instance = instance(step.node)
            for entry in step.node.plan.inputs:
                if entry.reads:
                    setattr(step.instance, entry.handle, Stream(self._read(step, entry.handle)))
        return step.instance

    def _context(self, step: Step) -> NodeContext:
        if step.context is None:
            step.context = NodeContext(step.node, self._report, asyncio.get_running_loop())
        return step.context

    async def _read(self, step: Step, name: str) -> Any:
        """The items of a handle that the node reads itself."""
        gate, handle, node = step.gated, step.handles[name], step.node
        items = gate.waiting[name]
        while items or name in gate.open:
            if not items:
                await self._flow.arrival(step)
                continue
            value = items.popleft()
            if handle.senders:
                self._flow.let_into(step, name, handle)
            yield checked(node.plan.id, node.shape, name, value)

    def _outcome(self, step: Step, made: Any) -> Iterable[tuple[str, Any]]:
        """Return the handles that a returned or yielded *made* is for; None sends nothing."""
        if made is None:
            return ()
        if not step.node.shape.process.named:
            return (("output", made),)
        known = dict(step.node.shape.process.outputs)
        for handle in made:
            if handle not in known:
                raise NodeFailed(f"the node sent to {handle!r}, which is not one of its outputs")
        return [(handle, value) for handle, value in made.items() if value is not None]

    async def _count_surplus(self, step: Step) -> None:
        """Read on until the longer streams of a ``zip_all`` have ended, and say how much of them was not used."""
        gate = step.gated
        if not isinstance(gate, ZipAll):
            return
        while gate.open:
            await self._flow.arrival(step)
        if gate.dropped and step.state == "running":
            text = f"{gate.dropped} item(s) had no partner, since another input ended first"
            self._report.log(step.node, text, "warning")

    def _complete(self, step: Step) -> None:
        """End a step. One that never fired is silent; it counts as skipped if one of its branches was not taken."""
        has_fired = step.state == "running"
        if step.context:
            step.context.close()
        if has_fired:
            result = {handle: preview(value) for handle, value in step.kept.items()}
            self._report.node(step.node, "completed", result=result)
        was_skipped = not has_fired and not all(handle.carried for handle in step.handles.values())
        self._flow.finish(step, skipped=was_skipped)

    # The end.

    def _ended(self) -> End:
        if self._failure:
            return self._failed(self._failure)
        result = to_msgpack(self._result.value())
        return End(self._report.job_no, self._report.attempt, "completed", result)

    def _failed(self, failure: Failure) -> End:
        step, error = failure
        message = describe_error(error)
        if step.context:
            step.context.close()
        self._report.node(step.node, "error", error=message)
        step.state = "ended"
        self._tell_stopped()
        code = error.code if isinstance(error, JobFailed) else NodeFailed.code
        fault = error.errors[0] if isinstance(error, JobFailed) and error.errors else None
        return End(
            self._report.job_no,
            self._report.attempt,
            "failed",
            code=code,
            error=message,
            node_id=(fault and fault.node_id) or step.node.plan.id,
            handle=(fault and fault.handle) or "",
        )

    def _tell_stopped(self) -> None:
        for step in self._flow.steps:
            if step.state == "running":
                if step.context:
                    step.context.close()
                self._report.node(step.node, "cancelled")


def describe_error(error: BaseException) -> str:
    """Return the message of an error as a caller may see it: its own words, else the name of its class."""
    return str(error) or type(error).__name__


async def _settled(waiting: Iterable["asyncio.Future[Any]"], grace: float | None) -> None:
    """Wait until all have ended, or *grace* seconds; a second cancel does not cut the wait short."""
    until = None if grace is None else time.monotonic() + grace
    pending = set(waiting)
    while pending:
        left = None if until is None else until - time.monotonic()
        if left is not None and left <= 0:
            return
        try:
            _, pending = await asyncio.wait(pending, timeout=left)
        except asyncio.CancelledError:
            continue
