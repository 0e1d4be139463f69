"""SNS: subscriptions that a person must confirm, an outbox for e-mail, and dead letters.

- Confirmation: https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
- Publish: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html and
  https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
- Filters: :mod:`tests.emulator.sns_filters`
- E-mail: https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
- Dead letters: https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
- Retries: https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
- Metrics: https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html

Laxer than AWS: an unconfirmed subscription does not vanish after two days, an SMS is never cut into parts, no
subscription is suspended for too many mails a second, and nothing is tried again, though the three retries of HTTP are
counted. A signature is always one of version 2. A second Subscribe of a pending address sends no second mail. For
``http`` and ``https`` the mail in the outbox stands for the request that asks the endpoint to confirm.
"""

import base64
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.models import SNSBackend, Subscription, Topic, sns_backends
from moto.sns.responses import SNSResponse

from tests.emulator import awslambda, metrics, policies, sns_filters, sqs
from tests.emulator.extension import ACCOUNT_ID, extends

PRINCIPAL = "sns.amazonaws.com"
HTTP_ATTEMPTS = 4  # by the default delivery policy: three retries
CONFIRMED_BY_A_PERSON = {"email", "email-json", "http", "https"}
FOOTER = """

--
If you wish to stop receiving notifications from this topic, please click or visit the link below to unsubscribe:
https://sns.{region}.amazonaws.com/unsubscribe.html?SubscriptionArn={arn}&Endpoint={endpoint}

Please do not reply directly to this email. If you have any questions or comments regarding this email, please contact \
us at https://aws.amazon.com/support
"""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it arrives, or an SMS, which has no subject; ``token`` is what a confirmation mail's link holds."""

    topic_arn: str
    to: str
    subject: str
    body: str
    token: str | None = None


# In bytes, the message attributes counted.
MAXIMUM_SIZE = 256 * 1024


def backend_of(region: str) -> SNSBackend:
    """SNS of the account in a region."""
    return sns_backends[ACCOUNT_ID][region]


def topic_of(topic_arn: str) -> Topic | None:
    """The topic with an ARN."""
    return backend_of(topic_arn.split(":")[3]).topics.get(topic_arn)


def outbox(region: str) -> list[Mail]:
    """Every mail that SNS has sent from a region, oldest first; moto's reset forgets them."""
    mails: list[Mail] = backend_of(region).__dict__.setdefault("embedded_outbox", [])
    return mails


def bounces(region: str) -> set[str]:
    """The addresses to which no mail can be delivered; moto's reset forgets them."""
    addresses: set[str] = backend_of(region).__dict__.setdefault("embedded_bounces", set())
    return addresses


def bounce(region: str, address: str) -> None:
    """Let every later mail to an address fail, so that it goes to the subscription's dead-letter queue."""
    bounces(region).add(address)


def confirm_all(region: str) -> int:
    """Follow the link in every confirmation mail; returns how many subscriptions that has confirmed."""
    pending = [each for each in backend_of(region).subscriptions.values() if is_pending(each)]
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
    ) and (not key or policies.key_admits(key, topic_arn.split(":")[3], principal, context=context))


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
        subject: that of a mail; without one SNS sets its own.
        message_attributes: by name, each with ``Type`` and ``Value``.

    Returns:
        Whether the topic is there.
    """
    topic = topic_of(topic_arn)
    if topic is None:
        return False
    topic.publish(message, subject=subject, message_attributes=dict(message_attributes or {}) or None)
    return True


# Publishing through the API


@extends(SNSBackend, "publish")
def publish_call(self: SNSBackend, message: str, arn: str | None, **options: Any) -> str:
    """Publish, with the limits of the API reference that moto leaves out."""
    if arn:
        check(message, options)
    message_id: str = publish_call.replaced(self, message, arn, **options)  # type: ignore[attr-defined]
    return message_id


def check(message: str, options: Mapping[str, Any]) -> None:
    """Refuse a subject that no mail can have, a message that is too long, and a structure that is none."""
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


# Subscribing


@extends(SNSBackend, "subscribe")
def add_subscription(self: SNSBackend, topic_arn: str, endpoint: str, protocol: str) -> Subscription:
    """Subscribe; what a person must confirm stays pending."""
    subscription: Subscription = add_subscription.replaced(self, topic_arn, endpoint, protocol)  # type: ignore[attr-defined]
    if protocol not in CONFIRMED_BY_A_PERSON:
        subscription.confirmed = True
    elif "embedded_token" not in subscription.__dict__:
        token = subscription.__dict__["embedded_token"] = uuid.uuid4().hex
        subscription.attributes |= {"PendingConfirmation": "true", "ConfirmationWasAuthenticated": "false"}
        text = (
            f"You have chosen to subscribe to the topic:\n{topic_arn}\n\n"
            "To confirm this subscription, click or visit the link below:\n"
            f"https://sns.{self.region_name}.amazonaws.com/confirmation.html"
            f"?TopicArn={topic_arn}&Token={token}&Endpoint={endpoint}"
        )
        outbox(self.region_name).append(
            Mail(topic_arn, endpoint, "AWS Notification - Subscription Confirmation", text, token)
        )
    return subscription


@extends(SNSBackend)
def get_subscription_attributes(self: SNSBackend, arn: str) -> dict[str, Any]:
    """GetSubscriptionAttributes says whether the subscription is pending now, and who made it."""
    attributes: dict[str, Any] = get_subscription_attributes.replaced(self, arn)  # type: ignore[attr-defined]
    subscription = self.subscriptions[arn]
    pending = "true" if is_pending(subscription) else "false"
    return attributes | {
        "PendingConfirmation": pending,
        "SubscriptionPrincipal": f"arn:aws:iam::{self.account_id}:root",
    }


@extends(SNSBackend)
def unsubscribe(self: SNSBackend, subscription_arn: str) -> None:
    """Unsubscribe refuses what is pending; it vanishes with its topic, or by itself after two days."""
    subscription = self.subscriptions.get(subscription_arn)
    if subscription and is_pending(subscription):
        raise SNSInvalidParameter(
            "Invalid parameter: SubscriptionArn Reason: This subscription is pending confirmation. "
            "Cannot unsubscribe a subscription that is pending confirmation"
        )
    unsubscribe.replaced(self, subscription_arn)  # type: ignore[attr-defined]


# Delivering


@extends(Subscription, "publish")
def publish_to(self: Subscription, message: str, message_id: str, subject: str | None = None, **options: Any) -> None:
    """Deliver one message to one confirmed subscriber whose filter it passes, else to its dead-letter queue."""
    if options.get("message_structure") == "json":
        by_protocol = structured(message)
        message, options["message_structure"] = by_protocol.get(self.protocol, by_protocol["default"]), None
    if is_pending(self) or not sns_filters.passes(self, options.get("message_attributes"), message):
        return
    if deliver(self, message, message_id, subject, options):
        return
    # Of HTTP every attempt counts that failed, of everything else a message that was given up.
    count(self, "NumberOfNotificationsFailed", HTTP_ATTEMPTS if self.protocol in ("http", "https") else 1)
    redrive = self.attributes.get("RedrivePolicy")
    if redrive:
        document = json.dumps(self.get_post_data(message, message_id, subject, options.get("message_attributes")))
        queue_arn = json.loads(redrive)["deadLetterTargetArn"]
        kept = sqs.send(queue_arn, document, principal=PRINCIPAL, source_arn=self.topic_arn)
        count(self, "NumberOfNotificationsRedrivenToDlq" if kept else "NumberOfNotificationsFailedToRedriveToDlq", 1)


def count(subscription: Subscription, metric: str, value: int) -> None:
    """Count for the topic of a subscription."""
    _, _, _, region, _, topic = subscription.topic_arn.split(":")
    metrics.count(region, "AWS/SNS", metric, value=value, TopicName=topic)


@extends(Subscription)
def get_post_data(self: Subscription, *arguments: Any, **options: Any) -> dict[str, Any]:
    """The JSON document of a message, with the topic's signature version and the subscription's own link.

    https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
    """
    document: dict[str, Any] = get_post_data.replaced(self, *arguments, **options)  # type: ignore[attr-defined]
    document["SignatureVersion"] = getattr(self.topic, "signature_version", None) or "1"
    host = f"https://sns.{self.topic.sns_backend.region_name}.amazonaws.com"
    document["UnsubscribeURL"] = f"{host}/?Action=Unsubscribe&SubscriptionArn={self.arn}"
    return document


def deliver(  # noqa: PLR0911  (one for each protocol)
    subscription: Subscription, message: str, message_id: str, subject: str | None, options: Mapping[str, Any]
) -> bool:
    """Hand a message to the endpoint; returns whether it took it."""
    endpoint, topic_arn = subscription.endpoint, subscription.topic_arn
    region = topic_arn.split(":")[3]
    attributes = options.get("message_attributes")
    match subscription.protocol:
        case _ if endpoint in bounces(region):
            return False
        case "sms":
            outbox(region).append(Mail(topic_arn, endpoint, "", message))
            return True
        case "email" | "email-json":
            body = message + FOOTER.format(region=region, arn=subscription.arn, endpoint=endpoint)
            if subscription.protocol == "email-json":
                body = json.dumps(subscription.get_post_data(message, message_id, subject, attributes))
            outbox(region).append(Mail(topic_arn, endpoint, subject or "AWS Notification Message", body))
            return True
        case "sqs":
            if not sqs.may_send(endpoint, principal=PRINCIPAL, source_arn=topic_arn):
                return False
            if attributes and subscription.attributes["RawMessageDelivery"]:
                options = {**options, "message_attributes": {name: raw(each) for name, each in attributes.items()}}
        case "lambda":
            data = subscription.get_post_data(message, message_id, subject, attributes)
            # A function gets two names spelled otherwise, and what is missing as empty.
            data["SigningCertUrl"], data["UnsubscribeUrl"] = data.pop("SigningCertURL"), data.pop("UnsubscribeURL")
            data = {"Subject": None, "MessageAttributes": {}} | data
            record = {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": subscription.arn}
            event = json.dumps({"Records": [record | {"Sns": data}]})
            return awslambda.invoke_async(endpoint, event, principal=PRINCIPAL, source_arn=topic_arn)
    try:
        publish_to.replaced(subscription, message, message_id, subject, **options)  # type: ignore[attr-defined]
    except requests.RequestException:
        return False
    return True


def raw(attribute: Mapping[str, Any]) -> dict[str, Any]:
    """A message attribute as SQS takes it: bytes are bytes, and not their Base64."""
    is_binary = attribute["Type"].startswith("Binary")
    return {**attribute, "Value": base64.b64decode(attribute["Value"]) if is_binary else attribute["Value"]}


# What Terraform asks for and moto does not know


@extends(SNSResponse)
def subscribe(self: SNSResponse) -> ActionResult:
    """Subscribe answers "pending confirmation" unless the caller asks for the ARN, as Terraform does."""
    sns_filters.check_all(self._get_param("Attributes", {}))
    result: ActionResult = subscribe.replaced(self)  # type: ignore[attr-defined]
    subscription = self.backend.subscriptions[result.result["SubscriptionArn"]]  # type: ignore[index]
    if is_pending(subscription) and str(self._get_param("ReturnSubscriptionArn")).lower() != "true":
        return ActionResult({"SubscriptionArn": "pending confirmation"})
    return result


@extends(SNSResponse)
def confirm_subscription(self: SNSResponse) -> ActionResult:
    """ConfirmSubscription with the token of the confirmation mail."""
    topic_arn, token = self._get_param("TopicArn"), self._get_param("Token")
    subscriptions = [each for each in self.backend.subscriptions.values() if each.topic_arn == topic_arn]
    found = next((each for each in subscriptions if each.__dict__.get("embedded_token") == token), None)
    if found is None:
        raise SNSInvalidParameter("Invalid parameter: Token")
    found.confirmed = True
    return ActionResult({"SubscriptionArn": found.arn})


def listed(result: ActionResult) -> ActionResult:
    """A list of subscriptions as callers see it: what is pending has no ARN there."""
    found: list[Subscription] = result.result["Subscriptions"]  # type: ignore[index]
    result.result["Subscriptions"] = [  # type: ignore[index]
        {
            "SubscriptionArn": "PendingConfirmation" if is_pending(each) else each.arn,
            "Owner": each.owner,
            "Protocol": each.protocol,
            "Endpoint": each.endpoint,
            "TopicArn": each.topic_arn,
        }
        for each in found
    ]
    return result


@extends(SNSResponse)
def list_subscriptions(self: SNSResponse) -> ActionResult:
    """ListSubscriptions says "PendingConfirmation" in the place of a pending subscription's ARN."""
    return listed(list_subscriptions.replaced(self))  # type: ignore[attr-defined]


@extends(SNSResponse)
def list_subscriptions_by_topic(self: SNSResponse) -> ActionResult:
    """ListSubscriptionsByTopic, likewise."""
    return listed(list_subscriptions_by_topic.replaced(self))  # type: ignore[attr-defined]


@extends(SNSResponse)
def get_topic_attributes(self: SNSResponse) -> ActionResult:
    """GetTopicAttributes with the attributes that moto keeps and does not tell, and with the true counts."""
    result: ActionResult = get_topic_attributes.replaced(self)  # type: ignore[attr-defined]
    topic = self.backend.get_topic(self._get_param("TopicArn"))
    subscriptions = [each for each in self.backend.subscriptions.values() if each.topic is topic]
    pending = sum(map(is_pending, subscriptions))
    counts = {"SubscriptionsPending": pending, "SubscriptionsConfirmed": len(subscriptions) - pending}
    result.result["Attributes"] |= counts  # type: ignore[index]
    for name in ("SignatureVersion", "TracingConfig"):
        value = getattr(topic, camelcase_to_underscores(name), None)
        if value:
            result.result["Attributes"][name] = value  # type: ignore[index]
    return result
