"""What happens around every request."""

from collections.abc import Callable
from dataclasses import replace

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

from tracking.collect.client import client_address, client_scheme
from tracking.locales import locale_of, reader_locale
from tracking_project.errors import error_page, has_page_of_its_own
from tracking_project.logging import RequestContext, current_request, logged_url

GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestContextMiddleware:
    """Lets log records know their request, and the request its client behind trusted proxies."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        address = client_address(request.META, settings.TRUSTED_PROXIES)
        request.client_address = address  # type: ignore[attr-defined]
        self._take_scheme(request)
        context = RequestContext(
            url=logged_url(request.get_full_path()),
            method=request.method or "-",
            client_address=address or "-",
        )
        # Not reset when the answer is ready: Django logs error statuses only after all middleware.
        current_request.set(context)
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            # Pages hold private numbers: no cache between here and their reader keeps them.
            response.headers["Cache-Control"] = "private, no-store"
        return response

    def _take_scheme(self, request: HttpRequest) -> None:
        scheme = client_scheme(request.META, settings.TRUSTED_PROXIES)
        if scheme:
            request.META["wsgi.url_scheme"] = scheme
            request.environ["wsgi.url_scheme"] = scheme  # type: ignore[attr-defined]


class UserContextMiddleware:
    """Lets log records know the user, without asking the database for those who ask nothing."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user_id = request.session.get("_auth_user_id") if request.COOKIES else None
        if user_id is not None:
            current_request.set(replace(current_request.get(), user_id=int(user_id)))
        return self.get_response(request)


class ReaderLocaleMiddleware:
    """Lets numbers on pages be written as their reader's browser asks for."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # Not reset when the answer is ready, since a late one is written while it is sent.
        reader_locale.set(locale_of(request.headers.get("Accept-Language", "")))
        response = self.get_response(request)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            patch_vary_headers(response, ["Accept-Language"])
        return response


class CompressionMiddleware(GZipMiddleware):
    """Compresses pages; Django's own fills them with some bytes at random, against BREACH.

    What is streamed goes out as it comes: only so is a reader who has left noticed.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """The response, smaller where its reader can unpack it and it is all there."""
        return response if response.streaming else super().process_response(request, response)


class ErrorPagesMiddleware:
    """Gives every error status that came without a page of its own a page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code < 400 or has_page_of_its_own(response):
            return response
        page = error_page(request, response.status_code)
        response.content = page.content
        response.headers["Content-Type"] = page.headers["Content-Type"]
        return response
