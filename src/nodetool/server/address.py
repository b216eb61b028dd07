"""Where a request comes from, through proxies that are ours."""

from collections.abc import Iterable

from nodetool.server.responses import Header

FORWARDED = b"x-forwarded-for"


def address_of(peer: str, headers: Iterable[Header], proxies: frozenset[str]) -> str:
    """Return the address of the client: that of the connection, or what our own *proxies* say.

    Each proxy adds the address it was called from at the end, and a client can write what it likes before that. So
    the last address that is not a proxy of ours is the first that nobody made up.
    """
    if peer not in proxies:
        return peer
    said = ",".join(value.decode("latin-1") for name, value in headers if name == FORWARDED)
    places = [place.strip() for place in said.split(",") if place.strip()]
    return next((place for place in reversed(places) if place not in proxies), peer)[:64]
