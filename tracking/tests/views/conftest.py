"""What most tests of pages begin with."""

from typing import Any

import pytest
from django.test import Client

from tracking.tests.factories import SiteFactory


@pytest.fixture
def site(client: Client) -> Any:
    """A site, whose owner is signed in."""
    made = SiteFactory()
    client.force_login(made.owner)
    return made
