"""What upkeep did last, in Django admin."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from tracking.models import LateSalt, UpkeepRun
from tracking.tests.factories import UserFactory
from tracking.tests.pipeline import MONDAY
from tracking.upkeep.steps import STEPS, run_once

pytestmark = pytest.mark.django_db

URL = "admin:tracking_upkeeprun_changelist"


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def shown(staff: Client) -> str:
    return staff.get(reverse(URL)).content.decode()


def test_every_step_is_shown_with_what_it_does_and_its_last_run(
    staff: Client, django_assert_max_num_queries: Any
) -> None:
    run_once(settings.COLUMNS_DIR, settings.SPOOL_DIR, now())
    with django_assert_max_num_queries(8):
        text = shown(staff)

    for step in STEPS:
        assert step.label in text
        assert step.purpose.replace("'", "&#x27;") in text
    assert text.count("Fine") == len(STEPS)
    assert "0 rows and 0 sealed days deleted" in text
    assert " style=" not in text
    assert "<style" not in text


@pytest.mark.parametrize(
    ("step", "allowed"), [("copy", timedelta(minutes=5)), ("retention", timedelta(hours=3))]
)
def test_a_step_that_was_not_done_for_long_is_overdue(
    staff: Client, step: str, allowed: timedelta
) -> None:
    run_once(settings.COLUMNS_DIR, settings.SPOOL_DIR, now())
    a_minute = timedelta(minutes=1)
    run = UpkeepRun.objects.filter(step=step)
    run.update(last_finished_at=now() - allowed + a_minute)
    assert "Overdue" not in shown(staff)
    run.update(last_finished_at=now() - allowed - a_minute)

    assert shown(staff).count("Overdue") == 1


def test_a_step_that_failed_says_why_and_one_of_an_older_version_that_it_is_over(
    staff: Client,
) -> None:
    for step, error in (("copy", "OSError: the disk is <full>"), ("polish", "")):
        UpkeepRun.objects.create(
            step=step, last_started_at=now(), last_finished_at=now(), last_error=error
        )
    text = shown(staff)

    assert "Failed" in text
    assert "the disk is &lt;full&gt;" in text
    assert "No longer done." in text


def test_runs_and_late_salts_are_read_only(staff: Client) -> None:
    run_once(settings.COLUMNS_DIR, settings.SPOOL_DIR, now())
    LateSalt.objects.create(day=MONDAY, times=1, last_made_at=now())
    assert (
        "March 2, 2026" in staff.get(reverse("admin:tracking_latesalt_changelist")).content.decode()
    )
    for model in (UpkeepRun, LateSalt):
        name = model._meta.model_name
        change = reverse(f"admin:tracking_{name}_change", args=[model.objects.first().pk])  # type: ignore[union-attr]
        assert staff.get(change).status_code == 200
        assert staff.post(change, {}).status_code == 403
        assert staff.get(reverse(f"admin:tracking_{name}_add")).status_code == 403
