"""SNS: subscriptions that a person must confirm, and what Terraform asks of topics and subscriptions.

Follows https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html

More permissive than AWS: an unconfirmed subscription does not disappear after two days. A second Subscribe of a pending
address sends no second e-mail. For ``http`` and ``https``, the e-mail in the outbox stands for the confirmation request
to the endpoint.
"""

import uuid
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.models import SNSBackend, Subscription
from moto.sns.responses import SNSResponse

from tests.emulator import sns_filters
from tests.emulator.moto_methods import extends
from tests.emulator.sns import CONFIRMED_BY_A_PERSON, Mail, is_pending, outbox


def content(result: ActionResult) -> dict[str, Any]:
    """The members of a response, to change them."""
    return cast("dict[str, Any]", result.result)


@extends(SNSBackend, "subscribe")
def add_subscription(self: SNSBackend, topic_arn: str, endpoint: str, protocol: str) -> Subscription:
    """Subscribe. A subscription that a person must confirm stays pending."""
    subscription: Subscription = add_subscription.replaced(self, topic_arn, endpoint, protocol)
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
        outbox(self.region_name, self.account_id).append(
            Mail(topic_arn, endpoint, "AWS Notification - Subscription Confirmation", text, token)
        )
    return subscription


@extends(SNSBackend)
def get_subscription_attributes(self: SNSBackend, arn: str) -> dict[str, Any]:
    """GetSubscriptionAttributes, with whether the subscription is pending now, and who created it."""
    attributes: dict[str, Any] = get_subscription_attributes.replaced(self, arn)
    subscription = self.subscriptions[arn]
    pending = "true" if is_pending(subscription) else "false"
    return attributes | {
        "PendingConfirmation": pending,
        "SubscriptionPrincipal": f"arn:aws:iam::{self.account_id}:root",
    }


@extends(SNSBackend)
def unsubscribe(self: SNSBackend, subscription_arn: str) -> None:
    """Unsubscribe refuses a pending subscription, which disappears with its topic or after two days."""
    subscription = self.subscriptions.get(subscription_arn)
    if subscription and is_pending(subscription):
        raise SNSInvalidParameter(
            "Invalid parameter: SubscriptionArn Reason: This subscription is pending confirmation. "
            "Cannot unsubscribe a subscription that is pending confirmation"
        )
    unsubscribe.replaced(self, subscription_arn)


@extends(SNSResponse)
def subscribe(self: SNSResponse) -> ActionResult:
    """Subscribe answers "pending confirmation" unless the caller asks for the ARN, as Terraform does."""
    sns_filters.check_all(self._get_param("Attributes", {}))
    result: ActionResult = subscribe.replaced(self)
    subscription = self.backend.subscriptions[content(result)["SubscriptionArn"]]
    if is_pending(subscription) and str(self._get_param("ReturnSubscriptionArn")).lower() != "true":
        return ActionResult({"SubscriptionArn": "pending confirmation"})
    return result


@extends(SNSResponse)
def confirm_subscription(self: SNSResponse) -> ActionResult:
    """ConfirmSubscription with the token of the confirmation e-mail."""
    topic_arn, token = self._get_param("TopicArn"), self._get_param("Token")
    subscriptions = [each for each in self.backend.subscriptions.values() if each.topic_arn == topic_arn]
    found = next((each for each in subscriptions if each.__dict__.get("embedded_token") == token), None)
    if found is None:
        raise SNSInvalidParameter("Invalid parameter: Token")
    found.confirmed = True
    return ActionResult({"SubscriptionArn": found.arn})


def listed(result: ActionResult) -> ActionResult:
    """A list of subscriptions in the API's form: a pending subscription has no ARN."""
    found: list[Subscription] = content(result)["Subscriptions"]
    content(result)["Subscriptions"] = [
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
    """ListSubscriptions, with "PendingConfirmation" instead of a pending subscription's ARN."""
    return listed(list_subscriptions.replaced(self))


@extends(SNSResponse)
def list_subscriptions_by_topic(self: SNSResponse) -> ActionResult:
    """ListSubscriptionsByTopic, likewise."""
    return listed(list_subscriptions_by_topic.replaced(self))


@extends(SNSResponse)
def get_topic_attributes(self: SNSResponse) -> ActionResult:
    """GetTopicAttributes with the attributes that moto keeps but does not return, and with the true counts."""
    result: ActionResult = get_topic_attributes.replaced(self)
    topic = self.backend.get_topic(self._get_param("TopicArn"))
    subscriptions = [each for each in self.backend.subscriptions.values() if each.topic is topic]
    pending = sum(map(is_pending, subscriptions))
    counts = {"SubscriptionsPending": pending, "SubscriptionsConfirmed": len(subscriptions) - pending}
    attributes = content(result)["Attributes"]
    attributes |= counts
    for name in ("SignatureVersion", "TracingConfig"):
        value = getattr(topic, camelcase_to_underscores(name), None)
        if value:
            attributes[name] = value
    return result
