"""A view's only way to a site: through the person who asks."""

from typing import Any

from django.http import Http404

from tracking.models import Site


def readable_site(user: Any, public_id: str) -> Site:
    """The site with this public id, if `user` may read its reports; raises Http404.

    Someone else's site and one that does not exist can't be told apart.
    """
    return _found(user, public_id)


def writable_site(user: Any, public_id: str) -> Site:
    """The site with this public id, if `user` may change it; raises Http404 like readable_site."""
    return _found(user, public_id)


def _found(user: Any, public_id: str) -> Site:
    site = Site.objects.visible_to(user).filter(public_id=public_id).first()
    if site is None:
        raise Http404("No such site.")
    return site
