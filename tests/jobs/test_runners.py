"""Which runner a job gets."""

import pytest

from nodetool.jobs.job import Job
from nodetool.jobs.policy import Policy
from nodetool.jobs.runners import IDLE, KNOWN_PLANS, SHARED_RUNS, Runner, Runners, limits
from nodetool.protocol import frames
from nodetool.protocol.descriptions import Runs
from nodetool.runner.link import Link, Listener
from nodetool.storage.sqlite import Store
from tests.graphs import through
from tests.jobs.helpers import Desk, FakeLink, alone_kind, shared_kind
from tests.runner.helpers import Ear, version

KINDS = {"inline": through("nodetool.text.Concat", "a"), "async": shared_kind(), "blocking": alone_kind()}


class House:
    """Runners whose processes are fakes."""

    def __init__(self, store: Store, cores: int = 2, **limits: int) -> None:
        self.links: list[FakeLink] = []
        self.runners = Runners(self._connect, Ear(), Policy(cores=cores, **limits))
        self._desk = Desk(store)

    def _connect(self, listener: Listener) -> Link:
        link = FakeLink(listener, len(self.links) + 1)
        self.links.append(link)
        return link

    def job(self, kind: str = "async") -> Job:
        return self._desk.job(version(KINDS.get(kind) or through("bench.nodes.Busy")))

    def begin(self, kind: str) -> tuple[Runner, Job]:
        job = self.job(kind)
        runner = self.runners.take(job)
        assert runner
        runner.start(job, 2, {})
        return runner, job


@pytest.fixture
def house(store: Store) -> House:
    made = House(store)
    made.runners.open()
    return made


def test_each_class_has_its_limit() -> None:
    assert limits(1) == {"blocking": 8, "cpu": 1, "gpu": 1}
    assert limits(4) == {"blocking": 16, "cpu": 4, "gpu": 1}


async def test_what_never_waits_shares_a_lane(house: House) -> None:
    assert house.runners.lane(house.job("inline")) == house.runners.lane(house.job("async")) == "inline"
    assert house.runners.lane(house.job("blocking")) == "blocking"
    assert house.runners.lane(house.job("cpu")) == "cpu"


async def test_a_job_that_lost_its_shared_runner_gets_one_for_itself(house: House) -> None:
    job = house.job("async")
    job.is_alone = True

    assert house.runners.lane(job) == "blocking"


async def test_the_shared_runner_takes_a_thousand_runs(house: House) -> None:
    runners = {house.begin("async")[0] for _ in range(SHARED_RUNS)}

    assert len(runners) == len(house.links) == 1
    assert house.runners.take(house.job("async")) is None


@pytest.mark.parametrize(("kind", "most"), [("blocking", 8), ("cpu", 2)])
async def test_no_more_runs_of_a_class_than_its_limit_have_a_runner(house: House, kind: Runs, most: int) -> None:
    begun = [house.begin(kind) for _ in range(most)]
    assert len({runner for runner, _ in begun}) == most
    assert house.runners.take(house.job(kind)) is None

    house.runners.release(*begun[0])

    assert house.runners.take(house.job(kind)) is begun[0][0]


async def test_runners_whose_run_has_left_are_kept_idle_and_further_ones_end(house: House) -> None:
    begun = [house.begin("blocking") for _ in range(IDLE + 1)]
    for one in begun:
        house.runners.release(*one)

    assert [link.of(frames.Stop) for link in house.links] == [[], *([] for _ in range(IDLE)), [frames.Stop()]]
    assert house.begin("cpu")[0] is begun[0][0]


async def test_an_idle_runner_that_has_ended_gets_no_run_though_nobody_was_told_yet(house: House) -> None:
    begun = house.begin("blocking"), house.begin("blocking")
    for one in begun:
        house.runners.release(*one)
    house.links[begun[0][0].link.pid - 1].is_dead = True

    assert house.begin("cpu")[0] is begun[1][0]
    assert house.begin("cpu")[0] not in (begun[0][0], begun[1][0])


async def test_a_runner_that_has_set_up_the_types_of_a_job_is_preferred(house: House) -> None:
    blocking, cpu = house.begin("blocking"), house.begin("cpu")
    house.runners.release(*blocking)
    house.runners.release(*cpu)

    assert house.begin("cpu")[0] is cpu[0]


async def test_a_type_that_is_demoted_gets_a_runner_for_itself(house: House) -> None:
    house.runners.demoted.add("bench.nodes.Sleep")

    assert house.runners.lane(house.job("async")) == "blocking"
    assert house.runners.lane(house.job("inline")) == "inline"


async def test_a_shared_runner_is_replaced_after_its_runs_and_ends_with_its_last_one(store: Store) -> None:
    house = House(store, recycle=2)
    house.runners.open()
    one, other = house.begin("async"), house.begin("async")
    house.runners.release(*one)

    assert len(house.links) == 2
    assert house.begin("async")[0] is not one[0]
    assert not house.links[0].of(frames.Stop)
    house.runners.release(*other)
    assert house.links[0].of(frames.Stop)


async def test_a_spare_is_kept_once_one_was_needed(house: House) -> None:
    house.runners.keep_idle()
    assert len(house.links) == 1
    runner, _ = house.begin("blocking")
    house.runners.keep_idle()
    house.runners.keep_idle()
    assert len(house.links) == 3

    assert house.begin("blocking")[0] is not runner
    assert len(house.links) == 3


async def test_a_doomed_runner_gets_no_further_runs(house: House) -> None:
    shared, _ = house.begin("async")
    alone, job = house.begin("blocking")
    house.runners.doom(shared)
    house.runners.doom(alone)
    assert house.runners.take(house.job("async")) is None
    assert not house.runners.is_ready
    house.runners.open()
    house.runners.release(alone, job)

    assert house.begin("async")[0] is not shared
    assert house.begin("blocking")[0] is not alone


async def test_a_lost_runner_frees_its_place(house: House) -> None:
    begun = [house.begin("cpu") for _ in range(2)]
    lost = house.runners.lost(begun[0][0].link)

    assert lost is begun[0][0]
    assert house.runners.of(lost.link) is None
    assert house.runners.take(house.job("cpu"))
    assert house.runners.take(house.job("cpu")) is None


async def test_a_runner_lost_just_after_its_run_left_is_no_spare(house: House) -> None:
    runner, job = house.begin("cpu")
    house.runners.release(runner, job)
    house.runners.lost(runner.link)

    assert house.begin("cpu")[0] is not runner
    assert house.begin("cpu")[0] is not runner
    assert house.runners.take(house.job("cpu")) is None


async def test_a_spare_may_be_lost_before_it_had_a_run(house: House) -> None:
    house.begin("cpu")
    house.runners.keep_idle()
    lost = house.runners.lost(house.links[-1])

    assert not lost.active
    assert house.runners.counts() == {"shared": 1, "alone": 1, "idle": 0}


async def test_a_lost_shared_runner_takes_nothing(house: House) -> None:
    house.runners.lost(house.links[0])

    assert house.runners.take(house.job("async")) is None
    assert len(house.runners) == 0


async def test_a_plan_is_sent_once_to_a_runner(house: House) -> None:
    house.begin("async")
    house.begin("async")
    house.begin("inline")

    sent = [type(frame) for frame in house.links[0].sent]
    assert sent == [frames.Plan, frames.Start, frames.Start, frames.Plan, frames.Start]


async def test_what_is_known_of_a_runners_plans_is_bounded(house: House) -> None:
    runner, job = house.begin("async")
    runner.plans.update(map(str, range(KNOWN_PLANS)))
    runner.send_plan(job)

    assert runner.plans == {job.version.plan_hash}


async def test_a_start_says_what_the_run_needs(house: House) -> None:
    job = house.job("async")
    job.values["text"] = "hi"
    runner = house.runners.take(job)
    assert runner
    runner.start(job, 5, {})

    assert house.links[0].sent[-1] == frames.Start(job.no, 1, 5, job.version.plan_hash, {"text": "hi"}, job.id, "w")
