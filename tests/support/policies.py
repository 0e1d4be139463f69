"""Reads the policies of a plan."""

import json
import re
from typing import Any

from tests.oracles.policies import deferred_policy, listed
from tests.support.terraform import Plan

ACCOUNT = "123456789012"

# The actions that services call with a function's role, which the code does not show, and the page that documents them.
BY_LAMBDA = {
    "logs:CreateLogStream": "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html",
    "logs:PutLogEvents": "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html",
}
BY_LAMBDA_WITH_DEAD_LETTERS = BY_LAMBDA | {
    "sqs:SendMessage": "https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html",
}
BY_SNS = {
    "kms:Decrypt": "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html",
    "kms:GenerateDataKey": "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html",
}


def statements(policy: str) -> dict[str, dict[str, Any]]:
    """Return a policy's statements by their sid."""
    return {each["Sid"]: each for each in json.loads(policy)["Statement"]}


def allowed(plan: Plan, module: str, role: str = "") -> dict[str, list[str | None]]:
    """Return the actions that the roles' policies allow, with their resources; None is known only after the apply.

    Args:
        plan: the plan to read.
        module: the address of the module call, such as ``module.ec2_key_pair_monitor.``.
        role: the beginning of the policies' resource names; empty means every role.
    """
    found: dict[str, list[str | None]] = {}
    for address, values in plan.resources.items():
        if re.match(rf"{re.escape(module)}(module\.\w+(\[0\])?\.)?aws_iam_role_policy\.{role}", address):
            data = plan.data.get(address.replace("aws_iam_role_policy", "data.aws_iam_policy_document"), {})
            policy = json.loads(values["policy"]) if values.get("policy") else deferred_policy(data)
            for statement in policy["Statement"]:
                assert statement["Effect"] == "Allow"
                for action in listed(statement["Action"]):
                    found.setdefault(action, []).extend(listed(statement.get("Resource")))
    return found
