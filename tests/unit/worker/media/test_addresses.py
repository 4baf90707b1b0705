"""Which addresses a source may be read from."""

from ipaddress import ip_network

import pytest

from worker.media.addresses import may_be_reached
from worker.settings import ALL_NETWORKS

PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]
PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",  # an IPv4 address as it was once written
    "::ffff:10.0.0.1",
    "::ffff:0:10.0.0.1",  # translated by a router
    "64:ff9b::a00:1",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:0:808:808:0:0:f5ff:fffe",  # Teredo to 10.0.0.1
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:a00:1::",
    "2002:7f00:1::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fec0::7",
    "feff::7",
    "ff02::1",
]
NEVER = [
    "169.254.169.254",
    "169.254.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_may_be_reached(address: str) -> None:
    assert may_be_reached(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_private_may_be_reached_where_all_of_it_is_allowed(address: str) -> None:
    assert not may_be_reached(address)
    assert may_be_reached(address, ALL_NETWORKS)


@pytest.mark.parametrize("address", NEVER)
def test_no_setting_allows_link_local_addresses_and_those_that_give_out_keys(address: str) -> None:
    assert not may_be_reached(address)
    assert not may_be_reached(address, ALL_NETWORKS)
    assert not may_be_reached(address, [ip_network("169.254.0.0/16"), ip_network("fe80::/10")])


def test_a_network_that_is_allowed_allows_no_other() -> None:
    calls = [ip_network("10.1.0.0/16"), ip_network("fd00:1::/32")]
    for inside in ("10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::a01:203", "fd00:1::7", "8.8.8.8"):
        assert may_be_reached(inside, calls)
    for outside in ("10.2.0.1", "127.0.0.1", "fd00:2::7", "::ffff:10.2.0.1", "2002:a02:1::"):
        assert not may_be_reached(outside, calls)
