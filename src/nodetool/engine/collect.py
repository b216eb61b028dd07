"""The result of a run: one property for each output of the plan, built from the values that reach it."""

from typing import Any

from nodetool.graph.plan import PlanOutput
from nodetool.protocol.errors import Fault, ResultTooLarge


class Result:
    """Collects values; whether an output is a value, a list or a text is known from the plan."""

    def __init__(self, outputs: list[PlanOutput], node_ids: list[str], max_bytes: int) -> None:
        self._outputs = outputs
        self._node_ids = node_ids
        self._room = max_bytes
        self._lists: list[list[Any]] = [[] for _ in outputs]

    def add(self, place: int, value: Any, size: int) -> None:
        """Take a plain value of *size* bytes for the output at *place*. Raises ResultTooLarge."""
        self._room -= size
        if self._room < 0:
            output = self._outputs[place]
            message = f"output {output.name}: the result is over the limit"
            raise ResultTooLarge(message, errors=[Fault(node_id=self._node_ids[place], message=message)])
        self._lists[place].append(value)

    def value(self) -> dict[str, Any]:
        """Return the outputs object. A single output that got nothing is not in it."""
        made: dict[str, Any] = {}
        for output, values in zip(self._outputs, self._lists, strict=True):
            if output.kind == "list":
                made[output.name] = values
            elif output.kind == "text":
                made[output.name] = "".join(map(_text, values))
            elif values:
                made[output.name] = values[-1]
        return made


def _text(chunk: Any) -> str:
    """Return what a chunk of text adds; chunks of other content add nothing."""
    if isinstance(chunk, dict):
        return str(chunk.get("content", "")) if chunk.get("content_type", "text") == "text" else ""
    return str(chunk)
