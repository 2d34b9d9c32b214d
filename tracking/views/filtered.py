"""What of sites' traffic was not counted, when and why."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from babel.dates import format_date
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.timezone import now

from tracking.models import DropReason, Site
from tracking.models.site import RECENT_DAYS
from tracking.reports.periods import MOST_DAILY_BUCKETS, Interval, Period
from tracking.templatetags.numbers import LOCALE
from tracking.views.report.exports import file_name
from tracking.views.report.parts import ReportView
from tracking.views.report.state import State
from tracking.views.report.traffic import Traffic
from tracking.views.stacks import stacks

MOST_WEEKLY_DAYS = 371
"""A period of up to so many days is told by weeks, a longer one by months."""
PERIODS = {"7d": "7 days", "30d": "30 days", "91d": "91 days", "12mo": "12 months", "all": "All"}
MOST_COLOURS = 5
"""Of so many parts a bar is stacked; the rarer reasons are one of them together."""

EXPLANATIONS: Mapping[str, str] = {
    DropReason.BOT: "Crawlers, tools and libraries by their user agent, and browsers that a "
    "program drives.",
    DropReason.SPAM: "The referrer is on the list of hosts that forge it.",
    DropReason.PREFETCH: "The browser fetched the page in advance; it counts when it is shown.",
    DropReason.OPT_OUT: "The browser asked not to be tracked. Nothing else of these is kept.",
    DropReason.ADDRESS: "Your filters of addresses.",
    DropReason.PATH: "Your filters of pages.",
    DropReason.COUNTRY: "Your filters of countries.",
    DropReason.HOST: "Your filters of host names.",
    DropReason.RATE: "One visitor's hits beyond 300 in a minute.",
    DropReason.DATA_CENTRE: "The address is in the instance's list of data centres.",
    DropReason.NO_VISIT: "Time on page or scroll depth that came without its visit.",
    DropReason.CLOSED_IMPORT: "Lines of a log that came after its import was closed.",
}


@dataclass(frozen=True)
class FilteredRow:
    """A reason, and how many hits were not counted for it: of the last days, and ever."""

    label: str
    explanation: str
    recent: int
    total: int


def filtered_traffic(site: Site) -> list[FilteredRow]:
    """A row for each reason that ever applied, in one query; the most frequent first."""
    first_day = now().date() - timedelta(days=RECENT_DAYS - 1)
    return [
        FilteredRow(
            DropReason(found["reason"]).label,
            EXPLANATIONS[found["reason"]],
            found["recent"],
            found["total"],
        )
        for found in site.dropped_hits.by_reason(first_day)
    ]


class FilteredView(ReportView):
    """What was not counted in a period, by reason, and by day, week or month."""

    excuse_template = "tracking/report/excuse.html"

    def show(self, request: HttpRequest, state: State, **names: str) -> HttpResponseBase:
        traffic = Traffic.of(state)
        context = {
            "state": state,
            "subject": state.subject,
            "site": state.subject.site,
            "back_url": reverse("tracking:report", args=[state.subject.key]) + state.url(),
            "periods": [
                {"label": label, "key": key, "url": state.url(period=key)}
                for key, label in PERIODS.items()
            ],
            "traffic": traffic,
            "reasons": _reasons(traffic),
            "table": _table(traffic, state.period),
        }
        return render(request, "tracking/filtered.html", context)


class FilteredExportView(ReportView):
    """The same for every day, as CSV; there are no more lines than a period has days."""

    excuse_template = "tracking/report/excuse.html"

    def show(self, request: HttpRequest, state: State, **names: str) -> HttpResponseBase:
        disposition = content_disposition_header(True, file_name(state, "filtered", "csv"))
        return HttpResponse(
            Traffic.of(state).csv(),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": disposition or ""},
        )


def _reasons(traffic: Traffic) -> list[dict[str, Any]]:
    found = []
    for reason in traffic.reasons:
        hits = sum(traffic.dropped[day, reason] for day in traffic.days)
        found.append(
            {
                "label": DropReason(reason).label,
                "explanation": EXPLANATIONS[reason],
                "hits": hits,
                "share": hits / traffic.total,
            }
        )
    return found


def _table(traffic: Traffic, period: Period) -> dict[str, Any]:
    """Hits by bucket and reason, the newest bucket first, and a chart of bars, the oldest first.

    However long the period is, there are few enough buckets to be looked at.
    """
    interval = _interval(period)
    hits: Counter[tuple[date, str]] = Counter()
    for (day, reason), count in traffic.dropped.items():
        hits[_bucket(day, interval), reason] += count
    buckets = dict.fromkeys(_bucket(day, interval) for day in traffic.days)
    rows = [
        {
            "label": _label(bucket, interval),
            "hits": [hits[bucket, reason] for reason in traffic.reasons],
            "total": sum(hits[bucket, reason] for reason in traffic.reasons),
        }
        for bucket in buckets
    ]
    labels = [DropReason(reason).label for reason in traffic.reasons]
    return {
        "interval": interval,
        "labels": labels,
        "rows": rows[::-1],
        "chart": _chart(rows, labels),
    }


def _chart(rows: list[dict[str, Any]], labels: list[str]) -> dict[str, Any]:
    """A bar for each row, and the names of its parts from the ground up."""
    if len(labels) > MOST_COLOURS:
        labels = [*labels[: MOST_COLOURS - 1], "Other reasons"]
    others_from = len(labels) - 1
    drawn = stacks([[*row["hits"][:others_from], sum(row["hits"][others_from:])] for row in rows])
    return {
        "box": drawn["box"],
        "bars": [
            {"label": row["label"], "total": row["total"], "parts": parts}
            for row, parts in zip(rows, drawn["bars"], strict=True)
        ],
        "legend": labels,
        "most": drawn["most"],
    }


def _interval(period: Period) -> Interval:
    if period.days <= MOST_DAILY_BUCKETS:
        return "day"
    return "week" if period.days <= MOST_WEEKLY_DAYS else "month"


def _bucket(day: date, interval: Interval) -> date:
    """The day that a day's bucket begins with, which may lie before the period."""
    match interval:
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
    return day


def _label(bucket: date, interval: Interval) -> str:
    form = "MMM y" if interval == "month" else "d MMM y"
    return format_date(bucket, form, locale=LOCALE)
