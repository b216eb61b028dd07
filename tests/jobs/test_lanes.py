"""Who is next, and how many a user may have."""

from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.jobs.lanes import Lane
from nodetool.jobs.policy import Policy
from nodetool.jobs.service import Jobs
from nodetool.jobs.workspaces import Workspaces
from nodetool.protocol.errors import TooManyJobs
from tests.jobs.helpers import Ticking, completed, shared_kind
from tests.jobs.house import opened

ECHO = shared_kind()


class Waiting(NamedTuple):
    user: str
    number: int


def lane(users: str) -> Lane[Waiting]:
    made: Lane[Waiting] = Lane()
    for number, user in enumerate(users):
        made.append(Waiting(user, number))
    return made


def taken(queue: Lane[Waiting]) -> str:
    return "".join(queue.popleft().user for _ in range(len(queue)))


def test_one_user_is_served_in_order() -> None:
    queue = lane("aaaa")

    assert [queue.popleft().number for _ in range(4)] == [0, 1, 2, 3]


def test_users_take_turns_however_much_one_has_put_there() -> None:
    assert taken(lane("aaaaabc")) == "abcaaaa"


def test_who_comes_late_waits_for_one_turn_of_each() -> None:
    queue = lane("aaaabbbb")
    assert queue.popleft().user == "a"
    queue.append(Waiting("c", 9))

    assert taken(queue) == "bacbabab"


def test_what_is_taken_out_is_not_there_and_its_user_keeps_the_turn() -> None:
    queue = lane("aab")
    queue.remove(Waiting("a", 0))

    assert Waiting("a", 0) not in queue
    assert Waiting("a", 1) in queue
    assert taken(queue) == "ab"
    with pytest.raises(ValueError, match="not in"):
        queue.remove(Waiting("a", 0))


@given(st.lists(st.one_of(st.sampled_from("abc"), st.just("-"), st.integers(0, 30))))
def test_nothing_is_lost_each_user_is_in_order_and_nobody_is_passed_over_twice(steps: list[str | int]) -> None:
    queue: Lane[Waiting] = Lane()
    here: list[Waiting] = []
    since: dict[str, list[str]] = {}
    for number, step in enumerate(steps):
        if step == "-":
            if not here:
                continue
            assert queue.first in here
            one = queue.popleft()
            assert one == next(other for other in here if other.user == one.user)
            here.remove(one)
            for user, passed in since.items():
                assert user == one.user or passed.count(one.user) == 0 or user not in {other.user for other in here}
                passed.append(one.user)
            since[one.user] = []
        elif isinstance(step, int):
            if step < len(here):
                queue.remove(here.pop(step))
        else:
            here.append(Waiting(step, number))
            queue.append(here[-1])
            since.setdefault(step, [])
        for user in list(since):
            if user not in {other.user for other in here}:
                del since[user]
        assert len(queue) == len(here)
        assert sorted(queue, key=lambda other: other.number) == here
        assert bool(queue) == bool(here)


async def test_a_user_has_so_many_jobs_at_a_time(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        policy = Policy(max_user_jobs=2)
        clock = Ticking(1_700_000_000_000_000)
        store = house.store
        jobs = Jobs(
            house.workflows,
            store.writer,
            store.reader,
            house.connect,
            secrets=house.secrets,
            workspaces=Workspaces(tmp_path / "workspaces"),
            clock=clock,
            policy=policy,
        )
        await jobs.open()
        graph = msgspec.json.encode(ECHO)
        first, _ = [await jobs.start_graph("1", graph, {}) for _ in range(2)]
        with pytest.raises(TooManyJobs, match="NODETOOL_MAX_USER_JOBS"):
            await jobs.start_graph("1", graph, {})
        await jobs.start_graph("2", graph, {})

        runner, _ = house.started(first.id)
        runner.say(completed(first))
        await first.wait()
        await jobs.start_graph("1", graph, {})
        await jobs.stop()
