"""Nodes that make bytes fewer, and bring them back; text becomes bytes and again text.

What comes back is bounded: a few bytes may stand for very many.
"""

import gzip
import zlib
from typing import Annotated, ClassVar

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Meta, Node

MAX_BYTES = 64 * 1024 * 1024
"""Of what is decompressed."""

GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class GzipCompress(Node):
    """Compress bytes as gzip does.
    gzip, compress, bytes, pack

    Use cases:
    - Keep large texts small
    - Send data to a service that takes gzip
    - Make a file of a log
    """

    type_name: ClassVar = "lib.gzip.GzipCompress"
    runs: ClassVar[Runs] = "blocking"

    data: bytes | None = None

    def process(self) -> bytes:
        return gzip.compress(self.data or b"", mtime=0)


class GzipDecompress(Node):
    """Bring back what gzip compressed, up to 64 MiB.
    gzip, decompress, bytes, unpack

    Use cases:
    - Read a compressed file
    - Read the answer of a service
    - Read a log
    """

    type_name: ClassVar = "lib.gzip.GzipDecompress"
    runs: ClassVar[Runs] = "blocking"

    data: bytes | None = None

    def process(self) -> bytes:
        return _decompressed(self.data or b"", "gzip")


class Compress(Node):
    """Compress bytes as zlib does.
    zlib, compress, bytes, pack, deflate

    Use cases:
    - Keep large texts small
    - Send data to a program that takes zlib
    - Compare how much two texts repeat themselves
    """

    type_name: ClassVar = "lib.zlib.Compress"
    runs: ClassVar[Runs] = "blocking"

    data: bytes = b""
    level: Annotated[int, Meta(ge=0, le=9, description="0 does nothing, 1 is fast, 9 makes it smallest.")] = 9

    def process(self) -> bytes:
        return zlib.compress(self.data, self.level)


class Decompress(Node):
    """Bring back what zlib compressed, up to 64 MiB.
    zlib, decompress, bytes, unpack, inflate

    Use cases:
    - Read compressed data
    - Read a part of a file
    - Read what a program sent
    """

    type_name: ClassVar = "lib.zlib.Decompress"
    runs: ClassVar[Runs] = "blocking"

    data: bytes = b""

    def process(self) -> bytes:
        return _decompressed(self.data, "zlib")


def _decompressed(data: bytes, kind: str) -> bytes:
    made = bytearray()
    try:
        while data:
            one = zlib.decompressobj(GZIP_OR_ZLIB)
            made += one.decompress(data, MAX_BYTES + 1 - len(made))
            if len(made) > MAX_BYTES:
                raise BadInput("data", f"holds more than {MAX_BYTES} bytes")
            if not one.eof:
                raise BadInput("data", "ends too early")
            data = one.unused_data.lstrip(b"\0")  # gzip may pad, and may hold several parts
    except zlib.error as error:
        raise BadInput("data", f"is not {kind}: {error}") from error
    return bytes(made)
