"""Lighthouse's scores of the demo's pages, in Debian's Chromium: `make lighthouse`.

Prints a table, and what took points; ends with 1 when a score is below the least. The last column
is how fast Lighthouse found the machine: what is below 1,000 says more of it than of the page.
Lighthouse comes from npm by `npx`, so Node must be there; nothing else of Footfall needs either.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import sync_playwright

from tests.conftest import CHROMIUM_OPTIONS
from tests.instance import PATIENCE_SECONDS, Instance, free_port

# Later versions want a newer Node than Debian has.
LIGHTHOUSE = "lighthouse@12.8.2"
CATEGORIES = ("performance", "accessibility", "best-practices")
LEAST = 95
Cookies = dict[str, str]
DEVICES: dict[str, list[str]] = {"phone": [], "desktop": ["--preset=desktop"]}


def main() -> int:
    """Score each page as on a phone and as on a desktop; returns how many scores are too low."""
    failures = 0
    with tempfile.TemporaryDirectory(prefix="footfall-lighthouse-") as folder:
        instance = Instance(Path(folder) / "instance")
        try:
            site, cookies = demo(instance)
            names = (*CATEGORIES, "machine")
            print(f"{'page':10}{'device':10}" + "".join(f"{name:>16}" for name in names))
            for name, path in {"sites": "/sites/", "report": f"/sites/{site}/"}.items():
                for device, options in DEVICES.items():
                    found = scored(f"{instance.url}{path}", cookies, options)
                    failures += shown(name, device, found)
        finally:
            instance.stop()
    return failures


def demo(instance: Instance) -> tuple[str, Cookies]:
    """Start an instance with the demo's traffic; returns the site and its owner's cookies."""
    instance.manage("prepare")
    told = instance.manage("demo")
    instance.manage("ingest", "--once")
    instance.manage("seal")
    instance.start("web", "upkeep")
    session, login = requests.Session(), f"{instance.url}/accounts/login/"
    form = {
        "username": first(r"as (\S+) with", told),
        "password": first(r"with the password (\S+)", told),
        "csrfmiddlewaretoken": first(
            r'csrfmiddlewaretoken" value="([^"]+)', fetched(session, login)
        ),
    }
    session.post(login, form, headers={"Referer": login}, timeout=PATIENCE_SECONDS)
    site = first(r'href="/sites/(\w+)/"', fetched(session, f"{instance.url}/sites/"))
    return site, {cookie.name: cookie.value or "" for cookie in session.cookies}


def fetched(session: requests.Session, url: str) -> str:
    """A page."""
    return session.get(url, timeout=PATIENCE_SECONDS).text


def first(pattern: str, text: str) -> str:
    """What the pattern's group matches; raises LookupError when it is not there."""
    found = re.search(pattern, text)
    if not found:
        raise LookupError(pattern)
    return found[1]


def scored(url: str, cookies: Cookies, options: list[str]) -> dict[str, Any]:
    """Lighthouse's report of a page, in a browser that has nothing but these cookies."""
    port = free_port()
    with tempfile.TemporaryDirectory() as profile, sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            profile,
            executable_path="/usr/bin/chromium",
            args=[*CHROMIUM_OPTIONS, f"--remote-debugging-port={port}"],
        )
        browser.add_cookies(
            [{"name": name, "value": value, "url": url} for name, value in cookies.items()]
        )
        report = asked(url, [f"--port={port}", *options])
        browser.close()
    if report["finalDisplayedUrl"] != url:
        raise LookupError(f"{url}: led to {report['finalDisplayedUrl']}")
    return report


def asked(url: str, options: list[str]) -> dict[str, Any]:
    """What Lighthouse says of the page in a browser that runs, whose cookies it leaves alone."""
    command = [
        *("npx", "--yes", LIGHTHOUSE, url, "--quiet", "--output=json", "--disable-storage-reset"),
        f"--only-categories={','.join(CATEGORIES)}",
        *options,
    ]
    told = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    report: dict[str, Any] = json.loads(told.stdout)
    return report


def shown(name: str, device: str, report: dict[str, Any]) -> int:
    """Print a page's scores and what took points; returns how many are below the least."""
    scores = {one: round(100 * report["categories"][one]["score"]) for one in CATEGORIES}
    machine = round(report["environment"]["benchmarkIndex"])
    print(f"{name:10}{device:10}" + "".join(f"{one:16}" for one in (*scores.values(), machine)))
    for category in CATEGORIES:
        for reference in report["categories"][category]["auditRefs"]:
            audit = report["audits"][reference["id"]]
            if reference["weight"] and audit["score"] is not None and audit["score"] < 1:
                print(f"    {audit['title']} {audit.get('displayValue', '')}".rstrip())
    return sum(score < LEAST for score in scores.values())


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
