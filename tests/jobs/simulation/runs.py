"""A run that is under way in a runner: what it tells, and how much of that may be on its way."""

import asyncio

from nodetool.protocol import codec, frames
from nodetool.protocol.events import JobUpdate, LogUpdate
from nodetool.runner.window import Window
from tests.jobs.simulation.chance import Chance

SMALL, LARGE = "", "x" * 30_000
"""A few of the large ones fill a run's window."""


class Run:
    """Every event says of which attempt it is."""

    def __init__(self, start: frames.Start, is_stubborn: bool) -> None:
        self.start = start
        self.no, self.attempt = start.job_no, start.attempt
        self.is_stubborn = is_stubborn
        """It does not hear that it is to stop."""
        self.window = Window()
        self.room = asyncio.Event()
        self.seq = start.next_seq
        """The number of its next event."""
        self.last: frames.Events | None = None
        self.end: frames.End | None = None
        self.task: asyncio.Task[None]

    def begin(self) -> None:
        self._push(
            JobUpdate(
                job_id=self.start.job_id,
                workflow_id=self.start.workflow_id,
                seq=self.seq,
                time=0,
                status="running",
                attempt=self.attempt,
            )
        )

    def tell(self, *texts: str) -> None:
        """Tell some lines in one batch."""
        self._push(*[self._line(place, self.attempt, text) for place, text in enumerate(texts)])

    def nonsense(self, chance: Chance) -> frames.Events:
        """Return events that do not follow what was told: the last ones again, or some with later numbers."""
        later = frames.Events(self.no, self.attempt, self.seq + 1, 1, 0, codec.to_msgpack(self._line(1, 0, "late")))
        return chance.pick((self.last or later, later))

    def stale(self, chance: Chance) -> frames.ToServer:
        """Return what is of another attempt, or of no job, and fits in all else."""
        attempt = self.attempt + chance.pick((-1, 1))
        events = codec.to_msgpack(self._line(0, attempt, "stale"))
        result = codec.to_msgpack({"out": attempt})
        told: tuple[frames.ToServer, ...] = (
            frames.Events(self.no, attempt, self.seq, 1, 0, events),
            frames.End(self.no, attempt, "completed", result),
            frames.End(self.no + 1000, self.attempt, "completed", result),
        )
        return chance.pick(told)

    def _line(self, place: int, attempt: int, text: str) -> LogUpdate:
        return LogUpdate(
            job_id=self.start.job_id,
            workflow_id=self.start.workflow_id,
            seq=self.seq + place,
            time=0,
            node_id="n",
            node_name="N",
            content=f"{attempt} {text}",
            severity="info",
        )

    def _push(self, *events: JobUpdate | LogUpdate) -> None:
        data = b"".join(map(codec.to_msgpack, events))
        self.window.push(frames.Events(self.no, self.attempt, self.seq, len(events), 0, data))
        self.seq += len(events)
