"""Puts jobs into runners and gets them out again: who waits, who runs where, and who has to go.

What becomes of a job whose run is over is not decided here: that is the supervisor's.
"""

import asyncio

import structlog

from nodetool.jobs.clock import Clock
from nodetool.jobs.credit import Credits
from nodetool.jobs.ending import Ending
from nodetool.jobs.feeding import Feeding
from nodetool.jobs.job import Job
from nodetool.jobs.lanes import Lane
from nodetool.jobs.lines import Lines
from nodetool.jobs.log import Log
from nodetool.jobs.policy import Policy
from nodetool.jobs.resuming import Resuming
from nodetool.jobs.runners import EndedBy, Runner, Runners
from nodetool.jobs.secrets import Secrets
from nodetool.jobs.tally import Tally
from nodetool.protocol import frames
from nodetool.protocol.descriptions import Runs
from nodetool.protocol.errors import Fault, QueueFull, TimedOut
from nodetool.runner.link import Link
from nodetool.storage.port import Append, Begin, Checkpoint

RESTART_DELAY = 1.0
"""Seconds before another shared runner is started, after one that died before it was ready."""

_log = structlog.get_logger()


class Dispatcher:
    """The queues in front of the *runners*, and every way into one and out of it."""

    def __init__(
        self,
        log: Log,
        runners: Runners,
        *,
        secrets: Secrets,
        clock: Clock,
        policy: Policy,
        tally: Tally,
        lines: Lines,
    ) -> None:
        self.runners = runners
        self.is_stopping = False
        """Nothing more is started: the server comes to its end."""
        self.changed = asyncio.Event()
        """Set whenever a run has left its runner, or a runner is gone."""
        self.log = log
        self.feeding = Feeding(log.record)
        self._secrets = secrets
        self._clock = clock
        self._now_us = clock.now_us
        self._policy = policy
        self._tally = tally
        self._lines = lines
        self._queues: dict[Runs, Lane[Job]] = {"inline": Lane(), "blocking": Lane(), "cpu": Lane(), "gpu": Lane()}
        self._credits = Credits()
        self._resuming = Resuming(self.start, clock)

    # In.

    @property
    def queued(self) -> list[Job]:
        """The jobs that wait for a runner, oldest first in each lane."""
        return [job for queue in self._queues.values() for job in queue]

    def check_room(self) -> None:
        """Raise QueueFull if as many jobs wait as may."""
        limit = self._policy.max_queue
        if limit and sum(map(len, self._queues.values())) >= limit:
            raise QueueFull(f"{limit} jobs are waiting, and no more may")

    def place(self, job: Job) -> Runner | None:
        """Return the runner for a job, or queue it behind those that wait already."""
        queue = self._queues[self.runners.lane(job)]
        runner = None if queue or self.is_stopping else self.runners.take(job)
        if runner is None:
            queue.append(job)
        return runner

    def queue(self, job: Job) -> None:
        """Take up a stored job that is queued."""
        runner = self.place(job)
        if runner:
            self._begin(job, runner)

    def unqueue(self, job: Job) -> None:
        for queue in self._queues.values():
            if job in queue:
                queue.remove(job)

    def dispatch(self) -> None:
        """Start what waits, as far as there is room."""
        if self.is_stopping:
            return
        for queue in self._queues.values():
            while queue and (runner := self.runners.take(queue.first)):
                self._begin(queue.popleft(), runner)

    def start(self, job: Job, runner: Runner) -> None:
        job.runner = runner
        job.started_us = self._now_us()
        if job.attempt == 1:
            self._tally.waited.add((job.started_us - job.created_us) / 1e6)
        if self._policy.job_timeout:
            job.timer = self._clock.later(self._policy.job_timeout, self._time_out, job)
        names = job.version.secrets
        runner.start(job, job.sent_seq + 1, self._secrets.of(job.user, names) if names else {})
        if job.version.is_fed:
            self.feeding.begin(job)

    def begun(self, job: Job, op: Begin) -> None:
        """It is committed that a job began that was queued."""
        self._resuming.begun(job, op)

    def credit(self, job: Job, op: Append | Checkpoint) -> None:
        """Tell a run that what it sent is committed, now and then."""
        events = op.count if isinstance(op, Append) else 1
        credit = self._credits.stored(job, op.attempt, events, len(op.data)) if job.runner else None
        if job.runner and credit:
            job.runner.link.send(credit)

    def _begin(self, job: Job, runner: Runner) -> None:
        self.log.append([(job, job.begin(self._now_us()))])
        if job.resumes:
            self._resuming.wait(job, runner)
        else:
            self.start(job, runner)

    # Out.

    def leave(self, runner: Runner, job: Job) -> None:
        """A run has ended, and its runner lives."""
        self.runners.release(runner, job)
        self.changed.set()
        self.forget(job)
        if not self.is_stopping:
            self.runners.keep_idle()

    def forget(self, job: Job) -> None:
        """The job's run is under way nowhere."""
        self._credits.forget(job)
        self._resuming.forget(job)
        if job.version.is_fed:
            self.feeding.forget(job)
        job.runner = None
        if job.timer:
            job.timer.cancel()
            job.timer = None

    def condemn(self, job: Job, code: str, text: str, *, node_id: str | None = None) -> None:
        """A run is over a limit: it is stopped, and then the job ends like this, whatever the run reported."""
        if job.verdict is None and job.runner:
            errors = (Fault(node_id=node_id, message=text),) if node_id else ()
            job.verdict = Ending("failed", code=code, error=text, errors=errors)
            self.halt(job, job.runner, text)

    def halt(self, job: Job, runner: Runner, reason: str) -> None:
        """Ask a run to stop; if it does not, its runner is killed."""
        runner.link.send(frames.Cancel(job.no, job.attempt))
        self._clock.later(self._policy.grace, self._may_be_overdue, runner, job, job.attempt, reason)

    def _time_out(self, job: Job) -> None:
        self.condemn(job, TimedOut.code, f"the run took longer than {self._policy.job_timeout:g} seconds")

    def _may_be_overdue(self, runner: Runner, job: Job, attempt: int, reason: str) -> None:
        """The run had its time to stop. To kill a runner because it is busy would make the next one busier still."""
        if job.runner is not runner or job.attempt != attempt:
            return
        if has_patience(runner, job):
            self._clock.later(self._policy.patience, self._overdue, runner, job, attempt, reason)
        else:
            self._overdue(runner, job, attempt, reason)

    def _overdue(self, runner: Runner, job: Job, attempt: int, reason: str) -> None:
        """The run has not stopped: its runner is killed."""
        if job.runner is runner and job.attempt == attempt:
            self.kill(runner, reason, by="overdue", culprit=job.no)

    # Runners that have to go, and that are gone.

    def kill(self, runner: Runner, reason: str, *, by: EndedBy, culprit: int | None) -> None:
        """End a runner because of one of its runs; one that others share after a moment for them to end."""
        if runner.is_doomed:
            return
        runner.reason, runner.ended_by, runner.culprit = reason, by, culprit
        self._lines.killed(runner)
        self.doom(runner)
        if runner.is_shared and len(runner.active) > 1:
            self._clock.later(self._policy.bystanders, runner.link.kill)
        else:
            runner.link.kill()
        self.dispatch()

    def doom(self, runner: Runner) -> None:
        """Give a runner that is about to end no further runs, and put another in its place if all share it."""
        if self.runners.doom(runner) and not self.is_stopping:
            self.runners.open()

    def lost(self, link: Link) -> Runner:
        """Forget a runner that is gone, and return it: its runs have to be seen to."""
        runner = self.runners.lost(link)
        self.changed.set()
        return runner

    def replace(self, lost: Runner) -> None:
        """Put another runner in the place of one that is gone, if all shared it and none was put there before."""
        if not lost.is_shared or lost.is_doomed or lost.is_leaving or self.is_stopping:
            return
        if lost.is_ready:
            self.runners.open()
        else:
            self._clock.later(RESTART_DELAY, self._replace_now)

    def _replace_now(self) -> None:
        if not self.is_stopping:
            self.runners.open()
            self.dispatch()


def has_patience(runner: Runner, job: Job) -> bool:
    """Say whether a run that has not stopped may not have heard of it yet: its runner starts, or works for others."""
    if not runner.is_ready:
        return True
    place = runner.link.place()
    return runner.is_shared and len(runner.active) > 1 and (place is None or place.job_no != job.no)
