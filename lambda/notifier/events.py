"""Parses what EventBridge sends about monitors into typed values. Bad input raises an error that names what is wrong.

Only three kinds of event are accepted:

- https://docs.aws.amazon.com/config/latest/developerguide/monitor-config-with-cloudwatchevents.html
- https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
- https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html

EventBridge sets the sender's account and region in each event. The account and region in the event's detail must be the
same, so that no account can send events in the name of another.
"""

import json
import re
from collections.abc import Callable, Hashable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from notifier.message import one_line

# In the order of the text: verdicts that need action come first.
VERDICTS = ("NON_COMPLIANT", "COMPLIANT", "NOT_APPLICABLE")

# The calls that can keep AWS Config from recording instances.
RECORDER_CALLS = (
    "AssociateResourceTypes",
    "DeleteConfigurationRecorder",
    "DisassociateResourceTypes",
    "PutConfigurationRecorder",
    "StopConfigurationRecorder",
)

# https://docs.aws.amazon.com/config/latest/APIReference/API_Evaluation.html
MAX_ANNOTATION_LENGTH = 256
# The most characters of an ARN and of an alarm's description; longer ones are cut.
MAX_TEXT_LENGTH = 1024


class InvalidEventError(ValueError):
    """A message is none of the three kinds of event. The text names what is wrong."""


class Change(NamedTuple):
    """A compliance change; ``annotation`` is one printable line of 1 to 256 characters, or None."""

    account: str
    region: str
    rule: str
    instance_id: str
    verdict: str
    recorded_at: datetime
    annotation: str | None = None

    @property
    def key(self) -> Hashable:
        """The key to recognize a repeated event by. The event's id differs between regions."""
        return self[:6]


class RecorderCall(NamedTuple):
    """A call that can keep AWS Config from recording instances. ``caller`` is None if CloudTrail names nobody."""

    account: str
    region: str
    call: str
    called_at: datetime
    event_id: str
    caller: str | None = None

    @property
    def key(self) -> Hashable:
        """The key to recognize a repeated call by: CloudTrail's id."""
        return self.event_id


class Alarm(NamedTuple):
    """An alarm that was raised, or that has no data."""

    account: str
    region: str
    name: str
    state: str
    changed_at: datetime
    description: str | None = None

    @property
    def key(self) -> Hashable:
        """The key to recognize a repeated change of state by: the parts of the alarm's ARN, and the time."""
        return self.account, self.region, self.name, self.changed_at


Event = Change | RecorderCall | Alarm


def parse(body: object) -> Event:
    """Read the body of a queue's message: one event, as JSON.

    Raises:
        InvalidEventError: something in it is missing or malformed.
    """
    if not isinstance(body, str):
        raise InvalidEventError("body is not a string")
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidEventError(f"body does not hold JSON: {error}") from error
    event = _mapping(event, "event")
    source, kind = event.get("source"), event.get("detail-type")
    read = _KINDS.get((source, kind)) if isinstance(source, str) and isinstance(kind, str) else None
    if not read:
        raise InvalidEventError(f"source and detail-type are {_shown(source)} and {_shown(kind)}")
    account = _text(event, "account", _ACCOUNT)
    region = _text(event, "region", _REGION)
    return read(event, _mapping(event.get("detail"), "detail"), account, region)


def _change(_event: Mapping[str, Any], detail: Mapping[str, Any], account: str, region: str) -> Change:
    _same(detail, "awsAccountId", account)
    _same(detail, "awsRegion", region)
    _same(detail, "resourceType", "AWS::EC2::Instance")
    result = _mapping(detail.get("newEvaluationResult"), "newEvaluationResult")
    return Change(
        account,
        region,
        rule=_text(detail, "configRuleName", _RULE),
        instance_id=_text(detail, "resourceId", _INSTANCE),
        verdict=_one_of(result, "complianceType", VERDICTS),
        recorded_at=_time(result, "resultRecordedTime"),
        annotation=_line(result, "annotation", MAX_ANNOTATION_LENGTH),
    )


def _recorder_call(_event: Mapping[str, Any], detail: Mapping[str, Any], account: str, region: str) -> RecorderCall:
    _same(detail, "eventSource", "config.amazonaws.com")
    _same(detail, "awsRegion", region)
    caller = detail.get("userIdentity")
    return RecorderCall(
        account,
        region,
        call=_one_of(detail, "eventName", RECORDER_CALLS),
        called_at=_time(detail, "eventTime"),
        event_id=_text(detail, "eventID", _EVENT_ID),
        caller=None if caller is None else _line(_mapping(caller, "userIdentity"), "arn", MAX_TEXT_LENGTH),
    )


def _alarm(event: Mapping[str, Any], detail: Mapping[str, Any], account: str, region: str) -> Alarm:
    name = _text(detail, "alarmName", _ALARM)
    match event.get("resources"):
        case [str(arn)] if arn.split(":", 2)[2:] == [f"cloudwatch:{region}:{account}:alarm:{name}"]:
            pass
        case resources:
            raise InvalidEventError(f"resources are {_shown(resources)} and not the alarm")
    state = _mapping(detail.get("state"), "state")
    return Alarm(
        account,
        region,
        name,
        state=_one_of(state, "value", ("ALARM", "INSUFFICIENT_DATA")),
        changed_at=_time(state, "timestamp"),
        description=_line(_mapping(detail.get("configuration", {}), "configuration"), "description", MAX_TEXT_LENGTH),
    )


_Reader = Callable[[Mapping[str, Any], Mapping[str, Any], str, str], Event]
_KINDS: Mapping[tuple[Any, Any], _Reader] = {
    ("aws.config", "Config Rules Compliance Change"): _change,
    ("aws.config", "AWS API Call via CloudTrail"): _recorder_call,
    ("aws.cloudwatch", "CloudWatch Alarm State Change"): _alarm,
}

_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_REGION = re.compile(r"(?=.{1,25}\Z)[a-z]+(-[a-z]+)+-\d{1,2}", re.ASCII)
_RULE = re.compile(r"[\w.-]{1,128}", re.ASCII)
_INSTANCE = re.compile(r"i-[0-9a-z]{1,40}", re.ASCII)
_EVENT_ID = re.compile(r"[\w.:/-]{1,128}", re.ASCII)
_ALARM = re.compile(r"[\w.-]{1,255}", re.ASCII)


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidEventError(f"{name} is missing" if value is None else f"{name} is not a JSON object")
    return value


def _text(mapping: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value = mapping.get(name)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise InvalidEventError(f"{name} is {_shown(value)}")
    return value


def _one_of(mapping: Mapping[str, Any], name: str, values: tuple[str, ...]) -> str:
    value = mapping.get(name)
    if not isinstance(value, str) or value not in values:
        raise InvalidEventError(f"{name} is {_shown(value)}")
    return value


def _same(mapping: Mapping[str, Any], name: str, expected: str) -> None:
    if mapping.get(name) != expected:
        raise InvalidEventError(f"{name} is {_shown(mapping.get(name))} and not {expected}")


def _time(mapping: Mapping[str, Any], name: str) -> datetime:
    value = mapping.get(name)
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment and moment.tzinfo is not None:
            return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InvalidEventError(f"{name} is {_shown(value)} and no time like 2026-01-31T12:00:00.000Z")


def _line(mapping: Mapping[str, Any], name: str, length: int) -> str | None:
    """Return a text as one line of printable characters."""
    value = mapping.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidEventError(f"{name} is {_shown(value)}")
    line = one_line(value)
    return (line if len(line) <= length else line[: length - 1] + "…") or None


def _shown(value: object) -> str:
    return "missing" if value is None else ascii(value)[:80]
