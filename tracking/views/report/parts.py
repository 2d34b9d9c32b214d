"""How a part of the report, or the whole page, is asked for and answered."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from threading import Event
from typing import TypeVar

from django.conf import settings
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.utils.timezone import now
from django.views import View

from tracking.errors import (
    InvalidQuery,
    ReportLeft,
    ReportsBusy,
    ReportTooSlow,
    ReportUnavailable,
)
from tracking.reports.engine import Asker, Report, answer, answers, newest
from tracking.reports.query import ReportQuery
from tracking.views.report.state import State
from tracking.views.report.subject import Subject
from tracking.views.turns import report_turn
from tracking.views.waiting import respond

EXPECTED = (InvalidQuery, ReportUnavailable, ReportsBusy, ReportTooSlow, ReportLeft)

Found = TypeVar("Found")


@dataclass(frozen=True)
class Ask:
    """Asks the engine on somebody's behalf."""

    asker: Asker

    def __call__(self, query: ReportQuery, with_totals: bool) -> Report:
        """The answer to a query, with or without totals."""
        return answer(query, settings.COLUMNS_DIR, self.asker, with_totals=with_totals)

    def together(self, queries: Sequence[ReportQuery]) -> list[Report]:
        """The answers to several queries, with totals; what they ask alike is read once."""
        return answers(queries, settings.COLUMNS_DIR, self.asker)

    def newest(self, query: ReportQuery, count: int) -> tuple[int, ...]:
        """Ids of the newest events that a query about realtime selects."""
        return newest(query, settings.COLUMNS_DIR, count, self.asker)


class ReportView(LoginRequiredMixin, View):
    """What all views of a report have in common: whose it is, and what its URL says."""

    excuse_template = "tracking/report/_excuse.html"
    own_parameters: frozenset[str] = frozenset()
    """What the URL says beyond the report's state; `show` reads it, and may raise InvalidQuery."""

    def get(self, request: HttpRequest, key: str, **names: str) -> HttpResponseBase:
        subject = Subject.of(request.user, key, now())
        said = request.GET.copy()
        for name in self.own_parameters:
            said.pop(name, None)
        try:
            return self.show(request, self.state(said, subject), **names)
        except InvalidQuery as error:
            return self.excuse(request, subject, error)

    def state(self, params: QueryDict, subject: Subject) -> State:
        """What the URL says. Raises InvalidQuery."""
        return State.from_params(params, subject)

    def show(self, request: HttpRequest, state: State, **names: str) -> HttpResponseBase:
        """The response."""
        raise NotImplementedError

    def answered(
        self,
        request: HttpRequest,
        state: State,
        ask: Callable[[Ask], Found],
        show: Callable[[Found], HttpResponse],
    ) -> HttpResponseBase:
        """What `show` makes of what `ask` found out, or an excuse.

        `ask` runs in a thread of its own, without the database.
        """
        user = request.user.pk

        return respond(
            lambda left: in_turn(ask, user, left),
            show,
            lambda error: self.excuse(request, state.subject, error),
            EXPECTED,
        )

    def excuse(self, request: HttpRequest, subject: Subject, error: Exception) -> HttpResponse:
        """What can't be answered, and why; what is only busy may be asked for again in a second."""
        is_busy = isinstance(error, ReportsBusy)
        status = 400 if isinstance(error, InvalidQuery) else 503
        context = {
            "subject": subject,
            "error": error,
            "status": status,
            "is_busy": is_busy,
            "is_slow": isinstance(error, ReportTooSlow),
            "again_url": request.get_full_path(),
        }
        response = render(request, self.excuse_template, context, status=status)
        if is_busy:
            response.headers["Retry-After"] = response.headers["Refresh"] = "1"
        return response


class PartView(ReportView):
    """A part of the page: its reader's browser may keep it, and asks each time if it still holds.

    Nobody else gets it: its mark is made of the reader, too.
    """

    def get(self, request: HttpRequest, key: str, **names: str) -> HttpResponseBase:
        response = super().get(request, key, **names)
        if response.status_code != 200 or not isinstance(response, HttpResponse):
            return response
        mark = sha256(f"{request.user.pk} ".encode() + response.content).hexdigest()
        response.headers["ETag"] = f'W/"{mark[:32]}"'
        patch_cache_control(response, private=True, no_cache=True)
        patch_vary_headers(response, ["Cookie", "Accept-Language"])
        etag = response.headers["ETag"]
        return get_conditional_response(request, etag, response=response) or response


def in_turn(ask: Callable[[Ask], Found], user: Hashable, left: Event) -> Found:
    """What `ask` finds out, as one of the reports; raises ReportsBusy and all that it raises."""
    asker = Asker(user, left=left)
    with report_turn():
        return ask(Ask(asker))
