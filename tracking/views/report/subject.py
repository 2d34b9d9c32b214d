"""What a report is about: one site, or several at once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tracking.access import ALL_SITES, readable_sites
from tracking.models import Site
from tracking.records import SiteRules
from tracking.reports.periods import Clock
from tracking.views.clock import clock_of


@dataclass(frozen=True)
class Subject:
    """The sites of a report; `key` is what stands for them in URLs.

    `clock` is when it is asked for, and `zone` whose days it has: of several sites, the first's.
    """

    key: str
    sites: tuple[Site, ...]
    rules: tuple[SiteRules, ...]
    clock: Clock

    @classmethod
    def of(cls, user: Any, key: str, at: datetime) -> "Subject":
        """The sites that a URL names, if this user may read all of them; raises Http404."""
        sites = readable_sites(user, key)
        by_id = Site.objects.filter(pk__in=[site.pk for site in sites]).rules()
        rules = tuple(by_id[site.public_id] for site in sites)
        return cls(key, sites, rules, clock_of(rules, at))

    @property
    def site(self) -> Site | None:
        """The site, when there is only one."""
        return self.sites[0] if len(self.sites) == 1 else None

    @property
    def name(self) -> str:
        """What the report is called."""
        if self.site:
            return self.site.name
        return "All sites" if self.key == ALL_SITES else f"{len(self.sites)} sites"

    @property
    def has_zones(self) -> bool:
        """Whether its sites' days begin at different times."""
        return len({rules.zone_on(self.clock.today) for rules in self.rules}) > 1

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its days."""
        return self.rules[0].zone_on(self.clock.today)
