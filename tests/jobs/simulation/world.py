"""A server, its disk, its runners and the people who use it, from one seed: it lives, crashes and lives again.

What runs is the server's own code, from ``Jobs`` down to the SQL. Played are what lies beyond its ports: the disk, the
processes of runners, the people; and the event loop, so that nothing real is waited for.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, MutableMapping
from contextlib import suppress
from typing import Any, NoReturn

import structlog

from nodetool.jobs.clock import LoopClock
from nodetool.jobs.runners import IDLE
from nodetool.protocol.errors import NodetoolError
from nodetool.runner.link import Link, Listener
from nodetool.storage.port import Op, Outcome
from tests.jobs.simulation.chance import Chance, Faults
from tests.jobs.simulation.disk import Disk
from tests.jobs.simulation.laws import Laws, law
from tests.jobs.simulation.people import Memory, People
from tests.jobs.simulation.runners import SimRunner
from tests.jobs.simulation.server import Parts, Server, keep, policy
from tests.jobs.simulation.virtual import VirtualLoop

START_US = 1_700_000_000_000_000
JUMPS = (-7200, -2, 2, 7200, 40 * 24 * 3600)
"""Seconds that the machine's clock may jump."""

SOON = 1.0
"""Seconds in which a run has stopped, once its cancel is recorded."""

HEALED = 600.0
"""Seconds in which every job ends, once nothing goes wrong any more."""

MAX_TURNS = 100_000
"""Rounds of the loop, of all lives together."""

STEPS = 60
"""The last ones are told of a seed that fails."""


class Failed(AssertionError):
    """A law was broken."""

    def __init__(self, seed: int, error: BaseException, steps: list[str]) -> None:
        again = f"once more: ./test tests/jobs/simulation --world {seed}"
        super().__init__("\n".join([f"seed {seed}: {error}", "", *steps, "", again]))


class World(LoopClock):
    """Everything of one seed. It is the clock too."""

    def __init__(self, seed: int, parts: Parts | None = None) -> None:
        self.seed = seed
        self.chance = Chance(seed)
        self.faults = Faults.drawn(self.chance)
        self.policy = policy(self.chance)
        self.keep = keep(self.chance)
        self.laws = Laws(self.policy)
        self.disk = Disk()
        self.parts = parts or Parts()
        self.runners: list[SimRunner] = []
        self.is_stopping = False
        self.steps: deque[str] = deque(maxlen=STEPS)
        self.turns = 0
        self._memory = Memory()
        self._people: list[asyncio.Task[None]] = []
        self._now = 0.0
        self._ahead_us = START_US
        """How far the machine's clock is before the loop's."""
        self._may_crash = False
        self._error: BaseException | None = None
        self._loop: VirtualLoop
        self._server: Server
        self._crowd: People

    # Time.

    def now_us(self) -> int:
        return self._ahead_us + int(self._loop.time() * 1e6)

    # Its lives.

    def run(self) -> None:
        """Live some lives; the last one comes to a good end.

        Raises:
            Failed: a law was broken.
        """
        before = structlog.get_config()
        structlog.configure(processors=[self._logged])
        try:
            power_was_cut = False
            for _ in range(1 + self.chance.upto(2)):
                self._live(self._life(power_was_cut=power_was_cut), may_crash=True)
                power_was_cut = self.chance.happens(0.4)
                if power_was_cut:
                    self.note(f"THE POWER IS CUT: {self.disk.cut(self.chance)} commits are lost")
            self._live(self._last_life(power_was_cut=power_was_cut), may_crash=False)
        except Exception as error:
            raise Failed(self.seed, error, list(self.steps)) from error
        finally:
            structlog.configure(**before)
            self.disk.close()

    def _live(self, story: Coroutine[Any, Any, None], *, may_crash: bool) -> None:
        """Let a server live until its story ends, or it crashes in the middle."""
        loop = self._loop = VirtualLoop(self._now, turned=self._turn, lag=self.chance.moment)
        loop.set_exception_handler(self._failed)
        self.runners, self.is_stopping, self._people = [], False, []
        self._may_crash = may_crash
        self._task(story).add_done_callback(lambda _: loop.stop())
        if may_crash and self.chance.happens(0.6):
            loop.call_later(self.chance.upto(100) / 10, loop.stop)
        try:
            loop.run_forever()
        finally:
            self.note("THE SERVER IS GONE")
            self._now = loop.time()
            self._bury(loop)
        if self._error:
            raise self._error

    def _bury(self, loop: VirtualLoop) -> None:
        """All that was in memory is gone: nothing of it reaches the disk or anybody any more."""
        self.disk.is_mute = True
        for runner in self.runners:
            runner.vanish()
        loop.set_exception_handler(lambda *_: None)
        while tasks := asyncio.all_tasks(loop):
            for task in tasks:
                task.cancel()
            loop.call_soon(loop.stop)
            loop.run_forever()
        loop.close()

    async def _life(self, *, power_was_cut: bool) -> None:
        await self._start(power_was_cut=power_was_cut)
        if self.chance.happens(0.3):
            await self._drain()

    async def _last_life(self, *, power_was_cut: bool) -> None:
        await self._start(power_was_cut=power_was_cut)
        self._heal()
        rest = self._come_to_rest
        await rest(lambda: self.laws.open, "every job ends")
        await rest(lambda: [one for one in self._people if not one.done()], "everybody who waits is told")
        await self._crowd.read_all()
        await rest(self._server.leftovers, "nothing of jobs that have ended is left in memory")
        await rest(lambda: not self._server.jobs.is_ready, "a runner stands")
        await rest(self._too_many_runners, "no more runners stand than are needed")
        await self._drain()
        for somebody in self._people:
            somebody.cancel()
        await asyncio.sleep(0)
        law(len(asyncio.all_tasks()) == 1, "nothing goes on when the server has stopped")

    async def _start(self, *, power_was_cut: bool) -> None:
        self.disk.is_mute = self.disk.is_full = False
        self.laws.start(self.disk.connection, power_was_cut=power_was_cut)
        self.note("A SERVER STARTS")
        self._server = Server(self, self.parts)
        await self._server.open()
        self._crowd = People(self, self._server.jobs, self._memory)
        for _ in range(5 + self.chance.upto(25)):
            await self._act()

    # What the server's parts ask of it.

    def committed(self, ops: list[Op], outcomes: list[Outcome]) -> None:
        self.laws.committed(ops, outcomes)

    def connect(self, listener: Listener) -> Link:
        runner = SimRunner(self, listener, len(self.runners) + 1)
        self.runners.append(runner)
        return runner

    def trouble(self) -> None:
        """This is a bad moment for the server to crash: perhaps it does."""
        if self._may_crash and self.chance.happens(0.08):
            self._loop.call_later(self.chance.moment(), self._loop.stop)

    def expect_end(self, no: int) -> None:
        """A job's cancel was told: soon its run has stopped, if nothing but the run itself can be slow."""
        self.trouble()
        if self.faults.are_quick and not any(runner.is_lingering for runner in self.runners):
            self._loop.call_later(SOON, lambda: law(no not in self.laws.open, "a run ends soon after its cancel"))

    # What happens.

    async def _act(self) -> None:
        chance, faults = self.chance, self.faults
        if chance.happens(0.7):
            for _ in range(chance.pick((1, 1, 1, 4))):
                self._people.append(self._task(self._crowd.come()))
        elif chance.happens(0.3) and self._people:
            self._leave(chance.pick(self._people))
        if chance.happens(faults.disk_fills):
            self._fill_disk(3 * chance.pause())
        if chance.happens(faults.clock_jumps):
            self._jump(chance.pick(JUMPS))
        if chance.happens(faults.stands_still):
            self._loop.stand_still(chance.pick((0.3, 3, 30)))
            self.note("the process stood still")
        if chance.happens(0.05):
            self._people.append(self._task(self._prune()))
        standing = self._server.jobs.standing()
        law(min(standing.queued, standing.running, standing.readers) >= 0, "how things stand is told in numbers")
        await asyncio.sleep(chance.pause())

    def _leave(self, somebody: "asyncio.Task[None]") -> None:
        if not somebody.done():
            self.note("somebody leaves")
            somebody.cancel()

    def _fill_disk(self, seconds: float) -> None:
        self.note("the disk is full")
        self.disk.is_full = True
        self._loop.call_later(seconds, setattr, self.disk, "is_full", False)

    def _jump(self, seconds: int) -> None:
        self.note(f"the clock jumps by {seconds} seconds")
        self._ahead_us += seconds * 1_000_000

    async def _prune(self) -> None:
        with suppress(NodetoolError):
            await self._server.jobs.prune()

    async def _drain(self) -> None:
        self.note("the server stops")
        self.is_stopping = True
        self._people.append(self._task(self._crowd.come()))
        await self._server.stop(5 * self.chance.pause())
        if all(runner.is_gone for runner in self.runners) and not self._server.unsettled():
            law(not self.laws.running(), "what a stop cut short waits for the next start")

    # The good end.

    def _heal(self) -> None:
        self.note("from now on nothing goes wrong")
        self.faults.cease()
        self.disk.is_full = False
        for runner in self.runners:
            runner.behave()

    async def _come_to_rest(self, left: Callable[[], object], text: str) -> None:
        end = self._loop.time() + HEALED
        while found := left():
            law(self._loop.time() < end, f"{text}: {found}")
            await asyncio.sleep(0.5)

    def _too_many_runners(self) -> bool:
        return sum(self._server.jobs.standing().runners.values()) > 1 + IDLE

    # How it is told.

    def note(self, text: str) -> None:
        self.steps.append(f"{self._loop.time():11.4f}  {text}")

    def _task(self, doing: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = self._loop.create_task(doing)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()):
            self._stop(error)

    def _failed(self, _: object, context: dict[str, Any]) -> None:
        self._stop(context.get("exception") or AssertionError(context["message"]))

    def _stop(self, error: BaseException) -> None:
        self._error = self._error or error
        self._loop.stop()

    def _turn(self) -> None:
        self.turns += 1
        law(self.turns < MAX_TURNS, "a server that has nothing to do rests")

    def _logged(self, _: object, method: str, event: MutableMapping[str, Any]) -> NoReturn:
        """Take a line of the server's log. An id of a job is another each time, its number is the same."""
        if id := event.pop("job_id", None):
            event["job"] = self.laws.numbers.get(id)
        if event.get("event") == "runner.killed":
            self.runners[event["pid"] - 1].condemn()
        self.note(f"{method}: {' '.join(f'{key}={value}' for key, value in event.items())}")
        raise structlog.DropEvent
