"""Does a site's owner want this hit? Blocked and allowed addresses, paths, countries and hosts.

A value is dropped when a block of its kind matches it, or when its kind has allows and none of
them does.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_network
from urllib.parse import unquote, urlsplit

from tracking.enrich.ranges import AddressRanges
from tracking.records import (
    ADDRESS,
    ALLOW,
    BLOCK,
    COUNTRY,
    FILTER_KINDS,
    HOST,
    PATH,
    FilterRule,
    Hit,
)

CACHED_RULES = 10_000

Matcher = Callable[[str], bool]


@dataclass(frozen=True)
class Choice:
    """What one kind of filter blocks, and what alone it lets in; None lets in everything."""

    blocked: Matcher
    allowed: Matcher | None

    def drops(self, value: str) -> bool:
        """Whether a hit with this value is not wanted."""
        return self.blocked(value) or (self.allowed is not None and not self.allowed(value))


Filters = Mapping[str, Choice]


@lru_cache(maxsize=CACHED_RULES)
def compiled(rules: tuple[FilterRule, ...]) -> Filters:
    """The choices that these rules make, by kind; kinds without a rule are left out."""
    return {
        kind: _choice(kind, [rule for rule in rules if rule.kind == kind])
        for kind in FILTER_KINDS
        if any(rule.kind == kind for rule in rules)
    }


def unwanted_kind(filters: Filters, hit: Hit) -> str | None:
    """The kind of filter that a hit fails, as far as the hit itself tells: all but its country."""
    if not filters:
        return None
    if ADDRESS in filters and filters[ADDRESS].drops(hit.address):
        return ADDRESS
    if HOST in filters and filters[HOST].drops(urlsplit(hit.url).hostname or ""):
        return HOST
    if PATH in filters and filters[PATH].drops(path_of(hit)):
        return PATH
    return None


def is_unwanted_country(filters: Filters, country: str) -> bool:
    """Whether a hit from this country is not wanted; an unknown one is never refused.

    A geolocation service that is down would else take every hit from a site that allows a few.
    """
    return bool(country) and COUNTRY in filters and filters[COUNTRY].drops(country)


def path_of(hit: Hit) -> str:
    """The path that globs are held against: readable, without the query.

    The fragment is part of it where it is part of the page.
    """
    parts = urlsplit(hit.url)
    path = parts.path or "/"
    if hit.hash_mode and parts.fragment:
        path += f"#{parts.fragment}"
    return unquote(path)


def _choice(kind: str, rules: Iterable[FilterRule]) -> Choice:
    values: dict[str, list[str]] = {BLOCK: [], ALLOW: []}
    for rule in rules:
        values[rule.action].append(rule.value)
    matcher = MATCHERS[kind]
    return Choice(matcher(values[BLOCK]), matcher(values[ALLOW]) if values[ALLOW] else None)


def _addresses(values: list[str]) -> Matcher:
    return AddressRanges(ip_network(value) for value in values).__contains__


def _countries(values: list[str]) -> Matcher:
    return frozenset(values).__contains__


def _hosts(values: list[str]) -> Matcher:
    """`example.org` is that host alone; `*.example.org` every host below it."""
    exact = frozenset(value for value in values if not value.startswith("*."))
    below = tuple(value[1:] for value in values if value.startswith("*."))
    return lambda host: host in exact or host.endswith(below)


def _paths(values: list[str]) -> Matcher:
    globs = [tuple(value.split("*")) for value in values]
    return lambda path: any(_fits(path, parts) for parts in globs)


def _fits(path: str, parts: tuple[str, ...]) -> bool:
    """Whether these texts stand in the path, in this order, first and last at its ends.

    Plain searches, where a regular expression could be made to take for ever.
    """
    first, *middle = parts
    if not middle:
        return path == first
    *middle, last = middle
    if not path.startswith(first):
        return False
    at = len(first)
    for part in middle:
        found = path.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(path) - at >= len(last) and path.endswith(last)


MATCHERS: Mapping[str, Callable[[list[str]], Matcher]] = {
    ADDRESS: _addresses,
    PATH: _paths,
    COUNTRY: _countries,
    HOST: _hosts,
}
