"""Which addresses nodes may connect to. Pure: whoever connects asks here, for each address and each redirect."""

import ipaddress
from collections.abc import Sequence

from nodetool.protocol.bounds import EVERYWHERE, networks

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv6 addresses that a gateway turns into the IPv4 address of their last 32 bits."""


class Reach:
    """Public addresses, and those private ones that are allowed by name."""

    def __init__(self, private_hosts: Sequence[str]) -> None:
        self._is_everywhere = EVERYWHERE in private_hosts
        self._allowed = networks(private_hosts)

    def allows(self, text: str) -> bool:
        """Tell whether nodes may connect to the address that *text* spells."""
        address = meant(ipaddress.ip_address(text))
        if self._is_everywhere or is_public(address):
            return True
        return any(address in network for network in self._allowed if network.version == address.version)


def meant(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, where it does: that is where the packets go."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def is_public(address: Address) -> bool:
    """Tell whether an address belongs to some host of the internet.

    Private, loopback, link-local, shared, reserved and multicast addresses do not, nor does the unspecified one.
    """
    is_special = address.is_multicast or address.is_reserved or address.is_unspecified
    is_site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    return address.is_global and not (is_special or is_site_local)
