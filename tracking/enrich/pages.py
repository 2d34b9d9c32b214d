"""Which page does a URL name? Its address without what differs from reader to reader.

Two URLs that a browser would fetch alike are one page, however they are written; and a page put
back behind its host names itself again. docs/sources.md tells what is taken off and why.
"""

import re
from functools import lru_cache
from unicodedata import is_normalized, normalize
from urllib.parse import urlsplit

from tracking.records import UNKNOWN_PAGE

LONGEST_PAGE = 2000
CACHED_URLS = 10_000

TRACKING_PREFIXES = ("utm_", "mtm_", "hsa_")
TRACKING_PARAMETERS = frozenset(
    {
        # Google
        "gclid", "gclsrc", "gbraid", "wbraid", "dclid", "gad_source", "gad_campaignid", "srsltid",
        "_ga", "_gac", "_gl",
        # Microsoft and Meta
        "msclkid", "fbclid", "fb_action_ids", "fb_action_types", "mibextid", "igshid", "igsh",
        # other networks
        "ttclid", "twclid", "li_fat_id", "epik", "rdt_cid", "sccid", "yclid", "ysclid",
        "_openstat", "rb_clickid",
        # Matomo
        "pk_campaign", "pk_cid", "pk_content", "pk_keyword", "pk_kwd", "pk_medium", "pk_source",
        # mailings
        "mc_cid", "mc_eid", "_hsenc", "_hsmi", "__hsfp", "__hssc", "__hstc", "hsctatracking",
        "mkt_tok", "vero_conv", "vero_id", "oly_anon_id", "oly_enc_id", "_kx", "ml_subscriber",
        "ml_subscriber_hash", "wickedid", "_bta_c", "_bta_tid",
        # affiliates and others
        "irclickid", "cjevent", "zanpid", "_branch_match_id", "guccounter", "guce_referrer",
        "guce_referrer_sig", "s_cid",
    }
)  # fmt: skip
"""Parameters that say where a reader came from or who it is, in lower case: never of a page."""

_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+|%")
_KEPT_ESCAPE = re.compile(r"(%[0-9A-F]{2})")
# Controls, marks that turn the direction of writing, line separators, halves of surrogate pairs.
_UNREADABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_KEPT_IN_PATH = str.maketrans({"%": "%25", "/": "%2F", "?": "%3F", "#": "%23"})
_KEPT_IN_QUERY = str.maketrans({"%": "%25", "&": "%26", "=": "%3D", "+": "%2B", "#": "%23"})


def page_and_host(
    url: str, *, keeps_query: bool = False, hash_mode: bool = False
) -> tuple[str, str]:
    """The page that a URL names, at most 2,000 characters, and its host.

    The query is part of the page for a site that keeps it, the fragment in hash mode. A URL
    without a path, or none at all, is the unknown page: its sender did not tell.
    """
    url, _, fragment = url.partition("#")
    base, _, query = url.partition("?")
    page, host = path_and_host(base)
    if page == UNKNOWN_PAGE:
        return page, host
    if query and keeps_query:
        page += _told("?", _kept(query))
    if fragment and hash_mode:
        page += _told("#", _route(fragment, keeps_query=keeps_query))
    return page[:LONGEST_PAGE], host


@lru_cache(maxsize=CACHED_URLS)
def path_and_host(base: str) -> tuple[str, str]:
    """The page and host of a URL without query and fragment; an empty host for what is no URL."""
    try:
        parts = urlsplit(base)
        host = parts.hostname or ""
    except ValueError:
        return UNKNOWN_PAGE, ""
    if not parts.path:
        return UNKNOWN_PAGE, _ascii(host)
    return _path(parts.path)[:LONGEST_PAGE].rstrip("/") or "/", _ascii(host)


def readable(text: str) -> str:
    """The text in Unicode's composed form (NFC), without what can't be shown or stored."""
    if text.isascii() and text.isprintable():
        return text
    return normalize("NFC", _UNREADABLE.sub("", text))


def _ascii(host: str) -> str:
    """The one form of a host: as browsers send it, in ASCII, without the root's dot."""
    host = host.rstrip(".")
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return readable(host)


def _path(path: str) -> str:
    return _decoded(path, _KEPT_IN_PATH)


def _kept(query: str) -> str:
    """The query without tracking parameters, ordered by name: forms order theirs as they like."""
    kept = []
    for pair in query.split("&"):
        name, equals, value = pair.replace("+", " ").partition("=")
        name = _decoded(name, _KEPT_IN_QUERY)
        told = name + equals + _decoded(value, _KEPT_IN_QUERY)
        if told and not _tracks(name):
            kept.append((name, told))
    return "&".join(text for _, text in sorted(kept, key=lambda one: one[0]))


def _route(fragment: str, *, keeps_query: bool) -> str:
    """The part of a page that a single-page application keeps behind the #."""
    route, _, query = fragment.partition("?")
    pieces = [one for one in _path(route).split("&") if not _tracks(one.partition("=")[0])]
    told = "&".join(pieces).rstrip("/")
    return (told if told != "!" else "") + _told("?", _kept(query) if keeps_query else "")


def _told(mark: str, text: str) -> str:
    return mark + text if text else ""


def _tracks(name: str) -> bool:
    name = name.casefold()
    return name in TRACKING_PARAMETERS or name.startswith(TRACKING_PREFIXES)


def _decoded(text: str, kept: dict[int, str]) -> str:
    """Percent-encoded characters as themselves, but for those that `kept` says how to write.

    A % that encodes nothing is one itself, %25. What is kept stays apart from what is composed
    to NFC: a mark after %2F belongs to no F.
    """
    if text.isascii() and text.isprintable() and "%" not in text:
        return text

    def characters(run: re.Match[str]) -> str:
        found = run[0]
        if found == "%":
            return "%25"
        return _text(bytes.fromhex(found.replace("%", " "))).translate(kept)

    text = _UNREADABLE.sub("", _ESCAPES.sub(characters, text))
    if is_normalized("NFC", text):
        return text
    return "".join(normalize("NFC", part) for part in _KEPT_ESCAPE.split(text))


def _text(octets: bytes) -> str:
    """Octets as UTF-8, else as what older URLs have and browsers read for Latin-1."""
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("windows-1252", "replace")
