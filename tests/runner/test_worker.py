"""The runner's side of the link, in this process: frames in, frames out."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from nodetool.engine.tape import FLUSH_BYTES
from nodetool.graph.version import Version
from nodetool.protocol import codec, frames
from nodetool.protocol.errors import ImportFailed
from nodetool.protocol.events import JobUpdate, LogUpdate, NodeUpdate
from nodetool.protocol.frames import CREDIT_BYTES, CREDIT_EVENTS, WINDOW_BYTES, WINDOW_EVENTS
from nodetool.runner.pulse import Pulse
from nodetool.runner.worker import PLANS, Worker
from nodetool.sdk import registry
from nodetool.sdk.node import Node
from tests.graphs import graph, node, output, text_input, through
from tests.runner.helpers import end_of, eventually, plan_frame, start_frame, told, version


class Desk:
    """A worker, and all that it sent."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.left = 0
        self.pool = ThreadPoolExecutor(8)
        self.pulse = Pulse.create()
        self.worker = Worker(
            self.sent.append,
            self._leave,
            find=self.find,
            pool=self.pool,
            limits=frames.RunLimits(max_result=1 << 24),
            pulse=self.pulse,
        )
        self.broken: set[str] = set()

    def find(self, module: str, qualname: str, path: str | None) -> type[Node]:
        if qualname in self.broken:
            raise ImportFailed(f"{qualname}: no such luck")
        return registry.find(module, qualname, path)

    def _leave(self) -> None:
        self.left += 1

    def receive(self, *got: frames.ToRunner) -> None:
        self.worker.receive(list(got))

    def begin(self, made: Version, **start: Any) -> None:
        self.receive(plan_frame(made), start_frame(made, **start))

    async def end(self, job_no: int = 1) -> frames.End:
        await eventually(lambda: end_of(self.sent, job_no))
        found = end_of(self.sent, job_no)
        assert found
        return found

    def batches(self) -> list[frames.Events]:
        return [frame for frame in self.sent if isinstance(frame, frames.Events)]

    def outstanding(self) -> tuple[int, int]:
        return sum(one.count for one in self.batches()), sum(len(one.data) for one in self.batches())


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    yield made
    async with asyncio.timeout(5):
        await made.worker.stop(5)
    made.pool.shutdown()


@pytest.fixture
def quick() -> Version:
    return version(through("nodetool.text.Concat", "a", b="!"))


# Plans and starts.


async def test_a_run_tells_its_events_numbered_from_where_it_was_told_to_begin(desk: Desk) -> None:
    desk.begin(version(graph([text_input(), output()], "in.output -> out.value")), next_seq=7, text="hi")
    end = await desk.end()

    events = told(desk.sent)
    assert [event.seq for event in events] == list(range(7, 7 + len(events)))
    assert isinstance(events[0], JobUpdate)
    assert (events[0].status, events[0].attempt, events[0].job_id, events[0].workflow_id) == ("running", 1, "job1", "w")
    assert end == frames.End(1, 1, "completed", codec.to_msgpack({"out": "hi"}))
    assert isinstance(desk.sent[-1], frames.End)


async def test_a_start_without_its_plan_asks_for_it_and_waits(desk: Desk, quick: Version) -> None:
    desk.receive(start_frame(quick, job_no=1, text="x"), start_frame(quick, job_no=2))
    await asyncio.sleep(0.01)
    assert set(map(type, desk.sent)) == {frames.NeedPlan}
    assert desk.sent[0] == frames.NeedPlan(quick.plan_hash)

    desk.receive(plan_frame(quick))

    assert (await desk.end(1)).status == (await desk.end(2)).status == "completed"


async def test_a_plan_is_kept_for_later_runs(desk: Desk, quick: Version) -> None:
    desk.begin(quick)
    await desk.end()
    desk.receive(start_frame(quick, job_no=2))
    await desk.end(2)

    assert not any(isinstance(frame, frames.NeedPlan) for frame in desk.sent)


async def test_the_plan_that_was_used_longest_ago_is_dropped(desk: Desk, quick: Version) -> None:
    desk.begin(quick)
    await desk.end()
    for number in range(PLANS):
        desk.receive(frames.Plan(str(number), plan_frame(quick).plan))
    desk.receive(start_frame(quick, job_no=2))

    assert desk.sent[-1] == frames.NeedPlan(quick.plan_hash)
    desk.receive(plan_frame(quick))
    await desk.end(2)


async def test_a_plan_in_use_outlasts_newer_ones(desk: Desk, quick: Version) -> None:
    desk.begin(quick)
    await desk.end()
    for number in range(PLANS - 1):
        desk.receive(frames.Plan(str(number), plan_frame(quick).plan))
    desk.receive(plan_frame(quick))
    desk.receive(frames.Plan("one more", plan_frame(quick).plan))
    desk.receive(start_frame(quick, job_no=2))

    await desk.end(2)
    assert not any(isinstance(frame, frames.NeedPlan) for frame in desk.sent)


async def test_many_runs_share_a_loop_and_each_keeps_its_own_numbers(desk: Desk) -> None:
    made = version(through("bench.nodes.Sleep", seconds=0.02))
    desk.begin(made, job_no=0, text="0")
    desk.receive(*[start_frame(made, job_no=no, text=str(no), next_seq=no + 2) for no in range(1, 50)])

    for no in range(50):
        end = await desk.end(no)
        assert codec.value_of(end.result) == {"out": str(no)}
        events = told(desk.sent, no)
        assert [event.seq for event in events] == list(range(no + 2, no + 2 + len(events)))


# Ends.


async def test_a_module_that_does_not_import_ends_the_run_naming_the_node(desk: Desk) -> None:
    desk.broken.add("Concat")
    desk.begin(version(through("nodetool.text.Concat", "a")))

    end = await desk.end()

    assert (end.status, end.code, end.node_id) == ("failed", "import_failed", "node")
    assert end.error == "Concat: no such luck"


async def test_after_a_failed_import_the_next_run_tries_again(desk: Desk, quick: Version) -> None:
    desk.broken.add("Concat")
    desk.begin(quick)
    await desk.end()
    desk.broken.clear()
    desk.receive(start_frame(quick, job_no=2))

    assert (await desk.end(2)).status == "completed"


async def test_a_node_that_raises_ends_the_run_with_its_words_and_its_trace_is_for_the_log_alone(desk: Desk) -> None:
    desk.begin(version(through("tests.Secret")))
    end = await desk.end()

    assert (end.status, end.code, end.error, end.node_id) == ("failed", "node_failed", "the vault is closed", "node")
    (raised,) = [frame for frame in desk.sent if isinstance(frame, frames.Raised)]
    assert (raised.job_no, raised.attempt, raised.node_id, raised.node_type) == (1, 1, "node", "tests.Secret")
    assert "in _depths_of_the_node" in raised.trace
    assert desk.sent.index(raised) < desk.sent.index(end)
    assert not any(b"_depths_of_the_node" in batch.data for batch in desk.batches())


async def test_what_does_not_fit_a_handle_is_no_matter_for_the_log(desk: Desk) -> None:
    nodes = [
        node("a", "nodetool.dictionary.GetValue", dictionary={"x": {}}, key="x"),
        node("b", "nodetool.text.Concat"),
        output(),
    ]
    desk.begin(version(graph(nodes, "a.output -> b.a", "b.output -> out.value")))
    assert (await desk.end()).code == "type_mismatch"
    assert not any(isinstance(frame, frames.Raised) for frame in desk.sent)


async def test_a_thread_that_is_left_behind_a_failure_ends_the_process(desk: Desk, tmp_path: Path) -> None:
    nodes = [
        text_input(),
        node("slow", "bench.nodes.BlockingSleep", seconds=0.6),
        node("bad", "tests.Gate", path=str(tmp_path / "open")),
        node("fail", "bench.nodes.Fail"),
        output(),
    ]
    lines = ("in.output -> slow.text", "in.output -> bad.text", "bad.output -> fail.text", "slow.output -> out.value")
    desk.begin(version(graph(nodes, *lines)))
    await asyncio.sleep(0.05)
    (tmp_path / "open").touch()

    end = await desk.end()

    assert (end.status, end.leaves) == ("failed", True)
    assert desk.left == 1
    assert isinstance(desk.sent[-1], frames.End)


async def test_a_run_that_leaves_no_thread_leaves_the_process_alone(desk: Desk) -> None:
    desk.begin(version(through("bench.nodes.BlockingSleep", seconds=0.01)))

    assert not (await desk.end()).leaves
    assert desk.left == 0


async def test_stop_ends_the_process(desk: Desk) -> None:
    desk.receive(frames.Stop())
    await eventually(lambda: desk.left == 1)

    assert not desk.sent


# Cancel.


async def test_a_run_cancelled_while_it_waits_for_its_plan_ends_and_never_starts(desk: Desk, quick: Version) -> None:
    desk.receive(start_frame(quick), frames.Cancel(1, 1))
    assert desk.sent[-1] == frames.End(1, 1, "cancelled")

    desk.receive(plan_frame(quick))
    await asyncio.sleep(0.02)

    assert told(desk.sent) == []


async def test_a_run_cancelled_with_its_start_ends_cancelled(desk: Desk) -> None:
    made = version(through("bench.nodes.Sleep", seconds=9))
    desk.receive(plan_frame(made), start_frame(made), frames.Cancel(1, 1))

    assert (await desk.end()).status == "cancelled"


async def test_a_run_cancelled_on_its_way_tells_which_nodes_it_stopped(desk: Desk) -> None:
    desk.begin(version(through("bench.nodes.Sleep", seconds=9)))
    await eventually(lambda: any(isinstance(event, NodeUpdate) for event in told(desk.sent)))
    desk.receive(frames.Cancel(1, 1))

    assert (await desk.end()).status == "cancelled"
    last = told(desk.sent)[-1]
    assert isinstance(last, NodeUpdate)
    assert (last.node_id, last.status) == ("node", "cancelled")


async def test_a_second_cancel_changes_nothing(desk: Desk) -> None:
    desk.begin(version(through("bench.nodes.Sleep", seconds=9)))
    await asyncio.sleep(0.01)
    desk.receive(frames.Cancel(1, 1), frames.Cancel(1, 1))
    await desk.end()
    await asyncio.sleep(0.01)

    assert len([frame for frame in desk.sent if isinstance(frame, frames.End)]) == 1


async def test_a_run_that_is_not_there_is_said_to_be_cancelled(desk: Desk) -> None:
    desk.receive(frames.Cancel(5, 2))

    assert desk.sent == [frames.End(5, 2, "cancelled")]


async def test_a_cancel_for_another_attempt_does_not_touch_the_run(desk: Desk) -> None:
    desk.begin(version(through("bench.nodes.Sleep", seconds=0.05)), attempt=2)
    desk.receive(frames.Cancel(1, 1))
    await eventually(lambda: len([frame for frame in desk.sent if isinstance(frame, frames.End)]) == 2)

    assert desk.sent[-1].status == "completed"


# What is kept.


def kept_of(desk: Desk) -> list[frames.Checkpoint]:
    return [frame for frame in desk.sent if isinstance(frame, frames.Checkpoint)]


async def test_what_a_node_sent_leaves_before_it_is_told_that_it_is_completed(desk: Desk) -> None:
    desk.begin(version(through("tests.DearEcho")), attempt=3, text="hi")
    await desk.end()

    (kept,) = kept_of(desk)
    assert (kept.job_no, kept.attempt, len(kept.key)) == (1, 3, 32)
    assert codec.value_of(kept.data) == [{"output": "hi"}]
    before = desk.sent[: desk.sent.index(kept)]
    assert ("node", "completed") not in [
        (event.node_id, event.status) for event in told(before) if isinstance(event, NodeUpdate)
    ]


async def test_a_later_attempt_takes_what_it_was_sent_before_its_start(desk: Desk, tmp_path: Path) -> None:
    made = version(through("tests.Dear", path=str(tmp_path / "lines")))
    desk.begin(made, text="hi")
    await desk.end()
    (kept,) = kept_of(desk)
    desk.sent.clear()
    desk.receive(kept, start_frame(made, attempt=2, next_seq=9, text="hi"))

    assert codec.value_of((await desk.end()).result) == {"out": "HI"}
    assert len((tmp_path / "lines").read_text().splitlines()) == 1
    assert kept_of(desk) == []
    (log,) = [event for event in told(desk.sent) if isinstance(event, LogUpdate)]
    assert log.content == "not computed again: taken from the checkpoint of attempt 1"


async def test_what_came_for_a_run_that_never_starts_is_forgotten(desk: Desk, tmp_path: Path) -> None:
    made = version(through("tests.Dear", path=str(tmp_path / "lines")))
    desk.begin(made, text="hi")
    await desk.end()
    (kept,) = kept_of(desk)
    desk.sent.clear()
    desk.receive(kept, frames.Cancel(1, 2))
    desk.sent.clear()
    desk.receive(start_frame(made, attempt=3, text="hi"))
    await desk.end()

    assert len((tmp_path / "lines").read_text().splitlines()) == 2


async def test_what_is_kept_and_not_stored_yet_holds_a_run_up_as_its_events_do(desk: Desk) -> None:
    nodes = [node("many", "tests.Pieces", count=200, size=20_000), node("dear", "tests.DearEcho")]
    desk.begin(version(graph(nodes, "many.output -> dear.text")))
    await settled(desk)
    assert sum(len(kept.data) for kept in kept_of(desk)) < WINDOW_BYTES + 2 * 20_100
    credited = 0
    while end_of(desk.sent) is None:
        await settled(desk)
        size = desk.outstanding()[1] + sum(len(one.data) for one in kept_of(desk))
        desk.receive(frames.Credit(1, 1, 0, size - credited))
        credited = size

    assert len(kept_of(desk)) == 200


# What it prints.


async def test_it_knows_the_only_run(desk: Desk) -> None:
    assert desk.worker.alone() is None
    made = version(through("bench.nodes.Sleep", seconds=9))
    desk.begin(made)
    assert desk.worker.alone() is not None
    desk.receive(start_frame(made, job_no=2))

    assert desk.worker.alone() is None


# Flow.


def bursts() -> Iterator[tuple[str, Version, int]]:
    """Runs that tell much more than the window holds."""
    yield "streams", version(through("tests.Pieces", count=20_000)), 20_000
    yield "streams from a thread", version(through("tests.PiecesInThread", count=20_000)), 20_000
    yield "talks without a pause", version(through("tests.Talk", count=20_000)), 20_000
    yield "sends large pieces", version(through("tests.Pieces", count=40, size=50_000)), 40
    yield "sends pieces beyond the window", version(through("tests.Pieces", count=5, size=400_000)), 5


BURSTS = list(bursts())


@pytest.mark.parametrize(("made", "least"), [case[1:] for case in BURSTS], ids=[case[0] for case in BURSTS])
async def test_a_run_never_has_more_on_its_way_than_the_window_or_one_batch(
    desk: Desk, made: Version, least: int
) -> None:
    desk.begin(made)
    credited_events = credited_size = 0
    stored: tuple[int, int] = (0, 0)
    while end_of(desk.sent) is None:
        await settled(desk)
        events, size = desk.outstanding()
        assert events - credited_events <= WINDOW_EVENTS
        last = len(desk.batches()[-1].data)
        assert size - credited_size <= max(WINDOW_BYTES, CREDIT_BYTES + last)
        stored = events, size
        if events - credited_events >= CREDIT_EVENTS or size - credited_size >= CREDIT_BYTES:
            desk.receive(frames.Credit(1, 1, events - credited_events, size - credited_size))
            credited_events, credited_size = stored

    seqs = [event.seq for event in told(desk.sent)]
    assert seqs == list(range(2, 2 + len(seqs)))
    assert len(seqs) > least
    assert isinstance(desk.sent[-1], frames.End)


async def settled(desk: Desk) -> None:
    """Return once the run has had the time to send all that it may."""
    before = -1
    while before != len(desk.sent) and end_of(desk.sent) is None:
        before = len(desk.sent)
        await asyncio.sleep(0.01)


async def test_a_run_without_credit_stands_still_and_the_others_go_on(desk: Desk, quick: Version) -> None:
    desk.begin(version(through("tests.Pieces", count=100_000)))
    await settled(desk)
    desk.begin(quick, job_no=2)

    assert (await desk.end(2)).status == "completed"
    assert desk.outstanding()[0] < WINDOW_EVENTS + 50
    assert end_of(desk.sent) is None


async def test_a_run_without_credit_can_be_cancelled(desk: Desk) -> None:
    desk.begin(version(through("tests.Pieces", count=100_000)))
    await settled(desk)
    desk.receive(frames.Cancel(1, 1))
    await settled(desk)
    desk.receive(frames.Credit(1, 1, *desk.outstanding()))

    assert (await desk.end()).status == "cancelled"


async def test_two_nodes_that_wait_for_room_both_go_on(desk: Desk) -> None:
    nodes = [
        node("a", "tests.Pieces", count=3000),
        node("b", "tests.Pieces", count=3000),
        output("x", "x"),
        output("y", "y"),
    ]
    desk.begin(version(graph(nodes, "a.output -> x.value", "b.output -> y.value")))
    credited = (0, 0)
    while end_of(desk.sent) is None:
        await settled(desk)
        now = desk.outstanding()
        desk.receive(frames.Credit(1, 1, now[0] - credited[0], now[1] - credited[1]))
        credited = now

    assert {name: len(items) for name, items in codec.value_of((await desk.end()).result).items()} == {
        "x": 3000,
        "y": 3000,
    }


async def test_events_of_a_moment_leave_together(desk: Desk, quick: Version) -> None:
    desk.begin(quick)
    await desk.end()

    assert len(desk.batches()) <= 2 < len(told(desk.sent))


async def test_a_batch_leaves_once_it_is_large(desk: Desk) -> None:
    desk.begin(version(through("tests.Talk", count=20, size=10_000)))
    desk.receive(frames.Credit(1, 1, 0, 0))
    await desk.end()

    assert max(len(batch.data) for batch in desk.batches()) < FLUSH_BYTES + 11_000
    assert sum(isinstance(event, LogUpdate) for event in told(desk.sent)) == 20
