"""Hits that come through Django."""

from django.http import HttpRequest, HttpResponse
from django.views import View


class CollectView(View):
    """To come."""

    def get(self, request: HttpRequest, **captured: str) -> HttpResponse:
        return HttpResponse(status=501)


class VisitFormView(View):
    """To come."""

    def get(self, request: HttpRequest, **captured: str) -> HttpResponse:
        return HttpResponse(status=501)
