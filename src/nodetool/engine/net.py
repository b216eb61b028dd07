"""The nodes of one graph at work: a queue of those that are ready, and a task more for each that waits or streams.

A node that fires once and takes microseconds is called straight from the queue: a chain costs what its calls cost.
The first failure wins: the others are stopped and awaited before the work ends.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

from nodetool.engine.bind import Bound
from nodetool.engine.care import Care
from nodetool.engine.collect import Outlet
from nodetool.engine.feeds import Feeds
from nodetool.engine.fire import Firing
from nodetool.engine.flow import Flow
from nodetool.engine.mark import Mark, marked
from nodetool.engine.outputs import NotTaken, Outputs
from nodetool.engine.place import Place
from nodetool.engine.step import Step
from nodetool.protocol.errors import NodeFailed

GRACE = 0.25
"""Seconds that siblings of a failed node have to stop."""


class Failure(NamedTuple):
    """Which node failed, and how."""

    step: Step
    error: BaseException


class Net:
    """One graph in one run of it. ``work``, once; where that is cancelled, ``stop`` has to follow."""

    def __init__(
        self,
        bound: Bound,
        params: dict[str, Any],
        place: Place,
        outlet: Outlet,
        *,
        mark: Mark,
        feeds: Feeds | None = None,
    ) -> None:
        self.report, self._threads, self._pace, means = place.report, place.threads, place.pace, place.means
        self._mark = mark
        self.failure: Failure | None = None
        """What ended the work, with its traceback, for whoever writes logs."""
        outputs = Outputs(self.report, outlet)
        self._flow = Flow(bound, self.report, means.capacity, outputs.take)
        if bound.is_fed and feeds is None:
            feeds = Feeds(bound.plan.params, params, are_open=False)
        is_careful = means.checkpoints or means.node_timeout or bound.is_limited
        care = Care(place, fail=self._fail) if is_careful else None
        self._firing = Firing(params, place, flow=self._flow, outputs=outputs, care=care, feeds=feeds)
        self._tasks: dict[asyncio.Task[None], Step] = {}

    async def work(self) -> None:
        """Let the nodes work until all has ended, or one has failed and the others were stopped."""
        flow, pace = self._flow, self._pace
        ready, quickly, enter = flow.ready, self._firing.quickly, self._mark.enter
        while not self._has_failed():
            while ready:
                step = ready.popleft()
                if step.node.is_quick:
                    enter(step.node.index)
                    try:
                        is_due = quickly(step)
                    except BaseException as error:  # noqa: BLE001 - the border of one node's run
                        self._fail(step, error)
                        break
                else:
                    self._spawn(step)
                    is_due = pace.is_due()
                if is_due:
                    self._mark.leave()
                    await pace.breathe()
                    if self._has_failed():
                        break
            self._mark.leave()
            if not self._tasks:
                break
            flow.relieve()
            if not ready and not self._has_failed():
                await flow.sleep()
        if self.failure:
            await self._halt(GRACE)

    async def stop(self) -> None:
        """Stop every node, and wait for it however long it takes; then tell which were stopped."""
        await self._halt(grace=None)
        self._tell_stopped()

    def tell_failure(self, failure: Failure, message: str) -> None:
        """Tell which node failed, and which were stopped because of it."""
        step = failure.step
        if step.context:
            step.context.close()
        self.report.node_stopped(step.node, "error", message, step.stats())
        step.state = "ended"
        self._tell_stopped()

    def _has_failed(self) -> bool:
        return self.failure is not None

    # Tasks.

    def _spawn(self, step: Step) -> None:
        self._flow.busy += 1
        task = asyncio.get_running_loop().create_task(self._marked(step))
        self._tasks[task] = step
        task.add_done_callback(self._task_done)

    async def _marked(self, step: Step) -> None:
        """Cancelled before it begins, this is closed; ``marked`` alone would never see to its work."""
        await marked(self._live(step), self._mark, step.node.index)

    async def _live(self, step: Step) -> None:
        try:
            if step.inbox is None:
                await self._firing.once(step)
            else:
                await self._firing.as_rows_come(step, step.inbox)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - the border of one node's run; SystemExit would end the loop
            self._fail(step, error)

    def _task_done(self, task: "asyncio.Task[None]") -> None:
        step = self._tasks.pop(task)
        self._flow.busy -= 1
        if task.cancelled():
            self._fail(step, NodeFailed("the node was cancelled from inside"))
        self._flow.relieve()
        self._flow.wake()

    def _fail(self, step: Step, error: BaseException) -> None:
        if isinstance(error, NotTaken):
            step, error = error.step, error.error
        if self.failure is None and not self._flow.is_stopping:
            self.failure = Failure(step, _first(error))
            self._flow.wake()

    async def _halt(self, grace: float | None) -> None:
        """Stop every task and wait for it; without *grace* also for threads, however long they take."""
        self._flow.stop()
        self._pace.is_stopping = True
        self._threads.drop_waiting()
        for task in self._tasks:
            task.cancel()
        await _settled([*self._tasks, *self._threads.at_work], grace)

    def _tell_stopped(self) -> None:
        self.report.tape.tick()
        for step in self._flow.steps:
            if step.state == "running":
                if step.context:
                    step.context.close()
                self.report.node_stopped(step.node, "cancelled", stats=step.stats())


class CallFailed(NodeFailed):
    """A node of a workflow that was called failed."""

    def __init__(self, detail: str, failure: Failure) -> None:
        super().__init__(detail)
        self.failure = failure
        """The node in the workflow, and how it failed."""


def innermost(failure: Failure) -> Failure:
    """Return the failure with which a failure began, however deep in the workflows that were called."""
    while isinstance(failure.error, CallFailed):
        failure = failure.error.failure
    return failure


def _first(error: BaseException) -> BaseException:
    """Return what a group of errors began with: a node's tasks may fail together, and one of them has to be named."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _settled(waiting: Iterable["asyncio.Future[Any]"], grace: float | None) -> None:
    """Wait until all have ended, or *grace* seconds; a second cancel is passed on, and does not cut the wait short."""
    until = None if grace is None else time.monotonic() + grace
    pending = set(waiting)
    while pending:
        left = None if until is None else until - time.monotonic()
        if left is not None and left <= 0:
            return
        try:
            _, pending = await asyncio.wait(pending, timeout=left)
        except asyncio.CancelledError:
            for task in pending:
                if isinstance(task, asyncio.Task):
                    task.cancel()
