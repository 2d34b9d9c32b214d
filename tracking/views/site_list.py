"""A person's sites side by side, and the way to a report over several of them."""

from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views import View

from tracking.access import MOST_SITES, readable_sites
from tracking.errors import InvalidQuery
from tracking.forms.sites import SiteForm
from tracking.models import Site
from tracking.reports.wording import unknown_parameter
from tracking.views.overview import Numbers, Overview

SITES_A_PAGE = 60
PERIODS = {"7d": 7, "30d": 30, "91d": 91}
"""As in the report's URL, and their days; each ends today."""
ORDERS = {"name": "Name", "visitors": "Visitors", "pageviews": "Pageviews", "change": "Change"}


@dataclass(frozen=True)
class ListState:
    """What the URL of the list says; `order` has a minus in front when it descends."""

    period: str = "30d"
    order: str = "name"
    search: str = ""
    page: int = 1

    NAMES: ClassVar = {"period": "period", "order": "sort", "search": "q", "page": "page"}

    @classmethod
    def from_params(cls, params: QueryDict) -> "ListState":
        """Read a query string; raises InvalidQuery, naming the parameter."""
        for name, texts in params.lists():
            if name not in cls.NAMES.values():
                raise unknown_parameter(name)
            if len(texts) > 1:
                raise InvalidQuery(name, "given twice")
        state = cls(
            period=params.get("period") or cls.period,
            order=params.get("sort") or cls.order,
            search=params.get("q", "").strip(),
            page=_page(params.get("page") or "1"),
        )
        if state.period not in PERIODS:
            raise InvalidQuery("period", f"expected one of {', '.join(PERIODS)}")
        if state.order.removeprefix("-") not in ORDERS:
            raise InvalidQuery("sort", f"expected one of {', '.join(ORDERS)}, with - for falling")
        return state

    @property
    def days(self) -> int:
        """How many days the numbers are of."""
        return PERIODS[self.period]

    def url(self, **changed: Any) -> str:
        """The query string of this state with something changed, on the first page again."""
        texts = vars(self) | {"page": 1} | changed
        pairs = [(self.NAMES[key], texts[key]) for key in self.NAMES if texts[key] != _plain(key)]
        return f"?{urlencode(pairs)}"

    def matches(self, site: Site) -> bool:
        """Whether a site's name or address has the text that is searched for."""
        wanted = self.search.casefold()
        return wanted in site.name.casefold() or wanted in site.base_url.casefold()

    def ordered(self, sites: list[Site], overview: Overview) -> list[Site]:
        """The sites in the order that is asked for; those without a change come last."""
        key = self.order.removeprefix("-")
        by_name = sorted(sites, key=lambda site: (site.name.casefold(), site.pk))
        falls = self.order != key
        if key == "name":
            return by_name[::-1] if falls else by_name
        values = {site.pk: _value(overview.of(site.pk), key) for site in sites}
        known = [site for site in by_name if values[site.pk] is not None]
        known.sort(key=lambda site: values[site.pk] or 0, reverse=falls)
        return known + [site for site in by_name if values[site.pk] is None]


class SiteListView(LoginRequiredMixin, View):
    """The sites of a person: a card for each, and the totals over them."""

    def get(self, request: HttpRequest) -> HttpResponse:
        try:
            state = ListState.from_params(request.GET)
            context = _context(request.user, state)
        except InvalidQuery as error:
            told = {"status": 400, "title": "Bad Request", "detail": str(error)}
            return render(request, "errors/400.html", told, status=400)
        return render(request, "tracking/site_list.html", context)


class ChosenSitesView(LoginRequiredMixin, View):
    """Where the form that chooses sites leads: to the report over them."""

    def get(self, request: HttpRequest) -> HttpResponse:
        chosen = list(dict.fromkeys(request.GET.getlist("site")))
        period = request.GET.get("period", "")
        if not chosen:
            messages.info(request, "Choose the sites first, then ask for their report.")
            return redirect("tracking:sites")
        # What is not there, or another's, or too much is a 404 here as it would be there.
        sites = readable_sites(request.user, "+".join(chosen))
        key = "+".join(site.public_id for site in sites)
        query = f"?period={period}" if period in PERIODS else ""
        return redirect(reverse("tracking:report", args=[key]) + query)


def _context(user: Any, state: ListState) -> dict[str, Any]:
    """What the page shows; raises InvalidQuery for a page that there isn't."""
    sites = list(Site.objects.visible_to(user))
    if not sites:
        return {"form": SiteForm(), "state": state}
    todays = _todays(user)
    found = [site for site in sites if state.matches(site)]
    overview = Overview({site.pk: todays[site.pk] for site in found}, state.days)
    pages = Paginator(state.ordered(found, overview), SITES_A_PAGE)
    if state.page > pages.num_pages:
        raise InvalidQuery("page", f"there are {pages.num_pages}")
    page = pages.page(state.page)
    return {
        "state": state,
        "has_sites": True,
        "all_count": len(sites),
        "found_count": len(found),
        "has_all": 1 < len(sites) <= MOST_SITES,
        "totals": overview.all.rows(),
        "course": overview.course(),
        "cards": _cards(list(page), overview),
        "most_sites": MOST_SITES,
        "report_query": "" if state.period == ListState.period else f"?period={state.period}",
        "periods": [
            {"days": days, "url": state.url(period=key), "is_shown": key == state.period}
            for key, days in PERIODS.items()
        ],
        "before_today": state.days - 1,
        "every_url": state.url(search=""),
        "orders": [_order_link(state, key, label) for key, label in ORDERS.items()],
        "page": page,
        "newer_url": state.url(page=state.page - 1),
        "older_url": state.url(page=state.page + 1),
    }


def _todays(user: Any) -> dict[int, date]:
    """The local day of each of a person's sites, by primary key."""
    at = now()
    rules = Site.objects.visible_to(user).rules().values()
    return {one.site_id: one.local(at)[0] for one in rules}


def _cards(sites: list[Site], overview: Overview) -> list[dict[str, Any]]:
    ids = [site.pk for site in sites]
    courses, new = overview.courses(ids), overview.empty(ids)
    return [
        {
            "site": site,
            "numbers": overview.of(site.pk).rows(("visitors", "pageviews")),
            "course": courses[site.pk],
            "is_new": site.pk in new,
        }
        for site in sites
    ]


def _order_link(state: ListState, key: str, label: str) -> dict[str, Any]:
    """A link that sorts: names rise first and numbers fall; once more turns it round."""
    is_shown = state.order.removeprefix("-") == key
    falls = state.order.startswith("-")
    first = key if key == "name" else f"-{key}"
    turned = key if falls else f"-{key}"
    return {
        "label": label,
        "url": state.url(order=turned if is_shown else first),
        "is_shown": is_shown,
        "falls": falls,
    }


def _value(numbers: Numbers, key: str) -> float | None:
    return numbers.growth("visitors") if key == "change" else numbers.total[key]


def _page(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 6 and int(text)):
        raise InvalidQuery("page", "expected a number from 1 on")
    return int(text)


def _plain(key: str) -> Any:
    """What stands for nothing in a URL."""
    return getattr(ListState, key)
