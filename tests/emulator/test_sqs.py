"""SQS: what Terraform reads back."""

import json

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
