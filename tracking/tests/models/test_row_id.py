"""Ids that are made of places in the spool have 64 bits, and no index that is not needed."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor

from tracking.models import Engagement, Event, Site, Visit
from tracking.records import event_id
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import MONDAY, NINE

MODELS = (Event, Engagement, Visit)
BEFORE = ("tracking", "0006_upkeep_runs")
SMALLEST, GREATEST = -(2**63), 2**63 - 1
IDS = [1, 2**31, 2**32 - 1, 2**32, event_id(1, 17), event_id(2**31 - 1, 0), GREATEST]


def event(site: Site, pk: int | None, **more: Any) -> Event:
    known = {"happened_at": NINE, "day": MONDAY, "hour": 9, "interactive": True, "visit_id": 1}
    return Event(pk=pk, site=site, **known | more)


def visit(site: Site, pk: int) -> Visit:
    counts = {"pageviews": 1, "events": 1, "interactive_events": 1}
    return Visit(pk=pk, site=site, visitor=5, day=MONDAY, started_at=NINE, ended_at=NINE, **counts)


def signal(site: Site, pk: int) -> Engagement:
    return Engagement(pk=pk, site=site, visit_id=1, happened_at=NINE, day=MONDAY, seconds=7)


@pytest.mark.django_db
def test_sqlite_keeps_no_index_beside_the_table() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("other databases need one")
    with connection.cursor() as cursor:
        for model in MODELS:
            cursor.execute(f"PRAGMA index_list({model._meta.db_table})")
            indexes = cursor.fetchall()
            assert indexes
            assert {origin for _, _, _, origin, _ in indexes} == {"c"}


@pytest.mark.django_db
def test_ids_have_64_bits() -> None:
    site = SiteFactory()
    Event.objects.bulk_create(event(site, pk) for pk in reversed(IDS))

    assert list(Event.objects.order_by("pk").values_list("pk", flat=True)) == IDS
    assert all(Event.objects.get(pk=pk).pk == pk for pk in IDS)
    assert Event.objects.filter(pk__gte=event_id(1, 17), pk__lt=event_id(2, 0)).count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("pk", [SMALLEST - 1, GREATEST + 1, 2**64])
def test_ids_beyond_64_bits_are_refused(pk: int) -> None:
    site = SiteFactory()
    assert not Event.objects.filter(pk=pk).exists()
    with pytest.raises((DataError, OverflowError)):
        Event.objects.bulk_create([event(site, pk)])


@pytest.mark.django_db
def test_an_id_counts_once() -> None:
    site = SiteFactory()
    Event.objects.bulk_create([event(site, IDS[-2])])
    with pytest.raises(IntegrityError):
        Event.objects.bulk_create([event(site, IDS[-2])])


@pytest.mark.django_db
def test_no_id_is_made_up() -> None:
    with pytest.raises(IntegrityError):
        event(SiteFactory(), None).save()


@pytest.fixture
def _before() -> Iterator[None]:
    """A database as it was before; it is brought up to date again."""
    MigrationExecutor(connection).migrate([BEFORE])
    yield
    migrate_to_newest()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_before")
def test_rows_and_indexes_outlast_the_migration() -> None:
    site = SiteFactory()
    Event.objects.bulk_create(event(site, pk, props='{"a":"b"}', revenue_micros=pk) for pk in IDS)
    Visit.objects.bulk_create(visit(site, pk) for pk in IDS)
    Engagement.objects.bulk_create(signal(site, pk) for pk in IDS)
    rows = [list(model.objects.order_by("pk").values()) for model in MODELS]
    indexes = [indexes_of(model) for model in MODELS]
    migrate_to_newest()

    assert [list(model.objects.order_by("pk").values()) for model in MODELS] == rows
    assert [indexes_of(model) for model in MODELS] == indexes


def migrate_to_newest() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def indexes_of(model: type[Event | Engagement | Visit]) -> dict[str, Any]:
    """All but the primary key's, by name."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table)
    return {name: one for name, one in found.items() if one["index"] and not one["primary_key"]}
