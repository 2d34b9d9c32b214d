"""A day that got a second salt can be seen; the rest is in tracking/tests/columns/test_files.py."""

from datetime import datetime, timedelta

import pytest

from tracking.models import LateSalt, Salt
from tracking.tests.pipeline import MONDAY, NINE
from tracking.upkeep.salts import erase_salts

pytestmark = pytest.mark.django_db

NEEDED_UNTIL = NINE + timedelta(days=1, hours=3, minutes=30)


def erase_one_made_at(at: datetime) -> None:
    Salt.objects.create(day=MONDAY)
    Salt.objects.update(created_at=at)
    assert erase_salts(NEEDED_UNTIL + timedelta(days=4), None) == 1


def test_a_salt_that_was_made_in_time_leaves_no_trace() -> None:
    erase_one_made_at(NEEDED_UNTIL - timedelta(seconds=1))

    assert not LateSalt.objects.exists()


def test_one_that_was_made_when_the_day_was_over_does() -> None:
    erase_one_made_at(NEEDED_UNTIL)
    late = LateSalt.objects.get()
    assert (late.day, late.times, late.last_made_at) == (MONDAY, 1, NEEDED_UNTIL)
    erase_one_made_at(NEEDED_UNTIL + timedelta(days=1))

    late = LateSalt.objects.get()
    assert (late.times, late.last_made_at) == (2, NEEDED_UNTIL + timedelta(days=1))
