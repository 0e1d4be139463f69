"""The notifier's edge: which changes are published, and which go back to the queue."""

import json
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from notifier.changes import InvalidChangeError, parse

from tests.oracles import wire
from tests.unit.conftest import EVENTS, Context

SAMPLE = json.loads((EVENTS / "compliance_change.json").read_text())
THROTTLED = ClientError({"Error": {"Code": "Throttling", "Message": "Rate exceeded"}}, "Publish")


@dataclass
class RecordingSns:
    """Takes what is published, or raises as told."""

    answers: list[Exception | None] = field(default_factory=list)
    published: list[dict[str, Any]] = field(default_factory=list)

    def publish(self, **kwargs: Any) -> dict[str, Any]:
        answer = self.answers.pop(0) if self.answers else None
        taken = {"MessageId": f"message-{len(self.published) + 1}"}
        told: dict[str, Any] = wire.exchange("sns", "Publish", kwargs, answer or taken)
        self.published.append(kwargs)
        return told

    @property
    def instances(self) -> list[str]:
        """Every instance that was told."""
        documents = [json.loads(json.loads(each["Message"])["default"]) for each in self.published]
        return [each["instance"] for document in documents for each in document["instances"]]


@pytest.fixture
def sns(monkeypatch: pytest.MonkeyPatch) -> RecordingSns:
    """SNS in the place of the handler's client."""
    from notifier import handler  # noqa: PLC0415  (after the region is set)

    client = RecordingSns()
    monkeypatch.setattr(handler, "sns_client", client)
    return client


def body(number: int = 0, region: str = "eu-central-1", **result: Any) -> str:
    """The event of an instance with a number."""
    event = json.loads(json.dumps(SAMPLE))
    event["id"] = f"event-{number}"
    event["detail"] |= {"resourceId": f"i-{number:017x}", "awsRegion": region}
    event["detail"]["newEvaluationResult"] |= result
    return json.dumps(event)


def handle(bodies: dict[str, str], context: Context | None = None) -> set[str]:
    """Hand a batch to the function; returns the records that it gives back."""
    from notifier.handler import lambda_handler  # noqa: PLC0415  (after the region is set)

    records = [{"messageId": name, "body": text} for name, text in bodies.items()]
    answer = lambda_handler({"Records": records}, context or Context())
    assert set(answer) == {"batchItemFailures"}
    failed = [each["itemIdentifier"] for each in answer["batchItemFailures"]]
    assert len(set(failed)) == len(failed)
    return set(failed)


def nothing_published() -> type[Exception]:
    """The error of an invocation that has published nothing."""
    from notifier.handler import NothingPublishedError  # noqa: PLC0415  (after the region is set)

    return NothingPublishedError


def test_batch_is_one_publish(sns: RecordingSns) -> None:
    """Changes of one rule go out in one call, to the topic, and nothing goes back."""
    assert handle({"a": body(1), "b": body(2)}) == set()

    [call] = sns.published
    assert call["TopicArn"] == "arn:aws:sns:eu-central-1:123456789012:ec2-key-pair-monitor"
    assert call["Subject"] == "2 EC2 instances are NON_COMPLIANT in eu-central-1 (123456789012)"
    assert sorted(sns.instances) == [f"i-{1:017x}", f"i-{2:017x}"]
    [first, _] = json.loads(json.loads(call["Message"])["default"])["instances"]
    assert first["console"].startswith("https://eu-central-1.console.aws.amazon.com/ec2/home?")


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ((), "{", "body does not hold JSON"),
        ((), "[" * 100_000, "body does not hold JSON"),
        ((), "[]", "event is not a JSON object"),
        (("id",), None, "id is missing"),
        (("detail",), "x", "detail is not a JSON object"),
        (("detail", "resourceId"), "vol-1", "resourceId is 'vol-1'"),
        (("detail", "resourceId"), "i-1\n", "resourceId is"),
        (("detail", "awsAccountId"), "\u0661" * 12, "awsAccountId is"),
        (("detail", "awsRegion"), "Mars", "awsRegion is 'Mars'"),
        (("detail", "configRuleName"), "a b", "configRuleName is 'a b'"),
        (("detail", "newEvaluationResult"), None, "newEvaluationResult is missing"),
        (("detail", "newEvaluationResult", "complianceType"), "INSUFFICIENT_DATA", "complianceType is"),
        (("detail", "newEvaluationResult", "resultRecordedTime"), "2026-03-01T10:00:00", "resultRecordedTime is"),
        (("detail", "newEvaluationResult", "resultRecordedTime"), 5, "resultRecordedTime is 5 and no time"),
        (("detail", "newEvaluationResult", "annotation"), 5, "annotation is 5"),
    ],
)
def test_malformed_message_fails_alone(
    sns: RecordingSns, caplog: pytest.LogCaptureFixture, path: tuple[str, ...], value: Any, named: str
) -> None:
    """What can't be read goes back alone, with a line that says why; the others go out."""
    event = json.loads(json.dumps(SAMPLE))
    *parents, last = path or ("",)
    inner = event
    for name in parents:
        inner = inner[name]
    inner[last] = value

    assert handle({"bad": json.dumps(event) if path else value, "good": body(1)}) == {"bad"}

    assert sns.instances == [f"i-{1:017x}"]
    line, summary = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert (line.message, line.__dict__["messageId"]) == ("unreadable", "bad")
    assert summary.message == "digest incomplete"
    assert named in line.__dict__["reason"]


def test_message_without_a_body() -> None:
    """A record without a body is no change."""
    with pytest.raises(InvalidChangeError, match=r"^body is not a string$"):
        parse(None)


def test_quoted_value_is_cut() -> None:
    """The error quotes no more than 80 characters of what is wrong."""
    with pytest.raises(InvalidChangeError) as error:
        parse(body(complianceType="x" * 100))

    assert str(error.value) == "complianceType is '" + "x" * 79


def test_time_is_utc() -> None:
    """A time with another offset is the same moment in UTC, wherever the function runs."""
    recorded_at = parse(body(resultRecordedTime="2026-03-01T12:00:01.000+02:00")).recorded_at

    assert recorded_at == datetime(2026, 3, 1, 10, 0, 1, tzinfo=UTC)
    assert recorded_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("annotation", "read"),
    [
        (None, None),
        ("", None),
        (" \n", None),
        ("a\x00b\u2028c\ud800", "a b c"),
        ("x" * 256, "x" * 256),
        ("x" * 257, "x" * 255 + "…"),
    ],
)
def test_annotation_is_one_line(annotation: str | None, read: str | None) -> None:
    """What can't be printed can't be sent either, and AWS Config takes no longer annotation."""
    assert parse(body(annotation=annotation)).annotation == read


def test_event_that_came_twice(sns: RecordingSns) -> None:
    """Two records of one event are told once, and both are done with; or both go back."""
    assert handle({"a": body(1), "b": body(1)}) == set()
    assert sns.instances == [f"i-{1:017x}"]

    sns.answers = [THROTTLED]
    assert handle({"a": body(1), "b": body(1), "c": body(2, "eu-west-1")}) == {"a", "b"}


@pytest.mark.parametrize(
    "error", [THROTTLED, EndpointConnectionError(endpoint_url="https://sns"), RuntimeError("unexpected")]
)
def test_nothing_published_is_an_error(sns: RecordingSns, caplog: pytest.LogCaptureFixture, error: Exception) -> None:
    """An invocation that publishes nothing fails, so that Lambda counts it, and the log says why."""
    sns.answers = [error]

    with pytest.raises(nothing_published(), match="None of 3 records was published: see the lines above"):
        handle({"a": body(1), "b": body(2), "bad": "{"})

    assert sns.published == []
    assert [record.message for record in caplog.records] == ["unreadable", "not published"]
    assert caplog.records[1].exc_info


def test_nothing_read_is_an_error(sns: RecordingSns) -> None:
    """An invocation that can read none of its records fails, and one without records does not."""
    with pytest.raises(nothing_published()):
        handle({"bad": "{"})
    assert handle({}) == set()

    assert sns.published == []


@pytest.mark.parametrize("error", [THROTTLED, RuntimeError("unexpected")])
def test_acknowledged_message_is_not_published_again(
    sns: RecordingSns, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    """Once SNS has acknowledged a message nothing is raised, which would return its records too; a line counts this."""
    sns.answers = [None, error]

    failed = handle({"a": body(1, "eu-central-1"), "b": body(2, "eu-west-1"), "bad": "{"})

    assert failed == {"b", "bad"}
    assert sns.instances == [f"i-{1:017x}"]
    [line] = [record for record in caplog.records if record.message == "digest incomplete"]
    assert (line.levelno, line.__dict__["records"], line.__dict__["returned"]) == (logging.ERROR, 3, 2)
    [line] = [record for record in caplog.records if record.message == "not published"]
    assert (line.__dict__["instances"], "eu-west-1" in line.__dict__["subject"]) == (1, True)


def test_part_that_failed_returns_alone(sns: RecordingSns) -> None:
    """Where a batch takes several messages, what was published stays published."""
    bodies = {f"{number}": body(number) for number in range(1000)}
    sns.answers = [None, THROTTLED]

    failed = handle(bodies)

    assert len(failed) == len(sns.instances) == 500
    assert failed == {str(int(instance[2:], 16)) for instance in (f"i-{n:017x}" for n in range(1000))
                      if instance not in sns.instances}  # fmt: skip


def test_no_time_left(sns: RecordingSns, caplog: pytest.LogCaptureFixture) -> None:
    """A publish is begun only while there is time to learn what became of it, and the log names what was left."""
    bodies = {"a": body(1, "eu-central-1"), "b": body(2, "eu-west-1")}

    assert handle(bodies, Context([25_000, 24_999])) == {"b"}

    assert len(sns.published) == 1
    [line] = [record for record in caplog.records if record.message == "not published"]
    assert (line.__dict__["reason"], line.__dict__["instances"]) == ("no time is left", 1)
    with pytest.raises(nothing_published()):
        handle(bodies, Context([24_999, 24_999]))
    assert len(sns.published) == 1


def test_publishing_is_logged(sns: RecordingSns, caplog: pytest.LogCaptureFixture) -> None:
    """Each message is a line with its subject, the number of its instances and SNS's id."""
    caplog.set_level(logging.INFO)

    handle({"a": body(1)})

    [line] = caplog.records
    assert line.message == "published"
    assert (line.__dict__["instances"], line.__dict__["messageId"]) == (1, "message-1")
    assert line.__dict__["subject"] == json.loads(json.loads(sns.published[0]["Message"])["default"])["summary"]
