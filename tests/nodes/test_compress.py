"""Bytes made fewer, and brought back."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.compress import Compress, Decompress, GzipCompress, GzipDecompress
from nodetool.sdk import Node
from nodetool.sdk.testing import run


@given(st.binary(), st.integers(0, 9))
def test_what_was_compressed_comes_back(data: bytes, level: int) -> None:
    assert GzipDecompress(data=GzipCompress(data=data).process()).process() == data
    assert Decompress(data=Compress(data=data, level=level).process()).process() == data


def test_others_read_it_too() -> None:
    assert gzip.decompress(run(GzipCompress(data=b"abc"))) == b"abc"
    assert zlib.decompress(run(Compress(data=b"abc"))) == b"abc"
    assert run(GzipDecompress(data=gzip.compress(b"a") + gzip.compress(b"b") + b"\0" * 8)) == b"ab"


def test_the_same_bytes_are_compressed_to_the_same() -> None:
    assert run(GzipCompress(data=b"abc")) == run(GzipCompress(data=b"abc"))


BOMB = zlib.compress(b"\0" * (64 * 1024 * 1024 + 1))


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (GzipDecompress(data=b"no"), "data: is not gzip: "),
        (Decompress(data=b"no"), "data: is not zlib: "),
        (GzipDecompress(data=gzip.compress(b"abc" * 100)[:-9]), "data: ends too early"),
        (Decompress(data=BOMB), "data: holds more than 67108864 bytes"),
        (Compress(level=10), "level: Expected `int` <= 9"),
    ],
    ids=["gzip", "zlib", "cut", "bomb", "level"],
)
def test_what_cannot_be_read_is_named(node: Node, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run(node)
