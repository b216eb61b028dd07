"""What a deployment may change about the server."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nodetool import __version__

MIB = 1024 * 1024

Surface = Literal["editor", "worker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Which surface is served, and its limits."""

    surface: Surface = "editor"
    host: str = "127.0.0.1"
    """What the server is bound to; this name is its own."""
    allow_hosts: tuple[str, ...] = ()
    """Further names, ``example.org`` for any port or ``example.org:8443``."""
    allow_origins: tuple[str, ...] = ()
    """Origins of pages that may call, ``https://example.org``; ``null`` for pages opened from disk."""
    allow_graphs: bool = False
    """Run graphs that are sent along on the worker too; the editor always does."""
    trust_proxies: tuple[str, ...] = ()
    """Addresses of proxies of ours, which say from where they were called."""
    user_rate: float = 0.0
    """Requests and commands a second that are taken from a user; 0 is no limit."""
    address_rate: float = 0.0
    """Requests a second that are taken from an address; 0 is no limit."""
    max_connections: int = 0
    """Connections that an address may have; 0 is no limit."""
    head_timeout: float = 10.0
    """Seconds that the head of a request may take; 0 is no limit."""
    body_timeout: float = 30.0
    """Seconds in which 64 KiB of a body, or its end, must come; 0 is no limit."""
    audit: bool = False
    """Log who ran, changed or deleted what."""
    max_body: int = 16 * MIB
    """Bytes of a request body, and of a frame from a client."""
    max_blob: int = 1024 * MIB
    """Bytes of a stored file."""
    silence: float = 15.0
    """Seconds without an event until a stream sends a sign of life."""
    max_wait: float = 0.0
    """Seconds that a run is waited for; then the answer is where to look. 0 waits for the end."""
    patience: float = 30.0
    """Seconds that a client on a socket may take to receive 64 KiB."""
    introduction: float = 5.0
    """Seconds that a socket without a token has for a first command that holds one."""
    again: float = 5.0
    """Seconds after which a token is looked at again, on a socket that only listens."""
    page: Path | None = None
    """The page for people, at ``/``."""
    version: str = __version__

    @property
    def prefix(self) -> str:
        """Return what stands before the paths of the API."""
        return "/api" if self.surface == "editor" else ""

    @property
    def takes_graphs(self) -> bool:
        return self.surface == "editor" or self.allow_graphs

    @property
    def takes_bare_params(self) -> bool:
        """Whether a body without the envelope ``{"params": …}`` is the params themselves."""
        return self.surface == "worker"
