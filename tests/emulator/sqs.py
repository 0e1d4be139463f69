"""SQS: what AWS services put into queues, if the queue's policy and that of its key admit them.

- Policies: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-basic-examples-of-sqs-policies.html
- Encryption: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html

A queue is encrypted by SQS itself, for which nobody needs a permission, or with a KMS key. Assumed: setting one of them
ends the other.
"""

import json
from collections.abc import Mapping
from typing import Any

from moto.core.utils import unix_time_millis
from moto.sqs.exceptions import SQSException
from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends

from tests.emulator import policies
from tests.emulator.moto_methods import extends, extends_property


def queue_of(queue_arn: str) -> Queue | None:
    """The queue with an ARN."""
    _, _, _, region, account, name = queue_arn.split(":")
    queue: Queue | None = sqs_backends[account][region].queues.get(name) if account else None
    return queue


def key_of(queue: Queue) -> str | None:
    """The KMS key that a queue is encrypted with."""
    key: str | None = vars(queue).get("kms_master_key_id")
    return key


def visibility_timeout(queue: Queue) -> int:
    """For how many seconds a message that was received is hidden."""
    return int(vars(queue)["visibility_timeout"])


def may_send(queue_arn: str, *, principal: str, source_arn: str) -> bool:
    """Say whether a service may send in the name of the resource ``source_arn``."""
    queue = queue_of(queue_arn)
    if queue is None:
        return False
    context = policies.service_context(source_arn)
    key = key_of(queue)
    return policies.admits(
        queue.policy, principal=principal, action="sqs:SendMessage", resource=queue_arn, context=context
    ) and (not key or policies.key_admits(key, queue_arn, principal, context=context))


def send(  # noqa: PLR0913  (what SendMessage takes)
    queue_arn: str,
    body: str,
    *,
    principal: str,
    source_arn: str,
    attributes: Mapping[str, str] | None = None,
    group_id: str | None = None,
) -> bool:
    """Send a message if the service may. Returns whether it was sent."""
    if not may_send(queue_arn, principal=principal, source_arn=source_arn):
        return False
    put(queue_arn, body, attributes or {}, group_id)
    return True


def put(queue_arn: str, body: str, attributes: Mapping[str, str], group_id: str | None = None) -> None:
    """Put a message into a queue whose permissions were checked."""
    typed = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
    _, _, _, region, account, name = queue_arn.split(":")
    sqs_backends[account][region].send_message(name, body, message_attributes=typed, group_id=group_id)


@extends(Queue)
def _set_attributes(self: Queue, attributes: dict[str, Any], now: float | None = None) -> None:
    """CreateQueue and SetQueueAttributes, with one kind of encryption at a time, and what is not named left alone."""
    key, managed = attributes.get("KmsMasterKeyId"), attributes.get("SqsManagedSseEnabled")
    # moto's own default is a boolean; what a caller sends is a text.
    if key and managed == "true":
        raise SQSException(
            "InvalidAttributeName",
            "You can use one type of server-side encryption (SSE) at one time. "
            "You can either enable KMS SSE or SQS SSE.",
        )
    one = {"SqsManagedSseEnabled": "false"} if key else {"KmsMasterKeyId": None} if managed == "true" else {}
    unchanged = {"Policy": self.policy} if hasattr(self, "policy") else {}
    _set_attributes.replaced(self, unchanged | attributes | one, now)


@extends(SQSBackend)
def get_queue_attributes(self: SQSBackend, queue_name: str, attribute_names: list[str]) -> dict[str, Any]:
    """GetQueueAttributes with a redrive policy without blanks, in which Terraform would see a change."""
    attributes: dict[str, Any] = get_queue_attributes.replaced(self, queue_name, attribute_names)
    if attributes.get("RedrivePolicy"):
        policy = json.loads(attributes["RedrivePolicy"])
        attributes["RedrivePolicy"] = json.dumps(policy, separators=(",", ":"))
    return attributes


@extends_property(Queue, "messages")
def visible(queue: Queue) -> list[Message]:
    """The messages that can be received. moto, which asks at every SendMessage, reads the clock for each message."""
    now = unix_time_millis()
    return [message for message in queue._messages if message.visible_at < now and message.delayed_until <= now]


@extends_property(Queue, "approximate_number_of_messages_delayed")
def count_delayed(queue: Queue) -> int:
    """How many messages are not to be received yet, likewise."""
    now = unix_time_millis()
    return sum(message.delayed_until > now for message in queue._messages)


@extends_property(Queue, "approximate_number_of_messages_not_visible")
def count_hidden(queue: Queue) -> int:
    """How many messages somebody has received, likewise."""
    now = unix_time_millis()
    return sum(message.visible_at >= now for message in queue._messages)
