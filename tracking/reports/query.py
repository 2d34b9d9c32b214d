"""The question of a report: what pages, the terminal and tests all build."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal
from urllib.parse import quote, unquote

from tracking.errors import InvalidQuery
from tracking.records import SiteRules
from tracking.reports.dimensions import DIMENSIONS, FILTERABLE
from tracking.reports.metrics import METRICS
from tracking.reports.periods import MOST_DAYS

MOST_FILTERS = 20
MOST_VALUES = 100
LONGEST_VALUE = 2000

Operator = Literal["is", "is_not"]


@dataclass(frozen=True)
class Filter:
    """Selects events, or visits, whose dimension is, or is not, one of the values."""

    dimension: str
    operator: Operator
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        """Raises InvalidQuery for what can't be filtered by."""
        if self.dimension not in FILTERABLE:
            raise InvalidQuery("filter", f"{self.dimension[:40]!r} can't be filtered by")
        if self.operator not in {"is", "is_not"}:
            raise InvalidQuery("filter", "expected is or is_not")
        if not 0 < len(self.values) <= MOST_VALUES:
            raise InvalidQuery("filter", f"expected 1 to {MOST_VALUES} values")
        if any(len(value) > LONGEST_VALUE or "\0" in value for value in self.values):
            raise InvalidQuery("filter", "a value that nothing can have")

    @classmethod
    def from_param(cls, text: str) -> "Filter":
        """Read `country:is:DE,AT`; values are percent-encoded once more. Raises InvalidQuery."""
        dimension, _, rest = text.partition(":")
        operator, colon, values = rest.partition(":")
        if not colon:
            raise InvalidQuery("filter", "expected country:is:DE")
        return cls(
            dimension,
            operator,  # type: ignore[arg-type]
            tuple(unquote(value) for value in values.split(",")),
        )

    def to_param(self) -> str:
        """What from_param reads."""
        values = ",".join(quote(value, safe="") for value in self.values)
        return f"{self.dimension}:{self.operator}:{values}"


@dataclass(frozen=True)
class ReportQuery:
    """One question to one site's numbers; raises InvalidQuery, naming the parameter, when made.

    Days are the site's local ones, both ends included. Without a dimension there is no row, only
    totals.
    """

    site: SiteRules
    first_day: date
    last_day: date
    metrics: tuple[str, ...]
    dimension: str | None = None
    filters: tuple[Filter, ...] = ()
    limit: int | None = None

    def __post_init__(self) -> None:
        """Raises InvalidQuery for what can't be answered."""
        if not 0 <= (self.last_day - self.first_day).days < MOST_DAYS:
            raise InvalidQuery("period", f"expected 1 to {MOST_DAYS} days")
        if not self.metrics:
            raise InvalidQuery("metrics", "expected at least one")
        for name in self.metrics:
            if name not in METRICS:
                raise InvalidQuery("metrics", f"{name[:40]!r} is none of {', '.join(METRICS)}")
        if self.dimension is not None and self.dimension not in DIMENSIONS:
            raise InvalidQuery("by", f"{self.dimension[:40]!r} is none of {', '.join(DIMENSIONS)}")
        if len(self.filters) > MOST_FILTERS:
            raise InvalidQuery("filter", f"more than {MOST_FILTERS}")
        if self.limit is not None and self.limit < 1:
            raise InvalidQuery("limit", "expected a number above 0")


def filters_from_params(texts: Iterable[str]) -> tuple[Filter, ...]:
    """The filters of a URL's repeated parameter, each once; raises InvalidQuery."""
    return tuple(dict.fromkeys(Filter.from_param(text) for text in texts))


def filter_from_words(text: str) -> Filter:
    """Read `country is DE, AT` or `page is not /`; raises InvalidQuery("where", ...)."""
    dimension, _, rest = text.strip().partition(" ")
    for words, operator in (("is not ", "is_not"), ("is ", "is")):
        if rest.startswith(words):
            values = tuple(value.strip() for value in rest.removeprefix(words).split(","))
            try:
                return Filter(dimension, operator, values)  # type: ignore[arg-type]
            except InvalidQuery as error:
                raise InvalidQuery("where", error.reason) from error
    raise InvalidQuery("where", "expected words like: country is DE, AT")
