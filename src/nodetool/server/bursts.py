"""Several frames of a socket in one write.

An application sends a frame a message, and for each the HTTP server makes an object, looks at its states and writes to
the connection: that takes longer than all that was done for the event before. Our connections take the frames of a
turn together, and say so by an ASGI extension of their own; over others they leave one by one.
"""

from collections.abc import Awaitable, Callable, Sequence
from struct import Struct
from typing import Any

from nodetool.server.frames import Frame
from nodetool.server.types import Scope, Send

EXTENSION = "nodetool.frames"
"""In a scope's extensions: a ``websocket.send`` may hold ``frames``, a list, in place of ``bytes`` or ``text``."""

SendFrames = Callable[[Sequence[Frame]], Awaitable[None]]

# The head of an unmasked frame that is whole (RFC 6455, 5.2): its opcode, and its length in as few bytes as hold it.
_TEXT, _BINARY = 0x81, 0x82
_TINY, _SMALL = 125, 0xFFFF
_tiny = Struct(">BB").pack
_small = Struct(">BBH").pack
_large = Struct(">BBQ").pack


def sender(scope: Scope, send: Send) -> SendFrames:
    """Return what sends frames over the connection of *scope*."""
    if EXTENSION in scope.get("extensions", ()):

        async def together(frames: Sequence[Frame]) -> None:
            await send({"type": "websocket.send", "frames": frames})

        return together

    async def one_by_one(frames: Sequence[Frame]) -> None:
        for frame in frames:
            await send(message(frame))

    return one_by_one


def message(frame: Frame) -> Any:
    """Return what ASGI sends for a frame."""
    kind = "bytes" if isinstance(frame, bytes) else "text"
    return {"type": "websocket.send", kind: frame}


def on_wire(frames: Sequence[Frame]) -> bytes:
    """Return frames as a server writes them: whole, unmasked, without extensions."""
    pieces: list[bytes] = []
    for frame in frames:
        opcode, data = (_BINARY, frame) if isinstance(frame, bytes) else (_TEXT, frame.encode())
        size = len(data)
        if size <= _TINY:
            head = _tiny(opcode, size)
        elif size <= _SMALL:
            head = _small(opcode, 126, size)
        else:
            head = _large(opcode, 127, size)
        pieces += (head, data)
    return b"".join(pieces)
