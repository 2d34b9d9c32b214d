"""Where did a visit come from? A referrer and campaign tags into a source and a channel.

A source is the name of a known host, app or tag ("Google"), else the host or the tag itself. The
channel follows from its kind and the tags, by the rules in channels.py.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml

from tracking.enrich.channels import (
    ASSISTANT,
    DIRECT_SOURCE,
    DIRECT_SOURCES,
    NO_MEDIUM,
    REFERRAL,
    REFERRAL_MEDIUM,
    SEARCH,
    SOCIAL,
    Arrival,
    channel_of,
    is_paid,
)
from tracking.enrich.pages import path_and_host
from tracking.enrich.tags import LONGEST_TEXT, Tags, read_tags
from tracking.records import UNKNOWN_PAGE, Origin

DATA = Path(__file__).parent / "data"
CACHED_REFERRERS = 10_000
APP = "android-app://"
SCHEMES = (APP, "https://", "http://")
LISTS = (
    ("SearchEngines.yml", SEARCH),
    ("Socials.yml", SOCIAL),
    ("AIAssistants.yml", ASSISTANT),
)
OWN_LIST = "Sources.yml"
TAGS = "tags"
UNLISTED_SUFFIXES = ("uk", "eu")
"""Suffixes that stand for a country, or many, and are no ISO 3166 codes."""


@dataclass(frozen=True, slots=True)
class Source:
    """A name, and the kind of what bears it: one of channels.py, or empty when unknown."""

    name: str
    kind: str = ""


DIRECT = Source("Direct")


@dataclass(frozen=True, slots=True)
class Referrer:
    """What a referrer alone says; `host` is without www., and empty for none."""

    host: str
    source: Source
    origin: Origin
    is_spam: bool = False


NOWHERE = Referrer("", DIRECT, Origin(source=DIRECT.name, channel="Direct"))


@dataclass(frozen=True, eq=False)
class SourceList:
    """The known hosts and apps, the names that tags may have, and the forgers of referrers."""

    hosts: Mapping[str, Source]
    names: Mapping[str, Source]
    spammers: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def load(cls, folder: Path = DATA) -> "SourceList":
        """Read the lists that ship with Footfall; of two that know a host, the later is right."""
        own = _read_yaml(folder / OWN_LIST)
        tags = own.pop(TAGS)
        lists = [(kind, _public_list(folder / file)) for file, kind in LISTS]
        hosts = {
            host: Source(name, kind)
            for kind, names in [*lists, *own.items()]
            for name, patterns in names.items()
            for pattern in patterns
            for host in _spelled_out(pattern)
        }
        names = {source.name.casefold(): source for source in hosts.values()}
        names |= {tag: names[name.casefold()] for tag, name in tags.items()}
        names |= dict.fromkeys(DIRECT_SOURCES, DIRECT)
        spammers = frozenset((folder / "referrer_spammers.txt").read_text().split())
        return cls(hosts, names, spammers)

    def origin(self, referrer: str, page_url: str) -> Origin:
        """Where a visit that began on `page_url` came from; source and channel are never empty.

        A referrer of the page's own host, or of one above or below it, is none.
        """
        base, _, query = page_url.partition("#")[0].partition("?")
        came_from = self._referrer(_without_query(referrer)) if referrer else NOWHERE
        if came_from.host and _is_same_site(came_from.host, _without_www(path_and_host(base)[1])):
            came_from = NOWHERE
        tags = read_tags(query) if query else None
        return came_from.origin if tags is None else self._tagged(came_from, tags)

    def is_spam(self, referrer: str) -> bool:
        """Whether the referrer's host, or one above it, is on the list of forgers."""
        return self._referrer(_without_query(referrer)).is_spam

    @lru_cache(maxsize=CACHED_REFERRERS)  # noqa: B019 - one list lives as long as its process
    def _referrer(self, address: str) -> Referrer:
        """What a referrer says, given without query and fragment."""
        scheme = next((one for one in SCHEMES if address[: len(one)].lower() == one), "")
        path, host = path_and_host(address) if scheme else ("", "")
        if not host:
            return NOWHERE
        host = _without_www(host)
        source = self._by_host(APP + host if scheme == APP else host) or Source(host)
        origin = Origin(
            referrer=(host + ("" if path in {"/", UNKNOWN_PAGE} else path))[:LONGEST_TEXT],
            source=source.name,
            channel=channel_of(Arrival(source.kind, host, REFERRAL_MEDIUM)),
        )
        is_spam = any(parent in self.spammers for parent in _with_parents(host))
        return Referrer(host, source, origin, is_spam)

    def _tagged(self, came_from: Referrer, tags: Tags) -> Origin:
        source = self._tagged_source(came_from, tags)
        medium, kind = tags.medium.casefold(), source.kind
        network = tags.network
        if network and network.paid and (not medium or is_paid(medium)):
            medium, kind = medium or "cpc", _known(kind) or network.kind
        elif not medium and not tags.source:
            medium = NO_MEDIUM if source is DIRECT else REFERRAL_MEDIUM
        said = tags.source or (DIRECT_SOURCE if source is DIRECT else source.name)
        arrival = Arrival(kind, said.casefold(), medium, tags.campaign.casefold())
        return Origin(
            referrer=came_from.origin.referrer,
            source=source.name,
            channel=channel_of(arrival),
            utm_source=tags.source,
            utm_medium=tags.medium,
            utm_campaign=tags.campaign,
            utm_content=tags.content,
            utm_term=tags.term,
        )

    def _tagged_source(self, came_from: Referrer, tags: Tags) -> Source:
        """The source: what tags name, else the referrer, else who added the click id."""
        named = tags.source or tags.referrer
        if named:
            return self._named(named)
        if tags.network and not came_from.host:
            return self.names[tags.network.name.casefold()]
        return came_from.source

    def _named(self, tag: str) -> Source:
        known = self.names.get(tag.casefold())
        if known is None and tag.lower().startswith(SCHEMES):
            return self._referrer(_without_query(tag)).source
        if known is None and "." in tag:
            known = self._by_host(_without_www(tag.lower()))
        return known or Source(tag)

    def _by_host(self, host: str) -> Source | None:
        """Who has the host. A search engine's other hosts, docs.google.com, are no search."""
        found = self.hosts.get(host)
        if found is not None or host.startswith(APP):
            return found
        above = (self.hosts.get(parent) for parent in _with_parents(host))
        return next((one for one in above if one is not None and one.kind != SEARCH), None)


def _known(kind: str) -> str:
    return "" if kind == REFERRAL else kind


def _is_same_site(host: str, other: str) -> bool:
    return host == other or host.endswith("." + other) or other.endswith("." + host)


def _without_query(url: str) -> str:
    # A browser reads \ as /, and so must whoever decides which host a referrer names.
    return url.partition("?")[0].partition("#")[0].replace("\\", "/")


def _without_www(host: str) -> str:
    return host.removeprefix("www.")


def _with_parents(host: str) -> Iterator[str]:
    """a.b.c -> a.b.c, b.c, c."""
    yield host
    while "." in host:
        host = host.partition(".")[2]
        yield host


def _public_list(path: Path) -> dict[str, list[str]]:
    """Hosts by name, of one of Matomo's lists; what is only a part of a host is left out.

    Entries are hosts, packages of apps, or {urls: hosts}; names may be percent-encoded.
    """
    found = {}
    for name, entries in _read_yaml(path).items():
        hosts: list[str] = []
        for entry in entries:
            hosts += entry.get("urls", []) if isinstance(entry, dict) else [entry]
        found[unquote(name)] = [_app_or_host(host) for host in hosts if "/" not in host]
    return found


def _app_or_host(text: str) -> str:
    return APP + text if text.startswith(("com.", "org.")) else text


def _spelled_out(pattern: str) -> list[str]:
    """The hosts that a pattern stands for: `{}` at its start is a country's code, as in at.ask.com.

    At its end it is a country's suffix: at, co.at or com.at. Nothing else is, so that no name
    under a new top-level domain passes for a search engine's.
    """
    pattern = _without_www(pattern.casefold())
    if "{}" not in pattern:
        return [pattern]
    codes = _country_codes()
    if pattern.endswith("{}"):
        codes = [before + code for before in ("", "co.", "com.") for code in codes]
    return [pattern.replace("{}", code) for code in codes]


@lru_cache(maxsize=1)
def _country_codes() -> list[str]:
    table = (files("tzdata.zoneinfo") / "iso3166.tab").read_text(encoding="utf-8")
    codes = [line[:2].lower() for line in table.splitlines() if not line.startswith("#")]
    return [*codes, *UNLISTED_SUFFIXES]


def _read_yaml(path: Path) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with path.open(encoding="utf-8") as file:
        lists: dict[str, Any] = yaml.load(file, Loader=loader)  # noqa: S506 - a safe loader
    return lists
