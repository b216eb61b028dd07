"""What is sealed opens with its key, for what it belongs to, and in no other way."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.storage.keyfile import FILE, add_key, keep_first, read_keys
from nodetool.storage.seal import Seal, Unreadable

OLD, NEW = "an old key", "a new key"


def seal(*keys: str) -> Seal:
    return Seal(lambda: keys)


@given(st.binary(max_size=200), st.text(max_size=20))
def test_what_is_sealed_opens_again(data: bytes, about: str) -> None:
    sealed = seal(NEW).close(data, about)

    assert seal(NEW).open(sealed, about) == data
    assert len(data) < 4 or data not in sealed


def test_the_same_is_never_sealed_the_same() -> None:
    one = seal(NEW)

    assert one.close(b"data", "x") != one.close(b"data", "x")


def test_a_second_key_still_opens_and_the_first_one_seals() -> None:
    sealed = seal(OLD).close(b"data", "x")

    assert seal(NEW, OLD).open(sealed, "x") == b"data"
    assert seal(NEW).open(seal(NEW, OLD).close(b"data", "x"), "x") == b"data"


@pytest.mark.parametrize(
    "change",
    [
        lambda sealed: (sealed, "y"),
        lambda sealed: (sealed[:-1] + bytes([sealed[-1] ^ 1]), "x"),
        lambda sealed: (b"\x02" + sealed[1:], "x"),
        lambda sealed: (sealed[:6], "x"),
        lambda sealed: (b"", "x"),
    ],
)
def test_what_was_changed_or_belongs_elsewhere_does_not_open(change: object) -> None:
    assert callable(change)
    with pytest.raises(Unreadable):
        seal(NEW).open(*change(seal(NEW).close(b"data", "x")))


def test_another_key_does_not_open() -> None:
    with pytest.raises(Unreadable, match="a key that is not here"):
        seal(NEW).open(seal(OLD).close(b"data", "x"), "x")


def test_a_home_gets_a_key_that_only_its_owner_may_read(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        (key,) = read_keys(tmp_path)
    finally:
        os.umask(umask)

    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert read_keys(tmp_path) == [key]
    assert len(key) >= 32


def test_keys_are_added_in_front_and_dropped_behind(tmp_path: Path) -> None:
    (first,) = read_keys(tmp_path)

    add_key(tmp_path)
    second, *rest = read_keys(tmp_path)
    assert rest == [first] != [second]

    keep_first(tmp_path)
    assert read_keys(tmp_path) == [second]
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
