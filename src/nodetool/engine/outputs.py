"""What reaches the outputs of a graph: it is checked, told, and goes where the graph's values go.

Most outputs at the end of a stream need no task of their own: each item is put out in the turn of the node that sends
it, and so is told at once.
"""

from time import perf_counter_ns
from typing import Any

from nodetool.engine.bind import BoundNode, instance, misfit
from nodetool.engine.collect import Outlet
from nodetool.engine.convert import Misfit
from nodetool.engine.gate import Row
from nodetool.engine.report import Reporter
from nodetool.engine.step import Step
from nodetool.protocol.errors import Fault, JobFailed, ResultTooLarge, TypeMismatch
from nodetool.protocol.values import Unsendable


class NotTaken(Exception):
    """An output does not take what another node sends it; *error* says why."""

    def __init__(self, step: Step, error: JobFailed) -> None:
        super().__init__(step.node.id)
        self.step = step
        self.error = error


class Outputs:
    """Those of one graph at work."""

    def __init__(self, report: Reporter, outlet: Outlet) -> None:
        self._report = report
        self._outlet = outlet

    def put(self, node: BoundNode, value: Any) -> None:
        """Put out a value that fits; None is nothing. Raises ResultTooLarge, TypeMismatch."""
        if value is not None:
            try:
                self._outlet.put(node, value)
            except (Unsendable, ResultTooLarge) as error:
                raise unfit(node, error) from error

    def take(self, step: Step, value: Any) -> None:
        """Put out an item that another node sends in its turn. Raises NotTaken."""
        node = step.node
        if step.state != "running":
            step.state, step.began = "running", perf_counter_ns()
            self._report.node_running(node, {"value": value})
        step.firings += 1
        try:
            self.put(node, fitting(node, value))
        except JobFailed as error:
            raise NotTaken(step, error) from error


def shown_value(node: BoundNode, row: Row) -> Any:
    """Return what an output or a preview shows. Raises TypeMismatch."""
    return fitting(node, row["value"]) if "value" in row else instance(node).value


def fitting(node: BoundNode, value: Any) -> Any:
    """Return a value as an output or a preview takes it. Raises TypeMismatch."""
    try:
        return node.value_check(value) if node.value_check else value
    except Misfit as error:
        raise misfit(node.id, "value", error) from error


def unfit(node: BoundNode, error: Unsendable | ResultTooLarge) -> JobFailed:
    """Return the failure of an output or a preview whose value cannot be shown."""
    kind = ResultTooLarge if isinstance(error, ResultTooLarge) else TypeMismatch
    message = str(error) if kind is ResultTooLarge else f"{node.role} {node.name}: {error}"
    return kind(message, errors=[Fault(node_id=node.id, handle="value", message=message)])
