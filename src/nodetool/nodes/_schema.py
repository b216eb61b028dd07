"""JSON Schema as Validate JSON uses it, with a clock. Imported at the first firing that needs it."""

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import cache
from typing import Any

from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import Draft202012Validator, extend, validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

from nodetool.nodes._regex import Search, compiled
from nodetool.nodes._time import Clock
from nodetool.sdk import BadInput

Keyword = Callable[[Any, Any, Any, Any], Iterator[ValidationError]]

NOWHERE: Registry[Any] = Registry()
"""Knows no other schema. Without it, the library fetches the URL of a reference from wherever it points."""

_clock: ContextVar[Clock] = ContextVar("clock")
"""A keyword is handed nothing of ours, so the clock of a call reaches it this way."""


def fits(data: Any, schema: dict[str, Any], clock: Clock) -> bool:
    """Say whether *data* is valid.

    Raises:
        BadInput: the *schema* is not.
        TimeoutError: there is no more time on the *clock*.
    """
    known = validator_for(schema, default=Draft202012Validator)
    before = _clock.set(clock)
    try:
        known.check_schema(schema)
        return bool(_stoppable(known)(schema, registry=NOWHERE).is_valid(data))
    except SchemaError as error:
        raise BadInput("json_schema", error.message) from error
    except Unresolvable as error:
        raise BadInput("json_schema", f"the reference {error.ref!r} is not in the schema") from error
    except RecursionError:
        raise BadInput("json_schema", "refers to itself without end") from None
    finally:
        _clock.reset(before)


@cache
def _stoppable(known: Any) -> Any:
    """Return a validator that looks at the clock at each keyword, and searches with patterns that can be stopped."""
    ours = {**known.VALIDATORS, "pattern": _pattern, "patternProperties": _pattern_properties}
    if "additionalProperties" in ours:
        ours["additionalProperties"] = _additional_properties
    return extend(known, {name: _ticking(keyword) for name, keyword in ours.items()})  # type: ignore[no-untyped-call]


def _ticking(keyword: Keyword) -> Keyword:
    def ticking(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        _clock.get().tick()
        return keyword(validator, value, instance, schema)

    return ticking


def _found(pattern: str, text: str) -> bool:
    return Search(compiled("json_schema", pattern), _clock.get()).find(text) is not None


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _found(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: dict[str, Any], instance: Any, _: Any) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        for pattern, below in patterns.items():
            for name, value in instance.items():
                if _found(pattern, name):
                    yield from validator.descend(value, below, path=name, schema_path=pattern)


def _additional_properties(validator: Any, below: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    patterns = schema.get("patternProperties", {})
    for name, value in instance.items():
        if name not in schema.get("properties", {}) and not any(_found(pattern, name) for pattern in patterns):
            yield from validator.descend(value, below, path=name)
