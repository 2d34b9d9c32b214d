"""The report of a site."""

from datetime import date
from typing import Any

from babel.dates import format_date
from django.conf import settings
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views import View

from tracking.access import readable_site
from tracking.errors import InvalidQuery, ReportsBusy, ReportUnavailable
from tracking.models import DropReason, Site
from tracking.reports.engine import Report, answer
from tracking.reports.metrics import METRICS
from tracking.views.panels import (
    HEADLINE,
    PANELS,
    PERIODS,
    State,
    chips,
    headline,
    panel_rows,
)
from tracking.views.turns import report_turn


class ReportView(LoginRequiredMixin, View):
    """Headline numbers, their course over time, and who, whence, what."""

    def get(self, request: HttpRequest, site_id: str) -> HttpResponse:
        site = readable_site(request.user, site_id)
        rules = site.rules()
        today = rules.local(now())[0]
        try:
            state = State.from_params(request.GET, rules, today)
            with report_turn():
                return render(request, "tracking/report.html", _context(site, state, today))
        except InvalidQuery as error:
            return _error_page(request, site, 400, error)
        except ReportUnavailable as error:
            return _error_page(request, site, 503, error)
        except ReportsBusy as error:
            return _again(_error_page(request, site, 503, error))


def _context(site: Site, state: State, today: date) -> dict[str, Any]:
    series = answer(state.query(HEADLINE, state.period.interval), settings.COLUMNS_DIR)
    panels = [
        panel_rows(state, panel, answer(state.panel_query(panel), settings.COLUMNS_DIR))
        for panel in PANELS
    ]
    return {
        "site": site,
        "zone": state.site.zone_on(today),
        "state": state,
        "periods": [
            {"label": label, "key": key, "url": f"?{_with_period(state, key)}"}
            for key, label in PERIODS.items()
        ],
        "is_custom": state.period.key not in PERIODS,
        "headline": headline(state, series.totals),
        "chips": chips(state),
        "clear_url": state.url(filters=()),
        "chart": _chart(state, series, today),
        "panels": panels,
        "has_events": bool(series.totals["visits"]),
        "is_new": not series.totals["visits"] and not site.daily_totals.exists(),
        "wider_url": f"?{_with_period(state, '12mo')}",
        "dropped": _dropped(site, state),
    }


def _with_period(state: State, key: str) -> str:
    """This state's query string with another named period."""
    url = state.url()[1:]
    rest = url.partition("&")[2]
    return f"period={key}&{rest}" if rest else f"period={key}"


def _chart(state: State, series: Report, today: date) -> dict[str, Any]:
    """The drawn metric, bucket by bucket; `open` is the one that is not over yet."""
    name = state.metric
    buckets = [row for row in series.rows if not _is_ahead(row.key, state, today)]
    return {
        "label": METRICS[name].label,
        "metric": name,
        "unit": METRICS[name].unit,
        "rows": [
            {"label": bucket_label(row.key, state.period.interval), "value": row.metrics[name]}
            for row in buckets
        ],
        "series": {
            "label": METRICS[name].label,
            "unit": METRICS[name].unit,
            "labels": [bucket_label(row.key, state.period.interval) for row in buckets],
            "values": [row.metrics[name] for row in buckets],
            "open": state.period.last_day >= today,
        },
    }


def _is_ahead(key: str, state: State, today: date) -> bool:
    """Whether a bucket lies wholly in the future."""
    if state.period.interval == "hour":
        local_day, hour = state.site.local(now())
        return state.period.first_day >= local_day and int(key) > hour
    return key > (today.isoformat() if state.period.interval == "day" else f"{today:%Y-%m}")


def bucket_label(key: str, interval: str) -> str:
    """A bucket's name: 14:00, 24 Nov or Nov 2026."""
    if interval == "hour":
        return f"{int(key):02}:00"
    if interval == "day":
        return format_date(date.fromisoformat(key), "d MMM", locale="en")
    return format_date(date.fromisoformat(f"{key}-01"), "MMM y", locale="en")


def _dropped(site: Site, state: State) -> dict[str, Any]:
    """How many hits of the period were not counted, in all and by reason."""
    found = (
        site.dropped_hits.filter(day__range=(state.period.first_day, state.period.last_day))
        .values_list("reason")
        .annotate(total=Sum("count"))
        .order_by("-total")
    )
    reasons = [(DropReason(reason).label, total) for reason, total in found]
    return {"total": sum(total for _, total in reasons), "reasons": reasons}


def _again(response: HttpResponse) -> HttpResponse:
    """The answer, with word to browsers and programs to ask again in a second."""
    response.headers["Retry-After"] = response.headers["Refresh"] = "1"
    return response


def _error_page(request: HttpRequest, site: Site, status: int, error: Exception) -> HttpResponse:
    is_busy = isinstance(error, ReportsBusy)
    context = {"site": site, "error": error, "status": status, "is_busy": is_busy}
    return render(request, "tracking/report_error.html", context, status=status)
