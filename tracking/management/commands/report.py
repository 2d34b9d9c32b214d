"""Answer a report's question at a terminal."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import now

from tracking.errors import InvalidQuery, ReportUnavailable
from tracking.management.formats import as_csv, as_json, as_table, how_to_go_on
from tracking.models import Site
from tracking.records import SiteRules
from tracking.reports.condition_text import condition_from_words, parse_condition
from tracking.reports.conditions import Condition, condition_of, errors_under, is_text
from tracking.reports.dimensions import DIMENSIONS
from tracking.reports.engine import answer
from tracking.reports.metrics import METRICS
from tracking.reports.periods import COMPARISONS, PERIODS
from tracking.reports.query import DEFAULT_ROWS, MOST_ROWS, MOST_SITES, ReportQuery
from tracking.reports.wording import DEFAULT_METRICS, WEEKDAYS, Wording, period_text
from tracking.views.clock import clock_of

FORMATS = {"table": as_table, "json": as_json, "csv": as_csv}


class Command(BaseCommand):
    help = "Prints the numbers of sites, as a table, as JSON or as CSV."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sites", metavar="site", help="a site's public id, or several: a,b")
        parser.add_argument("--period", help=f"30d unless told otherwise; {PERIODS}")
        parser.add_argument("--from", metavar="DAY", help="the first day, with --to")
        parser.add_argument("--to", metavar="DAY", help="the last day, with --from")
        parser.add_argument("--interval", help="minute, hour, day, week or month, for --by time")
        parser.add_argument("--compare", metavar="PERIOD", help=COMPARISONS)
        parser.add_argument("--match", metavar=WEEKDAYS, help="move what is compared by weeks")
        parser.add_argument(
            "--metrics", default=",".join(DEFAULT_METRICS), help=f"some of {', '.join(METRICS)}"
        )
        parser.add_argument("--by", default="", help=f"{', '.join(DIMENSIONS)}, prop.KEY; up to 3")
        for name, example in (("--where", "country is DE, AT"), ("--filter", "country:is:DE,AT")):
            parser.add_argument(
                name, action="append", default=[], help=f"{example}; may be repeated"
            )
        parser.add_argument("--goal", help="event is Sign up, or event:is:Sign%%20up")
        parser.add_argument("--order", help="a metric or dimension; most first with --order=-NAME")
        parser.add_argument("--limit", type=int, default=DEFAULT_ROWS, help=f"1 to {MOST_ROWS}")
        parser.add_argument("--after", default="", help="what the rows before ended with")
        parser.add_argument("--format", choices=FORMATS, default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            query = _query(options)
            report = answer(query, settings.COLUMNS_DIR)
        except (InvalidQuery, ReportUnavailable) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(FORMATS[options["format"]](query, report))
        if options["format"] == "csv" and (go_on := how_to_go_on(report)):
            self.stderr.write(go_on)


def _query(options: dict[str, Any]) -> ReportQuery:
    sites = _sites(options["sites"])
    wording = Wording(
        metrics=_names(options["metrics"]),
        period=period_text(options["period"], options["from"], options["to"]),
        interval=options["interval"],
        compare=options["compare"],
        match=options["match"],
        by=_names(options["by"]),
        condition=condition_of(
            [
                *map(condition_from_words, options["where"]),
                *map(parse_condition, options["filter"]),
            ]
        ),
        goal=_goal(options["goal"]) if options["goal"] is not None else None,
        order=options["order"],
        limit=options["limit"],
        after=options["after"],
    )
    return wording.query(sites, clock_of(sites, now()))


def _sites(text: str) -> tuple[SiteRules, ...]:
    # One more than there may be is enough to be refused.
    wanted = [one.strip() for one in text.split(",", MOST_SITES)]
    known = Site.objects.filter(public_id__in=filter(is_text, wanted)).rules()
    for public_id in wanted:
        if public_id not in known:
            raise InvalidQuery("site", f"there is none with the id {public_id[:40]!r}")
    return tuple(known[public_id] for public_id in wanted)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",")) if text else ()


def _goal(text: str) -> Condition:
    """A condition in words, or as a URL says it, which has a sign before its first space."""
    first = text.strip().partition(" ")[0]
    with errors_under("goal"):
        return parse_condition(text) if set(first) & set(":(") else condition_from_words(text)
