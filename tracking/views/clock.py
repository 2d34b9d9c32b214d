"""What time it is where a report's sites are."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Min

from tracking.models import DailyTotal
from tracking.records import SiteRules
from tracking.reports.periods import Clock


def clock_of(sites: Sequence[SiteRules], at: datetime) -> Clock:
    """The clock of one or more sites, in one query.

    Of several, today and the minute are those of the first; numbers begin where any site's do.
    """
    today = sites[0].local(at)[0]
    local = at.astimezone(sites[0].zone_on(today))
    totals = DailyTotal.objects.filter(site_id__in=[site.site_id for site in sites])
    first_day = totals.aggregate(first_day=Min("day"))["first_day"]
    return Clock(at, today, local.hour * 60 + local.minute, first_day or today)
