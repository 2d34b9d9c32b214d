"""Where did a visit come from? A referrer and campaign tags into a source and a channel.

| channel | when |
|---|---|
| Direct | no referrer from elsewhere, no tags |
| Paid Search | a search engine with a paid medium, or an advertiser's click id |
| Paid Social | a social network with a paid medium |
| Display | medium display, banner, expandable, interstitial or cpm |
| Affiliates | medium affiliate or affiliates |
| Email | medium or source e-mail or newsletter, or a web mailer's host |
| AI Assistants | a host of the list of assistants |
| Organic Search | a host of the list of search engines, or medium organic |
| Organic Social | a host of the list of social networks, or medium social |
| Campaign | tags that fit none of these |
| Referral | any other host |

The channels are those of Google Analytics 4's default channel group, as far as a referrer and
tags tell them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from tracking.records import Origin

DATA = Path(__file__).parent / "data"
LONGEST_TEXT = 500
CACHED_ORIGINS = 20_000

DIRECT = "Direct"
PAID_MEDIUMS = frozenset(
    {"cpc", "ppc", "paid", "paidsearch", "paid-search", "paidsocial", "retargeting"}
)
DISPLAY_MEDIUMS = frozenset({"display", "banner", "expandable", "interstitial", "cpm"})
EMAIL_WORDS = frozenset({"email", "e-mail", "e_mail", "mail", "newsletter"})
SOCIAL_MEDIUMS = frozenset({"social", "social-network", "social-media", "sm"})
CLICK_IDS = {"gclid": "Google", "gbraid": "Google", "wbraid": "Google", "msclkid": "Bing"}
MAILERS = {
    "mail.google.com": "Gmail",
    "com.google.android.gm": "Gmail",
    "mail.yahoo.com": "Yahoo! Mail",
    "outlook.live.com": "Outlook",
    "outlook.office.com": "Outlook",
    "mail.proton.me": "Proton Mail",
}
SEARCH, SOCIAL, ASSISTANT, MAIL = "Organic Search", "Organic Social", "AI Assistants", "Email"


@dataclass(frozen=True)
class SourceList:
    """The lists of known hosts: host -> (name, channel); `{}` in a host stands for a country."""

    hosts: Mapping[str, tuple[str, str]]
    names: Mapping[str, tuple[str, str]]
    spammers: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def load(cls, folder: Path = DATA) -> "SourceList":
        """Read the lists that ship with Footfall."""
        hosts = {host: (name, MAIL) for host, name in MAILERS.items()}
        for file, channel in (
            ("SearchEngines.yml", SEARCH),
            ("Socials.yml", SOCIAL),
            ("AIAssistants.yml", ASSISTANT),
        ):
            for name, entries in _read_yaml(folder / file).items():
                hosts |= dict.fromkeys(_hosts(entries), (name, channel))
        names = {name.casefold(): (name, channel) for name, channel in hosts.values()}
        spammers = frozenset((folder / "referrer_spammers.txt").read_text().split())
        return cls(hosts, names, spammers)

    def __hash__(self) -> int:
        return id(self)

    @lru_cache(maxsize=CACHED_ORIGINS)  # noqa: B019 - one list lives as long as its process
    def origin(self, referrer: str, page_url: str) -> Origin:
        """Where a visit that began on `page_url` came from; source and channel are never empty."""
        host, path = _host_and_path(referrer)
        page = _split(page_url)
        if host == _without_www(page[0]):
            host, path = "", ""
        tags = page[1]
        medium = tags.get("utm_medium", "").casefold()
        tagged = tags.get("utm_source") or tags.get("source") or tags.get("ref") or ""
        name, channel = self._named(tagged) if tagged else self._by_host(host)
        for click_id, network in CLICK_IDS.items():
            if click_id in tags:
                medium = medium or "cpc"
                name, channel = (name, channel) if tagged or host else (network, SEARCH)
        return Origin(
            referrer=(host + path)[:LONGEST_TEXT],
            source=name,
            channel=_channel(channel, medium, tagged.casefold(), has_tags=bool(tagged or medium)),
            utm_source=tagged,
            utm_medium=tags.get("utm_medium", ""),
            utm_campaign=tags.get("utm_campaign", ""),
            utm_content=tags.get("utm_content", ""),
            utm_term=tags.get("utm_term", ""),
        )

    def is_spam(self, referrer: str) -> bool:
        """Whether the referrer's host, or one above it, is on the list of forgers."""
        host = _host_and_path(referrer)[0]
        return any(parent in self.spammers for parent in _with_parents(host))

    def _named(self, tag: str) -> tuple[str, str]:
        known = self.names.get(tag.casefold())
        if known is None and "." in tag:
            known = self._by_host(_without_www(tag.casefold()))
        return known or (tag, "Referral")

    def _by_host(self, host: str) -> tuple[str, str]:
        if not host:
            return DIRECT, DIRECT
        for parent in _with_parents(host):
            for candidate in (parent, f"www.{parent}", *_with_country_cut(parent)):
                if candidate in self.hosts:
                    return self.hosts[candidate]
        return host, "Referral"


def _channel(by_host: str, medium: str, tag: str, *, has_tags: bool) -> str:
    if medium in PAID_MEDIUMS:
        return {SEARCH: "Paid Search", SOCIAL: "Paid Social"}.get(by_host, "Campaign")
    for words, channel in (
        (DISPLAY_MEDIUMS, "Display"),
        (frozenset({"affiliate", "affiliates"}), "Affiliates"),
        (EMAIL_WORDS, MAIL),
        (frozenset({"organic"}), SEARCH),
        (SOCIAL_MEDIUMS, SOCIAL),
    ):
        if medium in words:
            return channel
    if tag in EMAIL_WORDS:
        return MAIL
    if has_tags and by_host in {"Referral", DIRECT}:
        return "Referral" if medium == "referral" else "Campaign"
    return by_host


def _split(page_url: str) -> tuple[str, dict[str, str]]:
    """A page's host, and its campaign tags, each once and cut to a bearable length."""
    try:
        parts = urlsplit(page_url)
        query = parse_qs(parts.query, max_num_fields=200)
        host = parts.hostname or ""
    except ValueError:
        return "", {}
    return host, {
        name.casefold(): values[0].strip()[:LONGEST_TEXT] for name, values in query.items()
    }


def _host_and_path(referrer: str) -> tuple[str, str]:
    """Host without www., and path; both empty for what is no web or app address."""
    try:
        parts = urlsplit(referrer)
        host = _without_www(parts.hostname or "")
    except ValueError:
        return "", ""
    if parts.scheme not in {"http", "https", "android-app"} or not host:
        return "", ""
    return host, parts.path.rstrip("/")


def _without_www(host: str) -> str:
    return host.lower().removeprefix("www.")


def _with_parents(host: str) -> list[str]:
    """a.b.c -> a.b.c, b.c; an address in digits has no parents."""
    labels = host.split(".")
    return [".".join(labels[cut:]) for cut in range(max(1, len(labels) - 1))]


def _with_country_cut(host: str) -> list[str]:
    """google.co.uk -> google.{}; de.ask.com -> {}.ask.com, as the lists write countries."""
    labels = host.split(".")
    found = [".".join([*labels[:-cut], "{}"]) for cut in (1, 2) if len(labels) > cut]
    return [*found, ".".join(["{}", *labels[1:]])] if len(labels) > 2 else found


def _hosts(entries: list[Any]) -> list[str]:
    """Hosts of one name: a list of hosts, or of {urls: hosts}; parts of a host are left out."""
    hosts: list[str] = []
    for entry in entries:
        hosts += entry.get("urls", []) if isinstance(entry, dict) else [entry]
    return [host.casefold() for host in hosts if "/" not in host]


def _read_yaml(path: Path) -> dict[str, list[Any]]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with path.open(encoding="utf-8") as file:
        lists: dict[str, list[Any]] = yaml.load(file, Loader=loader)  # noqa: S506 - a safe loader
    return lists
