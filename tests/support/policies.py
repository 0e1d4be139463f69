"""Reads the policies of a plan."""

import json
import re
from dataclasses import replace
from typing import Any

from tests.oracles.policies import deferred_policy, listed
from tests.support.terraform import Plan

ACCOUNT = "123456789012"

# What the services do with the reporter's role, which no code shows, and the page that says so.
BY_SERVICES = {
    "kms:Decrypt": "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html",
    "kms:GenerateDataKey": "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html",
    "logs:CreateLogStream": "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html",
    "logs:PutLogEvents": "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html",
    "sqs:SendMessage": "https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html",
}


def statements(policy: str) -> dict[str, dict[str, Any]]:
    """Return a policy's statements by their sid."""
    return {each["Sid"]: each for each in json.loads(policy)["Statement"]}


def allowed(plan: Plan, module: str) -> dict[str, list[str | None]]:
    """Return the actions that the roles' policies allow, with their resources; None is known only after the apply."""
    found: dict[str, list[str | None]] = {}
    for address, values in plan.resources.items():
        if re.match(rf"{re.escape(module)}(module\.\w+(\[0\])?\.)?aws_iam_role_policy\.", address):
            data = plan.data.get(address.replace("aws_iam_role_policy", "data.aws_iam_policy_document"), {})
            policy = json.loads(values["policy"]) if values.get("policy") else deferred_policy(data)
            for statement in policy["Statement"]:
                assert statement["Effect"] == "Allow"
                for action in listed(statement["Action"]):
                    found.setdefault(action, []).extend(listed(statement.get("Resource")))
    return found


def allowed_to(plan: Plan, role: str) -> dict[str, list[str | None]]:
    """Return what a role is allowed, each action with its resources."""
    own = {address: each for address, each in plan.resources.items() if f"aws_iam_role_policy.{role}" in address}
    return allowed(replace(plan, resources=own), "")
