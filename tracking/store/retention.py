"""Deletes what a site no longer keeps: visits, events and engagement, in bounded pieces."""

from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction

from tracking.models import Dictionary, Engagement, Event, Visit
from tracking.records import SiteRules

# SQLite has one writer at a time: hits wait in the spool no longer than this many rows take.
DELETED_AT_ONCE = 5000
MOMENTS = ((Event, "happened_at"), (Engagement, "happened_at"), (Visit, "started_at"))
# Where clocks go back over midnight, the last minutes of a day come after the first of the next.
CLOCKS_GO_BACK = timedelta(hours=2)


def delete_before(rules: SiteRules, first_day: date) -> int:
    """Delete some of a site's rows of local days before `first_day`; returns how many.

    At most DELETED_AT_ONCE rows in one transaction: call it again until it returns 0. Daily totals
    and counts of dropped hits stay, and so do identities of imported lines: a log that is imported
    again must not bring back what was deleted.
    """
    midnight = datetime.combine(first_day, time.min, rules.zone_on(first_day)).astimezone(UTC)
    deleted = 0
    with transaction.atomic():
        for model, moment in MOMENTS:
            if deleted < DELETED_AT_ONCE:
                old = model.objects.filter(
                    **{f"{moment}__lt": midnight + CLOCKS_GO_BACK},
                    site_id=rules.site_id,
                    day__lt=first_day,
                ).order_by(moment)
                some = old.values("pk")[: DELETED_AT_ONCE - deleted]
                deleted += model.objects.filter(pk__in=some).delete()[0]
        if deleted:
            Dictionary.release()
    return deleted
