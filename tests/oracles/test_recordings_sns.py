"""Recordings of SNS: filters, attributes, structured messages and envelopes."""

import json
from typing import Any

import pytest

from tests.emulator import EmbeddedAws
from tests.oracles.recordings import FILTERS, REGION, TOPIC, bodies, queue_for, refusal, subscribe, topic_of
from tests.oracles.tally import judged


@pytest.mark.parametrize("scope", ["body", "attributes"])
@pytest.mark.parametrize("raw", ["true", "false"])
def test_filter_policy(aws: EmbeddedAws, scope: str, raw: str) -> None:
    """A filter policy lets through what it did on AWS."""
    url = queue_for(aws, "sns.amazonaws.com")
    topic_of(aws)
    sns = aws.client("sns", REGION)
    scopes = {"body": "MessageBody", "attributes": "MessageAttributes"}
    for test, policy, passing, filtered in FILTERS[scope]:
        options = {"FilterPolicyScope": scopes[scope], "RawMessageDelivery": raw}
        arn = subscribe(aws, FilterPolicy=json.dumps(policy), **options)
        judged("recordings of the real AWS")
        for each in [*passing, *filtered]:
            if scope == "body":
                sns.publish(TopicArn=TOPIC, Message=json.dumps(each))
            else:
                sns.publish(TopicArn=TOPIC, Message=json.dumps(each), MessageAttributes=each)
        arrived = [json.loads(body) for body in bodies(aws, url)]
        if raw == "false":
            arrived = [json.loads(each["Message"]) for each in arrived]
        key = json.dumps
        assert sorted(arrived, key=key) == sorted(passing, key=key), (test, policy)
        sns.unsubscribe(SubscriptionArn=arn)


@pytest.mark.parametrize(("name", "policy", "reason"), FILTERS["refused"], ids=[each[0] for each in FILTERS["refused"]])
def test_validate_policy(aws: EmbeddedAws, name: str, policy: Any, reason: str) -> None:
    """A bad filter policy is refused for AWS's reason, and nothing is subscribed."""
    judged("recordings of the real AWS")
    topic_of(aws)
    sns = aws.client("sns", REGION)
    attributes = {"FilterPolicy": json.dumps(policy)}
    found = refusal(sns.subscribe, TopicArn=TOPIC, Protocol="sms", Endpoint="+12025550123", Attributes=attributes)
    assert found == ("InvalidParameter", f"Invalid parameter: Attributes Reason: FilterPolicy: {reason}"), name
    assert sns.list_subscriptions()["Subscriptions"] == []


COMPLEX = "FilterPolicy: Filter policy is too complex"
MANY = "FilterPolicy: Filter policy can not have more than 5 keys"
NESTED = "Filter policy scope MessageAttributes does not support nested filter policy"


@pytest.mark.parametrize(
    ("scope", "policy", "reason"),
    [
        pytest.param("MessageAttributes", {"object": {"key": [{"prefix": "auto-"}]}}, NESTED, id="nested"),
        pytest.param("MessageBody", {f"key_{n}": [f"value_{n}"] for n in range(6)}, MANY, id="keys"),
        pytest.param("MessageAttributes", {"key": [f"value{n}" for n in range(151)]}, COMPLEX, id="one condition"),
        pytest.param(
            "MessageAttributes",
            {"key1": [f"value{n}" for n in range(100)], "key2": [f"value{n}" for n in range(51)]},
            COMPLEX,
            id="two conditions",
        ),
        pytest.param(
            "MessageBody",
            {
                "key_a": {"key_b": {"key_c": ["value_one", "value_two", "value_three", "value_four"]}},
                "key_d": {"key_e": ["value_one", "value_two", "value_three"]},
                "key_f": ["value_one", "value_two", "value_three"],
            },
            COMPLEX,
            id="combinations",
        ),
        pytest.param(
            "MessageBody",
            {
                "$or": [{"metricName": ["a", "b", "c"]}, {"namespace": ["a", "b"]}],
                "detail": {"scope": ["a", "b"], "$or": [{"source": ["a"]}, {"type": ["a", "b", "c"]}]},
            },
            COMPLEX,
            id="or",
        ),
    ],
)
def test_policy_complexity(aws: EmbeddedAws, scope: str, policy: Any, reason: str) -> None:
    """A filter policy that is nested without being one of the body, long, or complex is refused."""
    topic_of(aws)
    arn = subscribe(aws, FilterPolicyScope=scope)
    set_attribute = aws.client("sns", REGION).set_subscription_attributes
    found = refusal(set_attribute, SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue=json.dumps(policy))
    assert found == ("InvalidParameter", f"Invalid parameter: {reason}")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("FakeAttribute", "test-value", "AttributeName"),
        ("RawMessageDelivery", "test-ValUe", "RawMessageDelivery: Invalid value [test-ValUe]. Must be true or false."),
        ("RawMessageDelivery", "", "RawMessageDelivery: Invalid value []. Must be true or false."),
        (
            "RedrivePolicy",
            '{"deadLetterTargetArn": "fake-arn"}',
            "RedrivePolicy: deadLetterTargetArn is an invalid arn",
        ),
        ("RedrivePolicy", "{invalidjson}", "RedrivePolicy: failed to parse JSON."),
        ("FilterPolicy", "{invalidjson}", "FilterPolicy: failed to parse JSON."),
        (
            "FilterPolicyScope",
            "RandomValue",
            "FilterPolicyScope: Invalid value [RandomValue]. Please use either MessageBody or MessageAttributes",
        ),
    ],
)
def test_validate_set_sub_attributes(aws: EmbeddedAws, name: str, value: str, reason: str) -> None:
    """A bad attribute of a subscription is refused for AWS's reason."""
    topic_of(aws)
    arn = subscribe(aws)
    set_attribute = aws.client("sns", REGION).set_subscription_attributes
    code, message = refusal(set_attribute, SubscriptionArn=arn, AttributeName=name, AttributeValue=value)
    assert code == "InvalidParameter"
    assert message.startswith(f"Invalid parameter: {reason}")


def test_create_subscriptions_with_attributes(aws: EmbeddedAws) -> None:
    """Raw delivery is true in any case of letters; an empty filter policy is none, and leaves its scope untold."""
    topic_of(aws)
    given = {"FilterPolicyScope": "MessageBody", "FilterPolicy": ""}
    arn = subscribe(aws, RawMessageDelivery="TrUe", **given)
    attributes = aws.client("sns", REGION).get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert attributes["RawMessageDelivery"] == "true"
    assert set(attributes) == {
        "ConfirmationWasAuthenticated", "Endpoint", "Owner", "PendingConfirmation", "Protocol", "RawMessageDelivery",
        "SubscriptionArn", "SubscriptionPrincipal", "TopicArn",
    }  # fmt: skip


def test_filter_policy_is_unset(aws: EmbeddedAws) -> None:
    """An empty filter policy takes the filter away, and everything arrives."""
    url = queue_for(aws, "sns.amazonaws.com")
    topic_of(aws)
    sns = aws.client("sns", REGION)
    arn = subscribe(aws, FilterPolicy='{"attr1": [{"anything-but": "whatever"}]}')
    sns.publish(TopicArn=TOPIC, Message="filtered")
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue="")
    sns.publish(TopicArn=TOPIC, Message="passed")
    assert [json.loads(body)["Message"] for body in bodies(aws, url)] == ["passed"]
    assert "FilterPolicy" not in sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ('{"sqs": "Test message"}', "Message Structure - No default entry in JSON message body"),
        ('{"default": {"object": "test"}}', "Message Structure - No default entry in JSON message body"),
        ('{"default": "This is a default message"} }', "Message Structure - JSON message body failed to parse"),
    ],
)
def test_message_structure_json_exc(aws: EmbeddedAws, message: str, reason: str) -> None:
    """A structured message without a text for everybody, or that is no JSON, is refused."""
    topic_of(aws)
    publish = aws.client("sns", REGION).publish
    found = refusal(publish, TopicArn=TOPIC, Message=message, MessageStructure="json")
    assert found == ("InvalidParameter", f"Invalid parameter: {reason}")


@pytest.mark.parametrize(
    ("message", "arrives"),
    [
        ('{"default": "default field", "sqs": "{\\"field\\": \\"value\\"}"}', '{"field": "value"}'),
        ('{"default": "default field", "sqs": {"field": "value"}}', "default field"),
        ('{"default": "This is a default message", "default": "Duplicate"}', "Duplicate"),
    ],
    ids=["test_message_structure_json_to_sqs", "an object is no text", "duplicate-json-keys"],
)
def test_message_structure_json_to_sqs(aws: EmbeddedAws, message: str, arrives: str) -> None:
    """A queue gets its own text or the default one; a key may come twice, and that the last counts is assumed."""
    url = queue_for(aws, "sns.amazonaws.com")
    topic_of(aws)
    subscribe(aws)
    aws.client("sns", REGION).publish(TopicArn=TOPIC, Message=message, MessageStructure="json")
    assert [json.loads(body)["Message"] for body in bodies(aws, url)] == [arrives]


def test_message_attributes_not_missing(aws: EmbeddedAws) -> None:
    """Delivered raw, a message's attributes are those of SQS; otherwise they are in the envelope, binary as Base64."""
    url = queue_for(aws, "sns.amazonaws.com")
    topic_of(aws)
    arn = subscribe(aws, RawMessageDelivery="true")
    sns, sqs = aws.client("sns", REGION), aws.client("sqs", REGION)
    attributes = {
        "an-attribute-key": {"DataType": "String", "StringValue": "an-attribute-value"},
        "binary-attribute": {"DataType": "Binary", "BinaryValue": b"\x02\x03\x04"},
    }
    sns.publish(TopicArn=TOPIC, Message="text", MessageAttributes=attributes)
    [message] = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert (message["Body"], message["MessageAttributes"]) == ("text", attributes)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="RawMessageDelivery", AttributeValue="false")
    sns.publish(TopicArn=TOPIC, Message="text", MessageAttributes=attributes)
    [envelope] = [json.loads(body) for body in bodies(aws, url)]
    assert envelope["MessageAttributes"] == {
        "an-attribute-key": {"Type": "String", "Value": "an-attribute-value"},
        "binary-attribute": {"Type": "Binary", "Value": "AgME"},
    }


@pytest.mark.parametrize(
    ("options", "reason"), [({"Message": ""}, "Empty message"), ({"Message": "x", "Subject": ""}, "Subject")]
)
def test_empty_sns_message(aws: EmbeddedAws, options: dict[str, str], reason: str) -> None:
    """An empty message and an empty subject are refused."""
    topic_of(aws)
    found = refusal(aws.client("sns", REGION).publish, TopicArn=TOPIC, **options)
    assert found == ("InvalidParameter", f"Invalid parameter: {reason}")


@pytest.mark.parametrize(("excess", "fits"), [(0, True), (1, False)])
def test_publish_too_long_message(aws: EmbeddedAws, excess: int, *, fits: bool) -> None:
    """A message and its attributes, names and types counted, may have 262,144 bytes."""
    topic_of(aws)
    publish = aws.client("sns", REGION).publish
    attributes = {"attr1": {"DataType": "Number", "StringValue": "1"}}
    message = "a" * (262_144 - len("attr1Number1") + excess)
    if fits:
        assert publish(TopicArn=TOPIC, Message=message, MessageAttributes=attributes)["MessageId"]
    else:
        found = refusal(publish, TopicArn=TOPIC, Message=message, MessageAttributes=attributes)
        assert found == ("InvalidParameter", "Invalid parameter: Message too long")
