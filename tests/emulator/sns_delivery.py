"""SNS: messages handed to subscribers, and dead letters.

- E-mail: https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
- Dead letters: https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
- Retries: https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
- Metrics: https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html

More permissive than AWS: an SMS is never cut into parts, no subscription is suspended for too many e-mails a second,
and nothing is tried again, although the three retries of HTTP are counted. Signatures always have version 2.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

import requests
from moto.sns.models import Subscription

from tests.emulator import cloudwatch_metrics, lambda_invocations, sns_filters, sqs
from tests.emulator.moto_methods import extends
from tests.emulator.sns import PRINCIPAL, Mail, bounces, is_pending, outbox, structured

HTTP_ATTEMPTS = 4  # by the default delivery policy: three retries

FOOTER = """

--
If you wish to stop receiving notifications from this topic, please click or visit the link below to unsubscribe:
https://sns.{region}.amazonaws.com/unsubscribe.html?SubscriptionArn={arn}&Endpoint={endpoint}

Please do not reply directly to this email. If you have any questions or comments regarding this email, please contact \
us at https://aws.amazon.com/support
"""


@extends(Subscription, "publish")
def publish_to(self: Subscription, message: str, message_id: str, subject: str | None = None, **options: Any) -> None:
    """Deliver a message that passes the filter to a confirmed subscriber, or else to the dead-letter queue."""
    if options.get("message_structure") == "json":
        by_protocol = structured(message)
        message, options["message_structure"] = by_protocol.get(self.protocol, by_protocol["default"]), None
    if is_pending(self) or not sns_filters.passes(self, options.get("message_attributes"), message):
        return
    if deliver(self, message, message_id, subject, options):
        return
    # HTTP counts each failed attempt, and the other protocols each message that is given up.
    count(self, "NumberOfNotificationsFailed", HTTP_ATTEMPTS if self.protocol in ("http", "https") else 1)
    redrive = self.attributes.get("RedrivePolicy")
    if redrive:
        document = json.dumps(self.get_post_data(message, message_id, subject, options.get("message_attributes")))
        queue_arn = json.loads(redrive)["deadLetterTargetArn"]
        kept = sqs.send(queue_arn, document, principal=PRINCIPAL, source_arn=self.topic_arn)
        count(self, "NumberOfNotificationsRedrivenToDlq" if kept else "NumberOfNotificationsFailedToRedriveToDlq", 1)


def count(subscription: Subscription, metric: str, value: int) -> None:
    """Count for the topic of a subscription."""
    _, _, _, region, account, topic = subscription.topic_arn.split(":")
    cloudwatch_metrics.count(region, account, "AWS/SNS", metric, {"TopicName": topic}, value=value)


@extends(Subscription)
def get_post_data(self: Subscription, *arguments: Any, **options: Any) -> dict[str, Any]:
    """The JSON document of a message, with the topic's signature version and the subscription's own link.

    https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
    """
    document: dict[str, Any] = get_post_data.replaced(self, *arguments, **options)
    document["SignatureVersion"] = getattr(self.topic, "signature_version", None) or "1"
    host = f"https://sns.{self.topic.sns_backend.region_name}.amazonaws.com"
    document["UnsubscribeURL"] = f"{host}/?Action=Unsubscribe&SubscriptionArn={self.arn}"
    return document


def deliver(  # noqa: PLR0911  (one for each protocol)
    subscription: Subscription, message: str, message_id: str, subject: str | None, options: Mapping[str, Any]
) -> bool:
    """Deliver a message to the endpoint. Returns whether the endpoint took it."""
    endpoint, topic_arn = subscription.endpoint, subscription.topic_arn
    _, _, _, region, account, _ = topic_arn.split(":")
    attributes = options.get("message_attributes")
    match subscription.protocol:
        case _ if endpoint in bounces(region, account):
            return False
        case "sms":
            outbox(region, account).append(Mail(topic_arn, endpoint, "", message))
            return True
        case "email" | "email-json":
            body = message + FOOTER.format(region=region, arn=subscription.arn, endpoint=endpoint)
            if subscription.protocol == "email-json":
                body = json.dumps(subscription.get_post_data(message, message_id, subject, attributes))
            outbox(region, account).append(Mail(topic_arn, endpoint, subject or "AWS Notification Message", body))
            return True
        case "sqs":
            if not sqs.may_send(endpoint, principal=PRINCIPAL, source_arn=topic_arn):
                return False
            if attributes and subscription.attributes["RawMessageDelivery"]:
                options = {**options, "message_attributes": {name: raw(each) for name, each in attributes.items()}}
        case "lambda":
            data = subscription.get_post_data(message, message_id, subject, attributes)
            # For a function, two names have another spelling, and missing values are empty.
            data["SigningCertUrl"], data["UnsubscribeUrl"] = data.pop("SigningCertURL"), data.pop("UnsubscribeURL")
            data = {"Subject": None, "MessageAttributes": {}} | data
            record = {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": subscription.arn}
            event = json.dumps({"Records": [record | {"Sns": data}]})
            return lambda_invocations.invoke_async(endpoint, event, principal=PRINCIPAL, source_arn=topic_arn)
    try:
        publish_to.replaced(subscription, message, message_id, subject, **options)
    except requests.RequestException:
        return False
    return True


def raw(attribute: Mapping[str, Any]) -> dict[str, Any]:
    """A message attribute in the form of SQS: bytes, not Base64."""
    is_binary = attribute["Type"].startswith("Binary")
    return {**attribute, "Value": base64.b64decode(attribute["Value"]) if is_binary else attribute["Value"]}
