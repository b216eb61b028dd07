"""Looks at every runner once a second, and ends those that are not well."""

from typing import NamedTuple

from nodetool.graph.plan import shorter
from nodetool.jobs.clock import Clock, Timer
from nodetool.jobs.dispatcher import Dispatcher
from nodetool.jobs.job import Job
from nodetool.jobs.policy import Policy
from nodetool.jobs.runners import Runner
from nodetool.jobs.watch import Signs, verdict
from nodetool.protocol.errors import TimedOut

INTERVAL = 1.0


class Holder(NamedTuple):
    """The node that has the loop of a runner."""

    job: Job
    node_id: str
    seconds: float
    """How long it may take; 0 is no limit."""


class Watchdog:
    """A timer over the runners. ``close`` it before them."""

    def __init__(self, dispatcher: Dispatcher, policy: Policy, clock: Clock) -> None:
        self._dispatcher = dispatcher
        self._policy = policy
        self._clock = clock
        self._timer: Timer | None = None

    def open(self) -> None:
        self._timer = self._clock.later(INTERVAL, self.look)

    def close(self) -> None:
        if self._timer:
            self._timer.cancel()

    def look(self) -> None:
        """Judge every runner now, and again in a while."""
        for runner in self._dispatcher.runners:
            if not runner.is_doomed:
                self._judge(runner)
        self.open()

    def _judge(self, runner: Runner) -> None:
        link = runner.link
        holder = self._holder(runner)
        signs = Signs(
            is_shared=runner.is_shared,
            runs=len(runner.active),
            silent=_silence(runner, link.last_beat()),
            memory=link.memory() if self._policy.memory_per_runner else 0,
            limit=holder.seconds if holder else 0.0,
        )
        match verdict(signs, self._policy):
            case "stalled":
                text = f"a node held up other runs for {signs.silent:.0f} seconds"
                self._dispatcher.kill(runner, text, by="stalled", culprit=None)
            case "grown":
                limit = self._policy.memory_per_runner >> 20
                text = f"its runner grew beyond {limit} MiB"
                self._dispatcher.kill(runner, text, by="grown", culprit=_only(runner))
            case "overrun" if holder:
                text = f"the node took longer than {holder.seconds:g} seconds"
                self._dispatcher.condemn(holder.job, TimedOut.code, text, node_id=holder.node_id)

    def _holder(self, runner: Runner) -> Holder | None:
        """Return the node that has the loop of a runner which its run has to itself."""
        place = None if runner.is_shared else runner.link.place()
        job = runner.active.get(place.job_no) if place else None
        plan = job.version.plan if job else None
        found = plan.node_at(place.node) if plan and place else None
        if not (job and found):
            return None
        node, kind = found
        return Holder(job, node.id, shorter(kind.timeout, self._policy.node_timeout))


def _silence(runner: Runner, beat: int) -> float:
    """Return since when the beat is the same, by how often that was seen: the clock that it tells of may jump."""
    runner.silent = runner.silent + INTERVAL if beat and beat == runner.beat else 0.0
    runner.beat = beat
    return runner.silent


def _only(runner: Runner) -> int | None:
    """Return the run that must be at fault, since there is no other."""
    return next(iter(runner.active)) if len(runner.active) == 1 else None
