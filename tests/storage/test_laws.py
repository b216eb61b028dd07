"""Whatever is asked, in whatever order and company: the laws of a job's log hold."""

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from nodetool.protocol.events import ENDED
from nodetool.storage.port import (
    Accept,
    Append,
    Begin,
    Cancel,
    Checkpoint,
    Done,
    End,
    First,
    JobRow,
    Op,
    Outcome,
    Refused,
    Requeue,
)
from nodetool.storage.sqlite import Store, open_store
from tests.storage.helpers import accept, append, checkpoint, end, job_id, requeue


@dataclass
class Job:
    """What the rules say a job is, and every operation it took."""

    status: str
    attempt: int = 1
    last_seq: int = 1
    cancelled: bool = False
    kept: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)
    taken: list[Op] = field(default_factory=list)


Jobs = dict[int, Job]


def expected(jobs: Jobs, op: Any) -> Outcome:
    """Apply *op* to the model, in words that share nothing with the SQL."""
    if isinstance(op, Accept):
        if op.no in jobs:
            return Refused("conflict")
        jobs[op.no] = Job(op.status)
        return Done()
    if isinstance(op, First):
        if op.then.first_seq != 2 or op.then.attempt != op.accept.attempt:
            return Refused("stale")
        taken = expected(jobs, op.accept)
        return expected(jobs, op.then) if isinstance(taken, Done) else taken
    job = jobs.get(op.no)
    refused = Refused("missing") if job is None else reason(job, op)
    if job is not None and refused is None:
        jobs[op.no] = after(job, op)
        jobs[op.no].taken.append(op)
    return refused or Done()


def reason(job: Job, op: Any) -> Refused | None:
    if job.status in ENDED:
        return Refused("ended")
    if isinstance(op, Cancel):
        return None
    if isinstance(op, Checkpoint):
        return None if op.attempt == job.attempt else Refused("stale")
    if op.attempt != job.attempt or (not isinstance(op, Begin) and op.first_seq != job.last_seq + 1):
        return Refused("stale")
    other_end = isinstance(op, End) and op.status != "cancelled"
    if job.cancelled and (other_end or isinstance(op, Begin | Requeue)):
        return Refused("cancelled")
    expects: dict[type, str] = {Begin: "queued", Append: "running", Requeue: "running"}
    if job.status == expects.get(type(op), job.status):
        return None
    return Refused("cancelled" if job.cancelled else "stale")


def after(job: Job, op: Any) -> Job:
    match op:
        case Begin():
            return replace(job, status="running")
        case Append():
            return replace(job, last_seq=job.last_seq + op.count)
        case Requeue():
            return replace(job, status="queued", attempt=job.attempt + 1, last_seq=job.last_seq + 1)
        case Checkpoint():
            return replace(job, kept={**job.kept, op.key: (op.attempt, op.data)})
        case Cancel():
            return replace(job, cancelled=True)
        case End():
            cancelled = job.cancelled or op.records_cancel
            return replace(job, status=op.status, last_seq=job.last_seq + op.count, cancelled=cancelled, kept={})
    raise AssertionError(op)


NUMBERS = st.integers(1, 3)
KEYS = st.sampled_from([b"a", b"b"])
STATUSES = st.sampled_from(sorted(ENDED))


class Machine(RuleBasedStateMachine):
    """Groups of operations, mostly sensible ones, from several callers in one tick."""

    sync: Any = "normal"

    @initialize()
    def open(self) -> None:
        self.home = Path(tempfile.mkdtemp())
        self.runner = asyncio.Runner()
        self.jobs: Jobs = {}
        self.store: Store = self.runner.run(self.opened())

    async def opened(self) -> Store:
        return open_store(self.home, sync=self.sync)

    @rule(chance=st.integers(0, 9))
    def restart(self, chance: int) -> None:
        if chance == 0:
            self.runner.run(self.store.close())
            self.store = self.runner.run(self.opened())

    @rule(data=st.data())
    def ask(self, data: st.DataObject) -> None:
        groups: list[list[Op]] = []
        foreseen: list[list[Outcome]] = []
        for _ in range(data.draw(st.integers(1, 3), label="callers")):
            groups.append([])
            foreseen.append([])
            for _ in range(data.draw(st.integers(0, 3), label="operations")):
                op = self.draw(data)
                groups[-1].append(op)
                foreseen[-1].append(expected(self.jobs, op))

        assert self.runner.run(self.append(groups)) == foreseen

    async def append(self, groups: Sequence[Sequence[Op]]) -> list[list[Outcome]]:
        return await asyncio.gather(*[self.store.writer.append(ops) for ops in groups])

    def draw(self, data: st.DataObject) -> Op:
        no = data.draw(NUMBERS, label="job")
        job = self.jobs.get(no, Job("queued"))
        slip = data.draw(st.sampled_from([0, 0, 0, 0, 0, -1, 1]), label="slip")
        first_seq, count = job.last_seq + 1 + slip, data.draw(st.integers(1, 3), label="count")
        attempt = job.attempt + data.draw(st.sampled_from([0, 0, 0, 0, -1, 1]), label="attempt")
        status = data.draw(STATUSES, label="status")
        drops = bool(job.kept) or data.draw(st.booleans(), label="drops checkpoints")
        given = {"attempt": attempt, "drops_checkpoints": drops}
        ended = end(no, first_seq, count, status=status, **given)
        cancelled = end(no, first_seq, count, status="cancelled", records_cancel=True, **given)
        kept = checkpoint(no, data.draw(KEYS, label="key"), data.draw(st.binary(max_size=3)), attempt=attempt)
        kinds: list[Op] = [
            accept(no, status=data.draw(st.sampled_from(["queued", "running"]), label="accepted as")),
            Begin(no=no, attempt=attempt, started_us=5),
            append(no, first_seq, count, attempt=attempt),
            append(no, first_seq, count, attempt=attempt),
            kept,
            kept,
            requeue(no, first_seq, attempt=attempt),
            Cancel(no=no),
            ended,
            cancelled,
            First(accept=accept(no), then=end(no, 2, count, attempt=1 + (slip > 0), status=status)),
            First(accept=accept(no), then=append(no, 2 + (slip < 0), count)),
        ]
        return data.draw(st.sampled_from(kinds), label="operation")

    @invariant()
    def rows_are_the_model(self) -> None:
        for no, job in self.jobs.items():
            row = self.runner.run(self.store.reader.job(job_id(no)))
            assert row is not None
            assert summary(row) == (job.status, job.attempt, job.last_seq, job.cancelled, job.status in ENDED)

    @invariant()
    def the_laws_hold(self) -> None:
        for no, job in self.jobs.items():
            log = self.runner.run(self.store.reader.events(no, 0, limit=1 << 24, max_bytes=1 << 30))
            assert [seq for one in log for seq in range(one.first_seq, one.first_seq + one.count)] == list(
                range(2, job.last_seq + 1)
            ), "no gap, nothing twice"
            ends = [op for op in job.taken if isinstance(op, End)]
            assert len(ends) == (job.status in ENDED), "one end"
            assert not ends or job.taken[-1] is ends[0], "nothing follows it"
            assert not ends or ends[0].status == "cancelled" or Cancel(no=no) not in job.taken, "cancel is kept"
            kept = self.runner.run(self.store.reader.checkpoints(no))
            assert {one.key: (one.attempt, one.data) for one in kept} == job.kept, "kept until the end, as it was last"

    def teardown(self) -> None:
        self.runner.run(self.store.close())
        self.runner.close()
        shutil.rmtree(self.home)


def summary(row: JobRow) -> tuple[object, ...]:
    return row.status, row.attempt, row.last_seq, row.cancel_requested, row.finished_us is not None


class FullMachine(Machine):
    sync = "full"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("machine", [Machine, FullMachine])
def test_the_writer_agrees_with_the_model_and_the_laws_hold(machine: type[Machine], scale: int) -> None:
    some = settings(
        max_examples=20 * scale,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    run_state_machine_as_test(machine, settings=some)
