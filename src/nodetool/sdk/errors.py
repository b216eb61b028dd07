"""What a node raises on purpose. Anything else that it raises fails it too, with its own text."""

from typing import Any

SHOWN = 80
"""Characters of a value that an error shows."""


class BadInput(ValueError):
    """A value that the node cannot work with: ``raise BadInput("width", "must be even", 3)``.

    The text begins with the handle and may end with the value; the errors of the job name the handle.
    """

    def __init__(self, handle: str, message: str, *value: Any) -> None:
        got = f", got {_shown(value[0])}" if value else ""
        super().__init__(f"{handle}: {message}{got}")
        self.handle = handle


def _shown(value: Any) -> str:
    text = repr(value[: SHOWN + 1] if isinstance(value, str | bytes | list) else value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
