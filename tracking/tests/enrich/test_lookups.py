"""Agents, bots, visitors."""

import pytest

from tracking.enrich.agents import describe_agent
from tracking.enrich.bots import is_bot
from tracking.enrich.visitors import stored_address, visitor_hash
from tracking.records import network_of

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
REAL = [
    (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/126.0.0.0 Safari/537.36", "Chrome", "Windows", "Desktop"),
    (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0", "Edge", "Windows", "Desktop"),
    (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/126.0.0.0 Safari/537.36", "Chrome", "ChromeOS", "Desktop"),
    ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox", "Linux", "Desktop"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox", "macOS", "Desktop"),
    (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {APPLE} Version/17.5 Safari/605.1.15", "Safari", "macOS", "Desktop"),
    (f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {APPLE} Version/17.5 Mobile/15E148 Safari/604.1", "Safari", "iOS", "Mobile"),
    (f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {APPLE} CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1", "Chrome", "iOS", "Mobile"),
    (f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {APPLE} FxiOS/127.0 Mobile/15E148 Safari/605.1.15", "Firefox", "iOS", "Mobile"),
    (f"Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) {APPLE} Version/16.6 Mobile/15E148 Safari/604.1", "Safari", "iOS", "Tablet"),
    (f"Mozilla/5.0 (Linux; Android 14; SM-S918B) {WEBKIT} Chrome/126.0.0.0 Mobile Safari/537.36", "Chrome", "Android", "Mobile"),
    (f"Mozilla/5.0 (Linux; Android 13; SM-X906C) {WEBKIT} Chrome/126.0.0.0 Safari/537.36", "Chrome", "Android", "Tablet"),
    (f"Mozilla/5.0 (Linux; Android 14; SAMSUNG SM-S918B) {WEBKIT} SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36", "Samsung Internet", "Android", "Mobile"),
    (f"Mozilla/5.0 (Linux; Android 10; K; wv) {WEBKIT} Version/4.0 Chrome/126.0.0.0 Mobile Safari/537.36", "Chrome", "Android", "Mobile"),
    ("Mozilla/5.0 (Android 14; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0", "Firefox", "Android", "Mobile"),
    (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/125.0.0.0 Safari/537.36 OPR/111.0.0.0", "Opera", "Windows", "Desktop"),
    (f"Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) {WEBKIT} 76.0.3809.146/6.0 TV Safari/537.36", None, "Tizen", "TV"),
    ("Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko", "Internet Explorer", "Windows", "Desktop"),
]  # fmt: skip
BOTS = [
    "",
    "curl/8.5",
    "x" * 1001,
    "Mozilla/5.0 \x01 (X11)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "python-requests/2.32.0",
    f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/126.0.0.0 Safari/537.36",
]


@pytest.mark.parametrize(("text", "browser", "system", "device"), REAL)
def test_a_real_browser_is_described_and_is_no_bot(
    text: str, browser: str | None, system: str, device: str
) -> None:
    agent = describe_agent(text)

    assert not is_bot(text)
    assert browser in {None, agent.browser}
    assert (agent.system, agent.device) == (system, device)


def test_versions_are_major_ones_and_nonsense_is_empty() -> None:
    assert describe_agent(REAL[0][0]).browser_version == "126"
    nothing = describe_agent("nothing of the kind")
    assert (nothing.browser, nothing.system, nothing.device) == ("", "", "")


@pytest.mark.parametrize("text", BOTS)
def test_bots_and_absurd_agents_are_told(text: str) -> None:
    assert is_bot(text)


def test_a_visitor_differs_by_site_address_agent_and_salt_and_is_repeatable() -> None:
    known = (b"salt", 1, "84.112.1.1", "agent")
    hashes = {
        visitor_hash(*known),
        visitor_hash(b"other", 1, "84.112.1.1", "agent"),
        visitor_hash(b"salt", 2, "84.112.1.1", "agent"),
        visitor_hash(b"salt", 1, "84.112.1.1a", "gent"),
        visitor_hash(b"salt", 1, "84.112.1.2", "agent"),
    }
    assert len(hashes) == 5
    assert visitor_hash(*known) in hashes
    assert all(-(1 << 63) <= one < 1 << 63 for one in hashes)


@pytest.mark.parametrize(
    ("address", "how", "stored"),
    [
        ("84.112.1.77", "no", ""),
        ("84.112.1.77", "full", "84.112.1.77"),
        ("84.112.1.77", "anonymised", "84.112.1.0"),
        ("2001:db8:1:2:3::4", "anonymised", "2001:db8:1::"),
        ("", "anonymised", ""),
    ],
)
def test_an_address_is_kept_only_as_far_as_is_asked_for(
    address: str, how: str, stored: str
) -> None:
    assert stored_address(address, how) == stored
    assert network_of("nonsense") == ""
