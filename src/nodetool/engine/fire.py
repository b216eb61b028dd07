"""How a node fires: its fields are set, it is called, and what it makes is sent on."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from functools import partial
from time import perf_counter_ns
from typing import Any

from nodetool.engine.bind import Way, instance, misfit
from nodetool.engine.care import Care
from nodetool.engine.context import NodeContext
from nodetool.engine.convert import Misfit
from nodetool.engine.feeds import Feeds
from nodetool.engine.flow import Flow
from nodetool.engine.gate import Row, ZipAll
from nodetool.engine.handles import by_handle, fill, refill
from nodetool.engine.outputs import Outputs, shown_value, unfit
from nodetool.engine.place import Place
from nodetool.engine.read import Arrival, Arrivals
from nodetool.engine.shown import encoded
from nodetool.engine.step import Inbox, Step
from nodetool.engine.work import each, each_in_thread
from nodetool.protocol.values import Unsendable
from nodetool.sdk.stream import Stream


class Firing:
    """Lets the nodes of one run fire. Whatever a node raises comes out as it is."""

    def __init__(
        self,
        params: dict[str, Any],
        place: Place,
        *,
        flow: Flow,
        outputs: Outputs,
        care: Care | None,
        feeds: Feeds | None,
    ) -> None:
        self._params = params
        self._place = place
        self._report, self._pace, self._means = place.report, place.pace, place.means
        self._flow = flow
        self._outputs = outputs
        self._care = care
        self._feeds = feeds
        """There are some if an input of the graph streams."""

    def quickly(self, step: Step) -> bool:
        """Fire a node that fires once and takes microseconds; return whether the run has to breathe.

        Written out, since in a large graph nearly every node comes here, and a call costs as much as many a node.
        """
        node, row = step.node, step.row or {}
        if node.way != "call":
            self._quickly_without_process(step)
            return self._pace.is_due()
        if len(row) < node.handles:
            self._flow.finish(step, fired=False, skipped=True)
            return self._pace.is_due()
        self._report.node_running(node, row)
        made = instance(node)
        fill(node, made, row)
        sent = made.process(self._context(step, row)) if node.takes_context else made.process()
        is_due = self._pace.is_due()
        kept = None
        if sent is not None:
            kept = dict(by_handle(node, sent)) if node.named else {"output": sent}
        if step.context:
            step.context.close()
        self._flow.finish(step, kept, fired=True)
        return is_due

    async def once(self, step: Step) -> None:
        """Fire a node when all its edges have ended, unless one of its handles got nothing."""
        if step.node.way == "feed":
            await self._feed(step)
            return
        row = step.complete_row()
        if row is not None:
            if step.node.shape.sets_up:
                await self._means.setups.ready(step.node.shape.cls)
            step.began, step.firings = perf_counter_ns(), 1
            await (self._fire_with_care if self._needs_care(step) else self._fire)(step, row)
        self._complete(step)

    async def as_rows_come(self, step: Step, inbox: Inbox) -> None:
        """Fire as often as the gate has a row; a node that reads its streams itself fires once."""
        gate, pace = inbox.gate, self._pace
        needs_care, needs_setup = self._needs_care(step), step.node.shape.sets_up
        plain = None if needs_care else PLAIN.get(step.node.way)
        is_called, tape = step.node.way == "call", self._report.tape
        fire = self._fire_with_care if needs_care else self._fire
        while not gate.over:
            row = gate.take()
            if row is None:
                await self._flow.arrival(step, inbox)
                continue
            if inbox.blocked:
                self._flow.let_in(inbox)
            if needs_setup:
                await self._means.setups.ready(step.node.shape.cls)
                needs_setup = False
            if not step.firings:
                step.began = perf_counter_ns()
            step.firings += 1
            if plain is None:
                await fire(step, row)
                if step.node.gate == "reader":
                    break
            else:
                made = plain(self, step, row)
                if (is_called or tape.seq >= tape.look_at) and pace.is_due():
                    await pace.breathe()
                if made is not None and step.node.edges:
                    await self._send(step, made)
        self._flow.shut(step, inbox)
        await self._see_out(step, inbox)
        self._complete(step)

    async def _see_out(self, step: Step, inbox: Inbox) -> None:
        """Wait, after the last firing, for what is still to be known of the streams that go on."""
        while step.state != "running" and not inbox.knows_why:
            await self._flow.arrival(step, inbox)
        gate = inbox.gate
        if not isinstance(gate, ZipAll) or inbox.was_skipped:
            return
        while gate.open:
            await self._flow.arrival(step, inbox)
        if gate.dropped:
            text = f"{gate.dropped} item(s) had no partner, since another input ended first"
            self._report.log(step.node, text, "warning")

    # One firing.

    async def _fire(self, step: Step, row: Row) -> None:
        process = self._process(step, row)
        match step.node.way:
            case "each_async":
                await self._send_each(step, process())
            case "each":
                await self._send_each(step, each(process()))
            case "each_thread":
                await self._send_each(step, each_in_thread(process(), self._place.threads))
            case "await":
                await self._send_all(step, await process())
            case "thread":
                await self._send_all(step, await self._place.threads.call(process))
            case _:
                await self._send_all(step, process())

    async def _fire_with_care(self, step: Step, row: Row) -> None:
        assert self._care
        process = self._process(step, row)
        again = partial(refill, step.node, step.instance, row)
        await self._send_each(step, self._care.items(step, process, self._context(step, row), again))

    def _needs_care(self, step: Step) -> bool:
        return self._care is not None and self._care.needs(step.node)

    async def _send_each(self, step: Step, stream: AsyncGenerator[Any, None]) -> None:
        pace, offer, named = self._pace, self._flow.offer, step.node.named
        try:
            async for item in stream:
                if pace.is_due():
                    await pace.breathe()
                if named or (item is not None and not offer(step, "output", item)):
                    await self._send(step, item)
        finally:
            await stream.aclose()

    async def _send_all(self, step: Step, made: Any) -> None:
        if self._pace.is_due():
            await self._pace.breathe()
        await self._send(step, made)

    async def _send(self, step: Step, made: Any) -> None:
        """Send what a node has just made, waiting for room where there is none."""
        for handle, value in by_handle(step.node, made):
            if not self._flow.offer(step, handle, value):
                await self._flow.send(step, handle, value)

    def _call(self, step: Step, row: Row) -> Any:
        return self._process(step, row)()

    def _process(self, step: Step, row: Row) -> Callable[[], Any]:
        """Return what calls ``process``, with the fields of the node set to *row*."""
        if step.state != "running":
            self._begin(step, row)
            self._equip(step)
        made = step.instance
        fill(step.node, made, row)
        return partial(made.process, self._context(step, row)) if step.node.takes_context else made.process

    def _quickly_without_process(self, step: Step) -> None:
        node, row = step.node, step.complete_row()
        if row is None or (node.way == "output" and "value" not in row and not node.has_value):
            self._flow.finish(step, fired=False, skipped=True)
        elif node.way == "input":
            self._give(step)
        else:
            value = PLAIN[node.way](self, step, row)
            if value is not None:
                step.kept = {"output": value}
            self._complete(step)

    def _give(self, step: Step) -> None:
        """Hand on the value of an input: the param, else its default. Inputs are silent."""
        node = step.node
        value = self._params.get(node.name)
        if value is None:
            value = instance(node).value
        elif convert := node.shape.readers["value"]:
            try:
                value = convert(value)
            except Misfit as error:  # of a workflow that is called: those of a job were made to fit
                raise misfit(node.id, node.name, error) from error
        self._flow.finish(step, None if value is None else {"output": value}, fired=False)

    async def _feed(self, step: Step) -> None:
        """Send on what comes for an input that streams. Inputs are silent."""
        node, convert, feeds = step.node, step.node.shape.readers["value"], self._feeds
        assert feeds

        async def items() -> AsyncGenerator[Any, None]:
            try:
                async for item in feeds.items(node.name):
                    yield convert(item) if convert else item
            except Misfit as error:
                raise misfit(node.id, node.name, error) from error

        await self._send_each(step, items())
        self._flow.finish(step, fired=False)

    def _put_out(self, step: Step, row: Row) -> Any:
        if step.state != "running":
            self._begin(step, row)
        value = shown_value(step.node, row)
        self._outputs.put(step.node, value)
        return value

    def _show(self, step: Step, row: Row) -> None:
        if step.state != "running":
            self._begin(step, row)
        value = shown_value(step.node, row)
        try:
            shown = encoded(value)
        except Unsendable as error:
            raise unfit(step.node, error) from error
        self._context(step, row).show(shown)

    # What a firing needs and leaves.

    def _begin(self, step: Step, row: Row) -> None:
        step.state = "running"
        self._report.node_running(step.node, row)

    def _equip(self, step: Step) -> None:
        """Make the instance of a node, with the streams that it reads itself."""
        step.instance = instance(step.node)
        if step.inbox:
            for entry in step.node.inputs:
                if entry.reads:
                    arrivals = Arrivals(self._flow, step, step.inbox, entry.handle, self._arrival(step))
                    setattr(step.instance, entry.handle, Stream(arrivals))

    def _arrival(self, step: Step) -> Arrival:
        return self._care.arrival(step, self._flow.arrival) if self._care else self._flow.arrival

    def _context(self, step: Step, row: Row) -> NodeContext:
        """Return the context of a node for its firing on *row*."""
        if step.context is None:
            loop, means = asyncio.get_running_loop(), self._means
            call = partial(means.call, self._place)
            step.context = NodeContext(step.node, self._report, loop, means.tools, call)
        step.context.fires(row)
        return step.context

    def _complete(self, step: Step) -> None:
        """End a step. One that never fired counts as skipped if a branch to it was not taken."""
        if step.context:
            step.context.close()
        fired = step.state == "running"
        skipped = not fired and (step.inbox is None or step.inbox.was_skipped)
        self._flow.finish(step, step.kept, fired=fired, skipped=skipped)


PLAIN: dict[Way, Callable[[Firing, Step, Row], Any]] = {
    "call": Firing._call,  # noqa: SLF001 - a part of the class that is made once
    "output": Firing._put_out,  # noqa: SLF001
    "preview": Firing._show,  # noqa: SLF001
}
"""How nodes fire whose firing need not be awaited."""
