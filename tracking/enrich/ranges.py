"""Is an address in any of these networks? However many there are."""

from bisect import bisect_right
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network
from typing import TypeVar

from tracking.records import Network

OneVersion = TypeVar("OneVersion", IPv4Network, IPv6Network)


class AddressRanges:
    """Networks of both versions, as sorted ranges of numbers: a look-up halves its way there."""

    def __init__(self, networks: Iterable[Network]) -> None:
        every = list(networks)
        self._ranges = {
            4: _sorted_ranges(one for one in every if isinstance(one, IPv4Network)),
            6: _sorted_ranges(one for one in every if isinstance(one, IPv6Network)),
        }

    def __contains__(self, text: str) -> bool:
        """Whether the address lies in one of the networks; what is no address lies in none."""
        try:
            address = ip_address(text)
        except ValueError:
            return False
        first, last = self._ranges[address.version]
        at = bisect_right(first, int(address)) - 1
        return at >= 0 and int(address) <= last[at]


def parse_ranges(text: str) -> AddressRanges:
    """Networks from lines like `84.112.0.0/16`; empty lines and what follows a # say nothing.

    Raises ValueError with the number of the first line that is none.
    """
    networks = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].strip()
        if words:
            try:
                networks.append(ip_network(words, strict=False))
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from None
    return AddressRanges(networks)


def _sorted_ranges(networks: Iterable[OneVersion]) -> tuple[list[int], list[int]]:
    """First and last addresses of ranges that do not overlap, in order."""
    apart = list(collapse_addresses(networks))
    return (
        [int(network.network_address) for network in apart],
        [int(network.broadcast_address) for network in apart],
    )
