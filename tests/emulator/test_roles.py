"""Roles: what their own policies, the boundary and the policy of a resource make of a call."""

from functools import partial
from typing import Any

import pytest

from tests.emulator import ACCOUNT_ID, EmbeddedAws, roles
from tests.support.functions import REGION, allow, document
from tests.support.roles import as_role, is_denied

ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/r"
OTHER = f"arn:aws:iam::{ACCOUNT_ID}:role/other"
ROOT = f"arn:aws:iam::{ACCOUNT_ID}:root"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:topic"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:queue"
NOTHING = allow("s3:ListAllMyBuckets")


def statement(effect: str, principal: Any, action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    """A statement of a resource's policy."""
    return {"Effect": effect, "Principal": principal, "Action": action, "Resource": resource, **more}


@pytest.mark.parametrize(
    ("own", "attached", "expected"),
    [
        pytest.param(allow("sns:Publish"), None, True, id="its own policy"),
        pytest.param(NOTHING, statement("Allow", {"AWS": ROLE}, "sns:Publish", TOPIC), True, id="the topic's names it"),
        pytest.param(NOTHING, statement("Allow", {"AWS": OTHER}, "sns:Publish", TOPIC), False, id="names another"),
        pytest.param(NOTHING, statement("Allow", {"AWS": ROOT}, "sns:Publish", TOPIC), False, id="names the account"),
        pytest.param(allow("sns:Publish"), statement("Deny", {"AWS": ROLE}, "sns:Publish"), False, id="denies it"),
        pytest.param(allow("sns:Publish"), statement("Deny", {"AWS": ROOT}, "sns:*"), False, id="denies the account"),
        pytest.param(allow("sns:Publish"), statement("Deny", "*", "sns:Publish"), False, id="denies everybody"),
        pytest.param(allow("sns:Publish"), statement("Deny", {"AWS": OTHER}, "sns:Publish"), True, id="denies another"),
        pytest.param(
            allow("sns:Publish"),
            statement("Deny", "*", "sns:*", Condition={"Bool": {"aws:SecureTransport": "false"}}),
            True,
            id="denies plain HTTP",
        ),
        pytest.param(
            allow("sns:Publish"),
            statement("Deny", "*", "sns:*", Condition={"StringNotEquals": {"aws:PrincipalArn": OTHER}}),
            False,
            id="denies all but another",
        ),
        pytest.param(
            {"Effect": "Deny", "Action": "sns:Publish", "Resource": "*"},
            statement("Allow", {"AWS": ROLE}, "sns:Publish", TOPIC),
            False,
            id="its own policy denies",
        ),
    ],
)
def test_a_topics_policy_counts(aws: EmbeddedAws, own: Any, attached: Any, expected: bool) -> None:  # noqa: FBT001
    """A role publishes if its own policies or the topic's allow it by name, and no policy denies it."""
    policy = {"Policy": document(attached)} if attached else {}
    aws.client("sns", REGION).create_topic(Name="topic", Attributes=policy)
    client = as_role(aws, "sns", document(own))
    assert is_denied(client.publish, TopicArn=TOPIC, Message="x") is not expected


def test_a_queues_policy_counts(aws: EmbeddedAws) -> None:
    """A role sends to a queue unless the queue's policy denies it."""
    sqs = aws.client("sqs", REGION)
    url = sqs.create_queue(QueueName="queue")["QueueUrl"]
    client = as_role(aws, "sqs", document(allow("sqs:SendMessage")))
    client.send_message(QueueUrl=url, MessageBody="x")
    deny = document(statement("Deny", {"AWS": ROLE}, "sqs:SendMessage", QUEUE))
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": deny})
    assert is_denied(client.send_message, QueueUrl=url, MessageBody="x")


def test_a_boundary_holds_for_what_a_resource_allows(aws: EmbeddedAws) -> None:
    """What the permissions boundary leaves out is denied, though the topic names the role."""
    policy = document(statement("Allow", {"AWS": ROLE}, "sns:Publish", TOPIC))
    aws.client("sns", REGION).create_topic(Name="topic", Attributes={"Policy": policy})
    boundary = aws.client("iam", REGION).create_policy(PolicyName="b", PolicyDocument=document(NOTHING))
    client = as_role(aws, "sns", document(NOTHING), boundary["Policy"]["Arn"])
    assert is_denied(client.publish, TopicArn=TOPIC, Message="x")


KEY_ACTIONS = ["kms:Decrypt", "kms:GenerateDataKey"]


@pytest.mark.parametrize(
    ("own", "attached", "expected"),
    [
        pytest.param(True, {"AWS": ROOT}, True, id="delegated and allowed"),
        pytest.param(False, {"AWS": ROOT}, False, id="delegated and not allowed"),
        pytest.param(True, {"AWS": OTHER}, False, id="not delegated"),
        pytest.param(False, {"AWS": ROLE}, True, id="named"),
        pytest.param(True, {"Service": "events.amazonaws.com"}, False, id="a service's"),
    ],
)
@pytest.mark.parametrize("service", ["sns", "sqs"])
def test_a_keys_policy_decides(aws: EmbeddedAws, service: str, own: bool, attached: Any, expected: bool) -> None:  # noqa: FBT001
    """Only a key whose policy names the account leaves the decision to the role's policies."""
    policy = statement("Allow", attached, "kms:*")
    kms = aws.client("kms", REGION)
    key = kms.create_key(Policy=document(policy), BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]
    statements = [allow("sns:Publish", "sqs:SendMessage")]
    if own:
        statements.append(allow(*KEY_ACTIONS, resource=key["Arn"]))
    client = as_role(aws, service, document(*statements))
    if service == "sns":
        aws.client("sns", REGION).create_topic(Name="topic", Attributes={"KmsMasterKeyId": key["KeyId"]})
        call = partial(client.publish, TopicArn=TOPIC, Message="x")
    else:
        made = aws.client("sqs", REGION).create_queue(QueueName="queue", Attributes={"KmsMasterKeyId": key["Arn"]})
        call = partial(client.send_message, QueueUrl=made["QueueUrl"], MessageBody="x")
    if expected:
        assert call()["MessageId"]
    else:
        with pytest.raises(client.exceptions.ClientError, match="KMS"):
            call()


def test_a_disabled_key_may_be_used_by_nobody(aws: EmbeddedAws) -> None:
    """A key that is disabled refuses a role that may use it."""
    kms = aws.client("kms", REGION)
    key = kms.create_key()["KeyMetadata"]
    as_role(aws, "sns", document(allow(*KEY_ACTIONS)))
    assert roles.may_use_key(ROLE, key["KeyId"], QUEUE, KEY_ACTIONS, {})
    kms.disable_key(KeyId=key["KeyId"])
    assert not roles.may_use_key(ROLE, key["KeyId"], QUEUE, KEY_ACTIONS, {})
    assert roles.may_use_key(ROLE, "alias/aws/sqs", QUEUE, KEY_ACTIONS, {})
