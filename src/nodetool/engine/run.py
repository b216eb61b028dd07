"""The run of a plan: one task, a queue of nodes that are ready, and a task more for each node that waits or streams.

A node that fires once and takes microseconds is called straight from the queue: a chain costs what its calls cost.
The first failure wins: the others are stopped and awaited before the run ends.
"""

import asyncio
import time
from collections.abc import Iterable
from concurrent.futures import Executor
from typing import Any, NamedTuple

from nodetool.engine.bind import Bound
from nodetool.engine.care import Care
from nodetool.engine.collect import Result
from nodetool.engine.fire import Firing
from nodetool.engine.flow import Flow
from nodetool.engine.keep import Checkpoints
from nodetool.engine.mark import Mark, NoMark, marked
from nodetool.engine.pace import Pace, Room
from nodetool.engine.report import Reporter
from nodetool.engine.step import CAPACITY, Step
from nodetool.engine.work import Threads
from nodetool.protocol.bounds import NARROW
from nodetool.protocol.errors import JobFailed, NodeFailed
from nodetool.protocol.frames import End, RunLimits
from nodetool.sdk.errors import BadInput
from nodetool.sdk.tools import Tools

GRACE = 0.25
"""Seconds that siblings of a failed node have to stop."""

MAX_MESSAGE = 10_000
"""Characters of an error's text."""


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
        limits: RunLimits,
        checkpoints: Checkpoints | None = None,
        capacity: int = CAPACITY,
        mark: Mark | None = None,
        tools: Tools | None = None,
    ) -> None:
        self.threads = Threads(pool)
        self.failure: Failure | None = None
        """What ended the run, with its traceback, for whoever writes logs."""
        self._report = report
        self._flow = Flow(bound, report, capacity)
        self._result = Result(bound.plan.outputs, limits.max_result)
        self._pace = Pace(report.tape, room)
        self._tools = tools or Tools(NARROW)
        care = None
        if checkpoints or limits.node_timeout or bound.is_limited:
            care = Care(
                checkpoints,
                node_timeout=limits.node_timeout,
                report=report,
                threads=self.threads,
                fail=self._fail,
            )
        self._firing = Firing(
            params,
            flow=self._flow,
            report=report,
            result=self._result,
            threads=self.threads,
            pace=self._pace,
            care=care,
            tools=self._tools,
        )
        self._mark = mark or NoMark()
        self._tasks: dict[asyncio.Task[None], Step] = {}

    async def go(self) -> End:
        """Run to the end. Cancelling the task that awaits this cancels the run; nothing is told after it returns.

        A task that is cancelled before it begins never comes here: then it is for the caller to say how the run ended.
        """
        try:
            self._report.running()
            await self._work()
            return self._failed(self.failure) if self.failure else self._completed()
        except asyncio.CancelledError:
            await self._stop(grace=None)
            self._tell_stopped()
            return End(self._report.tape.job_no, self._report.tape.attempt, "cancelled")
        finally:
            self._report.tape.close()

    # The loop.

    def _has_failed(self) -> bool:
        return self.failure is not None

    async def _work(self) -> None:
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
            await self._stop(GRACE)

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
        if self.failure is None and not self._flow.is_stopping:
            self.failure = Failure(step, _first(error))
            self._flow.wake()

    async def _stop(self, grace: float | None) -> None:
        """Stop every task and wait for it; without *grace* also for threads, however long they take."""
        self._flow.stop()
        self._pace.is_stopping = True
        self.threads.drop_waiting()
        for task in self._tasks:
            task.cancel()
        await _settled([*self._tasks, *self.threads.at_work], grace)

    # The end.

    def _completed(self) -> End:
        return End(self._report.tape.job_no, self._report.tape.attempt, "completed", self._result.encoded())

    def _failed(self, failure: Failure) -> End:
        step, error = failure
        message = describe_error(error)
        if step.context:
            step.context.close()
        self._report.node_stopped(step.node, "error", message)
        step.state = "ended"
        self._tell_stopped()
        code = error.code if isinstance(error, JobFailed) else NodeFailed.code
        fault = error.errors[0] if isinstance(error, JobFailed) and error.errors else None
        handle = error.handle if isinstance(error, BadInput) else fault and fault.handle
        return End(
            self._report.tape.job_no,
            self._report.tape.attempt,
            "failed",
            code=code,
            error=message,
            node_id=(fault and fault.node_id) or step.node.id,
            handle=handle or "",
        )

    def _tell_stopped(self) -> None:
        self._report.tape.tick()
        for step in self._flow.steps:
            if step.state == "running":
                if step.context:
                    step.context.close()
                self._report.node_stopped(step.node, "cancelled")


def describe_error(error: BaseException) -> str:
    """Return the message of an error as a caller may see it: its own words, else the name of its class."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - an error of a node's, whose own text may fail
        text = ""
    text = text.encode(errors="replace").decode()
    return text[:MAX_MESSAGE] or type(error).__name__


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
