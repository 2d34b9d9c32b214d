"""In which locale a reader's numbers are written; words stay English."""

from contextvars import ContextVar
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from django.utils.translation.trans_real import parse_accept_lang_header

ENGLISH = Locale("en")
MOST_TRIED = 10

reader_locale: ContextVar[Locale] = ContextVar("reader_locale", default=ENGLISH)
"""That of the request which this thread answers."""


@lru_cache(maxsize=256)
def locale_of(accept_language: str) -> Locale:
    """The first locale of an Accept-Language header that is known; English when none is.

    Of a language with an unknown country, the language counts. Longer headers than browsers send,
    and garbled ones, name none.
    """
    for tag, _ in parse_accept_lang_header(accept_language)[:MOST_TRIED]:
        for name in dict.fromkeys((tag, tag.partition("-")[0])):
            try:
                return Locale.parse(name, sep="-")
            except (UnknownLocaleError, ValueError):
                continue
    return ENGLISH


def tag_of(locale: Locale) -> str:
    """What browsers call the locale, with the digits 0 to 9, which Babel writes as well."""
    return f"{locale}".replace("_", "-") + "-u-nu-latn"
