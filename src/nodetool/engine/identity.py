"""Which firing of a node this is: found again on every attempt of the job, in whatever order its inputs arrive."""

import hashlib
from collections import Counter
from typing import NamedTuple
from uuid import UUID

from nodetool.engine.bind import BoundNode
from nodetool.engine.gate import Row
from nodetool.engine.handles import inputs
from nodetool.engine.report import Path
from nodetool.protocol.values import Unsendable, exactly


class Firing(NamedTuple):
    """A firing among those of its node."""

    content: bytes
    """SHA-256 of its inputs; empty if one of them cannot be written down."""
    number: int
    """How many firings on the same inputs came before: two of them are two samples."""


class Identities:
    """Numbers the firings of one node. Those whose inputs cannot be written down are numbered as they come."""

    def __init__(self) -> None:
        self._seen: Counter[bytes] = Counter()

    def next(self, node: BoundNode, row: Row) -> Firing:
        """Return which firing of *node* it is that has *row* for its inputs."""
        content = _content(node, row)
        self._seen[content] += 1
        return Firing(content, self._seen[content] - 1)


def token(job_id: str, node_id: str, firing: Firing, path: Path = ()) -> str:
    """Return what stands for a firing at providers: a UUID, which all of them take for a key."""
    return str(UUID(bytes=_digest(job_id, node_id, *firing, *path)[:16], version=5))


def key(node: BoundNode, firing: Firing, path: Path = ()) -> bytes:
    """Return under which key a firing is kept; *path* leads to the workflow that the node is in."""
    return _digest(node.base, *firing, *path)


def _content(node: BoundNode, row: Row) -> bytes:
    try:
        return _digest(inputs(node, row))
    except Unsendable:
        return b""


def _digest(*parts: object) -> bytes:
    """Return the SHA-256 of canonical MessagePack."""
    return hashlib.sha256(exactly(parts)).digest()
