"""A person's sites: list, add, change, delete, and the snippet."""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views import View

from tracking.access import readable_site, writable_site
from tracking.forms.sites import DeleteSiteForm, SiteForm
from tracking.models import Site
from tracking.models.site import RECENT_DAYS

# Where the script is silent unless its tag says otherwise.
LOCAL_HOST = re.compile(r"localhost|.+\.localhost|127[\d.]+|::1")


class SiteListView(LoginRequiredMixin, View):
    """The sites of a person, with the form that adds one."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, SiteForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SiteForm(request.POST)
        if not form.is_valid():
            return self._page(request, form, status=422)
        site = form.save(commit=False)
        site.owner = request.user  # type: ignore[assignment]
        site.save()
        return redirect("tracking:snippet", site.public_id)

    def _page(self, request: HttpRequest, form: SiteForm, status: int = 200) -> HttpResponse:
        sites = Site.objects.visible_to(request.user).with_recent_totals()
        context = {"sites": sites, "form": form, "days": RECENT_DAYS}
        return render(request, "tracking/site_list.html", context, status=status)


class SiteSettingsView(LoginRequiredMixin, View):
    """A site's name, address and time zone."""

    def get(self, request: HttpRequest, site_id: str) -> HttpResponse:
        site = writable_site(request.user, site_id)
        return self._page(request, site, SiteForm(instance=site))

    def post(self, request: HttpRequest, site_id: str) -> HttpResponse:
        site = writable_site(request.user, site_id)
        form = SiteForm(request.POST, instance=site)
        if not form.is_valid():
            return self._page(request, writable_site(request.user, site_id), form, status=422)
        form.save()
        messages.success(request, "Saved.")
        return redirect("tracking:settings", site.public_id)

    def _page(
        self, request: HttpRequest, site: Site, form: SiteForm, status: int = 200
    ) -> HttpResponse:
        context = {"site": site, "form": form}
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
