"""The workflow document and its graph, as clients send and read them."""

from datetime import datetime
from typing import Annotated, Any

import msgspec

from nodetool.protocol.errors import Fault


class GraphNode(msgspec.Struct, kw_only=True):
    """A node as a document has it. ``data`` holds the values of its properties."""

    id: str
    type: str
    parent_id: str | None = None
    data: dict[str, Any] | None = None
    dynamic_properties: dict[str, Any] | None = None
    dynamic_outputs: dict[str, Any] | None = None
    sync_mode: str | None = None


class GraphEdge(msgspec.Struct, kw_only=True, rename="camel"):
    """A connection from an out-handle to an in-handle."""

    id: str | None = None
    source: str
    source_handle: str
    target: str
    target_handle: str


class Graph(msgspec.Struct, kw_only=True):
    """Nodes and the edges between them, in document order."""

    nodes: list[GraphNode]
    edges: list[GraphEdge]
    workflows: dict[str, "Embedded"] | None = None
    """The workflows that its nodes call, by id, where they come along; else they are found among the stored ones."""


class Embedded(msgspec.Struct, kw_only=True):
    """A workflow that comes with the graph that calls it."""

    name: str = ""
    graph: Graph


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that keeps a stored workflow from running."""

    code: str
    node_id: str
    handle: str | None
    message: str

    def as_fault(self) -> Fault:
        return Fault(code=self.code, node_id=self.node_id, handle=self.handle, message=self.message)


class WorkflowRequest(msgspec.Struct, kw_only=True):
    """What a client sends to store a workflow. Fields that are not here are ignored."""

    name: str
    access: str = "private"
    graph: msgspec.Raw = msgspec.Raw()
    settings: msgspec.Raw = msgspec.Raw(b"{}")
    description: str | None = None
    tags: list[str] | None = None
    tool_name: str | None = None
    package_name: str | None = None
    path: str | None = None
    thumbnail: str | None = None
    thumbnail_url: str | None = None
    run_mode: str | None = None


class Workflow(msgspec.Struct, kw_only=True):
    """A stored workflow as clients read it. Every key is always there.

    ``graph`` and ``settings`` are the JSON that came in.
    """

    id: str
    name: str
    access: str
    description: str
    created_at: str
    updated_at: str
    tags: list[str] | None
    tool_name: str | None
    package_name: str | None
    path: str | None
    thumbnail: str | None
    thumbnail_url: str | None
    run_mode: str | None
    graph: msgspec.Raw
    settings: msgspec.Raw
    input_schema: msgspec.Raw
    output_schema: msgspec.Raw
    findings: list[Finding]
    required_providers: list[str] | None = None
    required_models: list[str] | None = None


class TokenRequest(msgspec.Struct, kw_only=True):
    """What a client sends to make a token: scopes are ``run``, ``read``, ``write`` and ``admin``."""

    name: str
    scopes: tuple[str, ...] = ("run", "read")
    workflow_id: str | None = None
    """The one workflow that it is for."""
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class RunRequest(msgspec.Struct, kw_only=True):
    """The body of a run: a value for each input, by its name; and a UUID for the job, if the client has one."""

    params: dict[str, Any] = {}
    job_id: str | None = None


class SecretRequest(msgspec.Struct, kw_only=True):
    """A secret as it is set."""

    value: str
