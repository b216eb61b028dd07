"""Events as batches of bytes."""

import pytest

from nodetool.engine.bind import BoundNode, bind
from nodetool.engine.report import Reporter
from nodetool.engine.shown import encoded
from nodetool.engine.tape import FLUSH_BYTES, Tape
from nodetool.protocol.codec import events_of
from nodetool.protocol.events import LogUpdate, OutputUpdate
from nodetool.protocol.values import HAS_BYTES, Unsendable
from tests.engine.harness import Player, node


class Voice(Reporter):
    """A reporter that notes how full its batch was when it asked to be emptied."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        tape = Tape(job_no=7, attempt=2, next_seq=10, on_first=self._asks, on_full=self._asks)
        super().__init__(tape, job_id="j", workflow_id="w")

    def _asks(self, tape: Tape) -> None:
        self.asked.append(tape.count)


@pytest.fixture
def voice() -> Voice:
    return Voice()


@pytest.fixture
def out(player: Player) -> BoundNode:
    return bind(player.plan([node("o", "nodetool.output.Output", name="out")]), player.find).nodes[0]


def test_a_batch_is_numbered_from_the_first_of_its_events(voice: Voice, out: BoundNode) -> None:
    voice.log(out, "a", "info")
    voice.log(out, "b", "info")
    first = voice.tape.take()
    voice.log(out, "c", "info")
    second = voice.tape.take()

    assert first
    assert second
    assert [(batch.job_no, batch.attempt, batch.first_seq, batch.count) for batch in (first, second)] == [
        (7, 2, 10, 2),
        (7, 2, 12, 1),
    ]
    assert [event.seq for event in events_of(first.count, first.data)] == [10, 11]
    assert (voice.tape.count, voice.tape.size, voice.tape.total) == (0, 0, 3)
    assert voice.tape.take() is None


def test_it_asks_to_be_emptied_at_the_first_event_and_when_the_batch_is_large(voice: Voice, out: BoundNode) -> None:
    voice.log(out, "a", "info")
    voice.log(out, "b", "info")
    assert voice.asked == [1]

    voice.log(out, "x" * FLUSH_BYTES, "info")
    assert voice.asked == [1, 3]

    voice.tape.take()
    voice.log(out, "c", "info")
    assert voice.asked == [1, 3, 1]


def test_a_batch_is_flagged_when_its_events_hold_bytes_and_the_next_is_not(voice: Voice, out: BoundNode) -> None:
    """A preview that was held back may leave with a later batch than the one in which it was made."""
    shown = encoded(b"x")
    voice.log(out, "a", "info")
    batches = [voice.tape.take()]
    voice.preview(out, shown)
    batches.append(voice.tape.take())
    voice.chunk(out, "", "text", encoded({"raw": b"x"}), False)
    batches.append(voice.tape.take())
    voice.log(out, "b", "info")
    batches.append(voice.tape.take())

    assert [batch and batch.flags for batch in batches] == [0, HAS_BYTES, HAS_BYTES, 0]


def test_after_it_is_closed_nothing_is_told(voice: Voice, out: BoundNode) -> None:
    voice.log(out, "a", "info")
    voice.tape.close()
    voice.log(out, "b", "info")
    batch = voice.tape.take()

    assert batch
    assert batch.count == 1


def test_an_output_event_holds_the_value_as_it_was_encoded(voice: Voice, out: BoundNode) -> None:
    voice.output(out, encoded({"a": [1, None]}))
    batch = voice.tape.take()

    assert batch
    (event,) = events_of(batch.count, batch.data)
    assert isinstance(event, OutputUpdate)
    assert event.value == {"a": [1, None]}


def test_numbers_that_are_none_are_warned_of_once_a_node(voice: Voice, out: BoundNode) -> None:
    for _ in range(3):
        voice.output(out, encoded(float("nan")))
    batch = voice.tape.take()

    assert batch
    assert [type(event) for event in events_of(batch.count, batch.data)] == [
        OutputUpdate,
        LogUpdate,
        OutputUpdate,
        OutputUpdate,
    ]


@pytest.mark.parametrize("value", ["\ud800", ["\ud800"], {"\ud800": 1}])
def test_text_that_no_reader_could_decode_cannot_be_sent(value: object) -> None:
    with pytest.raises(Unsendable, match="not valid Unicode"):
        encoded(value)
