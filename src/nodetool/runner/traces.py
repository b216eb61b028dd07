"""The trace of an error as text: for the server's log, and for nobody who runs workflows."""

import traceback

from nodetool.protocol.masking import Mask

LONGEST = 16 * 1024
"""Characters of a trace. Of a longer one the beginning and the end are kept: who called, and what was raised."""


def trace_of(error: BaseException, mask: Mask | None = None) -> str:
    """Return the trace of an error, and of those that led to it. It shows lines of code, and no values of variables."""
    text = "".join(traceback.format_exception(error)).rstrip("\n")
    text = mask.text(text) if mask else text
    text = text.encode(errors="replace").decode()  # halves of characters cannot be sent
    return text if len(text) <= LONGEST else _shortened(text)


def _shortened(text: str) -> str:
    half = LONGEST // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters …\n{text[-half:]}"
