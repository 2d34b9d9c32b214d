"""What happens around every request because of people."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.models import User

# Visitors' hits, supervisors' questions, and what the first page itself needs.
ALWAYS_OPEN = ("/t/", "/t.js", "/healthz", "/readyz", "/metrics", "/static/")


class FirstAccountMiddleware:
    """While there is no account, every page leads to the one that makes the first.

    Once this process has seen an account it never asks again.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.has_account = False

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not self.has_account and not request.path.startswith(ALWAYS_OPEN):
            self.has_account = User.objects.exists()
            setup = reverse("accounts:setup")
            if not self.has_account and request.path != setup:
                return redirect(setup)
        return self.get_response(request)
