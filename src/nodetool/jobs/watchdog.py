"""Looks at every runner once a second, and ends those that are not well."""

import asyncio
import time

from nodetool.jobs.policy import Policy
from nodetool.jobs.runners import Runner
from nodetool.jobs.supervisor import Supervisor
from nodetool.jobs.watch import Signs, verdict

INTERVAL = 1.0


class Watchdog:
    """A timer over the supervisor's runners. ``close`` it before them."""

    def __init__(self, supervisor: Supervisor, policy: Policy) -> None:
        self._supervisor = supervisor
        self._policy = policy
        self._timer: asyncio.TimerHandle | None = None

    def open(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(INTERVAL, self.look)

    def close(self) -> None:
        if self._timer:
            self._timer.cancel()

    def look(self) -> None:
        """Judge every runner now, and again in a while."""
        now_ms = time.monotonic_ns() // 1_000_000
        for runner in self._supervisor.runners:
            if runner.is_ready and not runner.is_doomed:
                self._judge(runner, now_ms)
        self.open()

    def _judge(self, runner: Runner, now_ms: int) -> None:
        link = runner.link
        beat = link.last_beat()
        signs = Signs(
            is_shared=runner.is_shared,
            runs=len(runner.active),
            silent=(now_ms - beat) / 1000 if beat else 0.0,
            memory=link.memory() if self._policy.memory_per_runner else 0,
        )
        match verdict(signs, self._policy):
            case "stalled":
                self._supervisor.kill(runner, f"a node held up other runs for {signs.silent:.0f} seconds", culprit=None)
            case "grown":
                limit = self._policy.memory_per_runner >> 20
                self._supervisor.kill(runner, f"its runner grew beyond {limit} MiB", culprit=_only(runner))


def _only(runner: Runner) -> int | None:
    """Return the run that must be at fault, since there is no other."""
    return next(iter(runner.active)) if len(runner.active) == 1 else None
