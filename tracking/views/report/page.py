"""The report of a site."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from babel.dates import format_date
from django.conf import settings
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.timezone import now
from django.views import View

from tracking.access import readable_site
from tracking.errors import (
    InvalidQuery,
    ReportLeft,
    ReportsBusy,
    ReportTooSlow,
    ReportUnavailable,
)
from tracking.models import DropReason, Site
from tracking.reports.condition_text import condition_text
from tracking.reports.engine import Asker, Report, answer
from tracking.reports.metrics import METRICS
from tracking.reports.periods import Clock, Interval, default_interval
from tracking.views.clock import clock_of
from tracking.views.panels import (
    PANELS,
    PERIODS,
    State,
    chips,
    headline,
    panel_rows,
)
from tracking.views.turns import report_turn
from tracking.views.waiting import respond

EXPECTED = (InvalidQuery, ReportUnavailable, ReportsBusy, ReportTooSlow, ReportLeft)


@dataclass(frozen=True)
class Answers:
    """What the engine says to a page: the numbers by time, and each panel's rows."""

    numbers: Report
    panels: tuple[Report, ...]


class ReportView(LoginRequiredMixin, View):
    """Headline numbers, their course over time, and who, whence, what."""

    def get(self, request: HttpRequest, site_id: str) -> HttpResponseBase:
        site = readable_site(request.user, site_id)
        rules = site.rules()
        try:
            state = State.from_params(request.GET, rules, clock_of((rules,), now()))
        except InvalidQuery as error:
            return _excuse(request, site, error)
        user = request.user.pk
        return respond(
            ask=lambda left: _asked(state, Asker(user, left=left)),
            show=lambda found: render(
                request, "tracking/report.html", _context(site, state, found)
            ),
            excuse=lambda error: _excuse(request, site, error),
            expected=EXPECTED,
        )


def _asked(state: State, asker: Asker) -> Answers:
    """All that the page shows, without the database: it is asked for in a thread of its own."""
    with report_turn():
        return Answers(
            answer(state.numbers_query(), settings.COLUMNS_DIR, asker),
            tuple(
                answer(state.panel_query(panel), settings.COLUMNS_DIR, asker, with_totals=False)
                for panel in PANELS
            ),
        )


def _context(site: Site, state: State, found: Answers) -> dict[str, Any]:
    numbers = found.numbers
    panels = [
        panel_rows(state, panel, report, numbers.totals[panel.metric])
        for panel, report in zip(PANELS, found.panels, strict=True)
    ]
    visits = numbers.totals["visits"]
    return {
        "site": site,
        "zone": state.query.sites[0].zone_on(state.clock.today),
        "state": state,
        "periods": [
            {"label": label, "key": key, "url": state.url(period=key)}
            for key, label in PERIODS.items()
        ],
        "is_custom": state.period.key not in PERIODS,
        "headline": headline(state, numbers),
        "filter_texts": [condition_text(one) for one in state.filters],
        "chips": chips(state),
        "clear_url": state.url(filters=()),
        "chart": _chart(state, numbers),
        "panels": panels,
        "has_events": bool(visits),
        "is_new": not visits and not site.daily_totals.exists(),
        "wider_url": state.url(period="12mo"),
        "dropped": _dropped(site, state),
    }


def _chart(state: State, series: Report) -> dict[str, Any]:
    """The drawn metric, bucket by bucket; `open` is the one that is not over yet."""
    metric = METRICS[state.metric]
    interval = default_interval(state.period)
    rows = [
        {"label": bucket_label(row.keys[0], interval), "value": row.metrics[metric.name]}
        for row in series.rows
        if not _is_ahead(row.keys[0], interval, state.clock)
    ]
    return {
        "label": metric.label,
        "metric": metric.name,
        "rows": rows,
        "series": {
            "unit": metric.unit,
            "labels": [row["label"] for row in rows],
            "values": [row["value"] for row in rows],
            "open": state.period.last_day >= state.clock.today,
        },
    }


def _is_ahead(key: str, interval: Interval, clock: Clock) -> bool:
    """Whether a bucket lies wholly in the future; minutes are counted from now."""
    match interval:
        case "minute":
            return False
        case "hour":
            return key > f"{clock.today}T{clock.minute // 60:02}"
        case "month":
            return key > f"{clock.today:%Y-%m}"
    return key > f"{clock.today}"


def bucket_label(key: str, interval: Interval) -> str:
    """A bucket's name: 5 min ago, 14:00, 24 Nov or Nov 2026."""
    match interval:
        case "minute":
            return f"{key} min ago" if key != "0" else "now"
        case "hour":
            return f"{key[-2:]}:00"
        case "month":
            return format_date(date.fromisoformat(f"{key}-01"), "MMM y", locale="en")
    return format_date(date.fromisoformat(key), "d MMM", locale="en")


def _dropped(site: Site, state: State) -> dict[str, Any]:
    """How many hits of the period's days were not counted, in all and by reason."""
    if state.period.since is not None:
        return {"total": 0}  # they are counted by day
    found = (
        site.dropped_hits.filter(day__range=(state.period.first_day, state.period.last_day))
        .values_list("reason")
        .annotate(total=Sum("count"))
        .order_by("-total")
    )
    reasons = [(DropReason(reason).label, total) for reason, total in found]
    return {"total": sum(total for _, total in reasons), "reasons": reasons}


def _excuse(request: HttpRequest, site: Site, error: Exception) -> HttpResponse:
    """A page that says what can't be answered, and why; a busy one asks again by itself."""
    is_busy = isinstance(error, ReportsBusy)
    status = 400 if isinstance(error, InvalidQuery) else 503
    context = {"site": site, "error": error, "status": status, "is_busy": is_busy}
    response = render(request, "tracking/report_error.html", context, status=status)
    if is_busy:
        response.headers["Retry-After"] = response.headers["Refresh"] = "1"
    return response
