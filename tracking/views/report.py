"""The report of a site."""

from django.http import HttpRequest, HttpResponse
from django.views import View


class ReportView(View):
    """To come."""

    def get(self, request: HttpRequest, **captured: str) -> HttpResponse:
        return HttpResponse(status=501)
