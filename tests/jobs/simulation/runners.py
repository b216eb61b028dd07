"""Runners as they may be: they come up late, tell, print, stall, hang, die at any moment, and talk nonsense.

Each is a link as the server knows it, with the process behind it played here. What it sends takes a while and comes in
order; what a dead one had not sent is lost.
"""

import asyncio
from typing import Protocol

from nodetool.protocol import codec, frames
from nodetool.runner.link import Listener
from nodetool.runner.pulse import Place
from tests.jobs.simulation.chance import Chance, Faults
from tests.jobs.simulation.laws import Laws, law
from tests.jobs.simulation.runs import LARGE, SMALL, Run

BEAT = 0.25
GROWN = 101
"""Bytes in memory, where 100 are allowed."""


class Stage(Protocol):
    """What a runner stands on."""

    chance: Chance
    faults: Faults
    laws: Laws
    is_stopping: bool

    def note(self, text: str) -> None: ...

    def trouble(self) -> None: ...


class SimRunner:
    """A link, and the process at its other end."""

    def __init__(self, stage: Stage, listener: Listener, pid: int) -> None:
        self.pid = pid
        self.is_gone = False
        self._stage = stage
        self._chance = stage.chance
        self._faults = stage.faults
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._in: list[frames.ToRunner] = []
        self._out: list[frames.ToServer] = []
        self._at_server: dict[int, int] = {}
        """The runs that the server has in this runner: a job's number, and the attempt's."""
        self._asked: set[int] = set()
        """Jobs that the server asked it to stop."""
        self._runs: dict[tuple[int, int], Run] = {}
        self._plans: set[str] = set()
        self._held: dict[str, list[frames.Start]] = {}
        """Starts whose plan is on its way."""
        self._thawed = asyncio.Event()
        self._thawed.set()
        self._frozen_at = 0.0
        self._place: Place | None = None
        self._is_up = False
        self._is_dead = False
        self._is_killed = False
        self._was_ill = False
        self._is_grown = False
        self._is_other = self._chance.happens(self._faults.mismatch)
        if self._chance.happens(self._faults.dies_at_start):
            self._loop.call_later(self._chance.pause(), self.die)
        elif not self._chance.happens(self._faults.never_up):
            self._loop.call_later(self._chance.pause(), self._come_up)

    # The link, as the server sees it.

    def send(self, frame: frames.ToRunner) -> None:
        if isinstance(frame, frames.Start):
            self._check_start(frame)
        if isinstance(frame, frames.Cancel):
            self._asked.add(frame.job_no)
        if not self._in:
            self._loop.call_later(self._chance.moment(), self._receive)
        self._in.append(frame)

    def kill(self) -> None:
        if self._is_killed:
            return
        self._is_killed = True
        law(self._was_ill or self._is_ill or self._stage.is_stopping, "a runner that is well is not killed")
        lingers = self._chance.happens(self._faults.lingers)
        self._note("is killed" + " and lingers" * lingers)
        self._loop.call_later(8 * self._chance.pause() if lingers else self._chance.moment(), self.die)

    @property
    def _is_ill(self) -> bool:
        return bool(self._asked) or self._is_other or self._is_grown or not self._thawed.is_set()

    @property
    def is_lingering(self) -> bool:
        """It was killed, and is not gone yet."""
        return self._is_killed and not self._is_dead

    def condemn(self) -> None:
        """The server has judged it: it is killed once others had their time, even if it is well by then."""
        self._was_ill |= self._is_ill

    def has_ended(self) -> bool:
        return self._is_dead

    def last_beat(self) -> int:
        if not self._is_up:
            return 0
        at = self._loop.time() // BEAT * BEAT if self._thawed.is_set() else self._frozen_at
        return round(at * 1000)  # nobody sets the clock of beats

    def place(self) -> Place | None:
        return self._place

    def memory(self) -> int:
        return GROWN if self._is_grown else 1

    def _check_start(self, frame: frames.Start) -> None:
        law(frame.job_no not in self._stage.laws.cancels, "after a recorded cancel a job never runs")
        law(frame.job_no not in self._at_server, "a job runs once at a time")
        self._note(f"gets job {frame.job_no}, attempt {frame.attempt}")
        self._at_server[frame.job_no] = frame.attempt
        self._asked.discard(frame.job_no)

    # The process.

    def die(self, place: Place | None = None) -> None:
        """Be gone: of what was not sent yet, some is lost."""
        if self._is_dead:
            return
        self._is_dead = True
        self._place = self._place or place
        for run in self._runs.values():
            run.task.cancel()
        del self._out[self._chance.upto(len(self._out)) :]
        self._note(f"dies, in {self._place}")
        self._loop.call_later(self._chance.moment(), self._be_lost)

    def vanish(self) -> None:
        """Be gone with the server."""
        self._is_dead = self.is_gone = True

    def behave(self) -> None:
        """Do from now on what a good runner does."""
        self._thawed.set()
        self._come_up()
        self._receive()
        for run in self._runs.values():
            if run.no in self._asked:
                run.task.cancel()

    def _come_up(self) -> None:
        if self._is_up or self._is_dead:
            return
        self._is_up = True
        self._tell(frames.Hello(frames.VERSION + self._is_other, "", self.pid))
        self._receive()

    def _be_lost(self) -> None:
        if self.is_gone:
            return
        self._flush()
        self.is_gone = True
        jobs = list(self._at_server.items())
        if len(jobs) == 1:
            self._stage.laws.blamed.update(jobs)
        elif self._place:
            self._stage.laws.blamed.update(job for job in jobs if job[0] == self._place.job_no)
        self._note(f"is lost with {jobs}")
        self._listener.on_lost(self)
        self._stage.trouble()
        if self._chance.happens(self._faults.haunts):
            self._listener.on_frames(self, [frames.End(no, attempt, "completed", b"\x80") for no, attempt in jobs])

    def _receive(self) -> None:
        if not self._is_up or self._is_dead or not self._thawed.is_set():
            return
        got, self._in = self._in, []
        for frame in got:
            match frame:
                case frames.Plan():
                    self._plans.add(frame.hash)
                    for start in self._held.pop(frame.hash, ()):
                        self._begin(start)
                case frames.Start():
                    self._begin(frame)
                case frames.Cancel():
                    self._cancel(frame)
                case frames.Credit():
                    self._credit(frame)
                case frames.Stop():
                    self.die()

    def _begin(self, start: frames.Start) -> None:
        if start.hash not in self._plans:
            self._held.setdefault(start.hash, []).append(start)
            self._tell(frames.NeedPlan(start.hash))
            return
        if self._chance.happens(self._faults.forgets_plans):
            self._plans.discard(start.hash)
        run = self._runs[start.job_no, start.attempt] = Run(start, self._chance.happens(self._faults.stubborn))
        run.task = self._loop.create_task(self._play(run))

    def _cancel(self, frame: frames.Cancel) -> None:
        run = self._runs.get((frame.job_no, frame.attempt))
        for held in self._held.values():
            held[:] = [start for start in held if start.job_no != frame.job_no]
        if run is None:
            self._tell(frames.End(frame.job_no, frame.attempt, "cancelled"))
        elif not run.is_stubborn:
            run.task.cancel()

    def _credit(self, frame: frames.Credit) -> None:
        run = self._runs.get((frame.job_no, frame.attempt))
        if run:
            run.window.credit(frame.events, frame.size)
            law(run.window.events >= 0 and run.window.size >= 0, "no more is credited than was sent")
            run.room.set()
            self._send_held(run)

    # A run.

    async def _play(self, run: Run) -> None:
        try:
            end = await self._perform(run)
        except asyncio.CancelledError:
            end = frames.End(run.no, run.attempt, "cancelled")
        end.leaves = self._chance.happens(self._faults.leaves)
        run.end = end
        self._send_held(run)

    async def _perform(self, run: Run) -> frames.End:
        run.begin()
        self._send_held(run)
        for _ in range(self._chance.upto(4)):
            await self._step(run)
        if self._chance.happens(self._faults.babbles):
            self._note(f"babbles in job {run.no}")
            for _ in range(40):
                await self._tell_more(run, LARGE)
        if self._chance.happens(self._faults.hangs):
            self._note(f"hangs in job {run.no}")
            while self._faults.hangs:
                await asyncio.sleep(1)
        if self._chance.happens(self._faults.fails):
            return frames.End(run.no, run.attempt, "failed", code="node_failed", error="no", node_id="n")
        return frames.End(run.no, run.attempt, "completed", codec.to_msgpack({"out": run.attempt}))

    async def _step(self, run: Run) -> None:
        chance, faults = self._chance, self._faults
        await self._pause()
        if chance.happens(faults.dies):
            self.die(chance.pick((None, Place(run.no, chance.upto(3)))))
        if chance.happens(faults.stalls):
            self._stand_still(run)
        if chance.happens(faults.grows):
            self._is_grown = True
        if chance.happens(faults.doubles):
            self._stage.laws.spoiled.add(run.no)
            self._note(f"tells nonsense of job {run.no}")
            self._tell(run.nonsense(chance))
        if chance.happens(faults.stale):
            self._tell(run.stale(chance))
        await self._tell_more(run, *[chance.pick((SMALL, SMALL, LARGE)) for _ in range(chance.pick((1, 1, 2, 5)))])

    async def _pause(self) -> None:
        await asyncio.sleep(self._chance.pause())
        await self._thawed.wait()
        if self._chance.happens(0.02):
            self._listener.on_print(self, "a line")

    def _stand_still(self, run: Run) -> None:
        self._note(f"stands still in job {run.no}")
        self._thawed.clear()
        self._frozen_at = self._loop.time()
        self._place = Place(run.no, 1)

    async def _tell_more(self, run: Run, *texts: str) -> None:
        while not run.window.has_room(0, 0):
            run.room.clear()
            await run.room.wait()
        run.tell(*texts)
        self._send_held(run)

    def _send_held(self, run: Run) -> None:
        """Send what there is room for, and behind it all the end."""
        while batch := run.window.pop():
            run.last = batch
            self._tell(batch)
        if run.end and not run.window.held and not self._is_dead:
            del self._runs[run.no, run.attempt]
            self._tell(run.end)
            if run.end.leaves:
                self._flush()
                self.die()

    # What it says.

    def _tell(self, frame: frames.ToServer) -> None:
        if self._is_dead:
            return
        if not self._out:
            self._loop.call_later(self._chance.moment(), self._flush)
        self._out.append(frame)

    def _flush(self) -> None:
        """Let one read of the server bring what was told."""
        got, self._out = self._out, []
        if not got or self.is_gone:
            return
        for frame in got:
            if isinstance(frame, frames.End) and self._at_server.get(frame.job_no) == frame.attempt:
                del self._at_server[frame.job_no]
        self._listener.on_frames(self, got)

    def _note(self, text: str) -> None:
        self._stage.note(f"runner {self.pid} {text}")
