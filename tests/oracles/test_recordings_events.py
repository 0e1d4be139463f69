"""Recordings of EventBridge: which patterns match, and what a target receives."""

import json
from typing import Any

import pytest

from tests.emulator import ACCOUNT_ID, EmbeddedAws, eventbridge_transformer
from tests.oracles.recordings import (
    PATTERNS,
    QUEUE,
    REGION,
    TEMPLATES,
    TOPIC,
    bodies,
    queue_for,
    refusal,
    subscribe,
    topic_of,
)
from tests.oracles.tally import judged

RULE = f"arn:aws:events:{REGION}:{ACCOUNT_ID}:rule/rule"
SOURCE = "core.update-account-command"
EVENT: dict[str, Any] = {
    "id": "1",
    "source": "test-source",
    "detail-type": "test-detail-type",
    "account": "123456789012",
    "region": "us-east-2",
    "time": "2022-07-13T13:48:01Z",
}
PATHS = {
    "command": "$.detail.command",
    "detail-type": "$.detail-type",
    "listmulti": "$.detail.listmulti",
    "listsingle": "$.detail.listsingle",
    "notinmessage": "$.detail.notinmessage",
    "payload": "$.detail.payload",
    "systemstring": "$.detail.awsAccountId",
    "userId": "$.detail.payload.acc_id",
    "valid": "$.detail.valid",
}
DETAIL = {
    "command": "update-account",
    "payload": {"acc_id": "0a787ecb-4015", "sf_id": "baz"},
    "listsingle": ["HIGH"],
    "listmulti": ["ACTIVE", "INACTIVE"],
    "valid": True,
}


# Patterns


@pytest.fixture(scope="module")
def event_patterns() -> Any:
    """One embedded AWS for all tests, because TestEventPattern keeps nothing."""
    with EmbeddedAws() as aws:
        yield aws.client("events", REGION).test_event_pattern


@pytest.mark.parametrize("name", PATTERNS)
def test_event_pattern(event_patterns: Any, name: str) -> None:
    """A pattern matches an event as on AWS, and an invalid one is refused for AWS's reason."""
    judged("recordings of the real AWS")
    pattern, event, expected = PATTERNS[name]
    request = {"Event": json.dumps(EVENT | event), "EventPattern": json.dumps(pattern)}
    if isinstance(expected, bool):
        assert event_patterns(**request)["Result"] is expected
    else:
        code, message = refusal(event_patterns, **request)
        assert (code, message) == ("InvalidEventPatternException", f"Event pattern is not valid. Reason: {expected}")


@pytest.mark.parametrize(
    "pattern",
    [
        "this is valid json but not a dict",
        "{'bad': 'quotation'}",
        '{"not": closed mark"',
        '["not", "a", "dict", "but valid json"]',
    ],
)
def test_invalid_json_event_pattern(event_patterns: Any, pattern: str) -> None:
    """A pattern that is no JSON object is refused."""
    code, _ = refusal(event_patterns, Event=json.dumps(EVENT), EventPattern=pattern)
    assert code == "InvalidEventPatternException"


@pytest.mark.parametrize("event", ["plain string", '["plain string"]', '{"testEvent": "value"}'])
def test_invalid_event_payload(event_patterns: Any, event: str) -> None:
    """An event that is no object, or without a mandatory field, is refused."""
    pattern = '{"body": {"test2": [{"numeric": [">", 100]}]}}'
    expected = ("ValidationException", "Parameter Event is not valid.")
    assert refusal(event_patterns, Event=event, EventPattern=pattern) == expected


def test_event_pattern_with_multi_key(event_patterns: Any) -> None:
    """Of two entries with the same key the last counts."""
    event = EVENT | {"detail": {"location": "eu-central-1"}}
    pattern = '{"detail": {"location": [{"prefix": "us-"}], "location": [{"anything-but": "us-east"}]}}'
    assert event_patterns(Event=json.dumps(event), EventPattern=pattern)["Result"]


def test_event_pattern_with_escape_characters(event_patterns: Any) -> None:
    """Outside a wildcard an asterisk and a backslash mean themselves."""
    event = EVENT | {"detail": {"escape_star": "*", "escape_backslash": "\\"}}
    pattern = r'{"detail": {"escape_star": ["*"], "escape_backslash": ["\\"]}}'
    assert event_patterns(Event=json.dumps(event), EventPattern=pattern)["Result"]


# Targets


def send(aws: EmbeddedAws, target: dict[str, Any]) -> None:
    """Put an event of the recordings, for which a rule has one target."""
    events = aws.client("events", REGION)
    pattern = {"source": [SOURCE], "detail-type": [SOURCE], "detail": {"command": ["update-account"]}}
    events.put_rule(Name="rule", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="rule", Targets=[{"Id": "target", **target}])
    events.put_events(Entries=[{"Source": SOURCE, "DetailType": SOURCE, "Detail": json.dumps(DETAIL)}])
    aws.settle()


@pytest.mark.parametrize(("template", "expected"), TEMPLATES, ids=[each[0] for each in TEMPLATES])
def test_input_transformer(aws: EmbeddedAws, template: str, expected: Any) -> None:
    """A filled template arrives as on AWS, and what is no JSON any more does not arrive."""
    judged("recordings of the real AWS")
    url = queue_for(aws, "events.amazonaws.com")
    send(aws, {"Arn": QUEUE, "InputTransformer": {"InputPathsMap": PATHS, "InputTemplate": template}})
    arrived = bodies(aws, url)
    if isinstance(expected, dict):
        arrived = [json.loads(body) for body in arrived]
    assert arrived == ([] if expected is None else [expected])


def escaped(value: Any, **_: bool) -> str:
    """A value as an emulator would write it that escapes everywhere."""
    return json.dumps(value if isinstance(value, str) else json.dumps(value))[1:-1]


def lost(_: Any, __: str) -> None:
    """The result of a transformer that finds nothing."""


@pytest.mark.parametrize(("name", "fault"), [("written", escaped), ("value_at", lost), ("is_quoted", lambda _: True)])
def test_planted_faults_are_found(monkeypatch: pytest.MonkeyPatch, name: str, fault: Any) -> None:
    """A transformer that escapes, that loses a field, or that delivers what is no JSON differs from the recordings."""
    monkeypatch.setattr(eventbridge_transformer, name, fault)
    event = EVENT | {"source": SOURCE, "detail-type": SOURCE, "detail": DETAIL}
    differing = []
    for template, expected in TEMPLATES:
        target = {"InputTransformer": {"InputPathsMap": PATHS, "InputTemplate": template}}
        try:
            found: Any = eventbridge_transformer.render(target, event, RULE, "rule")
        except eventbridge_transformer.InvalidJsonError:
            found = None
        if found != (eventbridge_transformer.compact(expected) if isinstance(expected, dict) else expected):
            differing.append(template)
    assert differing


def test_input_transformer_predefined_variables(aws: EmbeddedAws) -> None:
    """The event without its detail has another name for the detail-type, and an order of its own."""
    url = queue_for(aws, "events.amazonaws.com")
    template = '{"originalEvent": <aws.events.event>, "originalEventJson": <aws.events.event.json>}'
    send(aws, {"Arn": QUEUE, "InputTransformer": {"InputTemplate": template}})
    [document] = [json.loads(body) for body in bodies(aws, url)]
    most, whole = document["originalEvent"], document["originalEventJson"]
    assert list(most) == ["id", "account", "detailType", "time", "source", "region", "resources", "version"]
    assert list(whole) == [
        "version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail",
    ]  # fmt: skip
    assert (most["detailType"], whole["detail"]) == (SOURCE, DETAIL)


def test_input_transformer_predefined_strings(aws: EmbeddedAws) -> None:
    """In a quoted line the rule's ARN and name and the time are plain text."""
    url = queue_for(aws, "events.amazonaws.com")
    template = '"Message containing <aws.events.rule-arn> <aws.events.rule-name>"'
    send(aws, {"Arn": QUEUE, "InputTransformer": {"InputTemplate": template}})
    assert bodies(aws, url) == [f'"Message containing {RULE} rule"']


@pytest.mark.parametrize(
    ("path", "expected"),
    [("$.detail", DETAIL), ("$.detail.payload", DETAIL["payload"]), ("$.detail.payload.sf_id", "baz")],
)
def test_put_events_with_input_path(aws: EmbeddedAws, path: str, expected: Any) -> None:
    """A target with a path gets that part of the event, as JSON."""
    url = queue_for(aws, "events.amazonaws.com")
    send(aws, {"Arn": QUEUE, "InputPath": path})
    assert [json.loads(body) for body in bodies(aws, url)] == [expected]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        pytest.param(
            {"InputTransformer": {"InputPathsMap": {"a": "$.id"}, "InputTemplate": '"<a> <notdefinedkey>"'}},
            "InputTemplate for target target contains invalid placeholder notdefinedkey.",
            id="missing_keys",
        ),
        pytest.param(
            {"InputTransformer": {"InputTemplate": '"x"'}, "InputPath": "$.detail"},
            "Only one of Input, InputPath, or InputTransformer must be provided for target target.",
            id="input_path_and_input_transformer",
        ),
    ],
)
def test_put_targets_refuses(aws: EmbeddedAws, target: dict[str, Any], message: str) -> None:
    """PutTargets refuses a placeholder that no path defines, and two kinds of input."""
    events = aws.client("events", REGION)
    events.put_rule(Name="rule", EventPattern='{"source": ["x"]}')
    targets = [{"Id": "target", "Arn": QUEUE, **target}]
    assert refusal(events.put_targets, Rule="rule", Targets=targets) == ("ValidationException", message)


def test_put_events_with_target_sns(aws: EmbeddedAws) -> None:
    """An event reaches a topic's queue in an envelope without a subject, compact, its fields in this order."""
    url = queue_for(aws, "sns.amazonaws.com")
    topic_of(aws)
    subscribe(aws)
    send(aws, {"Arn": TOPIC})
    [envelope] = [json.loads(body) for body in bodies(aws, url)]
    assert set(envelope) == {
        "Type", "MessageId", "TopicArn", "Message", "Timestamp", "SignatureVersion", "Signature", "SigningCertURL",
        "UnsubscribeURL",
    }  # fmt: skip
    assert (envelope["Type"], envelope["SignatureVersion"]) == ("Notification", "1")
    event = json.loads(envelope["Message"])
    assert envelope["Message"] == json.dumps(event, separators=(",", ":"))
    assert list(event) == [
        "version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail",
    ]  # fmt: skip
