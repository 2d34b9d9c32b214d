"""What an owner lets in or leaves out: addresses, paths, countries and host names."""

from collections.abc import Callable, Mapping
from ipaddress import IPv6Network, ip_address, ip_network
from urllib.parse import unquote

import idna
from babel import Locale
from django.core.exceptions import ValidationError
from django.db import models

from tracking.records import ADDRESS, ALLOW, BLOCK, COUNTRY, HOST, PATH

LONGEST_VALUE = 255
IPV4_MAPPED = ip_network("::ffff:0:0/96")
COUNTRIES: Mapping[str, str] = {
    code: name
    for code, name in Locale("en").territories.items()
    if len(code) == 2 and code.isalpha() and code not in {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}
}


class FilterKind(models.TextChoices):
    """What of a hit a filter looks at; the values are the reasons hits are dropped for."""

    ADDRESS = ADDRESS, "IP address"
    PATH = PATH, "Page"
    COUNTRY = COUNTRY, "Country"
    HOST = HOST, "Host name"


class FilterAction(models.TextChoices):
    """What a filter does with hits that it matches."""

    BLOCK = BLOCK, "Don't count"
    ALLOW = ALLOW, "Count only"


class SiteFilter(models.Model):
    """One value that a site's hits are held against (docs/counting.md)."""

    site = models.ForeignKey("tracking.Site", on_delete=models.CASCADE, related_name="filters")
    action = models.CharField(max_length=10, choices=FilterAction.choices, default=BLOCK)
    kind = models.CharField(max_length=10, choices=FilterKind.choices, default=ADDRESS)
    value = models.CharField(max_length=LONGEST_VALUE)

    class Meta:
        ordering = ("kind", "action", "value")
        constraints = (
            models.UniqueConstraint(
                fields=("site", "kind", "value"),
                name="tracking_sitefilter_once",
                violation_error_message="There is a filter for this already.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.get_kind_display()} {self.shown_value}"

    @property
    def shown_value(self) -> str:
        """The value as people read it."""
        return COUNTRIES.get(self.value, self.value) if self.kind == COUNTRY else self.value

    def clean(self) -> None:
        """Bring the value into its one form; raises ValidationError with a word to its owner."""
        if self.kind in NORMALISED and self.value:
            try:
                self.value = NORMALISED[self.kind](self.value.strip())
            except ValueError as error:
                raise ValidationError({"value": str(error)}) from None


def _address(text: str) -> str:
    """An address, or a network without the bits that do not count."""
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError("An address or a range, like 84.112.1.77 or 84.112.0.0/16.") from None
    if isinstance(network, IPv6Network) and network.subnet_of(IPV4_MAPPED):  # type: ignore[arg-type]
        mapped = ip_address(int(network.network_address) & 0xFFFFFFFF)
        network = ip_network((mapped, network.prefixlen - IPV4_MAPPED.prefixlen))
    if network.prefixlen == network.max_prefixlen:
        return str(network.network_address)
    return str(network)


def _path(text: str) -> str:
    """A readable path, with one star where there are several."""
    if not text.startswith("/") or not text.isprintable():
        raise ValueError("A path that begins with /, like /admin/*.")
    if "?" in text:
        raise ValueError("Leave out the query: filters look at the path.")
    text = unquote(text)
    while "**" in text:
        text = text.replace("**", "*")
    return text


def _country(text: str) -> str:
    """The code of a country, by its code or its English name."""
    by_name = {name.casefold(): code for code, name in COUNTRIES.items()}
    code = by_name.get(text.casefold(), text.upper())
    if code not in COUNTRIES:
        raise ValueError("A country's name or its code of two letters, like AT.")
    return code


def _host(text: str) -> str:
    """A host name in ASCII, with `*.` in front for those below it."""
    stars, name = ("*.", text[2:]) if text.startswith("*.") else ("", text)
    try:
        ascii_name = idna.encode(name.rstrip("."), uts46=True).decode().lower()
    except idna.IDNAError:
        raise ValueError("A host name, like example.org or *.example.org.") from None
    return stars + ascii_name


NORMALISED: Mapping[str, Callable[[str], str]] = {
    ADDRESS: _address,
    PATH: _path,
    COUNTRY: _country,
    HOST: _host,
}
