"""The licences of what we build on: all named, all allowed."""

import pytest

from tests.licences import EXCEPTIONS, FILE, Package, is_allowed, packages, text


def test_the_file_names_every_pinned_package_as_it_is_installed() -> None:
    assert FILE.read_text() == text(), "write it anew: make licences"


def test_every_licence_is_allowed() -> None:
    assert [one for one in packages() if not is_allowed(one)] == []
    assert EXCEPTIONS.keys() <= {one.name for one in packages()}


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND GPL-3.0-only", False),
        ("AGPL-3.0-only", False),
        ("", False),
    ],
)
def test_a_choice_needs_one_allowed_licence_and_a_sum_all(licence: str, allowed: bool) -> None:
    assert is_allowed(Package("some-package", "1.0", licence)) is allowed
