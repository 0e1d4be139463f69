"""What the planned policies and event patterns allow without any input, evaluated like AWS does."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.emulator import eventbridge_patterns, policies
from tests.support.terraform import Plan

ACCOUNT = "123456789012"
REGION = "eu-central-1"
NAME = "ec2-key-pair-monitor"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:{NAME}"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{NAME}"
ALARM = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{NAME}"
LOG = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/{NAME}-evaluator"
DEAD = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{NAME}-dead"
EVENTS, ALARMS, SNS = "events.amazonaws.com", "cloudwatch.amazonaws.com", "sns.amazonaws.com"
SAMPLE = Path(__file__).parents[1] / "unit/events/compliance_change.json"


def admits(policy: str, service: str, action: str, resource: str, source: str, **context: str) -> bool:
    """Whether a policy lets a service act on its resource in the name of a source."""
    seen = policies.service_context(source) | context
    return policies.admits(policy, principal=service, action=action, resource=resource, context=seen)


def leaves_to(policy: str, principal: str, action: str, resource: str) -> bool:
    """Whether a policy allows an action to a principal of the account."""
    named = [each for each in policies.statements_of(policy) if policies.names(each, {"AWS": {principal}})]
    return policies.verdict(named, action, resource, {"aws:SecureTransport": "true"}) is True


# What is notified


def change(**detail: Any) -> dict[str, Any]:
    """A change of this rule's verdict on an instance to NON_COMPLIANT, but for what is said otherwise."""
    event: dict[str, Any] = json.loads(SAMPLE.read_text())
    event["detail"] |= detail
    return event


def call(name: str, **detail: Any) -> dict[str, Any]:
    """A call on AWS Config that CloudTrail logged."""
    logged = {"eventSource": "config.amazonaws.com", "eventName": name, "awsRegion": REGION} | detail
    return {"source": "aws.config", "detail-type": "AWS API Call via CloudTrail", "detail": logged}


@pytest.mark.parametrize(
    ("event", "rules"),
    [
        pytest.param(change(), [f"{NAME}-non-compliant"], id="NON_COMPLIANT"),
        pytest.param(change(newEvaluationResult={"complianceType": "COMPLIANT"}), [], id="COMPLIANT"),
        pytest.param(change(newEvaluationResult={"complianceType": "NOT_APPLICABLE"}), [], id="NOT_APPLICABLE"),
        pytest.param(change(configRuleName="another"), [], id="of another rule"),
        pytest.param(change(configRuleName=f"{NAME}-2"), [], id="of a rule with a longer name"),
        pytest.param(change(resourceType="AWS::EC2::Volume"), [], id="of no instance"),
        pytest.param(change() | {"source": "mine"}, [], id="of another source"),
        pytest.param(call("StopConfigurationRecorder"), [f"{NAME}-recorder"], id="a stopped recorder"),
        pytest.param(call("StopConfigurationRecorder", errorCode="AccessDenied"), [], id="a call that failed"),
        pytest.param(call("PutConfigRule"), [], id="another call"),
        pytest.param(call("StopConfigurationRecorder", eventSource="mine"), [], id="a call on something else"),
    ],
)
def test_only_what_concerns_this_monitor_is_notified(defaults: Plan, event: dict[str, Any], rules: list[str]) -> None:
    """One event rule matches this rule's NON_COMPLIANT instances, another one calls that change the recorder."""
    found = [
        rule["name"]
        for rule in defaults.of_type("aws_cloudwatch_event_rule")
        if eventbridge_patterns.matches(eventbridge_patterns.parse(rule["event_pattern"]), event)
    ]
    assert found == rules


# Who may do what with the topic, its key and the dead letters


@pytest.mark.parametrize(
    ("service", "source", "action", "admitted"),
    [
        pytest.param(EVENTS, f"{RULE}-non-compliant", "sns:Publish", True, id="an event rule"),
        pytest.param(ALARMS, f"{ALARM}-errors", "sns:Publish", True, id="one of its alarms"),
        pytest.param(ALARMS, f"{ALARM.replace(NAME, 'mine')}", "sns:Publish", False, id="another alarm"),
        pytest.param(EVENTS, f"{RULE}-non-compliant", "sns:Subscribe", False, id="an event rule that subscribes"),
        pytest.param("lambda.amazonaws.com", TOPIC, "sns:Publish", False, id="another service"),
    ],
)
def test_topic_admits(defaults: Plan, service: str, source: str, action: str, admitted: bool) -> None:  # noqa: FBT001
    """EventBridge and the monitor's own alarms may publish, and no other service, nor anything else."""
    [policy] = defaults.of_type("aws_sns_topic_policy")
    assert admits(policy["policy"], service, action, TOPIC, source) is admitted


def test_topic_stays_the_accounts(defaults: Plan) -> None:
    """The policy replaces the default one, and still lets the account administer the topic."""
    [policy] = defaults.of_type("aws_sns_topic_policy")
    for action in ("sns:Subscribe", "sns:SetTopicAttributes", "sns:DeleteTopic", "sns:Publish"):
        assert leaves_to(policy["policy"], ROOT, action, TOPIC)
        assert not leaves_to(policy["policy"], "arn:aws:iam::999999999999:root", action, TOPIC)


def test_key_admits(defaults: Plan) -> None:
    """The account and the topic's publishers may use its key, without a condition that publishers would not fulfil."""
    [policy] = [key["policy"] for key in defaults.of_type("aws_kms_key")]
    for service in (EVENTS, ALARMS):
        for action in policies.ENCRYPTION:
            assert policies.admits(policy, principal=service, action=action, resource="*", context={}), service
        assert not policies.admits(policy, principal=service, action="kms:PutKeyPolicy", resource="*", context={})
    assert not policies.admits(policy, principal="lambda.amazonaws.com", action="kms:Decrypt", resource="*", context={})
    assert leaves_to(policy, ROOT, "kms:PutKeyPolicy", "*")


@pytest.mark.parametrize(
    ("purpose", "service", "source"),
    [
        ("deliveries", SNS, TOPIC),
        ("notifications", EVENTS, f"{RULE}-non-compliant"),
        ("notifications", EVENTS, f"{RULE}-recorder"),
    ],
)
def test_dead_letters_admit(defaults: Plan, purpose: str, service: str, source: str) -> None:
    """A queue of dead letters takes them from its one service for its own sources, over TLS, and from nobody else."""
    queue = queue_of(defaults, purpose)
    arn, send = f"{DEAD}-{purpose}", "sqs:SendMessage"
    other = {SNS: EVENTS, EVENTS: SNS}[service]
    assert admits(queue["policy"], service, send, arn, source)
    assert not admits(queue["policy"], service, send, arn, f"{source}-other")
    assert not admits(queue["policy"], other, send, arn, source)
    assert not admits(queue["policy"], service, "sqs:ReceiveMessage", arn, source)
    assert not admits(queue["policy"], service, send, arn, source, **{"aws:SecureTransport": "false"})


def test_dead_letters_of_the_function_admit_no_service(defaults: Plan) -> None:
    """Lambda writes the function's dead letters with its role, so the queue's policy admits nobody."""
    queue = queue_of(defaults, "evaluations")
    for service in (SNS, EVENTS, "lambda.amazonaws.com"):
        assert not admits(queue["policy"], service, "sqs:SendMessage", f"{DEAD}-evaluations", TOPIC)


def test_dead_letters_are_kept_for_two_weeks(defaults: Plan) -> None:
    """Each of the three queues keeps what it has for as long as SQS does."""
    queues = defaults.of_type("aws_sqs_queue")
    assert [queue["message_retention_seconds"] for queue in queues] == [14 * 24 * 60 * 60] * 3


def queue_of(plan: Plan, purpose: str) -> Mapping[str, Any]:
    """A queue of dead letters."""
    [queue] = [each for each in plan.of_type("aws_sqs_queue") if each["name"] == f"{NAME}-dead-{purpose}"]
    return queue


# What the function may do


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("config:PutEvaluations", "*", True),
        ("config:GetResourceConfigHistory", "*", True),
        ("config:SelectResourceConfig", "*", False),
        ("config:StopConfigurationRecorder", "*", False),
        ("logs:CreateLogStream", f"{LOG}:log-stream:x", True),
        ("logs:PutLogEvents", f"{LOG}:log-stream:x", True),
        ("logs:PutLogEvents", f"{LOG}-other:log-stream:x", False),
        ("logs:CreateLogGroup", f"{LOG}:log-stream:x", False),
        ("sqs:SendMessage", f"{DEAD}-evaluations", True),
        ("sqs:SendMessage", f"{DEAD}-notifications", False),
        ("sqs:ReceiveMessage", f"{DEAD}-evaluations", False),
        ("sns:Publish", TOPIC, False),
    ],
)
def test_role_may(defaults: Plan, action: str, resource: str, allowed: bool) -> None:  # noqa: FBT001
    """The role may do what the code calls and Lambda does with it, and nothing beside that."""
    documents = [policy["policy"] for policy in defaults.of_type("aws_iam_role_policy")]
    statements = [each for document in documents for each in policies.statements_of(document)]
    assert (policies.verdict(statements, action, resource, {}) is True) is allowed
    assert defaults.of_type("aws_iam_role_policy_attachment") == []
