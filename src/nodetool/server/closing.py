"""Why a socket is closed."""

from dataclasses import dataclass
from typing import Any

REASON_BYTES = 123
"""What a close frame has room for (RFC 6455, 5.5)."""


@dataclass(frozen=True, slots=True)
class Close:
    """A close code and, for people, its reason."""

    code: int
    reason: str

    def message(self) -> Any:
        reason = self.reason.encode()[:REASON_BYTES].decode("utf-8", "ignore")
        return {"type": "websocket.close", "code": self.code, "reason": reason}
