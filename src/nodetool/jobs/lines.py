"""What the server's log says of jobs and their runners. A line names its job and its node, and never holds a param.

At the usual level a run that goes well writes nothing: a line costs as much as a tenth of a run.
"""

from typing import Any

import structlog

from nodetool.jobs.ending import Ending
from nodetool.jobs.job import Job
from nodetool.jobs.runners import EndedBy, Runner
from nodetool.protocol import frames

SHOWN = 1_000
"""Characters of a failed job's error; the job itself has all of it."""


class Lines:
    """Made once logging is set up: a logger that is bound costs a quarter of one that is looked up for each line."""

    def __init__(self) -> None:
        self._log = structlog.get_logger().bind()

    def accepted(self, job: Job) -> None:
        self._log.debug("job.accepted", job_id=job.id, workflow_id=job.workflow_id, user=job.user)

    def ended(self, job: Job, how: Ending) -> None:
        """That a job failed may be looked for; whose fault it is, its node's or ours, has a louder line."""
        if how.status == "failed":
            node_id = next((fault.node_id for fault in how.errors if fault.node_id), None)
            said = known(node_id=node_id, code=how.code, error=how.error[:SHOWN])
            self._log.info("job.failed", job_id=job.id, workflow_id=job.workflow_id, attempt=job.attempt, **said)
        else:
            self._log.debug("job.ended", job_id=job.id, workflow_id=job.workflow_id, status=how.status)

    def requeued(self, job: Job, reason: str) -> None:
        """An attempt was cut off, and ``attempt`` is the next."""
        self._log.info("job.requeued", job_id=job.id, workflow_id=job.workflow_id, attempt=job.attempt, reason=reason)

    def raised(self, job: Job, frame: frames.Raised) -> None:
        """Keep a trace: here, and nowhere else, is it shown."""
        whose = {"job_id": job.id, "workflow_id": job.workflow_id}
        if frame.node_id:
            node = {"node_id": frame.node_id, "node_type": frame.node_type}
            self._log.warning("node.failed", **whose, **node, exception=frame.trace)
        else:
            self._log.error("engine.failed", **whose, exception=frame.trace)

    def printed(self, runner: Runner | None, pid: int, line: str) -> None:
        """Keep what a runner prints, but for secrets; whose it is, is known where a run has the runner for itself."""
        alone = [job.id for job in runner.active.values()] if runner and not runner.is_shared else []
        self._log.info(
            "runner.print",
            pid=pid,
            **known(job_id=next(iter(alone), None)),
            line=runner.masked(line) if runner else line,
        )

    def killed(self, runner: Runner) -> None:
        fault = at_fault(runner, runner.culprit)
        self._log.warning("runner.killed", pid=runner.link.pid, reason=runner.reason, jobs=len(runner.active), **fault)

    def lost(self, runner: Runner, by: EndedBy, culprit: int | None) -> None:
        """One that was meant to end is no news."""
        tell = self._log.warning if by == "died" else self._log.debug
        fault = at_fault(runner, culprit)
        tell("runner.lost", pid=runner.link.pid, by=by, shared=runner.is_shared, jobs=len(runner.active), **fault)


def at_fault(runner: Runner, culprit: int | None) -> dict[str, Any]:
    job = None if culprit is None else runner.active.get(culprit)
    return known(job_id=job and job.id)


def known(**fields: Any) -> dict[str, Any]:
    """Leave out what is not known."""
    return {name: value for name, value in fields.items() if value}
