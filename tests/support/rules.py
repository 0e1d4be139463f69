"""A rule of EventBridge on the embedded AWS, its targets, and what they receive."""

import json
from datetime import UTC, datetime
from typing import Any

from tests.emulator import ACCOUNT_ID, EmbeddedAws, eventbridge
from tests.support.functions import QUEUE, REGION, allow, document
from tests.support.queues import messages

RULE = f"arn:aws:events:{REGION}:{ACCOUNT_ID}:rule/change"
DEAD = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:dead"
THIS_RULE = {"ArnEquals": {"aws:SourceArn": RULE}}
WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def policy(action: str, resource: str, condition: dict[str, Any] | None = None) -> str:
    """Return a resource's policy that allows EventBridge one action."""
    principal = {"Service": eventbridge.PRINCIPAL}
    return document(allow(action, resource=resource) | {"Principal": principal, "Condition": condition or {}})


def queue_of(aws: EmbeddedAws, arn: str, *, admits: bool = True, **attributes: str) -> None:
    """Create a queue that admits the rule or, without ``admits``, nobody."""
    if admits:
        attributes["Policy"] = policy("sqs:SendMessage", arn, THIS_RULE)
    aws.client("sqs", REGION).create_queue(QueueName=arn.rpartition(":")[2], Attributes=attributes)


def rule_of(aws: EmbeddedAws, target_arn: str, **target: Any) -> None:
    """Create a rule for every event of the service "test", with one target."""
    client = aws.client("events", REGION)
    client.put_rule(Name="change", EventPattern=json.dumps({"source": ["test"]}))
    client.put_targets(Rule="change", Targets=[{"Id": "it", "Arn": target_arn, **target}])


def fire(aws: EmbeddedAws, detail: dict[str, Any] | None = None) -> None:
    """Let the service "test" send an event, and wait until it is delivered."""
    eventbridge.publish(REGION, "test", "A Change", detail or {"name": "value"}, resources=["arn:one"], time=WHEN)
    aws.settle()


def bodies(aws: EmbeddedAws, arn: str = QUEUE) -> list[str]:
    """Receive the texts of the messages in a queue."""
    return [message["Body"] for message in messages(aws, arn)]
