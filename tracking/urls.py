"""Addresses of sites, their reports, and the collect endpoint."""

from django.urls import path

from tracking.views.activity import ActivityView
from tracking.views.annotations import AnnotationDeleteView, AnnotationListView, AnnotationView
from tracking.views.filtered import FilteredExportView, FilteredView
from tracking.views.hits import CollectView, VisitFormView
from tracking.views.journey import JourneyView
from tracking.views.report.details import DetailsView
from tracking.views.report.exports import PanelExportView, SeriesExportView, ZipExportView
from tracking.views.report.filter_editor import FilterEditorView
from tracking.views.report.numbers import NumbersView
from tracking.views.report.page import PageView
from tracking.views.report.panels import CardView
from tracking.views.report.realtime import NowView, RealtimePartView, RealtimeView
from tracking.views.report.segments import (
    SegmentDeleteView,
    SegmentEditView,
    SegmentsView,
    SegmentUpdateView,
)
from tracking.views.report.values import ValuesView
from tracking.views.site_list import ChosenSitesView, SiteListView
from tracking.views.sites import (
    SiteAddView,
    SiteDeleteView,
    SiteFilterAddView,
    SiteFilterRemoveView,
    SiteSettingsView,
    SnippetStatusView,
    SnippetView,
)

app_name = "tracking"
urlpatterns = [
    path("t.js", CollectView.as_view(), name="script"),
    path("t/<str:site_id>.gif", CollectView.as_view(), name="pixel"),
    path("t/<str:site_id>", CollectView.as_view(), name="collect"),
    path("sites/", SiteListView.as_view(), name="sites"),
    # No public id is as short as these words.
    path("sites/add/", SiteAddView.as_view(), name="add"),
    path("sites/report/", ChosenSitesView.as_view(), name="chosen"),
    path("sites/<str:key>/", PageView.as_view(), name="report"),
    path("sites/<str:key>/numbers/", NumbersView.as_view(), name="numbers"),
    path("sites/<str:key>/cards/<str:card>/", CardView.as_view(), name="card"),
    path("sites/<str:key>/details/<str:panel>/", DetailsView.as_view(), name="details"),
    path("sites/<str:key>/conditions/", FilterEditorView.as_view(), name="conditions"),
    path("sites/<str:key>/values/<str:dimension>/", ValuesView.as_view(), name="values"),
    path("sites/<str:site_id>/segments/", SegmentsView.as_view(), name="segments"),
    path(
        "sites/<str:site_id>/segments/<int:segment_id>/", SegmentEditView.as_view(), name="segment"
    ),
    path(
        "sites/<str:site_id>/segments/<int:segment_id>/update/",
        SegmentUpdateView.as_view(),
        name="segment-update",
    ),
    path(
        "sites/<str:site_id>/segments/<int:segment_id>/delete/",
        SegmentDeleteView.as_view(),
        name="segment-delete",
    ),
    path("sites/<str:key>/now/", NowView.as_view(), name="now"),
    path("sites/<str:key>/realtime/", RealtimeView.as_view(), name="realtime"),
    path("sites/<str:key>/realtime/part/", RealtimePartView.as_view(), name="realtime-part"),
    path("sites/<str:key>/export.zip", ZipExportView.as_view(), name="export-zip"),
    path("sites/<str:key>/export/timeseries.csv", SeriesExportView.as_view(), name="export-series"),
    path("sites/<str:key>/export/<str:panel>.csv", PanelExportView.as_view(), name="export"),
    path("sites/<str:key>/filtered/", FilteredView.as_view(), name="filtered"),
    path("sites/<str:key>/filtered.csv", FilteredExportView.as_view(), name="filtered-csv"),
    path("sites/<str:site_id>/activity/", ActivityView.as_view(), name="activity"),
    path("sites/<str:site_id>/visits/<int:visit_id>/", JourneyView.as_view(), name="journey"),
    path("sites/<str:site_id>/settings/", SiteSettingsView.as_view(), name="settings"),
    path("sites/<str:site_id>/filters/", SiteFilterAddView.as_view(), name="filter-add"),
    path(
        "sites/<str:site_id>/filters/<int:filter_id>/remove/",
        SiteFilterRemoveView.as_view(),
        name="filter-remove",
    ),
    path(
        "sites/<str:site_id>/annotations/",
        AnnotationListView.as_view(),
        name="annotations",
    ),
    path(
        "sites/<str:site_id>/annotations/<int:note_id>/",
        AnnotationView.as_view(),
        name="annotation",
    ),
    path(
        "sites/<str:site_id>/annotations/<int:note_id>/delete/",
        AnnotationDeleteView.as_view(),
        name="annotation-delete",
    ),
    path("sites/<str:site_id>/delete/", SiteDeleteView.as_view(), name="delete"),
    path("sites/<str:site_id>/snippet/", SnippetView.as_view(), name="snippet"),
    path("sites/<str:site_id>/snippet/status", SnippetStatusView.as_view(), name="snippet-status"),
    path("sites/<str:site_id>/visit", VisitFormView.as_view(), name="visit"),
]
