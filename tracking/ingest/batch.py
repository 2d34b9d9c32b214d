"""One batch: claim lines, enrich, then one transaction that also holds how far the spool was read.

Killed at any point, the next run goes on from the committed offsets: nothing counts twice, since
an event's id is made of its place in the spool, and nothing is lost, since a file is removed only
after its last commit.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from django.db import DataError, IntegrityError, transaction
from django.db.models import F
from django.utils.timezone import now

from tracking.counters import count_dropped
from tracking.enrich.rates import VisitorRates
from tracking.errors import InvalidLine
from tracking.ingest.enricher import Lookups, enrich
from tracking.models import RejectedHit, Site, SpoolFile
from tracking.records import EnrichedHit, SpooledHit, VisitChanges, event_id, network_of
from tracking.spool.aside import put_aside
from tracking.spool.lines import decode, encode
from tracking.spool.reader import is_finished, read_lines, remove, spool_files, torn_line
from tracking.store.terms import Terms
from tracking.store.visits import visits_of
from tracking.store.writer import add_dropped, unseen, wait_for_turn, write_changes
from tracking.visits.assign import assign_visits

logger = logging.getLogger("tracking.ingest")

# About 7,000 hits: as many again bring little more speed, and each takes some kilobytes here.
MOST_BYTES = 2_500_000
LONGEST_REASON = 1000
# What one hit can cause. A database that is down, locked or full says OperationalError: then the
# whole batch waits.
REFUSALS = (
    *(DataError, IntegrityError),
    *(ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError),
)

Dropped = Mapping[tuple[int, date, str], int]


@dataclass(frozen=True)
class Claim:
    """Lines of one file, that file's row, and how far the file is taken with them."""

    file: SpoolFile
    lines: tuple[tuple[int, bytes], ...]
    next_offset: int


@dataclass
class Ingester:
    """Takes batches from one spool folder; the only writer of visits and events."""

    folder: Path
    lookups: Lookups
    terms: Terms = field(default_factory=Terms)
    rates: VisitorRates = field(default_factory=VisitorRates)
    unreadable: set[str] = field(default_factory=set)

    def take_batch(self) -> int:
        """Take what is in the spool, up to a batch's size; returns how many lines that was.

        Files that are done are removed. Raises OperationalError or InterfaceError as the database
        does, with everything that was not committed as it was before.
        """
        claims = self._claim()
        self._take([claim for claim in claims if claim.lines])
        for claim in claims:
            self._remove_if_finished(claim)
        return sum(len(claim.lines) for claim in claims)

    def _claim(self) -> list[Claim]:
        claims = []
        room = MOST_BYTES
        for name in spool_files(self.folder):
            if room <= 0:
                break
            file = SpoolFile.objects.get_or_create(name=name)[0]
            try:
                taken = read_lines(self.folder, name, file.offset, room)
            except OSError as error:
                # Said once: the file may stay like this for long, and those behind it go on.
                if name not in self.unreadable:
                    logger.warning("%s can't be read: %s", name, error.strerror)
                self.unreadable.add(name)
                continue
            self.unreadable.discard(name)
            claims.append(Claim(file, taken.lines, taken.next_offset))
            room -= taken.next_offset - file.offset
        return claims

    def _take(self, claims: Sequence[Claim]) -> None:
        """Commit the lines; those that can't be, alone: halved until one line is to blame."""
        lines = sum(len(claim.lines) for claim in claims)
        if not lines:
            return
        try:
            self._commit(claims)
        except REFUSALS as error:
            if lines > 1:
                for half in _halves(claims, lines // 2):
                    self._take(half)
            else:
                self._reject(claims[0], error)

    def _commit(self, claims: Sequence[Claim]) -> None:
        spooled, bad_lines = self._decoded(claims)
        wanted = {one.hit.site for one in spooled}
        sites = Site.objects.filter(public_id__in=wanted).rules()
        known = [one for one in spooled if one.hit.site in sites]
        if len(known) < len(spooled):
            logger.warning("%d hits are of sites that are gone", len(spooled) - len(known))
        enriched = enrich(known, sites, self.lookups, self.rates)
        try:
            with transaction.atomic():
                wait_for_turn()
                self.terms.begin()
                changes = _changes(unseen(enriched.hits), self.terms)
                write_changes(changes, self.terms)
                dropped = _summed(enriched.dropped, changes.dropped)
                add_dropped(dropped)
                for claim in claims:
                    _advance(claim, bad_lines[claim.file.pk])
        except BaseException:
            self.terms.rollback()
            raise
        self.terms.commit()
        self.rates.add(enriched.minutes)
        count_dropped(dropped)

    def _decoded(self, claims: Sequence[Claim]) -> tuple[list[SpooledHit], Counter[int]]:
        """The hits of these lines, and how many lines of each file held none: those go aside."""
        hits = []
        bad_lines: Counter[int] = Counter()
        for claim in claims:
            bad = []
            for offset, line in claim.lines:
                try:
                    hit = decode(line)
                except InvalidLine as error:
                    bad.append((offset, line))
                    logger.warning("%s, byte %d: %s", claim.file.name, offset, error)
                else:
                    hits.append(SpooledHit(event_id(claim.file.pk, offset), hit))
            put_aside(self.folder, claim.file.name, bad)
            bad_lines[claim.file.pk] = len(bad)
        return hits, bad_lines

    def _reject(self, claim: Claim, error: Exception) -> None:
        [(offset, line)] = claim.lines
        hit = decode(line)
        reason = f"{type(error).__name__}: {error}"
        logger.error("%s, byte %d was set aside: %r", claim.file.name, offset, reason)
        kept = replace(hit, address=network_of(hit.address))
        with transaction.atomic():
            RejectedHit.objects.get_or_create(
                event_id=event_id(claim.file.pk, offset),
                defaults={
                    "site": hit.site,
                    "happened_at": hit.at,
                    "line": encode(kept).decode(),
                    "reason": reason.replace("\0", "")[:LONGEST_REASON],
                },
            )
            _advance(claim, 0)

    def _remove_if_finished(self, claim: Claim) -> None:
        name = claim.file.name
        if is_finished(self.folder, name, claim.next_offset):
            if torn := torn_line(self.folder, name, claim.next_offset):
                put_aside(self.folder, name, [(claim.next_offset, torn)])
            remove(self.folder, name)
            SpoolFile.objects.filter(pk=claim.file.pk).update(
                finished_at=now(), bad_lines=F("bad_lines") + int(bool(torn))
            )


def _halves(claims: Sequence[Claim], first_lines: int) -> tuple[list[Claim], list[Claim]]:
    """The claims' first lines, that many of them, and the rest."""
    first, second = [], []
    for claim in claims:
        here, there = claim.lines[:first_lines], claim.lines[first_lines:]
        first_lines -= len(here)
        if here:
            end = there[0][0] if there else claim.next_offset
            first.append(replace(claim, lines=here, next_offset=end))
        if there:
            second.append(replace(claim, lines=there))
    return first, second


def _changes(hits: Sequence[EnrichedHit], terms: Terms) -> VisitChanges:
    known = visits_of((hit.visitor for hit in hits), terms)
    just_after_midnight = [hit.visitor_before for hit in hits if hit.visitor_before is not None]
    return assign_visits(hits, known, visits_of(just_after_midnight, terms))


def _summed(first: Dropped, second: Dropped) -> Dropped:
    total = Counter(first)
    total.update(second)
    return total


def _advance(claim: Claim, bad_lines: int) -> None:
    SpoolFile.objects.filter(pk=claim.file.pk).update(
        offset=claim.next_offset,
        hits=F("hits") + len(claim.lines),
        bad_lines=F("bad_lines") + bad_lines,
        updated_at=now(),
    )
