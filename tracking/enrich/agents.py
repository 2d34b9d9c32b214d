"""Browser, system and device from a user agent."""

from functools import cache, lru_cache

import ua_parser
from ua_parser.regex import Resolver

from tracking.records import Agent

CACHED_AGENTS = 20_000
LONGEST_AGENT = 1000

# ua-parser tells variants of one browser apart that people know by one name.
BROWSERS = {
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "Safari",
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Mobile WebView": "Chrome",
    "HeadlessChrome": "Chrome",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "Edge Mobile": "Edge",
    "Opera Mobile": "Opera",
    "Samsung Internet": "Samsung Internet",
    "IE": "Internet Explorer",
    "IE Mobile": "Internet Explorer",
}
SYSTEMS = {"Mac OS X": "macOS", "Chrome OS": "ChromeOS", "Ubuntu": "Linux", "Fedora": "Linux"}
TV_SYSTEMS = frozenset({"Tizen", "WebOS", "tvOS", "Chromecast", "FireOS", "Roku"})
DESKTOP_SYSTEMS = frozenset({"Windows", "macOS", "Linux", "ChromeOS", "FreeBSD", "OpenBSD"})
MOBILE_SYSTEMS = frozenset({"iOS", "Android", "Windows Phone", "KaiOS", "BlackBerry OS"})


@cache
def agents_parser() -> ua_parser.Parser:
    """The parser of this process, whose answers are kept by those who ask, and not once more."""
    return ua_parser.Parser(Resolver(ua_parser.load_lazy_builtins()))


@lru_cache(maxsize=CACHED_AGENTS)
def describe_agent(user_agent: str) -> Agent:
    """Names as people know them, major versions; empty where the agent does not tell."""
    parsed = agents_parser().parse(user_agent[:LONGEST_AGENT])
    browser, system = parsed.user_agent, parsed.os
    system_name = SYSTEMS.get(system.family, system.family) if system else ""
    return Agent(
        browser=BROWSERS.get(browser.family, browser.family) if browser else "",
        browser_version=(browser.major or "") if browser else "",
        system=system_name,
        system_version=(system.major or "") if system else "",
        device=_device(user_agent, system_name),
    )


def _device(user_agent: str, system: str) -> str:
    """Desktop, Mobile, Tablet or TV; empty when unknown."""
    if "TV" in user_agent or system in TV_SYSTEMS - {"FireOS"}:
        return "TV"
    if "iPad" in user_agent or "Tablet" in user_agent:
        return "Tablet"
    if system == "Android" and "Mobile" not in user_agent:
        # Google asks makers to leave the word out of tablets' agents.
        return "Tablet"
    if system in MOBILE_SYSTEMS:
        return "Mobile"
    return "Desktop" if system in DESKTOP_SYSTEMS else ""
