"""Nodes that write bytes with letters and digits."""

import base64
import binascii
from typing import ClassVar

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Node


class Encode(Node):
    """Write a text as base64.
    base64, encode, text, convert

    Use cases:
    - Put a text where only letters and digits may stand
    - Send a file as part of JSON
    - Make a header of a name and a password
    """

    type_name: ClassVar = "lib.base64.Encode"
    title: ClassVar = "Encode Base64"
    runs: ClassVar[Runs] = "inline"

    text: str = ""

    def process(self) -> str:
        return base64.b64encode(self.text.encode()).decode()


class Decode(Node):
    """Read base64 that holds a text.
    base64, decode, text, convert

    Spaces and line breaks do not count, and the signs = at the end may be missing.

    Use cases:
    - Read what a web service sends as base64
    - Read a part of a mail
    - Read a header
    """

    type_name: ClassVar = "lib.base64.Decode"
    title: ClassVar = "Decode Base64"
    runs: ClassVar[Runs] = "inline"

    data: str = ""

    def process(self) -> str:
        data = "".join(self.data.split())
        try:
            return base64.b64decode(data + "=" * (-len(data) % 4), validate=True).decode()
        except (binascii.Error, ValueError) as error:
            what = "its bytes are no text" if isinstance(error, UnicodeDecodeError) else "is not base64"
            raise BadInput("data", what, self.data) from error
