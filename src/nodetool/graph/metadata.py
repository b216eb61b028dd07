"""Node types as NodeTool's clients read them at ``/api/nodes/metadata``, and packs. Every key is always there."""

from typing import Any, Literal

import msgspec

from nodetool.graph.catalogue import Catalogue
from nodetool.protocol.descriptions import NodeDescription, Output, Property, TypeMetadata


class PropertyMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """An input, as an editor draws it."""

    name: str
    type: TypeMetadata
    default: Any
    title: str | None
    description: str | None
    min: float | int | None
    max: float | int | None
    json_schema_extra: dict[str, Any] | None


class NodeMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """A node type, as an editor draws it."""

    title: str
    description: str
    namespace: str
    node_type: str
    layout: Literal["default"] = "default"
    properties: list[PropertyMetadata]
    outputs: list[Output]
    the_model_info: dict[str, Any] = {}
    recommended_models: list[Any] = []
    basic_fields: list[str]
    is_dynamic: bool
    is_streaming_output: bool
    expose_as_tool: bool = False
    supports_dynamic_outputs: bool


class PackMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """An installed pack, or a file of nodes: how many types it has, and what kept others from being had."""

    name: str
    nodes: int
    error: str | None


def packs(catalogue: Catalogue) -> list[PackMetadata]:
    """Return every pack, ours first."""
    return [PackMetadata(name=pack.name, nodes=len(pack.nodes), error=pack.error) for pack in catalogue.packs]


def metadata(catalogue: Catalogue) -> list[NodeMetadata]:
    """Return every node type, in the order of the packs."""
    return [_node(description) for description in catalogue]


def _node(description: NodeDescription) -> NodeMetadata:
    return NodeMetadata(
        title=description.title,
        description=description.description,
        namespace=description.namespace,
        node_type=description.node_type,
        properties=[_property(one) for one in description.properties],
        outputs=description.outputs,
        basic_fields=description.basic_fields,
        is_dynamic=description.is_dynamic,
        is_streaming_output=description.yields,
        supports_dynamic_outputs=description.supports_dynamic_outputs,
    )


def _property(one: Property) -> PropertyMetadata:
    return PropertyMetadata(
        name=one.name,
        type=one.type,
        default=one.default,
        title=one.title,
        description=one.description,
        min=one.min,
        max=one.max,
        json_schema_extra=one.json_schema_extra,
    )
