"""The machine's clock is set back by an hour while a run is under way."""

from nodetool.engine.bind import bind
from nodetool.engine.flow import Flow
from nodetool.engine.pace import Pace
from tests.engine.harness import Player, node, reporter

HOUR = 3_600_000


async def test_an_edge_goes_on_telling_what_it_carried(player: Player) -> None:
    plan = player.plan([node("c", "test.Count", count=1), node("g", "test.Total")], "c.output -> g.items")
    report = reporter()
    flow = Flow(bind(plan, player.find), report, 64, lambda *_: None)
    for now, told in ((HOUR, 0), (HOUR, 1), (HOUR + 50, 1), (1, 2), (50, 2), (102, 3)):
        report.tape.set_time(now)
        flow.offer(flow.steps[0], "output", 1)

        assert report.tape.count == told, now


async def test_a_run_goes_on_letting_others_have_the_loop() -> None:
    report = reporter()
    pace = Pace(report.tape, lambda _: None)
    await pace.breathe()
    report.tape.look_at = 1 << 20  # as after little was told
    pace._breath.time += HOUR

    assert pace.is_due()
