"""Texts to integers and back."""

from collections.abc import Iterable, Mapping

from django.db import connection

from tracking.models import Dictionary, Term
from tracking.models.pieces import ASKED_AT_ONCE, pieces
from tracking.models.term import digest_of

KEPT_TERMS = 200_000


class Terms:
    """The dictionary as far as batches have needed it.

    It is emptied when a transaction is rolled back and when terms were deleted, so that no id is
    left here that the database does not have, and when it has grown too big.
    """

    def __init__(self) -> None:
        self._ids: dict[int, dict[str, int | None]] = {}
        self._texts: dict[int, str] = {}
        self._generation = 0

    def begin(self) -> None:
        """Forget all ids if terms were deleted since the last batch.

        The caller holds the writers' lock: until it ends, no term is deleted.
        """
        generation = Dictionary.current_generation()
        if generation != self._generation:
            self.rollback()
            self._generation = generation

    def ids(self, kind: int, texts: Iterable[str]) -> Mapping[str, int | None]:
        """Ids by text, of these texts at least; those that are new are made. Empty has none."""
        known = self._ids.setdefault(kind, {"": None})
        missing = sorted({text for text in texts if text not in known})
        if missing:
            _make(kind, missing)
            for some in pieces(missing, ASKED_AT_ONCE):
                digests = [digest_of(text) for text in some]
                found = Term.objects.filter(kind=kind, digest__in=digests).values_list("pk", "text")
                self._texts |= dict(found)
                known |= {text: pk for pk, text in found}
        return known

    def texts(self, ids: Iterable[int | None]) -> Mapping[int, str]:
        """Texts by id, of these ids at least, as far as they are terms."""
        missing = {pk for pk in ids if pk is not None and pk not in self._texts}
        if missing:
            self._texts |= Term.objects.texts(missing)
        return self._texts

    def commit(self) -> None:
        """Keep this batch's ids: its transaction is committed."""
        if len(self._texts) > KEPT_TERMS:
            self.rollback()

    def rollback(self) -> None:
        """Forget all ids: those that this batch made went with its transaction."""
        self._ids.clear()
        self._texts.clear()


def _make(kind: int, texts: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO tracking_term (kind, text, digest) VALUES (%s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            [(kind, text, digest_of(text).hex) for text in texts],
        )
