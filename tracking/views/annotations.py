"""A site's notes on days: list, add, change, delete."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views import View

from tracking.access import writable_site
from tracking.forms.annotations import AnnotationForm
from tracking.models import Site

PAGE_ROWS = 50


class AnnotationListView(LoginRequiredMixin, View):
    """All notes, newest day first, with the form that adds one; `day` prefills it."""

    def get(self, request: HttpRequest, site_id: str) -> HttpResponse:
        site = writable_site(request.user, site_id)
        day = request.GET.get("day") or site.today().isoformat()
        return self._page(request, site, AnnotationForm(site=site, initial={"day": day}))

    def post(self, request: HttpRequest, site_id: str) -> HttpResponse:
        site = writable_site(request.user, site_id)
        form = AnnotationForm(request.POST, site=site)
        if not form.is_valid():
            return self._page(request, site, form, status=422)
        note = form.save(commit=False)
        note.site, note.author = site, request.user  # type: ignore[assignment]
        note.save()
        messages.success(request, "The note is in the chart.")
        return redirect("tracking:annotations", site.public_id)

    def _page(
        self, request: HttpRequest, site: Site, form: AnnotationForm, status: int = 200
    ) -> HttpResponse:
        page = Paginator(site.annotations.all(), PAGE_ROWS).get_page(request.GET.get("page"))
        context = {"site": site, "form": form, "page": page}
        return render(request, "tracking/annotations.html", context, status=status)


class AnnotationView(LoginRequiredMixin, View):
    """One note, to change it."""

    def get(self, request: HttpRequest, site_id: str, note_id: int) -> HttpResponse:
        site = writable_site(request.user, site_id)
        note = get_object_or_404(site.annotations, pk=note_id)
        return self._page(request, site, AnnotationForm(instance=note, site=site))

    def post(self, request: HttpRequest, site_id: str, note_id: int) -> HttpResponse:
        site = writable_site(request.user, site_id)
        note = get_object_or_404(site.annotations, pk=note_id)
        form = AnnotationForm(request.POST, instance=note, site=site)
        if not form.is_valid():
            return self._page(request, site, form, status=422)
        form.save()
        messages.success(request, "Saved.")
        return redirect("tracking:annotations", site.public_id)

    def _page(
        self, request: HttpRequest, site: Site, form: AnnotationForm, status: int = 200
    ) -> HttpResponse:
        context: dict[str, Any] = {"site": site, "form": form}
        return render(request, "tracking/annotation.html", context, status=status)


class AnnotationDeleteView(LoginRequiredMixin, View):
    """Delete a note, after a page that asks."""

    def get(self, request: HttpRequest, site_id: str, note_id: int) -> HttpResponse:
        site = writable_site(request.user, site_id)
        note = get_object_or_404(site.annotations, pk=note_id)
        return render(request, "tracking/annotation_delete.html", {"site": site, "note": note})

    def post(self, request: HttpRequest, site_id: str, note_id: int) -> HttpResponse:
        site = writable_site(request.user, site_id)
        get_object_or_404(site.annotations, pk=note_id).delete()
        messages.success(request, "The note is deleted.")
        return redirect("tracking:annotations", site.public_id)
