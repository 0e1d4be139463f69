"""Inputs for tests of both functions: sample events, and clients that record their calls.

Importing a handler creates an AWS client, so a test imports handlers inside its functions, after this module.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError

from tests.oracles import wire
from tests.support import CHECKOUT

# boto3 creates its client when a handler is imported, and needs a region. The notifier also reads its variables then.
os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
os.environ["TOPIC_ARN"] = "arn:aws:sns:eu-central-1:123456789012:ec2-key-pair-monitor"
os.environ["CONSOLE_DOMAIN"] = "console.aws.amazon.com"

EVENTS = CHECKOUT / "tests/unit/events"
KINDS = ("compliance_change", "recorder_call", "alarm")
SAMPLES = {kind: json.loads((EVENTS / f"{kind}.json").read_text()) for kind in KINDS}

# When the schedule in the sample fires, and the time of the results that its sweep finds.
FIRED = datetime(2026, 3, 2, 0, 0, 5, 456000, UTC)
LONG_AGO = FIRED - timedelta(days=1)


def sample(name: str, item: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Return an event as the function receives it.

    Args:
        name: a file under events/, in which ``invokingEvent`` is an object, so that people can read it.
        item: replacements for parts of its item, or of its item's summary.
        changes: replacements for parts of the event or of its ``invokingEvent``.
    """
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    notification = event["invokingEvent"]
    for key, value in changes.items():
        (notification if key in notification or key == "configurationItem" else event)[key] = value
    for key, value in (item or {}).items():
        notification["configurationItem" if name == "change" else "configurationItemSummary"][key] = value
    event["invokingEvent"] = json.dumps(notification)
    return event


def rejected(*resource_ids: str) -> dict[str, Any]:
    """Return a response of PutEvaluations that rejects evaluations of instances."""
    evaluation = {
        "ComplianceResourceType": "AWS::EC2::Instance",
        "ComplianceType": "NON_COMPLIANT",
        "OrderingTimestamp": datetime(2026, 3, 1, tzinfo=UTC),
    }
    return {"FailedEvaluations": [evaluation | {"ComplianceResourceId": each} for each in resource_ids]}


def listing(member: str, *pages: list[Any]) -> list[dict[str, Any]]:
    """Return the responses of a listing, page by page: each but the last has the token of the next."""
    *first, last = [{member: page} for page in pages]
    return [*({**page, "NextToken": "next"} for page in first), last]


class Exceptions:
    """The errors of AWS Config's own that boto3's client makes, as far as the evaluator catches them."""

    class ResourceNotDiscoveredException(ClientError):  # type: ignore[misc]  # noqa: N818  (AWS's name)
        """AWS Config knows no such resource."""


NOT_DISCOVERED = Exceptions.ResourceNotDiscoveredException(
    {"Error": {"Code": "ResourceNotDiscoveredException", "Message": "unknown"}}, "GetResourceConfigHistory"
)


@dataclass
class RecordingConfig:
    """Gives the responses that a test sets, and records every call as (API, arguments)."""

    exceptions: ClassVar[Any] = Exceptions
    answers: dict[str, list[Any]] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def _call(self, api: str, arguments: dict[str, Any], default: dict[str, Any]) -> dict[str, Any]:
        self.calls.append((api, arguments))
        answer = self.answers[api].pop(0) if self.answers.get(api) else default
        return dict(wire.exchange("config", api, arguments, answer))

    def batch_get_resource_config(self, **kwargs: Any) -> dict[str, Any]:
        nothing: dict[str, Any] = {"baseConfigurationItems": [], "unprocessedResourceKeys": []}
        return self._call("BatchGetResourceConfig", kwargs, nothing)

    def get_compliance_details_by_config_rule(self, **kwargs: Any) -> dict[str, Any]:
        return self._call("GetComplianceDetailsByConfigRule", kwargs, {"EvaluationResults": []})

    def get_resource_config_history(self, **kwargs: Any) -> dict[str, Any]:
        return self._call("GetResourceConfigHistory", kwargs, {"configurationItems": []})

    def put_evaluations(self, **kwargs: Any) -> dict[str, Any]:
        return self._call("PutEvaluations", kwargs, {"FailedEvaluations": []})

    def select_resource_config(self, **kwargs: Any) -> dict[str, Any]:
        return self._call("SelectResourceConfig", kwargs, {"Results": []})

    @property
    def evaluations(self) -> list[dict[str, Any]]:
        """All reported evaluations."""
        return [each for api, call in self.calls if api == "PutEvaluations" for each in call["Evaluations"]]

    @property
    def verdicts(self) -> dict[str, str]:
        """The last verdict on each resource."""
        return {each["ComplianceResourceId"]: str(each["ComplianceType"]) for each in self.evaluations}


def row(instance_id: str, key_name: str | None = None, **more: Any) -> str:
    """A row of the inventory."""
    configuration = {"state": {"name": "running"}} | ({"keyName": key_name} if key_name else {})
    return json.dumps({"resourceId": instance_id, "configuration": configuration} | more)


def result(resource_id: str, at: datetime = LONG_AGO, resource_type: str = "AWS::EC2::Instance") -> dict[str, Any]:
    """Return an existing result of the rule."""
    qualifier = {"ConfigRuleName": "r", "ResourceType": resource_type, "ResourceId": resource_id}
    return {"EvaluationResultIdentifier": {"EvaluationResultQualifier": qualifier, "OrderingTimestamp": at}}


def messages(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Return the levels and messages that the evaluator logged."""
    return [(record.levelname, record.message) for record in caplog.records if record.message.startswith("sweep")]


def reason(caplog: pytest.LogCaptureFixture) -> str:
    """Return the logged reason why the last sweep is incomplete."""
    return str(caplog.records[-1].__dict__["reason"])


def summary(instance_id: str, at: datetime = LONG_AGO) -> dict[str, Any]:
    """Return the fields that the evaluator reads of an existing instance in BatchGetResourceConfig's response."""
    return {
        "resourceType": "AWS::EC2::Instance",
        "resourceId": instance_id,
        "configurationItemStatus": "OK",
        "configurationItemCaptureTime": at,
        "configuration": json.dumps({"state": {"name": "running"}}),
    }


def history(instance_id: str, key_name: str | None = None, **more: Any) -> dict[str, Any]:
    """Return the response of GetResourceConfigHistory for an instance."""
    configuration = {"state": {"name": "running"}} | ({"keyName": key_name} if key_name else {})
    item = summary(instance_id) | {"configuration": json.dumps(configuration), "tags": {}} | more
    return {"configurationItems": [item]}


@dataclass
class Context:
    """A Lambda context with unlimited time, or with a given time for each call."""

    remaining: list[int] = field(default_factory=list)

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining.pop(0) if self.remaining else 900_000


@dataclass
class RecordingSns:
    """Records what is published, or raises the error that a test sets."""

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
        """Every instance in the published notifications."""
        documents = [json.loads(json.loads(each["Message"])["default"]) for each in self.published]
        return [
            each["instance"]
            for document in documents
            for account in document["accounts"]
            for region in account["regions"]
            for each in region["instances"]
        ]


def body(number: int = 0, account: str = "123456789012", **result: Any) -> str:
    """Return the event of the instance with a number."""
    event = json.loads(json.dumps(SAMPLES["compliance_change"]))
    event["account"] = account
    event["detail"] |= {"resourceId": f"i-{number:017x}", "awsAccountId": account}
    event["detail"]["newEvaluationResult"] |= result
    return json.dumps(event)


def handle(bodies: dict[str, str], context: Context | None = None) -> set[str]:
    """Invoke the function with a batch. Returns the records that it returns to the queue."""
    from notifier.handler import lambda_handler  # noqa: PLC0415  (after the region is set)

    records = [{"messageId": name, "body": text} for name, text in bodies.items()]
    answer = lambda_handler({"Records": records}, context or Context())
    assert set(answer) == {"batchItemFailures"}
    failed = [each["itemIdentifier"] for each in answer["batchItemFailures"]]
    assert len(set(failed)) == len(failed)
    return set(failed)


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> RecordingConfig:
    """Replace the handler's client for AWS Config."""
    from evaluator import handler  # noqa: PLC0415  (after the region is set)

    client = RecordingConfig()
    monkeypatch.setattr(handler, "config_client", client)
    return client


@pytest.fixture
def sns(monkeypatch: pytest.MonkeyPatch) -> RecordingSns:
    """Replace the handler's client for SNS."""
    from notifier import handler  # noqa: PLC0415  (after the region is set)

    client = RecordingSns()
    monkeypatch.setattr(handler, "sns_client", client)
    return client
