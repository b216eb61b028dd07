"""How many requests are taken from a user and from an address."""

import ipaddress
from collections.abc import Callable
from typing import Any

from nodetool.protocol.errors import RateLimited
from nodetool.server.buckets import Buckets
from nodetool.server.options import Options

BURST = 2.0
"""Seconds' worth of requests that may come at once."""


class Pace:
    """Refuses what comes too fast. A rate of 0 is no limit. *now* is a clock that only goes forward."""

    def __init__(self, options: Options, *, now: Callable[[], float]) -> None:
        self._now = now
        self._user = buckets(options.user_rate)
        self._address = buckets(options.address_rate)

    def check_address(self, scope: Any) -> None:
        """Raise RateLimited if too much comes from the address of this request."""
        client = scope.get("client")
        if self._address and client and (seconds := self._address.take(network(client[0]), self._now())):
            raise RateLimited("too many requests come from this address; see --address-rate", seconds=seconds)

    def check_user(self, user: str) -> None:
        """Raise RateLimited if a user asks for too much."""
        if self._user and (seconds := self._user.take(user, self._now())):
            raise RateLimited("this user sends too many requests; see --user-rate", seconds=seconds)


def buckets(rate: float) -> Buckets | None:
    return Buckets(rate, max(1.0, rate * BURST)) if rate else None


def network(address: str) -> str:
    """Return what one client is counted by: its address, or the /64 that it has for itself with IPv6."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if known.version == 4:
        return address
    mapped = known.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.ip_network((known, 64), strict=False))
