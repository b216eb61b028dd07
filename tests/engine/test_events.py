"""What a run tells, and in which order."""

from nodetool.protocol.events import EdgeUpdate, JobUpdate, LogUpdate, NodeUpdate, OutputUpdate, PreviewUpdate
from tests.engine.harness import Player, Told, node


def order(told: Told) -> list[str]:
    """Spell each event in a word or two."""
    return [spell(event) for event in told.events]


def spell(event: object) -> str:
    match event:
        case NodeUpdate():
            return f"{event.node_id} {event.status}"
        case EdgeUpdate():
            return f"{event.edge_id} {event.status} {event.counter}"
        case OutputUpdate():
            return f"{event.output_name} = {event.value}"
        case PreviewUpdate():
            return f"{event.node_id} shows {event.value}"
        case LogUpdate():
            return f"{event.node_id} says {event.content}"
        case JobUpdate():
            return f"job {event.status}"
    raise AssertionError(event)


async def test_a_node_that_fires_once_tells_running_completed_and_a_drained_per_edge(player: Player) -> None:
    told = await player.play(
        [
            node("in", "nodetool.input.StringInput", name="text", value=""),
            node("up", "nodetool.text.Replace", old="a", new="b"),
            node("out", "nodetool.output.StringOutput", name="result"),
        ],
        "in.output -> up.text",
        "up.output -> out.value",
        params={"text": "aa"},
    )

    assert order(told) == [
        "job running",
        "e0 drained 1",
        "up running",
        "up completed",
        "e1 drained 1",
        "out running",
        "result = bb",
        "out completed",
    ]
    assert told.result == {"result": "bb"}


async def test_edges_are_drained_in_document_order_before_any_consumer_fires(player: Player) -> None:
    told = await player.play(
        [node("b", "test.Add"), node("n", "test.Number", value=1), node("a", "test.Add")],
        "n.output -> a.a",
        "n.output -> b.a",
        "n.output -> a.b",
    )

    assert order(told)[1:] == [
        "n running",
        "n completed",
        "e0 drained 1",
        "e1 drained 1",
        "e2 drained 1",
        "b running",
        "b completed",
        "a running",
        "a completed",
    ]


async def test_events_are_numbered_without_gaps_and_stamped_in_order(player: Player) -> None:
    told = await player.play([node("c", "test.Count", count=300), node("g", "test.Gather")], "c.output -> g.items")

    assert [event.seq for event in told.events] == list(range(2, 2 + len(told.events)))
    times = [event.time for event in told.events]
    assert times == sorted(times)
    assert {event.job_id for event in told.events} == {"job"}
    assert {event.workflow_id for event in told.events} == {"w"}


async def test_properties_and_results_are_shown_as_previews(player: Player) -> None:
    told = await player.play(
        [node("n", "nodetool.constant.String", value="x" * 2000), node("r", "nodetool.text.Replace")],
        "n.output -> r.text",
    )

    cut = {"type": "truncated", "size": 2000, "preview": "x" * 256}
    first, last = [event for event in told.events if isinstance(event, NodeUpdate) and event.node_id == "r"]
    assert (first.properties, first.result) == ({"text": cut}, None)
    assert (last.properties, last.result) == (None, {"output": cut})


async def test_a_node_without_out_edges_shows_its_result_however_it_runs(player: Player) -> None:
    told = await player.play([node("now", "test.Add", a=1), node("later", "test.AddLater", a=2)])

    results = {event.node_id: event.result for event in told.events if isinstance(event, NodeUpdate) and event.result}
    assert results == {"now": {"output": 1}, "later": {"output": 2}}


async def test_a_node_that_fires_often_tells_running_and_completed_once(player: Player) -> None:
    told = await player.play(
        [node("c", "test.Count", count=5), node("a", "test.Add", b=10), node("o", "nodetool.output.Output", name="o")],
        "c.output -> a.a",
        "a.output -> o.value",
    )

    for id in ("c", "a", "o"):
        assert told.of(id) == ["running", "completed"]
    assert told.drained() == {"e0": 5, "e1": 5}


async def test_an_edge_that_carries_more_than_one_tells_of_it_at_most_ten_times_a_second(player: Player) -> None:
    told = await player.play([node("c", "test.Count", count=3000), node("g", "test.Total")], "c.output -> g.items")

    sent = [event.counter for event in told.events if isinstance(event, EdgeUpdate) and event.status == "message_sent"]
    seconds = (told.events[-1].time - told.events[0].time) / 1000
    assert sent[0] == 2
    assert len(sent) <= 1 + seconds * 10 + 1


async def test_an_edge_that_carries_one_value_tells_only_its_end(player: Player) -> None:
    told = await player.play([node("c", "test.Count", count=1), node("g", "test.Total")], "c.output -> g.items")

    assert [event.status for event in told.events if isinstance(event, EdgeUpdate)] == ["drained"]


async def test_inputs_go_first_and_others_without_edges_in_document_order(player: Player) -> None:
    told = await player.play(
        [
            node("one", "test.Number", value=1),
            node("x", "nodetool.input.IntegerInput", name="x", value=5),
            node("two", "test.Number", value=2),
            node("sum", "test.Add"),
        ],
        "x.output -> sum.a",
        "one.output -> sum.b",
    )

    assert order(told)[1:6] == ["e0 drained 1", "one running", "one completed", "e1 drained 1", "two running"]
    assert told.of("x") == []


async def test_every_node_runs_also_one_that_leads_nowhere(player: Player) -> None:
    told = await player.play([node("n", "test.Number"), node("f", "test.Say", text="here")])

    assert told.of("n") == told.of("f") == ["running", "completed"]
    assert "f says here" in order(told)


async def test_a_context_knows_job_node_and_attempt(player: Player) -> None:
    told = await player.play(
        [node("say", "test.Say"), node("o", "nodetool.output.Output", name="o")], "say.output -> o.value"
    )

    assert told.result == {"o": "job say 1"}


async def test_a_preview_shows_its_value(player: Player) -> None:
    told = await player.play(
        [node("n", "test.Number", value=7), node("p", "nodetool.workflows.base_node.Preview")], "n.output -> p.value"
    )

    assert order(told)[-3:] == ["p running", "p shows 7", "p completed"]


async def test_previews_of_a_stream_are_thinned_and_the_last_is_always_shown(player: Player) -> None:
    told = await player.play(
        [node("c", "test.Count", count=500), node("p", "nodetool.workflows.base_node.Preview")], "c.output -> p.value"
    )

    shown = [event.value for event in told.events if isinstance(event, PreviewUpdate)]
    seconds = (told.events[-1].time - told.events[0].time) / 1000
    assert (shown[0], shown[-1]) == (0, 499)
    assert len(shown) <= 2 + seconds * 20
    assert order(told)[-1] == "p completed"
