"""The monitor watches itself: alarms and the recorder, told through the module's own topic."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REGION
from tests.e2e.conftest import ITSELF, Deploy, Deployment
from tests.emulator import cloudwatch_metrics, config_control, config_delivery, eventbridge, faults, sns
from tests.emulator.cloudwatch_alarms import evaluate_alarms
from tests.emulator.faults import Kind

PERIOD = timedelta(hours=24)
INPUTS = {"evaluation_frequency": "TwentyFour_Hours", "notification_emails": ["security@example.com"]}


@pytest.fixture(scope="module")
def scheduled(deploy: Deploy) -> Iterator[Deployment]:
    """The module with a schedule and an address, and everything else with the defaults."""
    with deploy(ITSELF, **INPUTS) as deployment:
        yield deployment


@pytest.fixture
def monitor(scheduled: Deployment) -> Iterator[Deployment]:
    """The same with every alarm at rest before, and every fault removed after."""
    cloudwatch_metrics.points(REGION).clear()
    evaluate_alarms(REGION)
    yield scheduled
    faults.reset()
    sns.bounces(REGION).clear()


def states(monitor: Deployment, after: timedelta) -> dict[str, str]:
    """The alarms' states after some time."""
    return monitor.alarm_states(datetime.now(UTC) + after)


def test_second_plan_is_empty(monitor: Deployment) -> None:
    """The hour in which the schedule began is remembered and not taken anew by each plan."""
    plan = monitor.root.plan(**INPUTS)

    assert plan.is_empty, plan.changes


def test_quiet_account_is_not_alarmed(monitor: Deployment) -> None:
    """Neither silence nor an instance that is evaluated and notified raises an alarm."""
    monitor.launch()

    assert monitor.raised() == set()


def test_failing_function(monitor: Deployment) -> None:
    """A function that fails raises an alarm, and what it could not evaluate another; both arrive by mail."""
    faults.inject("PutEvaluations", Kind.INTERNAL_ERROR, times=12)
    before = len(monitor.notifications())
    monitor.launch()

    assert monitor.raised() == {"evaluator-errors", "dead-evaluations"}
    mails = monitor.notifications()[before:]
    assert {mail.subject for mail in mails} == {
        f'ALARM: "{monitor.rule_name}-{alarm}" in {REGION}' for alarm in ("evaluator-errors", "dead-evaluations")
    }
    assert all("irst look at" in json.loads(mail.body.partition("\n\n--\n")[0])["AlarmDescription"] for mail in mails)
    assert len(monitor.dead_letters("evaluations")) == 1


def test_dead_letters_that_cannot_be_kept(monitor: Deployment) -> None:
    """An event that is lost, since the role may no longer write its dead letters, raises an alarm."""
    faults.inject("PutEvaluations", Kind.INTERNAL_ERROR, times=12)
    with monitor.without("sqs:SendMessage"):
        monitor.launch()

    assert monitor.raised() == {"evaluator-errors", "lost-dead-letters"}


def test_notification_that_cannot_be_delivered(monitor: Deployment) -> None:
    """An e-mail that bounces raises an alarm, and so does the queue that keeps it."""
    sns.bounces(REGION).add("security@example.com")
    monitor.launch()

    assert monitor.raised() == {"failed-deliveries", "dead-deliveries"}
    assert len(monitor.dead_letters("deliveries")) >= 1


def test_notification_that_cannot_be_published(monitor: Deployment) -> None:
    """A key that locks EventBridge out raises an alarm, and so does the queue that keeps the event."""
    kms = monitor.client("kms")
    topic = monitor.client("sns").get_topic_attributes(TopicArn=monitor.outputs["topic_arn"])["Attributes"]
    policy = json.loads(kms.get_key_policy(KeyId=topic["KmsMasterKeyId"], PolicyName="default")["Policy"])
    broken = {**policy, "Statement": [each for each in policy["Statement"] if each["Sid"] != "Publishers"]}
    kms.put_key_policy(KeyId=topic["KmsMasterKeyId"], PolicyName="default", Policy=json.dumps(broken))
    try:
        monitor.launch()
    finally:
        kms.put_key_policy(KeyId=topic["KmsMasterKeyId"], PolicyName="default", Policy=json.dumps(policy))

    assert monitor.raised() == {"failed-events-non-compliant", "dead-notifications"}
    assert len(monitor.dead_letters("notifications")) == 1


@contextmanager
def closed(monitor: Deployment, purpose: str) -> Iterator[None]:
    """Let a queue of dead letters admit nobody for a while."""
    sqs = monitor.client("sqs")
    url = sqs.get_queue_url(QueueName=f"{monitor.rule_name}-dead-{purpose}")["QueueUrl"]
    policy = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    denials = [each for each in json.loads(policy)["Statement"] if each["Effect"] == "Deny"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": denials})})
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


def test_event_that_cannot_be_kept(monitor: Deployment) -> None:
    """An event that is lost, since its queue no longer admits EventBridge, raises an alarm of its own."""
    topic = {"TopicArn": monitor.outputs["topic_arn"], "AttributeName": "Policy"}
    client = monitor.client("sns")
    policy = client.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]["Policy"]
    others = [each for each in json.loads(policy)["Statement"] if each["Sid"] != "EventBridge"]
    client.set_topic_attributes(**topic, AttributeValue=json.dumps({"Statement": others}))
    try:
        with closed(monitor, "notifications"):
            monitor.launch()
    finally:
        client.set_topic_attributes(**topic, AttributeValue=policy)

    assert monitor.raised() == {"failed-events-non-compliant", "lost-events-non-compliant"}


def test_delivery_that_cannot_be_kept(monitor: Deployment) -> None:
    """An e-mail that is lost, since its queue no longer admits SNS, raises an alarm of its own."""
    sns.bounces(REGION).add("security@example.com")
    with closed(monitor, "deliveries"):
        monitor.launch()
    sns.bounces(REGION).clear()  # the e-mail of the alarm would bounce as well, and be kept

    assert monitor.raised() == {"failed-deliveries", "lost-deliveries"}


@pytest.mark.parametrize(("outage", "is_told"), [(timedelta(minutes=10), False), (timedelta(hours=30), True)])
def test_outage_is_known_within_the_hour(monitor: Deployment, outage: timedelta, is_told: bool) -> None:  # noqa: FBT001
    """An outage of SNS raises an alarm within an hour, before any event fails. A short disturbance raises none."""
    eventbridge.outages(REGION)[monitor.outputs["topic_arn"]] = outage
    try:
        monitor.launch()
    finally:
        eventbridge.outages(REGION).clear()

    minutes = [states(monitor, timedelta(minutes=minutes)) for minutes in range(0, 61, 5)]
    assert {each["failed-events-non-compliant"] for each in minutes} == {"OK"}
    assert (minutes[-1]["delayed-events-non-compliant"] == "ALARM") == is_told
    assert {each["delayed-events-non-compliant"] for each in minutes} == ({"OK", "ALARM"} if is_told else {"OK"})
    assert len(monitor.dead_letters("notifications")) == is_told


def test_incomplete_sweep(monitor: Deployment) -> None:
    """A sweep that meets an instance that it can't read ends, says so, and raises an alarm."""
    instance = monitor.launch("mine")
    config_control.make_unreadable(REGION, instance)

    config_delivery.fire_schedule(REGION)
    monitor.aws.settle()
    monitor.client("ec2").terminate_instances(InstanceIds=[instance])
    monitor.aws.settle()

    assert monitor.raised() == {"sweep-incomplete"}


def first_hour(monitor: Deployment) -> datetime:
    """The hour in which the module was applied, from which the alarm on overdue sweeps counts."""
    name = f"{monitor.rule_name}-sweep-overdue"
    [alarm] = monitor.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    [expression] = [each["Expression"] for each in alarm["Metrics"] if "Expression" in each]
    [hour] = re.findall(r"\b\d{10}\b", expression)
    return datetime.strptime(hour, "%Y%m%d%H").replace(tzinfo=UTC)


def test_overdue_sweep(monitor: Deployment) -> None:
    """A sweep is overdue only after twice the period has passed, and until the next sweep has ended."""
    hour, minute = timedelta(hours=1), timedelta(minutes=1)
    overdue = first_hour(monitor) + hour + 2 * PERIOD

    assert monitor.alarm_states(overdue - minute)["sweep-overdue"] == "OK"
    before = len(monitor.notifications())
    assert monitor.alarm_states(overdue)["sweep-overdue"] == "ALARM"
    assert f'ALARM: "{monitor.rule_name}-sweep-overdue"' in monitor.notifications()[before].subject

    config_delivery.fire_schedule(REGION)
    monitor.aws.settle()
    [ended] = [point for point in cloudwatch_metrics.points(REGION) if point.name == "SweepComplete"]
    cloudwatch_metrics.points(REGION).append(replace(ended, at=ended.at + PERIOD))
    assert monitor.alarm_states(overdue)["sweep-overdue"] == "OK"
    assert monitor.alarm_states(ended.at + 3 * PERIOD - hour)["sweep-overdue"] == "OK"
    assert monitor.alarm_states(ended.at + 3 * PERIOD + hour)["sweep-overdue"] == "ALARM"


CALLS: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "PutConfigurationRecorder": lambda client, recorder: client.put_configuration_recorder(
        ConfigurationRecorder=recorder
    ),
    "StopConfigurationRecorder": lambda client, recorder: client.stop_configuration_recorder(
        ConfigurationRecorderName=recorder["name"]
    ),
    "DeleteConfigurationRecorder": lambda client, recorder: client.delete_configuration_recorder(
        ConfigurationRecorderName=recorder["name"]
    ),
    "AssociateResourceTypes": lambda client, recorder: client.associate_resource_types(
        ConfigurationRecorderArn=recorder["arn"], ResourceTypes=["AWS::EC2::Volume"]
    ),
    "DisassociateResourceTypes": lambda client, recorder: client.disassociate_resource_types(
        ConfigurationRecorderArn=recorder["arn"], ResourceTypes=["AWS::EC2::Instance"]
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_recorder_that_is_touched(monitor: Deployment, call: str) -> None:
    """Whoever stops, deletes or changes the recorder is named in a notification at once."""
    client = monitor.client("config")
    [recorder] = client.describe_configuration_recorders()["ConfigurationRecorders"]
    before = len(monitor.notifications())
    CALLS[call](client, recorder)
    monitor.aws.settle()
    mails = monitor.notifications()[before:]
    client.put_configuration_recorder(ConfigurationRecorder=recorder)
    client.start_configuration_recorder(ConfigurationRecorderName=recorder["name"])
    monitor.aws.settle()

    [mail] = mails
    message = json.loads(mail.body.partition("\n\n--\n")[0])
    assert message["what_happened"].startswith(f"{call} was called on AWS Config in {REGION}")
    assert message["who"] == "arn:aws:iam::123456789012:user/administrator"


@pytest.mark.parametrize("identity", ["JohnDoe", "assumed_role", "aws_service"])
def test_recorder_that_is_touched_by_anybody(monitor: Deployment, identity: str) -> None:
    """The call is told whoever made it, by its ARN if it has one: a user, a role's session, or an AWS service."""
    published = json.loads((Path(__file__).parents[1] / "oracles/recordings/published_events.json").read_text())
    call = published["recorder_call"]
    call["userIdentity"] = published.get(identity, call["userIdentity"])
    before = len(monitor.notifications())
    eventbridge.publish(REGION, "aws.config", "AWS API Call via CloudTrail", call)
    monitor.aws.settle()

    [mail] = monitor.notifications()[before:]
    assert json.loads(mail.body.partition("\n\n--\n")[0])["who"] == call["userIdentity"].get("arn", "")
