"""Least privilege: the role allows only what the code calls and what Lambda calls with the role."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from evaluator.reporting import ConfigClient

from tests.support.handlers import Context, RecordingConfig, result, sample
from tests.support.policies import ACCOUNT, BY_LAMBDA_WITH_DEAD_LETTERS, allowed
from tests.support.terraform import Plan

INSIDE = "module.ec2_key_pair_monitor."


def called(config: RecordingConfig, events: Iterable[dict[str, Any]]) -> set[str]:
    """The permissions that the code needs to work off events."""
    from evaluator.handler import lambda_handler  # noqa: PLC0415  (after the unit tests' region is set)

    for event in events:
        lambda_handler(event, Context())
    return {f"config:{api}" for api, _ in config.calls}


def changes(config: RecordingConfig) -> list[dict[str, Any]]:
    """A change and an oversized one, whose item is in the history."""
    history = {
        "resourceType": "AWS::EC2::Instance",
        "resourceId": "i-0123456789abcdef0",
        "configurationItemStatus": "OK",
        "configurationItemCaptureTime": datetime(2026, 3, 1, 10, tzinfo=UTC),
        "configuration": json.dumps({"keyName": "ops", "state": {"name": "running"}}),
    }
    config.answers["GetResourceConfigHistory"] = [{"configurationItems": [history]}]
    return [sample("change"), sample("oversized", {"configurationItemCaptureTime": "2026-03-01T10:00:00Z"})]


def schedule(config: RecordingConfig) -> dict[str, Any]:
    """A schedule, whose sweep finds a result without an instance."""
    config.answers["GetComplianceDetailsByConfigRule"] = [{"EvaluationResults": [result("i-gone")]}]
    return sample("schedule")


def test_without_a_schedule(defaults: Plan, config: RecordingConfig) -> None:
    """Without a schedule the role may do what changes need, and nothing that only a sweep calls."""
    assert set(allowed(defaults, "")) == called(config, changes(config)) | set(BY_LAMBDA_WITH_DEAD_LETTERS)


def test_with_a_schedule(everything: Plan, config: RecordingConfig) -> None:
    """With a schedule the role may do what the code ever calls, and nothing else."""
    calls = called(config, [*changes(config), schedule(config)])

    assert set(allowed(everything, INSIDE)) == calls | set(BY_LAMBDA_WITH_DEAD_LETTERS)


def test_the_recorded_calls_are_all_there_are(config: RecordingConfig) -> None:
    """Every method of the code's client type was called and recorded, so that no needed permission is overlooked."""
    calls = called(config, [*changes(config), schedule(config)])

    known = {name for name in vars(ConfigClient) if not name.startswith("_")}
    assert {f"config:{''.join(part.title() for part in name.split('_'))}" for name in known} == calls


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("logs:CreateLogStream", "logs:eu-central-1:{account}:log-group:/aws/lambda/ec2-key-pair-monitor-evaluator:*"),
        ("logs:PutLogEvents", "logs:eu-central-1:{account}:log-group:/aws/lambda/ec2-key-pair-monitor-evaluator:*"),
        ("sqs:SendMessage", "sqs:eu-central-1:{account}:ec2-key-pair-monitor-dead-evaluations"),
    ],
)
def test_own_resources_only(defaults: Plan, action: str, resource: str) -> None:
    """Logs and dead letters go to the function's own log group and queue."""
    assert allowed(defaults, "")[action] == [f"arn:aws:{resource.format(account=ACCOUNT)}"]


def test_everywhere_only_what_knows_no_resource(everything: Plan) -> None:
    """Only actions of AWS Config without resource-level permissions have the resource *."""
    permissions = allowed(everything, INSIDE)

    assert {action for action, resources in permissions.items() if "*" in resources} == {
        "config:BatchGetResourceConfig",
        "config:GetResourceConfigHistory",
        "config:PutEvaluations",
        "config:SelectResourceConfig",
    }


def test_results_of_rules_may_be_listed_before_there_is_one(everything: Plan) -> None:
    """The first sweep starts with the rule, so its permission covers the region's rules and needs no rule's ARN."""
    assert allowed(everything, INSIDE)["config:GetComplianceDetailsByConfigRule"] == [
        f"arn:aws:config:eu-central-1:{ACCOUNT}:config-rule/*"
    ]
