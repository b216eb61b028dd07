"""Frames on a byte stream: a length (u32, little-endian), then one MessagePack array. Read by both ends of the link."""

import asyncio
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

import msgspec

from nodetool.protocol import frames

Frame = TypeVar("Frame")

to_runner: msgspec.msgpack.Decoder[frames.ToRunner] = msgspec.msgpack.Decoder(frames.ToRunner)
to_server: msgspec.msgpack.Decoder[frames.ToServer] = msgspec.msgpack.Decoder(frames.ToServer)

_encode = msgspec.msgpack.Encoder().encode


class Framing(asyncio.Protocol, Generic[Frame]):
    """One end of a link. What one read brought is handed over together, and what is sent because of it leaves in one
    write behind it; so does what is sent in any other tick, at its end.

    ``on_frames`` gets the frames of a read, ``on_lost`` is called once when the other end is gone, after all that it
    sent was handed over. A frame over *max_frame* bytes, or one that does not decode, ends the link.
    """

    def __init__(
        self,
        decoder: "msgspec.msgpack.Decoder[Frame]",
        on_frames: Callable[[list[Frame]], None],
        on_lost: Callable[[], None],
        *,
        max_frame: int,
    ) -> None:
        self._decoder = decoder
        self._on_frames = on_frames
        self._on_lost = on_lost
        self._max_frame = max_frame
        self._buffer = bytearray()
        self._out: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        """That of the link, once it stands: to ask which loop runs is a system call."""
        self._is_lost = False
        self._flush_comes = False
        """What is sent now need not see to it that it is written."""

    def send(self, frame: Any) -> None:
        """Queue *frame*; it is written with all others, a moment later. Dropped if the link is gone."""
        data = _encode(frame)
        if not self._flush_comes and self._loop:
            self._flush_comes = True
            self._loop.call_soon(self.flush)
        self._out += (len(data).to_bytes(4, "little"), data)

    def flush(self) -> None:
        """Write what is queued now; before the link stands, leave it queued."""
        self._flush_comes = False
        if self._transport is None and not self._is_lost:
            return
        out, self._out = self._out, []
        if out and self._transport and not self._transport.is_closing():
            self._transport.write(b"".join(out))

    def close(self) -> None:
        """Write what is queued, and close this end."""
        self.flush()
        if self._transport:
            self._transport.close()

    def abort(self) -> None:
        """Cut the link, if it still stands."""
        if self._transport:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = cast(asyncio.Transport, transport)
        self.flush()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        got: list[Frame] = []
        is_sound = self._cut(got)
        if got:
            self._flush_comes = True
            try:
                self._on_frames(got)
            finally:
                self.flush()
        if not is_sound:
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._transport = None
        self._is_lost = True
        self._on_lost()

    def _cut(self, got: list[Frame]) -> bool:
        """Move the whole frames from the buffer to *got*; return whether what came can be read."""
        buffer, start = self._buffer, 0
        while len(buffer) - start >= 4:
            size = int.from_bytes(buffer[start : start + 4], "little")
            if size > self._max_frame:
                return False
            end = start + 4 + size
            if len(buffer) < end:
                break
            try:
                got.append(self._decoder.decode(bytes(memoryview(buffer)[start + 4 : end])))  # frames may keep parts
            except (ValueError, RecursionError):  # malformed, not UTF-8, or nested too deep
                return False
            start = end
        if start:
            del buffer[:start]
        return True
