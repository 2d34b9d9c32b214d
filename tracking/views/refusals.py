"""What a page about one site says to an address that it can't make sense of."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tracking.errors import InvalidQuery
from tracking.models import Site


def refusal(request: HttpRequest, site: Site, error: InvalidQuery) -> HttpResponse:
    """The page that names the parameter, with status 400."""
    context = {
        "error": error,
        "status": 400,
        "subject": {"key": site.public_id, "name": site.name},
    }
    return render(request, "tracking/report/excuse.html", context, status=400)
