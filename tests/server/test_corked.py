"""An answer leaves in one piece."""

import asyncio
from typing import Any, cast

from nodetool.server.corked import Corked

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


class Transport:
    """Keeps each write apart."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        assert not self.is_closed
        self.writes.append(data)

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def get_extra_info(self, name: str) -> str:
        return f"the {name}"


def corked() -> tuple[Transport, Any]:
    transport = Transport()
    return transport, Corked(cast(asyncio.Transport, transport))


async def test_a_head_leaves_with_its_body() -> None:
    transport, cork = corked()
    cork.write(HEAD)
    assert transport.writes == []
    cork.write(b"{}")
    await asyncio.sleep(0)

    assert transport.writes == [HEAD + b"{}"]


async def test_a_head_without_a_body_leaves_at_the_end_of_the_turn() -> None:
    transport, cork = corked()
    cork.write(HEAD)
    await asyncio.sleep(0)
    cork.write(b"line\n")
    cork.write(b"line\n")

    assert transport.writes == [HEAD, b"line\n", b"line\n"]


async def test_the_heads_of_two_answers_keep_their_order() -> None:
    transport, cork = corked()
    for _ in range(2):
        cork.write(HEAD)
        cork.write(b"{}")
    await asyncio.sleep(0)

    assert b"".join(transport.writes) == (HEAD + b"{}") * 2
    assert len(transport.writes) == 2


async def test_a_head_leaves_before_the_connection_is_closed() -> None:
    transport, cork = corked()
    cork.write(HEAD)
    cork.close()
    await asyncio.sleep(0)

    assert transport.writes == [HEAD]
    assert cork.is_closing()


async def test_everything_else_is_the_transport_s_own() -> None:
    _, cork = corked()

    assert cork.get_extra_info("socket") == "the socket"
