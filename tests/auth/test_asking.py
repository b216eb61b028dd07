"""Who is asking: providers, tokens that users made, and what is remembered."""

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.auth.asking import Asking
from nodetool.auth.cache import Cache
from nodetool.auth.identity import SCOPES, USER, Identity
from nodetool.auth.local import LocalProvider
from nodetool.auth.none import NoProvider
from nodetool.auth.port import Known, Provider
from nodetool.auth.static import StaticProvider
from nodetool.auth.tokens import FRESH, MOST, PREFIX, Tokens, Wanted
from nodetool.protocol.errors import Conflict, InvalidRequest, NotFound
from nodetool.storage.port import CreateToken, TokenRow
from nodetool.storage.sqlite import Store, open_store
from tests.auth.clock import Clock


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = open_store(tmp_path, sync="normal")
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(store: Store, clock: Clock) -> Tokens:
    return Tokens(store.writer, store.reader, now_us=clock.us)


def asking(tokens: Tokens, clock: Clock, provider: Provider | None = None) -> Asking:
    return Asking(provider or LocalProvider(), tokens, now=clock)


class Counting:
    """A provider that counts how often it is asked."""

    guest = None

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.asked = 0

    async def who(self, token: str) -> Known | None:
        self.asked += 1
        return Known(Identity(user=token), self.seconds) if token.startswith("good") else None


@pytest.mark.parametrize("provider", [NoProvider(), LocalProvider()], ids=["none", "local"])
async def test_where_nobody_is_asked_everybody_is_the_user(tokens: Tokens, clock: Clock, provider: Provider) -> None:
    who = asking(tokens, clock, provider)

    assert who.guest == Identity(user=USER)
    assert await who.who("local_token") is None


async def test_static_knows_one_token(tokens: Tokens, clock: Clock) -> None:
    who = asking(tokens, clock, StaticProvider("the token"))

    known = await who.who("the token")

    assert who.guest is None
    assert known
    assert (known.user, known.scopes) == (USER, SCOPES)
    for wrong in ("", "the toke", "the token ", "THE TOKEN", "tökén", "x" * 100_000):
        assert await who.who(wrong) is None


async def test_a_made_token_is_known_with_every_provider(tokens: Tokens, clock: Clock) -> None:
    token, _ = await tokens.create("7", Wanted(name="app", scopes=["run"], workflow_id="wf"))

    for provider in (NoProvider(), LocalProvider(), StaticProvider("other"), Counting(60)):
        known = await asking(tokens, clock, provider).who(token)
        assert known == Identity(user="7", scopes=frozenset({"run"}), workflow_id="wf", token=token[:9])


async def test_a_made_token_is_nowhere_but_as_its_hash(tokens: Tokens, store: Store, tmp_path: Path) -> None:
    token, row = await tokens.create("1", Wanted(name="app"))

    assert token.startswith(PREFIX)
    assert len(token) == 46
    assert row.hash == sha256(token.encode()).digest()
    assert token[9:].encode() not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


async def test_a_revoked_token_is_not_known_from_then_on(tokens: Tokens, clock: Clock) -> None:
    who = asking(tokens, clock)
    token, row = await tokens.create("1", Wanted(name="app"))
    assert await who.who(token)

    await tokens.revoke("1", row.id)

    assert await who.who(token) is None


async def test_a_token_that_another_process_revoked_is_not_known_a_second_later(
    tokens: Tokens, store: Store, clock: Clock
) -> None:
    who = asking(tokens, clock)
    token, row = await tokens.create("1", Wanted(name="app"))
    assert await who.who(token)

    await Tokens(store.writer, store.reader, now_us=clock.us).revoke("1", row.id)
    clock.turn(FRESH)

    assert await who.who(token) is None


async def test_a_token_ends_when_its_time_is_over(tokens: Tokens, clock: Clock) -> None:
    who = asking(tokens, clock)
    token, _ = await tokens.create("1", Wanted(name="app", expires_us=clock.us() + 500_000))

    assert await who.who(token)
    clock.turn(0.5)
    assert await who.who(token) is None


async def test_its_last_use_is_written_once_an_hour(tokens: Tokens, store: Store, clock: Clock) -> None:
    who = asking(tokens, clock)
    token, row = await tokens.create("1", Wanted(name="app"))
    before = store.writer.operations

    for _ in range(100):
        assert await who.who(token)
        await store.writer.append([])
        clock.turn(FRESH)
    await store.writer.append([])
    assert store.writer.operations - before == 1
    clock.turn(3600)
    assert await who.who(token)
    await store.writer.append([])

    assert store.writer.operations - before == 2
    found = await store.reader.token_by_id(row.id)
    assert found
    assert found.used_us == clock.us()


async def test_users_see_their_own_tokens_newest_first(tokens: Tokens, clock: Clock) -> None:
    rows = []
    for name, user in (("a", "1"), ("b", "2"), ("c", "1")):
        rows.append((await tokens.create(user, Wanted(name=name)))[1])
        clock.turn(1)

    assert [row.name for row in await tokens.all("1")] == ["c", "a"]
    for id in (rows[1].id, "x", "", "0" * 32):
        with pytest.raises(NotFound):
            await tokens.revoke("1", id)
    assert [row.name for row in await tokens.all("2")] == ["b"]


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (Wanted(name=""), "name"),
        (Wanted(name="x" * 257), "name"),
        (Wanted(name="x", scopes=[]), "scopes"),
        (Wanted(name="x", scopes=["run", "fly"]), "scopes"),
        (Wanted(name="x", scopes=["admin"], workflow_id="wf"), "scopes"),
        (Wanted(name="x", workflow_id=""), "workflow_id"),
        (Wanted(name="x", expires_us=1), "expires"),
        (Wanted(name="x", expires_us=2**63), "expires"),
    ],
    ids=["no name", "a long name", "no scopes", "an unknown scope", "all of one", "no workflow", "over", "never"],
)
async def test_a_token_that_cannot_be_is_refused(tokens: Tokens, wanted: Wanted, field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await tokens.create("1", wanted)

    assert refused.value.errors[0].field == f"$.{field}"
    assert await tokens.all("1") == []


async def test_a_user_has_so_many_tokens_at_most(tokens: Tokens, store: Store) -> None:
    def row(number: int) -> TokenRow:
        return TokenRow(
            id=f"{number:032x}",
            hash=bytes([number >> 8, number & 255]),
            user="1",
            name="n",
            prefix="p",
            scopes=["run"],
            workflow_id=None,
            created_us=number,
            expires_us=None,
            used_us=None,
        )

    await store.writer.append([CreateToken(row=row(number), most=MOST) for number in range(MOST)])

    with pytest.raises(Conflict):
        await tokens.create("1", Wanted(name="one more"))
    assert (await tokens.create("2", Wanted(name="of somebody else")))[0]


async def test_a_good_token_is_asked_for_once_in_its_time(tokens: Tokens, clock: Clock) -> None:
    provider = Counting(60)
    who = asking(tokens, clock, provider)

    for _ in range(10):
        assert await who.who("good")
        clock.turn(5)
    assert provider.asked == 1
    clock.turn(10)
    assert await who.who("good")
    assert provider.asked == 2


async def test_without_a_cache_a_token_is_asked_for_every_time(tokens: Tokens, clock: Clock) -> None:
    provider = Counting(0)
    who = asking(tokens, clock, provider)

    assert await who.who("good")
    assert await who.who("good")
    assert provider.asked == 2


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5), st.booleans())), st.integers(0, 4))
def test_the_cache_is_bounded_and_never_tells_what_was_not_put(steps: list[tuple[int, int, bool]], size: int) -> None:
    cache, put = Cache(size), {}
    for now, (key, seconds, writes) in enumerate(steps):
        name = bytes([key])
        if writes:
            cache.put(name, Identity(user=str(key)), now + seconds)
            put[name] = now + seconds
        else:
            found = cache.get(name, now)
            assert found is None or (found.user == str(key) and now < put[name])
        assert len(cache) <= size
