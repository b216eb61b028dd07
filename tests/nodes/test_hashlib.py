"""Fingerprints."""

import pytest

from nodetool.nodes.hashlib import HashString
from nodetool.sdk.testing import run


@pytest.mark.parametrize(
    ("algorithm", "begins"),
    [
        ("md5", "900150983cd24fb0"),
        ("SHA1", "a9993e364706816a"),
        ("sha256", "ba7816bf8f01cfea"),
        ("sha3_256", "3a985da7"),
    ],
)
def test_the_fingerprints_of_abc_are_the_known_ones(algorithm: str, begins: str) -> None:
    assert run(HashString(text="abc", algorithm=algorithm)).startswith(begins)


def test_text_is_read_as_utf_8() -> None:
    assert run(HashString(text="ü")) == "c03410a5204b21cd8229ff754688d743"


@pytest.mark.parametrize("algorithm", ["", "crc32", "shake_128"])
def test_an_unknown_algorithm_is_named(algorithm: str) -> None:
    with pytest.raises(ValueError, match=f"algorithm: has to be one of blake2b, .*, got '{algorithm}'"):
        run(HashString(text="abc", algorithm=algorithm))
