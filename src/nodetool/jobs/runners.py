"""Which runner a job gets: the one that everybody shares, or one for itself."""

import os
from collections.abc import Iterator

import msgspec

from nodetool.jobs.job import Job
from nodetool.protocol import frames
from nodetool.protocol.descriptions import Runs
from nodetool.runner.link import Connect, Link, Listener

SHARED_RUNS = 1000
"""Runs that the shared runner has at the same time."""

KNOWN_PLANS = 1024
"""Plans that a runner is known to have been sent."""


class Runner:
    """A runner and the jobs that run in it."""

    def __init__(self, *, is_shared: bool) -> None:
        self.link: Link
        self.is_shared = is_shared
        self.is_ready = False
        """It has said hello."""
        self.is_doomed = False
        """It is about to end, and gets no new runs."""
        self.kind: Runs = "inline"
        """The class of the run that it has for itself."""
        self.active: dict[int, Job] = {}
        self._plans: set[str] = set()

    def start(self, job: Job, next_seq: int) -> None:
        """Send a job to it, and its plan if that is new to it."""
        version = job.version
        if version.plan_hash not in self._plans:
            self.send_plan(job)
        self.active[job.no] = job
        self.link.send(
            frames.Start(job.no, job.attempt, next_seq, version.plan_hash, job.values, job.id, job.workflow_id)
        )

    def send_plan(self, job: Job) -> None:
        if len(self._plans) >= KNOWN_PLANS:
            self._plans.clear()  # the runner has dropped most of them by now; a plan may be sent twice
        self._plans.add(job.version.plan_hash)
        self.link.send(frames.Plan(job.version.plan_hash, msgspec.Raw(job.version.plan_bytes)))


def limits(cores: int) -> dict[Runs, int]:
    """Return how many runs of each class may have a runner for themselves at the same time."""
    return {"blocking": max(8, 4 * cores), "cpu": max(1, cores), "gpu": 1}


class Runners:
    """One shared runner, always up; one idle spare; and one for each run that must be alone."""

    def __init__(self, connect: Connect, listener: Listener, *, cores: int | None = None) -> None:
        self._connect = connect
        self._listener = listener
        self._limits = limits(cores or os.cpu_count() or 1)
        self._all: dict[Link, Runner] = {}
        self._shared: Runner | None = None
        self._spare: Runner | None = None
        self._at_work: dict[Runs, int] = dict.fromkeys(self._limits, 0)
        self._used_alone = False

    def __iter__(self) -> Iterator[Runner]:
        return iter(list(self._all.values()))

    def __len__(self) -> int:
        return len(self._all)

    def open(self) -> None:
        """Start the shared runner."""
        self._shared = self._new(is_shared=True)

    @property
    def is_ready(self) -> bool:
        return self._shared is not None and self._shared.is_ready

    def of(self, link: Link) -> Runner | None:
        return self._all.get(link)

    def take(self, job: Job) -> Runner | None:
        """Return the runner that *job* can start in now, if there is one."""
        kind = lane(job)
        if kind == "inline":
            return self._shared if self._shared and len(self._shared.active) < SHARED_RUNS else None
        if self._at_work[kind] >= self._limits[kind]:
            return None
        self._at_work[kind] += 1
        runner, self._spare = self._spare or self._new(is_shared=False), None
        runner.kind = kind
        return runner

    def release(self, runner: Runner, job: Job) -> None:
        """A run has left its runner: one that it had for itself becomes the spare, or ends."""
        del runner.active[job.no]
        if runner.is_shared:
            return
        self._at_work[runner.kind] -= 1
        if self._spare is None and not runner.is_doomed:
            self._spare = runner
        else:
            runner.link.send(frames.Stop())

    def keep_spare(self) -> None:
        """Have a runner idle, once one was needed: the next that has to be alone starts without waiting."""
        if self._spare is None and any(self._at_work.values()):
            self._spare = self._new(is_shared=False)

    def doom(self, runner: Runner) -> None:
        """Give a runner that is about to end no further runs."""
        runner.is_doomed = True
        if runner is self._shared:
            self._shared = None

    def lost(self, link: Link) -> Runner:
        """Forget a runner that is gone, and return it."""
        runner = self._all.pop(link)
        if runner is self._spare:
            self._spare = None
        if runner is self._shared:
            self._shared = None
        if not runner.is_shared:
            self._at_work[runner.kind] -= len(runner.active)
        return runner

    def _new(self, *, is_shared: bool) -> Runner:
        runner = Runner(is_shared=is_shared)
        runner.link = self._connect(self._listener)
        self._all[runner.link] = runner
        return runner


def lane(job: Job) -> Runs:
    """Return where a job queues: with all that never wait, or with those that need a runner each."""
    plan = job.version.plan
    assert plan
    if plan.runs in ("inline", "async"):
        return "blocking" if job.is_alone else "inline"
    return plan.runs
