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
        now_ms = self._clock.now_us() // 1000
        for runner in self._dispatcher.runners:
            if runner.is_ready and not runner.is_doomed:
                self._judge(runner, now_ms)
        self.open()

    def _judge(self, runner: Runner, now_ms: int) -> None:
        link = runner.link
        beat = link.last_beat()
        holder = self._holder(runner)
        signs = Signs(
            is_shared=runner.is_shared,
            runs=len(runner.active),
            silent=(now_ms - beat) / 1000 if beat else 0.0,
            memory=link.memory() if self._policy.memory_per_runner else 0,
            limit=holder.seconds if holder else 0.0,
        )
        match verdict(signs, self._policy):
            case "stalled":
                self._dispatcher.kill(runner, f"a node held up other runs for {signs.silent:.0f} seconds", culprit=None)
            case "grown":
                limit = self._policy.memory_per_runner >> 20
                self._dispatcher.kill(runner, f"its runner grew beyond {limit} MiB", culprit=_only(runner))
            case "overrun" if holder:
                text = f"the node took longer than {holder.seconds:g} seconds"
                self._dispatcher.condemn(holder.job, TimedOut.code, text, node_id=holder.node_id)

    def _holder(self, runner: Runner) -> Holder | None:
        """Return the node that has the loop of a runner which its run has to itself."""
        place = None if runner.is_shared else runner.link.place()
        job = runner.active.get(place.job_no) if place else None
        plan = job.version.plan if job else None
        if not (job and place and plan and place.node < len(plan.nodes)):
            return None
        node = plan.nodes[place.node]
        return Holder(job, node.id, shorter(plan.types[node.type].timeout, self._policy.node_timeout))


def _only(runner: Runner) -> int | None:
    """Return the run that must be at fault, since there is no other."""
    return next(iter(runner.active)) if len(runner.active) == 1 else None
