"""The dictionary that keeps rows small: each text once, as an integer everywhere else."""

from collections.abc import Iterable
from hashlib import blake2b
from uuid import UUID

from django.db import models

from tracking.models.pieces import ASKED_AT_ONCE, pieces


class TermKind(models.IntegerChoices):
    """What a text is; the numbers are stored and never change their meaning."""

    EVENT = 1, "event name"
    PAGE = 2, "page"
    HOSTNAME = 3, "host name"
    TITLE = 4, "title"
    REFERRER = 5, "referrer"
    SOURCE = 6, "source"
    CHANNEL = 7, "channel"
    UTM_SOURCE = 8, "campaign source"
    UTM_MEDIUM = 9, "campaign medium"
    UTM_CAMPAIGN = 10, "campaign"
    UTM_CONTENT = 11, "campaign content"
    UTM_TERM = 12, "campaign term"
    COUNTRY = 13, "country"
    REGION = 14, "region"
    CITY = 15, "city"
    BROWSER = 16, "browser"
    BROWSER_VERSION = 17, "browser version"
    SYSTEM = 18, "system"
    SYSTEM_VERSION = 19, "system version"
    DEVICE = 20, "device"
    SCREEN = 21, "screen size"
    LANGUAGE = 22, "language"


def digest_of(text: str) -> UUID:
    """What stands for a text in the index: 128 bits, the same on every machine."""
    return UUID(bytes=blake2b(text.encode(), digest_size=16).digest())


class TermQuerySet(models.QuerySet["Term"]):
    """The questions asked of the dictionary."""

    def texts(self, ids: Iterable[int | None]) -> dict[int, str]:
        """The texts of these terms, by id."""
        wanted = sorted({pk for pk in ids if pk is not None})
        found: dict[int, str] = {}
        for some in pieces(wanted, ASKED_AT_ONCE):
            found |= dict(self.filter(pk__in=some).values_list("pk", "text"))
        return found


class Term(models.Model):
    """One row of the dictionary: (kind, text) -> small integer."""

    kind = models.PositiveSmallIntegerField(choices=TermKind.choices)
    text = models.TextField()
    # What is unique: a text of 2,000 characters is more than an index of PostgreSQL takes.
    digest = models.UUIDField()

    objects = TermQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint("kind", "digest", name="tracking_term_once"),)

    def __str__(self) -> str:
        return self.text


class Dictionary(models.Model):
    """The dictionary's one row of state, which keeps apart those who use terms and who sweeps them.

    Whoever deletes visits or events calls `release` in the same transaction. Whoever remembers
    terms' ids between transactions forgets them when `generation` has changed.
    """

    released = models.PositiveBigIntegerField(
        default=0, help_text="How often rows that use terms were deleted."
    )
    swept = models.PositiveBigIntegerField(
        default=0, help_text="How often they had been when unused terms were last looked for."
    )
    swept_at = models.DateTimeField(null=True)
    generation = models.PositiveBigIntegerField(
        default=0, help_text="How often terms were deleted."
    )

    class Meta:
        verbose_name_plural = "dictionary"

    def __str__(self) -> str:
        return f"generation {self.generation}"

    @classmethod
    def state(cls) -> "Dictionary":
        """The one row, made when it is missing."""
        return cls.objects.get_or_create(pk=1)[0]

    @classmethod
    def release(cls) -> None:
        """Say that rows were deleted, so that some terms may be unused."""
        cls.state()
        cls.objects.update(released=models.F("released") + 1)

    @classmethod
    def current_generation(cls) -> int:
        """What changes whenever terms are deleted."""
        return cls.objects.values_list("generation", flat=True).first() or 0


def term_field() -> "models.ForeignKey[Term | None, Term | None]":
    """A text kept as its term; empty texts are null.

    Neither indexed nor checked by the database: reports never look rows up by term, and the
    only writer of these rows makes the terms in the same transaction.
    """
    return models.ForeignKey(
        Term,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_index=False,
        db_constraint=False,
        null=True,
    )
