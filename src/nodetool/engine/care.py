"""How nodes fire that need care: what some send is kept, to be taken another time; the time of some is limited; some
try again what has failed.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from random import random
from typing import Any

from nodetool.engine.bind import QUICK, BoundNode
from nodetool.engine.context import NodeContext
from nodetool.engine.identity import key
from nodetool.engine.keep import Recording, restored
from nodetool.engine.limit import Stopwatch, WatchedHands, watched
from nodetool.engine.place import Place
from nodetool.engine.read import Arrival
from nodetool.engine.shown import describe_error
from nodetool.engine.step import Inbox, Step
from nodetool.engine.work import made_by
from nodetool.graph.plan import shorter
from nodetool.protocol.errors import TimedOut
from nodetool.protocol.events import Severity
from nodetool.protocol.frames import Checkpoint
from nodetool.protocol.values import Unsendable


class Care:
    """What a run has if some node of it needs this. *fail* is told of a node that takes too long."""

    def __init__(
        self,
        place: Place,
        *,
        fail: Callable[[Step, BaseException], None],
    ) -> None:
        self._checkpoints = place.means.checkpoints
        self._node_timeout = place.means.node_timeout
        self._report = place.report
        self._threads = place.threads
        self._fail = fail
        self._watches: dict[Step, Stopwatch] = {}
        """Those of the firings that are under way."""
        self._told: set[tuple[int, object]] = set()

    def needs(self, node: BoundNode) -> bool:
        """Say whether the firings of a node go through ``items``."""
        return self._keeps(node) or node.retry is not None or (node.way not in QUICK and self._seconds(node) > 0)

    def items(
        self, step: Step, process: Callable[[], Any], context: NodeContext, refill: Callable[[], None]
    ) -> AsyncGenerator[Any, None]:
        """Yield what a firing makes: what it yields, or the one thing that it returns.

        *refill* sets the fields of the node as they were, before it is tried again.
        """
        made = self._tried(step, process, refill) if step.node.retry else self._made(step, process)
        return self._kept(step, made, context) if self._keeps(step.node) else made

    def arrival(self, step: Step, wait: Arrival) -> Arrival:
        """Return *wait*, so that the time for which a node waits for an item does not count."""
        return partial(self._wait, wait) if self._seconds(step.node) else wait

    def _keeps(self, node: BoundNode) -> bool:
        return bool(node.base) and self._checkpoints is not None

    def _seconds(self, node: BoundNode) -> float:
        """A node that calls a workflow takes as long as the nodes of that, each of which has its own time."""
        if node.calls >= 0:
            return node.timeout
        return shorter(node.timeout, self._node_timeout)

    # Kept outputs.

    async def _kept(
        self, step: Step, made: AsyncGenerator[Any, None], context: NodeContext
    ) -> AsyncGenerator[Any, None]:
        assert self._checkpoints
        node, firing = step.node, context.firing
        where = key(node, firing, self._report.path)
        found = self._checkpoints.take(where) if firing.content else None
        taken = self._restored(node, found) if found else None
        if taken is not None:
            for item in taken:
                yield item
            return
        recording = self._checkpoints.record(node)
        if not firing.content:
            recording.give_up("an input of it cannot be written down")
        yields = node.way.startswith("each")
        async with aclosing(made):
            async for item in made:
                recording.add(item)
                if not yields:  # before it waits for anybody
                    self._keep(node, where, recording)
                yield item
        if yields:
            self._keep(node, where, recording)

    def _restored(self, node: BoundNode, found: Checkpoint) -> list[Any] | None:
        """Return what a firing sent, None if that has to be computed again after all."""
        attempt = found.attempt
        try:
            items = restored(node, found.data)
        except Unsendable as error:
            text = f"computed again, as what attempt {attempt} kept does not fit: {error}"
            self._tell_once(node, "misfit", text, "warning")
            return None
        self._tell_once(node, attempt, f"not computed again: taken from the checkpoint of attempt {attempt}", "info")
        return items

    def _keep(self, node: BoundNode, where: bytes, recording: Recording) -> None:
        assert self._checkpoints
        if recording.flaw:
            text = f"not kept, so a later attempt would compute it again: {recording.flaw}"
            self._tell_once(node, "flaw", text, "warning")
            return
        self._checkpoints.keep(where, recording)
        self._report.tape.look_at = 0

    def _tell_once(self, node: BoundNode, about: object, text: str, severity: Severity) -> None:
        """A node may fire thousands of times."""
        if (node.index, about) not in self._told:
            self._told.add((node.index, about))
            self._report.log(node, text, severity)

    # Another try.

    async def _tried(
        self, step: Step, process: Callable[[], Any], refill: Callable[[], None]
    ) -> AsyncGenerator[Any, None]:
        """Yield what a firing makes, trying again as its class says, unless something was sent: that stays sent."""
        retry = step.node.retry
        assert retry
        for tried in range(1, retry.attempts + 1):
            has_sent = False
            try:
                async with aclosing(self._made(step, process)) as made:
                    async for item in made:
                        has_sent = True
                        yield item
                return
            except retry.on as error:
                if has_sent or tried == retry.attempts or isinstance(error, TimedOut):
                    raise
                seconds = retry.seconds(tried, random())  # noqa: S311 - nothing is secret about it
                again = f"again in {seconds:.2g} s: {describe_error(error)}"
                self._report.tape.tick()
                self._report.log(step.node, f"try {tried} of {retry.attempts} failed, {again}", "warning")
            await asyncio.sleep(seconds)
            refill()

    # Limited time.

    def _made(self, step: Step, process: Callable[[], Any]) -> AsyncGenerator[Any, None]:
        """Yield what a node makes when it is called."""
        seconds = self._seconds(step.node)
        return self._in_time(step, process, seconds) if seconds else made_by(step.node.way, process, self._threads)

    async def _in_time(self, step: Step, process: Callable[[], Any], seconds: float) -> AsyncGenerator[Any, None]:
        error = TimedOut(f"the node took longer than {seconds:g} seconds")
        watch = self._watches[step] = Stopwatch(seconds, partial(self._fail, step, error))
        way = step.node.way
        if way in ("thread", "each_thread"):
            stream = made_by(way, process, WatchedHands(self._threads, watch))
        else:
            stream = watched(made_by(way, process, self._threads), watch)
        try:
            async with aclosing(stream):
                async for item in stream:
                    if watch.is_over:
                        raise error
                    yield item
            if watch.is_over:
                raise error
        finally:
            watch.close()
            del self._watches[step]

    async def _wait(self, wait: Arrival, step: Step, inbox: Inbox) -> None:
        watch = self._watches.get(step)
        if watch is None:  # some task of a node that has returned
            await wait(step, inbox)
            return
        watch.stop()
        try:
            await wait(step, inbox)
        finally:
            watch.start()
