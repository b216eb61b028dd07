"""How a node fires: its fields are set, it is called, and what it makes is sent on."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from functools import partial
from typing import Any

from nodetool.engine.bind import QUICK, BoundNode, instance, misfit
from nodetool.engine.collect import Result
from nodetool.engine.context import NodeContext
from nodetool.engine.convert import Misfit
from nodetool.engine.flow import Flow
from nodetool.engine.gate import Row, ZipAll
from nodetool.engine.pace import Pace
from nodetool.engine.read import Arrivals
from nodetool.engine.report import Encoded, Reporter, encoded
from nodetool.engine.step import Inbox, Step
from nodetool.engine.work import Threads, each, each_in_thread
from nodetool.protocol.errors import Fault, NodeFailed, ResultTooLarge, TypeMismatch
from nodetool.protocol.values import Unsendable
from nodetool.sdk.stream import Stream


class Firing:
    """Lets the nodes of one run fire. Whatever a node raises comes out as it is."""

    def __init__(
        self,
        params: dict[str, Any],
        *,
        flow: Flow,
        report: Reporter,
        result: Result,
        threads: Threads,
        pace: Pace,
    ) -> None:
        self._params = params
        self._flow = flow
        self._report = report
        self._result = result
        self._threads = threads
        self._pace = pace

    def quickly(self, step: Step) -> None:
        """Fire a node that fires once and takes microseconds.

        Written out, since in a large graph nearly every node comes here, and a call costs as much as many a node.
        """
        node, row = step.node, step.row
        if node.way != "call":
            self._quickly_without_process(step)
            return
        if len(row) < node.handles:
            self._flow.finish(step, skipped=True)
            return
        step.state = "running"
        self._report.node_running(node, row)
        step.instance = made = instance(node)
        fill(node, made, row)
        sent = made.process(self._context(step)) if node.takes_context else made.process()
        self._report.tick()
        if sent is not None:
            step.kept = dict(_by_handle(node, sent)) if node.named else {"output": sent}
        self._complete(step)

    async def once(self, step: Step) -> None:
        """Fire a node when all its edges have ended, unless one of its handles got nothing."""
        if len(step.row) < step.node.handles:
            self._flow.finish(step, skipped=True)
            return
        await self._fire(step, step.row)
        self._complete(step)

    async def as_rows_come(self, step: Step, inbox: Inbox) -> None:
        """Fire as often as the gate has a row; a node that reads its streams itself fires once."""
        gate, is_plain, is_reader = inbox.gate, step.node.way in QUICK, step.node.gate == "reader"
        while not gate.over:
            row = gate.take()
            if row is None:
                await self._flow.arrival(step, inbox)
                continue
            if inbox.blocked:
                self._flow.let_in(inbox)
            if is_plain:
                await self._send(step, self._called(step, self._filled(step, row)))
            else:
                await self._fire(step, row)
            if is_reader:
                break
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
        made = self._filled(step, row)
        match step.node.way:
            case "each_async":
                await self._send_each(step, self._process(step)())
            case "each":
                await self._send_each(step, each(self._process(step)()))
            case "each_thread":
                await self._send_each(step, each_in_thread(self._process(step)(), self._threads))
            case "await":
                await self._send(step, await self._process(step)())
            case "thread":
                await self._send(step, await self._threads.call(self._process(step)))
            case _:
                await self._send(step, self._called(step, made))

    async def _send_each(self, step: Step, stream: AsyncGenerator[Any, None]) -> None:
        named = step.node.named
        try:
            async for item in stream:
                if named or not self._goes_out(step, item):
                    await self._send(step, item)
                elif self._pace.is_due():
                    await self._pace.breathe()
        finally:
            await stream.aclose()

    def _goes_out(self, step: Step, made: Any) -> bool:
        """Send what a node has just made for its one output, and say whether there was room for it."""
        self._report.tick()
        if self._flow.is_stopping:  # the node was cancelled, and went on
            raise asyncio.CancelledError
        return made is None or self._flow.offer(step, "output", made)

    async def _send(self, step: Step, made: Any) -> None:
        """Send what a node has just made, waiting for room where there is none."""
        self._report.tick()
        if self._flow.is_stopping:
            raise asyncio.CancelledError
        for handle, value in _by_handle(step.node, made):
            if not self._flow.offer(step, handle, value):
                await self._flow.send(step, handle, value)
        if self._pace.is_due():
            await self._pace.breathe()

    def _called(self, step: Step, made: Any) -> Any:
        """Call a plain ``process``; an output or a preview has none and shows its value instead."""
        match step.node.way:
            case "output":
                return self._put_out(step.node, made.value)
            case "preview":
                return self._show(step, made.value)
        return self._process(step)()

    def _process(self, step: Step) -> Callable[[], Any]:
        process = step.instance.process
        return partial(process, self._context(step)) if step.node.takes_context else process

    def _quickly_without_process(self, step: Step) -> None:
        node = step.node
        if len(step.row) < node.handles or (node.way == "output" and not _has_value(step)):
            self._flow.finish(step, skipped=True)
        elif node.way == "input":
            self._give(step)
        else:
            sent = self._called(step, self._filled(step, step.row))
            if sent is not None:
                step.kept["output"] = sent
            self._complete(step)

    def _give(self, step: Step) -> None:
        """Hand on the value of an input: the param, else its default."""
        node = step.node
        value = self._params.get(node.name)
        if value is None:
            value = instance(node).value
        elif convert := node.shape.readers["value"]:
            value = convert(value)
        if value is not None:
            step.kept["output"] = value
        self._flow.finish(step, skipped=value is None)

    def _put_out(self, node: BoundNode, value: Any) -> Any:
        if value is not None:
            sent = _sendable(node, value)
            try:
                self._result.add(node.output, sent.plain, sent.data)
            except ResultTooLarge as error:
                raise ResultTooLarge(error.detail, errors=[_fault(node, error.detail)]) from error
            self._report.output(node, sent)
        return value

    def _show(self, step: Step, value: Any) -> None:
        _sendable(step.node, value)
        self._context(step).preview(value)

    # What a firing needs and leaves.

    def _filled(self, step: Step, row: Row) -> Any:
        """Return a step's node with its fields set to *row*; tell, the first time, that it runs."""
        if step.state != "running":
            self._begin(step, row)
        fill(step.node, step.instance, row)
        return step.instance

    def _begin(self, step: Step, row: Row) -> None:
        step.state = "running"
        node = step.node
        self._report.node_running(node, row)
        step.instance = instance(node)
        if step.inbox:
            for entry in node.inputs:
                if entry.reads:
                    setattr(step.instance, entry.handle, Stream(Arrivals(self._flow, step, step.inbox, entry.handle)))

    def _context(self, step: Step) -> NodeContext:
        if step.context is None:
            step.context = NodeContext(step.node, self._report, asyncio.get_running_loop())
        return step.context

    def _complete(self, step: Step) -> None:
        """End a step. One that never fired is silent; it counts as skipped if a branch to it was not taken."""
        if step.context:
            step.context.close()
        if step.state == "running":
            self._report.node_completed(step.node, step.kept)
            self._flow.finish(step)
        else:
            self._flow.finish(step, skipped=step.inbox is None or step.inbox.was_skipped)


def fill(node: BoundNode, made: Any, row: Row) -> None:
    """Set the fields of an instance to *row*. Raises TypeMismatch."""
    handle = ""
    try:
        for handle, convert in node.setters:
            setattr(made, handle, row[handle] if convert is None else convert(row[handle]))
    except Misfit as error:
        raise misfit(node.id, handle, error) from error
    for handle in node.dynamic:
        made.dynamic[handle] = row[handle]


def _by_handle(node: BoundNode, made: Any) -> Iterable[tuple[str, Any]]:
    """Return the handles that a returned or yielded *made* is for, each with its value; None sends nothing."""
    if made is None:
        return ()
    if not node.named:
        return (("output", made),)
    if not isinstance(made, Mapping):
        raise NodeFailed(f"the node has to send a dict of its outputs, and sent {type(made).__name__}")
    for handle in made:
        if handle not in node.shape.outputs:
            raise NodeFailed(f"the node sent to {handle!r}, which is not one of its outputs")
    return [(handle, value) for handle, value in made.items() if value is not None]


def _sendable(node: BoundNode, value: Any) -> Encoded:
    try:
        return encoded(value)
    except Unsendable as error:
        message = f"{node.role} {node.name}: {error}"
        raise TypeMismatch(message, errors=[_fault(node, message)]) from error


def _fault(node: BoundNode, message: str) -> Fault:
    return Fault(node_id=node.id, handle="value", message=message)


def _has_value(step: Step) -> bool:
    """An output without an edge gives its set value, if it has one."""
    return "value" in step.row or step.node.has_value
