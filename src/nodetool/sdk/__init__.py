"""What a node author sees. ``nodetool.sdk.testing`` runs a node without a workflow."""

from msgspec import Meta as Meta

from nodetool.protocol.values import Chunk as Chunk
from nodetool.sdk.context import Context as Context
from nodetool.sdk.errors import BadInput as BadInput
from nodetool.sdk.function import node as node
from nodetool.sdk.http import Http as Http
from nodetool.sdk.http import HttpFailed as HttpFailed
from nodetool.sdk.http import Response as Response
from nodetool.sdk.node import InputNode as InputNode
from nodetool.sdk.node import Node as Node
from nodetool.sdk.node import OutputNode as OutputNode
from nodetool.sdk.retry import Retry as Retry
from nodetool.sdk.stream import Stream as Stream
from nodetool.sdk.tools import SecretMissing as SecretMissing
from nodetool.sdk.workflow import Workflow as Workflow
from nodetool.sdk.workspace import Workspace as Workspace

__all__ = [
    "BadInput",
    "Chunk",
    "Context",
    "Http",
    "HttpFailed",
    "InputNode",
    "Meta",
    "Node",
    "OutputNode",
    "Response",
    "Retry",
    "SecretMissing",
    "Stream",
    "Workflow",
    "Workspace",
    "node",
]
