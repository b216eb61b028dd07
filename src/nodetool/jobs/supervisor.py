"""Starts jobs in runners, takes what runners send, and writes the end of every job.

The runner owns the numbers of an attempt's events; when none lives, the supervisor does. The terminal event is always
made here: from a runner's ``end``, from a recorded cancel, or because a runner died.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import structlog

from nodetool.jobs import blame
from nodetool.jobs.blame import Death
from nodetool.jobs.credit import Credits
from nodetool.jobs.ending import CANCELLED, Ending, ending_of_frame
from nodetool.jobs.job import Job
from nodetool.jobs.log import Entry, Log
from nodetool.jobs.policy import Policy
from nodetool.jobs.runners import Runner, Runners
from nodetool.jobs.tally import Tally
from nodetool.protocol import frames
from nodetool.protocol.descriptions import Runs
from nodetool.protocol.errors import AttemptsExhausted, JobFailed, QueueFull, StorageFailed, TimedOut, TooManyEvents
from nodetool.runner.link import Connect, Link
from nodetool.storage.port import Accept, Append, Cancel, Outcome

SETTLE = 1.0
"""Seconds that the end of the server waits for a database that does not take changes …"""

LAST_WAIT = 5.0
"""… and for runners that it has killed."""

RESTART_DELAY = 1.0
"""Seconds before another shared runner is started, after one that died before it was ready."""

BROKEN = Ending("failed", code=JobFailed.code, error="what the run told could not be stored")

_log = structlog.get_logger()


class Supervisor:
    """Listens to every runner. *now_us* is the clock of what is stored."""

    def __init__(
        self,
        log_of: Callable[["Supervisor"], Log],
        connect: Connect,
        *,
        now_us: Callable[[], int],
        policy: Policy,
        tally: Tally,
    ) -> None:
        self.log = log_of(self)
        self.runners = Runners(connect, self, policy)
        self._now_us = now_us
        self._policy = policy
        self._tally = tally
        self._queues: dict[Runs, deque[Job]] = {"inline": deque(), "blocking": deque(), "cpu": deque(), "gpu": deque()}
        self._is_stopping = False
        self._credits = Credits()
        self._changed = asyncio.Event()

    def open(self) -> None:
        """Start the shared runner."""
        self.runners.open()

    @property
    def is_ready(self) -> bool:
        return self.runners.is_ready

    @property
    def queued(self) -> list[Job]:
        """The jobs that wait for a runner, oldest first in each lane."""
        return [job for queue in self._queues.values() for job in queue]

    # Jobs in.

    def check_room(self) -> None:
        """Raise QueueFull if as many jobs wait as may."""
        limit = self._policy.max_queue
        if limit and sum(map(len, self._queues.values())) >= limit:
            raise QueueFull(f"{limit} jobs are waiting, and no more may")

    def accept(self, job: Job, op: Callable[[Job], Accept]) -> "asyncio.Future[list[Outcome]]":
        """Store a new job and start it, if there is a place for it; else queue it.

        The run does not wait for the commit of the accept: nothing of it can be stored, let alone sent, before that.
        """
        runner = self._place(job)
        job.status = "running" if runner else "queued"
        row = op(job)
        self._tally.accepted += 1
        if runner:
            self._start(job, runner)  # its frame leaves before the commit holds the loop: the two go on side by side
        return self.log.record(row)

    def take_up(self, job: Job) -> None:
        """Start or queue a new job that is stored already, as that might have been refused."""
        self._tally.accepted += 1
        self.queue(job)

    def queue(self, job: Job) -> None:
        """Take up a stored job that is queued."""
        runner = self._place(job)
        if runner:
            self._begin(job, runner)

    def resume(self, job: Job, *, was_running: bool) -> None:
        """Take up a job of before the start: one that was running begins its next attempt, if it has one left."""
        if was_running:
            job.counted += 1
            self._again(job, "the server ended", counts=True)
        else:
            self.queue(job)

    def abandon(self, job: Job) -> None:
        """Drop a job whose accept could not be stored: it was never shown to anyone."""
        job.is_void = True
        if job.runner:
            self._halt(job, job.runner, "")
        else:
            self._unqueue(job)

    def _place(self, job: Job) -> Runner | None:
        """Return the runner for a job, or queue it behind those that wait already."""
        queue = self._queues[self.runners.lane(job)]
        runner = None if queue or self._is_stopping else self.runners.take(job)
        if runner is None:
            queue.append(job)
        return runner

    def _begin(self, job: Job, runner: Runner) -> None:
        self.log.append([(job, job.begin(self._now_us()))])
        self._start(job, runner)

    def _start(self, job: Job, runner: Runner) -> None:
        job.runner = runner
        if job.attempt == 1:
            self._tally.waited.add((self._now_us() - job.created_us) / 1e6)
        if self._policy.job_timeout:
            job.timer = asyncio.get_running_loop().call_later(self._policy.job_timeout, self._time_out, job)
        runner.start(job, job.sent_seq + 1)

    def _unqueue(self, job: Job) -> None:
        for queue in self._queues.values():
            if job in queue:
                queue.remove(job)

    def _dispatch(self) -> None:
        """Start what waits, as far as there is room."""
        if self._is_stopping:
            return
        for queue in self._queues.values():
            while queue and (runner := self.runners.take(queue[0])):
                self._begin(queue.popleft(), runner)

    # Frames in.

    def on_frames(self, link: Link, got: list[frames.ToServer]) -> None:
        """Store what a read brought. A run's last events and its end are stored together."""
        runner = self.runners.of(link)
        if runner is None:
            return
        entries: list[Entry] = []
        last: dict[int, frames.Events] = {}
        for frame in got:
            match frame:
                case frames.Events():
                    if older := last.get(frame.job_no):
                        self._take_events(runner, older, entries)
                    last[frame.job_no] = frame
                case frames.End():
                    self._take_end(runner, last.pop(frame.job_no, None), frame, entries)
                case frames.NeedPlan():
                    self._send_plan(runner, frame.hash)
                case frames.Hello():
                    self._greet(runner, frame)
        for frame in last.values():
            self._take_events(runner, frame, entries)
        if entries:
            self.log.append(entries)
        self._dispatch()

    def _take_events(self, runner: Runner, frame: frames.Events, entries: list[Entry]) -> None:
        job = self._job_of(runner, frame.job_no, frame.attempt)
        if job is None or job.ending or job.is_deaf:
            return
        if job.sent_seq + frame.count > self._policy.max_events > 0:
            job.is_deaf = True
            self._condemn(job, TooManyEvents.code, f"more than {self._policy.max_events} events")
            return
        entries.append((job, job.append(frame)))

    def _take_end(self, runner: Runner, events: frames.Events | None, frame: frames.End, entries: list[Entry]) -> None:
        job = self._job_of(runner, frame.job_no, frame.attempt)
        if job is None:
            return
        if frame.leaves:
            self._doom(runner)
        self._leave(runner, job)
        if not job.ending:
            heard = None if job.is_deaf else events
            entries.append((job, job.end(ending_of_frame(frame), self._now_us(), heard)))

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
            runner.link.kill()
            return
        runner.is_ready = True
        _log.info("runner.ready", pid=frame.pid, shared=runner.is_shared)

    def stored(self, job: Job, op: Append) -> None:
        """Credit a run with events that are committed, now and then."""
        self._tally.events += op.count
        credit = self._credits.stored(job, op) if job.runner else None
        if job.runner and credit:
            job.runner.link.send(credit)

    def refused(self, job: Job) -> None:
        """End a job where its log ends: what its run told does not follow that."""
        if not job.is_broken:
            job.is_broken = True
            job.sent_seq = job.stored_seq
            self._break_off(job, job.ending or BROKEN)

    # Ends.

    def _leave(self, runner: Runner, job: Job) -> None:
        self.runners.release(runner, job)
        self._changed.set()
        self._forget(job)
        if not self._is_stopping:
            self.runners.keep_idle()

    def _forget(self, job: Job) -> None:
        """The job's run is under way nowhere."""
        self._credits.forget(job)
        job.runner = None
        if job.timer:
            job.timer.cancel()
            job.timer = None

    def fail(self, job: Job, how: Ending) -> None:
        """End a job that runs nowhere."""
        self.log.append([(job, job.end(how, self._now_us()))])

    def _break_off(self, job: Job, how: Ending) -> None:
        """End a job whatever its run does. What the run tells from now on is not heard."""
        self.fail(job, how)
        if job.runner:
            self._halt(job, job.runner, how.error)

    def _condemn(self, job: Job, code: str, text: str) -> None:
        """A run is over a limit: it is stopped, and then the job ends like this, whatever the run reported."""
        if job.verdict is None and job.runner:
            job.verdict = Ending("failed", code=code, error=text)
            self._halt(job, job.runner, text)

    def _time_out(self, job: Job) -> None:
        self._condemn(job, TimedOut.code, f"the run took longer than {self._policy.job_timeout:g} seconds")

    def _halt(self, job: Job, runner: Runner, reason: str) -> None:
        """Ask a run to stop; if it does not, its runner is killed."""
        runner.link.send(frames.Cancel(job.no, job.attempt))
        asyncio.get_running_loop().call_later(self._policy.grace, self._overdue, runner, job, job.attempt, reason)

    # Cancel.

    async def cancel(self, job: Job) -> None:
        """Record the cancel, then have the run stopped. Returns once it is recorded, or the job has ended.

        A caller that goes away meanwhile does not touch the cancel.

        Raises:
            StorageFailed, StorageFull: the cancel could not be recorded.
        """
        if job.is_ended:
            return
        if self.log.is_stalled:  # it must not overtake what waits
            raise StorageFailed
        if job.ending is None and job.runner is None:
            self._cancel_queued(job)
        if job.ending:  # perhaps it is too late, and the job ends as it was going to
            await job.wait()
            return
        if job.cancel is None:
            self._record_cancel(job, job.runner)
        assert job.cancel
        await asyncio.shield(job.cancel)

    def _record_cancel(self, job: Job, runner: Runner | None) -> None:
        job.is_cancelling = True
        job.cancel = self.log.record(Cancel(no=job.no))
        job.cancel.add_done_callback(lambda done: self._cancel_recorded(job, runner, done))

    def _cancel_recorded(self, job: Job, runner: Runner | None, done: "asyncio.Future[list[Outcome]]") -> None:
        if done.exception():
            job.is_cancelling, job.cancel = False, None
        elif runner and job.runner is runner:
            self._halt(job, runner, "the run was cancelled")

    def _cancel_queued(self, job: Job) -> None:
        self._unqueue(job)
        self.log.append([(job, job.end(CANCELLED, self._now_us(), records_cancel=True))])

    def _overdue(self, runner: Runner, job: Job, attempt: int, reason: str) -> None:
        """The run has not stopped: its runner is killed."""
        if job.runner is runner and job.attempt == attempt:
            self.kill(runner, reason, culprit=job.no)

    # Runners that have to go, and that are gone.

    def kill(self, runner: Runner, reason: str, *, culprit: int | None) -> None:
        """End a runner because of one of its runs; one that others share after a moment for them to end."""
        if runner.is_doomed:
            return
        runner.reason, runner.culprit = reason, culprit
        _log.warning("runner.killed", pid=runner.link.pid, reason=reason, jobs=len(runner.active))
        self._doom(runner)
        if runner.is_shared and len(runner.active) > 1:
            asyncio.get_running_loop().call_later(self._policy.bystanders, runner.link.kill)
        else:
            runner.link.kill()
        self._dispatch()

    def _doom(self, runner: Runner) -> None:
        """Give a runner that is about to end no further runs, and put another in its place if all share it."""
        self.runners.doom(runner)
        if runner.is_shared and not self._is_stopping:
            self.runners.open()

    def on_lost(self, link: Link) -> None:
        """Take the runs of a runner that is gone: queue them again, or end those that are cancelled or hopeless."""
        runner = self.runners.lost(link)
        self._changed.set()
        self._tally.runners_ended[runner.reason or ("let go" if runner.is_leaving else "lost")] += 1
        death = self._death(runner, link)
        is_expected = self._is_stopping or runner.is_leaving or runner.is_doomed
        tell = _log.debug if is_expected else _log.warning
        tell("runner.lost", pid=link.pid, shared=runner.is_shared, jobs=death.jobs, at=death.culprit)
        for job in list(runner.active.values()):
            self._lose(job, death, runner.reason or "the process that ran it ended")
        if runner.is_shared and not (runner.is_doomed or runner.is_leaving or self._is_stopping):
            self._restart(runner)
        self._dispatch()

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
        plan = job.version.plan
        if plan and node < len(plan.nodes):
            name = plan.types[plan.nodes[node].type].name
            self.runners.demoted.add(name)
            _log.warning("runner.blame", job_id=job.id, node_id=plan.nodes[node].id, node_type=name)

    def _restart(self, lost: Runner) -> None:
        if lost.is_ready:
            self.runners.open()
        else:
            asyncio.get_running_loop().call_later(RESTART_DELAY, self._restart_now)

    def _restart_now(self) -> None:
        if not self._is_stopping:
            self.runners.open()
            self._dispatch()

    def _lose(self, job: Job, death: Death, reason: str) -> None:
        self._forget(job)
        if job.is_void or job.ending:
            return
        if job.is_cancelling or job.verdict:
            if job.verdict:
                job.verdict = replace(job.verdict, errors=job.faults(job.verdict.error))
            self.fail(job, CANCELLED)
        elif self._is_stopping:
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
        self.queue(job)

    def on_print(self, link: Link, line: str) -> None:
        """Keep what a runner prints in the server's log."""
        _log.info("runner.print", pid=link.pid, line=line)

    # The end of the server.

    async def finish(self, seconds: float) -> None:
        """Start nothing more, and return when no run is under way, or after *seconds*."""
        self._is_stopping = True
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._until(lambda: not any(runner.active for runner in self.runners))
        await self.log.settle(SETTLE)

    async def stop(self) -> None:
        """Kill the runners. What did not end is queued for the next start, and that does not count."""
        self._is_stopping = True
        for runner in self.runners:
            runner.link.kill()
        with suppress(TimeoutError):  # one that cannot be killed is left to the guardian
            async with asyncio.timeout(LAST_WAIT):
                await self._until(lambda: not len(self.runners))
        await self.log.settle(SETTLE)

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Wait for a state of the runners, which changes when a run leaves one or one is gone."""
        while not condition():
            self._changed.clear()
            await self._changed.wait()


def exhausted(job: Job, reason: str) -> Ending:
    """Return the end of a job that was started often enough."""
    text = f"the job was started {job.counted} times and never ended: {reason}"
    return Ending("failed", code=AttemptsExhausted.code, error=text, errors=job.faults(reason))


def node_of(job: Job, index: int) -> str | None:
    """Return the id of a node by its place in the plan."""
    plan = job.version.plan
    return plan.nodes[index].id if plan and index < len(plan.nodes) else None
