"""Addresses of sites, their reports, and the collect endpoint."""

from django.urls import path

from tracking.views.activity import ActivityView
from tracking.views.annotations import AnnotationDeleteView, AnnotationListView, AnnotationView
from tracking.views.hits import CollectView, VisitFormView
from tracking.views.journey import JourneyView
from tracking.views.report.details import DetailsView
from tracking.views.report.numbers import NumbersView
from tracking.views.report.page import PageView
from tracking.views.report.panels import CardView
from tracking.views.report.realtime import NowView, RealtimePartView, RealtimeView
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
    path("sites/<str:key>/now/", NowView.as_view(), name="now"),
    path("sites/<str:key>/realtime/", RealtimeView.as_view(), name="realtime"),
    path("sites/<str:key>/realtime/part/", RealtimePartView.as_view(), name="realtime-part"),
    path("sites/<str:key>/details/<str:panel>/", DetailsView.as_view(), name="details"),
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
