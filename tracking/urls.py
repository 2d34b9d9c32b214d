"""Addresses of sites, their reports, and the collect endpoint."""

from django.urls import path

from tracking.views.activity import ActivityView
from tracking.views.filtered import FilteredExportView, FilteredView
from tracking.views.hits import CollectView, VisitFormView
from tracking.views.report.exports import PanelExportView, SeriesExportView, ZipExportView
from tracking.views.report.numbers import NumbersView
from tracking.views.report.page import PageView
from tracking.views.report.panels import CardView
from tracking.views.sites import (
    SiteDeleteView,
    SiteFilterAddView,
    SiteFilterRemoveView,
    SiteListView,
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
    path("sites/<str:key>/", PageView.as_view(), name="report"),
    path("sites/<str:key>/numbers/", NumbersView.as_view(), name="numbers"),
    path("sites/<str:key>/cards/<str:card>/", CardView.as_view(), name="card"),
    path("sites/<str:key>/export.zip", ZipExportView.as_view(), name="export-zip"),
    path("sites/<str:key>/export/timeseries.csv", SeriesExportView.as_view(), name="export-series"),
    path("sites/<str:key>/export/<str:panel>.csv", PanelExportView.as_view(), name="export"),
    path("sites/<str:key>/filtered/", FilteredView.as_view(), name="filtered"),
    path("sites/<str:key>/filtered.csv", FilteredExportView.as_view(), name="filtered-csv"),
    path("sites/<str:site_id>/activity/", ActivityView.as_view(), name="activity"),
    path("sites/<str:site_id>/settings/", SiteSettingsView.as_view(), name="settings"),
    path("sites/<str:site_id>/filters/", SiteFilterAddView.as_view(), name="filter-add"),
    path(
        "sites/<str:site_id>/filters/<int:filter_id>/remove/",
        SiteFilterRemoveView.as_view(),
        name="filter-remove",
    ),
    path("sites/<str:site_id>/delete/", SiteDeleteView.as_view(), name="delete"),
    path("sites/<str:site_id>/snippet/", SnippetView.as_view(), name="snippet"),
    path("sites/<str:site_id>/snippet/status", SnippetStatusView.as_view(), name="snippet-status"),
    path("sites/<str:site_id>/visit", VisitFormView.as_view(), name="visit"),
]
