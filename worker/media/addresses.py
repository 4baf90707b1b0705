"""Addresses: which are of the public internet, and which a source may be read from.

The ranges are those of IANA's registries of special addresses, written out: what the standard library holds of them
differs between versions of Python.
"""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def _networks(*named: str) -> tuple[Network, ...]:
    return tuple(map(ip_network, named))


# Where a machine asks who it is and gets its keys: of no use as a source, and never asked for a stranger.
NEVER = _networks(
    "169.254.0.0/16",
    "fe80::/10",
    "fd00:ec2::254",  # Amazon
    "fd20:ce::254",  # Google
    "100.100.100.200",  # Alibaba
    "168.63.129.16",  # Azure; of a public range
    "192.0.0.192",  # Oracle
)
NOT_PUBLIC = _networks(
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",  # carriers' networks
    "127.0.0.0/8",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",  # relays of 6to4, given up
    "192.168.0.0/16",
    "198.18.0.0/15",  # for benchmarks
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",
    "2001:db8::/32",
    "3fff::/20",
)
PROTOCOLS = IPv6Network("2001::/23")  # Teredo, ORCHID, benchmarks and others
TEREDO = IPv6Network("2001::/32")
NAT64 = IPv6Network("64:ff9b::/96")
GLOBAL = IPv6Network("2000::/3")  # all that was ever given to the public internet


def may_be_reached(address: str, private: Sequence[Network] = ()) -> bool:
    """Whether a source may lie there: on the public internet, or in one of these networks; never link-local.

    An address that carries another, as a tunnel's does, may be reached where both may.
    """
    every = _with_carried(ip_address(address.partition("%")[0]))
    return all(not _is_in(one, NEVER) and (_is_public(one) or _is_in(one, private)) for one in every)


def _with_carried(address: Address) -> Iterator[Address]:
    if isinstance(address, IPv4Address):
        yield address
        return
    if address.ipv4_mapped:  # another way to write it, for the system too
        yield address.ipv4_mapped
        return
    yield address
    carried = _carried(address)
    if carried is not None:
        yield carried


def _carried(address: IPv6Address) -> IPv4Address | None:
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.sixtofour or (address.teredo or (None, None))[1]


def _is_public(address: Address) -> bool:
    if _is_in(address, NOT_PUBLIC):
        return False
    if isinstance(address, IPv4Address):
        return True
    return address in NAT64 or (address in GLOBAL and (address not in PROTOCOLS or address in TEREDO))


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
