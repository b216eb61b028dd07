"""Encrypts what nobody is to read in the database: AES-256-GCM, with a key that is not in it.

A sealed value begins with a version, which key it was, and a nonce. What it belongs to is part of the seal: a row that
is copied to another user or name does not open there.
"""

import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property
from os import urandom
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = b"\x01"

KEY_ID, NONCE = 4, 12
"""Bytes."""


class Unreadable(ValueError):
    """This was sealed with a key that is not here, or was changed."""


class Seal:
    """Seals with the first of the keys, opens with any. *keys* is asked at first use, and so is the library.

    A key is a text, as long and as random as its owner made it; what encrypts is its SHA-256.
    """

    def __init__(self, keys: Callable[[], Sequence[str]]) -> None:
        self._read = keys

    def close(self, data: bytes, about: str) -> bytes:
        """Seal *data*, which belongs to *about*."""
        id, cipher = next(iter(self._ciphers.items()))
        nonce = urandom(NONCE)
        return VERSION + id + nonce + cipher.encrypt(nonce, data, about.encode())

    def open(self, sealed: bytes, about: str) -> bytes:
        """Return what was sealed. Raises Unreadable."""
        from cryptography.exceptions import InvalidTag

        id, rest = sealed[1 : 1 + KEY_ID], sealed[1 + KEY_ID :]
        cipher = self._ciphers.get(id)
        if sealed[:1] != VERSION or cipher is None:
            raise Unreadable("sealed with a key that is not here")
        try:
            return cipher.decrypt(rest[:NONCE], rest[NONCE:], about.encode())
        except (InvalidTag, ValueError) as error:
            raise Unreadable("sealed for something else, or changed") from error

    def is_fresh(self, sealed: bytes) -> bool:
        """Tell whether it was sealed with the first key."""
        return sealed[1 : 1 + KEY_ID] == next(iter(self._ciphers))

    @cached_property
    def _ciphers(self) -> "dict[bytes, AESGCM]":
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        keys = [hashlib.sha256(text.encode()).digest() for text in self._read()]
        return {hashlib.sha256(b"nodetool key\0" + key).digest()[:KEY_ID]: AESGCM(key) for key in keys}
