"""The runner's side of the link: plans come, runs start, events leave. Many runs share one loop."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from functools import partial
from typing import Any

import msgspec

from nodetool.engine.bind import Bound, Find, bind
from nodetool.engine.feeds import Feeds
from nodetool.engine.keep import Checkpoints
from nodetool.engine.mark import Mark
from nodetool.engine.pace import Crowd
from nodetool.engine.report import Reporter
from nodetool.engine.run import Run
from nodetool.engine.setups import Setups
from nodetool.engine.shown import describe_error
from nodetool.engine.tape import Tape
from nodetool.graph.plan import Plan
from nodetool.protocol import codec, frames
from nodetool.protocol.bounds import NARROW, Bounds
from nodetool.protocol.errors import JobFailed
from nodetool.protocol.ids import workspace_name
from nodetool.protocol.masking import Mask, texts_of
from nodetool.runner.eager import eagerly
from nodetool.runner.pulse import Pulse
from nodetool.runner.traces import trace_of
from nodetool.runner.window import Window
from nodetool.sdk.errors import BadInput
from nodetool.sdk.tools import Tools

PLANS = 256
"""Plans that a runner keeps, the most recently used ones."""

GATHER = 0.002
"""Seconds that events wait at most while a run goes on telling."""


TEARDOWN = 1.0
"""Seconds for what nodes keep to be taken down."""

Kept = dict[bytes, frames.Checkpoint]
"""What earlier attempts of a job kept, by its key."""


class Active(msgspec.Struct, eq=False):
    """A run that is under way, or has ended and waits until all that it told may be sent."""

    start: frames.Start
    report: Reporter
    window: Window
    kept: Kept
    task: "asyncio.Task[None] | None" = None
    is_cancelled: bool = False
    end: frames.End | None = None
    feeds: Feeds | None = None
    """Its inputs that stream, if there are any."""
    mask: Mask | None = None
    """What is not to be told; None in a run without secrets, which then pays nothing."""
    _room: asyncio.Event | None = None

    def has_room(self) -> bool:
        return self.window.has_room(self.report.tape.count, self.report.tape.size)

    def wake(self) -> None:
        """Let the nodes that wait for room go on, if there is some."""
        if self._room and self.has_room():
            self._room.set()

    async def wait_for_room(self) -> None:
        """Several nodes of the run may wait at once."""
        self._room = self._room or asyncio.Event()
        while not self.has_room():
            self._room.clear()
            await self._room.wait()


class Worker:
    """Runs what the server sends. *send* takes a frame; ``receive`` is given what came."""

    def __init__(
        self,
        send: Callable[[Any], None],
        leave: Callable[[], None],
        *,
        find: Find,
        pool: Executor,
        limits: frames.RunLimits,
        pulse: Pulse,
        bounds: Bounds = NARROW,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._parting: asyncio.Task[None] | None = None
        self._send = send
        self._bounds = bounds
        self._leave = leave
        self._find = find
        self._pool = pool
        self._limits = limits
        self._pulse = pulse
        self._plans: OrderedDict[str, bytes | Bound] = OrderedDict()
        self._held: dict[str, list[frames.Start]] = {}
        """Starts whose plan is on its way."""
        self._kept: dict[int, Kept] = {}
        """What came for jobs whose start is on its way."""
        self._inputs: dict[tuple[int, int], list[frames.Input]] = {}
        """What came in for runs whose start waits for its plan."""
        self._active: dict[tuple[int, int], Active] = {}
        self._crowd = Crowd(self._active)
        self._setups = Setups(pool)
        self._is_beginning = False
        """A run has its first turn: most end in it, and then all leaves behind it."""
        self._telling: list[Active] = []
        self._gather_until = 0.0
        self._told = 0

    def receive(self, got: list[frames.ToRunner]) -> None:
        """Act on the frames of one read, in order."""
        for frame in got:
            match frame:
                case frames.Start():
                    self._begin(frame)
                case frames.Credit():
                    if active := self._active.get((frame.job_no, frame.attempt)):
                        self._credit(active, frame)
                case frames.Plan():
                    self._keep(frame)
                case frames.Checkpoint():
                    self._kept.setdefault(frame.job_no, {})[frame.key] = frame
                case frames.Cancel():
                    self._cancel(frame)
                case frames.Input():
                    self._input(frame)
                case frames.Stop():
                    self._parting = self._loop.create_task(self._part())

    def alone(self) -> Reporter | None:
        """Return the voice of the only run, if there is exactly one. May be called by any thread."""
        runs = list(self._active.values())
        return runs[0].report if len(runs) == 1 else None

    async def _part(self) -> None:
        """Leave in order: what nodes keep loaded is taken down first."""
        await self._setups.teardown(TEARDOWN)
        self._leave()

    async def stop(self, seconds: float) -> None:
        """Cancel every run, and wait until they have ended, *seconds* at most; then take down what nodes keep."""
        await asyncio.sleep(0)  # what has just become a task has to begin, or it would not hear of it
        tasks = [active.task for active in self._active.values() if active.task]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        await self._setups.teardown(TEARDOWN)

    # Plans.

    def _keep(self, frame: frames.Plan) -> None:
        self._plans[frame.hash] = bytes(frame.plan)
        self._plans.move_to_end(frame.hash)
        if len(self._plans) > PLANS:
            self._plans.popitem(last=False)
        for start in self._held.pop(frame.hash, ()):
            self._begin(start)

    def _bound(self, hash: str) -> Bound:
        """Return the plan with its classes, imported at the first run that needs them."""
        found = self._plans[hash]
        self._plans.move_to_end(hash)
        if isinstance(found, bytes):
            found = bind(_plan.decode(found), self._find)
            self._plans[hash] = found
        return found

    # Runs.

    def _begin(self, start: frames.Start) -> None:
        if start.hash not in self._plans:
            self._held.setdefault(start.hash, []).append(start)
            self._send(frames.NeedPlan(start.hash))
            return
        tape = Tape(
            job_no=start.job_no,
            attempt=start.attempt,
            next_seq=start.next_seq,
            on_first=self._tells,
            on_full=self._flush_one,
        )
        report = Reporter(tape, job_id=start.job_id, workflow_id=start.workflow_id)
        active = Active(start, report, Window(), self._kept.pop(start.job_no, {}))
        self._active[start.job_no, start.attempt] = active
        self._is_beginning = True
        try:
            active.task = eagerly(self._run(active), self._loop)
        finally:
            self._is_beginning = False
        if active.task:
            self._flush(active)

    async def _run(self, active: Active) -> None:
        start = active.start
        tools = Tools(self._bounds, start.secrets, workspace=workspace_name(start.job_id, start.attempt))
        try:
            bound = self._bound(start.hash)
            if bound.is_fed:
                active.feeds = self._feeds(active, bound.plan)
            active.mask = mask_of(bound, start)
            run = Run(
                bound,
                start.params,
                active.report,
                pool=self._pool,
                room=lambda _: self._room(active),
                crowd=self._crowd,
                limits=self._limits,
                checkpoints=self._checkpoints(active) if bound.keeps else None,
                mark=Mark(partial(self._pulse.enter, start.job_no), self._pulse.leave),
                tools=tools,
                setups=self._setups,
                feeds=active.feeds,
            )
            end = await run.go()
            self._tell_failure(active, run)
        except JobFailed as error:
            self._end(active, _not_begun(start, error))
        except asyncio.CancelledError:
            self._end(active, frames.End(start.job_no, start.attempt, "cancelled"))
        except Exception as error:  # noqa: BLE001 - the border of one job: our own mistake must not take the others along
            self._send(frames.Raised(start.job_no, start.attempt, "", "", trace_of(error, active.mask)))
            end = _not_begun(start, JobFailed(f"the engine failed: {error!r}"))
            self._end(active, msgspec.structs.replace(end, leaves=True))
        else:
            end.leaves = bool(run.threads.at_work)
            self._end(active, end)
        finally:
            await tools.aclose()

    def _tell_failure(self, active: Active, run: Run) -> None:
        """Send the trace of a node that raised; what we raise ourselves says all in its message."""
        if run.failure and not isinstance(run.failure.error, JobFailed | BadInput):
            node = run.failure.step.node
            trace = trace_of(run.failure.error, active.mask)
            self._send(frames.Raised(active.start.job_no, active.start.attempt, node.id, node.type_name, trace))

    def _checkpoints(self, active: Active) -> Checkpoints:
        def put(key: bytes, data: bytes) -> None:
            """It leaves at once, before whatever the run tells next."""
            active.window.pass_by(len(data))
            self._send(frames.Checkpoint(active.start.job_no, active.start.attempt, key, data))

        is_secret = active.mask.may_be_in if active.mask else None
        return Checkpoints(active.kept, put, max_result=self._limits.max_result, is_secret=is_secret)

    def _end(self, active: Active, end: frames.End) -> None:
        """End a run; its end leaves behind all that it told."""
        active.report.tape.close()
        active.end = _masked_end(end, active.mask) if active.mask else end
        self._flush(active)
        if not active.window.held:
            self._send_end(active.end)

    def _send_end(self, end: frames.End) -> None:
        del self._active[end.job_no, end.attempt]
        self._send(end)
        if end.leaves:
            self._leave()

    def _input(self, frame: frames.Input) -> None:
        """Give a run what came in for it. It comes behind the start, which may wait for a plan."""
        run = (frame.job_no, frame.attempt)
        if active := self._active.get(run):
            take(active.feeds, frame)
        elif any((start.job_no, start.attempt) == run for held in self._held.values() for start in held):
            self._inputs.setdefault(run, []).append(frame)

    def _feeds(self, active: Active, plan: Plan) -> Feeds:
        """Return the inputs of a run, with what came before it began."""
        start = active.start

        def on_taken(name: str) -> None:
            self._send(frames.Taken(start.job_no, start.attempt, name, 1))

        seconds = self._limits.input_timeout
        feeds = Feeds(plan.params, start.params, are_open=True, seconds=seconds, on_taken=on_taken)
        for frame in self._inputs.pop((start.job_no, start.attempt), ()):
            take(feeds, frame)
        return feeds

    def _cancel(self, frame: frames.Cancel) -> None:
        """Cancel a run; cancelled before it has begun, it ends at once."""
        for held in self._held.values():
            held[:] = [start for start in held if (start.job_no, start.attempt) != (frame.job_no, frame.attempt)]
        active = self._active.get((frame.job_no, frame.attempt))
        self._kept.pop(frame.job_no, None)
        self._inputs.pop((frame.job_no, frame.attempt), None)
        if active is None or active.task is None:
            self._send(frames.End(frame.job_no, frame.attempt, "cancelled"))
        elif not active.is_cancelled:
            active.is_cancelled = True
            self._loop.call_soon(active.task.cancel)

    # Events.

    def _room(self, active: Active) -> Coroutine[Any, Any, None] | None:
        if active.has_room():
            return None
        self._flush(active)
        return None if active.has_room() else active.wait_for_room()

    def _tells(self, tape: Tape) -> None:
        """A batch has its first event."""
        if self._is_beginning:
            return
        if not self._telling:
            self._gather_until = time.monotonic() + GATHER
            self._told = -1
            self._loop.call_soon(self._look)
        self._telling.append(self._active[tape.job_no, tape.attempt])

    def _look(self) -> None:
        """Send what was told, once a turn of the loop brought nothing new or the time to gather is over.

        What a run tells first is sent at once: somebody may wait to see that it goes on.
        """
        told = sum(active.report.tape.count for active in self._telling)
        is_over = told == self._told or time.monotonic() >= self._gather_until
        telling, self._telling = self._telling, []
        for active in telling:
            if is_over or not active.window.is_open:
                self._flush(active)
            else:
                self._telling.append(active)
        if self._telling:
            self._told = told
            self._loop.call_soon(self._look)

    def _flush_one(self, tape: Tape) -> None:
        if active := self._active.get((tape.job_no, tape.attempt)):
            self._flush(active)

    def _flush(self, active: Active) -> None:
        """Send what a run has told up to now, as far as there is room."""
        batch = active.report.tape.take()
        if batch and active.mask:
            batch = _masked(batch, active.mask)
        if batch and active.window.passes(batch):
            self._send(batch)

    def _credit(self, active: Active, frame: frames.Credit) -> None:
        active.window.credit(frame.events, frame.size)
        while batch := active.window.pop():
            self._send(batch)
        if active.end and not active.window.held:
            self._send_end(active.end)
        active.wake()


_plan: "msgspec.msgpack.Decoder[Plan]" = msgspec.msgpack.Decoder(Plan)


def take(feeds: Feeds | None, frame: frames.Input) -> None:
    """Put into an input what came for it."""
    if feeds and frame.ends:
        feeds.end(frame.name)
    elif feeds:
        feeds.put(frame.name, frame.value)


def _not_begun(start: frames.Start, error: JobFailed) -> frames.End:
    fault = error.errors[0] if error.errors else None
    return frames.End(
        start.job_no,
        start.attempt,
        "failed",
        code=error.code,
        error=describe_error(error),
        node_id=(fault and fault.node_id) or "",
        handle=(fault and fault.handle) or "",
    )


def mask_of(bound: Bound, start: frames.Start) -> Mask | None:
    """Return what masks the secrets of a run: those that it was sent, and the values of its secret inputs.

    A secret input of a workflow that is called is masked where its value is known before: in a document or a param.
    """
    if not (start.secrets or bound.secret_params or bound.secrets):
        return None
    params = (start.params.get(name) for name in bound.secret_params)
    values = [*filter(None, start.secrets.values()), *params, *bound.secrets]
    secrets = [text for value in values for text in texts_of(value)]
    return Mask(secrets) if secrets else None


def _masked(batch: frames.Events, mask: Mask) -> frames.Events:
    data = mask.batch(codec.split(batch.count, batch.data))
    return msgspec.structs.replace(batch, data=data)


def _masked_end(end: frames.End, mask: Mask) -> frames.End:
    result = mask.packed(end.result) if end.result else b""
    return msgspec.structs.replace(end, result=result, error=mask.text(end.error))
