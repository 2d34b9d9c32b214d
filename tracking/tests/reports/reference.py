"""The slow, obvious reference: counts events in plain Python, by docs/figures.md alone."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tracking.reports.query import Filter

Number = int | float | None


@dataclass(frozen=True)
class Seen:
    """One counted hit, with what is known of it and of its visit."""

    visit: int
    visitor: int
    at: datetime
    order: int
    name: str
    values: dict[str, str]
    interactive: bool = True
    seconds: int | None = None


def visits_of(rows: Iterable[Seen]) -> dict[int, list[Seen]]:
    visits: dict[int, list[Seen]] = {}
    for row in sorted(rows, key=lambda row: (row.at, row.order)):
        visits.setdefault(row.visit, []).append(row)
    return visits


def with_ends(rows: Sequence[Seen]) -> list[Seen]:
    """The rows with their visit's entry and exit pages among their values."""
    found = []
    for visit in visits_of(rows).values():
        pages = [row.values["page"] for row in visit if row.name == "pageview"]
        ends = {"entry_page": pages[0] if pages else "", "exit_page": pages[-1] if pages else ""}
        found += [
            Seen(**{**row_fields(row), "values": row.values | ends})  # type: ignore[arg-type]
            for row in visit
        ]
    return found


def row_fields(row: Seen) -> dict[str, object]:
    return {name: getattr(row, name) for name in Seen.__dataclass_fields__}


def is_selected(row: Seen, filters: Sequence[Filter]) -> bool:
    return row.name != "engagement" and all(
        (row.values[one.dimension] in one.values) == (one.operator == "is") for one in filters
    )


def numbers(
    rows: Sequence[Seen], selected: Sequence[Seen], visit_counts: Callable[[list[Seen]], bool]
) -> dict[str, Number]:
    visits = visits_of(rows)
    ids = {row.visit for row in selected}
    rated = [visits[pk] for pk in ids if visit_counts(visits[pk])]
    pageviews = [row for row in selected if row.name == "pageview"]
    engaged = [
        seconds for row in pageviews if (seconds := engaged_seconds(row, visits)) is not None
    ]
    return {
        "visitors": len({row.visitor for row in selected}),
        "visits": len(ids),
        "pageviews": len(pageviews),
        "events": len(selected) - len(pageviews),
        "views_per_visit": len(pageviews) / len(ids) if ids else None,
        "bounce_rate": sum(map(bounced, rated)) / len(rated) if rated else None,
        "visit_duration": sum(map(duration, rated)) / len(rated) if rated else None,
        "time_on_page": sum(engaged) / len(engaged) if engaged else None,
    }


def engaged_seconds(pageview: Seen, visits: dict[int, list[Seen]]) -> int | None:
    """Seconds of the signals whose latest pageview of their page this is."""
    found = None
    latest: dict[str, Seen] = {}
    signals_last = sorted(
        visits[pageview.visit], key=lambda row: (row.at, row.name == "engagement", row.order)
    )
    for row in signals_last:
        if row.name == "pageview":
            latest[row.values["page"]] = row
        elif row.name == "engagement" and latest.get(row.values["page"]) is pageview:
            found = (found or 0) + (row.seconds or 0)
    return found


def bounced(visit: list[Seen]) -> bool:
    pageviews = sum(row.name == "pageview" for row in visit)
    custom = any(row.name not in {"pageview", "engagement"} and row.interactive for row in visit)
    return pageviews <= 1 and not custom


def duration(visit: list[Seen]) -> float:
    return (visit[-1].at - visit[0].at).total_seconds()


def totals(rows: Sequence[Seen], filters: Sequence[Filter]) -> dict[str, Number]:
    rows = with_ends(rows)
    return numbers(rows, [row for row in rows if is_selected(row, filters)], lambda _: True)


def by(
    rows: Sequence[Seen], dimension: str, filters: Sequence[Filter]
) -> dict[str, dict[str, Number]]:
    rows = with_ends(rows)
    selected = [row for row in rows if is_selected(row, filters)]
    chosen = {row.visit for row in selected}
    found = {}
    for key in {row.values[dimension] for row in selected}:
        of_key = [row for row in selected if row.values[dimension] == key]
        found[key] = numbers(rows, of_key, lambda _: True)
        if dimension == "page":
            entered = [row for row in rows if row.values["entry_page"] == key]
            rated = numbers(rows, [row for row in entered if row.visit in chosen], lambda _: True)
            found[key] |= {name: rated[name] for name in ("bounce_rate", "visit_duration")}
    return found
