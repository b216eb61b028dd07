"""Tokens that were found good a moment ago, by their hash."""

from collections import OrderedDict

from nodetool.auth.identity import Identity


class Cache:
    """Remembers at most *size* identities, each for its time. What was used longest ago goes first.

    Tokens that are nobody's are not remembered: whoever invents them could push out those that are good.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._known: OrderedDict[bytes, tuple[Identity, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: bytes, now: float) -> Identity | None:
        found = self._known.get(key)
        if found is None:
            return None
        identity, until = found
        if now >= until:
            del self._known[key]
            return None
        self._known.move_to_end(key)
        return identity

    def put(self, key: bytes, identity: Identity, until: float) -> None:
        if self._size < 1:
            return
        self._known[key] = (identity, until)
        self._known.move_to_end(key)
        if len(self._known) > self._size:
            self._known.popitem(last=False)

    def drop(self, key: bytes) -> None:
        self._known.pop(key, None)
