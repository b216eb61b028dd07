"""Takes secrets out of what is told: wherever one stands, there are stars in its place.

A secret is found as it is, and as JSON, Python, a URL or Base64 spell it; of one with several lines each longer line
too. Texts that were cut may end in the first part of one. One that a node sends in pieces, or turns into something
else, is not found: that is said in the docs.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec

STARS = "****"

SHORT = 4
"""Characters; what is shorter is only masked where it is all that stands there."""

LONG_LINE = 16
"""Characters of a line of a secret that is looked for by itself."""

DEPTH = 200
"""How deep a value is looked into."""

CUT = 1000
"""Characters of the shortest text that may have been cut."""

CONTENT = frozenset(
    {
        "chunk",
        "content",
        "content_metadata",
        "error",
        "errors",
        "message",
        "metadata",
        "properties",
        "result",
        "value",
    }
)
"""Fields of events that hold what nodes make. The others are words of ours, or names in the graph."""


class Mask:
    """Knows some secrets. Made once a run."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._whole = frozenset(secret for secret in secrets if secret)
        self._long = sorted((secret for secret in self._whole if len(secret) >= SHORT), key=len, reverse=True)
        forms = sorted({form for secret in self._long for form in spellings(secret)}, key=len, reverse=True)
        self._text = re.compile("|".join(map(re.escape, forms)) or "(?!)")
        self._bytes = re.compile(b"|".join(re.escape(form.encode(errors="replace")) for form in forms) or b"(?!)")
        hints = {form[:SHORT] for form in forms} | {secret for secret in self._whole if len(secret) < SHORT}
        self._hint = re.compile(b"|".join(re.escape(hint.encode(errors="replace")) for hint in hints) or b"(?!)")
        self._has_numbers = any(map(_is_number, self._long))

    def may_be_in(self, data: bytes) -> bool:
        """Tell whether encoded values may hold a secret: never False where they do."""
        return self._hint.search(data) is not None

    def text(self, text: str) -> str:
        """Return *text* without secrets."""
        if text in self._whole:
            return STARS
        masked = self._text.sub(STARS, text)
        return self._without_cut(masked) if masked.endswith("…") or len(text) >= CUT else masked

    def value(self, value: Any, left: int = DEPTH) -> Any:
        """Return a plain *value* without secrets, in its keys too; what is nested deeper than DEPTH is stars."""
        kind = type(value)
        if kind is str:
            return self.text(value)
        if kind is bytes:
            return self._bytes.sub(STARS.encode(), value)
        if kind is list:
            return [self.value(item, left - 1) for item in value] if left else STARS
        if kind is dict:
            if not left:
                return STARS
            made = {self.text(key): self.value(item, left - 1) for key, item in value.items()}
            if made.get("type") == "truncated" and isinstance(shown := made.get("preview"), str):
                made["preview"] = self._without_cut(shown)
            return made
        if self._has_numbers and (kind is int or kind is float) and str(value) in self._long:
            return STARS
        return value

    def packed(self, data: bytes) -> bytes:
        """Return a MessagePack value without secrets."""
        return msgspec.msgpack.encode(self.value(msgspec.msgpack.decode(data))) if self._is_suspect(data) else data

    def batch(self, events: Iterable[msgspec.Raw]) -> bytes:
        """Return events, as MessagePack maps back to back, without secrets in what nodes made."""
        return b"".join(map(self._event, events))

    def _event(self, raw: msgspec.Raw) -> bytes:
        data = bytes(raw)
        if not self._is_suspect(data):
            return data
        event = msgspec.msgpack.decode(data)
        masked = {key: self.value(item) if key in CONTENT else item for key, item in event.items()}
        return msgspec.msgpack.encode(masked)

    def _is_suspect(self, data: bytes) -> bool:
        """Tell whether a secret may stand in *data*: how one begins does, or there are numbers to be compared."""
        return self._has_numbers or self._hint.search(data) is not None

    def _without_cut(self, text: str) -> str:
        """Mask the first part of a secret at the end of a text that was cut there."""
        body = text.removesuffix("…")
        for secret in self._long:
            at = body.find(secret[:SHORT], max(0, len(body) - len(secret)))
            while at >= 0:
                if secret.startswith(body[at:]):
                    return body[:at] + STARS + text[len(body) :]
                at = body.find(secret[:SHORT], at + 1)
        return text


def texts_of(value: Any) -> Iterator[str]:
    """Return what is secret of a secret value: its texts and numbers, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_of(item)
    elif isinstance(value, int | float) and not isinstance(value, bool) and len(str(value)) >= SHORT:
        yield str(value)


def spellings(secret: str) -> Iterator[str]:
    """Return the ways in which a secret may be written."""
    data = secret.encode(errors="replace")
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
    yield quote(data, safe="")
    yield quote_plus(data)
    yield base64.b64encode(data).decode()
    yield from (line for line in secret.splitlines() if len(line) >= LONG_LINE)


def _is_number(text: str) -> bool:
    return text.lstrip("-")[:1].isdigit()
