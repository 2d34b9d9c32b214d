"""Does a visitor send more than a person can?"""

from collections import OrderedDict
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address

from tracking.records import CACHED_ADDRESSES

# Five a second for a whole minute. A class of thirty behind one address, with one kind of
# browser, has ten a minute each.
MOST_HITS_A_MINUTE = 300
KEPT_MINUTES = 50_000

VisitorMinute = tuple[int, int]
"""A visitor's hash, and a minute of the clock, counted from 1970."""


class VisitorRates:
    """How many hits each visitor had in each minute, of the minutes counted last.

    Counting begins anew when the process does: then up to a minute's limit more may get in.
    """

    def __init__(self, kept: int = KEPT_MINUTES) -> None:
        self._kept = kept
        self._hits: OrderedDict[VisitorMinute, int] = OrderedDict()

    def hits(self, minute: VisitorMinute) -> int:
        """How many hits were counted of this visitor's minute."""
        return self._hits.get(minute, 0)

    def add(self, hits: Mapping[VisitorMinute, int]) -> None:
        """Count hits, and forget the minutes that nothing was added to for longest."""
        for minute, count in hits.items():
            self._hits[minute] = self.hits(minute) + count
            self._hits.move_to_end(minute)
        while len(self._hits) > self._kept:
            self._hits.popitem(last=False)


@lru_cache(maxsize=CACHED_ADDRESSES)
def is_one_visitors(address: str) -> bool:
    """Whether an address can be a visitor's own.

    A private one is a proxy's whose word about its clients nobody takes: all visitors share it.
    """
    try:
        return ip_address(address).is_global
    except ValueError:
        return False
