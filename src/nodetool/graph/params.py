"""From what a caller sends to the values of a workflow's inputs: the one coercion of every surface."""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from nodetool.graph.catalogue import Catalogue, Kind
from nodetool.graph.compile import limits_of, needs_value
from nodetool.graph.streams import VALUE
from nodetool.graph.types import spell
from nodetool.graph.values import Misfit, check_limits, fit, is_number
from nodetool.graph.wiring import Wired, Wiring, wire
from nodetool.protocol import codec
from nodetool.protocol.descriptions import ANY, TypeMetadata
from nodetool.protocol.documents import Graph
from nodetool.protocol.errors import Fault, InvalidParams

MAX_PARAMS = 1_000

SHOWN = 3
"""How many faults the sentence of an error holds; ``errors`` holds all."""

Convert = Callable[[Any, TypeMetadata], Any]

_WHOLE = re.compile(r"[+-]?[0-9]{1,40}(\.0*)?")
_DECIMAL = re.compile(r"[+-]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})([eE][+-]?[0-9]{1,4})?")


class Input(msgspec.Struct, frozen=True):
    """An input of a workflow, and how a param becomes its value."""

    type: TypeMetadata
    required: bool
    min: float | None
    max: float | None
    convert: Convert
    is_secret: bool = False
    streams: bool = False
    """A param is the list of its items."""

    def take(self, value: Any) -> Any:
        """Return *value* as this input's type; for one that streams, as items of its type. Raises Misfit."""
        if not self.streams:
            return self.item(value)
        if not isinstance(value, list):
            raise Misfit("its items come one by one, so a param is a list of them")
        return [self.item(one) for one in value]

    def item(self, value: Any) -> Any:
        """Return one value as this input's type. Raises Misfit."""
        made = self.convert(value, self.type)
        check_limits(made, self.min, self.max)
        return made


class Inputs(msgspec.Struct, frozen=True):
    """The inputs of a workflow by name. Made once a version, so that a run costs a look-up per param."""

    by_name: dict[str, Input]
    required: tuple[str, ...]
    secret: tuple[str, ...] = ()
    """Those whose params are stored sealed, and never shown."""
    are_some_streams: bool = False


def inputs_of(graph: Graph, catalogue: Catalogue) -> Inputs:
    """Return the inputs of *graph*, as far as it has names and known types for them."""
    return inputs_of_wiring(wire(graph, catalogue))


def inputs_of_wiring(wiring: Wiring) -> Inputs:
    """As ``inputs_of``, of a graph that is wired already. Of two with one name the first counts."""
    by_name: dict[str, Input] = {}
    for _, one, kind in wiring.with_role("input"):
        if one.name:
            by_name.setdefault(one.name, _input(one, kind))
    return Inputs(
        by_name,
        required=tuple(name for name, one in by_name.items() if one.required),
        secret=tuple(name for name, one in by_name.items() if one.is_secret),
        are_some_streams=any(one.streams for one in by_name.values()),
    )


def coerce(params: dict[str, Any], inputs: Inputs, *, limit: int = MAX_PARAMS) -> dict[str, Any]:
    """Return the values for the inputs that *params* gives; ``null`` gives none.

    Raises:
        InvalidParams: ``errors`` names every param that is unknown, missing or does not fit.
    """
    if len(params) > limit:
        raise InvalidParams(f"{len(params)} params, and {limit} is the limit")
    made: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, value in params.items():
        taker = inputs.by_name.get(name)
        if taker is None:
            faults.append(_fault(name, "the workflow has no such input"))
        elif value is not None:
            try:
                made[name] = taker.take(value)
            except Misfit as error:
                faults.append(_fault(name, str(error)))
    faults.extend(_fault(name, "a value is required") for name in inputs.required if params.get(name) is None)
    if faults:
        raise InvalidParams(_sentence(faults), errors=faults)
    return made


def _input(one: Wired, kind: Kind) -> Input:
    declared = kind.properties.get(VALUE)
    type = declared.type if declared else ANY
    least, most = limits_of(one, kind)
    return Input(
        type, needs_value(one, kind), least, most, _CONVERT.get(type.type, fit), one.is_secret, one.is_streamed
    )


def _fault(name: str, message: str) -> Fault:
    return Fault(field=f"params.{name[:256]}", message=message)


def _sentence(faults: list[Fault]) -> str:
    shown = "; ".join(f"{fault.field}: {fault.message}" for fault in faults[:SHOWN])
    return f"{shown} (and {len(faults) - SHOWN} more)" if len(faults) > SHOWN else shown


def _to_int(value: Any, wanted: TypeMetadata) -> Any:
    if not isinstance(value, str):
        return fit(value, wanted)
    text = value.strip()
    if not _WHOLE.fullmatch(text):
        raise Misfit(f"expected {spell(wanted)}, and this text is none")
    return fit(int(text.partition(".")[0]), wanted)


def _to_float(value: Any, wanted: TypeMetadata) -> Any:
    if not isinstance(value, str):
        return fit(value, wanted)
    text = value.strip()
    if not _DECIMAL.fullmatch(text):
        raise Misfit(f"expected {spell(wanted)}, and this text is none")
    return fit(float(text), wanted)


def _to_bool(value: Any, wanted: TypeMetadata) -> Any:
    if value in ("true", "false"):
        return value == "true"
    if is_number(value) and value in (0, 1):
        return value == 1
    return fit(value, wanted)


def _to_str(value: Any, wanted: TypeMetadata) -> Any:
    """Numbers and truth values are spelled as in JSON."""
    if isinstance(value, bool | int | float):
        return codec.to_json(fit(value, ANY)).decode()
    return fit(value, wanted)


def _to_member(value: Any, wanted: TypeMetadata) -> Any:
    """A union takes a value that fits as it is, else as the first member into which it can be made."""
    try:
        return fit(value, wanted)
    except Misfit:
        for member in wanted.type_args:
            try:
                return _CONVERT.get(member.type, fit)(value, member)
            except Misfit:
                continue
        raise


_CONVERT: dict[str, Convert] = {
    "int": _to_int,
    "float": _to_float,
    "bool": _to_bool,
    "str": _to_str,
    "union": _to_member,
}
