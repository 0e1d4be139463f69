"""What policies admit, and what they do not."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.emulator import ACCOUNT_ID, EmbeddedAws, policies

EVENTS = "events.amazonaws.com"
REGION = "eu-west-1"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:notifications"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT_ID}:rule/change"
ALLOW: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"Service": EVENTS},
    "Action": "sns:Publish",
    "Resource": TOPIC,
}
DENY = ALLOW | {"Effect": "Deny"}


def admits(*statements: Mapping[str, Any]) -> bool:
    """Whether a topic's policy of these statements lets EventBridge publish in the name of a rule."""
    return policies.admits(
        {"Statement": list(statements)},
        principal=EVENTS,
        action="sns:Publish",
        resource=TOPIC,
        context=policies.service_context(RULE),
    )


def without(element: str) -> dict[str, Any]:
    """A Deny that lacks an element."""
    return {name: value for name, value in DENY.items() if name != element}


def when(operator: str, key: str, *values: str) -> dict[str, Any]:
    """A condition block."""
    return {"Condition": {operator: {key: list(values)}}}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({}, True, id="as it is"),
        pytest.param({"Action": "SNS:publish"}, True, id="an action's case does not matter"),
        pytest.param({"Action": ["sns:Subscribe", "sns:Pub*"]}, True, id="a wildcard in an action"),
        pytest.param({"Action": "sns:Subscribe"}, False, id="another action"),
        pytest.param({"Resource": TOPIC[:-3] + "???"}, True, id="a question mark in a resource"),
        pytest.param({"Resource": TOPIC + "-other"}, False, id="another resource"),
        pytest.param({"Resource": TOPIC[:-1] + "[s]"}, False, id="brackets mean themselves"),
        pytest.param({"Principal": {"Service": ["sns.amazonaws.com", EVENTS]}}, True, id="one service of several"),
        pytest.param({"Principal": {"Service": "sns.amazonaws.com"}}, False, id="another service"),
        pytest.param({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}}, False, id="the account is no service"),
        pytest.param({"Principal": "*"}, True, id="everybody"),
        pytest.param({"Principal": {"AWS": "*"}}, True, id="everybody, the other form"),
        pytest.param({"Principal": {"Service": "*"}}, False, id="every service is not documented"),
    ],
)
def test_a_statement_speaks_of_whom_what_and_where(change: dict[str, Any], expected: bool) -> None:  # noqa: FBT001
    """An Allow admits only the principal, the action and the resource that it names."""
    assert admits(ALLOW | change) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        pytest.param(when("StringEquals", "AWS:sourceaccount", ACCOUNT_ID), True, id="a key's case does not matter"),
        pytest.param(when("StringEquals", "aws:SourceAccount", "1", ACCOUNT_ID), True, id="one value of several"),
        pytest.param(when("StringEquals", "aws:SourceAccount", "1"), False, id="another account"),
        pytest.param(when("StringEquals", "aws:SourceOwner", ACCOUNT_ID), False, id="a key that is not sent"),
        pytest.param(when("StringEqualsIfExists", "aws:SourceOwner", "1"), True, id="if it exists, and it does not"),
        pytest.param(when("StringEqualsIfExists", "aws:SourceAccount", "1"), False, id="if it exists, and it does"),
        pytest.param(when("StringNotEquals", "aws:SourceAccount", ACCOUNT_ID), False, id="not this account"),
        pytest.param(when("StringNotEquals", "aws:SourceOwner", "1"), True, id="not, and not sent"),
        pytest.param(when("StringLike", "aws:SourceAccount", ACCOUNT_ID[:4] + "*"), True, id="like"),
        pytest.param(when("ArnEquals", "aws:SourceArn", RULE), True, id="this rule"),
        pytest.param(when("ArnLike", "aws:SourceArn", f"arn:aws:events:*:{ACCOUNT_ID}:rule/*"), True, id="any rule"),
        pytest.param(when("ArnLike", "aws:SourceArn", "arn:aws:events:*"), False, id="a wildcard stays in its part"),
        pytest.param(when("Bool", "aws:SecureTransport", "true"), True, id="over TLS"),
        pytest.param(when("Bool", "aws:SecureTransport", "false"), False, id="not over TLS"),
        pytest.param(when("Null", "aws:SourceArn", "false"), True, id="a key that must be there"),
        pytest.param(when("DateLessThan", "aws:CurrentTime", "2099-01-01"), False, id="an operator not known"),
    ],
)
def test_a_condition_must_hold(condition: dict[str, Any], expected: bool) -> None:  # noqa: FBT001
    """An Allow with a condition admits only where the condition holds and is understood."""
    assert admits(ALLOW | condition) is expected


@pytest.mark.parametrize(
    ("denial", "expected"),
    [
        pytest.param(DENY, False, id="a plain one"),
        pytest.param(DENY | {"Principal": {"Service": "*"}}, False, id="of every service"),
        pytest.param(DENY | when("Bool", "aws:SecureTransport", "false"), True, id="without TLS only"),
        pytest.param(DENY | when("DateLessThan", "aws:CurrentTime", "2099-01-01"), False, id="by an unknown operator"),
        pytest.param(without("Action") | {"NotAction": "sns:Subscribe"}, False, id="of all but another action"),
        pytest.param(without("Action") | {"NotAction": "sns:Publish"}, True, id="of all but this action"),
        pytest.param(without("Principal") | {"NotPrincipal": {"Service": EVENTS}}, True, id="of all but this service"),
        pytest.param(without("Principal") | {"NotPrincipal": {"AWS": "*"}}, False, id="of all but somebody else"),
    ],
)
def test_a_denial_wins(denial: dict[str, Any], expected: bool) -> None:  # noqa: FBT001
    """A Deny that fits, or that cannot be understood, wins over an Allow."""
    assert admits(ALLOW, denial) is expected


def test_nothing_is_admitted_without_a_policy() -> None:
    """Where no policy is, no service is admitted."""
    assert not policies.admits(None, principal=EVENTS, action="sns:Publish", resource=TOPIC, context={})


def key_policy(**condition: Any) -> dict[str, Any]:
    """A key's policy that lets EventBridge encrypt."""
    encrypt = {
        "Effect": "Allow",
        "Principal": {"Service": EVENTS},
        "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
        "Resource": "*",
        **condition,
    }
    return {"Version": "2012-10-17", "Statement": [encrypt]}


def key_of(aws: EmbeddedAws, policy: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A new customer managed key."""
    kms = aws.client("kms", REGION)
    given = {"Policy": json.dumps(policy)} if policy else {}
    key: dict[str, Any] = kms.create_key(BypassPolicyLockoutSafetyCheck=True, **given)["KeyMetadata"]
    return key


def test_a_key_is_found_by_id_arn_and_alias(aws: EmbeddedAws) -> None:
    """A key admits the principals of its policy, whether it is named by id, ARN or alias."""
    key = key_of(aws, key_policy())
    aws.client("kms", REGION).create_alias(AliasName="alias/topics", TargetKeyId=key["KeyId"])
    alias_arn = f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:alias/topics"
    for name in (key["KeyId"], key["Arn"], "alias/topics", alias_arn):
        assert policies.key_admits(name, TOPIC, EVENTS), name
        assert not policies.key_admits(name, TOPIC, "cloudwatch.amazonaws.com"), name


def test_a_keys_condition_on_the_source_admits_nothing_of_eventbridge(aws: EmbeddedAws) -> None:
    """A key whose policy asks EventBridge for its source admits it never, for the source is not sent."""
    key = key_of(aws, key_policy(**when("StringEquals", "aws:SourceAccount", ACCOUNT_ID)))
    assert not policies.key_admits(key["KeyId"], TOPIC, EVENTS, context=policies.service_context(RULE))


@pytest.mark.parametrize("name", ["alias/aws/sns", "alias/aws/sqs", "alias/missing", "missing"])
def test_a_managed_or_missing_key_admits_nobody(aws: EmbeddedAws, name: str) -> None:
    """Neither a key that AWS manages nor one that is not there admits a service."""
    aws.client("kms", REGION)
    assert not policies.key_admits(name, TOPIC, EVENTS)


def test_a_disabled_key_admits_nobody(aws: EmbeddedAws) -> None:
    """A key that is disabled admits nobody, whatever its policy says."""
    key = key_of(aws, key_policy())
    aws.client("kms", REGION).disable_key(KeyId=key["KeyId"])
    assert not policies.key_admits(key["KeyId"], TOPIC, EVENTS)


def test_a_keys_default_policy_admits_no_service(aws: EmbeddedAws) -> None:
    """The policy that a key has of itself names the account, and no service."""
    assert not policies.key_admits(key_of(aws)["KeyId"], TOPIC, EVENTS)
