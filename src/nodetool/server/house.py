"""The names that are ours: hosts by which we are called, and origins of pages that may call."""

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


class House:
    """The names that are ours."""

    def __init__(self, host: str, allow_hosts: Iterable[str], allow_origins: Iterable[str]) -> None:
        self._hosts = LOOPBACK | {bracketed(host.lower())} | {name.lower() for name in allow_hosts}
        self._origins = frozenset(origin.lower().rstrip("/") for origin in allow_origins)
        self.knows_host = lru_cache(256)(self._knows_host)
        self.knows_origin = lru_cache(256)(self._knows_origin)

    def _knows_host(self, host: bytes, address: str) -> bool:
        """Tell whether *host* is ours: by name, with any port or the one allowed, or as the *address* we are at."""
        name = host.decode("latin-1").lower()
        if self._hosts.isdisjoint({name, without_port(name)}):
            return without_port(name) == bracketed(address)
        return True

    def _knows_origin(self, origin: bytes, host: bytes) -> bool:
        """Tell whether *origin* is ours; *host* is, so the origin that it is part of is too."""
        text = origin.decode("latin-1").lower()
        if text in self._origins:
            return True
        scheme, _, place = text.partition("://")
        if scheme not in {"http", "https"} or not is_place(place):
            return False
        return without_port(place) in LOOPBACK or place == host.decode("latin-1").lower()


def bracketed(address: str) -> str:
    """Return a host as URLs write it."""
    return f"[{address}]" if ":" in address and not address.startswith("[") else address


def without_port(place: str) -> str:
    name, colon, port = place.rpartition(":")
    return name if colon and (port.isdigit() or not port) else place


def is_place(place: str) -> bool:
    """Tell whether *place* is a host with or without a port, and nothing else."""
    try:
        parts = urlsplit(f"//{place}")
        return bool(parts.hostname) and parts.netloc == place and "@" not in place and parts.port != 0
    except ValueError:
        return False
