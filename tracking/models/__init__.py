"""The record: schema, constraints and query sets; no statistics."""

from tracking.models.annotation import Annotation
from tracking.models.daily import DailyTotal, DroppedHits, DropReason
from tracking.models.event import Engagement, Event
from tracking.models.salt import ImportedLine, LateSalt, LogImport, Salt
from tracking.models.site import Site, SiteZone
from tracking.models.site_filter import FilterAction, FilterKind, SiteFilter
from tracking.models.spool import RejectedHit, SpoolFile
from tracking.models.term import Dictionary, Term, TermKind
from tracking.models.upkeep import UpkeepRun
from tracking.models.visit import Visit

__all__ = [
    "Annotation",
    "DailyTotal",
    "Dictionary",
    "DropReason",
    "DroppedHits",
    "Engagement",
    "Event",
    "FilterAction",
    "FilterKind",
    "ImportedLine",
    "LateSalt",
    "LogImport",
    "RejectedHit",
    "Salt",
    "Site",
    "SiteFilter",
    "SiteZone",
    "SpoolFile",
    "Term",
    "TermKind",
    "UpkeepRun",
    "Visit",
]
