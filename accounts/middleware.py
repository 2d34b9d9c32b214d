"""What happens around every request because of people."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class FirstAccountMiddleware:
    """While there is no account, every page leads to the one that makes the first."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)
