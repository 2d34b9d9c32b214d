from pathlib import Path

import pytest

from tracking.enrich.channels import RULES, UNASSIGNED, Arrival, channel_of, is_paid

DOCS = Path(__file__).parents[3] / "docs" / "sources.md"


@pytest.mark.parametrize(
    "medium", ["cpc", "ppc", "cpm", "xcpx", "retargeting", "paid", "paidsocial", "paid-search"]
)
def test_a_paid_medium_is_told(medium: str) -> None:
    assert is_paid(medium)


@pytest.mark.parametrize("medium", ["", "organic", "unpaid", "xppc", "retargeting2", "pp"])
def test_any_other_medium_is_not_paid(medium: str) -> None:
    assert not is_paid(medium)


@pytest.mark.parametrize(
    ("campaign", "channel"),
    [
        ("shop", "Organic Shopping"),
        ("autumn shop", "Organic Shopping"),
        ("autumn-shops", "Organic Shopping"),
        ("eshop", "Organic Shopping"),
        ("xshopping", "Organic Shopping"),
        ("workshop", "Referral"),
        ("bishop", "Referral"),
        ("autumn", "Referral"),
    ],
)
def test_a_shopping_campaign_is_told_by_its_name(campaign: str, channel: str) -> None:
    assert channel_of(Arrival("", "blog.example", "referral", campaign)) == channel


@pytest.mark.parametrize(
    ("kind", "source", "medium", "channel"),
    [
        ("", "(direct)", "(none)", "Direct"),
        ("", "direct", "(not set)", "Direct"),
        ("", "(direct)", "email", "Email"),
        ("search", "google", "cpm", "Paid Search"),
        ("social", "fb", "retargeting", "Paid Social"),
        ("video", "youtube", "cpc", "Paid Video"),
        ("shopping", "ebay", "cpc", "Paid Shopping"),
        ("email", "gmail", "cpc", "Paid Other"),
        ("assistant", "chatgpt", "paid", "Paid Other"),
        ("", "x", "cpm", "Display"),
        ("social", "fb", "banner", "Display"),
        ("", "x", "expandable", "Display"),
        ("", "x", "interstitial", "Display"),
        ("", "x", "ai-assistant", "AI Assistants"),
        ("", "x", "social media", "Organic Social"),
        ("", "x", "sm", "Organic Social"),
        ("social", "fb", "email", "Organic Social"),
        ("", "x", "myvideo", "Organic Video"),
        ("", "x", "app", "Referral"),
        ("", "x", "link", "Referral"),
        ("email", "gmail", "referral", "Email"),
        ("", "e-mail", "", "Email"),
        ("", "x", "e mail", "Email"),
        ("", "x", "affiliates", "Affiliates"),
        ("", "sms", "", "SMS"),
        ("", "firebase", "", "Mobile Push Notifications"),
        ("", "x", "push", "Mobile Push Notifications"),
        ("", "x", "pushed", "Unassigned"),
        ("", "x", "mobile-x", "Mobile Push Notifications"),
        ("", "x", "a notification b", "Mobile Push Notifications"),
        ("", "x", "", "Unassigned"),
    ],
)
def test_the_first_rule_that_holds_names_the_channel(
    kind: str, source: str, medium: str, channel: str
) -> None:
    assert channel_of(Arrival(kind, source, medium)) == channel


def test_the_documents_tell_of_every_channel_in_the_order_of_the_rules() -> None:
    rows = [line.split("|")[1].strip() for line in DOCS.read_text().splitlines() if "|" in line]
    channels = [channel for channel, _ in RULES]

    assert [row for row in rows if row in channels] == channels
    assert UNASSIGNED in rows
