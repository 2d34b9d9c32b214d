"""A person's sites: add, change, filter, delete, and the snippet."""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views import View

from tracking.access import readable_site, writable_site
from tracking.forms.sites import DeleteSiteForm, SiteFilterForm, SiteForm, SiteSettingsForm
from tracking.models import Site
from tracking.models.site import RECENT_DAYS
from tracking.views.filtered import filtered_traffic

# Where the script is silent unless its tag says otherwise.
LOCAL_HOST = re.compile(r"localhost|.+\.localhost|127[\d.]+|::1")


class SiteAddView(LoginRequiredMixin, View):
    """One more site; then comes its snippet."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "tracking/site_add.html", {"form": SiteForm()})

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SiteForm(request.POST)
        if not form.is_valid():
            return render(request, "tracking/site_add.html", {"form": form}, status=422)
        site = form.save(commit=False)
        site.owner = request.user  # type: ignore[assignment]
        site.save()
        return redirect("tracking:snippet", site.public_id)


class SiteSettingsView(LoginRequiredMixin, View):
    """What a site is, what of it counts, and what did not."""

    def get(self, request: HttpRequest, site_id: str) -> HttpResponse:
        return _settings_page(request, writable_site(request.user, site_id))

    def post(self, request: HttpRequest, site_id: str) -> HttpResponse:
        site = writable_site(request.user, site_id)
        form = SiteSettingsForm(request.POST, instance=site)
        if not form.is_valid():
            return _settings_page(request, writable_site(request.user, site_id), form=form)
        form.save()
        messages.success(request, "Saved.")
        return redirect("tracking:settings", site.public_id)


class SiteFilterAddView(LoginRequiredMixin, View):
    """Let something more in, or leave it out."""

    def get(self, request: HttpRequest, site_id: str) -> HttpResponse:
        # Here a log-in or a reload leads, after a form that was not taken.
        return redirect(_filters_url(writable_site(request.user, site_id)))

    def post(self, request: HttpRequest, site_id: str) -> HttpResponse:
        site = writable_site(request.user, site_id)
        form = SiteFilterForm(request.POST, site=site)
        if not form.is_valid():
            return _settings_page(request, site, filter_form=form)
        messages.success(request, f"{form.save()}. This holds for hits from now on.")
        return redirect(_filters_url(site))


class SiteFilterRemoveView(LoginRequiredMixin, View):
    """Take a filter away."""

    def get(self, request: HttpRequest, site_id: str, filter_id: int) -> HttpResponse:
        return redirect(_filters_url(writable_site(request.user, site_id)))

    def post(self, request: HttpRequest, site_id: str, filter_id: int) -> HttpResponse:
        site = writable_site(request.user, site_id)
        found = get_object_or_404(site.filters, pk=filter_id)
        found.delete()
        messages.success(request, f"Removed: {found}.")
        return redirect(_filters_url(site))


def _filters_url(site: Site) -> str:
    return reverse("tracking:settings", args=[site.public_id]) + "#filters"


def _settings_page(
    request: HttpRequest,
    site: Site,
    *,
    form: SiteSettingsForm | None = None,
    filter_form: SiteFilterForm | None = None,
) -> HttpResponse:
    """The page of a site's settings; 422 with a form that has errors."""
    filters = list(site.filters.all())
    own_address = request.client_address  # type: ignore[attr-defined]  # the middleware's
    context = {
        "site": site,
        "form": form or SiteSettingsForm(instance=site),
        "filters": filters,
        "filter_form": filter_form or SiteFilterForm(site=site),
        "own_address": own_address,
        "own_address_is_filtered": own_address in {one.value for one in filters},
        "filtered": filtered_traffic(site),
        "days": RECENT_DAYS,
    }
    status = 422 if form or filter_form else 200
    return render(request, "tracking/site_settings.html", context, status=status)


class SiteDeleteView(LoginRequiredMixin, View):
    """Delete a site with all its numbers, after its name was typed again."""

    def get(self, request: HttpRequest, site_id: str) -> HttpResponse:
        site = writable_site(request.user, site_id)
        return self._page(request, site, DeleteSiteForm(site=site))

    def post(self, request: HttpRequest, site_id: str) -> HttpResponse:
        site = writable_site(request.user, site_id)
        form = DeleteSiteForm(request.POST, site=site)
        if not form.is_valid():
            return self._page(request, site, form, status=422)
        site.delete()
        messages.success(request, f"{site.name} and its numbers are deleted.")
        return redirect("tracking:sites")

    def _page(
        self, request: HttpRequest, site: Site, form: DeleteSiteForm, status: int = 200
    ) -> HttpResponse:
        context = {"site": site, "form": form}
        return render(request, "tracking/site_delete.html", context, status=status)


class SnippetView(LoginRequiredMixin, View):
    """What to paste into pages, and whether it works."""

    def get(self, request: HttpRequest, site_id: str) -> HttpResponse:
        site = readable_site(request.user, site_id)
        context = {
            "site": site,
            "base_url": settings.BASE_URL,
            "is_local": bool(LOCAL_HOST.fullmatch(urlsplit(site.base_url).hostname or "")),
            "works": _has_hits(site),
        }
        return render(request, "tracking/snippet.html", context)


class SnippetStatusView(LoginRequiredMixin, View):
    """Whether a hit of the site has been counted, for the snippet page's live check."""

    def get(self, request: HttpRequest, site_id: str) -> HttpResponse:
        site = readable_site(request.user, site_id)
        return JsonResponse({"works": _has_hits(site)}, headers={"Cache-Control": "no-store"})


def _has_hits(site: Site) -> bool:
    return site.daily_totals.exists()
