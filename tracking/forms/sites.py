"""What owners tell of a site."""

import re
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import idna
from django import forms
from django.core.exceptions import ValidationError

from tracking.models import Site, SiteFilter

LONGEST_BASE_URL = 255
# Every process that takes hits holds all filters of all sites.
MOST_FILTERS = 200
DEFAULT_PORTS = {"http": 80, "https": 443}


def normalise_base_url(text: str) -> str:
    """A site's address in its one form: https unless told, host in ASCII, no trailing slash.

    Raises ValidationError with a message for its owner.
    """
    text = text.strip()
    if re.search(r"[\s\x00-\x1f\\]", text) or len(text) > LONGEST_BASE_URL:
        raise ValidationError("This is not a web address.")
    scheme = re.match(r"([a-z][a-z0-9+.-]*):(?!\d+(/|$))", text, re.IGNORECASE)
    if scheme and scheme[1].lower() not in DEFAULT_PORTS:
        raise ValidationError("Only http and https addresses can be counted.")
    try:
        parts = urlsplit(text if scheme else f"https://{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValidationError("This is not a web address.") from None
    if "@" in parts.netloc:
        raise ValidationError("Leave out the user name: everybody who reads the page would see it.")
    address = f"{parts.scheme}://{_ascii_host(host)}"
    if port and port != DEFAULT_PORTS[parts.scheme]:
        address += f":{port}"
    return address + parts.path.rstrip("/")


def _ascii_host(host: str) -> str:
    if ":" in host:
        return f"[{host}]"
    if not host or not re.search(r"\w", host):
        raise ValidationError("The host name is missing.")
    try:
        return idna.encode(host.rstrip("."), uts46=True).decode().lower()
    except idna.IDNAError:
        raise ValidationError(f"{host} is not a host name.") from None


def timezone_choices() -> list[tuple[str, str]]:
    """Every IANA zone that is a place, and UTC first."""
    places = sorted(
        name
        for name in available_timezones()
        if "/" in name and not name.startswith(("Etc/", "posix/", "right/", "SystemV/", "US/"))
    )
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in places)]


class SiteForm(forms.ModelForm[Site]):
    """A site's name, address and time zone; the name may be left to the host."""

    name = forms.CharField(max_length=100, required=False, help_text="The host name if left empty.")
    base_url = forms.CharField(
        label="Base URL",
        max_length=LONGEST_BASE_URL,
        widget=forms.TextInput(
            attrs={"inputmode": "url", "placeholder": "example.org", "autocomplete": "off"}
        ),
    )
    timezone = forms.ChoiceField(
        label="Time zone", choices=timezone_choices, help_text="Days begin at its midnight."
    )

    class Meta:
        model = Site
        fields: tuple[str, ...] = ("base_url", "name", "timezone")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields[
                "timezone"
            ].help_text = (
                "A change takes effect at the site's next midnight; earlier days keep theirs."
            )
        elif not self.is_bound:
            # The page's script offers the browser's own zone instead.
            self.fields["timezone"].initial = "UTC"
            self.fields["timezone"].widget.attrs["data-own-timezone"] = ""

    def clean_base_url(self) -> str:
        """The address in its one form."""
        return normalise_base_url(self.cleaned_data["base_url"])

    def clean(self) -> dict[str, Any] | None:
        """The name, or the host for want of one."""
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("name") and cleaned.get("base_url"):
            cleaned["name"] = urlsplit(cleaned["base_url"]).netloc[:100]
        return cleaned


class SiteSettingsForm(SiteForm):
    """All that an owner decides of a site: what it is, and what of it counts and is kept."""

    class Meta(SiteForm.Meta):
        fields = (*SiteForm.Meta.fields, "honours_opt_out", "keeps_query", "retention_days")


class SiteFilterForm(forms.ModelForm[SiteFilter]):
    """One more thing that a site lets in or leaves out."""

    class Meta:
        model = SiteFilter
        fields = ("action", "kind", "value")
        labels = {"action": "Do", "kind": "What"}  # noqa: RUF012 - as Django declares it
        help_texts = {  # noqa: RUF012 - as Django declares it
            "value": "84.112.1.77 or 84.112.0.0/16, /admin/* (a star is any text), Austria or AT, "
            "example.org or *.example.org"
        }
        widgets = {  # noqa: RUF012 - as Django declares it
            "value": forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
        }

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.site = site

    def clean(self) -> dict[str, Any] | None:
        """What was typed, unless the site has as many filters as a site may have."""
        if self.instance.site.filters.count() >= MOST_FILTERS:
            raise ValidationError(f"A site can have {MOST_FILTERS} filters; remove one first.")
        return super().clean()

    def validate_unique(self) -> None:
        """Refuse a second filter for one value: the site, which is no field, counts too."""
        try:
            self.instance.validate_constraints()
        except ValidationError as error:
            self.add_error("value", error.messages[0])


class DeleteSiteForm(forms.Form):
    """The site's name once more, so that nobody deletes it by a slip."""

    name = forms.CharField(
        label="The site's name", widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.site = site

    def clean_name(self) -> str:
        """The name of this site."""
        name: str = self.cleaned_data["name"]
        if name.strip() != self.site.name:
            raise ValidationError("This is not the name of the site.")
        return name
