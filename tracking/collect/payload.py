"""From the wire to a Hit: takes what docs/events.md names, and refuses the rest."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from tracking.errors import InvalidHit
from tracking.records import ENGAGEMENT, MICROS, OPT_OUT, PAGEVIEW, WEBDRIVER, Hit

MOST_PROPS = 30
LONGEST_PROP_NAME = 300
LONGEST_PROP_VALUE = 2000
# The longest that browsers and proxies pass on unharmed.
LONGEST_URL = 2000
LONGEST_NAME = 120
LONGEST_TITLE = 500
MOST_PARAMETERS = 100
MOST_SECONDS = 24 * 3600
LONGEST_LANGUAGE = 3
CACHED_LANGUAGES = 1000
CACHED_PAGES = 5000

MOST_REVENUE = 1_000_000_000_000
AMOUNT = re.compile(r"[+-]?([0-9]{1,20}\.?[0-9]{0,20}|\.[0-9]{1,20})([eE][+-]?[0-9]{1,3})?")
CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)

FIELDS = frozenset("nurtwpisdachbg")


@dataclass(frozen=True, slots=True)
class Sender:
    """What a request says of who sent it."""

    site: str
    at: datetime
    address: str
    user_agent: str
    accept_language: str
    referer: str
    signals: tuple[str, ...] = ()


def parse_json(body: bytes, sender: Sender) -> Hit:
    """The hit in a JSON body; raises InvalidHit with `field: reason`."""
    try:
        fields = orjson.loads(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise InvalidHit("body: not UTF-8") from None
    except ValueError:
        raise InvalidHit("body: not JSON") from None
    if not isinstance(fields, dict):
        raise InvalidHit("body: not a JSON object")
    if not fields.keys() <= FIELDS:
        raise InvalidHit(f"{min(fields.keys() - FIELDS)[:40]}: unknown field")
    name = _text(fields, "n", LONGEST_NAME) or PAGEVIEW
    seconds, depth = _number(fields, "s", MOST_SECONDS), _number(fields, "d", 100)
    if name == ENGAGEMENT and seconds is None and depth is None:
        raise InvalidHit("s: missing, and so is d")
    revenue_micros, currency = _revenue(fields)
    return Hit(
        site=sender.site,
        at=sender.at,
        name=name,
        url=page_url(_text(fields, "u", LONGEST_URL), "u"),
        referrer=_text(fields, "r", LONGEST_URL, cut=True),
        user_agent=sender.user_agent,
        address=sender.address,
        language=language(sender.accept_language),
        title=_text(fields, "t", LONGEST_TITLE, cut=True),
        screen=_screen(fields),
        props=_props(fields.get("p", {})),
        interactive=_flag(fields, "i", default=True),
        engaged_seconds=seconds if name == ENGAGEMENT else None,
        scroll_depth=depth if name == ENGAGEMENT else None,
        revenue_micros=revenue_micros,
        currency=currency,
        hash_mode=_flag(fields, "h", default=False),
        signals=_signals(fields, sender),
    )


def parse_pixel(query: str, sender: Sender) -> Hit:
    """The hit of an image's address; raises InvalidHit.

    Without `url` the page is the Referer's; without either it is unknown. Other parameters than
    `url` and `referrer` are nobody's business, since caches and mailers add some.
    """
    try:
        pairs = dict(parse_qsl(query, max_num_fields=MOST_PARAMETERS, errors="strict"))
    except UnicodeDecodeError:
        raise InvalidHit("query: not UTF-8") from None
    except ValueError:
        raise InvalidHit("query: too many parameters") from None
    return form_hit(
        sender,
        url=page_url(_text(pairs, "url", LONGEST_URL), "url") if pairs.get("url") else "",
        referrer=_text(pairs, "referrer", LONGEST_URL, cut=True),
    )


def form_hit(sender: Sender, *, url: str, referrer: str = "", name: str = PAGEVIEW) -> Hit:
    """A hit of few words: the page is `url`, else what the Referer tells."""
    return Hit(
        site=sender.site,
        at=sender.at,
        name=name,
        url=url or _referring_page(sender.referer),
        referrer=referrer,
        user_agent=sender.user_agent,
        address=sender.address,
        language=language(sender.accept_language),
        signals=sender.signals,
    )


@lru_cache(maxsize=CACHED_PAGES)
def page_url(url: str, field: str) -> str:
    """The URL of a page, with a path; raises InvalidHit naming `field` for what is none."""
    if not url:
        raise InvalidHit(f"{field}: missing")
    try:
        parts = urlsplit(url)
        host = parts.hostname
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        raise InvalidHit(f"{field}: not a URL") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise InvalidHit(f"{field}: not an http or https URL")
    return url if parts.path else parts._replace(path="/").geturl()


@lru_cache(maxsize=CACHED_LANGUAGES)
def language(accept_language: str) -> str:
    """The language a browser asks for first: `de` of `de-AT,de;q=0.9`; empty when it is none."""
    first = accept_language.partition(",")[0].partition(";")[0].partition("-")[0].strip().lower()
    return first if first.isalpha() and first.isascii() and len(first) <= LONGEST_LANGUAGE else ""


def _referring_page(referer: str) -> str:
    """The Referer as the page: its origin alone, without a path, when the browser cut it."""
    try:
        parts = urlsplit(referer)
        host = parts.hostname
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not host or len(referer) > LONGEST_URL:
        return ""
    # Under the policy browsers use by default, all pages of a site send the same bare origin.
    return referer if parts.path.strip("/") or parts.query else f"{parts.scheme}://{parts.netloc}"


def _text(fields: Mapping[str, Any], name: str, longest: int, *, cut: bool = False) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidHit(f"{name}: not a text")
    if len(value) > longest:
        if not cut:
            raise InvalidHit(f"{name}: longer than {longest} characters")
        value = value[:longest]
    return _storable(value.strip(), name)


def _storable(value: str, name: str) -> str:
    """The text; raises InvalidHit for what no database column could hold."""
    if "\0" in value:
        raise InvalidHit(f"{name}: holds a NUL")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidHit(f"{name}: holds half a character") from None
    return value


def _number(fields: Mapping[str, Any], name: str, most: int) -> int | None:
    value: object = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
        raise InvalidHit(f"{name}: not a number from 0 to {most}")
    return round(value)


def _flag(fields: Mapping[str, Any], name: str, *, default: bool) -> bool:
    value = fields.get(name, default)
    if not isinstance(value, bool):
        raise InvalidHit(f"{name}: not true or false")
    return value


def _revenue(fields: Mapping[str, Any]) -> tuple[int | None, str]:
    """Millionths and currency of `a`, a number or its text, and `c`; neither or both are there."""
    amount, currency = fields.get("a"), fields.get("c")
    if amount is None and currency is None:
        return None, ""
    if not isinstance(currency, str) or not CURRENCY.fullmatch(currency):
        raise InvalidHit("c: not a currency's code of three letters, like EUR")
    return _micros(amount), currency


def _micros(amount: object) -> int:
    """Millionths of an amount, a number or its text; raises InvalidHit."""
    text = "" if isinstance(amount, bool) else str(amount)
    if not AMOUNT.fullmatch(text):
        raise InvalidHit("a: not a number")
    exact = Decimal(text)
    # Compared as it is: arithmetic fails on what is too large for it.
    if not -MOST_REVENUE <= exact <= MOST_REVENUE:
        raise InvalidHit(f"a: not a number from -{MOST_REVENUE} to {MOST_REVENUE}")
    return round(exact * MICROS)


def _signals(fields: Mapping[str, Any], sender: Sender) -> tuple[str, ...]:
    """What the request's headers and its script say of who sent it."""
    told = ((WEBDRIVER, "b"), (OPT_OUT, "g"))
    found = [signal for signal, name in told if _flag(fields, name, default=False)]
    return tuple(dict.fromkeys((*sender.signals, *found)))


def _screen(fields: Mapping[str, Any]) -> str:
    """Width class of the window, by the steps style sheets use; empty when not told."""
    width = _number(fields, "w", 100_000)
    if not width:
        return ""
    for below, size in ((576, "Mobile"), (992, "Tablet"), (1440, "Laptop")):
        if width < below:
            return size
    return "Desktop"


def _props(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise InvalidHit("p: not an object")
    if len(value) > MOST_PROPS:
        raise InvalidHit(f"p: more than {MOST_PROPS} props")
    return tuple((_prop_name(name), _prop_value(one)) for name, one in value.items())


def _prop_name(name: str) -> str:
    if not 0 < len(name) <= LONGEST_PROP_NAME:
        raise InvalidHit(f"p: a name not of 1 to {LONGEST_PROP_NAME} characters")
    return _storable(name, "p")


def _prop_value(value: object) -> str:
    if isinstance(value, bool):
        value = "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        raise InvalidHit("p: a value that is no text, number, true or false")
    text = str(value)
    if len(text) > LONGEST_PROP_VALUE:
        raise InvalidHit(f"p: a value longer than {LONGEST_PROP_VALUE} characters")
    return _storable(text, "p")
