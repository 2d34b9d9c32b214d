"""Addresses in many networks."""

from ipaddress import ip_address, ip_network
from random import Random

import pytest

from tracking.enrich.ranges import AddressRanges, parse_ranges


def test_a_list_of_ranges_is_read_with_its_remarks() -> None:
    ranges = parse_ranges("# clouds\n\n198.51.100.7/24  # one\n2001:db8::/32\n203.0.113.9\n")

    assert "198.51.100.255" in ranges
    assert "198.51.101.0" not in ranges
    assert "2001:db8::1" in ranges
    assert "203.0.113.9" in ranges
    assert "203.0.113.10" not in ranges
    assert "" not in ranges
    assert "nonsense" not in ranges


def test_an_empty_list_holds_nothing() -> None:
    assert "84.112.1.1" not in parse_ranges("")


def test_a_line_that_is_no_network_is_named() -> None:
    with pytest.raises(ValueError, match="line 2: 'cloud'"):
        parse_ranges("198.51.100.0/24\ncloud\n")


def test_thousands_of_overlapping_ranges_answer_as_a_plain_search_does() -> None:
    chance = Random(7)
    networks = [
        ip_network((chance.getrandbits(32), chance.randint(10, 32)), strict=False)
        for _ in range(3000)
    ]
    ranges = AddressRanges(networks)
    edges = [network.network_address for network in networks[:100]]
    edges += [
        network.broadcast_address + 1
        for network in networks[:100]
        if int(network.broadcast_address) < 2**32 - 1
    ]
    for address in (*edges, *(ip_address(chance.getrandbits(32)) for _ in range(100))):
        assert (str(address) in ranges) == any(address in network for network in networks)
