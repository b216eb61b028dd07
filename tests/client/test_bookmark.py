"""Events are taken one by one, each the next."""

import msgspec
import pytest

from nodetool.client.bookmark import Bookmark
from nodetool.client.errors import BadAnswer

QUEUED = {
    "type": "job_update",
    "job_id": "j",
    "workflow_id": "w",
    "seq": 1,
    "time": 5,
    "status": "queued",
    "attempt": 1,
}


def line(**changes: object) -> str:
    return msgspec.json.encode({**QUEUED, **changes}).decode()


def test_an_event_of_a_kind_that_is_not_known_counts_and_is_passed_over() -> None:
    bookmark = Bookmark("j")

    assert bookmark.take(line(type="fanfare", volume=11)) is None
    assert bookmark.take(line(seq=2)) is not None
    assert bookmark.seq == 2


def test_the_last_event_ends_it() -> None:
    bookmark = Bookmark("j", 8)

    bookmark.take(line(seq=9, status="completed"))

    assert bookmark.ended


@pytest.mark.parametrize("seq", [4, 5, 7])
def test_what_is_not_the_next_event_is_no_event(seq: int) -> None:
    with pytest.raises(BadAnswer, match="where 6 was due"):
        Bookmark("j", 5).take(line(seq=seq))


@pytest.mark.parametrize("data", ["{", "[]", '{"type":"job_update"}', line(time="soon"), b"\xc1", b"\x80"])
def test_what_does_not_decode_is_no_event(data: str | bytes) -> None:
    with pytest.raises(BadAnswer):
        Bookmark("j").take(data)
