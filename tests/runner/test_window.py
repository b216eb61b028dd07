"""What a run may have on its way."""

from hypothesis import given
from hypothesis import strategies as st

from nodetool.protocol import frames
from nodetool.protocol.frames import CREDIT_BYTES, CREDIT_EVENTS, WINDOW_BYTES, WINDOW_EVENTS
from nodetool.runner.window import Window


def batch(count: int, size: int, first_seq: int = 2) -> frames.Events:
    return frames.Events(1, 1, first_seq, count, 0, b"x" * size)


def popped(window: Window) -> list[frames.Events]:
    out = []
    while found := window.pop():
        out.append(found)
    return out


class Store:
    """The server's part: it stores what was sent, and credits it once there is enough."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.events = self.size = 0

    def store(self, sent: list[frames.Events]) -> None:
        self.events += sum(one.count for one in sent)
        self.size += sum(len(one.data) for one in sent)
        if self.events >= CREDIT_EVENTS or self.size >= CREDIT_BYTES:
            self.window.credit(self.events, self.size)
            self.events = self.size = 0


batches = st.builds(batch, st.integers(1, 900), st.integers(1, 600_000))


@given(st.lists(st.tuples(batches, st.booleans()), max_size=20))
def test_batches_leave_in_order_within_the_window_and_all_of_them(told: list[tuple[frames.Events, bool]]) -> None:
    window = Window()
    store = Store(window)
    sent: list[frames.Events] = []
    stored = 0

    def send() -> None:
        while True:
            before = window.events, window.size
            one = window.pop()
            if one is None:
                return
            sent.append(one)
            small = before[0] < CREDIT_EVENTS and before[1] < CREDIT_BYTES
            assert small or (window.events <= WINDOW_EVENTS and window.size <= WINDOW_BYTES)

    for one, stores_now in told:
        window.push(one)
        send()
        if stores_now:
            store.store(sent[stored:])
            stored = len(sent)
            send()
    while window.held:  # the server stores on: everything leaves
        store.store(sent[stored:])
        stored = len(sent)
        send()

    assert sent == [one for one, _ in told]


def test_until_the_first_credit_only_little_is_outstanding() -> None:
    window = Window()
    window.push(batch(CREDIT_EVENTS, 1))
    window.push(batch(1, 1))

    assert [one.count for one in popped(window)] == [CREDIT_EVENTS]
    assert not window.has_room(0, 0)

    window.credit(CREDIT_EVENTS, 1)
    assert [one.count for one in popped(window)] == [1]
    assert window.has_room(CREDIT_EVENTS, CREDIT_BYTES)


def test_an_event_larger_than_the_window_passes_when_nothing_is_outstanding() -> None:
    window = Window()
    window.push(batch(1, WINDOW_BYTES * 2))

    assert popped(window) == [batch(1, WINDOW_BYTES * 2)]
    assert not window.has_room(0, 0)


def test_an_event_larger_than_the_window_waits_for_what_is_outstanding() -> None:
    window = Window()
    window.push(batch(1, CREDIT_BYTES))
    window.push(batch(1, WINDOW_BYTES))
    assert len(popped(window)) == 1

    window.credit(1, CREDIT_BYTES)

    assert len(popped(window)) == 1


def test_there_is_room_up_to_the_window_and_none_while_something_is_held() -> None:
    window = Window()
    window.credit(0, 0)
    window.push(batch(WINDOW_EVENTS - 1, CREDIT_BYTES))
    popped(window)

    assert window.has_room(0, 0)
    assert not window.has_room(1, 0)
    assert not window.has_room(0, WINDOW_BYTES)

    window.push(batch(600, 1))
    window.push(batch(1, 1))
    assert popped(window) == []
    assert not window.has_room(0, 0)


@given(st.lists(st.tuples(batches, st.booleans()), max_size=20))
def test_what_passes_is_what_would_be_popped_at_once(told: list[tuple[frames.Events, bool]]) -> None:
    quick, slow = Window(), Window()
    for one, is_credited in told:
        slow.push(one)

        assert [one] * quick.passes(one) == popped(slow)
        assert (quick.held, quick.events, quick.size) == (slow.held, slow.events, slow.size)

        if is_credited:
            for window in (quick, slow):
                window.credit(window.events, window.size)
            assert popped(quick) == popped(slow)
