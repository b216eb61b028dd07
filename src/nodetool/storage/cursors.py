"""The opaque cursors of lists: the number of a page's last row, and the list it belongs to."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from nodetool.protocol.errors import InvalidCursor

START = 2**63 - 1
"""Before the first row: lists go from the highest number down."""


def to_cursor(kind: str, no: int) -> str:
    """Return the cursor of what follows row *no* in the list *kind* (one letter)."""
    return urlsafe_b64encode(f"{kind}{no}".encode()).decode().rstrip("=")


def from_cursor(kind: str, cursor: str) -> int:
    """Return the number of the row that the page follows.

    Raises:
        InvalidCursor: this list gave out no such cursor.
    """
    if not cursor:
        return START
    try:
        no = int(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[1:])
    except ValueError as error:
        raise InvalidCursor from error
    if to_cursor(kind, no) != cursor or not 0 < no < START:
        raise InvalidCursor
    return no
