"""The report as files: a panel's rows or the time series as CSV, or all of the page in one zip.

Rows are asked for a page at a time, and sent before the next page is asked for: however many there
are, few are in memory. The first page is there before the answer begins, so that what can't be
answered has its status.
"""

from collections.abc import Generator, Hashable, Iterable, Iterator
from dataclasses import replace
from itertools import chain, count
from time import monotonic, sleep

from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.utils.text import slugify

from tracking.errors import ReportsBusy
from tracking.reports import csv_text
from tracking.reports.engine import Report
from tracking.reports.metrics import REVENUE
from tracking.reports.query import MOST_ROWS, ReportQuery
from tracking.views.report.buckets import is_ahead
from tracking.views.report.cards import PANELS, Panel, panel_named
from tracking.views.report.fitting import fitting_metrics
from tracking.views.report.parts import EXPECTED, ReportView, in_turn
from tracking.views.report.readme import readme
from tracking.views.report.rows import key_panel
from tracking.views.report.state import State
from tracking.views.report.traffic import Traffic
from tracking.views.report.zip_stream import zipped
from tracking.views.turns import export_turn
from tracking.views.waiting import HEARTBEAT_SECONDS, awaited

PATIENCE_SECONDS = 60.0
"""How long an export that has begun waits for its next turn."""

Chunks = Generator[bytes, None, None]


class ExportView(ReportView):
    """What the exports have in common."""

    excuse_template = "tracking/report/excuse.html"

    def sent(
        self, request: HttpRequest, state: State, chunks: Chunks, name: str, content_type: str
    ) -> HttpResponseBase:
        """The chunks as a file to keep, or an excuse when there is not even a first one."""
        try:
            begun = Begun(_in_turn(chunks))
        except EXPECTED as error:
            return self.excuse(request, state.subject, error)
        disposition = content_disposition_header(True, name)
        return StreamingHttpResponse(
            begun, content_type=content_type, headers={"Content-Disposition": disposition}
        )


class PanelExportView(ExportView):
    """All rows of a panel, with every metric that fits."""

    def show(self, request: HttpRequest, state: State, **names: str) -> HttpResponseBase:
        panel = panel_named(names["panel"])
        if panel is None:
            raise Http404("No such panel.")
        chunks = csv_chunks(panel_query(state, panel), Pages(request.user.pk))
        name = file_name(state, stem_of(panel), "csv")
        return self.sent(request, state, chunks, name, "text/csv; charset=utf-8")


class SeriesExportView(ExportView):
    """The numbers of each bucket of the chart, beside those that they are compared with."""

    def show(self, request: HttpRequest, state: State, **names: str) -> HttpResponseBase:
        chunks = series_chunks(state, Pages(request.user.pk))
        name = file_name(state, "timeseries", "csv")
        return self.sent(request, state, chunks, name, "text/csv; charset=utf-8")


class ZipExportView(ExportView):
    """All panels of the page, those behind tabs, too, the time series and the filtered traffic."""

    def show(self, request: HttpRequest, state: State, **names: str) -> HttpResponseBase:
        chunks = zip_chunks(state, Traffic.of(state), Pages(request.user.pk))
        return self.sent(request, state, chunks, file_name(state, "", "zip"), "application/zip")


class Begun:
    """Chunks of which the first with something in it is there already.

    Raises what making it raises. Closing it closes what makes the chunks.
    """

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks
        self._first = next(filter(None, chunks))

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        first, self._first = self._first, b""
        return first or next(self._chunks)

    def close(self) -> None:
        """End the work, when the reader has left or all is sent."""
        self._chunks.close()


class Pages:
    """Asks for one page after another on behalf of a reader."""

    def __init__(self, user: Hashable) -> None:
        self._user = user
        self._has_begun = False

    def ask(
        self, query: ReportQuery, *, with_totals: bool = False
    ) -> Generator[bytes, None, Report]:
        """The answer, after nothing again and again until it is there.

        The first one finds a turn at once or raises ReportsBusy; later ones wait for theirs.
        """
        deadline = monotonic() + (PATIENCE_SECONDS if self._has_begun else 0)
        while True:
            try:
                report = yield from awaited(
                    lambda left: in_turn(lambda ask: ask(query, with_totals), self._user, left)
                )
            except ReportsBusy:
                if monotonic() >= deadline:
                    raise
                sleep(HEARTBEAT_SECONDS)
                yield b""
            else:
                self._has_begun = True
                return report


def panel_query(state: State, panel: Panel) -> ReportQuery:
    """The question for a panel's first page of rows with all its metrics."""
    metrics = fitting_metrics(panel)
    if "events" in metrics:
        metrics = (*metrics, REVENUE)
    return replace(state.panel_query(panel), metrics=metrics, limit=MOST_ROWS)


def csv_chunks(query: ReportQuery, pages: Pages) -> Chunks:
    """The header line and all rows of a query, a page at a time."""
    report = yield from pages.ask(query, with_totals=REVENUE in query.metrics)
    columns = csv_text.columns_of(query, report)
    yield csv_text.head(query, columns).encode()
    try:
        while report.after is not None:
            yield csv_text.lines(columns, report).encode()
            report = yield from pages.ask(replace(query, after=report.after))
    except Exception:
        # The server ends what it sends as if it were whole. A line with a cell too many says
        # otherwise, to people and to programs.
        said = "INCOMPLETE: the numbers could not be read to the end. Export them again."
        yield csv_text.line([said, *[""] * (len(query.dimensions) + len(columns))]).encode()
        raise
    yield csv_text.lines(columns, report).encode()


def series_chunks(state: State, pages: Pages) -> Chunks:
    """The header line and a line for each bucket that has begun."""
    query = state.numbers_query()
    report = yield from pages.ask(query)
    begun = tuple(
        row for row in report.rows if not is_ahead(row.keys[0], state.interval, state.clock)
    )
    columns = csv_text.columns_of(query, report)
    text = csv_text.head(query, columns) + csv_text.lines(columns, replace(report, rows=begun))
    yield text.encode()


def zip_chunks(state: State, traffic: Traffic, pages: Pages) -> Chunks:
    """The archive; of properties it has those that the page offers."""
    keys = yield from pages.ask(state.panel_query(PANELS["property"]))
    panels = named([*PANELS.values(), *map(key_panel, keys.rows)])
    files = [("timeseries.csv", series_chunks(state, pages))]
    files += [
        (f"{name}.csv", csv_chunks(panel_query(state, panel), pages))
        for name, panel in panels.items()
    ]
    files.append(("filtered.csv", _text(traffic.csv())))
    said = readme(state, panels, keys.row_count - len(keys.rows))
    files.append(("README.txt", _text(said)))
    yield from zipped(files, state.clock.at.astimezone(state.subject.zone))


def named(panels: Iterable[Panel]) -> dict[str, Panel]:
    """The panels by the names of their files, which differ on any system."""
    found: dict[str, Panel] = {}
    for panel in panels:
        stem = stem_of(panel)
        others = (f"{stem}-{number}" for number in count(2))
        found[next(name for name in chain([stem], others) if name not in found)] = panel
    return found


def stem_of(panel: Panel) -> str:
    """What a panel's file is called, without its ending.

    A property's key may have any letters and be longer than a file's name.
    """
    if panel.name in PANELS:
        return panel.name
    return f"property-{slugify(panel.title, allow_unicode=True)[:60]}".rstrip("-")


def file_name(state: State, what: str, ending: str) -> str:
    """The site's name, what it is of, and the first and last day."""
    period = state.period
    name = slugify(state.subject.name)[:60] or state.subject.key[:60]
    parts = (name, what, f"{period.first_day}", f"{period.last_day}")
    return f"{'_'.join(part for part in parts if part)}.{ending}"


def _in_turn(chunks: Chunks) -> Chunks:
    with export_turn():
        yield from chunks


def _text(text: str) -> Chunks:
    yield text.encode()
