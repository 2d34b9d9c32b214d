"""Texts to integers and back."""

from collections.abc import Iterable

from django.db import connection

from tracking.models import Dictionary, Term
from tracking.models.pieces import ASKED_AT_ONCE, pieces
from tracking.models.term import digest_of

KEPT_TERMS = 200_000

Pair = tuple[int, str]


class Terms:
    """The dictionary of one batch, over a cache of what earlier batches committed.

    The cache only grows by `commit`, so that a rolled-back batch leaves no id behind that the
    database does not have. It is dropped when terms were deleted since.
    """

    def __init__(self) -> None:
        self._committed: dict[Pair, int] = {}
        self._fresh: dict[Pair, int] = {}
        self._generation = 0

    def add(self, pairs: Iterable[Pair]) -> None:
        """Make sure that these (kind, text) pairs have ids; empty texts have none.

        The caller holds the writers' lock: until it ends, no term is deleted.
        """
        self._forget_if_swept()
        missing = sorted({pair for pair in pairs if pair[1] and self._known(pair) is None})
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO tracking_term (kind, text, digest) VALUES (%s, %s, %s)"
                " ON CONFLICT DO NOTHING",
                [(kind, text, digest_of(text).hex) for kind, text in missing],
            )
        by_kind: dict[int, list[str]] = {}
        for kind, text in missing:
            by_kind.setdefault(kind, []).append(text)
        for kind, texts in by_kind.items():
            for some in pieces(texts, ASKED_AT_ONCE):
                found = Term.objects.filter(
                    kind=kind, digest__in=[digest_of(text) for text in some]
                ).values_list("text", "pk")
                self._fresh |= {(kind, text): pk for text, pk in found}

    def id(self, kind: int, text: str | None) -> int | None:
        """The id of a pair that was added; None for an empty text."""
        return self._known((kind, text)) if text else None

    def commit(self) -> None:
        """Keep this batch's ids: its transaction is committed."""
        if len(self._committed) + len(self._fresh) > KEPT_TERMS:
            self._committed.clear()
        self._committed |= self._fresh
        self._fresh = {}

    def rollback(self) -> None:
        """Forget this batch's ids: its transaction was rolled back."""
        self._fresh = {}

    def _forget_if_swept(self) -> None:
        generation = Dictionary.current_generation()
        if generation != self._generation:
            self._committed.clear()
            self._generation = generation

    def _known(self, pair: Pair) -> int | None:
        found = self._committed.get(pair)
        return self._fresh.get(pair) if found is None else found
