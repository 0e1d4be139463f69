"""The size and form of docs/service-control-policy.json; tests/oracles asks whether AWS knows what it names."""

import json
from typing import Any

from tests.support import CHECKOUT

PATH = CHECKOUT / "docs/service-control-policy.json"
STATEMENTS: dict[str, dict[str, Any]] = {each["Sid"]: each for each in json.loads(PATH.read_text())["Statement"]}


def listed(value: Any) -> list[Any]:
    """A policy's element that may stand alone."""
    return value if isinstance(value, list) else [value]


def test_fits_into_a_service_control_policy() -> None:
    """The file has at most 5,120 characters as it is, for only the console leaves white space uncounted.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
    """
    assert len(PATH.read_text()) <= 5120


def test_only_denies_and_spares_whoever_applies() -> None:
    """Each statement denies, and leaves out the role that applies Terraform."""
    assert {each["Effect"] for each in STATEMENTS.values()} == {"Deny"}
    for statement in STATEMENTS.values():
        spared = listed(statement["Condition"]["ArnNotLike"]["aws:PrincipalArn"])
        assert "arn:aws:iam::*:role/platform" in spared


def test_the_form_that_a_reader_edits() -> None:
    """Actions stand in alphabetical order and no statement is empty, so that a change is easy to read."""
    for statement in STATEMENTS.values():
        assert statement["Action"] == sorted(set(statement["Action"]))
