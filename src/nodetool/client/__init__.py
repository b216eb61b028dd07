"""A client of the public API, over HTTP and WebSocket.

For asyncio here, for scripts in ``nodetool.client.sync``; the names are the same.
"""

from nodetool.client.client import Client
from nodetool.client.errors import (
    BadAnswer,
    ClientError,
    JobCancelled,
    JobFailed,
    Refused,
    SocketClosed,
    Unreachable,
)
from nodetool.client.job import Job
from nodetool.client.socket import Socket

__all__ = [
    "BadAnswer",
    "Client",
    "ClientError",
    "Job",
    "JobCancelled",
    "JobFailed",
    "Refused",
    "Socket",
    "SocketClosed",
    "Unreachable",
]
