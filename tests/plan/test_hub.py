"""The hub of an organization: who may send to its bus, which events it accepts, and a root with its members."""

import json
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from notifier.findings import Place

from tests.emulator import eventbridge_patterns
from tests.support import CHECKOUT
from tests.support.aggregator import RULE, There
from tests.support.cases import PlanEach, RefuseEach
from tests.support.policies import BY_LAMBDA_WITH_DEAD_LETTERS, BY_SNS, allowed
from tests.support.reporter import MONDAY, NEXT_MONDAY, HubEdge
from tests.support.terraform import Plan, Root

ACCOUNT = "123456789012"
REGION = "eu-central-1"
NAME = "key-pair-hub"
MONITOR = "ec2-key-pair-monitor"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{NAME}"
EVENT_RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{NAME}/{NAME}"
ORGANIZATION = {"organization": {"id": "o-a1b2c3d4e5"}}
REPORT = {
    "report_schedule": {"expression": "cron(0 8 ? * MON *)", "timezone": "Europe/Berlin"},
    "sns_topic": {"arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"},  # so that a plan shows the function's variables
}
AGGREGATOR = "aws_config_configuration_aggregator.this[0]"
REPORTER = "module.notifications.aws_lambda_function.reporter[0]"
READS = [
    "config:DescribeAggregateComplianceByConfigRules",
    "config:DescribeConfigurationAggregatorSourcesStatus",
    "config:GetAggregateComplianceDetailsByConfigRule",
    "config:SelectAggregateResourceConfig",
]
PATHS = ["o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"]


@pytest.fixture(scope="module")
def plans(plan_each: PlanEach) -> dict[str, Plan]:
    """A plan for each set of inputs."""
    return plan_each(
        {
            "parted": {
                "organization": {"id": "o-a1b2c3d4e5", "paths": PATHS},
                "account_ids": ["999999999999"],
                "account_names": {ACCOUNT: "shop"},
                "archive_days": 14,
                "digest_by": "account",
            },
            "alarms_elsewhere": {**ORGANIZATION, "alarm_topic_arns": [f"arn:aws:sns:{REGION}:{ACCOUNT}:on-call"]},
            "reporting": {**ORGANIZATION, **REPORT, "aggregator": {}},
            "existing_aggregator": {
                **ORGANIZATION,
                **REPORT,
                "aggregator": {"name": "organization"},
                "monitor_names": ["b", "a"],
            },
        },
        "modules/hub",
    )


@pytest.fixture(scope="module")
def hub(plans: dict[str, Plan]) -> Plan:
    """A plan of a hub for a part of an organization and an account beside it."""
    return plans["parted"]


@pytest.fixture(scope="module")
def reporting(plans: dict[str, Plan]) -> Plan:
    """A plan of a hub with a report, which creates its aggregator."""
    return plans["reporting"]


@pytest.fixture(scope="module")
def example(root_in: Callable[[str], Root]) -> Plan:
    """A plan of examples/organization."""
    return root_in("examples/organization").plan()


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
        assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": EVENT_RULE}}


def test_only_alarms_publish_beside_the_notifier(hub: Plan, plans: dict[str, Plan]) -> None:
    """No event rule publishes to the hub's topic, so its policy and its key admit CloudWatch alone, or no service."""
    topic = json.loads(hub.resources["module.notifications.aws_sns_topic_policy.this[0]"]["policy"])
    key = json.loads(hub.resources["module.notifications.aws_kms_key.topic[0]"]["policy"])
    services = [
        each["Principal"]["Service"] for each in topic["Statement"] + key["Statement"] if each["Sid"] != "Owner"
    ]
    alone = json.loads(plans["alarms_elsewhere"].resources["module.notifications.aws_kms_key.topic[0]"]["policy"])

    assert services == ["cloudwatch.amazonaws.com"] * 2
    assert [each["Sid"] for each in alone["Statement"]] == ["Owner"]


def test_alarms_count_on_the_bus(hub: Plan) -> None:
    """Alarms on the event rule have both dimensions: a custom bus has no metrics with only the rule's name."""
    alarms = hub.of_type("aws_cloudwatch_metric_alarm")
    watched = [each["dimensions"] for each in alarms if each["namespace"] == "AWS/Events"]

    assert watched == [{"EventBusName": NAME, "RuleName": NAME}] * 3


def test_archive_keeps_what_the_rule_takes(hub: Plan, example: Plan) -> None:
    """The archive has the rule's pattern and its days."""
    archive = hub.resources["aws_cloudwatch_event_archive.this[0]"]

    assert json.loads(archive["event_pattern"]) == pattern(hub)
    assert archive["retention_days"] == 14
    assert "module.hub.aws_cloudwatch_event_archive.this[0]" in example.resources


def test_notifier_knows_the_accounts(hub: Plan) -> None:
    """The names of the accounts are in the zip, and what one notification is about is handed on."""
    archive = hub.data["module.notifications.data.archive_file.notifier[0]"]
    with zipfile.ZipFile(hub.directory / archive["output_path"]) as package:
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


# The report


def test_no_report_by_default(hub: Plan) -> None:
    """Without a schedule there is no aggregator, no role of it, no reporter and no table."""
    found = [*hub.resources, *hub.data]

    assert not [address for address in found if re.search("aggregator|report|scheduler|dynamodb", address)]


def test_aggregator_reads_the_organization(reporting: Plan) -> None:
    """The aggregator reads all regions, with a role that only AWS Config may assume, and only for this account."""
    aggregator = reporting.resources[AGGREGATOR]
    role = reporting.resources["aws_iam_role.aggregator[0]"]
    [trust] = json.loads(role["assume_role_policy"])["Statement"]

    assert (aggregator["name"], aggregator["account_aggregation_source"]) == (NAME, [])
    assert aggregator["organization_aggregation_source"][0]["all_regions"] is True
    assert (trust["Action"], trust["Principal"]) == ("sts:AssumeRole", {"Service": "config.amazonaws.com"})
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    assert reporting.resources["aws_iam_role_policy_attachment.aggregator[0]"]["policy_arn"] == (
        "arn:aws:iam::aws:policy/service-role/AWSConfigRoleForOrganizations"
    )


def test_report_reads_the_aggregator(reporting: Plan) -> None:
    """The reporter knows the aggregator and the names of the monitors."""
    environment = reporting.resources[REPORTER]["environment"][0]["variables"]

    assert (environment["AGGREGATOR_NAME"], environment["RULE_NAMES"]) == (NAME, MONITOR)
    assert environment["RULE_NAME"] == NAME


def test_reporter_may_do_what_it_calls(reporting: Plan, hub_edge: HubEdge) -> None:
    """The role may do what the code calls and what services do with it, and no more; each on its own resources."""
    hub_edge.aggregator.places[Place("222222222222", REGION)] = There({RULE: {"i-1": "NON_COMPLIANT"}}, 1)
    for scheduled in (MONDAY, NEXT_MONDAY):
        hub_edge.report(scheduled)
    called = {f"config:{api}" for api in hub_edge.aggregator.calls}
    remembered = {f"dynamodb:{api}" for api, _ in hub_edge.table.calls}
    found = allowed(reporting, "", "reporter")

    assert set(found) == called | remembered | {"sns:Publish"} | set(BY_LAMBDA_WITH_DEAD_LETTERS | BY_SNS)
    # The ARN of the aggregator is known only after the apply.
    assert {action for action, arns in found.items() if arns == [None]} == called == set(READS)
    table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{NAME}-reports"
    assert {action: arns for action, arns in found.items() if "dynamodb" in action} == {
        action: [table] for action in remembered
    }


def test_report_costs_what_is_documented(reporting: Plan) -> None:
    """The report adds as many alarms and metrics as docs/costs.md says of a monitor's report."""
    [documented] = re.findall(r"a report adds: (\d+) and (\d+) ", (CHECKOUT / "docs/costs.md").read_text())
    charged = ("aws_cloudwatch_metric_alarm", "aws_cloudwatch_log_metric_filter")
    added = [address for address in reporting.resources if "report" in address]

    assert tuple(str(sum(kind in address for address in added)) for kind in charged) == documented


def test_report_reads_an_existing_aggregator(plans: dict[str, Plan]) -> None:
    """With a name, nothing is created for AWS Config, and the reporter may read every aggregator of its region."""
    plan = plans["existing_aggregator"]
    environment = plan.resources[REPORTER]["environment"][0]["variables"]
    reads = {action: arns for action, arns in allowed(plan, "", "reporter").items() if action.startswith("config:")}

    assert not [address for address in plan.resources if address.startswith(("aws_config_", "aws_iam_"))]
    assert (environment["AGGREGATOR_NAME"], environment["RULE_NAMES"]) == ("organization", "a,b")
    every = f"arn:aws:config:{REGION}:{ACCOUNT}:config-aggregator/*"
    assert reads == {action: [every] for action in READS}


# Bad input


@pytest.fixture(scope="module")
def refused(refuse_each: RefuseEach) -> dict[str, str]:
    """The messages with which each set of bad inputs is refused."""
    found = refuse_each(
        {
            "many": {
                **REPORT,
                "account_names": {"shop": "123456789012"},
                "archive_days": 0,
                "digest_by": "team",
                "digest_window_seconds": 301,
                "name": f"{MONITOR}-hub",
                "organization": {"id": "a1b2c3d4e5", "paths": ["r-ab12/*"]},
                "subscriptions": {"team": {"protocol": "sqs", "filter_polcy": "{}"}},
            },
            "elsewhere": {
                "alarm_topic_arns": [f"arn:aws-cn:sns:{REGION}:{ACCOUNT}:on-call"],
                "kms_key": {"arn": f"arn:aws-cn:kms:{REGION}:{ACCOUNT}:key/1"},
                "organization": {"id": "o-a1b2c3d4e5", "paths": ["o-a1b2c3d4e5/r-ab12/ou-ab12-11111111"]},
                "permissions_boundary_arn": "arn:aws:iam::999999999999:policy/boundary",
                "sns_topic": {"arn": f"arn:aws:sns:us-east-1:{ACCOUNT}:alerts"},
                "tags": {"Team": "a", "team": "b"},
            },
            "fifo": {**ORGANIZATION, "sns_topic": {"arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts.fifo"}},
            "aggregator": {**ORGANIZATION, "aggregator": {"name": "arn:aws:config"}},
            "misspelt_aggregator": {**ORGANIZATION, **REPORT, "aggregator": {"nmae": "organization"}},
            "schedule": {**ORGANIZATION, "aggregator": {}, "report_schedule": {"expression": "every monday"}},
        },
        "modules/hub",
    )
    return {name: "\n".join(messages) for name, messages in found.items()}


def test_bad_input_is_named(refused: dict[str, str]) -> None:
    """Each refusal names the input and shows what is right."""
    for message in (
        "account_names must map account IDs of twelve digits",
        "report_schedule needs aggregator, from which",
        "archive_days must be null or a whole number",
        'digest_by must be "window" or "account"',
        "digest_window_seconds must be a whole number",
        "name must not begin with a name in monitor_names",
        "organization must be null or hold the ID of an organization",
        "organization must have paths of this organization",
        "invalid: team.filter_polcy",
    ):
        assert message in refused["many"]


@pytest.mark.parametrize(
    "message",
    [
        f"alarm_topic_arns must be null or a list of at most five ARNs of standard SNS topics in {REGION}, such as",
        f"kms_key must be null or hold the ARN of a key in {REGION}",
        "organization must have paths of this organization that begin with its ID and its root and end with / or *",
        "permissions_boundary_arn must be null or the ARN of an IAM policy of AWS or of this account",
        "sns_topic must be null or hold the ARN of a standard topic in the account and region of the hub",
        'tags must be 50 at most, such as { team = "security" }',
    ],
)
def test_what_belongs_elsewhere_is_refused(refused: dict[str, str], message: str) -> None:
    """What is of another partition, account or region, and what AWS would refuse or never match, is refused."""
    assert message in refused["elsewhere"]


def test_fifo_topic_is_refused(refused: dict[str, str]) -> None:
    """The notifier cannot publish to a FIFO topic, and no alarm would arrive there."""
    assert "sns_topic must be null or hold the ARN of a standard topic" in refused["fifo"]


def test_bad_aggregator_is_named(refused: dict[str, str]) -> None:
    """An aggregator needs a name that AWS Config can have, and a report that reads it."""
    assert "aggregator must have the name of an AWS Config aggregator, 1 to 256 letters" in refused["aggregator"]
    assert 'invalid: {"name":"arn:aws:config"}.' in refused["aggregator"]
    assert "aggregator needs report_schedule, because only the report reads" in refused["aggregator"]
    assert 'invalid: {"nmae":"organization"}' in refused["misspelt_aggregator"]


def test_bad_schedule_is_named(refused: dict[str, str]) -> None:
    """The schedule is checked as the root's is."""
    assert "report_schedule must have an expression of EventBridge Scheduler" in refused["schedule"]
