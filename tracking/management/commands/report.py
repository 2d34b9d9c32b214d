"""Answer a report's question at a terminal."""

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tracking.errors import InvalidQuery, ReportUnavailable
from tracking.models import Site
from tracking.reports.dimensions import DIMENSIONS
from tracking.reports.engine import Number, Report, answer
from tracking.reports.metrics import METRICS
from tracking.reports.periods import parse_period
from tracking.reports.query import ReportQuery, filter_from_words


class Command(BaseCommand):
    help = "Prints the numbers of a site, as a table or as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("site", help="the site's public id")
        parser.add_argument("--period", default="30d", help="7d, month, 2026-01-01..2026-01-31")
        parser.add_argument("--metrics", default="visitors,visits,pageviews")
        parser.add_argument("--by", help=f"one of {', '.join(DIMENSIONS)}")
        parser.add_argument("--where", action="append", default=[], help="country is DE, AT")
        parser.add_argument("--limit", type=int, help="how many rows at most")
        parser.add_argument("--format", choices=("table", "json"), default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        site = Site.objects.filter(public_id=options["site"]).first()
        if site is None:
            raise CommandError(f"site: there is none with the id {options['site']!r}")
        try:
            query = self._query(site, options)
            report = answer(query, settings.COLUMNS_DIR)
        except (InvalidQuery, ReportUnavailable) as error:
            raise CommandError(str(error)) from error
        if options["format"] == "json":
            self.stdout.write(json.dumps(_as_json(query, report)))
        else:
            self.stdout.write("\n".join(_as_table(query, report)))

    def _query(self, site: Site, options: dict[str, Any]) -> ReportQuery:
        period = parse_period(options["period"], site.today())
        return ReportQuery(
            site=site.rules(),
            first_day=period.first_day,
            last_day=period.last_day,
            metrics=tuple(name.strip() for name in options["metrics"].split(",")),
            dimension=options["by"],
            filters=tuple(filter_from_words(text) for text in options["where"]),
            limit=options["limit"],
        )


def _as_json(query: ReportQuery, report: Report) -> dict[str, Any]:
    rows = [{str(query.dimension): row.key, **row.metrics} for row in report.rows]
    return {"totals": dict(report.totals), "rows": rows}


def _as_table(query: ReportQuery, report: Report) -> list[str]:
    labels = [METRICS[name].label for name in query.metrics]
    title = DIMENSIONS[query.dimension].label if query.dimension else ""
    lines = [[title, *labels], ["All", *_texts(report.totals.values())]]
    lines += [[row.key or "(unknown)", *_texts(row.metrics.values())] for row in report.rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  ".join(
            [line[0].ljust(widths[0])]
            + [text.rjust(width) for text, width in zip(line[1:], widths[1:], strict=True)]
        )
        for line in lines
    ]


def _texts(numbers: Any) -> list[str]:
    return [_text(number) for number in numbers]


def _text(number: Number) -> str:
    if number is None:
        return "-"
    return f"{number:,}" if isinstance(number, int) else f"{number:,.2f}"
