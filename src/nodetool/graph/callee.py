"""What a caller sees of a workflow, or why there is nothing to see."""

from typing import NamedTuple

import msgspec

from nodetool.protocol.descriptions import TypeMetadata

WORKFLOW_ID = "workflow_id"
"""The property that names the workflow which a node calls."""


class Callee(msgspec.Struct, frozen=True):
    """A workflow that may be called."""

    place: int
    """Its index among the workflows that a plan calls."""
    name: str
    height: int
    """1 if it calls none itself, else one more than the highest of those."""
    inputs: dict[str, TypeMetadata]
    required: tuple[str, ...]
    """Inputs without a default."""
    outputs: dict[str, TypeMetadata]
    """What a run of it gives."""
    items: dict[str, TypeMetadata]
    """What comes of it item by item."""


class Trouble(NamedTuple):
    """Why a workflow cannot be called, as a finding of the node that would."""

    code: str
    message: str
