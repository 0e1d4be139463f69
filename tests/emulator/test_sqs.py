"""SQS: what Terraform reads back."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator import ACCOUNT_ID, EmbeddedAws

REGION = "eu-west-1"


def test_a_redrive_policy_is_read_as_terraform_writes_it(aws: EmbeddedAws) -> None:
    """Its text has no blanks, so that a plan sees no change."""
    client = aws.client("sqs", REGION)
    client.create_queue(QueueName="dead")
    dead = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:dead"
    policy = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 5}, separators=(",", ":"))
    url = client.create_queue(QueueName="queue", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    assert client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["RedrivePolicy"] == policy


def encryption(client: Any, url: str) -> tuple[str, str | None]:
    """Whether SQS encrypts a queue by itself, and the key that it uses otherwise."""
    attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return attributes["SqsManagedSseEnabled"], attributes.get("KmsMasterKeyId")


def test_a_queue_has_one_kind_of_encryption(aws: EmbeddedAws) -> None:
    """SQS encrypts a queue by itself or with a key, and the last that was asked for counts."""
    client = aws.client("sqs", REGION)
    url = client.create_queue(QueueName="managed", Attributes={"SqsManagedSseEnabled": "true"})["QueueUrl"]
    assert encryption(client, url) == ("true", None)
    client.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": "key"})
    assert encryption(client, url) == ("false", "key")
    client.set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": "true"})
    assert encryption(client, url) == ("true", None)
    both = {"SqsManagedSseEnabled": "true", "KmsMasterKeyId": "key"}
    with pytest.raises(ClientError, match="one type of server-side encryption"):
        client.create_queue(QueueName="both", Attributes=both)


def test_attributes_that_are_not_named_stay(aws: EmbeddedAws) -> None:
    """SetQueueAttributes changes what it names, and leaves the policy alone."""
    client = aws.client("sqs", REGION)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    url = client.create_queue(QueueName="queue", Attributes={"Policy": policy})["QueueUrl"]
    client.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "60"})
    assert client.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"] == policy
