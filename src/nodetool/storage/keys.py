"""Where the events of a job are stored: a key is the number of the job and that of the batch's first event."""

SEQ_BITS = 24
"""Of a key; the rest is the number of the job."""

FIRST_SEQ = 1
"""The number of a job's first event, ``queued``: it is the row itself, and no batch holds it."""

LAST_SEQ = (1 << SEQ_BITS) - 1


def key(no: int, seq: int) -> int:
    """Return where a job's batch that begins with *seq* is stored."""
    return no << SEQ_BITS | seq


def keys(no: int) -> tuple[int, int]:
    """Return the lowest and the highest key that an event of this job may have."""
    return key(no, 0), key(no, LAST_SEQ)
