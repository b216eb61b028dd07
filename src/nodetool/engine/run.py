"""The run of a plan: one attempt at a job, and how it ends."""

import asyncio
from concurrent.futures import Executor
from typing import Any

from nodetool.engine.bind import Bound
from nodetool.engine.call import CalledWorkflow
from nodetool.engine.collect import Result
from nodetool.engine.feeds import Feeds
from nodetool.engine.keep import Checkpoints
from nodetool.engine.mark import NO_MARK, Mark
from nodetool.engine.net import Failure, Net, innermost
from nodetool.engine.pace import Crowd, Pace, Room
from nodetool.engine.place import Means, Place
from nodetool.engine.report import Reporter
from nodetool.engine.setups import Setups
from nodetool.engine.shown import describe_error
from nodetool.engine.step import CAPACITY
from nodetool.engine.work import Threads
from nodetool.protocol.bounds import NARROW
from nodetool.protocol.errors import JobFailed, NodeFailed
from nodetool.protocol.frames import End, RunLimits
from nodetool.sdk.errors import BadInput
from nodetool.sdk.tools import Tools


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
        crowd: Crowd | None = None,
        limits: RunLimits,
        checkpoints: Checkpoints | None = None,
        capacity: int = CAPACITY,
        mark: Mark = NO_MARK,
        tools: Tools | None = None,
        setups: Setups | None = None,
        feeds: Feeds | None = None,
    ) -> None:
        self.threads = Threads(pool)
        self._report = report
        self._result = Result(bound.plan.outputs, limits.max_result, report)
        means = Means(
            tools=tools or Tools(NARROW),
            setups=setups or Setups(pool),
            mark=mark,
            checkpoints=checkpoints,
            node_timeout=limits.node_timeout,
            capacity=capacity,
            called=bound.called,
            call=CalledWorkflow,
        )
        place = Place(report, self.threads, Pace(report.tape, room, crowd), means)
        self._net = Net(bound, params, place, self._result, mark=mark, feeds=feeds)

    @property
    def failure(self) -> Failure | None:
        """What ended the run, for whoever writes logs."""
        return innermost(self._net.failure) if self._net.failure else None

    async def go(self) -> End:
        """Run to the end. Cancelling the task that awaits this cancels the run; nothing is told after it returns.

        A task that is cancelled before it begins never comes here: then it is for the caller to say how the run ended.
        """
        try:
            self._report.running()
            await self._net.work()
            return self._failed(self._net.failure) if self._net.failure else self._completed()
        except asyncio.CancelledError:
            await self._net.stop()
            return End(self._report.tape.job_no, self._report.tape.attempt, "cancelled")
        finally:
            self._report.tape.close()

    def _completed(self) -> End:
        return End(self._report.tape.job_no, self._report.tape.attempt, "completed", self._result.encoded())

    def _failed(self, failure: Failure) -> End:
        """The node is one of the job's own graph; the code says what went wrong in the first place."""
        error, first = failure.error, innermost(failure).error
        message = describe_error(error)
        self._net.tell_failure(failure, message)
        fault = error.errors[0] if isinstance(error, JobFailed) and error.errors else None
        handle = error.handle if isinstance(error, BadInput) else fault and fault.handle
        return End(
            self._report.tape.job_no,
            self._report.tape.attempt,
            "failed",
            code=first.code if isinstance(first, JobFailed) else NodeFailed.code,
            error=message,
            node_id=(fault and fault.node_id) or failure.step.node.id,
            handle=handle or "",
        )
