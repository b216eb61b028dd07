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
        if self._address is not None and client:
            self._check(
                self._address, network(client[0]), "too many requests come from this address; see --address-rate"
            )

    def check_user(self, user: str) -> None:
        """Raise RateLimited if a user asks for too much."""
        if self._user is not None:
            self._check(self._user, user, "this user sends too many requests; see --user-rate")

    def _check(self, buckets: Buckets, key: str, sentence: str) -> None:
        if seconds := buckets.take(key, self._now()):
            raise RateLimited(sentence, seconds=seconds)


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
