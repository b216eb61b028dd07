"""Nodes that make fingerprints."""

import hashlib
from typing import Annotated, ClassVar

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Meta, Node

ALGORITHMS = sorted(name for name in hashlib.algorithms_guaranteed if not name.startswith("shake"))


class HashString(Node):
    """Make a fingerprint of a text, in hexadecimal digits.
    hash, fingerprint, checksum, digest, md5, sha256

    md5 and sha1 are for comparing only: they keep nobody from making another text with the same fingerprint.

    Use cases:
    - See whether a text has changed
    - Make a key of a long text
    - Find doubles
    """

    type_name: ClassVar = "lib.hashlib.HashString"
    runs: ClassVar[Runs] = "inline"

    text: str = ""
    algorithm: Annotated[str, Meta(description="md5, sha1, sha256, sha512, blake2b and others.")] = "md5"

    def process(self) -> str:
        name = self.algorithm.lower()
        if name not in ALGORITHMS:
            raise BadInput("algorithm", f"has to be one of {', '.join(ALGORITHMS)}", self.algorithm)
        return hashlib.new(name, self.text.encode(), usedforsecurity=False).hexdigest()
