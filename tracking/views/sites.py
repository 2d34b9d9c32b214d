"""A person's sites."""

from django.http import HttpRequest, HttpResponse
from django.views import View


class SiteListView(View):
    """To come."""

    def get(self, request: HttpRequest, **captured: str) -> HttpResponse:
        return HttpResponse(status=501)


class SiteSettingsView(View):
    """To come."""

    def get(self, request: HttpRequest, **captured: str) -> HttpResponse:
        return HttpResponse(status=501)


class SiteDeleteView(View):
    """To come."""

    def get(self, request: HttpRequest, **captured: str) -> HttpResponse:
        return HttpResponse(status=501)


class SnippetView(View):
    """To come."""

    def get(self, request: HttpRequest, **captured: str) -> HttpResponse:
        return HttpResponse(status=501)


class SnippetStatusView(View):
    """To come."""

    def get(self, request: HttpRequest, **captured: str) -> HttpResponse:
        return HttpResponse(status=501)
