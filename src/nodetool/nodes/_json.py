"""JSON as the nodes read and write it."""

import json
from typing import Any, TypeVar

from nodetool.protocol.values import plain, spelled
from nodetool.sdk import BadInput

T = TypeVar("T")

NEAR = 20
"""Characters on either side of what is no JSON, for the person who looks for it."""

KINDS = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}


def parsed(text: str, handle: str) -> Any:
    """Read what came in on *handle*. Raises BadInput with the line and column."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise BadInput(handle, "is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise BadInput(handle, f"{error}, near {text[max(error.pos - NEAR, 0) : error.pos + NEAR]!r}") from error
    except ValueError as error:
        raise BadInput(handle, str(error)) from error


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def written(value: Any, indent: int = 0) -> str:
    """Write any value that may leave a run; on one line if there is no indent."""
    return json.dumps(spelled(plain(value)), ensure_ascii=False, indent=indent or None)


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else written(value)


def of_kind(kind: type[T], value: Any, handle: str) -> T:
    if isinstance(value, kind):
        return value
    raise BadInput(handle, f"expected {KINDS[kind]}, got {KINDS.get(type(value), 'a number')}")
