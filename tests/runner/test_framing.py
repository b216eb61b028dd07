"""Frames over a stream of bytes."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.protocol import frames
from nodetool.runner.framing import Framing, to_server

MAX = 4096


class End:
    """One end of a link, and what it got."""

    def __init__(self) -> None:
        self.reads: list[list[Any]] = []
        self.lost = 0
        self.is_lost = asyncio.Event()
        self.framing: Framing[Any] = Framing(to_server, self.reads.append, self._lose, max_frame=MAX)

    @property
    def got(self) -> list[Any]:
        return [frame for read in self.reads for frame in read]

    def _lose(self) -> None:
        self.lost += 1
        self.is_lost.set()


def on_wire(*sent: frames.ToServer) -> bytes:
    bodies = [msgspec.msgpack.encode(frame) for frame in sent]
    return b"".join(len(body).to_bytes(4, "little") + body for body in bodies)


@asynccontextmanager
async def linked() -> AsyncIterator[tuple[End, socket.socket]]:
    """An end whose other end is a bare socket."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    end = End()
    transport, _ = await asyncio.get_running_loop().create_connection(lambda: end.framing, sock=ours)
    with theirs:
        yield end, theirs
    transport.abort()


async def send(to: socket.socket, data: bytes) -> None:
    await asyncio.get_running_loop().sock_sendall(to, data)


events = st.builds(frames.Events, *[st.integers(0, 2**40)] * 5, st.binary(max_size=600))
needs = st.builds(frames.NeedPlan, st.text(max_size=20))
ends = st.builds(frames.End, st.integers(0, 9), st.integers(1, 9), st.just("completed"), st.binary(max_size=20))


@given(st.lists(events | needs | ends, max_size=8), st.data())
def test_frames_cut_anywhere_arrive_whole_and_in_order(sent: list[frames.ToServer], data: st.DataObject) -> None:
    wire = on_wire(*sent)
    cuts = data.draw(st.lists(st.integers(0, len(wire)), max_size=12).map(sorted))
    got: list[list[Any]] = []
    framing = Framing(to_server, got.append, lambda: None, max_frame=MAX)

    for begin, end in zip([0, *cuts], [*cuts, len(wire)], strict=True):
        framing.data_received(wire[begin:end])

    assert [frame for read in got for frame in read] == sent
    assert all(got)


async def test_what_one_read_brings_is_handed_over_together() -> None:
    async with linked() as (end, wire):
        await send(wire, on_wire(frames.NeedPlan("a"), frames.NeedPlan("b")))
        wire.close()
        await end.is_lost.wait()

    assert end.reads == [[frames.NeedPlan("a"), frames.NeedPlan("b")]]


async def test_frames_sent_before_the_link_stands_are_not_lost() -> None:
    end, other = End(), End()
    for hash in "abc":
        end.framing.send(frames.NeedPlan(hash))
    await asyncio.sleep(0)
    end.framing.send(frames.NeedPlan("d"))

    ours, theirs = socket.socketpair()
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: other.framing, sock=theirs)
    await loop.create_connection(lambda: end.framing, sock=ours)
    end.framing.close()
    await other.is_lost.wait()

    assert other.got == [frames.NeedPlan(hash) for hash in "abcd"]


async def test_what_a_tick_sends_leaves_in_one_write() -> None:
    async with linked() as (end, wire):
        sent = [frames.NeedPlan(str(number)) for number in range(50)]
        for frame in sent:
            end.framing.send(frame)
        heard = await asyncio.get_running_loop().sock_recv(wire, 1 << 16)

    assert heard == on_wire(*sent)


async def test_what_is_sent_because_of_a_read_leaves_behind_it_and_what_comes_later_too() -> None:
    async with linked() as (end, wire):
        answers = [frames.NeedPlan("a"), frames.NeedPlan("b")]

        def answer(_: list[frames.ToServer]) -> None:
            for one in answers:
                end.framing.send(one)

        end.framing._on_frames = answer
        end.framing.data_received(on_wire(frames.NeedPlan("question")))
        assert wire.recv(1 << 16) == on_wire(*answers)  # the loop has not gone round

        end.framing.send(frames.NeedPlan("later"))
        assert await asyncio.get_running_loop().sock_recv(wire, 1 << 16) == on_wire(frames.NeedPlan("later"))


async def test_closing_writes_what_is_queued_first() -> None:
    async with linked() as (end, wire):
        end.framing.send(frames.NeedPlan("last words"))
        end.framing.close()
        heard = await asyncio.get_running_loop().sock_recv(wire, 1 << 16)
        await end.is_lost.wait()

    assert heard == on_wire(frames.NeedPlan("last words"))


async def test_a_link_that_is_gone_drops_what_is_sent_and_says_once_that_it_is_lost() -> None:
    async with linked() as (end, wire):
        wire.close()
        await end.is_lost.wait()
        for _ in range(3):
            end.framing.send(frames.NeedPlan("never heard"))
            await asyncio.sleep(0)
        end.framing.close()

    assert end.lost == 1


async def test_what_came_before_the_other_end_left_is_handed_over_before_the_loss() -> None:
    async with linked() as (end, wire):
        sent = [frames.Events(1, 1, seq, 1, 0, b"x" * 1000) for seq in range(100)]
        await send(wire, on_wire(*sent))
        wire.close()
        await end.is_lost.wait()

        assert end.got == sent


GARBAGE = {
    "too large": (MAX + 1).to_bytes(4, "little"),
    "an endless length": b"\xff\xff\xff\xff",
    "not MessagePack": b"\x03\0\0\0\x92\x0b\xc1",
    "not UTF-8": b"\x04\0\0\0\x92\x0b\xa1\xff",
    "an unknown kind": b"\x03\0\0\0\x92\x63\x01",
    "the other end's kind": b"\x02\0\0\0\x91\x07",
    "too few fields": b"\x02\0\0\0\x91\x0b",
    "a wrong type": b"\x03\0\0\0\x92\x0b\x01",
    "trailing bytes": b"\x05\0\0\0\x92\x0b\xa1a\x00",
    "nothing": b"\0\0\0\0",
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE.keys())
async def test_garbage_ends_the_link_behind_what_came_before_it(garbage: bytes) -> None:
    async with linked() as (end, wire):
        await send(wire, on_wire(frames.NeedPlan("good")) + garbage + on_wire(frames.NeedPlan("never read")))
        await end.is_lost.wait()

    assert end.got == [frames.NeedPlan("good")]
    assert end.lost == 1


async def test_a_frame_of_the_largest_size_arrives() -> None:
    frame = frames.NeedPlan("x" * (MAX - 5))
    assert len(on_wire(frame)) == MAX + 4
    async with linked() as (end, wire):
        await send(wire, on_wire(frame))
        wire.close()
        await end.is_lost.wait()

    assert end.got == [frame]
