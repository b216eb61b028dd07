import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.protocol.commands import CancelJob, RunJob
from nodetool.protocol.replies import Refusal
from nodetool.server.frames import TURN_BYTES, Mode, Parcel, command_of
from tests.server.fakes import FakeBatch, FakeJob

MODES = st.sampled_from(["binary", "text"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def batch_of(sizes: list[int]) -> FakeBatch:
    job = FakeJob("1", "wf", {})
    job.say(*("x" * size for size in sizes))
    return job.batches[-1]


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=20), st.lists(MODES, min_size=1))
def test_a_batch_leaves_in_turns_of_64_kib_whatever_the_mode(sizes: list[int], modes: list[Mode]) -> None:
    parcel = Parcel(batch_of(sizes))
    seqs: list[int] = []

    while not parcel.done:
        mode = modes[len(seqs) % len(modes)]
        turn = parcel.turn(mode)
        assert len(turn) == 1 or sum(map(len, turn)) <= TURN_BYTES
        assert all(isinstance(frame, bytes) == (mode == "binary") for frame in turn)
        seqs += [json.loads(f)["seq"] if isinstance(f, str) else msgspec.msgpack.decode(f)["seq"] for f in turn]
        parcel.sent += len(turn)

    assert seqs == list(range(2, len(sizes) + 2))
    assert parcel.seq == seqs[-1]


@given(st.binary() | st.text())
def test_no_frame_upsets_the_decoder(frame: bytes | str) -> None:
    command_of(frame)


@given(st.dictionaries(st.sampled_from(["command", "type", "data", "request_id"]), JSON))
def test_no_map_upsets_the_decoder(frame: dict[str, object]) -> None:
    command_of(json.dumps(frame))
    command_of(msgspec.msgpack.encode(frame))


@pytest.mark.parametrize("request_id", ["123456789012345678901234567890", "[]", "1.5", "true"])
@pytest.mark.parametrize("command", ["ping", "nope"])
def test_a_request_id_that_does_not_fit_a_reply_is_not_repeated(command: str, request_id: str) -> None:
    refusal = command_of(f'{{"command": "{command}", "request_id": {request_id}}}')

    assert isinstance(refusal, Refusal)
    assert refusal.request_id is None


def test_a_command_without_data_has_empty_data() -> None:
    assert command_of('{"command": "cancel_job"}') == CancelJob()


def test_unknown_keys_are_ignored() -> None:
    frame = msgspec.msgpack.encode(
        {"command": "run_job", "type": "run_job", "data": {"workflow_id": "w", "user_id": "2", "auth_token": "t"}}
    )

    command = command_of(frame)

    assert isinstance(command, RunJob)
    assert command.data.workflow_id == "w"
