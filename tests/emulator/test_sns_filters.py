"""Filter policies of SNS: what they let through, and how they are taken away."""

import json
from typing import Any

import pytest

from tests.emulator import EmbeddedAws, sns
from tests.support.functions import QUEUE, REGION
from tests.support.queues import messages
from tests.support.topics import ADDRESS, mails, queue_of, subscribe, topic_of


@pytest.mark.parametrize(
    ("scope", "policy", "passing", "filtered"),
    [
        pytest.param("MessageBody", {"kind": ["a"]}, ('{"kind": "a"}', {}), ('{"kind": "b"}', {}), id="body"),
        pytest.param(
            "MessageAttributes",
            {"kind": ["a"]},
            ("text", {"kind": {"Type": "String", "Value": "a"}}),
            ("text", {}),
            id="attributes",
        ),
    ],
)
def test_a_filter_policy_filters(
    aws: EmbeddedAws, scope: str, policy: dict[str, Any], passing: tuple[str, Any], filtered: tuple[str, Any]
) -> None:
    """A subscriber gets what its filter policy lets pass, by the body or by the attributes."""
    topic_arn = topic_of(aws)
    subscribe(aws, topic_arn, "email", ADDRESS, FilterPolicyScope=scope, FilterPolicy=json.dumps(policy))
    sns.confirm_all(REGION)
    for message, attributes in (passing, filtered):
        sns.publish(topic_arn, message, message_attributes=attributes)
    assert len(mails()) == 1


@pytest.mark.parametrize("nothing", ["", "{}"])
def test_a_filter_policy_can_be_taken_away(aws: EmbeddedAws, nothing: str) -> None:
    """An empty filter policy filters nothing, is not read back, and neither is its scope."""
    topic_arn, client = topic_of(aws), aws.client("sns", REGION)
    given = {"FilterPolicyScope": "MessageBody", "FilterPolicy": '{"kind": {"of": ["a"]}}'}
    arn = subscribe(aws, topic_arn, "email", ADDRESS, **given)
    sns.confirm_all(REGION)
    client.publish(TopicArn=topic_arn, Message="filtered")
    client.set_subscription_attributes(SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue=nothing)
    client.publish(TopicArn=topic_arn, Message="passed")
    attributes = client.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert {"FilterPolicy", "FilterPolicyScope"} & set(attributes) == set()
    assert [body.partition("\n")[0] for body in mails()] == ["passed"]


ATTRIBUTES = {
    "region": {"DataType": "String", "StringValue": REGION},
    "verdicts": {"DataType": "String.Array", "StringValue": '["COMPLIANT", "NON_COMPLIANT"]'},
}


@pytest.mark.parametrize(
    ("policy", "passes"),
    [
        ({"verdicts": ["NON_COMPLIANT"]}, True),
        ({"verdicts": ["NOT_APPLICABLE"]}, False),
        ({"verdicts": [{"prefix": "NON_"}]}, True),
        ({"verdicts": [{"anything-but": ["COMPLIANT"]}]}, True),
        ({"verdicts": [{"anything-but": ["COMPLIANT", "NON_COMPLIANT"]}]}, False),
        ({"verdicts": [{"exists": True}], "region": [REGION]}, True),
        ({"verdicts": ["NON_COMPLIANT"], "region": ["us-east-1"]}, False),
        ({"verdicts": ["NOT_APPLICABLE"], "region": [REGION]}, False),
        ({"region": [{"suffix": "-1"}]}, True),
        ({"rule": [{"exists": False}]}, True),
        ({"rule": ["COMPLIANT"]}, False),
    ],
)
def test_a_filter_picks_by_attributes(aws: EmbeddedAws, policy: dict[str, Any], passes: bool) -> None:  # noqa: FBT001
    """A subscription's filter policy sees each element of an array."""
    topic_arn = topic_of(aws)
    subscribe(aws, topic_arn, "email", ADDRESS, FilterPolicy=json.dumps(policy))
    sns.confirm_all(REGION)
    aws.client("sns", REGION).publish(TopicArn=topic_arn, Message="text", MessageAttributes=ATTRIBUTES)
    assert len(mails()) == passes


@pytest.mark.parametrize(
    ("policy", "passes"),
    [({"counts": {"NON_COMPLIANT": [{"numeric": [">", 0]}]}}, True), ({"rule": ["another"]}, False)],
)
def test_a_filter_picks_by_the_body_of_its_protocol(aws: EmbeddedAws, policy: dict[str, Any], passes: bool) -> None:  # noqa: FBT001
    """A filter on the body reads what the subscriber would get."""
    topic_arn = topic_of(aws)
    arn = queue_of(aws, topic_arn)
    subscribe(aws, topic_arn, "sqs", QUEUE, FilterPolicy=json.dumps(policy), FilterPolicyScope="MessageBody")
    texts = {"default": "text", "sqs": json.dumps({"rule": "name", "counts": {"NON_COMPLIANT": 2}})}
    aws.client("sns", REGION).publish(TopicArn=topic_arn, Message=json.dumps(texts), MessageStructure="json")
    assert len(messages(aws, arn)) == passes


@pytest.mark.parametrize(
    ("body", "passes"),
    [({"who": "x"}, True), ({"who": 0}, True), ({"who": ""}, False), ({"who": None}, False), ({"who": []}, False)],
)
def test_a_key_without_a_value_does_not_exist(aws: EmbeddedAws, body: dict[str, Any], passes: bool) -> None:  # noqa: FBT001
    """A filter for a key that exists wants a value that is neither null nor empty."""
    topic_arn = topic_of(aws)
    arn = queue_of(aws, topic_arn)
    policy = json.dumps({"who": [{"exists": True}]})
    subscribe(aws, topic_arn, "sqs", QUEUE, FilterPolicy=policy, FilterPolicyScope="MessageBody")
    aws.client("sns", REGION).publish(TopicArn=topic_arn, Message=json.dumps(body))
    assert len(messages(aws, arn)) == passes


def test_a_message_without_attributes_passes_no_filter_on_them(aws: EmbeddedAws) -> None:
    """A filter for a key that does not exist wants a message with some other attribute."""
    topic_arn = topic_of(aws)
    subscribe(aws, topic_arn, "email", ADDRESS, FilterPolicy=json.dumps({"rule": [{"exists": False}]}))
    sns.confirm_all(REGION)
    aws.client("sns", REGION).publish(TopicArn=topic_arn, Message="text")
    assert mails() == []
