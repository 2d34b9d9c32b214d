"""What happened on a site, newest first."""

from django.http import HttpRequest, HttpResponse
from django.views import View


class ActivityView(View):
    """To come."""

    def get(self, request: HttpRequest, **captured: str) -> HttpResponse:
        return HttpResponse(status=501)
