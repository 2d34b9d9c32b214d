"""The pages beside the code name files that exist."""

import re

import pytest

from tests.instance import ROOT


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_every_relative_link_leads_to_a_file(page: str) -> None:
    text = ROOT.joinpath(page).read_text()
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)

    assert [target for target in targets if not ROOT.joinpath(target).exists()] == []


def test_the_readme_names_only_make_targets_that_exist() -> None:
    named = set(re.findall(r"^make (\w+)", ROOT.joinpath("README.md").read_text(), re.MULTILINE))
    targets = set(re.findall(r"^(\w+):", ROOT.joinpath("Makefile").read_text(), re.MULTILINE))

    assert named
    assert named <= targets
