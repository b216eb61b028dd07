"""Starts jobs in runners, takes what runners send, and writes the end of every job.

The runner owns the numbers of an attempt's events; when none lives, the supervisor does. The terminal event is always
made here: from a runner's ``end``, from a recorded cancel, or because a runner died.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import structlog

from nodetool.jobs import ending
from nodetool.jobs.ending import CANCELLED, Ending
from nodetool.jobs.job import Job
from nodetool.jobs.log import Entry, Log
from nodetool.jobs.runners import Runner, Runners, lane
from nodetool.protocol import frames
from nodetool.protocol.descriptions import Runs
from nodetool.protocol.errors import AttemptsExhausted
from nodetool.runner.link import Connect, Link
from nodetool.storage.port import Accept, Append, Begin, Cancel, End, Outcome, Requeue

MAX_ATTEMPTS = 3

GRACE = 0.25
"""Seconds that a cancelled run has to stop by itself …"""

BYSTANDERS = 0.2
"""… and that others have to end, before the runner they share with it is killed."""

RESTART_DELAY = 1.0
"""Seconds before another shared runner is started, after one that died before it was ready."""

_log = structlog.get_logger()


class Supervisor:
    """Listens to every runner. *now_us* is the clock of what is stored."""

    def __init__(self, log_of: Callable[["Supervisor"], Log], connect: Connect, *, now_us: Callable[[], int]) -> None:
        self.log = log_of(self)
        self._now_us = now_us
        self._runners = Runners(connect, self)
        self._queues: dict[Runs, deque[Job]] = {"inline": deque(), "blocking": deque(), "cpu": deque(), "gpu": deque()}
        self._is_stopping = False
        self._credit: dict[int, list[int]] = {}
        self._changed = asyncio.Event()

    def open(self) -> None:
        """Start the shared runner."""
        self._runners.open()

    @property
    def is_ready(self) -> bool:
        return self._runners.is_ready

    # Jobs in.

    def accept(self, job: Job, op: Callable[[Job], Accept]) -> "asyncio.Future[list[Outcome]]":
        """Store a new job and start it, if there is a place for it; else queue it.

        The run does not wait for the commit of the accept: nothing of it can be stored, let alone sent, before that.
        """
        runner = self._place(job)
        job.status = "running" if runner else "queued"
        accepted = self.log.record(op(job))
        if runner:
            self._start(job, runner)
        return accepted

    def queue(self, job: Job) -> None:
        """Take up a stored job that is queued."""
        runner = self._place(job)
        if runner:
            self._begin(job, runner)

    def resume(self, job: Job, *, was_running: bool) -> None:
        """Take up a job of before the start: one that was running begins its next attempt, if it has one left."""
        if was_running:
            self._again(job, "the server ended")
        else:
            self.queue(job)

    def abandon(self, job: Job) -> None:
        """Drop a job whose accept could not be stored: it was never shown to anyone."""
        job.is_void = True
        if job.runner:
            job.runner.link.send(frames.Cancel(job.no, job.attempt))
        elif job in (queue := self._queues[lane(job)]):
            queue.remove(job)

    def _place(self, job: Job) -> Runner | None:
        """Return the runner for a job, or queue it behind those that wait already."""
        queue = self._queues[lane(job)]
        runner = None if queue or self._is_stopping else self._runners.take(job)
        if runner is None:
            queue.append(job)
        return runner

    def _begin(self, job: Job, runner: Runner) -> None:
        job.status = "running"
        self.log.append([(job, Begin(no=job.no, attempt=job.attempt, started_us=self._now_us()))])
        self._start(job, runner)

    def _start(self, job: Job, runner: Runner) -> None:
        job.runner = runner
        runner.start(job, job.sent_seq + 1)

    def _dispatch(self) -> None:
        """Start what waits, as far as there is room."""
        if self._is_stopping:
            return
        for queue in self._queues.values():
            while queue and (runner := self._runners.take(queue[0])):
                self._begin(queue.popleft(), runner)

    # Frames in.

    def on_frames(self, link: Link, got: list[frames.ToServer]) -> None:
        """Store what a read brought. A run's last events and its end are stored together."""
        runner = self._runners.of(link)
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
        if job is None:
            return
        job.sent_seq += frame.count
        entries.append(
            (
                job,
                Append(
                    no=job.no,
                    attempt=job.attempt,
                    first_seq=frame.first_seq,
                    count=frame.count,
                    flags=frame.flags,
                    data=frame.data,
                ),
            )
        )

    def _take_end(self, runner: Runner, events: frames.Events | None, frame: frames.End, entries: list[Entry]) -> None:
        job = self._job_of(runner, frame.job_no, frame.attempt)
        if job is None:
            return
        self._leave(runner, job)
        entries.append((job, self._end(job, ending.ending_of_frame(frame), events)))

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

    def stored(self, job: Job, count: int, size: int) -> None:
        """Credit a run with events that are committed, now and then."""
        if job.runner is None:
            return
        open_credit = self._credit.setdefault(job.no, [0, 0])
        open_credit[0] += count
        open_credit[1] += size
        if open_credit[0] >= frames.CREDIT_EVENTS or open_credit[1] >= frames.CREDIT_BYTES:
            job.runner.link.send(frames.Credit(job.no, job.attempt, *open_credit))
            open_credit[:] = [0, 0]

    # Ends.

    def _end(self, job: Job, how: Ending, events: frames.Events | None = None, *, records_cancel: bool = False) -> End:
        """Return the end of a job, with the events that came just before it."""
        if job.is_cancelling:
            how = CANCELLED
        first_seq = job.sent_seq + 1
        count = (events.count if events else 0) + 1
        now_us = self._now_us()
        last = ending.terminal_event(
            job.id,
            job.workflow_id,
            seq=job.sent_seq + count,
            now_us=now_us,
            attempt=job.attempt,
            ending=how,
        )
        job.ending = how
        job.sent_seq += count
        return End(
            no=job.no,
            attempt=job.attempt,
            first_seq=first_seq,
            count=count,
            flags=events.flags if events else 0,
            data=events.data + last if events else last,
            status=how.status,
            error=how.error or None,
            finished_us=now_us,
            records_cancel=records_cancel,
        )

    def _leave(self, runner: Runner, job: Job) -> None:
        self._runners.release(runner, job)
        self._changed.set()
        self._credit.pop(job.no, None)
        job.runner = None
        if not self._is_stopping:
            self._runners.keep_spare()

    def fail(self, job: Job, how: Ending) -> None:
        """End a job that runs nowhere."""
        self.log.append([(job, self._end(job, how))])

    # Cancel.

    async def cancel(self, job: Job) -> None:
        """Record the cancel, then ask the run to stop; if it does not, its runner is killed. Returns once recorded.

        Raises:
            StorageFailed, StorageFull: the cancel could not be recorded.
        """
        if job.ending:  # too late: it ends as it was going to
            await job.wait()
            return
        if job.runner is None:
            self._cancel_queued(job)
            await job.wait()
            return
        if job.is_cancelling:
            return
        job.is_cancelling = True
        runner, attempt = job.runner, job.attempt
        try:
            await self.log.record(Cancel(no=job.no))
        except BaseException:
            job.is_cancelling = False
            raise
        if job.runner is runner and job.attempt == attempt:
            runner.link.send(frames.Cancel(job.no, attempt))
            asyncio.get_running_loop().call_later(GRACE, self._overdue, runner, job, attempt)

    def _cancel_queued(self, job: Job) -> None:
        queue = self._queues[lane(job)]
        if job in queue:
            queue.remove(job)
        job.is_cancelling = True
        self.log.append([(job, self._end(job, CANCELLED, records_cancel=True))])

    def _overdue(self, runner: Runner, job: Job, attempt: int) -> None:
        """The run has not stopped: its runner is killed; one that others share after a moment for them to end."""
        if job.runner is not runner or job.attempt != attempt:
            return
        if runner.is_shared and not runner.is_doomed:
            self._runners.replace_shared()
            asyncio.get_running_loop().call_later(BYSTANDERS, runner.link.kill)
        else:
            runner.link.kill()
        self._dispatch()

    # Runners that are gone.

    def on_lost(self, link: Link) -> None:
        """Take the runs of a runner that is gone: queue them again, or end those that are cancelled or hopeless."""
        runner = self._runners.lost(link)
        self._changed.set()
        jobs = list(runner.active.values())
        was_killed = self._is_stopping or (jobs and all(job.is_cancelling for job in jobs))
        tell = _log.debug if was_killed else _log.warning
        tell("runner.lost", pid=link.pid, shared=runner.is_shared, jobs=len(jobs))
        for job in jobs:
            self._lose(job, runner, was_alone=len(jobs) == 1)
        if runner.is_shared and not runner.is_doomed and not self._is_stopping:
            self._restart(runner)
        self._dispatch()

    def _restart(self, lost: Runner) -> None:
        if lost.is_ready:
            self._runners.open()
        else:
            asyncio.get_running_loop().call_later(RESTART_DELAY, self._restart_now)

    def _restart_now(self) -> None:
        if not self._is_stopping:
            self._runners.open()
            self._dispatch()

    def _lose(self, job: Job, runner: Runner, *, was_alone: bool) -> None:
        job.runner = None
        self._credit.pop(job.no, None)
        if job.is_cancelling:
            self.log.append([(job, self._end(job, CANCELLED))])
            return
        if self._is_stopping:
            return  # its row says that it runs: the next start queues it again
        if not runner.is_doomed:
            job.counted += was_alone
            job.is_alone = True
        self._again(job, "the process that ran it ended")

    def _again(self, job: Job, reason: str) -> None:
        """Queue the next attempt of a job, unless there were too many."""
        if job.counted >= MAX_ATTEMPTS:
            self.fail(job, exhausted(job.counted, reason))
            return
        self.log.append([(job, self.requeue(job, reason))])
        self.queue(job)

    def requeue(self, job: Job, reason: str) -> Requeue:
        """Make a job's next attempt; return what stores it."""
        now_us = self._now_us()
        ended = job.attempt
        job.attempt += 1
        job.sent_seq += 1
        job.status = "queued"
        data = ending.requeued_event(
            job.id, job.workflow_id, seq=job.sent_seq, now_us=now_us, attempt=job.attempt, message=reason
        )
        return Requeue(no=job.no, attempt=ended, first_seq=job.sent_seq, data=data)

    def on_print(self, link: Link, line: str) -> None:
        """Keep what a runner prints in the server's log."""
        _log.info("runner.print", pid=link.pid, line=line)

    # The end of the server.

    async def finish(self, seconds: float) -> None:
        """Start nothing more, and return when no run is under way, or after *seconds*."""
        self._is_stopping = True
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._until(lambda: not any(runner.active for runner in self._runners))
        await self.log.settle()

    async def stop(self) -> None:
        """Kill the runners. What did not end runs again at the next start."""
        self._is_stopping = True
        for runner in self._runners:
            runner.link.kill()
        await self._until(lambda: not len(self._runners))
        await self.log.settle()

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Wait for a state of the runners, which changes when a run leaves one or one is gone."""
        while not condition():
            self._changed.clear()
            await self._changed.wait()


def exhausted(attempts: int, reason: str) -> Ending:
    """Return the end of a job that was started often enough."""
    text = f"the job was started {attempts} times and never ended: {reason}"
    return Ending("failed", code=AttemptsExhausted.code, error=text)
