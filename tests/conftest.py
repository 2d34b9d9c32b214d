"""Fixtures of the tests that need real processes or a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.instance import Instance

CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Who browses here is a reader; hits of a browser that says it is driven would not count.
AS_A_READER = "--disable-blink-features=AutomationControlled"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What these tests try is in other processes: measuring coverage here finds nothing."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("no_cover")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    """An instance that is set up, with none of its processes started."""
    made = Instance(tmp_path / "instance")
    made.manage("prepare")
    yield made
    made.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=[*CHROMIUM_OPTIONS, AS_A_READER]
        )
        yield launched
        launched.close()
