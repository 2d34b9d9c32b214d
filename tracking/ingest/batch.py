"""One batch: claim lines, enrich, then one transaction that also holds how far the spool was read.

Killed at any point, the next run goes on from the committed offsets: nothing counts twice, since
an event's id is made of its place in the spool, and nothing is lost, since a file is removed only
after its last commit.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from tracking.errors import InvalidLine
from tracking.ingest.enricher import Lookups, enrich
from tracking.models import Site, SpoolFile
from tracking.records import EnrichedHit, SpooledHit, VisitChanges, event_id
from tracking.spool.lines import decode
from tracking.spool.reader import Lines, is_finished, read_lines, remove, spool_files
from tracking.store.terms import Terms
from tracking.store.visits import visits_of
from tracking.store.writer import add_dropped, unseen, wait_for_turn, write_changes
from tracking.visits.assign import assign_visits

logger = logging.getLogger("tracking.ingest")

MOST_BYTES = 1_000_000

Dropped = Mapping[tuple[int, date, str], int]


@dataclass(frozen=True)
class Claim:
    """Lines of one file, and that file's row."""

    file: SpoolFile
    taken: Lines


@dataclass
class Ingester:
    """Takes batches from one spool folder; the only writer of visits and events."""

    folder: Path
    lookups: Lookups
    terms: Terms = field(default_factory=Terms)

    def take_batch(self) -> int:
        """Take what is in the spool, up to a batch's size; returns how many lines that was.

        Files that are done are removed. Raises django.db.Error as the database does, with
        everything as it was before.
        """
        claims = self._claim()
        if any(claim.taken.lines for claim in claims):
            self._commit(claims)
        for claim in claims:
            self._remove_if_finished(claim)
        return sum(len(claim.taken.lines) for claim in claims)

    def _claim(self) -> list[Claim]:
        claims = []
        room = MOST_BYTES
        for name in spool_files(self.folder):
            if room <= 0:
                break
            file = SpoolFile.objects.get_or_create(name=name)[0]
            taken = read_lines(self.folder, name, file.offset, room)
            claims.append(Claim(file, taken))
            room -= taken.next_offset - file.offset
        return claims

    def _commit(self, claims: Sequence[Claim]) -> None:
        spooled, bad_lines = _decoded(claims)
        sites = Site.objects.all().rules()
        known = [one for one in spooled if one.hit.site in sites]
        if len(known) < len(spooled):
            logger.warning("%d hits are of sites that are gone", len(spooled) - len(known))
        enriched = enrich(known, sites, self.lookups)
        try:
            with transaction.atomic():
                wait_for_turn()
                changes = _changes(unseen(enriched.hits))
                write_changes(changes, self.terms)
                add_dropped(_summed(enriched.dropped, changes.dropped))
                for claim in claims:
                    _advance(claim, bad_lines[claim.file.pk])
        except BaseException:
            self.terms.rollback()
            raise
        self.terms.commit()

    def _remove_if_finished(self, claim: Claim) -> None:
        if is_finished(self.folder, claim.taken.name, claim.taken.next_offset):
            remove(self.folder, claim.taken.name)
            SpoolFile.objects.filter(pk=claim.file.pk).update(finished_at=now())


def _decoded(claims: Sequence[Claim]) -> tuple[list[SpooledHit], Counter[int]]:
    """The hits of these lines, and how many lines of each file held none."""
    hits = []
    bad: Counter[int] = Counter()
    for claim in claims:
        for offset, line in claim.taken.lines:
            try:
                hit = decode(line)
            except InvalidLine as error:
                bad[claim.file.pk] += 1
                logger.warning("%s, byte %d: %s", claim.taken.name, offset, error)
            else:
                hits.append(SpooledHit(event_id(claim.file.pk, offset), hit))
    return hits, bad


def _changes(hits: Sequence[EnrichedHit]) -> VisitChanges:
    known = visits_of(hit.visitor for hit in hits)
    before = visits_of(hit.visitor_before for hit in hits if hit.visitor_before is not None)
    return assign_visits(hits, known, before)


def _summed(first: Dropped, second: Dropped) -> Dropped:
    total = Counter(first)
    total.update(second)
    return total


def _advance(claim: Claim, bad_lines: int) -> None:
    if claim.taken.lines:
        SpoolFile.objects.filter(pk=claim.file.pk).update(
            offset=claim.taken.next_offset,
            hits=F("hits") + len(claim.taken.lines),
            bad_lines=F("bad_lines") + bad_lines,
            updated_at=now(),
        )
