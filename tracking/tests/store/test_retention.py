"""What a site keeps no longer is deleted from the record, in bounded pieces."""

from datetime import date, timedelta
from typing import Any

import pytest

from tracking.models import Dictionary, Engagement, Event, ImportedLine, Site, SiteZone, Visit
from tracking.store import retention
from tracking.store.retention import delete_before
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import MONDAY, NINE, count, hit

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def site() -> Any:
    return SiteFactory()


def delete_all(site: Site, first_day: date) -> list[int]:
    """How many rows each piece deleted."""
    return list(iter(lambda: delete_before(site.rules(), first_day), 0))


def test_days_before_the_first_go_with_all_their_rows(site: Site) -> None:
    other = SiteFactory()
    days = [NINE, NINE + DAY]
    count(hit(one, at, identity=f"{at}") for one in (site, other) for at in days)
    count([hit(site, NINE + timedelta(minutes=1), name="engagement", engaged_seconds=1)])

    assert delete_all(site, MONDAY) == []
    assert delete_all(site, MONDAY + DAY) == [3]
    assert delete_all(site, MONDAY + DAY) == []
    assert [event.day for event in Event.objects.filter(site=site)] == [MONDAY + DAY]
    assert [visit.day for visit in Visit.objects.filter(site=site)] == [MONDAY + DAY]
    assert not Engagement.objects.exists()
    assert Event.objects.filter(site=other).count() == 2
    assert ImportedLine.objects.count() == 4
    assert Dictionary.state().released == 1


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "America/Havana"])
def test_a_day_is_the_sites_own(zone: str) -> None:
    site = SiteFactory(timezone=zone)
    midnight = NINE.replace(hour=0) - site.rules().zone_on(MONDAY).utcoffset(NINE)
    count([hit(site, midnight - timedelta(seconds=1)), hit(site, midnight, address="1.2.3.4")])
    delete_all(site, MONDAY)

    assert [event.day for event in Event.objects.all()] == [MONDAY]
    assert [visit.day for visit in Visit.objects.all()] == [MONDAY]


def test_a_day_that_a_change_of_zone_made_longer_goes_whole(site: Site) -> None:
    SiteZone.objects.create(site=site, first_day=MONDAY + DAY, timezone="Pacific/Pago_Pago")
    last = NINE + timedelta(hours=25)
    count([hit(site), hit(site, last)])
    assert {event.day for event in Event.objects.all()} == {MONDAY}
    delete_all(site, MONDAY + DAY)

    assert not Event.objects.exists()


def test_no_transaction_deletes_more_than_its_share(
    site: Site, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr(retention, "DELETED_AT_ONCE", 4)
    count(hit(site, NINE + timedelta(minutes=40 * number)) for number in range(5))
    with django_assert_max_num_queries(11):
        assert delete_before(site.rules(), MONDAY + DAY) == 4
    assert delete_all(site, MONDAY + DAY) == [4, 2]
