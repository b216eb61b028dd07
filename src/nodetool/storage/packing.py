"""Batches of many small events are stored packed: most of what each of them says, the one before has said as well.

So a stream takes a tenth of the room and of the writing, for less time than the writing would take. A few events are
not worth it, and large ones may be pictures, which do not get smaller and would keep the loop.
"""

from zlib import compress, decompress

PACKED = 1 << 8
"""In the flags of a stored batch, and nowhere else: its bytes are packed."""

WORTH_BYTES = 4096
"""Smaller batches stay as they are …"""

SMALL_EVENT = 512
"""… and so do those whose events take more bytes each, on the average."""

LEVEL = 1
"""zlib's fastest; slower ones make events hardly smaller."""


def pack(count: int, flags: int, data: bytes) -> tuple[int, bytes]:
    """Return the flags and bytes under which a batch is stored."""
    if WORTH_BYTES <= len(data) <= SMALL_EVENT * count:
        return flags | PACKED, compress(data, LEVEL)
    return flags, data


def unpack(flags: int, data: bytes) -> tuple[int, bytes]:
    """Return the flags and bytes of a stored batch as they were. Raises zlib.error if they are damaged."""
    return (flags & ~PACKED, decompress(data)) if flags & PACKED else (flags, data)
