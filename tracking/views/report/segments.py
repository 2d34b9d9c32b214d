"""A site's segments: filters that are kept under a name, to be applied with one click."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.timezone import now
from django.views import View

from tracking.access import writable_site
from tracking.errors import InvalidQuery
from tracking.forms.segments import SegmentForm, SegmentNameForm
from tracking.models import Segment, Site
from tracking.reports.conditions import Condition
from tracking.reports.stored import stored_filters, stored_texts
from tracking.views.report.state import State
from tracking.views.report.subject import Subject
from tracking.views.words import condition_words


@dataclass(frozen=True)
class Shown:
    """A segment beside a report in some state."""

    segment: Segment
    state: State

    @cached_property
    def filters(self) -> tuple[Condition, ...] | None:
        """Its filters; None when they mean nothing any more."""
        try:
            return stored_filters(self.segment.conditions)
        except InvalidQuery:
            return None

    @property
    def words(self) -> str:
        """Its filters as people read them."""
        return " · ".join(map(condition_words, self.filters or ()))

    @property
    def url(self) -> str:
        """The report with its filters in place of the state's."""
        return _report_url(self.segment.site, self.state.url(filters=self.filters or ()))

    @property
    def is_applied(self) -> bool:
        """Whether the state's filters are its own."""
        return self.filters is not None and set(self.filters) == set(self.state.filters)

    @property
    def edit_url(self) -> str:
        """Where it is renamed and changed; `update_url` and `delete_url` are for posting."""
        return self._url("segment")

    @property
    def update_url(self) -> str:
        """Where its filters become the state's."""
        return self._url("segment-update")

    @property
    def delete_url(self) -> str:
        """Where it is deleted, after a question."""
        return self._url("segment-delete")

    def _url(self, name: str) -> str:
        args = [self.segment.site.public_id, self.segment.pk]
        return reverse(f"tracking:{name}", args=args) + self.state.url()


def segments_context(user: Any, state: State) -> dict[str, Any]:
    """What the menu of segments shows; nothing for a report of several sites."""
    site = state.subject.site
    if site is None:
        return {"segments": None}
    shown = _shown(user, site, state)
    return {
        "segments": shown,
        "applied": next((one for one in shown if one.is_applied), None),
        "segments_url": reverse("tracking:segments", args=[site.public_id]) + state.url(),
        "segment_form": _new_form(user, site),
    }


class SegmentView(LoginRequiredMixin, View):
    """What these pages have in common: one site, and the state of the report they came from."""

    def dispatch(self, request: HttpRequest, *args: Any, **names: Any) -> Any:
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        subject = Subject.of(request.user, names["site_id"], now())
        if subject.site is None:
            raise Http404("Segments are of one site.")
        self.site = subject.site
        try:
            self.state = State.from_params(request.GET, subject)
        except InvalidQuery as error:
            context = {"subject": subject, "error": error, "status": 400}
            return render(request, "tracking/report/excuse.html", context, status=400)
        return super().dispatch(request, *args, **names)

    def readable(self, segment_id: int) -> Segment:
        """One that this person may see; raises Http404."""
        visible = self.site.segments.visible_to(self.request.user).select_related("site")
        return get_object_or_404(visible, pk=segment_id)

    def writable(self, segment_id: int) -> Segment:
        """One that this person may change: everybody's is the site's; raises Http404."""
        segment = self.readable(segment_id)
        if segment.owner_id is None:
            writable_site(self.request.user, self.site.public_id)
        return segment

    def to_segments(self) -> HttpResponse:
        """Back to the list."""
        url = reverse("tracking:segments", args=[self.site.public_id])
        return redirect(url + self.state.url())

    def page(self, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        """One of the pages about segments."""
        context |= {
            "site": self.site,
            "state": self.state,
            "back_url": _report_url(self.site, self.state.url()),
            "segments_url": reverse("tracking:segments", args=[self.site.public_id])
            + self.state.url(),
        }
        return render(self.request, f"tracking/report/{name}.html", context, status=status)


class SegmentsView(SegmentView):
    """All segments, and saving the state's filters as a new one."""

    def get(self, request: HttpRequest, site_id: str) -> HttpResponse:
        return self._list(_new_form(request.user, self.site))

    def post(self, request: HttpRequest, site_id: str) -> HttpResponse:
        form = _new_form(request.user, self.site, request.POST)
        if not self.state.filters:
            form.add_error(None, "There are no filters to save.")
        if not form.is_valid():
            return self._list(form, status=422)
        form.instance.conditions = stored_texts(self.state.filters)
        form.save()
        messages.success(request, f"Saved as “{form.instance.name}”.")
        return redirect(_report_url(self.site, self.state.url()))

    def _list(self, form: SegmentForm, status: int = 200) -> HttpResponse:
        shown = _shown(self.request.user, self.site, self.state)
        context = {
            "segments": shown,
            "is_kept": any(one.is_applied for one in shown),
            "form": form,
            "words": [condition_words(one) for one in self.state.filters],
        }
        return self.page("segments", context, status)


class SegmentEditView(SegmentView):
    """Give a segment another name."""

    def get(self, request: HttpRequest, site_id: str, segment_id: int) -> HttpResponse:
        segment = self.writable(segment_id)
        return self._form(segment, SegmentNameForm(instance=segment))

    def post(self, request: HttpRequest, site_id: str, segment_id: int) -> HttpResponse:
        segment = self.writable(segment_id)
        form = SegmentNameForm(request.POST, instance=segment)
        if not form.is_valid():
            return self._form(self.writable(segment_id), form, status=422)
        form.save()
        messages.success(request, f"It is called “{segment.name}” now.")
        return self.to_segments()

    def _form(self, segment: Segment, form: SegmentNameForm, status: int = 200) -> HttpResponse:
        words = [condition_words(one) for one in self.state.filters]
        context = {"shown": Shown(segment, self.state), "form": form, "words": words}
        return self.page("segment", context, status)


class SegmentUpdateView(SegmentView):
    """Let a segment have the filters of the state instead of its own."""

    def get(self, request: HttpRequest, site_id: str, segment_id: int) -> HttpResponse:
        # Here a log-in or a reload leads.
        return self.to_segments()

    def post(self, request: HttpRequest, site_id: str, segment_id: int) -> HttpResponse:
        segment = self.writable(segment_id)
        if not self.state.filters:
            messages.error(request, "There are no filters to save.")
            return self.to_segments()
        segment.conditions = stored_texts(self.state.filters)
        segment.save()
        messages.success(request, f"“{segment.name}” has the filters of this report now.")
        return redirect(_report_url(self.site, self.state.url()))


class SegmentDeleteView(SegmentView):
    """Delete a segment, after a question."""

    def get(self, request: HttpRequest, site_id: str, segment_id: int) -> HttpResponse:
        shown = Shown(self.writable(segment_id), self.state)
        return self.page("segment_delete", {"shown": shown})

    def post(self, request: HttpRequest, site_id: str, segment_id: int) -> HttpResponse:
        segment = self.writable(segment_id)
        segment.delete()
        messages.success(request, f"“{segment.name}” is deleted.")
        return self.to_segments()


def _shown(user: Any, site: Site, state: State) -> list[Shown]:
    visible = site.segments.visible_to(user).select_related("site")
    return [Shown(segment, state) for segment in visible]


def _new_form(user: Any, site: Site, sent: Any = None) -> SegmentForm:
    """The form of a new segment; only the site's owner may let everybody have it."""
    may_share = site.owner_id == user.pk
    return SegmentForm(sent, instance=Segment(site=site, owner=user), may_share=may_share)


def _report_url(site: Site, query: str) -> str:
    return reverse("tracking:report", args=[site.public_id]) + query
