"""Which addresses are anybody's, and which are this machine's or this network's."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.sdk.addresses import Reach

PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::808:808", "::ffff:8.8.8.8"]

PRIVATE = [
    "127.0.0.1",
    "127.9.9.9",
    "10.0.0.7",
    "172.16.3.4",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "240.0.0.1",
    "192.0.2.1",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.7",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_reached(address: str) -> None:
    assert Reach(()).allows(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_special_address_may_not(address: str) -> None:
    assert not Reach(()).allows(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_star_allows_every_address(address: str) -> None:
    assert Reach(("*",)).allows(address)


def test_what_is_named_is_allowed_and_nothing_beside_it() -> None:
    reach = Reach(("10.1.0.0/16", "127.0.0.1", "fd00::/8"))

    assert all(map(reach.allows, ("10.1.2.3", "127.0.0.1", "::ffff:10.1.2.3", "fd00::7")))
    assert not any(map(reach.allows, ("10.2.0.1", "127.0.0.2", "::1", "fc00::7")))


@given(st.ip_addresses(v=4))
def test_an_address_that_is_mapped_into_ipv6_is_judged_as_itself(address: ipaddress.IPv4Address) -> None:
    assert Reach(()).allows(f"::ffff:{address}") == Reach(()).allows(str(address))
