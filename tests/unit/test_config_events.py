"""Which values are read from an event, and which events are refused."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from evaluator.compliance import Instance, Policy
from evaluator.config_events import (
    InvalidEventError,
    InvalidRuleParametersError,
    OversizedChange,
    ResourceChange,
    Schedule,
    parse,
    parse_configuration_item,
    parse_instance,
    parse_rule_parameters,
)

from tests.support.handlers import sample

CAPTURED = datetime(2026, 3, 1, 10, 0, 0, 123000, UTC)
NOTIFIED = datetime(2026, 3, 2, 0, 0, 5, 456000, UTC)
INSTANCE_ID = "i-0123456789abcdef0"
RUNNING = {"keyName": "ops", "state": {"code": 16, "name": "running"}}


def test_change() -> None:
    """A change contains the instance. The time and today are those of the notification, not of the item."""
    event = parse(sample("change", {"configuration": RUNNING, "tags": {"a": "b"}}))

    assert event.trigger == ResourceChange(
        "AWS::EC2::Instance", INSTANCE_ID, CAPTURED, Instance("ops", "running", {"a": "b"})
    )
    assert (event.notified_at, event.today) == (NOTIFIED, date(2026, 3, 2))
    assert (event.result_token, event.policy) == ("token-of-the-change", Policy())


@pytest.mark.parametrize("notified", [None, "missing"])
def test_today_without_a_notification_time(notified: str | None) -> None:
    """If the notification has no time, the item's capture time is used, and today is its UTC date."""
    body = sample("change", {"configurationItemCaptureTime": "2026-03-01T23:30:00-02:00"})
    notification = json.loads(body["invokingEvent"])
    notification["notificationCreationTime"] = None
    if notified == "missing":
        del notification["notificationCreationTime"]

    event = parse(body | {"invokingEvent": json.dumps(notification)})
    assert (event.notified_at, event.today) == (datetime(2026, 3, 2, 1, 30, tzinfo=UTC), date(2026, 3, 2))


@pytest.mark.parametrize(
    ("item", "changes"),
    [
        ({"configurationItemStatus": "ResourceDeleted", "configuration": None}, {}),
        ({"configurationItemStatus": "ResourceDeletedNotRecorded", "configuration": None}, {}),
        ({"configurationItemStatus": "ResourceNotRecorded", "configuration": None}, {}),
        ({"resourceType": "AWS::EC2::Volume", "configuration": None}, {}),
        ({}, {"eventLeftScope": True}),
    ],
    ids=["deleted", "deleted and not recorded", "not recorded", "another type", "left scope"],
)
def test_nothing_to_judge(item: dict[str, Any], changes: dict[str, Any]) -> None:
    """A resource that is deleted, out of scope or not an instance is not evaluated, with or without a configuration."""
    trigger = parse(sample("change", item, **changes)).trigger

    assert isinstance(trigger, ResourceChange)
    assert trigger.instance is None


@pytest.mark.parametrize("left_scope", ["true", "false", 1, [True], {}, None])
def test_only_true_leaves_the_scope(left_scope: object) -> None:
    """Only the boolean true takes an instance out of scope, and no other value that Python treats as true."""
    trigger = parse(sample("change", {"configuration": RUNNING}, eventLeftScope=left_scope)).trigger

    assert isinstance(trigger, ResourceChange)
    assert trigger.instance == Instance("ops", "running")


def test_oversized_change() -> None:
    """An oversized change names what to fetch; its notification may lack a time."""
    event = parse(sample("oversized"))

    assert event.trigger == OversizedChange("AWS::EC2::Instance", INSTANCE_ID, CAPTURED)
    assert event.today == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("item", "changes"),
    [
        ({"configurationItemStatus": "ResourceDeleted"}, {}),
        ({"resourceType": "AWS::EC2::Volume"}, {}),
        ({}, {"eventLeftScope": True}),
    ],
    ids=["deleted", "another type", "left scope"],
)
def test_oversized_change_with_nothing_to_judge(item: dict[str, Any], changes: dict[str, Any]) -> None:
    """No item is fetched for a resource that is not evaluated."""
    trigger = parse(sample("oversized", item, **changes)).trigger

    assert isinstance(trigger, ResourceChange)
    assert trigger.instance is None


def test_schedule() -> None:
    """A schedule has the notification's time and the rule whose results are to be cleared."""
    event = parse(sample("schedule"))

    assert event.trigger == Schedule("ec2-key-pair-monitor", NOTIFIED)
    assert (event.today, event.result_token) == (date(2026, 3, 2), "token-of-the-schedule")


def test_longest_identity() -> None:
    """Types and ids may be as long as PutEvaluations allows."""
    trigger = parse(sample("change", {"resourceType": "x" * 256, "resourceId": "i" * 768})).trigger

    assert isinstance(trigger, ResourceChange)
    assert (len(trigger.resource_type), len(trigger.resource_id)) == (256, 768)


def test_times_are_utc() -> None:
    """A time with another offset is the same moment in UTC, wherever the function runs."""
    trigger = parse(sample("change", {"configurationItemCaptureTime": "2026-03-01T12:00:00.123+02:00"})).trigger

    assert isinstance(trigger, ResourceChange)
    assert trigger.captured_at == CAPTURED
    assert trigger.captured_at.tzinfo is UTC


@pytest.mark.parametrize(("year", "is_read"), [(2, False), (3, True), (9998, True), (9999, False)])
def test_years_that_can_be_reckoned_with(year: int, *, is_read: bool) -> None:
    """A time is refused if one more day or an offset could exceed the years that Python supports."""
    event = sample("schedule", notificationCreationTime=f"{year:04}-06-01T12:00:00Z")

    if is_read:
        assert parse(event).today.year == year
    else:
        with pytest.raises(InvalidEventError, match="is not a time like"):
            parse(event)


def test_item_of_the_history() -> None:
    """GetResourceConfigHistory gives the configuration as a string and times as datetimes."""
    item = {
        "resourceType": "AWS::EC2::Instance",
        "resourceId": INSTANCE_ID,
        "configurationItemStatus": "OK",
        "configurationItemCaptureTime": CAPTURED,
        "configuration": json.dumps(RUNNING),
        "tags": {"a": "b"},
    }

    assert parse_configuration_item(item) == ResourceChange(
        "AWS::EC2::Instance", INSTANCE_ID, CAPTURED, Instance("ops", "running", {"a": "b"})
    )


@pytest.mark.parametrize(
    ("configuration", "tags", "instance"),
    [
        ({"keyName": "ops"}, None, Instance("ops", "stopped")),
        ({"keyName": None}, {}, Instance(None, "stopped")),
        ({}, [], Instance(None, "stopped")),
        ({}, {"a": "b"}, Instance(None, "stopped", {"a": "b"})),
        ({}, [{"key": "a", "value": "", "tag": "a="}], Instance(None, "stopped", {"a": ""})),
    ],
)
def test_instance(configuration: dict[str, Any], tags: object, instance: Instance) -> None:
    """Tags are a map in items and a list in query rows, and an instance without a key pair has no key name."""
    assert parse_instance({"state": {"name": "stopped"}} | configuration, tags) == instance


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        (None, "configuration is missing"),
        ({}, "state is missing"),
        ({"keyName": "ops"}, "state is missing"),
        ({"keyName": "ops", "state": None}, "state is missing"),
        ({"state": "running"}, "state is not a JSON object"),
        ({"state": {"code": 16}}, r"name \(missing\) is not a text"),
    ],
)
def test_instance_without_a_state(configuration: object, message: str) -> None:
    """Every instance has a state. A configuration without it is incomplete, with or without a key pair."""
    with pytest.raises(InvalidEventError, match=f"^{message}"):
        parse_instance(configuration, None)


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (None, "event is missing"),
        ([], "event is not a JSON object"),
        (sample("change", resultToken=None), "resultToken is missing or not a string$"),
        (sample("change", resultToken=""), "resultToken"),
        (sample("change", resultToken=7), "resultToken"),
        (sample("change") | {"invokingEvent": None}, "invokingEvent is missing"),
        (sample("change") | {"invokingEvent": {}}, "invokingEvent is not a string"),
        (sample("change") | {"invokingEvent": "{"}, "invokingEvent does not hold JSON"),
        (sample("change") | {"invokingEvent": "[" * 100_000}, "invokingEvent does not hold JSON"),
        (sample("change") | {"invokingEvent": "[]"}, "invokingEvent is not a JSON object"),
        (sample("change", messageType="ConfigurationSnapshotDeliveryCompleted"), "messageType 'ConfigurationSnapshot"),
        (sample("change", messageType=None), r"messageType \(missing\)"),
        (sample("change", messageType=["x"]), "messageType"),
        (sample("change", configurationItem=None), "configurationItem is missing"),
        (sample("change", configurationItem=[]), "configurationItem is not a JSON object"),
        (sample("change", notificationCreationTime="yesterday"), "notificationCreationTime 'yesterday' is not a time"),
        (sample("change", {"resourceId": None}), r"resourceId \(missing\) is not a text"),
        (sample("change", {"resourceId": " "}), "resourceId ' ' is not a text"),
        (sample("change", {"resourceId": "\ud800"}), "resourceId .* is not a text"),
        (sample("change", {"resourceId": "i" * 769}), "resourceId 'i{79} is not a text of 1 to 768 characters"),
        (sample("change", {"resourceType": 1}), "resourceType 1 is not a text"),
        (sample("change", {"resourceType": "x" * 257}), "resourceType 'x{79} is not a text of 1 to 256 characters"),
        (sample("change", {"configurationItemStatus": "Fine"}), "configurationItemStatus 'Fine' is unknown"),
        (sample("change", {"configurationItemStatus": None}), "configurationItemStatus"),
        (sample("change", {"configurationItemStatus": {}}), "configurationItemStatus {} is not a text"),
        (sample("change", {"configurationItemCaptureTime": None}), "configurationItemCaptureTime"),
        (sample("change", {"configurationItemCaptureTime": 1}), "configurationItemCaptureTime 1 is not a time"),
        (sample("change", {"configurationItemCaptureTime": "2026-03-01T10:00:00"}), "configurationItemCaptureTime"),
        (sample("change", {"configurationItemCaptureTime": "2026-03-01"}), "configurationItemCaptureTime"),
        (sample("change", {"configurationItemCaptureTime": "0001-01-01T00:00+23:00"}), "configurationItemCaptureTime"),
        (sample("change", {"configuration": None}), f"configuration of {INSTANCE_ID} is missing"),
        (sample("change", {"configuration": {}}), "state is missing"),
        (sample("change", {"configuration": {"keyName": "ops"}}), "state is missing"),
        (sample("change", {"configuration": []}), f"configuration of {INSTANCE_ID} is not a JSON object"),
        (sample("change", {"configuration": "{"}), "configuration does not hold JSON"),
        (sample("change", {"configuration": {"keyName": 7}}), "keyName 7 is not a string"),
        (sample("change", {"configuration": {"keyName": ["ops"]}}), "keyName .* is not a string"),
        (sample("change", {"configuration": {"keyName": False}}), "keyName False is not a string"),
        (sample("change", {"configuration": RUNNING | {"state": "running"}}), "state is not a JSON object"),
        (sample("change", {"configuration": RUNNING | {"state": {}}}), "name .* is not a text"),
        (sample("change", {"configuration": RUNNING, "tags": "a=b"}), "tags is not a JSON object"),
        (sample("change", {"configuration": RUNNING, "tags": {"a": None}}), "tags {'a': None} are not all strings"),
        (sample("change", {"configuration": RUNNING, "tags": ["a"]}), "tags .* are not all strings"),
        (sample("oversized", configurationItemSummary=None), "configurationItemSummary is missing"),
        (sample("oversized", {"configurationItemCaptureTime": None}), "configurationItemCaptureTime"),
        (sample("oversized", {"configurationItemStatus": "?"}), "configurationItemStatus '?.' is unknown"),
        (sample("schedule", notificationCreationTime=None), "notificationCreationTime is missing from"),
        (sample("schedule", configRuleName=None), r"configRuleName \(missing\) is not a text"),
    ],
)
def test_malformed_event(event: object, message: str) -> None:
    """The error names whatever is missing or has the wrong type."""
    with pytest.raises(InvalidEventError, match=f"^{message}"):
        parse(event)


def test_error_never_shows_the_token() -> None:
    """The result token is a credential: not even a malformed one is quoted."""
    with pytest.raises(InvalidEventError) as error:
        parse(sample("change", resultToken=["secret-token"]))

    assert "secret-token" not in str(error.value)


@pytest.mark.parametrize("parameters", [None, "", "{}"])
def test_no_rule_parameters(parameters: object) -> None:
    """Absent, empty and {} mean the defaults."""
    assert parse_rule_parameters(parameters) == Policy()


def test_rule_parameters() -> None:
    """The parameters are strings that hold JSON, except for the tag key, which is plain text."""
    parameters = {
        "allowedKeyNames": '["ops-*","break-glass"]',
        "exemptTags": '{"karpenter.sh/nodepool":"*"}',
        "exemptUntilTagKey": "until",
    }

    policy = parse_rule_parameters(json.dumps(parameters))

    assert policy == Policy(("ops-*", "break-glass"), {"karpenter.sh/nodepool": "*"}, "until")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("{", "ruleParameters does not hold JSON"),
        ("[]", "ruleParameters is not a JSON object"),
        ({}, "ruleParameters is not a string"),
        ('{"allowedKeyName":"[]"}', "'allowedKeyName' is unknown; known are allowedKeyNames"),
        ('{"allowedKeyNames":"ops"}', "allowedKeyNames does not hold JSON"),
        ('{"allowedKeyNames":["ops"]}', "allowedKeyNames is not a string"),
        ('{"allowedKeyNames":"[7]"}', "allowedKeyNames is not a list of names"),
        ('{"allowedKeyNames":"[\\"\\"]"}', "allowedKeyNames is not a list of names"),
        ('{"allowedKeyNames":"{}"}', "allowedKeyNames is not a list of names"),
        ('{"exemptTags":"{"}', "exemptTags does not hold JSON"),
        ('{"exemptTags":"[]"}', "exemptTags is not a JSON object"),
        ('{"exemptTags":"{\\"a\\":1}"}', "exemptTags is not a map of patterns"),
        ('{"exemptTags":"{\\"\\":\\"1\\"}"}', "exemptTags is not a map of patterns"),
        ('{"exemptUntilTagKey":""}', "exemptUntilTagKey is not the key of a tag"),
        ('{"exemptUntilTagKey":7}', "exemptUntilTagKey is not the key of a tag"),
    ],
)
def test_malformed_rule_parameters(parameters: object, message: str) -> None:
    """Unknown and malformed parameters are errors that name the parameter."""
    with pytest.raises(InvalidRuleParametersError, match=f"^Rule parameter {message}"):
        parse_rule_parameters(parameters)
