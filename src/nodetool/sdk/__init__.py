"""What a node author sees: ``Node``, ``Stream``, ``Context``, ``Chunk``, and ``nodetool.sdk.testing``."""

from msgspec import Meta as Meta

from nodetool.protocol.values import Chunk as Chunk
from nodetool.sdk.context import Context as Context
from nodetool.sdk.http import Http as Http
from nodetool.sdk.http import HttpFailed as HttpFailed
from nodetool.sdk.http import Response as Response
from nodetool.sdk.node import InputNode as InputNode
from nodetool.sdk.node import Node as Node
from nodetool.sdk.node import OutputNode as OutputNode
from nodetool.sdk.stream import Stream as Stream
from nodetool.sdk.tools import SecretMissing as SecretMissing
from nodetool.sdk.workspace import Workspace as Workspace

__all__ = [
    "Chunk",
    "Context",
    "Http",
    "HttpFailed",
    "InputNode",
    "Meta",
    "Node",
    "OutputNode",
    "Response",
    "SecretMissing",
    "Stream",
    "Workspace",
]
