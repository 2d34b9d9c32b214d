"""Terms that nothing uses go; ids that somebody remembers never point into the void."""

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.utils.timezone import now

from tracking.ingest.batch import Ingester
from tracking.ingest.live import live_lookups
from tracking.models import Dictionary, Engagement, Event, Site, Term, TermKind, Visit
from tracking.store import sweep
from tracking.store.sweep import TERMS_OF, sweep_terms
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import NINE, hit, spool

pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> Any:
    return SiteFactory()


@pytest.fixture
def ingester() -> Ingester:
    """One that remembers terms from batch to batch, as the process does."""
    return Ingester(settings.SPOOL_DIR, live_lookups())


def take(ingester: Ingester, site: Site, *pages: str) -> None:
    at = NINE + timedelta(minutes=Event.objects.count())
    spool(hit(site, at, page, title=f"Title of {page}") for page in pages)
    while ingester.take_batch():
        pass


def delete_events(page: str) -> None:
    """As retention does: the rows, and the word that they went."""
    term = Term.objects.get(kind=TermKind.PAGE, text=page)
    Event.objects.filter(page=term).delete()
    Visit.objects.filter(entry_page=term).delete()
    Dictionary.release()


def pages() -> set[str]:
    return set(Term.objects.filter(kind=TermKind.PAGE).values_list("text", flat=True))


def dangling() -> int:
    """How many terms the rows name that are not there."""
    used = {
        pk for rows, columns in TERMS_OF for row in rows.values_list(*columns) for pk in row if pk
    }
    return len(used) - Term.objects.filter(pk__in=used).count()


def no_pause() -> None:
    """Nothing happens meanwhile."""


def test_unused_terms_go_and_used_ones_stay(ingester: Ingester, site: Site) -> None:
    take(ingester, site, "/old", "/kept")
    Visit.objects.update(entry_page=None, exit_page=None)
    kept = Term.objects.exclude(text__endswith="/old").count()
    delete_events("/old")

    assert sweep_terms(now(), no_pause) == 2
    assert pages() == {"/kept"}
    assert Term.objects.count() == kept
    assert dangling() == 0
    assert sweep_terms(now(), no_pause) == 0


def test_a_term_stays_for_each_kind_of_row_that_uses_it(ingester: Ingester, site: Site) -> None:
    take(ingester, site, "/page")
    Event.objects.all().delete()
    spool([hit(site, name="engagement", page="/only-engagement", engaged_seconds=3)])
    ingester.take_batch()
    sweep_terms(now(), no_pause)

    assert Engagement.objects.count() == 1
    assert pages() == {"/page", "/only-engagement"}
    assert dangling() == 0


def test_who_remembers_a_deleted_term_writes_the_right_row_after(
    ingester: Ingester, site: Site
) -> None:
    take(ingester, site, "/page")
    before = Term.objects.get(text="/page").pk
    delete_events("/page")
    assert sweep_terms(now(), no_pause)
    take(ingester, site, "/page")

    event = Event.objects.select_related("page", "name", "title").get()
    assert event.page_id != before
    assert event.page
    assert (event.page.text, event.title.text) == ("/page", "Title of /page")  # type: ignore[union-attr]
    assert dangling() == 0


@pytest.mark.parametrize("moment", range(8))
def test_what_a_batch_uses_again_meanwhile_stays(
    ingester: Ingester, site: Site, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    monkeypatch.setattr(sweep, "READ_AT_ONCE", 2)
    monkeypatch.setattr(sweep, "DELETED_AT_ONCE", 4)
    take(ingester, site, "/a", "/b", "/c")
    delete_events("/a")
    take(ingester, site, "/d")
    pauses = iter(range(100))

    def pause() -> None:
        if next(pauses) == moment:
            take(ingester, site, "/a", "/new")

    sweep_terms(now(), pause)

    assert next(pauses) > moment
    assert pages() == {"/a", "/b", "/c", "/d", "/new"}
    assert dangling() == 0
    take(ingester, site, "/a", "/b", "/new")
    assert dangling() == 0


def test_a_sweep_that_was_killed_is_done_by_the_next(
    ingester: Ingester, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "DELETED_AT_ONCE", 1)
    take(ingester, site, *(f"/{number}" for number in range(5)))
    Event.objects.all().delete()
    Visit.objects.all().delete()
    Dictionary.release()
    pauses = iter(range(100))

    def killed() -> None:
        if next(pauses) == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep_terms(now(), killed)
    assert Term.objects.exists()
    assert Dictionary.state().swept == 0
    take(ingester, site, "/1")
    assert dangling() == 0
    sweep_terms(now(), no_pause)

    assert pages() == {"/1"}
    assert Dictionary.state().swept == Dictionary.state().released == 1


def test_the_number_of_queries_does_not_grow_with_the_rows(
    ingester: Ingester, site: Site, django_assert_max_num_queries: Any
) -> None:
    Dictionary.release()
    for pages in (2, 50):
        take(ingester, site, *(f"/{pages}/{number}" for number in range(pages)))
        Event.objects.all().delete()
        Visit.objects.all().delete()
        with django_assert_max_num_queries(16):
            sweep_terms(now(), no_pause)


def test_every_column_that_holds_a_term_is_looked_at() -> None:
    looked_at = {(rows.model, column) for rows, columns in TERMS_OF for column in columns}
    held = {
        (model, field.attname)
        for model in apps.get_app_config("tracking").get_models()
        for field in model._meta.concrete_fields
        if field.related_model is Term
    }
    assert looked_at == held
