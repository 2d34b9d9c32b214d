"""The usual way: a Django view behind all of Footfall's middleware, with one insert a hit."""

import json
import os
import sys
from itertools import count

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.timezone import now
from django.views.decorators.csrf import csrf_exempt

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracking_project.settings")

from django.conf import settings

settings.ROOT_URLCONF = "benchmarks.full_stack"

from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()

from tracking.models import RejectedHit  # noqa: E402 - needs Django to be set up

numbers = count(int(now().timestamp() * 1_000_000))


@csrf_exempt
def take(request: HttpRequest, site: str) -> HttpResponse:
    """Insert one row."""
    fields = json.loads(request.body)
    RejectedHit.objects.create(
        event_id=next(numbers), site=site, happened_at=now(), line=fields["u"], reason=""
    )
    return HttpResponse(status=202)


urlpatterns = [path("t/<str:site>", take)]
sys.modules["benchmarks.full_stack"] = sys.modules[__name__]
