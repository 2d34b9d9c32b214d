"""Rows for tests."""

from typing import Any

import factory
from django.contrib.auth import get_user_model
from django.utils import timezone

from tracking.models import Site


class UserFactory(factory.django.DjangoModelFactory):
    """A confirmed person, with the password `correct horse battery`."""

    class Meta:
        model = get_user_model()
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"owner{n}@example.org")
    confirmed_at = factory.LazyFunction(timezone.now)

    @factory.post_generation
    def password(self: Any, create: bool, extracted: str | None, **kwargs: object) -> None:
        self.set_password(extracted or "correct horse battery")
        if create:
            self.save()


class SiteFactory(factory.django.DjangoModelFactory):
    """A site of a new owner, its days in UTC."""

    class Meta:
        model = Site

    name = factory.Sequence(lambda n: f"Site {n}")
    base_url = factory.Sequence(lambda n: f"https://site{n}.example.org")
    owner = factory.SubFactory(UserFactory)
    timezone = "UTC"
