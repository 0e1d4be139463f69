"""SNS: publishing, and an outbox for e-mail.

- Publish: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html and
  https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
- Subscriptions: :mod:`tests.emulator.sns_subscriptions`. Filters: :mod:`tests.emulator.sns_filters`. Delivery:
  :mod:`tests.emulator.sns_delivery`
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.models import SNSBackend, Subscription, Topic, sns_backends

from tests.emulator import policies, sns_filters
from tests.emulator.accounts import ACCOUNT_ID
from tests.emulator.moto_methods import extends

PRINCIPAL = "sns.amazonaws.com"

CONFIRMED_BY_A_PERSON = {"email", "email-json", "http", "https"}


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail, or an SMS, which has no subject. ``token`` is part of the link in a confirmation e-mail."""

    topic_arn: str
    to: str
    subject: str
    body: str
    token: str | None = None


# In bytes, the message attributes counted.
MAXIMUM_SIZE = 256 * 1024


def backend_of(region: str, account: str = ACCOUNT_ID) -> SNSBackend:
    """SNS of an account in a region."""
    return sns_backends[account][region]


def topic_of(topic_arn: str) -> Topic | None:
    """The topic with an ARN."""
    _, _, _, region, account, _ = topic_arn.split(":")
    return backend_of(region, account).topics.get(topic_arn)


def outbox(region: str, account: str = ACCOUNT_ID) -> list[Mail]:
    """Return every e-mail that SNS has sent from a region, oldest first. moto's reset forgets them."""
    mails: list[Mail] = backend_of(region, account).__dict__.setdefault("embedded_outbox", [])
    return mails


def bounces(region: str, account: str = ACCOUNT_ID) -> set[str]:
    """Return the addresses that no e-mail can be delivered to. moto's reset forgets them."""
    addresses: set[str] = backend_of(region, account).__dict__.setdefault("embedded_bounces", set())
    return addresses


def bounce(region: str, address: str, account: str = ACCOUNT_ID) -> None:
    """Let every later e-mail to an address fail, so that it goes to the subscription's dead-letter queue."""
    bounces(region, account).add(address)


def confirm_all(region: str, account: str = ACCOUNT_ID) -> int:
    """Follow the link in every confirmation e-mail. Returns the number of confirmed subscriptions."""
    pending = [each for each in backend_of(region, account).subscriptions.values() if is_pending(each)]
    for subscription in pending:
        subscription.confirmed = True
    return len(pending)


def is_pending(subscription: Subscription) -> bool:
    """Whether the subscription waits for somebody to follow its link."""
    return subscription.protocol in CONFIRMED_BY_A_PERSON and not subscription.confirmed


def may_publish(topic_arn: str, *, principal: str, source_arn: str) -> bool:
    """Say whether the policies of a topic and of its key let a service publish in the name of ``source_arn``."""
    topic = topic_of(topic_arn)
    if topic is None:
        return False
    context = policies.service_context(source_arn)
    key = topic.kms_master_key_id
    return policies.admits(
        topic.policy, principal=principal, action="sns:Publish", resource=topic_arn, context=context
    ) and (not key or policies.key_admits(key, topic_arn, principal, context=context))


def publish(
    topic_arn: str,
    message: str,
    subject: str | None = None,
    message_attributes: Mapping[str, Mapping[str, str]] | None = None,
) -> bool:
    """Publish in the name of an AWS service, which has asked :func:`may_publish`.

    Args:
        topic_arn: the topic.
        message: the text.
        subject: that of an e-mail; without one SNS sets its own.
        message_attributes: by name, each with ``Type`` and ``Value``.

    Returns:
        Whether the topic is there.
    """
    topic = topic_of(topic_arn)
    if topic is None:
        return False
    topic.publish(message, subject=subject, message_attributes=dict(message_attributes or {}) or None)
    return True


@extends(SNSBackend, "publish")
def publish_call(self: SNSBackend, message: str, arn: str | None, **options: Any) -> str:
    """Publish, with the limits of the API reference that moto leaves out."""
    if arn:
        check(message, options)
    message_id: str = publish_call.replaced(self, message, arn, **options)
    return message_id


def check(message: str, options: Mapping[str, Any]) -> None:
    """Refuse a subject that no e-mail can have, a message that is too long, and an invalid message structure."""
    subject = options.get("subject")
    if subject is not None and not re.fullmatch(r"[!-~][ -~]{0,98}", subject):
        raise SNSInvalidParameter("Invalid parameter: Subject")
    attributes = options.get("message_attributes") or {}
    counted = [message, *attributes, *(str(part) for each in attributes.values() for part in each.values())]
    if not message or sum(len(part.encode()) for part in counted) > MAXIMUM_SIZE:
        raise SNSInvalidParameter(
            "Invalid parameter: Message too long" if message else "Invalid parameter: Empty message"
        )
    for name, value in attributes.items():
        if value["Type"] == "String.Array" and sns_filters.elements_of(value["Value"]) is None:
            raise SNSInvalidParameter(f"Invalid parameter: Message attribute {name} is no array of simple values")
    if options.get("message_structure") == "json":
        structured(message)


def structured(message: str) -> dict[str, str]:
    """The texts of a message by protocol, "default" among them; what is no text is ignored.

    AWS's page says that duplicate keys are not allowed; a recording shows that they are taken.
    """
    try:
        parsed = json.loads(message)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise SNSInvalidParameter("Invalid parameter: Message Structure - JSON message body failed to parse")
    by_protocol = {name: text for name, text in parsed.items() if isinstance(text, str)}
    if "default" not in by_protocol:
        raise SNSInvalidParameter("Invalid parameter: Message Structure - No default entry in JSON message body")
    return by_protocol
