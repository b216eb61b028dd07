"""How a request for a run wants it: how long it waits, by which key it may come again, and what if it goes away.

Most requests want nothing special, which the look at their headers tells that is needed anyway.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from nodetool.server.requests import Query, Request, header, misfit
from nodetool.server.responses import Header

MAX_KEY = 255
MAX_WAIT = 10**6

_WAIT = re.compile(r"wait\s*=\s*\"?(\d{1,9})\"?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a request says beside its body."""

    lines: bool = False
    """``?stream=true``: every event as a line."""
    cancels: bool = False
    """``?on_disconnect=cancel``: the run ends if the client goes away."""
    key: str | None = None
    """``Idempotency-Key``."""
    wait: int | None = None
    """``Prefer: wait=N``: seconds until the answer is where to look."""
    is_async: bool = False
    """``Prefer: respond-async``: at once, or after these seconds."""

    def seconds(self, most: float) -> float | None:
        """Return how long to wait for the end, at *most* (0: without end); None is without end too."""
        wanted = 0 if self.is_async and self.wait is None else self.wait
        if wanted is None:
            return most or None
        return min(wanted, most) if most else wanted

    def applied(self, most: float) -> tuple[Header, ...]:
        """Return the header that names the preferences which are followed (RFC 7240)."""
        if self.wait is None and not self.is_async:
            return ()
        told = ["respond-async"] if self.is_async else []
        if self.wait is not None:
            told.append(f"wait={self.seconds(most):g}")
        return ((b"preference-applied", ", ".join(told).encode()),)


PLAIN = Wishes()


def wishes_of(request: Request) -> Wishes:
    """Read all wishes that a request may have. Raises InvalidRequest."""
    query = Query(request)
    wait, is_async = preferences(value for name, value in request.scope["headers"] if name == b"prefer")
    return Wishes(
        lines=query.flag("stream"),
        cancels=cancels_in(query),
        key=key_of(header(request, b"idempotency-key")),
        wait=wait,
        is_async=is_async,
    )


def preferences(values: Iterable[bytes]) -> tuple[int | None, bool]:
    """Return ``wait`` and ``respond-async`` from the ``Prefer`` headers.

    Preferences are only that: what we do not know, or cannot read, is passed over. Of one that comes twice the first
    counts.
    """
    wait, is_async = None, False
    for text in b",".join(values).decode("latin-1").lower().split(","):
        preference = text.partition(";")[0].strip()
        if preference == "respond-async":
            is_async = True
        elif wait is None and (found := _WAIT.fullmatch(preference)):
            wait = min(int(found[1]), MAX_WAIT)
    return wait, is_async


def key_of(value: str | None) -> str | None:
    if value is None:
        return None
    if not 0 < len(value) <= MAX_KEY or not value.isascii() or not value.isprintable():
        raise misfit("Idempotency-Key", f"expected 1 to {MAX_KEY} printable ASCII characters")
    return value


def cancels_in(query: Query) -> bool:
    value = query.text("on_disconnect")
    if value not in {None, "cancel", "continue"}:
        raise misfit("on_disconnect", f"expected cancel or continue, got {str(value)[:40]!r}")
    return value == "cancel"
