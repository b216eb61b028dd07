"""What must hold whatever happens: of what is stored, after each commit, and of what was shown to anybody.

It reads the database for itself, and takes nobody's word: neither the server's nor the runners'.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from nodetool.jobs.cursor import Batch
from nodetool.jobs.ending import queued_event
from nodetool.jobs.policy import Policy
from nodetool.jobs.supervisor import BROKEN
from nodetool.protocol import codec
from nodetool.protocol.errors import AttemptsExhausted
from nodetool.protocol.events import ENDED, AnyEvent, JobUpdate, LogUpdate
from nodetool.storage.keys import LAST_SEQ, SEQ_BITS
from nodetool.storage.port import (
    Accept,
    Append,
    Begin,
    Cancel,
    Done,
    End,
    First,
    JobRow,
    Op,
    Outcome,
    Prune,
    Requeue,
)
from nodetool.storage.reader import job_row

ROW = """
SELECT no, id, user, workflow_id, graph_hash, status, attempt, last_seq, cancel_requested, failures, params, error,
    created_us, started_us, finished_us
FROM jobs WHERE no = ?
"""
NEW = "SELECT key, attempt, count, bytes FROM events WHERE key > ? AND key <= ? ORDER BY key"

OfJob = Accept | Begin | Append | Requeue | Cancel | End


class Broken(AssertionError):
    """A law does not hold."""


def law(holds: object, text: str) -> None:
    if not holds:
        raise Broken(text)


@dataclass
class Stored:
    """A job as it is stored."""

    row: JobRow
    events: list[bytes] = field(default_factory=list)
    """The event with number 1 comes first."""
    attempts: list[int] = field(default_factory=list)
    """Of each event."""
    begun: int = 0
    """The last attempt that told that it runs."""
    ends: int = 0
    """Terminal events."""


@dataclass
class Shown:
    """What people were told of a job. They may rely on it."""

    events: list[bytes] = field(default_factory=list)
    is_cancelled: bool = False
    status: str | None = None


class Laws:
    """Knows every job that was ever stored or shown."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.stored: dict[int, Stored] = {}
        self.shown: dict[str, Shown] = {}
        """By the job's id. A job is in here as soon as anybody saw its id."""
        self.numbers: dict[str, int] = {}
        self.pruned: set[str] = set()
        self.blamed: set[tuple[int, int]] = set()
        """Attempts that may count: a job's number and the attempt's."""
        self.spoiled: set[int] = set()
        """Jobs whose runner told nonsense, so that they may end as broken."""
        self.open: set[int] = set()
        """Jobs that have not ended."""
        self.cancels: set[int] = set()
        """Jobs whose cancel is recorded."""
        self._connection: sqlite3.Connection

    # After a start, whatever came before it.

    def start(self, connection: sqlite3.Connection, *, power_was_cut: bool) -> None:
        """Look at all that is there. A crash loses nothing, a power cut nothing that anybody relies on."""
        self._connection = connection
        before, self.stored, self.open, self.cancels = self.stored, {}, set(), set()
        for (no,) in connection.execute("SELECT no FROM jobs ORDER BY no").fetchall():
            self._look(no)
        if not power_was_cut:
            law(before == self.stored, "a crash loses nothing that is stored")
        for id, shown in self.shown.items():
            if id not in self.pruned:
                self._outlived(id, shown)
        self.blamed |= {
            (no, stored.row.attempt) for no, stored in self.stored.items() if stored.row.status == "running"
        }

    def _outlived(self, id: str, shown: Shown) -> None:
        law(id in self.numbers and self.numbers[id] in self.stored, f"an accepted job is never lost: {id}")
        stored = self.stored[self.numbers[id]]
        law(stored.row.cancel_requested or not shown.is_cancelled, "a cancel that was told of is never lost")
        law(shown.status in (None, stored.row.status), "an end that was told of is never lost")
        del shown.events[len(stored.events) :]
        law(shown.events == stored.events[: len(shown.events)], "what is left is the beginning of what was read")

    # After each commit.

    def committed(self, ops: Sequence[Op], outcomes: Sequence[Outcome]) -> None:
        done = [
            part
            for op, outcome in zip(ops, outcomes, strict=True)
            if isinstance(outcome, Done)
            for part in ((op.accept, op.then) if isinstance(op, First) else (op,))
        ]
        for op in done:
            self._check(op)
        for no in dict.fromkeys(op.no for op in done if isinstance(op, OfJob)):
            self._look(no)

    def _check(self, op: Op) -> None:
        """Look at what took effect, in its order: a commit may hold a lot of one job."""
        match op:
            case Cancel():
                self.cancels.add(op.no)
            case Begin():
                law(op.no not in self.cancels, "after a recorded cancel a job never runs")
            case Requeue():
                law(op.no not in self.cancels, "after a recorded cancel there is no further attempt")
                law(not op.counts or (op.no, op.attempt) in self.blamed, "an attempt that counts was its own fault")
            case End():
                law(
                    op.no not in self.cancels or op.status == "cancelled",
                    "after a recorded cancel the end is cancelled",
                )
            case Prune():
                self._prune(op)

    def _prune(self, op: Prune) -> None:
        for no in op.jobs:
            if no in self.stored:
                row = self.stored.pop(no).row
                law(row.status in ENDED, "only jobs that have ended are deleted")
                self.pruned.add(row.id)

    def _look(self, no: int) -> None:
        """Compare a job with what it was before."""
        found = self._connection.execute(ROW, (no,)).fetchone()
        if found is None:
            law(no not in self.stored, "a job that is stored does not vanish")
            return
        row = job_row(found)
        job = self.stored.get(no)
        if job is None:
            first = queued_event(row.id, row.workflow_id, row.created_us)
            job = self.stored[no] = Stored(row, [first], [1])
            self.numbers[row.id] = no
            if row.id in self.pruned:
                self._come_again(row.id)
        before, job.row = job.row, row
        law(before.status not in ENDED or row == before, "a job that has ended never changes")
        law(row.cancel_requested or not before.cancel_requested, "a cancel is not taken back")
        law(row.failures < self.policy.max_attempts, "no more attempts count than the policy has")
        self._add_events(job)
        law(len(job.events) == row.last_seq, "the row knows the last event")
        law(job.attempts[-1] == row.attempt, "the row knows the attempt")
        law(job.ends == (row.status in ENDED), "there is one terminal event, once a job has ended")
        if row.cancel_requested:
            self.cancels.add(no)
        if job.ends:
            self.open.discard(no)
        else:
            self.open.add(no)

    def _come_again(self, id: str) -> None:
        """A request proposed the id of a job that is gone: it may have it once nobody is told of that any more."""
        remembered = self._connection.execute("SELECT 1 FROM tombstones WHERE id = ?", (bytes.fromhex(id),)).fetchone()
        law(remembered is None, "the id of a job that was pruned is not taken while that is remembered")
        self.pruned.discard(id)
        self.shown.pop(id, None)

    def _add_events(self, job: Stored) -> None:
        first = job.row.no << SEQ_BITS
        new = self._connection.execute(NEW, (first | len(job.events), first | LAST_SEQ)).fetchall()
        for at, attempt, count, data in new:
            law(at & LAST_SEQ == len(job.events) + 1, "events are numbered without a gap")
            law(attempt >= job.attempts[-1], "attempts follow each other")
            for raw, event in zip(codec.split(count, data), codec.events_of(count, data), strict=True):
                job.events.append(bytes(raw))
                job.attempts.append(attempt)
                self._check_event(job, event)

    def _check_event(self, job: Stored, event: AnyEvent) -> None:
        law(event.seq == len(job.events), "an event carries its own number")
        law(event.job_id == job.row.id, "an event is stored with its own job")
        law(job.ends == 0, "the terminal event is the last")
        if isinstance(event, LogUpdate):
            law(int(event.content.partition(" ")[0]) == job.attempts[-1], "events of an old attempt never land")
        if isinstance(event, JobUpdate):
            law(event.attempt == job.attempts[-1], "a job_update names its attempt")
            if event.status == "running":
                law(event.attempt > job.begun, "an attempt begins once")
                job.begun = event.attempt
            if event.status in ENDED:
                job.ends += 1
                self._check_end(job.row, event)

    def _check_end(self, row: JobRow, event: JobUpdate) -> None:
        law((event.status, event.error) == (row.status, row.error), "the row agrees with the terminal event")
        if event.status == "completed":
            law(event.result == {"out": event.attempt}, "a result is that of the attempt that ended")
        if event.error == BROKEN.error:
            law(row.no in self.spoiled, "a job whose runner tells no nonsense is not broken off")
        if event.code == AttemptsExhausted.code:
            law((row.no, row.attempt) in self.blamed, "an attempt that counts was its own fault")
            law(row.failures + 1 == self.policy.max_attempts, "a job has all the attempts of the policy")

    def running(self) -> list[int]:
        return [no for no in self.open if self.stored[no].row.status == "running"]

    # What people see.

    def accepted(self, id: str) -> None:
        """Somebody was told a job's id."""
        law(id in self.numbers, "a job is stored before it is shown")
        self.shown.setdefault(id, Shown())

    def cancelled(self, row: JobRow) -> None:
        """Somebody was told that a job is to be cancelled, or how it had ended."""
        self.accepted(row.id)
        law(row.cancel_requested or row.status in ENDED, "a cancel is recorded before it is told")
        self.shown[row.id].is_cancelled |= row.cancel_requested
        if row.status in ENDED:
            self.ended(row.id, row.status)

    def ended(self, id: str, status: str) -> None:
        self.accepted(id)
        shown = self.shown[id]
        law(shown.status in (None, status), "a job ends once")
        if id not in self.pruned:
            law(self.stored[self.numbers[id]].row.status == status, "an end is stored before it is told")
        shown.status = status

    def read(self, id: str, after: int, batch: Batch) -> None:
        """Somebody read a batch behind the event *after*."""
        self.accepted(id)
        law(batch.first_seq == after + 1, "a reader gets every event once, in order")
        events = [bytes(event) for event in codec.split(batch.count, batch.data)]
        law(len(events) == batch.count, "a batch holds as many events as it says")
        law(batch.last == is_end(events[-1]), "the last batch is known by its terminal event")
        shown = self.shown[id].events
        old = shown[after : after + len(events)]
        law(events[: len(old)] == old, "what was read once is what is read for ever")
        shown += events[len(old) :]
        if id not in self.pruned:
            stored = self.stored[self.numbers[id]].events[after : after + len(events)]
            law(events == stored, "what is read is stored before")

    def has_ended(self, id: str, after: int) -> bool:
        """Tell whether the event *after* is the terminal one."""
        return is_end(self.shown[id].events[after - 1])


def is_end(event: bytes) -> bool:
    (made,) = codec.events_of(1, event)
    return isinstance(made, JobUpdate) and made.status in ENDED
