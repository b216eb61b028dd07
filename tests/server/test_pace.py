"""How much is taken from whom, and where it comes from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.auth.identity import Identity
from nodetool.server.address import address_of
from nodetool.server.buckets import Buckets
from nodetool.server.pace import network
from tests.server.fakes import FakeAsking, House
from tests.server.live import live
from tests.server.talk import talking


def test_a_burst_may_come_and_then_a_steady_rate() -> None:
    buckets = Buckets(rate=2, burst=3)

    assert [buckets.take("a", 0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert buckets.take("a", 0.5) == 0
    assert buckets.take("a", 0.5) == 0.5
    assert buckets.take("b", 0.5) == 0


@given(
    st.lists(st.tuples(st.floats(0, 5), st.sampled_from("abc"))),
    st.floats(0.1, 50),
    st.integers(1, 20),
    st.integers(1, 3),
)
def test_no_more_is_taken_than_the_rate_gives_and_what_is_refused_is_taken_when_it_was_told(
    steps: list[tuple[float, str]], rate: float, burst: int, size: int
) -> None:
    buckets, now, taken = Buckets(rate, burst, size=3), 0.0, dict.fromkeys("abc", 0)
    for pause, key in steps:
        now += pause
        wait = buckets.take(key, now)
        taken[key] += not wait
        assert 0 <= wait <= 1 / rate + 1e-9
        if wait:
            now += wait * 1.001
            assert buckets.take(key, now) == 0
            taken[key] += 1
        assert taken[key] <= burst + now * rate + 1e-6


@given(st.lists(st.text(max_size=3)))
def test_a_bucket_for_everybody_is_no_end_of_memory(keys: list[str]) -> None:
    buckets = Buckets(1, 1, size=5)
    for now, key in enumerate(keys):
        buckets.take(key, now)

    assert len(buckets) <= 5


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_a_client_is_counted_by_what_it_has_for_itself(address: str, counted: str) -> None:
    assert network(address) == counted


@pytest.mark.parametrize(
    ("peer", "said", "address"),
    [
        ("1.1.1.1", "9.9.9.9", "1.1.1.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "9.9.9.9", "9.9.9.9"),
        ("10.0.0.1", "6.6.6.6, 9.9.9.9", "9.9.9.9"),
        ("10.0.0.1", "6.6.6.6, 9.9.9.9, 10.0.0.2", "9.9.9.9"),
        ("10.0.0.1", "10.0.0.2", "10.0.0.1"),
        ("10.0.0.1", " ,, ", "10.0.0.1"),
        ("10.0.0.1", "x" * 900, "x" * 64),
    ],
    ids=["no proxy", "says nothing", "one", "made up", "two", "only proxies", "blanks", "long"],
)
def test_a_proxy_of_ours_is_believed_and_nobody_else(peer: str, said: str, address: str) -> None:
    headers = [(b"x-forwarded-for", said.encode())] if said else []

    assert address_of(peer, headers, frozenset({"10.0.0.1", "10.0.0.2"})) == address


def house() -> House:
    made = House()
    made.asking = FakeAsking(None, alice=Identity(user="alice"), bob=Identity(user="bob"))
    return made


def token(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}"}


async def test_a_user_who_asks_too_much_is_told_when_to_come_back_and_others_are_not_touched() -> None:
    async with live(house(), user_rate=0.01) as server:
        first = await server.http.get("/api/jobs", headers=token("alice"))
        second = await server.http.get("/api/jobs", headers=token("alice"))
        other = await server.http.get("/api/jobs", headers=token("bob"))

    assert (first.status_code, second.status_code, other.status_code) == (200, 429, 200)
    assert second.json()["code"] == "rate_limited"
    assert "--user-rate" in second.json()["detail"]
    assert 90 <= int(second.headers["retry-after"]) <= 100


async def test_an_address_that_guesses_tokens_is_slowed_down_and_health_is_not() -> None:
    async with live(house(), address_rate=0.01) as server:
        answers = [await server.http.get("/api/jobs", headers=token(f"guess-{number}")) for number in range(3)]
        health = await server.http.get("/health")
        async with talking(f"{server.socket_url}?token=alice") as talk:
            closed = await talk.closing()

    assert [answer.status_code for answer in answers] == [401, 429, 429]
    assert "--address-rate" in answers[1].json()["detail"]
    assert health.status_code == 200
    assert closed[0] == 1013


async def test_an_address_behind_a_proxy_of_ours_is_counted_by_itself() -> None:
    async with live(house(), address_rate=0.01, trust_proxies=("127.0.0.1",)) as server:

        async def ask(address: str) -> int:
            headers = token("alice") | {"X-Forwarded-For": f"6.6.6.6, {address}"}
            return (await server.http.get("/api/jobs", headers=headers)).status_code

        assert [await ask("9.9.9.1"), await ask("9.9.9.2"), await ask("9.9.9.1")] == [200, 200, 429]


async def test_commands_count_too_and_the_socket_stays_open() -> None:
    async with live(house(), user_rate=1.5) as server, talking(f"{server.socket_url}?token=alice") as talk:
        for _ in range(3):
            await talk.ask("ping")
        refused = await talk.ask("run_job", workflow_id="wf")

    assert (refused["code"], refused["command"]) == ("rate_limited", "run_job")
    assert not server.jobs.all
