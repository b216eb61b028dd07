"""Frames that leave together arrive one by one."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, Protocol

from nodetool.server.bursts import EXTENSION, on_wire, sender

sizes = st.integers(0, 300) | st.sampled_from([125, 126, 65_535, 65_536, 200_000])
frames = st.lists(st.text(max_size=200) | sizes.map(bytes), max_size=6)


@given(frames)
@example([b"x" * size for size in (0, 125, 126, 65_535, 65_536)])
@example(["", "ü" * 63, "x" * 65_536])
def test_a_client_reads_the_frames_that_were_sent(sent: list[bytes | str]) -> None:
    client = Protocol(CLIENT, max_size=None)
    client.receive_data(on_wire(sent))

    got = [frame for frame in client.events_received() if isinstance(frame, Frame)]
    assert [frame.opcode for frame in got] == [
        Opcode.BINARY if isinstance(frame, bytes) else Opcode.TEXT for frame in sent
    ]
    assert [bytes(frame.data) for frame in got] == [
        frame if isinstance(frame, bytes) else frame.encode() for frame in sent
    ]
    assert all(frame.fin for frame in got)
    assert client.parser_exc is None


@pytest.mark.parametrize(
    ("extensions", "expected"),
    [
        ({EXTENSION: {}}, [{"type": "websocket.send", "frames": [b"one", "two"]}]),
        ({}, [{"type": "websocket.send", "bytes": b"one"}, {"type": "websocket.send", "text": "two"}]),
    ],
    ids=["ours", "another server's"],
)
async def test_frames_leave_together_where_the_connection_takes_that(extensions: Any, expected: list[Any]) -> None:
    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append(message)

    await sender({"type": "websocket", "extensions": extensions}, send)([b"one", "two"])

    assert told == expected
