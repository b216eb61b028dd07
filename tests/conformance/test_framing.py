"""Server-sent events, as strictly as the contract has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.conformance.framing import ServerSent
from nodetool.conformance.laws import Wrong

STREAM = b': \n\nid: 1\ndata: {"a":"\\n"}\n\nid: 2\ndata: {}\n\n: still there\n\ndata: [DONE]\n\n'


def heard_in(chunks: list[bytes]) -> list[tuple[str, str]]:
    """Return the frames of a whole stream."""
    frames = ServerSent()
    heard = [frame for chunk in chunks for frame in frames.feed(chunk)]
    frames.close()
    return heard


@given(st.lists(st.integers(0, len(STREAM))))
def test_frames_are_whole_wherever_the_stream_is_cut(places: list[int]) -> None:
    cuts = sorted(places)
    chunks = [STREAM[start:end] for start, end in zip([0, *cuts], [*cuts, len(STREAM)], strict=True)]

    assert heard_in(chunks) == [("1", '{"a":"\\n"}'), ("2", "{}")]


@pytest.mark.parametrize(
    ("stream", "fault"),
    [
        (b"event: job_update\nid: 1\ndata: {}\n\n", "not one id and one data"),
        (b"data: {}\n\n", "not one id and one data"),
        (b"id: 1\ndata: {\ndata: }\n\n", "not one id and one data"),
        (b"data: [DONE]\n\nid: 1\ndata: {}\n\n", "behind data: .DONE"),
        (b"id: 1\ndata: {}\n\n", "without data: .DONE"),
        (b"data: [DONE]\n\nid: 2\n", "inside of a frame"),
    ],
)
def test_what_is_not_as_agreed_is_found(stream: bytes, fault: str) -> None:
    with pytest.raises(Wrong, match=fault):
        heard_in([stream])
