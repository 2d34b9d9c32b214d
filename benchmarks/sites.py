"""Adds sites to an instance, and prints their public ids as JSON."""

import json
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracking_project.settings")

import django

django.setup()

from accounts.models import User  # noqa: E402 - needs Django to be set up
from tracking.models import Site  # noqa: E402

owner = User.objects.get()
sites = [
    Site.objects.create(name=f"Site {number}", base_url="https://site.example", owner=owner)
    for number in range(int(sys.argv[1]))
]
print(json.dumps([site.public_id for site in sites]))
