"""The hub of an organization: who may send to its bus, which events it accepts, and a root with its members."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.emulator import eventbridge_patterns
from tests.support import CHECKOUT
from tests.support.terraform import Plan, Root, TerraformError, type_of

ACCOUNT = "123456789012"
REGION = "eu-central-1"
NAME = "key-pair-hub"
MONITOR = "ec2-key-pair-monitor"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{NAME}"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{NAME}/{NAME}"
PATHS = ["o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"]


@pytest.fixture(scope="module")
def root(module_copy: Path, terraform_environment: dict[str, str]) -> Root:
    """The hub as a root."""
    root = Root(module_copy / "modules" / "hub", terraform_environment)
    root.init()
    return root


@pytest.fixture(scope="module")
def hub(root: Root) -> Plan:
    """A plan of a hub for a part of an organization and an account beside it."""
    return root.plan(
        organization={"id": "o-a1b2c3d4e5", "paths": PATHS},
        account_ids=["999999999999"],
        account_names={ACCOUNT: "shop"},
        archive_days=14,
        digest_by="account",
    )


@pytest.fixture(scope="module")
def example(module_copy: Path, terraform_environment: dict[str, str]) -> Plan:
    """A plan of examples/organization."""
    root = Root(module_copy / "examples" / "organization", terraform_environment)
    root.init()
    return root.plan()


def pattern(hub: Plan) -> dict[str, Any]:
    """What the hub's one event rule takes."""
    document: dict[str, Any] = json.loads(hub.resources["aws_cloudwatch_event_rule.members"]["event_pattern"])
    return document


def test_bus_admits_whom_it_names(hub: Plan) -> None:
    """PutEvents and nothing else, for the named part of the organization and the named accounts."""
    policy = json.loads(hub.resources["aws_cloudwatch_event_bus_policy.this"]["policy"])

    assert policy["Statement"] == [
        {
            "Sid": "Organization",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "events:PutEvents",
            "Resource": BUS,
            "Condition": {
                "StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
                "ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": PATHS[0]},
            },
        },
        {
            "Sid": "Accounts",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::999999999999:root"},
            "Action": "events:PutEvents",
            "Resource": BUS,
        },
    ]


@pytest.mark.parametrize(
    ("event", "changed", "taken"),
    [
        ("compliance_change", {}, True),
        ("compliance_change", {"source": "custom"}, False),
        ("compliance_change", {"detail": {"configRuleName": "other"}}, False),
        ("compliance_change", {"detail": {"resourceType": "AWS::S3::Bucket"}}, False),
        ("recorder_call", {}, True),
        ("recorder_call", {"detail": {"eventSource": "ec2.amazonaws.com"}}, False),
        ("alarm", {}, True),
        ("alarm", {"detail": {"alarmName": f"{NAME}-failed-events"}}, False),
        ("alarm", {"detail": {"state": {"value": "OK"}}}, False),
    ],
)
def test_only_what_is_a_monitors_is_taken(hub: Plan, event: str, changed: dict[str, Any], taken: bool) -> None:  # noqa: FBT001
    """Only events of monitors reach the notifier, whoever sends them, and never the hub's own alarms."""
    sent = json.loads((CHECKOUT / f"tests/unit/events/{event}.json").read_text())
    sent |= {key: {**sent[key], **value} if isinstance(value, dict) else value for key, value in changed.items()}

    assert eventbridge_patterns.matches(eventbridge_patterns.parse(json.dumps(pattern(hub))), sent) is taken


def test_events_go_to_the_digest(hub: Plan) -> None:
    """The rule's one target is the digest's queue, which admits that rule, with retries and dead letters."""
    target = hub.resources["aws_cloudwatch_event_target.digest"]
    queue = json.loads(hub.resources["module.notifications.aws_sqs_queue.digest[0]"]["policy"])
    dead_letters = json.loads(hub.resources['module.failures.aws_sqs_queue.dead_letters["events"]']["policy"])

    assert target["retry_policy"] == [{"maximum_event_age_in_seconds": 86400, "maximum_retry_attempts": 185}]
    assert hub.unknown["aws_cloudwatch_event_target.digest"]["dead_letter_config"] == [{"arn": True}]
    for policy in (queue, dead_letters):
        [allowed] = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
        assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": RULE}}


def test_alarms_count_on_the_bus(hub: Plan) -> None:
    """Alarms on the event rule have both dimensions: a custom bus has no metrics with only the rule's name."""
    watched = [
        values["dimensions"]
        for address, values in hub.resources.items()
        if type_of(address) == "aws_cloudwatch_metric_alarm" and values["namespace"] == "AWS/Events"
    ]

    assert watched == [{"EventBusName": NAME, "RuleName": NAME}] * 3


def test_archive_keeps_what_the_rule_takes(hub: Plan, example: Plan) -> None:
    """The archive has the rule's pattern and its days."""
    archive = hub.resources["aws_cloudwatch_event_archive.this[0]"]

    assert json.loads(archive["event_pattern"]) == pattern(hub)
    assert archive["retention_days"] == 14
    assert "module.hub.aws_cloudwatch_event_archive.this[0]" in example.resources


def test_notifier_knows_the_accounts(root: Root, hub: Plan) -> None:
    """The names of the accounts are in the zip, and what one notification is about is handed on."""
    archive = hub.data["module.notifications.data.archive_file.notifier[0]"]
    with zipfile.ZipFile(root.directory / archive["output_path"]) as package:
        assert json.loads(package.read("notifier/account_names.json")) == {ACCOUNT: "shop"}
    call = hub.configuration["root_module"]["module_calls"]["notifications"]["expressions"]
    assert call["digest_by"]["references"] == ["var.digest_by"]


def test_members_wait_for_the_policy(example: Plan) -> None:
    """A bus of the same root reaches the members once it admits them, and they have no topic of their own."""
    output = example.configuration["root_module"]["module_calls"]["hub"]["module"]["outputs"]["event_bus_arn"]

    assert "aws_cloudwatch_event_bus_policy.this" in output["depends_on"]
    for member in ("eu_central_1", "us_east_1"):
        assert example.unknown[f'module.{member}.aws_cloudwatch_event_target.central["NON_COMPLIANT"]']["arn"] is True
        assert not [address for address in example.resources if address.startswith(f"module.{member}.module.notif")]


def test_bad_input_is_named(root: Root) -> None:
    """Each refusal names the input and shows what is right."""
    with pytest.raises(TerraformError) as refused:
        root.plan(
            account_names={"shop": "123456789012"},
            archive_days=0,
            digest_by="team",
            digest_window_seconds=301,
            name=f"{MONITOR}-hub",
            organization={"id": "a1b2c3d4e5", "paths": ["r-ab12/*"]},
            subscriptions={"team": {"protocol": "sqs", "filter_polcy": "{}"}},
        )

    for message in (
        "account_names must map account IDs of twelve digits",
        "archive_days must be null or a whole number",
        'digest_by must be "window" or "account"',
        "digest_window_seconds must be a whole number",
        "name must not begin with a name in monitor_names",
        "organization must be null or hold the ID of an organization",
        "organization must have paths of this organization",
        "invalid: team.filter_polcy",
    ):
        assert message in str(refused.value)
