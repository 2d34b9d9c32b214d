"""The worked cases of docs/figures.md, from the hit to the number."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tracking.models import Site
from tracking.records import Hit
from tracking.reports.conditions import Filter
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import (
    AUSTRIAN_ADDRESS,
    CHROME,
    FIREFOX,
    GERMAN_ADDRESS,
    ask,
    count,
    seal,
)

CASES = yaml.safe_load((Path(__file__).parent / "figures.yaml").read_text())
REFERRERS = {"Google": "https://www.google.com/", "Direct": ""}
ADDRESSES = {"DE": GERMAN_ADDRESS, "AT": AUSTRIAN_ADDRESS}
DIGITS = {"views_per_visit": 2, "bounce_rate": 4, "visit_duration": 1, "time_on_page": 1}


def hit_of(site: Site, line: list[Any]) -> Hit:
    at, visitor, name, page, *rest = line
    more = rest[0] if rest else {}
    # Visitors differ by agent; a country, where a case has one, by address.
    agent = CHROME if visitor in "AC" else FIREFOX
    address = ADDRESSES[more["country"]] if "country" in more else AUSTRIAN_ADDRESS
    if visitor in "CD":
        address = GERMAN_ADDRESS
    return Hit(
        site=site.public_id,
        at=datetime.fromisoformat(at).astimezone(UTC),
        name=name,
        url=f"https://site.example{page}",
        referrer=REFERRERS[more.get("source", "Direct")],
        user_agent=agent,
        address=address,
        interactive=more.get("interactive", True),
        engaged_seconds=more.get("seconds"),
    )


def rounded(metrics: Any) -> dict[str, Any]:
    return {
        name: value if value is None else round(value, DIGITS.get(name, 0))
        for name, value in metrics.items()
    }


def check(site: Site, case: dict[str, Any]) -> None:
    asked, expected = case["ask"], case["expect"]
    by = asked.get("by", ())
    one_row = next(iter(expected.values())) if by else expected
    filters = [Filter(name, how, tuple(values)) for name, how, values in asked.get("where", [])]
    first_day, last_day = (date.fromisoformat(str(asked[end])) for end in ("from", "to"))
    report = ask(site, first_day, last_day, tuple(one_row), by, filters)
    if not by:
        assert rounded(report.totals) == expected
        return
    assert {row.keys for row in report.rows} == {(key,) for key in expected}
    for key, numbers in expected.items():
        wanted = ask(site, first_day, last_day, tuple(numbers), by, filters)
        row = next(row for row in wanted.rows if row.keys == (key,))
        assert rounded(row.metrics) == numbers


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_the_worked_case_from_chunks_and_from_sealed_days(case: dict[str, Any]) -> None:
    site = SiteFactory(timezone=case["zone"])
    hits = [hit_of(site, line) for line in case["hits"]]
    count(hits)

    check(site, case)

    days_sealed = seal(max(hit.at for hit in hits) + timedelta(days=3))
    assert days_sealed == site.daily_totals.count()
    check(site, case)


def test_there_are_as_many_cases_as_were_counted_by_hand() -> None:
    assert len(CASES) == 22
