"""Takes what runners send, and decides what becomes of every job: its next attempt, or its end.

The runner owns the numbers of an attempt's events; when none lives, the supervisor does. The terminal event is always
made here: from a runner's ``end``, from a recorded cancel, or because a runner died.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import structlog

from nodetool.jobs import blame
from nodetool.jobs.blame import Death
from nodetool.jobs.clock import Clock
from nodetool.jobs.dispatcher import Dispatcher
from nodetool.jobs.ending import CANCELLED, Ending, ending_of_frame
from nodetool.jobs.job import Entry, Job
from nodetool.jobs.lines import Lines
from nodetool.jobs.log import Log
from nodetool.jobs.policy import Policy
from nodetool.jobs.runners import Runner, Runners
from nodetool.jobs.secrets import Secrets
from nodetool.jobs.tally import Tally
from nodetool.jobs.workspaces import Workspaces
from nodetool.protocol import frames
from nodetool.protocol.errors import AttemptsExhausted, JobFailed, StorageFailed, TooManyEvents
from nodetool.runner.link import Connect, Link
from nodetool.storage.port import Accept, Append, Begin, Cancel, Checkpoint, Outcome

if TYPE_CHECKING:
    import asyncio

BROKEN = Ending("failed", code=JobFailed.code, error="what the run told could not be stored")

_log = structlog.get_logger()


class Supervisor:
    """Listens to every runner."""

    def __init__(
        self,
        log_of: Callable[["Supervisor"], Log],
        connect: Connect,
        *,
        secrets: Secrets,
        workspaces: Workspaces,
        clock: Clock,
        policy: Policy,
        tally: Tally,
    ) -> None:
        self.log = log_of(self)
        self.runners = Runners(connect, self, policy)
        self.lines = Lines()
        self.dispatcher = Dispatcher(
            self.log, self.runners, secrets=secrets, clock=clock, policy=policy, tally=tally, lines=self.lines
        )
        self._now_us = clock.now_us
        self._workspaces = workspaces
        self._policy = policy
        self._tally = tally

    def open(self) -> None:
        """Start the shared runner."""
        self.runners.open()

    @property
    def is_ready(self) -> bool:
        return self.runners.is_ready

    # Jobs in.

    def accept(self, job: Job, op: Callable[[Job], Accept], *, merges: bool) -> "asyncio.Future[list[Outcome]]":
        """Store a new job and start it, if there is a place for it; else queue it.

        The run does not wait for the commit of the accept: nothing of it can be stored, let alone sent, before that.
        Where the caller *merges*, a run that takes microseconds may be stored together with its accept.
        """
        runner = self.dispatcher.place(job)
        job.status = "running" if runner else "queued"
        row = op(job)
        self._tally.accepted += 1
        if runner:
            # Its frame leaves before the commit holds the loop: the two go on side by side.
            self.dispatcher.start(job, runner)
        self.lines.accepted(job)
        merges = merges and runner is not None and job.version.is_inline
        return self.log.hold(job, row) if merges else self.log.record(row)

    def take_up(self, job: Job) -> None:
        """Start or queue a new job that is stored already, as that might have been refused."""
        self._tally.accepted += 1
        self.lines.accepted(job)
        self.dispatcher.queue(job)

    def resume(self, job: Job, *, was_running: bool) -> None:
        """Take up a job of before the start: one that was running begins its next attempt, if it has one left."""
        if was_running:
            job.counted += 1
            self._again(job, "the server ended", counts=True)
        else:
            self.dispatcher.queue(job)

    def abandon(self, job: Job) -> None:
        """Drop a job whose accept could not be stored: it was never shown to anyone."""
        job.is_void = True
        if job.runner:
            self._halt(job, job.runner, "")
        else:
            self.dispatcher.unqueue(job)

    # Frames in.

    def on_frames(self, link: Link, got: list[frames.ToServer]) -> None:
        """Store what a read brought. A run's last events and its end are stored together."""
        runner = self.runners.of(link)
        if runner is None:
            return
        entries: list[Entry] = []
        last: dict[tuple[int, int], frames.Events] = {}
        for frame in got:
            match frame:
                case frames.Events():
                    run = (frame.job_no, frame.attempt)
                    if older := last.get(run):
                        self._take_events(runner, older, entries)
                    last[run] = frame
                case frames.Checkpoint():
                    self._take_checkpoint(runner, frame, entries)
                case frames.End():
                    self._take_end(runner, last.pop((frame.job_no, frame.attempt), None), frame, entries)
                case _:
                    self._take_rare(runner, frame)
        for frame in last.values():
            self._take_events(runner, frame, entries)
        if entries:
            self.log.append(entries)
        self.dispatcher.dispatch()

    def _take_rare(self, runner: Runner, frame: frames.NeedPlan | frames.Raised | frames.Hello | frames.Taken) -> None:
        """Take what stores nothing."""
        match frame:
            case frames.NeedPlan():
                self._send_plan(runner, frame.hash)
            case frames.Raised():
                if job := self._job_of(runner, frame.job_no, frame.attempt):
                    self.lines.raised(job, frame)
            case frames.Hello():
                self._greet(runner, frame)
            case frames.Taken():
                if job := self._job_of(runner, frame.job_no, frame.attempt):
                    self.dispatcher.feeding.took(job, frame)

    def _take_events(self, runner: Runner, frame: frames.Events, entries: list[Entry]) -> None:
        job = self._job_of(runner, frame.job_no, frame.attempt)
        if job is None or job.ending or job.is_deaf:
            return
        if frame.first_seq != job.sent_seq + 1:  # nor could what follows be stored
            entries.append((job, job.end(BROKEN, self._now_us())))
            self.dispatcher.halt(job, runner, BROKEN.error)
            return
        if job.sent_seq + frame.count > self._policy.max_events > 0:
            job.is_deaf = True
            self.dispatcher.condemn(job, TooManyEvents.code, f"more than {self._policy.max_events} events")
            return
        entries.append((job, job.append(frame)))

    def _take_checkpoint(self, runner: Runner, frame: frames.Checkpoint, entries: list[Entry]) -> None:
        job = self._job_of(runner, frame.job_no, frame.attempt)
        if job and not (job.ending or job.is_deaf):
            entries.append((job, job.keep(frame)))

    def _take_end(self, runner: Runner, events: frames.Events | None, frame: frames.End, entries: list[Entry]) -> None:
        job = self._job_of(runner, frame.job_no, frame.attempt)
        if job is None:
            return
        if frame.leaves:
            runner.ended_by = "left"
            runner.left.append((job.id, job.attempt))
            self.dispatcher.doom(runner)
        self.dispatcher.leave(runner, job)
        if not job.ending:
            how, heard = ending_of_frame(frame), None if job.is_deaf else events
            if heard and heard.first_seq != job.sent_seq + 1:
                how, heard = BROKEN, None
            entries.append((job, job.end(how, self._now_us(), heard)))

    def _job_of(self, runner: Runner, no: int, attempt: int) -> Job | None:
        job = runner.active.get(no)
        return job if job and job.attempt == attempt else None

    def _send_plan(self, runner: Runner, hash: str) -> None:
        for job in runner.active.values():
            if job.version.plan_hash == hash:
                runner.send_plan(job)
                return

    def _greet(self, runner: Runner, frame: frames.Hello) -> None:
        if frame.version != frames.VERSION:
            _log.error("runner.mismatch", pid=frame.pid, version=frame.version)
            runner.ended_by = "mismatch"
            runner.link.kill()
            return
        runner.is_ready = True
        _log.info("runner.ready", pid=frame.pid, shared=runner.is_shared)

    def begun(self, job: Job, op: Begin) -> None:
        """Let a job start that has waited for that."""
        self.dispatcher.begun(job, op)

    def stored(self, job: Job, op: Append | Checkpoint) -> None:
        """Credit a run with what is committed, now and then."""
        self.dispatcher.credit(job, op)

    def refused(self, job: Job) -> None:
        """End a job where its log ends: what its run told does not follow that."""
        if not job.is_broken:
            job.is_broken = True
            job.sent_seq = job.stored_seq
            self._break_off(job, job.ending or BROKEN)

    # Ends.

    def fail(self, job: Job, how: Ending) -> None:
        """End a job that runs nowhere."""
        self.log.append([(job, job.end(how, self._now_us()))])

    def _break_off(self, job: Job, how: Ending) -> None:
        """End a job whatever its run does. What the run tells from now on is not heard."""
        self.fail(job, how)
        if job.runner:
            self._halt(job, job.runner, how.error)

    def _halt(self, job: Job, runner: Runner, reason: str) -> None:
        """Have a run stopped; of one that has not been sent yet its runner knows nothing."""
        if not job.is_resuming:
            self.dispatcher.halt(job, runner, reason)
            return
        self.dispatcher.leave(runner, job)
        if not job.ending:
            self.fail(job, CANCELLED)
        self.dispatcher.dispatch()

    # Cancel.

    def cancel(self, job: Job) -> None:
        """Have a cancel recorded, and then the run stopped. ``Job.cancelled`` returns once it is recorded.

        Raises:
            StorageFailed: the cancel cannot be recorded now.
        """
        if job.is_ended:
            return
        if self.log.is_stalled:  # it must not overtake what waits
            raise StorageFailed
        if job.ending or job.cancel:
            return
        if job.runner:
            self._record_cancel(job, job.runner)
        else:
            self._cancel_queued(job)

    def _record_cancel(self, job: Job, runner: Runner) -> None:
        job.is_cancelling = True
        job.cancel = self.log.record(Cancel(no=job.no))
        job.cancel.add_done_callback(lambda done: self._cancel_recorded(job, runner, done))

    def _cancel_recorded(self, job: Job, runner: Runner, done: "asyncio.Future[list[Outcome]]") -> None:
        if done.exception():
            job.is_cancelling, job.cancel = False, None
        elif job.runner is runner:
            self._halt(job, runner, "the run was cancelled")

    def _cancel_queued(self, job: Job) -> None:
        self.dispatcher.unqueue(job)
        self.log.append([(job, job.end(CANCELLED, self._now_us(), records_cancel=True))])

    # Runners that are gone.

    def on_lost(self, link: Link) -> None:
        """Take the runs of a runner that is gone: queue them again, or end those that are cancelled or hopeless."""
        runner = self.dispatcher.lost(link)
        by = runner.ended_by or ("stopped" if self.dispatcher.is_stopping else "died")
        self._tally.runners_ended[by] += 1
        death = self._death(runner, link)
        self.lines.lost(runner, by, death.culprit)
        for job in list(runner.active.values()):
            self._lose(job, death, runner.reason or "the process that ran it ended")
        for id, attempt in runner.left:
            self._workspaces.drop(id, attempt)
        self.dispatcher.replace(runner)
        self.dispatcher.dispatch()

    def _death(self, runner: Runner, link: Link) -> Death:
        culprit = runner.culprit
        place = link.place()
        if place and (job := runner.active.get(place.job_no)):
            job.lost_in = node_of(job, place.node)
            if culprit is None and runner.is_shared:
                culprit = job.no
                self._demote(job, place.node)
        # One that leaves by itself, or for a run that we know, says nothing of the others.
        was_meant = runner.is_doomed and (runner.culprit is not None or not runner.reason)
        return Death(runner.is_shared, was_meant, culprit, len(runner.active))

    def _demote(self, job: Job, node: int) -> None:
        """A type that stalled or killed a runner that others share runs alone from now on."""
        found = job.version.plan.node_at(node) if job.version.plan else None
        if found:
            self.runners.demoted.add(found[1].name)
            _log.warning("runner.blame", job_id=job.id, node_id=found[0].id, node_type=found[1].name)

    def _lose(self, job: Job, death: Death, reason: str) -> None:
        self.dispatcher.forget(job)
        self._workspaces.drop(job.id, job.attempt)
        if job.is_void or job.ending:
            return
        if job.is_cancelling or job.verdict:
            if job.verdict:
                job.verdict = msgspec.structs.replace(job.verdict, errors=job.faults(job.verdict.error))
            self.fail(job, CANCELLED)
        elif self.dispatcher.is_stopping:
            self.log.append([(job, job.requeue("the server was stopped", self._now_us(), counts=False))])
        else:
            sentence = blame.sentence(job.no, death)
            job.counted += sentence.counts
            job.is_alone |= sentence.alone
            self._again(job, reason, counts=sentence.counts)

    def _again(self, job: Job, reason: str, *, counts: bool) -> None:
        """Queue the next attempt of a job, unless too many of them ended badly."""
        if job.counted >= self._policy.max_attempts:
            self.fail(job, exhausted(job, reason))
            return
        self._tally.requeued += 1
        self.log.append([(job, job.requeue(reason, self._now_us(), counts=counts))])
        self.lines.requeued(job, reason)
        self.dispatcher.queue(job)

    def on_print(self, link: Link, line: str) -> None:
        """Keep what a runner prints in the server's log."""
        self.lines.printed(self.runners.of(link), link.pid, line)


def exhausted(job: Job, reason: str) -> Ending:
    """Return the end of a job that was started often enough."""
    text = f"the job was started {job.counted} times and never ended: {reason}"
    return Ending("failed", code=AttemptsExhausted.code, error=text, errors=job.faults(reason))


def node_of(job: Job, index: int) -> str | None:
    """Return the id of a node by its place in the plan."""
    found = job.version.plan.node_at(index) if job.version.plan else None
    return found[0].id if found else None
