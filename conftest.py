"""Fixtures for every test, and how long properties are searched for a counterexample."""

import os
from pathlib import Path

import hypothesis
import pytest
from pytest_django.fixtures import Settings

# The normal profile tries the same examples each time; HYPOTHESIS_PROFILE=soak many new ones.
SLOW_IS_FINE = [hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.data_too_large]
hypothesis.settings.register_profile(
    "normal",
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=SLOW_IS_FINE,
)
hypothesis.settings.register_profile(
    "soak",
    max_examples=5000,
    deadline=None,
    print_blob=True,
    suppress_health_check=SLOW_IS_FINE,
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "normal"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What has no database is the same with any; what takes longest is not left to the end."""
    for item in items:
        has_one = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
        if not has_one and item.get_closest_marker("django_db") is None:
            item.add_marker(pytest.mark.any_database)
    items.sort(key=lambda item: item.get_closest_marker("processes") is None)


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, settings: Settings) -> Path:
    """A data folder of the test's own, with plain static files."""
    settings.DATA_DIR = tmp_path
    settings.SPOOL_DIR = tmp_path / "spool"
    settings.COLUMNS_DIR = tmp_path / "columns"
    settings.SETUP_CODE_PATH = tmp_path / "setup-code.hash"
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    return tmp_path


@pytest.fixture(autouse=True)
def answers_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow machine, too, a report is one response with its status."""
    monkeypatch.setattr("tracking.views.waiting.SOON_SECONDS", 60.0)
