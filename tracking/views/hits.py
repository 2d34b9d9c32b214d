"""Hits that come through Django."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.utils.timezone import now
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from tracking.collect.endpoint import sender_of
from tracking.collect.live import live_collector
from tracking.collect.payload import form_hit
from tracking.counters import count_hit
from tracking.errors import SpoolFull, UnknownSite
from tracking.forms.hits import VisitForm


@method_decorator(csrf_exempt, name="dispatch")
class CollectView(View):
    """The collect endpoint for servers that know only Django, such as `runserver`."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = HttpResponse()

        def start_response(status: str, headers: list[tuple[str, str]]) -> None:
            response.status_code = int(status[:3])
            del response.headers["Content-Type"]
            for name, value in headers:
                response.headers[name] = value

        environ = request.META | {"PATH_INFO": request.path}
        if request.META.get("CONTENT_LENGTH"):
            # Django's stream ends where the body does; for chunked bodies it would be empty.
            environ["wsgi.input"] = request
        response.content = b"".join(live_collector()(environ, start_response))
        return response


@method_decorator(csrf_exempt, name="dispatch")
class VisitFormView(View):
    """A public door for those who can only send a form: 204, or 400 with what is wrong."""

    http_method_names = ["get", "post", "options"]  # noqa: RUF012 - as Django declares it

    def get(self, request: HttpRequest, site_id: str) -> HttpResponse:
        return self._take(request, site_id, VisitForm(request.GET))

    def post(self, request: HttpRequest, site_id: str) -> HttpResponse:
        return self._take(request, site_id, VisitForm(request.POST))

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        methods = "GET, POST, OPTIONS"
        return _open(
            HttpResponse(
                status=204, headers={"Allow": methods, "Access-Control-Allow-Methods": methods}
            )
        )

    def _take(self, request: HttpRequest, site_id: str, form: VisitForm) -> HttpResponse:
        collector = live_collector()
        try:
            rules = collector.sites.check(site_id)
        except UnknownSite:
            count_hit(404)
            return _open(JsonResponse({"site": ["unknown"]}, status=404))
        sender = sender_of(request.META, site_id, now(), settings.TRUSTED_PROXIES)
        if not form.is_valid():
            count_hit(400)
            collector.refusals.add(f"form: {', '.join(form.errors)}", sender.address)
            return _open(JsonResponse(form.errors, status=400))
        try:
            fields = form.cleaned_data
            collector.keep(form_hit(sender, url=fields["url"], name=fields["event"]), rules)
        except SpoolFull:
            count_hit(503)
            return _open(JsonResponse({"spool": ["full"]}, status=503, headers={"Retry-After": 10}))
        count_hit(202)
        return _open(HttpResponse(status=204))


def _open(response: HttpResponse) -> HttpResponse:
    """The answer as any page may read it, and nobody keeps it."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cache-Control"] = "no-store"
    return response
