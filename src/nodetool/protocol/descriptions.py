"""What the server knows of a node type without importing it."""

from pathlib import Path
from typing import Any, Literal

import msgspec

Runs = Literal["inline", "async", "blocking", "cpu", "gpu"]
"""How a node's work behaves, from least to most demanding; see RUNS for the order."""

RUNS: tuple[Runs, ...] = ("inline", "async", "blocking", "cpu", "gpu")

Touch = Literal["code", "host"]
"""What a node may do to the machine beside computing: run code that comes with the workflow, or reach files, processes
and devices."""

TOUCHES: tuple[Touch, ...] = ("code", "host")

Calls = Literal["run", "stream"]
"""How a node calls the workflow that its ``workflow_id`` names: it sends what each run of it gives, or passes the items
of its outputs on as they come."""

Role = Literal["node", "input", "output", "preview", "note"]
"""What the engine does with a node: run it, feed it from params, collect from it, show its values, or nothing."""


PATH_PREFIX = "nodetool_path."
"""Modules loaded from a file are imported under this name; it is not part of a type's name."""


def is_package(file: Path) -> bool:
    """Say whether a file makes its folder a package."""
    return file.name == "__init__.py"


def named_by(file: Path) -> str:
    """Return what the types of a file are named by: the file, or the folder that it makes a package.

    So they have the same names as once the package is installed.
    """
    return file.absolute().parent.name if is_package(file) else file.stem


class TypeMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """A type as NodeTool's clients read it: a name, and arguments for ``list``, ``dict`` and ``union``."""

    type: str
    optional: bool = False
    values: list[str | int] | None = None
    """The members of an ``enum``."""
    type_args: list["TypeMetadata"] = []
    type_name: str | None = None


ANY = TypeMetadata(type="any")


class Property(msgspec.Struct, frozen=True, kw_only=True):
    """An input of a node: a handle that takes an edge, or a value in the node's ``data``."""

    name: str
    type: TypeMetadata
    default: Any = None
    title: str | None = None
    description: str | None = None
    min: float | int | None = None
    max: float | int | None = None
    json_schema_extra: dict[str, Any] | None = None
    required: bool = False
    """It has no default: without a value or an edge the workflow has a finding."""
    stream: bool = False
    """The node reads this handle itself, item by item."""


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """An out-handle of a node."""

    name: str
    type: TypeMetadata
    stream: bool = False


class NodeDescription(msgspec.Struct, frozen=True, kw_only=True):
    """One node type: what the editor shows, what the plan needs, and where its class is found."""

    node_type: str
    title: str
    description: str
    namespace: str
    role: Role = "node"
    runs: Runs
    yields: bool = False
    """``process`` is a generator: its outputs are streams."""
    checkpoint: bool = False
    """What it sent is kept: a later attempt of the job does not compute it again."""
    timeout: float = 0.0
    """Seconds that one firing may take; 0 is no limit."""
    attempts: int = 1
    """How often a firing is tried at most."""
    is_dynamic: bool = False
    """Takes any further in-handle, as a dynamic property."""
    supports_dynamic_outputs: bool = False
    properties: list[Property] = []
    outputs: list[Output] = []
    basic_fields: list[str] = []
    touches: list[Touch] = []
    """What it does to the machine; such types are off on the worker unless they are allowed by name."""
    secrets: list[str] = []
    """The secrets that it may read, by name."""
    calls: Calls | None = None
    """It calls a workflow: the inputs and outputs of that are handles of the node."""
    gives: bool = False
    """It gives some of the inputs of the workflow itself, so that they need no value."""
    module: str
    """The module that has the class, as a runner imports it; with ``path``, the name the file is loaded under."""
    qualname: str
    path: str | None = None
    """The file, for nodes given with ``--nodes``."""
    version: str
    """Stands for its code: of another version, nothing is taken that was kept."""


class Pack(msgspec.Struct, frozen=True, kw_only=True):
    """Node types that come from one place, or why they could not be had."""

    name: str
    nodes: list[NodeDescription] = []
    error: str | None = None
    files: list[tuple[str, int, int]] = []
    """What it was read from: path, modification time in ns, size. A change makes the description stale."""


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """The descriptions of every pack, as kept in the home."""

    packs: list[Pack]
    hash: str
    """SHA-256 over the descriptions; part of a plan's hash."""
