"""A view's only way to a site: through the person who asks."""

import re
from typing import Any

from django.http import Http404

from tracking.models import Site

ALL_SITES = "all"
MOST_SITES = 100
"""As many as one report can be about."""
# What else a URL may hold, a NUL among it, PostgreSQL refuses to compare.
_PUBLIC_ID = re.compile(r"[a-z0-9]{1,16}")


def readable_site(user: Any, public_id: str) -> Site:
    """The site with this public id, if `user` may read its reports; raises Http404.

    Someone else's site and one that does not exist can't be told apart.
    """
    return _found(user, public_id)


def readable_sites(user: Any, key: str) -> tuple[Site, ...]:
    """The sites that `key` names: public ids with `+` between them, or `all`.

    Raises Http404 unless `user` may read each of them, and when there is none, or too many.
    """
    visible = Site.objects.visible_to(user)
    if key == ALL_SITES:
        found = tuple(visible[: MOST_SITES + 1])
        wanted = len(found)
    else:
        public_ids = key.split("+")
        wanted = len(public_ids)
        is_asked = wanted <= MOST_SITES and all(map(_PUBLIC_ID.fullmatch, public_ids))
        found = tuple(visible.filter(public_id__in=public_ids)) if is_asked else ()
    if not 0 < wanted == len(found) <= MOST_SITES:
        raise Http404("No such site.")
    return found


def writable_site(user: Any, public_id: str) -> Site:
    """The site with this public id, if `user` may change it; raises Http404 like readable_site."""
    return _found(user, public_id)


def _found(user: Any, public_id: str) -> Site:
    is_asked = _PUBLIC_ID.fullmatch(public_id)
    site = Site.objects.visible_to(user).filter(public_id=public_id).first() if is_asked else None
    if site is None:
        raise Http404("No such site.")
    return site
