"""What every emulator is given: events of AWS Config and CloudTrail, and messages to the topics.

Each case has a marker, which is found in whatever arrives of it. Values that AWS would never send are here because the
emulators read them all the same: they show what is escaped, and what is dropped.
"""

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from notifier.digest import digest
from notifier.events import parse
from notifier.message import Console

REGION = "eu-central-1"
ACCOUNT = "123456789012"
DIRECT, DIGEST = "judged", "judged-digest"  # the names of the two monitors in root.tf
TIME = "2026-03-01T10:00:05Z"
ABSENT: Any = object()


@dataclass(frozen=True, slots=True)
class Event:
    """An event for the account's default bus."""

    name: str
    marker: str
    detail_type: str
    detail: Mapping[str, Any]
    source: str = "aws.config"


@dataclass(frozen=True, slots=True)
class Publication:
    """A message for a monitor's topic, as Publish takes it."""

    name: str
    marker: str
    topic: str
    arguments: Mapping[str, Any]


Case = Event | Publication

ANNOTATIONS: dict[str, Any] = {
    "absent": ABSENT,
    "null": None,
    "empty": "",
    "plain": "No key pair was assigned at launch.",
    "long": "x" * 256,
    "long and wide": "鍵" * 256,
    "quotation marks": 'Launched with "ops".',
    "an opening quotation mark": 'Launched with "ops.',
    "a backslash": r"C:\keys",
    "a backslash that escapes": r"one\ttwo",
    "a backslash before n": r"one\ntwo",
    "a backslash before u": "\\u0041",
    "a backslash at the end": "ends with \\",
    "an escaped quotation mark": r"Launched with \"ops\".",
    "angle brackets": "<b>bold</b>",
    "open angle bracket": "1 < 2",
    "a placeholder": "<instance> of <account>",
    "a predefined placeholder": "<aws.events.rule-name>",
    "a line break": "one\ntwo",
    "a carriage return": "one\r\ntwo",
    "a tab": "one\ttwo",
    "a control character": "one\x01two",
    "a line separator": "one\u2028two",
    "unicode": "Schlüssel fehlt – 鍵がない",
    "an emoji": "no 🔑",
    "JSON": '{"a": [1, "b"]}',
    "braces": "{x} [y] }",
    "a comma": "one, two",
    "a number": "42",
    "a path": "$.detail.resourceId ${x} %s",
    "HTML": "&amp; &lt;b&gt;",
}

# What stands inside quotes in the templates.
INSTANCES: dict[str, Any] = {
    "absent": ABSENT,
    "null": None,
    "empty": "",
    "quotation marks": 'i-"1"',
    "a backslash": r"i-\k",
    "a backslash that escapes": r"i-\t",
    "a line break": "i-1\ni-2",
    "angle brackets": "<i-1>",
    "a placeholder": "<annotation>",
    "unicode": "i-é鍵🔑",
    "braces": "i-{1}",
    "a number": 42,
    "true": True,
}

IDENTITIES: dict[str, Any] = {
    "a user": {"type": "IAMUser", "arn": "arn:aws:iam::123456789012:user/admin", "userName": "admin"},
    "a role": {"type": "AssumedRole", "arn": "arn:aws:sts::123456789012:assumed-role/admin/session"},
    "a service": {"type": "AWSService", "invokedBy": "config.amazonaws.com"},
    "null": {"type": "IAMUser", "arn": None},
    "quotation marks": {"type": "IAMUser", "arn": 'arn:aws:iam::123456789012:user/"admin"'},
    "unicode": {"type": "IAMUser", "arn": "arn:aws:iam::123456789012:user/é鍵"},
}


def cases() -> list[Case]:
    """All cases, in the order in which they are given; the last is an ordinary change for each monitor."""
    numbers = itertools.count(1)
    made: list[Case] = []
    for monitor in (DIRECT, DIGEST):
        made += _changes(monitor, numbers)
        made += _other_changes(monitor, numbers)
    made += _recorder(numbers)
    made += _messages(numbers)
    made += _digests(numbers)
    made += [_change(f"{monitor}: the last", monitor, "NON_COMPLIANT", numbers) for monitor in (DIRECT, DIGEST)]
    return made


def _changes(monitor: str, numbers: Iterator[int]) -> Iterator[Event]:
    """Changes that the monitor notifies of."""
    for verdict in ("COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"):
        yield _change(f"{monitor}: {verdict}", monitor, verdict, numbers)
    for kind, annotation in ANNOTATIONS.items():
        yield _change(f"{monitor}: annotation, {kind}", monitor, "NON_COMPLIANT", numbers, annotation=annotation)
    for verdict in ("COMPLIANT", "NON_COMPLIANT"):
        for kind, instance in INSTANCES.items():
            yield _change(f"{monitor}: {verdict}, instance, {kind}", monitor, verdict, numbers, instance=instance)


def _other_changes(monitor: str, numbers: Iterator[int]) -> Iterator[Event]:
    """Changes that are none of the monitor's."""
    yield _change(f"{monitor}: INSUFFICIENT_DATA", monitor, "INSUFFICIENT_DATA", numbers)
    yield _change(f"{monitor}: lower case", monitor, "non_compliant", numbers)
    others: dict[str, dict[str, Any]] = {
        "another rule": {"configRuleName": f"{monitor}-2"},
        "another type": {"resourceType": "AWS::EC2::Volume"},
        "another message": {"messageType": "ConfigurationItemChangeNotification"},
        "no result": {"newEvaluationResult": None},
    }
    for name, different in others.items():
        yield _change(f"{monitor}: {name}", monitor, "NON_COMPLIANT", numbers, **different)
    other = _change(f"{monitor}: another source", monitor, "NON_COMPLIANT", numbers)
    yield Event(other.name, other.marker, other.detail_type, other.detail, source="aws.configs")
    other = _change(f"{monitor}: another detail-type", monitor, "NON_COMPLIANT", numbers)
    yield Event(other.name, other.marker, "Config Rules Compliance", other.detail)


def _change(  # noqa: PLR0913  (the parts of a change)
    name: str,
    monitor: str,
    verdict: str,
    numbers: Iterator[int],
    *,
    instance: Any = None,
    annotation: Any = "No key pair was assigned at launch.",
    **different: Any,
) -> Event:
    """A change of verdict; without an instance of its own the marker is the instance, else the annotation."""
    marker = f"i-{next(numbers):017x}"
    is_own = "instance, " in name
    instance, annotation = (instance, marker) if is_own else (marker, annotation)
    qualifier = {"configRuleName": monitor, "resourceType": "AWS::EC2::Instance", "resourceId": instance}
    result = {
        "evaluationResultIdentifier": {
            "evaluationResultQualifier": _present(qualifier),
            "orderingTimestamp": "2026-03-01T10:00:00.123Z",
        },
        "complianceType": verdict,
        "resultRecordedTime": "2026-03-01T10:00:04.567Z",
        "configRuleInvokedTime": "2026-03-01T10:00:03.000Z",
        "annotation": annotation,
    }
    detail = {
        "resourceId": instance,
        "resourceType": "AWS::EC2::Instance",
        "awsRegion": REGION,
        "awsAccountId": ACCOUNT,
        "configRuleName": monitor,
        "configRuleARN": f"arn:aws:config:{REGION}:{ACCOUNT}:config-rule/config-rule-abc123",
        "recordVersion": "1.0",
        "messageType": "ComplianceChangeNotification",
        "notificationCreationTime": "2026-03-01T10:00:05.000Z",
        "newEvaluationResult": _present(result),
        **different,
    }
    return Event(name, marker, "Config Rules Compliance Change", _present(detail))


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not ABSENT}


def _recorder(numbers: Iterator[int]) -> Iterator[Event]:
    """Calls to AWS Config, as CloudTrail reports them."""
    watched = [
        "AssociateResourceTypes",
        "DeleteConfigurationRecorder",
        "DisassociateResourceTypes",
        "PutConfigurationRecorder",
        "StopConfigurationRecorder",
    ]
    for call in [*watched, "StartConfigurationRecorder", "PutConfigRule"]:
        yield _call(f"recorder: {call}", numbers, eventName=call)
    for kind, identity in IDENTITIES.items():
        yield _call(f"recorder: who, {kind}", numbers, userIdentity=identity)
    yield _call("recorder: who, absent", numbers, userIdentity=ABSENT)
    for kind, code in {"a code": "AccessDenied", "empty": "", "null": None}.items():
        yield _call(f"recorder: error, {kind}", numbers, errorCode=code)
    yield _call("recorder: another service", numbers, eventSource="ec2.amazonaws.com")


def _call(name: str, numbers: Iterator[int], **different: Any) -> Event:
    """A call; its marker is its time."""
    minutes, seconds = divmod(next(numbers), 60)
    marker = f"2026-02-01T00:{minutes:02}:{seconds:02}Z"
    detail = {
        "eventVersion": "1.11",
        "userIdentity": IDENTITIES["a user"],
        "eventTime": marker,
        "eventSource": "config.amazonaws.com",
        "eventName": "StopConfigurationRecorder",
        "awsRegion": REGION,
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "aws-cli/2",
        "requestParameters": {"configurationRecorderName": "default"},
        "responseElements": None,
        "readOnly": False,
        "recipientAccountId": ACCOUNT,
        **different,
    }
    return Event(name, marker, "AWS API Call via CloudTrail", _present(detail))


def _messages(numbers: Iterator[int]) -> Iterator[Publication]:
    """Messages that meet the filters on the body."""
    bodies: dict[str, Any] = {
        "actionable": {"what_to_do": "Replace the instance.", "rule": DIRECT, "annotation": "x"},
        "nothing to do": {"what_to_do": "Nothing.", "rule": DIRECT, "annotation": ""},
        "another rule": {"what_to_do": "x", "rule": "other", "annotation": "x"},
        "no annotation": {"what_to_do": "x", "rule": DIRECT},
        "null": {"what_to_do": None, "rule": DIRECT, "annotation": None, "who": None},
        "lists": {"what_to_do": ["Nothing.", "x"], "rule": ["other", DIRECT], "annotation": ["x"], "who": []},
        "objects": {"what_to_do": {"x": "y"}, "rule": DIRECT, "annotation": {"x": "y"}, "who": {"x": 1}},
        "numbers": {"what_to_do": 1, "rule": DIRECT, "annotation": 3, "who": 0},
        "who": {"who": "arn:aws:iam::123456789012:user/admin"},
    }
    for name, body in bodies.items():
        marker = f"i-{next(numbers):017x}"
        text = json.dumps({**body, "instance": marker})
        yield Publication(f"message: {name}", marker, DIRECT, {"Message": text})
    for name, form in {"plain text": "{}", "a list": '["{}"]', "a string": '"{}"'}.items():
        marker = f"i-{next(numbers):017x}"
        yield Publication(f"message: {name}", marker, DIRECT, {"Message": form.format(marker)})
    marker = f"i-{next(numbers):017x}"
    yield Publication("message: a subject", marker, DIRECT, {"Message": marker, "Subject": "Hello"})


def _digests(numbers: Iterator[int]) -> Iterator[Publication]:
    """Messages as the notifier publishes them, and others that meet the filters on attributes."""
    for verdict in ("COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"):
        change = _change("", DIGEST, verdict, numbers)
        body = {
            "source": "aws.config",
            "detail-type": "Config Rules Compliance Change",
            "account": ACCOUNT,
            "region": REGION,
            "detail": change.detail,
        }
        [message] = digest([parse(json.dumps(body))], Console("console.aws.amazon.com"))
        yield Publication(f"digest: {verdict}", change.marker, DIGEST, message.publication())
    attributes: dict[str, tuple[str, str] | None] = {
        "no attribute": None,
        "a list": ("String.Array", '["COMPLIANT","NON_COMPLIANT"]'),
        "a list of others": ("String.Array", '["COMPLIANT"]'),
        "an empty list": ("String.Array", "[]"),
        "a list of many kinds": ("String.Array", '[1, true, null, "NON_COMPLIANT"]'),
        "a string": ("String", "NON_COMPLIANT"),
        "a string that looks like a list": ("String", '["NON_COMPLIANT"]'),
        "a number": ("Number", "1"),
    }
    for name, given in attributes.items():
        marker = f"i-{next(numbers):017x}"
        arguments: dict[str, Any] = {"Message": marker}
        if given:
            arguments["MessageAttributes"] = {"verdicts": {"DataType": given[0], "StringValue": given[1]}}
        yield Publication(f"digest: {name}", marker, DIGEST, arguments)
    for region in (REGION, "us-east-1"):
        marker = f"i-{next(numbers):017x}"
        value = {"regions": {"DataType": "String.Array", "StringValue": f'["{region}"]'}}
        yield Publication(f"digest: {region}", marker, DIGEST, {"Message": marker, "MessageAttributes": value})
