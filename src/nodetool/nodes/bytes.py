"""Nodes between text and bytes."""

from typing import Annotated, ClassVar, Literal

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Meta, Node

Encoding = Literal["utf-8", "utf-16", "latin-1", "cp1252", "ascii"]
Errors = Literal["strict", "replace", "ignore"]


class EncodeText(Node):
    """Make bytes of a text.
    bytes, encode, text, convert

    Use cases:
    - Compress a text
    - Send a text to a service that takes bytes
    - Write a text for an old program
    """

    type_name: ClassVar = "lib.bytes.EncodeText"
    runs: ClassVar[Runs] = "inline"

    text: str = ""
    encoding: Encoding = "utf-8"
    errors: Annotated[Errors, Meta(description="What becomes of letters that the encoding does not have.")] = "strict"

    def process(self) -> bytes:
        try:
            return self.text.encode(self.encoding, self.errors)
        except UnicodeEncodeError as error:
            raise BadInput("text", f"{error.object[error.start]!r} cannot be written in {self.encoding}") from error


class DecodeText(Node):
    """Make a text of bytes.
    bytes, decode, text, convert

    Use cases:
    - Read what was decompressed
    - Read what a service sent
    - Read the file of an old program
    """

    type_name: ClassVar = "lib.bytes.DecodeText"
    runs: ClassVar[Runs] = "inline"

    data: bytes = b""
    encoding: Encoding = "utf-8"
    errors: Annotated[Errors, Meta(description="What becomes of bytes that are no letters.")] = "strict"

    def process(self) -> str:
        try:
            return self.data.decode(self.encoding, self.errors)
        except UnicodeDecodeError as error:
            raise BadInput("data", f"byte {error.start} is not {self.encoding}") from error


class Length(Node):
    """Count bytes.
    bytes, length, size, count

    Use cases:
    - Tell how large something is
    - See how much a compression saves
    - Check a limit
    """

    type_name: ClassVar = "lib.bytes.Length"
    title: ClassVar = "Count Bytes"
    runs: ClassVar[Runs] = "inline"

    data: bytes = b""

    def process(self) -> int:
        return len(self.data)
