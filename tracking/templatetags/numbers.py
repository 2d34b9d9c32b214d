"""Numbers of reports as people read them, each in their own locale."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_currency, format_decimal, format_percent
from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tracking.locales import ENGLISH, reader_locale, tag_of
from tracking.reports.metrics import METRICS, Number

register = template.Library()

LOCALE = ENGLISH
"""That of words and dates."""
UNKNOWN = "(unknown)"
NOTHING = format_html('<span aria-label="nothing to count">{}</span>', "\N{EN DASH}")
LEAST_SHARE = 0.01


@register.filter
def metric(value: Number, name: str) -> str | SafeString:
    """A metric's value in its unit: 1,234 or 2.7 or 46% or 2m 41s; a dash for null, or money."""
    if not isinstance(value, int | float):
        return NOTHING
    match METRICS[name].unit:
        case "share":
            return percent(value)
        case "percent":
            return percent(value / 100)
        case "seconds":
            return duration(value)
        case "ratio":
            return format_decimal(value, "#,##0.0", locale=reader_locale.get())
        case _:
            return whole(value)


@register.filter
def whole(value: float) -> str:
    """A count: 1,234."""
    return format_decimal(value, locale=reader_locale.get())


@register.filter
def percent(share: float) -> str:
    """A share, 0.0 to 1.0, as 46%; some are not none, so what is less than half of one is <1%."""
    locale = reader_locale.get()
    if 0 < share < LEAST_SHARE / 2:
        return f"<{format_percent(LEAST_SHARE, locale=locale)}"
    return format_percent(share, locale=locale)


@register.simple_tag
def number_locale() -> str:
    """The reader's locale, for scripts that write numbers."""
    return tag_of(reader_locale.get())


@register.filter
def duration(seconds: float) -> str:
    """Seconds as 41s, 2m 41s or 1h 2m."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}m {rest}s" if rest else f"{minutes}m"
    return f"{minutes // 60}h {minutes % 60}m"


@register.filter
def country_name(code: str) -> str:
    """A country's name by its ISO 3166-1 code; the code itself when it is none."""
    return LOCALE.territories.get(code, code) or UNKNOWN


@register.simple_tag
def local_time(at: datetime, zone: ZoneInfo) -> str:
    """An instant in the site's zone: 24 Nov 2026, 09:41."""
    return format_datetime(at, "d MMM y, HH:mm", tzinfo=zone, locale=LOCALE)


@register.simple_tag
def local_clock(at: datetime, zone: ZoneInfo) -> str:
    """An instant's time of day in the site's zone: 09:41:03."""
    return format_datetime(at, "HH:mm:ss", tzinfo=zone, locale=LOCALE)


@register.simple_tag
def amount(units: Decimal, currency: str) -> str:
    """Money in its currency: €1,234.50."""
    return format_currency(units, currency, locale=LOCALE)
