"""How far nodes may reach beyond their inputs: told to every runner when it starts."""

import ipaddress
from collections.abc import Iterable

import msgspec

EVERYWHERE = "*"
"""Stands for every private address."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that are about what nodes touch."""

    private_hosts: tuple[str, ...] = ()
    """Addresses and networks that nodes may reach though they are private; ``*`` for all."""
    workspaces: str = ""
    """The folder in which each run that wants one has a folder for files."""
    http_timeout: float = 60.0
    """Seconds that one request of a node may take, redirects and answer included."""
    http_max_bytes: int = 64 << 20
    """Bytes of one answer, unpacked."""


NARROW = Bounds()
"""Where nobody has set anything."""


def networks(hosts: Iterable[str]) -> list[Network]:
    """Read addresses and networks, without EVERYWHERE. Raises ValueError: the text is neither."""
    return [ipaddress.ip_network(host, strict=False) for host in hosts if host != EVERYWHERE]
