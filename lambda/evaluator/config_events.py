"""Parses what AWS Config sends into typed values. Bad input raises an error that names what is wrong.

An event is described at https://docs.aws.amazon.com/config/latest/developerguide/evaluate-config_develop-rules_example-events.html
"""

import json
from collections.abc import Mapping
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime
from typing import Any, NamedTuple

from evaluator.compliance import Instance, Policy

EC2_INSTANCE = "AWS::EC2::Instance"

# https://docs.aws.amazon.com/config/latest/APIReference/API_ConfigurationItem.html
RECORDED_STATUSES = frozenset({"OK", "ResourceDiscovered"})
GONE_STATUSES = frozenset({"ResourceDeleted", "ResourceDeletedNotRecorded", "ResourceNotRecorded"})


class InvalidEventError(ValueError):
    """An event, or a part of it, is malformed."""


class InvalidRuleParametersError(ValueError):
    """The parameters of the AWS Config rule were not written by the module."""


class ResourceChange(NamedTuple):
    """A changed resource. ``instance`` is None if it is not an instance, is deleted, or is out of the rule's scope."""

    resource_type: str
    resource_id: str
    captured_at: datetime
    instance: Instance | None


class OversizedChange(NamedTuple):
    """A change without its item, which must be fetched from the resource's history."""

    resource_type: str
    resource_id: str
    captured_at: datetime


class Schedule(NamedTuple):
    """A scheduled evaluation of the whole region."""

    rule_name: str
    notified_at: datetime


class RuleEvent(NamedTuple):
    """One invocation of the rule. ``result_token`` is a credential: never log it.

    ``notified_at`` is when AWS Config sent the notification. If that is missing, it is when the item was captured.
    """

    trigger: ResourceChange | OversizedChange | Schedule
    policy: Policy
    notified_at: datetime
    result_token: str

    @property
    def today(self) -> date:
        """The UTC date to compare exemption dates with. It is the event's, so that a retry gives the same verdict."""
        return self.notified_at.date()


def parse(event: object) -> RuleEvent:
    """Read the event that AWS Config passes to the function of a custom rule.

    Args:
        event: the event as Lambda passes it.

    Raises:
        InvalidEventError: something in it is missing or has the wrong type; the message names it.
        InvalidRuleParametersError: the module did not write its ``ruleParameters``; the message names the parameter.
    """
    event = _mapping(event, "event")
    policy = parse_rule_parameters(event.get("ruleParameters"))
    # The message must not contain the value, which may be most of a credential.
    result_token = event.get("resultToken")
    if not isinstance(result_token, str) or not result_token:
        raise InvalidEventError("resultToken is missing or not a string")

    notification = _mapping(_json(event.get("invokingEvent"), "invokingEvent"), "invokingEvent")
    notified_at = None
    if notification.get("notificationCreationTime") is not None:
        notified_at = _time(notification, "notificationCreationTime")

    trigger: ResourceChange | OversizedChange | Schedule
    message_type = notification.get("messageType")
    if message_type == "ScheduledNotification":
        if notified_at is None:
            raise InvalidEventError("notificationCreationTime is missing from a ScheduledNotification")
        trigger = Schedule(_text(event, "configRuleName"), notified_at)
        return RuleEvent(trigger, policy, notified_at, result_token)

    # Only the boolean true counts, and no other value that Python treats as true.
    left_scope = event.get("eventLeftScope") is True
    if message_type == "ConfigurationItemChangeNotification":
        item = _mapping(notification.get("configurationItem"), "configurationItem")
        trigger = parse_configuration_item(item, left_scope=left_scope)
    elif message_type == "OversizedConfigurationItemChangeNotification":
        summary = _mapping(notification.get("configurationItemSummary"), "configurationItemSummary")
        change = parse_summary(summary)
        judged = _is_recorded(summary) and not left_scope and change.resource_type == EC2_INSTANCE
        trigger = change if judged else ResourceChange(*change, instance=None)
    else:
        raise InvalidEventError(f"messageType {_shown(message_type)} is not one that this rule subscribes to")
    return RuleEvent(trigger, policy, notified_at or trigger.captured_at, result_token)


def parse_summary(summary: Mapping[str, Any]) -> OversizedChange:
    """Read which item of a resource to fetch, from the summary of an event or from ``BatchGetResourceConfig``.

    Raises:
        InvalidEventError: resource or capture time is malformed.
    """
    return OversizedChange(*_identity(summary), _time(summary, "configurationItemCaptureTime"))


def parse_configuration_item(item: Mapping[str, Any], *, left_scope: bool = False) -> ResourceChange:
    """Read a configuration item from an event or from ``GetResourceConfigHistory``, which have different formats.

    Raises:
        InvalidEventError: the item is malformed, or its configuration is missing.
    """
    resource_type, resource_id = _identity(item)
    captured_at = _time(item, "configurationItemCaptureTime")
    instance = None
    if _is_recorded(item) and not left_scope and resource_type == EC2_INSTANCE:
        configuration = item.get("configuration")
        if isinstance(configuration, str):
            configuration = _json(configuration, "configuration")
        instance = parse_instance(_mapping(configuration, f"configuration of {resource_id}"), item.get("tags"))
    return ResourceChange(resource_type, resource_id, captured_at, instance)


def parse_row(text: object) -> tuple[str, object, object]:
    """Read a row that ``SelectResourceConfig`` returned: an instance's id, configuration and tags.

    Raises:
        InvalidEventError: the row is not a JSON object with a ``resourceId``.
    """
    row = _mapping(_json(text, "row"), "row")
    return _text(row, "resourceId"), row.get("configuration"), row.get("tags")


def parse_instance(configuration: object, tags: object) -> Instance:
    """Read an instance from its recorded configuration, or from the fields that a query selects.

    Args:
        configuration: ``keyName`` and ``state.name`` are read. AWS Config leaves ``keyName`` out if there is no key
            pair. Every instance has a state. Without a state the configuration is incomplete and proves nothing.
        tags: a map, from an item; a list of objects with ``key`` and ``value``, from a query; or None.

    Raises:
        InvalidEventError: the state is missing, or a value has the wrong type.
    """
    configuration = _mapping(configuration, "configuration")
    key_name = configuration.get("keyName")
    if key_name is not None and not isinstance(key_name, str):
        raise InvalidEventError(f"keyName {_shown(key_name)} is not a string")
    state = _mapping(configuration.get("state"), "state")
    return Instance(key_name, _text(state, "name"), _tags(tags))


def parse_rule_parameters(parameters: object) -> Policy:
    """Read the rule's parameters as the module writes them: strings that hold JSON.

    Args:
        parameters: the event's ``ruleParameters``; absent (None), "" and "{}" mean the defaults.

    Raises:
        InvalidRuleParametersError: a parameter is unknown or malformed; the message names it.
    """
    if parameters is None or parameters == "":
        return Policy()
    try:
        values = dict(_mapping(_json(parameters, "ruleParameters"), "ruleParameters"))
        key_names = _json(values.pop("allowedKeyNames", None) or "[]", "allowedKeyNames")
        if not isinstance(key_names, list) or not all(isinstance(name, str) and name for name in key_names):
            raise InvalidEventError('allowedKeyNames is not a list of names like ["prod-*"]')
        tags = _mapping(_json(values.pop("exemptTags", None) or "{}", "exemptTags"), "exemptTags")
        if not all(key and isinstance(value, str) for key, value in tags.items()):
            raise InvalidEventError('exemptTags is not a map of patterns like {"karpenter.sh/nodepool":"*"}')
        until_key = values.pop("exemptUntilTagKey", None)
        if until_key is not None and (not isinstance(until_key, str) or not until_key):
            raise InvalidEventError("exemptUntilTagKey is not the key of a tag")
    except InvalidEventError as error:
        raise InvalidRuleParametersError(f"Rule parameter {error}") from error
    if values:
        known = "allowedKeyNames, exemptTags and exemptUntilTagKey"
        raise InvalidRuleParametersError(f"Rule parameter {_shown(min(values))} is unknown; known are {known}")
    return Policy(tuple(key_names), dict(tags), until_key)


def _identity(item: Mapping[str, Any]) -> tuple[str, str]:
    return _text(item, "resourceType"), _text(item, "resourceId", 768)


def _is_recorded(item: Mapping[str, Any]) -> bool:
    status = _text(item, "configurationItemStatus")
    if status not in RECORDED_STATUSES and status not in GONE_STATUSES:
        raise InvalidEventError(f"configurationItemStatus {_shown(status)} is unknown")
    return status in RECORDED_STATUSES


def _tags(tags: object) -> dict[str, str]:
    if isinstance(tags, list):
        pairs = [(tag.get("key"), tag.get("value")) if isinstance(tag, dict) else (None, None) for tag in tags]
    else:
        pairs = list(_mapping({} if tags is None else tags, "tags").items())
    if not all(isinstance(key, str) and isinstance(value, str) for key, value in pairs):
        raise InvalidEventError(f"tags {_shown(tags)} are not all strings")
    return dict(pairs)  # type: ignore[arg-type]  # just checked


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidEventError(f"{name} is missing" if value is None else f"{name} is not a JSON object")
    return value


def _text(mapping: Mapping[str, Any], name: str, longest: int = 256) -> str:
    value = mapping.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > longest or not value.isprintable():
        raise InvalidEventError(f"{name} {_shown(value)} is not a text of 1 to {longest} characters")
    return value


def _time(mapping: Mapping[str, Any], name: str) -> datetime:
    value = mapping.get(name)
    try:
        # boto3 returns datetimes, events contain ISO 8601. A time without an offset does not tell the date.
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        # AWS sends no times outside of these years, and Python could not calculate with them.
        if isinstance(moment, datetime) and moment.tzinfo is not None and MINYEAR + 1 < moment.year < MAXYEAR:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InvalidEventError(f"{name} {_shown(value)} is not a time like 2026-01-31T12:00:00.000Z")


def _json(text: object, name: str) -> object:
    if not isinstance(text, str):
        raise InvalidEventError(f"{name} is missing" if text is None else f"{name} is not a string that holds JSON")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidEventError(f"{name} does not hold JSON: {error}") from error


def _shown(value: object) -> str:
    return "(missing)" if value is None else ascii(value)[:80]
