"""The menu that a site's name is, at the head of each of its pages."""

from typing import Any

from django import template
from django.urls import reverse

from tracking.access import ALL_SITES, MOST_SITES
from tracking.models import Site

register = template.Library()

MENU_SITES = 100
"""As many names as the menu lists; who has more goes by the page of all sites."""
FEW_SITES = 10
"""Up to as many need no search."""


@register.inclusion_tag("tracking/_switcher.html", takes_context=True)
def site_switcher(
    context: dict[str, Any], name: str, key: str, page: str, query: str = ""
) -> dict[str, Any]:
    """A heading that opens into the reader's other sites.

    `name` and `key` are the shown site's, or what stands for several; `page` is the URL name of
    the page that the links lead to, and `query` is put behind it.
    """
    user = context["request"].user
    visible = Site.objects.visible_to(user).values_list("public_id", "name")
    sites = list(visible[: MENU_SITES + 1])
    links = [
        {"name": label, "url": _url(page, public_id, query), "is_shown": public_id == key}
        for public_id, label in sites[:MENU_SITES]
    ]
    return {
        "name": name,
        "links": links,
        "has_search": len(sites) > FEW_SITES,
        "has_more": len(sites) > MENU_SITES,
        "all_url": _url("report", ALL_SITES, query if page == "report" else "")
        if 1 < len(sites) <= MOST_SITES
        else "",
        "is_all": key == ALL_SITES,
    }


def _url(page: str, key: str, query: str) -> str:
    return reverse(f"tracking:{page}", args=[key]) + query
