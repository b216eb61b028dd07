"""Tokens of a Supabase project: checked with real keys, from a real HTTP server."""

import asyncio
import base64
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from nodetool.auth.supabase import SKEW, Project, SupabaseProvider
from nodetool.protocol.errors import AuthUnavailable
from tests.auth.clock import Clock
from tests.auth.issuer import Issuer, issuing, public

SECRET = "a secret of the project, long enough to be one"
ALICE = "8d6f1a34-0000-4000-8000-0000000000aa"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def provider(issuer: Issuer, clock: Clock) -> SupabaseProvider:
    return SupabaseProvider(Project(url=issuer.url + "/"), now=clock)


async def user_of(provider: SupabaseProvider, token: str) -> str | None:
    known = await provider.who(token)
    return known.identity.user if known else None


async def test_the_subject_of_a_token_is_the_user(issuer: Issuer, provider: SupabaseProvider) -> None:
    assert await user_of(provider, issuer.token()) == ALICE
    assert provider.guest is None


async def test_each_kind_of_key_is_known(issuer: Issuer, provider: SupabaseProvider) -> None:
    issuer.keys |= {
        "rsa": rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "ed": ed25519.Ed25519PrivateKey.generate(),
    }

    assert await user_of(provider, issuer.token("rsa", alg="RS256")) == ALICE
    assert await user_of(provider, issuer.token("ed", alg="EdDSA")) == ALICE


BAD: dict[str, dict[str, Any]] = {
    "expired": {"exp": int(time.time()) - SKEW - 5},
    "not valid yet": {"nbf": int(time.time()) + 3600},
    "for others": {"aud": "others"},
    "for nobody": {"aud": None},
    "from another issuer": {"iss": "https://evil.example/auth/v1"},
    "from no issuer": {"iss": None},
    "without a subject": {"sub": None},
    "with an empty subject": {"sub": ""},
    "with a long subject": {"sub": "x" * 300},
    "without an end": {"exp": None},
    "whose end is text": {"exp": "tomorrow"},
    "whose end is beyond numbers": {"exp": 10**400},
}


@pytest.mark.parametrize("claims", BAD.values(), ids=BAD.keys())
async def test_a_token_is_nobodys(issuer: Issuer, provider: SupabaseProvider, claims: dict[str, Any]) -> None:
    assert await user_of(provider, issuer.token(**claims)) is None
    assert await user_of(provider, issuer.token()) == ALICE


async def test_two_clocks_may_differ_a_little(issuer: Issuer, provider: SupabaseProvider) -> None:
    assert await user_of(provider, issuer.token(exp=int(time.time()) - SKEW + 10)) == ALICE


async def test_a_key_of_somebody_else_signs_nothing(issuer: Issuer, provider: SupabaseProvider) -> None:
    assert await user_of(provider, issuer.token(key=ec.generate_private_key(ec.SECP256R1()))) is None


async def test_a_token_cannot_choose_how_it_is_checked(issuer: Issuer) -> None:
    """The oldest tricks: no signature at all, and the public key as a shared secret."""
    mixed = SupabaseProvider(Project(url=issuer.url, secret=SECRET), now=Clock())
    key = issuer.keys["one"].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    unsigned = f"{part({'alg': 'none', 'kid': 'one'})}.{part(claims)}."

    body = f"{part({'alg': 'HS256', 'kid': 'one'})}.{part(claims)}"
    signature = base64.urlsafe_b64encode(hmac.digest(key, body.encode(), "sha256")).rstrip(b"=").decode()

    assert await user_of(mixed, unsigned) is None
    assert await user_of(mixed, f"{body}.{signature}") is None
    assert await user_of(mixed, issuer.token(alg="HS256", key=SECRET)) == ALICE


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


async def test_a_shared_secret_counts_only_where_it_is_set(issuer: Issuer, provider: SupabaseProvider) -> None:
    token = issuer.token(alg="HS256", key=SECRET)
    old = SupabaseProvider(Project(secret=SECRET), now=Clock())

    assert await user_of(old, token) == ALICE
    assert await user_of(old, issuer.token()) is None
    assert await user_of(provider, token) is None


async def test_keys_are_fetched_once_however_many_ask(issuer: Issuer, provider: SupabaseProvider) -> None:
    users = await asyncio.gather(*(user_of(provider, issuer.token()) for _ in range(20)))

    assert set(users) == {ALICE}
    assert issuer.asked == 1


async def test_a_new_key_is_known_when_it_is_first_used(
    issuer: Issuer, provider: SupabaseProvider, clock: Clock
) -> None:
    assert await user_of(provider, issuer.token()) == ALICE
    issuer.keys["two"] = ec.generate_private_key(ec.SECP256R1())
    clock.turn(30)

    assert await user_of(provider, issuer.token("two")) == ALICE
    assert issuer.asked == 2


async def test_a_key_that_was_withdrawn_is_forgotten(issuer: Issuer, provider: SupabaseProvider, clock: Clock) -> None:
    old = issuer.token()
    assert await user_of(provider, old) == ALICE
    issuer.keys = {"two": ec.generate_private_key(ec.SECP256R1())}
    clock.turn(700)

    assert await user_of(provider, old) is None
    assert await user_of(provider, issuer.token("two")) == ALICE


async def test_names_of_keys_that_are_made_up_do_not_make_it_fetch(
    issuer: Issuer, provider: SupabaseProvider, clock: Clock
) -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    for number in range(50):
        assert await user_of(provider, issuer.token(f"made-up-{number}", key=stranger)) is None
        clock.turn(0.1)

    assert issuer.asked == 1
    assert await user_of(provider, issuer.token()) == ALICE


async def test_an_outage_locks_nobody_out_for_an_hour(issuer: Issuer, provider: SupabaseProvider, clock: Clock) -> None:
    assert await user_of(provider, issuer.token()) == ALICE
    issuer.status = 500
    clock.turn(3000)

    assert await user_of(provider, issuer.token()) == ALICE
    clock.turn(1000)
    with pytest.raises(AuthUnavailable):
        await provider.who(issuer.token())
    issuer.status = 200
    clock.turn(11)
    assert await user_of(provider, issuer.token()) == ALICE


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, None), (302, None), (200, b"{"), (200, b'{"keys": 3}'), (200, b"x" * (2 << 20))],
    ids=["an error", "a redirect", "no JSON", "no keys", "too much"],
)
async def test_an_issuer_that_never_answered_well_is_no_reason_to_refuse_a_token(
    issuer: Issuer, provider: SupabaseProvider, status: int, body: bytes | None
) -> None:
    issuer.status, issuer.body = status, body

    with pytest.raises(AuthUnavailable):
        await provider.who(issuer.token())


async def test_nobody_listens(clock: Clock, issuer: Issuer) -> None:
    gone = SupabaseProvider(Project(url="http://127.0.0.1:9"), now=clock)

    with pytest.raises(AuthUnavailable):
        await gone.who(issuer.token())


WEAK = rsa.generate_private_key(public_exponent=65537, key_size=1024)
STRONG = ec.generate_private_key(ec.SECP256R1())
ODD: dict[str, tuple[Any, dict[str, Any], str]] = {
    "too short": (WEAK, {}, "RS256"),
    "for encryption": (STRONG, {"use": "enc"}, "ES256"),
    "for another algorithm": (STRONG, {"alg": "ES384"}, "ES256"),
    "of an unknown kind": (STRONG, {"kty": "XYZ"}, "ES256"),
    "that is broken": (STRONG, {"x": "AAAA"}, "ES256"),
    "that is a secret": (STRONG, {"kty": "oct", "k": "c2VjcmV0"}, "ES256"),
}


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize(("key", "fields", "alg"), ODD.values(), ids=ODD.keys())
async def test_a_key_that_is_no_good_is_passed_over(
    issuer: Issuer, provider: SupabaseProvider, key: Any, fields: dict[str, Any], alg: str
) -> None:
    good = public("one", issuer.keys["one"])
    issuer.body = json.dumps({"keys": [public("odd", key, **fields), good]}).encode()

    assert await user_of(provider, issuer.token("odd", alg=alg, key=key)) is None
    assert await user_of(provider, issuer.token()) == ALICE


async def test_a_token_is_kept_no_longer_than_it_lasts(issuer: Issuer, provider: SupabaseProvider) -> None:
    long, short = issuer.token(), issuer.token(exp=int(time.time()) - SKEW + 10)

    known, soon_over = await provider.who(long), await provider.who(short)

    assert known
    assert soon_over
    assert known.seconds == 60
    assert soon_over.seconds <= 10


@given(st.one_of(st.text(), st.lists(st.text(st.characters(codec="ascii")), min_size=3, max_size=3).map(".".join)))
def test_no_text_upsets_it(token: str) -> None:
    provider = SupabaseProvider(Project(secret=SECRET), now=Clock())

    assert asyncio.run(provider.who(token)) is None
