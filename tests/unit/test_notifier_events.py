"""Which events the notifier reads, in AWS's documented form. Everything else is refused with an error that names it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from notifier.events import Alarm, Change, Event, InvalidEventError, RecorderCall, parse

from tests.support.handlers import SAMPLES, body


def changed(kind: str, path: str, value: Any) -> str:
    """A sample with another value at a path; None removes it."""
    event = json.loads(json.dumps(SAMPLES[kind]))
    *parents, last = path.split(".")
    inner = event
    for name in parents:
        inner = inner[name]
    inner[last] = value
    if value is None:
        del inner[last]
    return json.dumps(event)


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        (
            "compliance_change",
            Change(
                "123456789012",
                "eu-central-1",
                "ec2-key-pair-monitor",
                "i-0123456789abcdef0",
                "NON_COMPLIANT",
                datetime(2026, 3, 1, 10, 0, 4, 567000, UTC),
                "No key pair was assigned at launch. Launch a replacement with an allowed key pair. "
                "A key pair cannot be added to this instance.",
            ),
        ),
        (
            "recorder_call",
            RecorderCall(
                "123456789012",
                "eu-central-1",
                "StopConfigurationRecorder",
                datetime(2026, 3, 1, 10, 0, 6, tzinfo=UTC),
                "5a1c2e3d-7b4f-4f60-9c8d-1e2f3a4b5c04",
                "arn:aws:sts::123456789012:assumed-role/admin/jane",
            ),
        ),
        (
            "alarm",
            Alarm(
                "123456789012",
                "eu-central-1",
                "ec2-key-pair-monitor-evaluator-errors",
                "ALARM",
                datetime(2026, 3, 1, 10, 0, 8, 989000, UTC),
                "The evaluator failed: verdicts are late or missing.",
            ),
        ),
    ],
)
def test_samples(kind: str, event: Event) -> None:
    """Each kind of event is read into what a digest tells."""
    assert parse(json.dumps(SAMPLES[kind])) == event


@pytest.mark.parametrize(
    ("kind", "path", "value", "named"),
    [
        ("compliance_change", "source", "aws.ec2", "source and detail-type are 'aws.ec2' and 'Config Rules"),
        ("compliance_change", "source", ["aws.config"], "source and detail-type are ['aws.config'] and"),
        ("compliance_change", "source", None, "source and detail-type are missing and 'Config Rules"),
        ("compliance_change", "detail-type", "Config Rules Re-evaluation Status", "source and detail-type are"),
        ("compliance_change", "detail", None, "detail is missing"),
        ("compliance_change", "detail", "x", "detail is not a JSON object"),
        ("compliance_change", "account", "\u0661" * 12, "account is"),
        ("compliance_change", "region", "Mars", "region is 'Mars'"),
        ("compliance_change", "region", "evil.example/x-1", "region is 'evil.example/x-1'"),
        ("compliance_change", "region", f"{'a' * 30}-b-1", "region is"),
        ("compliance_change", "detail.awsAccountId", "999999999999", "awsAccountId is '999999999999' and not 1234"),
        ("compliance_change", "detail.awsRegion", "us-east-1", "awsRegion is 'us-east-1' and not eu-central-1"),
        ("compliance_change", "detail.resourceType", "AWS::EC2::Volume", "resourceType is 'AWS::EC2::Volume' and"),
        ("compliance_change", "detail.resourceId", "vol-1", "resourceId is 'vol-1'"),
        ("compliance_change", "detail.resourceId", "i-1\n", "resourceId is"),
        ("compliance_change", "detail.configRuleName", "a b", "configRuleName is 'a b'"),
        ("compliance_change", "detail.newEvaluationResult", None, "newEvaluationResult is missing"),
        ("compliance_change", "detail.newEvaluationResult.complianceType", "INSUFFICIENT_DATA", "complianceType is"),
        ("compliance_change", "detail.newEvaluationResult.complianceType", {}, "complianceType is {}"),
        ("compliance_change", "detail.newEvaluationResult.resultRecordedTime", "2026-03-01T10:00:00", "resultRecorded"),
        ("compliance_change", "detail.newEvaluationResult.resultRecordedTime", 5, "resultRecordedTime is 5 and no"),
        ("compliance_change", "detail.newEvaluationResult.annotation", 5, "annotation is 5"),
        ("recorder_call", "detail.eventSource", "ec2.amazonaws.com", "eventSource is 'ec2.amazonaws.com' and not"),
        ("recorder_call", "detail.eventName", "StartConfigurationRecorder", "eventName is 'StartConfiguration"),
        ("recorder_call", "detail.awsRegion", "us-east-1", "awsRegion is 'us-east-1' and not eu-central-1"),
        ("recorder_call", "detail.eventID", None, "eventID is missing"),
        ("recorder_call", "detail.eventTime", "yesterday", "eventTime is 'yesterday'"),
        ("recorder_call", "detail.userIdentity", "jane", "userIdentity is not a JSON object"),
        ("recorder_call", "detail.userIdentity.arn", 5, "arn is 5"),
        (
            "alarm",
            "source",
            "aws.config",
            "source and detail-type are 'aws.config' and 'CloudWatch Alarm State Change'",
        ),
        ("alarm", "detail.alarmName", "a b", "alarmName is 'a b'"),
        ("alarm", "detail.alarmName", "other", "resources are ['arn:aws:cloudwatch"),
        ("alarm", "resources", [], "resources are [] and not the alarm"),
        ("alarm", "resources", [5], "resources are [5] and not the alarm"),
        ("alarm", "account", "999999999999", "resources are"),
        ("alarm", "region", "us-east-1", "resources are"),
        ("alarm", "detail.state", None, "state is missing"),
        ("alarm", "detail.state.value", "OK", "value is 'OK'"),
        ("alarm", "detail.state.timestamp", None, "timestamp is missing"),
        ("alarm", "detail.configuration", [], "configuration is not a JSON object"),
    ],
)
def test_what_is_refused(kind: str, path: str, value: Any, named: str) -> None:
    """A forged or odd event is an error that names what is wrong with it."""
    with pytest.raises(InvalidEventError) as error:
        parse(changed(kind, path, value))

    assert str(error.value).startswith(named)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (None, "body is not a string"),
        ("{", "body does not hold JSON"),
        ("[" * 100_000, "body does not hold JSON"),
        ("[]", "event is not a JSON object"),
    ],
)
def test_what_is_no_event(text: object, named: str) -> None:
    """A body that holds no event at all is an error, too."""
    with pytest.raises(InvalidEventError, match=f"^{named}"):
        parse(text)


@pytest.mark.parametrize(
    ("kind", "path", "field"),
    [
        ("recorder_call", "detail.userIdentity", "caller"),
        ("recorder_call", "detail.userIdentity.arn", "caller"),
        ("alarm", "detail.configuration", "description"),
        ("alarm", "detail.configuration.description", "description"),
        ("compliance_change", "detail.newEvaluationResult.annotation", "annotation"),
    ],
)
def test_what_may_be_missing(kind: str, path: str, field: str) -> None:
    """Some calls have no caller, some alarms no description, and some results no annotation."""
    assert getattr(parse(changed(kind, path, None)), field) is None


def test_envelope_is_not_what_an_event_is_known_by() -> None:
    """The same event has the same key in every region, although the envelope's id differs."""
    for kind in SAMPLES:
        assert parse(changed(kind, "id", "other")).key == parse(json.dumps(SAMPLES[kind])).key


def test_quoted_value_is_cut() -> None:
    """The error quotes no more than 80 characters of what is wrong."""
    with pytest.raises(InvalidEventError) as error:
        parse(body(complianceType="x" * 100))

    assert str(error.value) == "complianceType is '" + "x" * 79


def test_time_is_utc() -> None:
    """A time with another offset is the same moment in UTC, wherever the function runs."""
    change = parse(body(resultRecordedTime="2026-03-01T12:00:01.000+02:00"))

    assert isinstance(change, Change)
    assert change.recorded_at == datetime(2026, 3, 1, 10, 0, 1, tzinfo=UTC)
    assert change.recorded_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("annotation", "read"),
    [
        (None, None),
        ("", None),
        (" \n", None),
        ("a  b", "a b"),
        ("a\x00b\u2028c\ud800", "a b c"),
        ("x" * 256, "x" * 256),
        ("x" * 257, "x" * 255 + "…"),
    ],
)
def test_annotation_is_one_line(annotation: str | None, read: str | None) -> None:
    """An annotation becomes one printable line of at most AWS Config's length."""
    change = parse(body(annotation=annotation))

    assert isinstance(change, Change)
    assert change.annotation == read
