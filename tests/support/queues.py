"""The messages in a queue of the embedded AWS."""

from typing import Any

from tests.emulator import EmbeddedAws


def messages(aws: EmbeddedAws, arn: str) -> list[dict[str, Any]]:
    """Receive up to ten messages from a queue."""
    _, _, _, region, account, name = arn.split(":")
    client = aws.client("sqs", region, account)
    url = client.get_queue_url(QueueName=name)["QueueUrl"]
    got = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    found: list[dict[str, Any]] = got.get("Messages", [])
    return found
