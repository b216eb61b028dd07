"""The result of a run: one property for each output of the plan, built from the values that reach it."""

from typing import Any, Protocol

import msgspec

from nodetool.engine.bind import BoundNode
from nodetool.engine.report import Reporter
from nodetool.engine.shown import encoded
from nodetool.graph.plan import PlanOutput
from nodetool.protocol.codec import to_msgpack
from nodetool.protocol.errors import ResultTooLarge
from nodetool.protocol.values import plain


class Outlet(Protocol):
    """Where the values go that reach the outputs of a graph."""

    def put(self, node: BoundNode, value: Any) -> None:
        """Take a value that is not None, at an output node. Raises Unsendable, ResultTooLarge."""
        ...


class Result:
    """Tells of the values, and collects them as they were encoded for their events: so their size is known to the byte.

    Whether an output is a value, a list or a text is known from the plan.
    """

    def __init__(self, outputs: list[PlanOutput], max_bytes: int, report: Reporter) -> None:
        self._outputs = outputs
        self._report = report
        self._room = max_bytes
        self._values: dict[int, list[bytes]] = {}
        self._texts: dict[int, list[str]] = {}
        """By the place of the output."""

    def put(self, node: BoundNode, value: Any) -> None:
        sent = encoded(value)
        self.add(node.output, sent.plain, sent.data)
        self._report.output(node, sent)

    def add(self, place: int, value: Any, data: bytes) -> None:
        """Take a plain *value*, and *data*, its MessagePack, for the output at *place*. Raises ResultTooLarge."""
        output = self._outputs[place]
        self._room -= len(data)
        if self._room < 0:
            raise ResultTooLarge(f"output {output.name}: the result is over the limit")
        if output.kind == "value":
            self._values[place] = [data]
        elif output.kind == "list":
            self._values.setdefault(place, []).append(data)
        else:
            self._texts.setdefault(place, []).append(_text(value))

    def encoded(self) -> bytes:
        """Return the outputs object as MessagePack. A single output that got nothing is not in it."""
        made: dict[str, Any] = {}
        for place, output in enumerate(self._outputs):
            if output.kind == "list":
                made[output.name] = msgspec.Raw(array(self._values.get(place, [])))
            elif output.kind == "text":
                made[output.name] = "".join(self._texts.get(place, ()))
            elif values := self._values.get(place):
                made[output.name] = msgspec.Raw(values[0])
        return to_msgpack(made)


class Gathered:
    """Gathers the values of a workflow that is called, as they are: nothing is told of them, since they are no outputs
    of the job.
    """

    def __init__(self, outputs: list[PlanOutput]) -> None:
        self._outputs = outputs
        self._found: list[list[Any]] = [[] for _ in outputs]

    def put(self, node: BoundNode, value: Any) -> None:
        found = self._found[node.output]
        if self._outputs[node.output].kind == "value":
            found.clear()
        found.append(value)

    def values(self) -> dict[str, Any]:
        """Return the outputs. A single one that got nothing is not there."""
        made: dict[str, Any] = {}
        for output, found in zip(self._outputs, self._found, strict=True):
            if output.kind == "list":
                made[output.name] = found
            elif output.kind == "text":
                made[output.name] = "".join(_text(plain(value)) for value in found)
            elif found:
                made[output.name] = found[0]
        return made


def array(items: list[bytes]) -> bytes:
    """Join encoded items to an encoded array."""
    return b"".join((b"\xdd", len(items).to_bytes(4, "big"), *items))


def _text(chunk: Any) -> str:
    """Return what a chunk of text adds; chunks of other content add nothing."""
    if isinstance(chunk, dict):
        return str(chunk.get("content", "")) if chunk.get("content_type", "text") == "text" else ""
    return str(chunk)
