"""SNS: the filter policy of a subscription and its other attributes, checked as they are set.

- Filters: https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html and
  https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
- Attributes: https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html
- Errors follow recordings of the real AWS: ``tests/oracles/recordings``.

A policy on attributes sees strings, numbers and the elements of a String.Array. Assumed: a policy on the body sees the
text for the subscription's protocol. ``anything-but`` lets an array pass if it has some other value: AWS's page says so
in its example, and the opposite in its text.

More permissive than AWS: a new policy works at once, not within 15 minutes, and the number of policies is not limited.
"""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from moto.core.responses import EmptyResult
from moto.sns.exceptions import SNSInvalidParameter, SNSNotFoundError
from moto.sns.models import SNSBackend, Subscription
from moto.sns.responses import SNSResponse

from tests.emulator import eventbridge_patterns
from tests.emulator.moto_methods import extends

SCOPES = ("MessageBody", "MessageAttributes")
MAXIMUM_KEYS = 5
MAXIMUM_COMBINATIONS = 150
NAMES = frozenset(
    {
        "DeliveryPolicy",
        "FilterPolicy",
        "FilterPolicyScope",
        "RawMessageDelivery",
        "RedrivePolicy",
        "SubscriptionRoleArn",
    }
)


@extends(SNSResponse, "set_subscription_attributes")
def set_attribute(self: SNSResponse) -> EmptyResult:
    """SetSubscriptionAttributes. moto would change the value before it is checked."""
    arn, name, value = map(self._get_param, ("SubscriptionArn", "AttributeName", "AttributeValue"))
    self.backend.set_subscription_attributes(arn, name, value or "")
    return EmptyResult()


@extends(SNSBackend)
def set_subscription_attributes(self: SNSBackend, arn: str, name: str, value: str | bool) -> None:  # noqa: FBT001
    """Set an attribute, or delete it: by an empty text, or a filter policy also by an empty object."""
    subscription = self.subscriptions.get(arn)
    if subscription is None:
        raise SNSNotFoundError("Subscription does not exist")
    kept = checked(name, str(value), subscription.attributes.get("FilterPolicyScope"))
    if kept == "":
        subscription.attributes.pop(name, None)
    else:
        subscription.attributes[name] = kept


def check_all(attributes: Mapping[str, str]) -> None:
    """Refuse the attributes of Subscribe before anything is subscribed."""
    for name, value in attributes.items():
        try:
            checked(name, value, attributes.get("FilterPolicyScope"))
        except SNSInvalidParameter as error:
            reason = str(error.message).removeprefix("Invalid parameter: ")
            raise SNSInvalidParameter(f"Invalid parameter: Attributes Reason: {reason}") from error


def checked(name: str, value: str, scope: str | None) -> str | bool:
    """Check an attribute. Returns its value in moto's form, or "" for none."""
    match name:
        case "FilterPolicyScope" if value not in SCOPES:
            refuse(name, f"Invalid value [{value}]. Please use either MessageBody or MessageAttributes")
        case "RawMessageDelivery":
            if value.lower() not in ("true", "false"):
                refuse(name, f"Invalid value [{value}]. Must be true or false.")
            return value.lower() == "true"
        case "FilterPolicy" if value:
            policy = parsed(name, value)
            check_policy(policy, scope)
            return value if policy else ""
        case "RedrivePolicy" if value:
            target = parsed(name, value).get("deadLetterTargetArn")
            if not isinstance(target, str) or len(target.split(":")) != 6:
                refuse(name, "deadLetterTargetArn is an invalid arn")
        case _ if name not in NAMES:
            raise SNSInvalidParameter("Invalid parameter: AttributeName")
    return value


def refuse(name: str, problem: str) -> NoReturn:
    """Refuse an attribute's value."""
    raise SNSInvalidParameter(f"Invalid parameter: {name}: {problem}")


def parsed(name: str, text: str) -> dict[str, Any]:
    """An attribute that is a JSON object."""
    try:
        value = json.loads(text)
    except ValueError as error:
        refuse(name, f"failed to parse JSON. {error}")
    if not isinstance(value, dict):
        refuse(name, "failed to parse JSON. It is not an object")
    return value


def check_policy(policy: Mapping[str, Any], scope: str | None) -> None:
    """Refuse a filter policy that is invalid, too complex, or nested without being on the body."""
    check_rules(policy)
    if scope != "MessageBody" and any(isinstance(value, dict) for value in policy.values()):
        raise SNSInvalidParameter(
            "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy"
        )
    if len(policy) > MAXIMUM_KEYS:
        refuse("FilterPolicy", f"Filter policy can not have more than {MAXIMUM_KEYS} keys")
    combinations = 0
    for fields in eventbridge_patterns.alternatives(policy):
        product = 1
        for path, rules in fields.items():
            product *= len(rules) * (path.count(".") + 1)
        combinations += product
    if combinations > MAXIMUM_COMBINATIONS:
        refuse("FilterPolicy", "Filter policy is too complex")


def check_rules(policy: Mapping[str, Any]) -> None:
    """Refuse invalid rules, and the operators of EventBridge that SNS does not have."""
    try:
        eventbridge_patterns.check(policy)
    except eventbridge_patterns.InvalidPatternError as error:
        refuse("FilterPolicy", str(error).replace("prefix/suffix match", "prefix match"))
    for fields in eventbridge_patterns.alternatives(policy):
        for rule in (rule for rules in fields.values() for rule in rules if isinstance(rule, dict)):
            [(name, operand)] = rule.items()
            if name == "wildcard":
                refuse("FilterPolicy", f"Unrecognized match type {name}")
            if name == "anything-but" and isinstance(operand, dict) and "prefix" not in operand:
                refuse("FilterPolicy", f"Unsupported anything-but pattern: {next(iter(operand))}")


def with_values(policy: Any) -> Any:
    """A policy in which ``exists`` requires a value that is neither null nor empty.

    https://docs.aws.amazon.com/sns/latest/dg/attribute-key-matching.html
    """
    if policy == {"exists": True}:
        return {"anything-but": ["", None]}
    if isinstance(policy, dict):
        return {name: with_values(inner) for name, inner in policy.items()}
    return [with_values(each) for each in policy] if isinstance(policy, list) else policy


def passes(subscription: Subscription, attributes: Mapping[str, Mapping[str, Any]] | None, message: str) -> bool:
    """Whether a subscription's filter policy lets a message pass."""
    text = subscription.attributes.get("FilterPolicy")
    if not text:
        return True
    policy = with_values(json.loads(text))
    if subscription.attributes.get("FilterPolicyScope") != "MessageBody":
        values = {name: value_of(each) for name, each in (attributes or {}).items()}
        return bool(values) and eventbridge_patterns.matches(policy, values)
    try:
        return eventbridge_patterns.matches(policy, json.loads(message))
    except ValueError:
        return False


def value_of(attribute: Mapping[str, Any]) -> Any:
    """What a filter sees of a message attribute."""
    if attribute["Type"] == "String.Array":
        return elements_of(attribute["Value"]) or []
    return float(attribute["Value"]) if attribute["Type"].startswith("Number") else attribute["Value"]


def elements_of(array: str) -> list[Any] | None:
    """The elements of a String.Array, which are strings, numbers, booleans or null; None if it is something else."""
    try:
        elements = json.loads(array)
    except ValueError:
        return None
    is_simple = isinstance(elements, list) and not any(isinstance(each, list | dict) for each in elements)
    return elements if is_simple else None
