"""What the stages of the pipeline hand to each other: frozen records, standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from zoneinfo import ZoneInfo

MICROS = 1_000_000
WEBDRIVER, PREFETCH, OPT_OUT = "webdriver", "prefetch", "opt_out"
ADDRESS, PATH, COUNTRY, HOST = "address", "path", "country", "host"
FILTER_KINDS = (ADDRESS, PATH, COUNTRY, HOST)
BLOCK, ALLOW = "block", "allow"
PAGEVIEW = "pageview"
ENGAGEMENT = "engagement"
VISIT_TIMEOUT = timedelta(minutes=30)
CACHED_ADDRESSES = 10_000
UNKNOWN_PAGE = "(unknown)"
IPV4_KEPT_BITS = 24  # the last byte is zeroed
IPV6_KEPT_BITS = 48  # the last 80 bits are zeroed

Network = IPv4Network | IPv6Network


@lru_cache(maxsize=CACHED_ADDRESSES)
def normal_address(text: str) -> str:
    """The IP address in `1.2.3.4:80`, `[::1]:80` or plain, in its one form; empty for others."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)


def network_of(address: str) -> str:
    """The address with its last byte (IPv4) or last 80 bits (IPv6) zeroed; empty for no address."""
    try:
        version = ip_address(address).version
    except ValueError:
        return ""
    bits = IPV4_KEPT_BITS if version == 4 else IPV6_KEPT_BITS
    return str(ip_network(f"{address.partition('%')[0]}/{bits}", strict=False).network_address)


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """Whose word about a client's address counts: the nearest `count` hops, or these networks."""

    count: int = 0
    networks: tuple[Network, ...] = ()


def parse_trusted_proxies(text: str) -> TrustedProxies:
    """Read `2` or `10.0.0.0/8, ::1`; raises ValueError for anything else."""
    text = text.strip()
    if not text:
        return TrustedProxies()
    if text.isdecimal():
        return TrustedProxies(count=int(text))
    return TrustedProxies(networks=tuple(ip_network(part.strip()) for part in text.split(",")))


@dataclass(frozen=True, slots=True)
class Hit:
    """What arrived at the door, parsed and not yet judged.

    `site` is the site's public id; `at` is aware, in UTC; `name` is `pageview`, `engagement` or
    a custom event's. Texts that are missing are empty.
    """

    site: str
    at: datetime
    name: str
    url: str
    referrer: str = ""
    user_agent: str = ""
    address: str = ""
    language: str = ""
    title: str = ""
    screen: str = ""
    props: tuple[tuple[str, str], ...] = ()
    interactive: bool = True
    engaged_seconds: int | None = None
    scroll_depth: int | None = None
    revenue_micros: int | None = None
    """Millionths of the currency's unit; None without revenue."""
    currency: str = ""
    """ISO 4217 code of three letters; empty without revenue."""
    hash_mode: bool = False
    """Whether the URL's fragment is part of the page."""
    signals: tuple[str, ...] = ()
    """What the request itself said of its sender: any of WEBDRIVER, PREFETCH, OPT_OUT."""
    import_id: int | None = None
    """The import whose salts make the visitor; None for a live hit."""
    identity: str = ""
    """What makes an imported line the same line in another file; empty for a live hit."""


OFFSET_BITS = 32


def event_id(spool_file: int, offset: int) -> int:
    """The id of the event at a byte offset of a spool file: unique for ever, as neither repeats."""
    return (spool_file << OFFSET_BITS) + offset


@dataclass(frozen=True, slots=True)
class SpooledHit:
    """A hit with its place in the spool: `event_id` is unique for ever."""

    event_id: int
    hit: Hit


@dataclass(frozen=True, slots=True)
class FilterRule:
    """One thing that an owner lets in or leaves out.

    `kind` is one of FILTER_KINDS, which are also the reasons hits are dropped for; `value` is
    normalised: a network, a glob, a country's code, a host name.
    """

    kind: str
    action: str
    value: str


@dataclass(frozen=True, slots=True)
class SiteRules:
    """What collecting and ingest need to know of a site.

    `zones` holds (first local day, zone) in order of days; the first entry's day is date.min.
    """

    site_id: int
    public_id: str
    zones: tuple[tuple[date, ZoneInfo], ...]
    honours_opt_out: bool = True
    """Whether Do Not Track and Global Privacy Control are obeyed."""
    keeps_query: bool = False
    """Whether the query is part of the page."""
    filters: tuple[FilterRule, ...] = ()

    def local(self, at: datetime) -> tuple[date, int]:
        """The local day of an instant, and its hour, 0 to 23.

        A zone is in force from its first day's own midnight on; the day before it is as much
        longer or shorter as the two zones differ, so days never overlap.
        """
        following: date | None = None
        for first_day, zone in reversed(self.zones):
            local = at.astimezone(zone)
            day = local.date()
            if day >= first_day:
                if following is not None and day >= following:
                    day = following - timedelta(days=1)
                return day, local.hour
            following = first_day
        raise ValueError(f"no zone is in force at {at}")

    def zone_on(self, day: date) -> ZoneInfo:
        """The zone in force on a local day."""
        return next(zone for first_day, zone in reversed(self.zones) if day >= first_day)


@dataclass(frozen=True, slots=True)
class Agent:
    """What a user agent's text says: names as people know them, empty when unknown."""

    browser: str = ""
    browser_version: str = ""
    system: str = ""
    system_version: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an address is: ISO 3166-1 alpha-2 country, names of region and city, degrees."""

    country: str = ""
    region: str = ""
    city: str = ""
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a visit came from. `referrer` is host and path, without scheme and query."""

    referrer: str = ""
    source: str = ""
    channel: str = ""
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    utm_content: str = ""
    utm_term: str = ""


@dataclass(frozen=True, slots=True)
class EnrichedHit:
    """A hit that counts, with all that was looked up for it.

    `visitor` is the salted hash of the local day, a signed 64-bit number; `visitor_before` the
    same under the salt of the day before, only in the first 30 minutes of a day, else None.
    `address` is empty unless the instance stores addresses. `props` is a JSON object's text, or
    empty.
    """

    event_id: int
    site_id: int
    at: datetime
    day: date
    hour: int
    visitor: int
    visitor_before: int | None
    name: str
    page: str
    hostname: str
    title: str
    props: str
    interactive: bool
    engaged_seconds: int | None
    scroll_depth: int | None
    language: str
    screen: str
    address: str
    agent: Agent
    place: Place
    origin: Origin
    revenue_micros: int | None = None
    currency: str = ""
    identity: str = ""


@dataclass(frozen=True, slots=True)
class VisitState:
    """A visit as it stands. Entry and exit are its first and last pageview, None before one."""

    visit_id: int
    site_id: int
    visitor: int
    day: date
    started_at: datetime
    ended_at: datetime
    pageviews: int
    events: int
    interactive_events: int
    entry_page: str | None
    entered_at: datetime | None
    exit_page: str | None
    exited_at: datetime | None
    agent: Agent
    place: Place
    origin: Origin
    language: str
    screen: str
    address: str


@dataclass(frozen=True, slots=True)
class CountedEvent:
    """A pageview, custom event or engagement signal, and the visit that it belongs to."""

    visit_id: int
    hit: EnrichedHit


@dataclass(frozen=True, slots=True)
class VisitChanges:
    """What a batch does to visits: those it opened, those it changed, and the events of both.

    `new_visitors` counts, per (site, day), visitors that had no visit that day before; `dropped`
    counts, per (site, day, reason), engagement that no visit took.
    """

    opened: tuple[VisitState, ...] = ()
    changed: tuple[VisitState, ...] = ()
    events: tuple[CountedEvent, ...] = ()
    new_visitors: Mapping[tuple[int, date], int] = field(default_factory=dict)
    dropped: Mapping[tuple[int, date, str], int] = field(default_factory=dict)
