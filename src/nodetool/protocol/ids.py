"""Ids of jobs and workflows: time-ordered UUIDs (RFC 9562, version 7), written as 32 lower-case hex digits.

And the names that secrets may have.
"""

import re
from os import urandom
from struct import Struct

_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)

_words = Struct("512Q")

_tails: list[int] = []

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


def new_id(now_us: int) -> str:
    """Return a new id of the moment *now_us* (microseconds since 1970).

    The 12 bits behind the milliseconds hold their fraction, so ids made one after the other sort in that order
    (RFC 9562, 6.2, method 3); 62 bits are random.
    """
    millis, micros = divmod(now_us, 1000)
    fraction = micros * 4096 // 1000
    return f"{millis << 80 | 7 << 76 | fraction << 64 | 2 << 62 | _tail():032x}"


def _tail() -> int:
    """Return 62 random bits. They are asked for many at a time: each question is a system call."""
    while True:
        try:
            return _tails.pop() & 0x3FFF_FFFF_FFFF_FFFF
        except IndexError:  # all are used up, maybe by another thread just now
            _tails.extend(_words.unpack(urandom(_words.size)))


def is_secret_name(text: str) -> bool:
    """Tell whether a secret may have this name: that of a variable, as people know them."""
    return _VARIABLE.fullmatch(text) is not None


def workspace_name(job_id: str, attempt: int) -> str:
    """Return how the folder of a run is called: no two attempts of a job share one."""
    return f"{job_id}.{attempt}"


def normal_id(text: str) -> str | None:
    """Return the UUID *text*, with or without dashes, as 32 lower-case hex digits; None if it is none."""
    return text.replace("-", "").lower() if _UUID.fullmatch(text) else None
