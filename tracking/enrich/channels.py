"""Which kind of traffic brought a visit? One channel, by the first rule that holds.

The rules and their order are those of Google Analytics 4's default channel group for manually
tagged traffic (support.google.com/analytics/answer/9756891), with the AI Assistants that it has
had since May 2026 as "AI Assistant". What we add to it is marked in docs/sources.md: web mailers,
newsletters and "affiliates".
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

SEARCH, SOCIAL, VIDEO, SHOPPING = "search", "social", "video", "shopping"
EMAIL, ASSISTANT, REFERRAL = "email", "assistant", "referral"
"""Kinds of sources."""

DIRECT_SOURCE, NO_MEDIUM, REFERRAL_MEDIUM = "(direct)", "(none)", "referral"
UNASSIGNED = "Unassigned"

DIRECT_SOURCES = frozenset({DIRECT_SOURCE, "direct"})
NO_MEDIUMS = frozenset({"", NO_MEDIUM, "(not set)"})
DISPLAY_MEDIUMS = frozenset({"display", "banner", "expandable", "interstitial", "cpm"})
SOCIAL_MEDIUMS = frozenset(
    {"social", "social-network", "social-media", "sm", "social network", "social media"}
)
ASSISTANT_MEDIUMS = frozenset({"ai-assistant", "ai-assistants"})
REFERRAL_MEDIUMS = frozenset({REFERRAL_MEDIUM, "app", "link"})
EMAIL_WORDS = frozenset({"email", "e-mail", "e_mail", "e mail", "mail", "newsletter"})
AFFILIATE_MEDIUMS = frozenset({"affiliate", "affiliates"})
_SHOPPING_CAMPAIGN = re.compile(r"(?:[^a-df-z]|^)shop|shopping")


@dataclass(frozen=True, slots=True)
class Arrival:
    """How somebody came: the source's kind and tag, the medium and the campaign, in lower case.

    An untagged visit has the medium that Google Analytics gives it: "referral" from another
    host, "(none)" without one; its source is then the host, or "(direct)".
    """

    kind: str
    source: str
    medium: str
    campaign: str = ""


def channel_of(arrival: Arrival) -> str:
    """The channel's name; "Unassigned" for tags that fit no rule."""
    return next((channel for channel, holds in RULES if holds(arrival)), UNASSIGNED)


def is_paid(medium: str) -> bool:
    """Whether a medium says that the click was paid for: ^(.*cp.*|ppc|retargeting|paid.*)$."""
    return "cp" in medium or medium in {"ppc", "retargeting"} or medium.startswith("paid")


def _shopping(arrival: Arrival) -> bool:
    return arrival.kind == SHOPPING or bool(_SHOPPING_CAMPAIGN.search(arrival.campaign))


def _paid(kind: str) -> Callable[[Arrival], bool]:
    return lambda arrival: arrival.kind == kind and is_paid(arrival.medium)


def _push(arrival: Arrival) -> bool:
    medium = arrival.medium
    told = medium.endswith("push") or "mobile" in medium or "notification" in medium
    return told or arrival.source == "firebase"


RULES: tuple[tuple[str, Callable[[Arrival], bool]], ...] = (
    ("Direct", lambda one: one.source in DIRECT_SOURCES and one.medium in NO_MEDIUMS),
    ("Cross-network", lambda one: "cross-network" in one.campaign),
    ("Paid Shopping", lambda one: is_paid(one.medium) and _shopping(one)),
    ("Paid Search", _paid(SEARCH)),
    ("Paid Social", _paid(SOCIAL)),
    ("Paid Video", _paid(VIDEO)),
    ("Display", lambda one: one.medium in DISPLAY_MEDIUMS),
    ("Paid Other", lambda one: is_paid(one.medium)),
    ("AI Assistants", lambda one: one.kind == ASSISTANT or one.medium in ASSISTANT_MEDIUMS),
    ("Organic Shopping", _shopping),
    ("Organic Social", lambda one: one.kind == SOCIAL or one.medium in SOCIAL_MEDIUMS),
    ("Organic Video", lambda one: one.kind == VIDEO or "video" in one.medium),
    ("Organic Search", lambda one: one.kind == SEARCH or one.medium == "organic"),
    ("Email", lambda one: one.kind == EMAIL),
    ("Referral", lambda one: one.medium in REFERRAL_MEDIUMS),
    ("Email", lambda one: one.source in EMAIL_WORDS or one.medium in EMAIL_WORDS),
    ("Affiliates", lambda one: one.medium in AFFILIATE_MEDIUMS),
    ("Audio", lambda one: one.medium == "audio"),
    ("SMS", lambda one: "sms" in {one.source, one.medium}),
    ("Mobile Push Notifications", _push),
)
"""(channel, whether it is that one), in the order in which they are asked."""
