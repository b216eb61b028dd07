"""Events in pieces: what is known of an event before a run is encoded once, and joined with the rest at each telling.

The classes in ``protocol/events`` stay the truth of what an event holds, and whatever is told rarely goes through them.
A chain of ten thousand nodes tells thirty thousand events, of which only number, time and values differ from run to
run: joining bytes takes a third of the time of making an object and encoding it. A test compares both.
"""

from collections.abc import Sequence
from struct import Struct
from typing import Any

import msgspec

_encoder = msgspec.msgpack.Encoder()

number = Struct(">BI").pack
"""Packs 0xCE and an integer of 32 bits: a job has at most 2**24 events."""

NUMBER, TIME = 0xCE, 0xCF
"""What MessagePack writes before an unsigned integer of 32 and of 64 bits."""

_time = Struct(">BQ").pack


def packed(**fields: Any) -> bytes:
    """Return fields as they stand in a MessagePack map, one after the other."""
    return b"".join(_encoder.encode(part) for field in fields.items() for part in field)


def key(name: str) -> bytes:
    """Return the name of a field whose value follows."""
    return _encoder.encode(name)


def place(job_id: str, workflow_id: str, path: Sequence[str | int] = ()) -> bytes:
    """Return the fields that are the same in all events of a run."""
    where = _JOB + _encoder.encode(job_id) + _WORKFLOW + _encoder.encode(workflow_id)
    return where + packed(path=path) if path else where


_JOB, _WORKFLOW = key("job_id"), key("workflow_id")


def head(type: str, fields: int) -> bytes:
    """Return how every event of a type begins: a map of so many *fields*, of which ``place`` has to follow."""
    return bytes((0x80 | fields,)) + packed(type=type)


SEQ = key("seq")
"""Stands between the place of an event and its number."""


def stamp(milliseconds: int) -> bytes:
    """Return the time of an event."""
    return _TIME_KEY + _time(TIME, milliseconds)


_TIME_KEY = key("time")
