"""What of a site's traffic was not counted, and why, for the page of its settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.utils.timezone import now

from tracking.models import DropReason, Site
from tracking.models.site import RECENT_DAYS

EXPLANATIONS: Mapping[str, str] = {
    DropReason.BOT: "Crawlers, tools and libraries by their user agent, and browsers that a "
    "program drives.",
    DropReason.SPAM: "The referrer is on the list of hosts that forge it.",
    DropReason.PREFETCH: "The browser fetched the page in advance; it counts when it is shown.",
    DropReason.OPT_OUT: "The browser asked not to be tracked. Nothing else of these is kept.",
    DropReason.ADDRESS: "Your filters of addresses.",
    DropReason.PATH: "Your filters of pages.",
    DropReason.COUNTRY: "Your filters of countries.",
    DropReason.HOST: "Your filters of host names.",
    DropReason.RATE: "One visitor's hits beyond 300 in a minute.",
    DropReason.DATA_CENTRE: "The address is in the instance's list of data centres.",
    DropReason.NO_VISIT: "Time on page or scroll depth that came without its visit.",
    DropReason.CLOSED_IMPORT: "Lines of a log that came after its import was closed.",
}


@dataclass(frozen=True)
class FilteredRow:
    """A reason, and how many hits were not counted for it: of the last days, and ever."""

    label: str
    explanation: str
    recent: int
    total: int


def filtered_traffic(site: Site) -> list[FilteredRow]:
    """A row for each reason that ever applied, in one query; the most frequent first."""
    first_day = now().date() - timedelta(days=RECENT_DAYS - 1)
    return [
        FilteredRow(
            DropReason(found["reason"]).label,
            EXPLANATIONS[found["reason"]],
            found["recent"],
            found["total"],
        )
        for found in site.dropped_hits.by_reason(first_day)
    ]
