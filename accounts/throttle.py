"""Slows down those who guess, by address and by account."""

from django.conf import settings
from django.http import HttpRequest
from django_ratelimit.core import is_ratelimited

BY_ADDRESS = "30/5m"
BY_ACCOUNT = "10/5m"


def client_address(request: HttpRequest) -> str:
    """Where the request came from, behind trusted proxies when there are some."""
    return getattr(request, "client_address", "") or request.META.get("REMOTE_ADDR", "")


def is_over_limit(request: HttpRequest, group: str, account: str = "") -> bool:
    """Count an attempt; True once there were too many from this address or for this account."""
    over = _counted(request, f"{group}-address", client_address(request), BY_ADDRESS)
    if account:
        over |= _counted(request, f"{group}-account", account.strip().casefold(), BY_ACCOUNT)
    return over


def _counted(request: HttpRequest, group: str, key: str, rate: str) -> bool:
    return bool(
        is_ratelimited(
            request,
            group=f"accounts-{group}",
            # Keys are hashed before they are kept, so no address is stored.
            key=lambda *_: key or settings.BASE_URL,
            rate=rate,
            method="POST",
            increment=True,
        )
    )
