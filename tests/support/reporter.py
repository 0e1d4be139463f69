"""The reporter with clients that record their calls to AWS Config, DynamoDB and SNS."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.oracles import wire
from tests.support import aggregator
from tests.support.aggregator import FakeAggregator
from tests.support.handlers import Context, RecordingConfig, RecordingSns, listing

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:ec2-key-pair-monitor-reporter"
NOT_NEWER = ClientError({"Error": {"Code": "ConditionalCheckFailedException", "Message": "no"}}, "PutItem")
MONDAY, NEXT_MONDAY = "2026-11-16T07:00:00Z", "2026-11-23T07:00:00Z"


@dataclass
class RecordingTable:
    """A table that keeps its items, or raises the errors that a test sets."""

    items: dict[str, Any] = field(default_factory=dict)
    failures: list[Exception] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def get_item(self, **kwargs: Any) -> dict[str, Any]:
        self.calls.append(("GetItem", kwargs))
        item = self.items.get(kwargs["Key"]["source"]["S"])
        return dict(wire.exchange("dynamodb", "GetItem", kwargs, {"Item": item} if item else {}))

    def delete_item(self, **kwargs: Any) -> dict[str, Any]:
        self.calls.append(("DeleteItem", kwargs))
        self.items.pop(kwargs["Key"]["source"]["S"], None)
        return dict(wire.exchange("dynamodb", "DeleteItem", kwargs, {}))

    def put_item(self, **kwargs: Any) -> dict[str, Any]:
        self.calls.append(("PutItem", kwargs))
        failure = self.failures.pop(0) if self.failures else None
        before = self.items.get(kwargs["Item"]["source"]["S"])
        if before and "ConditionExpression" in kwargs and not before["scheduled_time"]["S"] < this(kwargs):
            failure = NOT_NEWER
        answer: dict[str, Any] = wire.exchange("dynamodb", "PutItem", kwargs, failure or {})
        self.items[kwargs["Item"]["source"]["S"]] = kwargs["Item"]
        return answer


def this(request: dict[str, Any]) -> str:
    """The time of the report that an item is written for."""
    assert request["ConditionExpression"] == "attribute_not_exists(scheduled_time) OR scheduled_time < :this"
    return str(request["ExpressionAttributeValues"][":this"]["S"])


@dataclass
class ReporterContext(Context):
    """A Lambda context of the reporter."""

    invoked_function_arn: str = ARN


def published(sns: RecordingSns, scheduled: str, context: ReporterContext) -> list[dict[str, Any]]:
    """Run the reporter. Returns what it published."""
    from notifier.reporter import lambda_handler  # noqa: PLC0415  (after the unit tests' region is set)

    before = len(sns.published)
    lambda_handler({"scheduled_time": scheduled}, context)
    return sns.published[before:]


@dataclass
class Edge:
    """The reporter with recording clients."""

    config: RecordingConfig
    sns: RecordingSns
    table: RecordingTable
    without_inventory: Exception | None = None

    def report(self, scheduled: str, *open_now: str, pages: int = 1, **rows: str) -> list[dict[str, Any]]:
        """Report the open instances at a time, with rows of the inventory. Returns what was published."""
        results = [result(each) for each in open_now]
        size = max(1, -(-len(results) // pages))
        listed = [results[start : start + size] for start in range(0, len(results), size)] or [[]]
        self.config.answers["GetComplianceDetailsByConfigRule"] = listing("EvaluationResults", *listed)
        self.config.answers["SelectResourceConfig"] = [self.without_inventory or {"Results": list(rows.values())}]
        return self.run(scheduled)

    def run(self, scheduled: str) -> list[dict[str, Any]]:
        """Report at a time what AWS Config answers. Returns what was published."""
        return published(self.sns, scheduled, ReporterContext())


@pytest.fixture
def edge(monkeypatch: pytest.MonkeyPatch) -> Edge:
    """The reporter as it is deployed, without open instances."""
    from notifier import reporter  # noqa: PLC0415  (after the unit tests' region is set)

    made = Edge(RecordingConfig(), RecordingSns(), RecordingTable())
    monkeypatch.setattr(reporter, "config_client", made.config)
    monkeypatch.setattr(reporter, "sns_client", made.sns)
    monkeypatch.setattr(reporter, "table_client", made.table)
    monkeypatch.setattr(reporter, "RULE_NAME", "rule")
    monkeypatch.setattr(reporter, "TABLE_NAME", "reports")
    return made


@dataclass
class HubEdge:
    """The reporter of a hub with an aggregator."""

    aggregator: FakeAggregator
    sns: RecordingSns
    table: RecordingTable
    remaining: list[int] = field(default_factory=list)

    def report(self, scheduled: str) -> list[dict[str, Any]]:
        """Report at a time. Returns what was published."""
        return published(self.sns, scheduled, ReporterContext(self.remaining))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> HubEdge:
    """The reporter of a hub as it is deployed, with an empty organization."""
    from notifier import reporter  # noqa: PLC0415  (after the unit tests' region is set)

    made = HubEdge(FakeAggregator(), RecordingSns(), RecordingTable())
    for name, value in {
        "AGGREGATOR_NAME": aggregator.NAME,
        "RULE_NAME": "key-pair-hub",
        "RULE_NAMES": [aggregator.RULE, "second"],
        "TABLE_NAME": "reports",
        "config_client": made.aggregator,
        "sns_client": made.sns,
        "table_client": made.table,
    }.items():
        monkeypatch.setattr(reporter, name, value)
    return made


def result(instance_id: str) -> dict[str, Any]:
    """A result that is NON_COMPLIANT."""
    qualifier = {"ConfigRuleName": "rule", "ResourceType": "AWS::EC2::Instance", "ResourceId": instance_id}
    identifier = {"EvaluationResultQualifier": qualifier, "OrderingTimestamp": datetime(2026, 11, 1, tzinfo=UTC)}
    return {"EvaluationResultIdentifier": identifier, "ComplianceType": "NON_COMPLIANT", "Annotation": "No key\tpair."}


def row(instance_id: str, *times: str, **configuration: Any) -> str:
    """A row of the inventory, with when each network interface was attached."""
    interfaces = [{"attachment": {"attachTime": time}} for time in times]
    return json.dumps({"resourceId": instance_id, "configuration": {"networkInterfaces": interfaces} | configuration})
