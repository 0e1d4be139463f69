"""What the handler calls, reports and raises."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

import pytest
from evaluator.config_events import InvalidEventError
from evaluator.handler import lambda_handler
from evaluator.history import ItemNotRecordedError
from evaluator.reporting import EvaluationsRejectedError

from tests.support.handlers import NOT_DISCOVERED, Context, RecordingConfig, rejected, sample

CAPTURED = datetime(2026, 3, 1, 10, 0, 0, 123000, UTC)
NOTIFIED = datetime(2026, 3, 2, 0, 0, 5, 456000, UTC)
INSTANCE_ID = "i-0123456789abcdef0"


def history_item(**changes: Any) -> dict[str, Any]:
    """What GetResourceConfigHistory says of an instance with a key pair."""
    return {
        "resourceType": "AWS::EC2::Instance",
        "resourceId": INSTANCE_ID,
        "configurationItemStatus": "OK",
        "configurationItemCaptureTime": CAPTURED,
        "configuration": json.dumps({"keyName": "ops", "state": {"name": "running"}}),
        "tags": {},
    } | changes


def test_change_is_one_call(config: RecordingConfig) -> None:
    """A changed instance costs one call, with the notification's time as the ordering timestamp."""
    lambda_handler(sample("change"), Context())

    [(api, arguments)] = config.calls
    assert api == "PutEvaluations"
    assert arguments == {
        "Evaluations": [
            {
                "ComplianceResourceType": "AWS::EC2::Instance",
                "ComplianceResourceId": INSTANCE_ID,
                "ComplianceType": "NON_COMPLIANT",
                "OrderingTimestamp": NOTIFIED,
                "Annotation": "No key pair was assigned at launch. Launch a replacement with an allowed key pair. "
                "A key pair cannot be added to this instance.",
            }
        ],
        "ResultToken": "token-of-the-change",
        "TestMode": False,
    }


def test_not_applicable_has_no_annotation(config: RecordingConfig) -> None:
    """A deleted instance is reported without an annotation, for an empty one is refused."""
    lambda_handler(sample("change", {"configurationItemStatus": "ResourceDeleted", "configuration": None}), Context())

    [evaluation] = config.evaluations
    assert evaluation["ComplianceType"] == "NOT_APPLICABLE"
    assert "Annotation" not in evaluation


def test_another_resource_keeps_its_type(config: RecordingConfig) -> None:
    """A resource that is no instance is NOT_APPLICABLE under its own type."""
    lambda_handler(sample("change", {"resourceType": "AWS::EC2::Volume", "resourceId": "vol-1"}), Context())

    [evaluation] = config.evaluations
    assert evaluation["ComplianceResourceType"] == "AWS::EC2::Volume"
    assert config.verdicts == {"vol-1": "NOT_APPLICABLE"}


def test_test_mode(config: RecordingConfig) -> None:
    """The token TESTMODE evaluates without storing a result."""
    lambda_handler(sample("change", resultToken="TESTMODE"), Context())

    assert config.calls[0][1]["TestMode"] is True


def test_policy_decides(config: RecordingConfig) -> None:
    """The rule's parameters reach the decision, and today is the event's."""
    item = {"tags": {"until": "2026-03-01"}}
    lambda_handler(sample("change", item, ruleParameters='{"exemptUntilTagKey":"until"}'), Context())

    assert "ended on 2026-03-01" in config.evaluations[0]["Annotation"]


def test_oversized_change_fetches_the_item(config: RecordingConfig) -> None:
    """An oversized change costs two calls; the time asked for lies behind the capture, cut to seconds or not."""
    config.answers["GetResourceConfigHistory"] = [{"configurationItems": [history_item()]}]

    lambda_handler(sample("oversized"), Context())

    [(api, arguments), (second, _)] = config.calls
    assert (api, second) == ("GetResourceConfigHistory", "PutEvaluations")
    assert arguments.pop("laterTime").replace(microsecond=0) > CAPTURED
    assert arguments == {"resourceType": "AWS::EC2::Instance", "resourceId": INSTANCE_ID, "limit": 1}
    assert config.verdicts == {INSTANCE_ID: "COMPLIANT"}


@pytest.mark.parametrize("notified_at", [NOTIFIED, None])
def test_order_of_an_oversized_change(config: RecordingConfig, notified_at: datetime | None) -> None:
    """An oversized change is ordered by its notification too, and by its capture where that has no time."""
    event = sample("oversized")
    notification = json.loads(event["invokingEvent"])
    notification["notificationCreationTime"] = notified_at and notified_at.isoformat()
    config.answers["GetResourceConfigHistory"] = [{"configurationItems": [history_item()]}]

    lambda_handler(event | {"invokingEvent": json.dumps(notification)}, Context())

    assert [each["OrderingTimestamp"] for each in config.evaluations] == [notified_at or CAPTURED]


def test_oversized_change_that_is_deleted_since(config: RecordingConfig) -> None:
    """The history's item decides, not the summary."""
    gone = history_item(configurationItemStatus="ResourceDeleted", configuration="null")
    config.answers["GetResourceConfigHistory"] = [{"configurationItems": [gone]}]

    lambda_handler(sample("oversized"), Context())

    assert config.verdicts == {INSTANCE_ID: "NOT_APPLICABLE"}


@pytest.mark.parametrize(
    "answer",
    [
        {"configurationItems": []},
        {},
        {"configurationItems": [history_item(configurationItemCaptureTime=datetime(2026, 3, 1, 9, 59, 59, 0, UTC))]},
        NOT_DISCOVERED,
    ],
    ids=["no item", "no list", "an older item", "an unknown resource"],
)
def test_oversized_change_not_recorded_yet(config: RecordingConfig, answer: object) -> None:
    """A history that lags behind is an error, so that Lambda tries again, and never an old verdict."""
    config.answers["GetResourceConfigHistory"] = [answer]

    with pytest.raises(ItemNotRecordedError, match=INSTANCE_ID):
        lambda_handler(sample("oversized"), Context())

    assert config.evaluations == []


def test_failed_evaluation_is_sent_again(config: RecordingConfig) -> None:
    """What AWS Config hands back is reported once more, and that is enough if it is taken then."""
    answer = rejected(INSTANCE_ID)
    config.answers["PutEvaluations"] = [answer, {"FailedEvaluations": []}]

    lambda_handler(sample("change"), Context())

    assert [call["Evaluations"] for _, call in config.calls][1] == answer["FailedEvaluations"]


def test_evaluation_that_fails_twice_is_an_error(config: RecordingConfig) -> None:
    """What fails twice is raised with the resource's id, so that Lambda keeps the event."""
    config.answers["PutEvaluations"] = [rejected(INSTANCE_ID, "i-other")] * 2

    with pytest.raises(EvaluationsRejectedError, match=f"{INSTANCE_ID}, i-other"):
        lambda_handler(sample("change"), Context())

    assert len(config.calls) == 2


def test_malformed_event_reports_nothing(config: RecordingConfig) -> None:
    """A malformed event is raised and no verdict guessed."""
    with pytest.raises(InvalidEventError):
        lambda_handler(sample("change", {"configuration": None}), Context())

    assert config.calls == []


def test_decision_is_logged_without_the_token(config: RecordingConfig, caplog: pytest.LogCaptureFixture) -> None:
    """Each decision is one log line with its parts as fields, and the token is in none of them."""
    caplog.set_level(logging.DEBUG)

    lambda_handler(sample("change"), Context())

    [line] = [record for record in caplog.records if record.message == "evaluated"]
    assert [line.__dict__[name] for name in ("resourceType", "resourceId", "complianceType", "annotation")] == [
        "AWS::EC2::Instance",
        INSTANCE_ID,
        "NON_COMPLIANT",
        config.evaluations[0]["Annotation"],
    ]
    assert config.verdicts
    assert "token-of-the-change" not in str([record.__dict__ for record in caplog.records])


def test_client_is_patient_but_not_for_ever() -> None:
    """The client's attempts and time-outs are the module's own, for the function's time is bounded."""
    from evaluator import handler  # noqa: PLC0415  (after the region is set)

    options = handler.config_client.meta.config  # type: ignore[attr-defined]
    assert (options.connect_timeout, options.read_timeout) == (2, 8)
    assert options.retries == {"mode": "adaptive", "total_max_attempts": 4}


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.900Z"])
def test_times_that_nobody_can_reckon_with(config: RecordingConfig, time: str) -> None:
    """A time at the end of all times is refused like any other that is malformed."""
    for event in (
        sample("oversized", {"configurationItemCaptureTime": time}),
        sample("schedule", notificationCreationTime=time),
    ):
        with pytest.raises(InvalidEventError, match="is not a time like"):
            lambda_handler(event, Context())
    assert config.calls == []
