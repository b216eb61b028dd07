"""Which runner a job gets: the one that everybody shares, or one for itself."""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from nodetool.jobs.job import Job
from nodetool.jobs.policy import Policy
from nodetool.protocol import frames
from nodetool.protocol.descriptions import Runs
from nodetool.protocol.masking import Mask, texts_of
from nodetool.runner.link import Connect, Link, Listener

SHARED_RUNS = 1000
"""Runs that the shared runner has at the same time."""

KNOWN_PLANS = 1024
"""Plans that a runner is known to have been sent."""

KNOWN_SECRETS = 1000
"""Secrets, the latest that a runner was sent, that are masked in what it prints."""

IDLE = 2
"""Runners that wait for a run to have for themselves."""

EndedBy = Literal["let_go", "left", "overdue", "stalled", "grown", "mismatch", "stopped", "died"]
"""Why a runner ended, as docs/operating.md tells: few words, since each is a label of the metrics."""


class Runner:
    """A runner, and the jobs that run in it."""

    def __init__(self, *, is_shared: bool) -> None:
        self.link: Link
        self.is_shared = is_shared
        self.is_ready = False
        """It has said hello."""
        self.is_leaving = False
        """It gets no new runs, and ends with its last one."""
        self.is_doomed = False
        """It is killed, or about to be, because of one of its runs."""
        self.reason = ""
        """Why it is killed, in words for the person who ran the job."""
        self.ended_by: EndedBy | None = None
        """Why it is killed or let go, in a word for operators."""
        self.culprit: int | None = None
        """The job because of which it is killed."""
        self.kind: Runs = "inline"
        """The class of the run that it has for itself."""
        self.beat = 0
        """What the watchdog last saw of its loop …"""
        self.silent = 0.0
        """… and for how many seconds it saw nothing else."""
        self.runs = 0
        """Runs that it began."""
        self.active: dict[int, Job] = {}
        self.plans: set[str] = set()
        self.types: set[str] = set()
        """Node types that it has set up: their modules are imported, their models loaded."""
        self.left: list[tuple[str, int]] = []
        """Jobs, and their attempts, that have ended while a thread of theirs goes on."""
        self._secrets: deque[str] = deque(maxlen=KNOWN_SECRETS)
        self._mask: Mask | None = None

    def start(self, job: Job, next_seq: int, secrets: Mapping[str, str | None]) -> None:
        """Send a job to it, with the *secrets* that its nodes may read, and its plan if that is new to it."""
        version = job.version
        if version.plan_hash not in self.plans:
            self.send_plan(job)
        self.active[job.no] = job
        self.runs += 1
        self._hush(job, secrets)
        self.link.send(
            frames.Start(
                job.no,
                job.attempt,
                next_seq,
                version.plan_hash,
                job.values,
                job.id,
                job.workflow_id,
                dict(secrets),
            )
        )

    def reserve(self, job: Job) -> None:
        """Give a job its place, before it is sent."""
        self.active[job.no] = job

    def masked(self, line: str) -> str:
        """Return what the process printed without the secrets that it knows."""
        if not self._secrets:
            return line
        if self._mask is None:
            self._mask = Mask(self._secrets)
        return self._mask.text(line)

    def _hush(self, job: Job, secrets: Mapping[str, str | None]) -> None:
        """Remember what is not to stand in the log."""
        if not (secrets or job.version.inputs.secret):
            return
        params = (job.values.get(name) for name in job.version.inputs.secret)
        known = [*filter(None, secrets.values()), *(text for value in params for text in texts_of(value))]
        if known:
            self._secrets.extend(known)
            self._mask = None

    def send_plan(self, job: Job) -> None:
        version = job.version
        if len(self.plans) >= KNOWN_PLANS:
            self.plans.clear()  # the runner has dropped most of them by now; a plan may be sent twice
        self.plans.add(version.plan_hash)
        self.types |= types_of(job)
        self.link.send(frames.Plan(version.plan_hash, msgspec.Raw(version.plan_bytes)))


def limits(cores: int) -> dict[Runs, int]:
    """Return how many runs of each class may have a runner for themselves at the same time."""
    return {"blocking": max(8, 4 * cores), "cpu": max(1, cores), "gpu": 1}


def types_of(job: Job) -> set[str]:
    whole = job.version.plan
    return {kind.name for plan in whole.plans for kind in plan.types} if whole else set()


class Runners:
    """One shared runner, always up; a few idle ones; and one for each run that must be alone."""

    def __init__(self, connect: Connect, listener: Listener, policy: Policy) -> None:
        self._connect = connect
        self._listener = listener
        self._policy = policy
        self._limits = limits(policy.cores)
        self._all: dict[Link, Runner] = {}
        self._shared: Runner | None = None
        self._idle: list[Runner] = []
        self._at_work: dict[Runs, int] = dict.fromkeys(self._limits, 0)
        self.demoted: set[str] = set()
        """Types that stalled or killed a shared runner: until the server restarts they run alone."""

    def __iter__(self) -> Iterator[Runner]:
        return iter(list(self._all.values()))

    def __len__(self) -> int:
        return len(self._all)

    def counts(self) -> dict[str, int]:
        """Return how many are shared, how many work for one run, and how many wait for one."""
        shared = sum(runner.is_shared for runner in self)
        return {"shared": shared, "alone": len(self) - shared - len(self._idle), "idle": len(self._idle)}

    def open(self) -> None:
        """Start the shared runner."""
        self._shared = self._new(is_shared=True)

    @property
    def is_ready(self) -> bool:
        return self._shared is not None and self._shared.is_ready

    def of(self, link: Link) -> Runner | None:
        """Return the runner of a link, unless it is gone."""
        return self._all.get(link)

    def lane(self, job: Job) -> Runs:
        """Return where a job queues: with all that never wait, or with those that need a runner each."""
        plan = job.version.plan
        assert plan
        if plan.runs not in ("inline", "async"):
            return plan.runs
        is_suspect = job.is_alone or (self.demoted and not self.demoted.isdisjoint(types_of(job)))
        return "blocking" if is_suspect else "inline"

    def take(self, job: Job) -> Runner | None:
        """Return the runner that *job* can start in now, if there is one."""
        kind = self.lane(job)
        if kind == "inline":
            shared = self._shared
            return shared if shared and len(shared.active) < SHARED_RUNS else None
        if self._at_work[kind] >= self._limits[kind]:
            return None
        self._at_work[kind] += 1
        runner = self._warmest(job)
        runner.kind = kind
        return runner

    def release(self, runner: Runner, job: Job) -> None:
        """A run has left its runner."""
        del runner.active[job.no]
        if runner.is_shared:
            self._release_shared(runner)
            return
        self._at_work[runner.kind] -= 1
        if len(self._idle) < IDLE and not (runner.is_leaving or runner.is_doomed or self._is_worn(runner)):
            self._idle.append(runner)
        else:
            self._let_go(runner)

    def keep_idle(self) -> None:
        """Have a runner idle, once one was needed: the next that has to be alone starts without waiting."""
        if not self._idle and any(self._at_work.values()):
            self._idle.append(self._new(is_shared=False))

    def replace_shared(self) -> None:
        """Take a new shared runner; the old one gets no further runs, and ends with its last one."""
        old = self._shared
        self.open()
        if old:
            old.is_leaving = True
            if not old.active:
                self._let_go(old)

    def renew(self, connect: Connect) -> None:
        """Start runners by *connect* from now on. Those that stand get no further runs, and end with their last one."""
        self._connect = connect
        self.demoted.clear()
        idle, self._idle = self._idle, []
        for runner in idle:
            self._let_go(runner)
        for runner in self:
            runner.is_leaving |= not runner.is_shared
        self.replace_shared()

    def doom(self, runner: Runner) -> bool:
        """Give a runner that is about to end no further runs; say whether there is no shared one now because of it."""
        runner.is_doomed = True
        if runner is not self._shared:
            return False
        self._shared = None
        return True

    def lost(self, link: Link) -> Runner:
        """Forget a runner that is gone, and return it."""
        runner = self._all.pop(link)
        if runner in self._idle:
            self._idle.remove(runner)
        if runner is self._shared:
            self._shared = None
        if runner.active and not runner.is_shared:
            self._at_work[runner.kind] -= 1
        return runner

    def _release_shared(self, runner: Runner) -> None:
        if runner is self._shared and self._is_worn(runner):
            self.replace_shared()
        elif runner.is_leaving and not runner.active and not runner.is_doomed:
            self._let_go(runner)

    def _is_worn(self, runner: Runner) -> bool:
        return bool(self._policy.recycle) and runner.runs >= self._policy.recycle

    def _let_go(self, runner: Runner) -> None:
        runner.is_leaving = True
        runner.ended_by = "let_go"
        runner.link.send(frames.Stop())

    def _warmest(self, job: Job) -> Runner:
        """Return the idle runner that has set up most of the job's types, else a new one.

        Whoever ends the runner of a job may have ended others with it, and it must not cost the job its attempts.
        """
        self._idle = [runner for runner in self._idle if not runner.link.has_ended()]
        if not self._idle:
            return self._new(is_shared=False)
        wanted = types_of(job)
        best = max(self._idle, key=lambda runner: len(runner.types & wanted))
        self._idle.remove(best)
        return best

    def _new(self, *, is_shared: bool) -> Runner:
        runner = Runner(is_shared=is_shared)
        runner.link = self._connect(self._listener)
        self._all[runner.link] = runner
        return runner
