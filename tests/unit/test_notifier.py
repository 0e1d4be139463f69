"""The notifier's handler: which changes are published, and which go back to the queue."""

import json
import logging
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.support.handlers import SAMPLES, Context, RecordingSns, body, handle

FIRST, SECOND = "111111111111", "222222222222"
THROTTLED = ClientError({"Error": {"Code": "Throttling", "Message": "Rate exceeded"}}, "Publish")


@pytest.fixture
def by_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message for each account."""
    from notifier import handler  # noqa: PLC0415  (after the region is set)

    monkeypatch.setattr(handler, "BY_ACCOUNT", True)


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
    assert "https://eu-central-1.console.aws.amazon.com/ec2/home?" in json.loads(call["Message"])["default"]


def test_malformed_message_fails_alone(sns: RecordingSns, caplog: pytest.LogCaptureFixture) -> None:
    """An unreadable message goes back alone, with a log line that says why. The others are published."""
    assert handle({"bad": body(2, complianceType="odd"), "good": body(1)}) == {"bad"}

    assert sns.instances == [f"i-{1:017x}"]
    line, summary = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert (line.message, line.__dict__["messageId"]) == ("unreadable", "bad")
    assert line.__dict__["reason"] == "complianceType is 'odd'"
    assert summary.message == "digest incomplete"


def test_three_kinds_of_event_are_one_message(sns: RecordingSns) -> None:
    """Changes, calls of the recorder and alarms go out in one message, and what was not published goes back whole."""
    bodies = {name: json.dumps(event) for name, event in SAMPLES.items()}

    assert handle(bodies) == set()

    [call] = sns.published
    assert call["Subject"].startswith("1 EC2 instance is NON_COMPLIANT, 1 recorder call, 1 alarm in eu-central-1")
    sns.answers = [THROTTLED]
    with pytest.raises(nothing_published()):
        handle(bodies)


def test_account_names_and_messages_by_account(sns: RecordingSns, monkeypatch: pytest.MonkeyPatch) -> None:
    """Accounts have the names that were shipped with the function, and get messages of their own where that is set."""
    from notifier import handler  # noqa: PLC0415  (after the region is set)

    assert (handler.ACCOUNT_NAMES, handler.BY_ACCOUNT) == ({}, False)
    monkeypatch.setattr(handler, "ACCOUNT_NAMES", {"123456789012": "production"})
    monkeypatch.setattr(handler, "BY_ACCOUNT", True)

    assert handle({"a": body(1), "b": body(2, SECOND)}) == set()

    texts = [json.loads(each["Message"])["email"] for each in sns.published]
    assert ["production" in text for text in texts] == [True, False]


def test_account_names_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is one line of printable characters, and a blank name is none."""
    from notifier import message  # noqa: PLC0415  (after the region is set)

    names = {"111111111111": "shop\n", "222222222222": " \t", "333333333333": "a\x1b\nb", "444444444444": "München"}
    (tmp_path / "account_names.json").write_text(json.dumps(names))
    monkeypatch.setattr(message, "__file__", str(tmp_path / "message.py"))

    assert message.account_names() == {"111111111111": "shop", "333333333333": "a b", "444444444444": "München"}


def test_event_that_came_twice(sns: RecordingSns) -> None:
    """Two records of one event are notified once. Then both are finished, or both go back."""
    assert handle({"a": body(1), "b": body(1)}) == set()
    assert sns.instances == [f"i-{1:017x}"]

    sns.answers = [THROTTLED]
    with pytest.raises(nothing_published()):
        handle({"a": body(1), "b": body(1)})


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
@pytest.mark.usefixtures("by_account")
def test_acknowledged_message_is_not_published_again(
    sns: RecordingSns, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    """After SNS has acknowledged a message, no error is raised, which would return its records. A line is logged."""
    sns.answers = [None, error]

    failed = handle({"a": body(1, FIRST), "b": body(2, SECOND), "bad": "{"})

    assert failed == {"b", "bad"}
    assert sns.instances == [f"i-{1:017x}"]
    [line] = [record for record in caplog.records if record.message == "digest incomplete"]
    assert (line.levelno, line.__dict__["records"], line.__dict__["returned"]) == (logging.ERROR, 3, 2)
    [line] = [record for record in caplog.records if record.message == "not published"]
    assert (line.__dict__["instances"], SECOND in line.__dict__["subject"]) == (1, True)


def test_part_that_failed_returns_alone(sns: RecordingSns) -> None:
    """If a batch needs several messages, only the events of failed ones go back."""
    bodies = {f"{number}": body(number) for number in range(1000)}
    sns.answers = [None, THROTTLED]

    failed = handle(bodies)

    assert 0 < len(failed) < len(sns.instances)
    assert failed == {str(int(instance[2:], 16)) for instance in (f"i-{n:017x}" for n in range(1000))
                      if instance not in sns.instances}  # fmt: skip


@pytest.mark.usefixtures("by_account")
def test_no_time_left(sns: RecordingSns, caplog: pytest.LogCaptureFixture) -> None:
    """A publish starts only if there is time to get its result. The log names what was not published."""
    bodies = {"a": body(1, FIRST), "b": body(2, SECOND)}

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
