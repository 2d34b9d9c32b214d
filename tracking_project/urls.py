"""Every address of the instance."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from tracking_project.health import HealthView, ReadyView
from tracking_project.metrics import MetricsView

handler400 = "tracking_project.errors.bad_request"
handler403 = "tracking_project.errors.permission_denied"
handler404 = "tracking_project.errors.page_not_found"
handler500 = "tracking_project.errors.server_error"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="tracking:sites"), name="home"),
    path("healthz", HealthView.as_view(), name="health"),
    path("readyz", ReadyView.as_view(), name="ready"),
    path("metrics", MetricsView.as_view(), name="metrics"),
    path("accounts/", include("accounts.urls")),
    # One door for everyone, so that its throttles hold for staff too.
    path("admin/login/", RedirectView.as_view(pattern_name="accounts:login", query_string=True)),
    path("admin/", admin.site.urls),
    path("", include("tracking.urls")),
]
