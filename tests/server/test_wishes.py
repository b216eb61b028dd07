"""What a request for a run says beside its body."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.protocol.errors import InvalidRequest
from nodetool.server.wishes import MAX_WAIT, PLAIN, Wishes, key_of, preferences


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ([], (None, False)),
        ([b"wait=10"], (10, False)),
        ([b"wait=0"], (0, False)),
        ([b"respond-async"], (None, True)),
        ([b"respond-async, wait=10"], (10, True)),
        ([b"respond-async", b"wait=10"], (10, True)),
        ([b"Respond-Async,WAIT = 10"], (10, True)),
        ([b'wait="10"'], (10, False)),
        ([b"wait=10; foo=bar, respond-async; x"], (10, True)),
        ([b"wait=10, wait=20"], (10, False)),
        ([b"return=minimal, handling=lenient"], (None, False)),
        ([b"wait=999999999"], (MAX_WAIT, False)),
    ],
    ids=str,
)
def test_preferences_are_read_as_rfc_7240_writes_them(headers: list[bytes], wanted: tuple[int | None, bool]) -> None:
    assert preferences(headers) == wanted


@pytest.mark.parametrize("value", [b"wait", b"wait=", b"wait=-1", b"wait=1.5", b"wait=x", b"wait=1e3", b"\xff", b""])
def test_what_cannot_be_read_is_no_preference(value: bytes) -> None:
    assert preferences([value]) == (None, False)


@given(st.lists(st.binary(max_size=20), max_size=4))
def test_no_header_breaks_it(values: list[bytes]) -> None:
    preferences(values)


@pytest.mark.parametrize(
    ("wishes", "most", "seconds", "applied"),
    [
        (PLAIN, 0, None, None),
        (PLAIN, 30, 30, None),
        (Wishes(wait=10), 0, 10, b"wait=10"),
        (Wishes(wait=10), 30, 10, b"wait=10"),
        (Wishes(wait=60), 30, 30, b"wait=30"),
        (Wishes(wait=0), 30, 0, b"wait=0"),
        (Wishes(is_async=True), 0, 0, b"respond-async"),
        (Wishes(is_async=True, wait=5), 30, 5, b"respond-async, wait=5"),
        (Wishes(wait=1), 0.5, 0.5, b"wait=0.5"),
    ],
    ids=str,
)
def test_the_shorter_of_both_waits_counts(
    wishes: Wishes, most: float, seconds: float | None, applied: bytes | None
) -> None:
    assert wishes.seconds(most) == seconds
    assert [value for _, value in wishes.applied(most)] == ([applied] if applied else [])


@pytest.mark.parametrize("key", ["k", "x" * 255, '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "a b~!"])
def test_a_key_is_taken_as_it_is(key: str) -> None:
    assert key_of(key) == key


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "ü", "a\x7f", "a\x00"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(InvalidRequest, match="Idempotency-Key"):
        key_of(key)
