"""The docs name what there is."""

import re

from tests.instance import ROOT
from tracking.collect.payload import FIELDS
from tracking_project.environment import READ


def names_in_table(page: str, heading: str) -> set[str]:
    """What stands in backticks in the first column of the table under a heading."""
    text = ROOT.joinpath("docs", page).read_text().partition(heading)[2]
    table = text.partition("\n## ")[0]
    return set(re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE))


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    assert names_in_table("settings.md", "# Settings") == set(READ)


def test_every_field_of_the_wire_is_documented_and_nothing_else_is() -> None:
    assert names_in_table("events.md", "## `POST /t/SITE`") == set(FIELDS)
