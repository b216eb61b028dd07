"""Servers with a fault in them, planted on purpose: the simulation has to find each.

Some of them were there once.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from nodetool.jobs.blame import Death
from nodetool.jobs.dispatcher import Dispatcher
from nodetool.jobs.job import Job
from nodetool.jobs.runners import Runner
from nodetool.jobs.service import Jobs
from nodetool.jobs.supervisor import Supervisor
from nodetool.protocol import frames
from nodetool.storage.port import Accept, Batch, Done, JobRow, Op, Outcome, Reader, SaveWorkflow
from nodetool.storage.transaction import Call
from tests.jobs.simulation.disk import SQL, DiskWriter
from tests.jobs.simulation.server import Parts

# The writer.


class Hasty(DiskWriter):
    """Says that it has committed, and commits a moment later."""

    def commit(self, group: list[Call]) -> None:
        for call in group:
            if not any(isinstance(op, SaveWorkflow) for op in call.ops):
                call.future.set_result([Done()] * len(call.ops))
        asyncio.get_running_loop().call_later(0.001, super().commit, group)


class Light(DiskWriter):
    """Does not wait for the disk where somebody relies on it."""

    sync = "normal"


class Heedless(DiskWriter):
    """Does not look whether a request came before."""

    def append(self, ops: Sequence[Op]) -> "asyncio.Future[list[Outcome]]":
        return super().append([msgspec.structs.replace(op, once=None) if isinstance(op, Accept) else op for op in ops])


class Early(DiskWriter):
    """Stores events of a run whose start is not stored."""

    sql = {
        **SQL,
        "append": SQL["append"].replace("status = 'running'", "finished_us IS NULL"),
        "requeue": SQL["requeue"].replace("status = 'running'", "finished_us IS NULL"),
    }


# The reader.


class Skipping:
    """Leaves out the first batch of a page, as a cursor would that looks away between its pages and what follows."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    async def events(self, no: int, after: int, *, limit: int, max_bytes: int) -> list[Batch]:
        found = await self._reader.events(no, after, limit=limit, max_bytes=max_bytes)
        return found[1:] if len(found) > 1 else found


class Indulgent(Skipping):
    """Does not tell the next server which jobs are cancelled."""

    async def events(self, no: int, after: int, *, limit: int, max_bytes: int) -> list[Batch]:
        return await self._reader.events(no, after, limit=limit, max_bytes=max_bytes)

    async def unfinished(self) -> list[JobRow]:
        return [msgspec.structs.replace(row, cancel_requested=False) for row in await self._reader.unfinished()]


# The supervisor and its dispatcher.


class Unfenced(Supervisor):
    """Hears runs of any attempt."""

    def _job_of(self, runner: Runner, no: int, attempt: int) -> Job | None:
        return runner.active.get(no)


class Deaf(Supervisor):
    """Ends a job as its run says, cancelled or not."""

    def _take_end(self, runner: Runner, events: frames.Events | None, frame: frames.End, entries: Any) -> None:
        if job := runner.active.get(frame.job_no):
            job.is_cancelling = False
        super()._take_end(runner, events, frame, entries)


class Unjust(Supervisor):
    """Counts the attempts of all that shared a runner."""

    def _lose(self, job: Job, death: Death, reason: str) -> None:
        super()._lose(job, death._replace(culprit=None, jobs=1, was_meant=False), reason)


class Leaking(Dispatcher):
    """Keeps what was not credited when a run ended."""

    def forget(self, job: Job) -> None:
        credits = dict(self._credits._open)
        super().forget(job)
        self._credits._open.update(credits)


class Patient(Dispatcher):
    """Waits for runs that do not stop."""

    def _overdue(self, runner: Runner, job: Job, attempt: int, reason: str) -> None:
        pass


class Doubling(Dispatcher):
    """Puts a runner in the place of any that was shared."""

    def doom(self, runner: Runner) -> None:
        self.runners.doom(runner)
        if runner.is_shared and not self.is_stopping:
            self.runners.open()


def supervised(dispatcher: type[Dispatcher]) -> type[Supervisor]:
    """Return a supervisor with another dispatcher."""

    class Supervised(Supervisor):
        def __init__(self, *parts: Any, secrets: Any, workspaces: Any, clock: Any, policy: Any, tally: Any) -> None:
            super().__init__(*parts, secrets=secrets, workspaces=workspaces, clock=clock, policy=policy, tally=tally)
            self.dispatcher = dispatcher(
                self.log, self.runners, secrets=secrets, clock=clock, policy=policy, tally=tally, lines=self.lines
            )

    return Supervised


# The service.


class Oblivious(Jobs):
    """Begins as if nothing had been before."""

    async def _recover(self) -> None:
        pass


PLANTED: dict[str, Parts] = {
    "a writer that acknowledges before it commits": Parts(writer=Hasty),
    "a writer whose promises do not outlive a power cut": Parts(writer=Light),
    "a writer that takes a request for new that came before": Parts(writer=Heedless),
    "a writer that stores events before the start of their attempt": Parts(writer=Early),
    "a cursor that skips what lies between pages and what follows": Parts(reader=Skipping),
    "a recovery that does not look at cancels": Parts(reader=Indulgent),
    "a supervisor that hears old attempts": Parts(supervisor=Unfenced),
    "a supervisor that does not look at cancels at the end": Parts(supervisor=Deaf),
    "a supervisor that counts the attempts of bystanders": Parts(supervisor=Unjust),
    "a dispatcher that leaks": Parts(supervisor=supervised(Leaking)),
    "a dispatcher that waits for runs that do not stop": Parts(supervisor=supervised(Patient)),
    "a dispatcher that starts runners which nobody needs": Parts(supervisor=supervised(Doubling)),
    "no recovery": Parts(jobs=Oblivious),
}
