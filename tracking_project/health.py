"""The answer to a supervisor that asks whether the server is up."""

from django.http import HttpRequest, HttpResponse
from django.views import View


class HealthView(View):
    """200 and `ok` while this process answers; asks neither the database nor the disk."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(
            "ok\n", content_type="text/plain", headers={"Cache-Control": "no-store"}
        )
