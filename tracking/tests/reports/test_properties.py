"""Any question to any traffic: the engine says what the plain reference says.

A failure names the seed of traffic and questions, the question, and a simpler one that fails too.
They come again, before others, with FOOTFALL_SEED set to that seed and as many FOOTFALL_QUESTIONS.
"""

import math
import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.conf import settings

from tracking.columns import read
from tracking.columns.manifest import sites_with_files
from tracking.models import Site
from tracking.records import Hit
from tracking.reports import open_days
from tracking.reports.engine import answer, answers
from tracking.reports.query import ReportQuery
from tracking.tests.columns.support import bring_to_schema_2
from tracking.tests.pipeline import count, seal
from tracking.tests.reports import reference
from tracking.tests.reports.random_questions import (
    Vocabulary,
    random_page,
    random_question,
    shrunk,
    vocabulary_of,
)
from tracking.tests.reports.traffic import (
    DAY,
    MIDDLE_DAYS,
    Traffic,
    random_hits,
    random_sites,
    seen_in_database,
)
from tracking.upkeep.step import Surroundings
from tracking.upkeep.steps import apply_retention

# What it runs, others run too: measuring that costs a third of its time.
pytestmark = [pytest.mark.any_database, pytest.mark.no_cover]

QUESTIONS = int(os.environ.get("FOOTFALL_QUESTIONS", "200"))
FIRST_SEED = int(os.environ.get("FOOTFALL_SEED", "0"))
TRAFFICS = min(QUESTIONS, max(8, QUESTIONS // 100))
QUESTIONS_A_TRAFFIC = -(-QUESTIONS // TRAFFICS)
PAGES_A_TRAFFIC = 4
RETENTION_DAYS = 7
MOST_PAGES = 4
PRECISION = 1e-9


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


class History:
    """Sites whose traffic is counted in parts, with what upkeep and owners do in between."""

    def __init__(self, chance: random.Random, middle_day: date) -> None:
        self.chance = chance
        self.middle_day = middle_day
        self.sealed_at = noon(middle_day - 2 * DAY)
        self.sites = random_sites(middle_day, chance)
        hits = [hit for site in self.sites for hit in random_hits(site, middle_day, chance)]
        chance.shuffle(hits)
        self.parts = cut(hits, chance)

    def happen(self) -> Traffic:
        for number, part in enumerate(self.parts):
            kept = {site.public_id for site in self.sites}
            count(hit for hit in part if hit.site in kept)
            # Late events come to sealed days; the last ones at times stay beside them.
            if number == 0 or self.chance.random() < 0.5:
                self.seal()
            if number and self.chance.random() < 0.3:
                self.chance.choice((self.delete_old_days, self.delete_site))()
        rules = tuple(site.rules() for site in self.sites)
        return Traffic(rules, tuple(seen_in_database(self.sites)), self.sealed_at)

    def seal(self) -> None:
        at = noon(self.middle_day + self.chance.randrange(-1, 4) * DAY)
        self.sealed_at = max(self.sealed_at, at)
        seal(at)

    def delete_old_days(self) -> None:
        site = self.chance.choice(self.sites)
        Site.objects.filter(pk=site.pk).update(retention_days=RETENTION_DAYS)
        around = Surroundings(settings.COLUMNS_DIR, settings.SPOOL_DIR, pause=lambda: None)
        apply_retention(around, noon(self.middle_day) + timedelta(days=RETENTION_DAYS))

    def delete_site(self) -> None:
        self.sites.pop().delete()


def cut(hits: Sequence[Hit], chance: random.Random) -> list[list[Hit]]:
    """Three parts, the first with most."""
    parts: list[list[Hit]] = [[], [], []]
    for hit in hits:
        chance.choices(parts, (6, 3, 2))[0].append(hit)
    return parts


def counted_traffic(seed: int) -> Vocabulary:
    middle_day = MIDDLE_DAYS[seed % len(MIDDLE_DAYS)]
    words = vocabulary_of(History(random.Random(seed), middle_day).happen())
    if seed % 3 == 0:
        chance = random.Random(seed)
        for site_id in sites_with_files(settings.COLUMNS_DIR):
            bring_to_schema_2(site_id, lambda: chance.random() < 0.5)
    return words


def pages_of(query: ReportQuery) -> list[Any]:
    """The engine's first pages, the last of which can be the last there is."""
    pages: list[Any] = [answer(query, settings.COLUMNS_DIR)]
    while pages[-1].after is not None and len(pages) < MOST_PAGES:
        pages.append(answer(replace(query, after=pages[-1].after), settings.COLUMNS_DIR))
    return pages


def is_same(found: Any, expected: Any) -> bool:
    """Whether two numbers, or two mappings of them, say the same."""
    if isinstance(expected, Mapping):
        return (
            isinstance(found, Mapping)
            and found.keys() == expected.keys()
            and all(is_same(found[key], value) for key, value in expected.items())
        )
    if isinstance(found, float) and isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=PRECISION)
    return type(found) is type(expected) and bool(found == expected)


def check(query: ReportQuery, traffic: Traffic) -> None:
    expected = reference.answer(replace(query, limit=1000), traffic.seen)
    pages = pages_of(query)
    rows = [row for page in pages for row in page.rows]

    for page in pages:
        assert is_same(page.totals, expected.totals), (page.totals, expected.totals)
        assert is_same(page.compared, expected.compared), (page.compared, expected.compared)
        assert page.row_count == expected.row_count
    assert [row.keys for row in rows] == [row.keys for row in expected.rows[: len(rows)]]
    for row, wanted in zip(rows, expected.rows, strict=False):
        assert is_same(row.metrics, wanted.metrics), (row, wanted)
        assert is_same(row.compared, wanted.compared), (row, wanted)
    are_cut_by_the_limit(query, pages, expected.row_count)
    lead_back(query, pages)


def are_cut_by_the_limit(query: ReportQuery, pages: Sequence[Any], row_count: int) -> None:
    """All pages are full but the last there is, which has no cursor."""
    limit = max(row_count, 1) if query.dimensions == ("time",) else query.limit
    for number, page in enumerate(pages):
        left = row_count - number * limit
        assert len(page.rows) == min(limit, left)
        assert (page.after is None) == (left <= limit)


def lead_back(query: ReportQuery, pages: Sequence[Any]) -> None:
    """Each page but the first leads to the one before, and knows the number of its first row."""
    assert pages[0].before is None
    first = 1
    for page, later in pairwise(pages):
        assert page.first == first
        first += len(page.rows)
        found = answer(replace(query, after=later.before), settings.COLUMNS_DIR)
        assert [row.keys for row in found.rows] == [row.keys for row in page.rows]
        assert (found.first, found.row_count) == (page.first, page.row_count)
        assert found.after
        assert (found.before is None) == (page.before is None)
    assert pages[-1].first == first


def failure(query: ReportQuery, traffic: Traffic) -> str:
    """What is wrong with the engine's answer; empty when nothing is."""
    try:
        check(query, traffic)
    except Exception as error:  # noqa: BLE001 - a question must be shown however it fails
        return f"{type(error).__name__}: {error}"
    return ""


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + TRAFFICS))
def test_any_question_gets_the_references_answer(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    words = counted_traffic(seed)
    answered = 0
    for number in range(QUESTIONS_A_TRAFFIC):
        query = random_question(words, chance)
        # As if there were too many visits to tell all apart at once.
        monkeypatch.setattr(read, "VISITS_OF_A_PIECE", chance.choice((3, 650_000)))
        if failure(query, words.traffic):
            simple = shrunk(query, lambda one: bool(failure(one, words.traffic)))
            pytest.fail(
                f"seed {seed}, question {number}: {query}\n"
                f"simpler: {simple}\n{failure(simple, words.traffic)}"
            )
        answered += 1
    assert answered >= QUESTIONS_A_TRAFFIC


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + TRAFFICS // 2))
def test_panels_that_are_asked_together_get_the_references_answers(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    words = counted_traffic(seed)
    for _ in range(PAGES_A_TRAFFIC):
        queries = random_page(words, chance)
        # Open days may have too many visits for all values to stand in one column.
        monkeypatch.setattr(open_days, "MOST_LISTED", chance.choice((1, 15_000)))
        monkeypatch.setattr(read, "VISITS_OF_A_PIECE", chance.choice((3, 650_000)))
        # What is kept of the first time is the same the second time.
        twice = [*zip(queries, answers(queries, settings.COLUMNS_DIR), strict=True)]
        twice += zip(queries, answers(queries, settings.COLUMNS_DIR), strict=True)
        expected = {query: reference.answer(query, words.traffic.seen) for query in queries}
        for query, found in twice:
            is_the_answer(query, found, expected[query])


def is_the_answer(query: ReportQuery, found: Any, expected: Any) -> None:
    assert is_same(found.totals, expected.totals), (query, found.totals, expected.totals)
    assert is_same(found.compared, expected.compared), (query, found.compared, expected.compared)
    assert found.row_count == expected.row_count, query
    assert [row.keys for row in found.rows] == [row.keys for row in expected.rows], query
    for row, wanted in zip(found.rows, expected.rows, strict=True):
        assert is_same(row.metrics, wanted.metrics), (query, row, wanted)
        assert is_same(row.compared, wanted.compared), (query, row, wanted)
