"""How a part of the report, or the whole page, is asked for and answered."""

from collections.abc import Callable
from threading import Event
from typing import TypeVar

from django.conf import settings
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.timezone import now
from django.views import View

from tracking.errors import (
    InvalidQuery,
    ReportLeft,
    ReportsBusy,
    ReportTooSlow,
    ReportUnavailable,
)
from tracking.reports.engine import Asker, Report, answer
from tracking.reports.query import ReportQuery
from tracking.views.report.state import State
from tracking.views.report.subject import Subject
from tracking.views.turns import report_turn
from tracking.views.waiting import respond

EXPECTED = (InvalidQuery, ReportUnavailable, ReportsBusy, ReportTooSlow, ReportLeft)

Found = TypeVar("Found")
Ask = Callable[[ReportQuery, bool], Report]
"""Answers a query, with or without totals."""


class ReportView(LoginRequiredMixin, View):
    """What all views of a report have in common: whose it is, and what its URL says."""

    excuse_template = "tracking/report/_excuse.html"
    own_parameters: tuple[str, ...] = ()
    """What a view's URL says beside the report's state."""

    def get(self, request: HttpRequest, key: str, **names: str) -> HttpResponseBase:
        subject = Subject.of(request.user, key, now())
        try:
            params = request.GET.copy()
            for name in self.own_parameters:
                params.pop(name, None)
            state = self.state(params, subject)
        except InvalidQuery as error:
            return self.excuse(request, subject, error)
        return self.show(request, state, **names)

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

        def asked(left: Event) -> Found:
            asker = Asker(user, left=left)
            with report_turn():
                return ask(
                    lambda query, with_totals: answer(
                        query, settings.COLUMNS_DIR, asker, with_totals=with_totals
                    )
                )

        return respond(
            asked, show, lambda error: self.excuse(request, state.subject, error), EXPECTED
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
