"""Before a later attempt starts, its runner is sent what earlier attempts kept. Only then is that read."""

import asyncio
from collections.abc import Callable

import structlog

from nodetool.jobs.clock import Clock
from nodetool.jobs.job import Job
from nodetool.jobs.runners import Runner
from nodetool.protocol import frames
from nodetool.protocol.errors import StorageFailed
from nodetool.storage.port import Begin

RETRY = 1.0
"""Seconds until a database that cannot be read is asked again: to compute it again would cost what it has cost."""

_log = structlog.get_logger()


class Resuming:
    """Keeps jobs in their place in a runner until all of that is read, and lets them *start*."""

    def __init__(self, start: Callable[[Job, Runner], None], clock: Clock) -> None:
        self._start = start
        self._clock = clock

    def wait(self, job: Job, runner: Runner) -> None:
        """Let a job wait in its place. Until it is committed that it began, not all that was kept can be read."""
        runner.reserve(job)
        job.runner = runner
        job.is_resuming = True

    def begun(self, job: Job, op: Begin) -> None:
        """It is committed that a job began."""
        if job.runner and job.attempt == op.attempt:
            self._read(job, job.runner)

    def forget(self, job: Job) -> None:
        """The job has left its place."""
        job.is_resuming = False
        if job.reading:
            job.reading.cancel()
            job.reading = None

    def _read(self, job: Job, runner: Runner) -> None:
        if job.is_resuming and job.runner is runner:
            job.reading = asyncio.create_task(self._resume(job, runner))

    async def _resume(self, job: Job, runner: Runner) -> None:
        try:
            kept = await job.reader.checkpoints(job.no)
        except StorageFailed as error:
            _log.error("checkpoints.unread", job_id=job.id, error=error.detail)
            self._clock.later(RETRY, self._read, job, runner)
            return
        job.is_resuming, job.reading = False, None
        for one in kept:
            runner.link.send(frames.Checkpoint(job.no, one.attempt, one.key, one.data))
        self._start(job, runner)
