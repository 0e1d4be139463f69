"""The data of AWS Config that moto does not keep: recorded items and the results of rules.

Follows the API reference: https://docs.aws.amazon.com/config/latest/APIReference/API_ConfigurationItem.html and
https://docs.aws.amazon.com/config/latest/APIReference/API_EvaluationResult.html
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.config.models import ConfigBackend, config_backends

from tests.emulator.accounts import ACCOUNT_ID


@dataclass(frozen=True, slots=True)
class Item:
    """A configuration item; ``configuration`` is None once the resource is deleted."""

    resource_type: str
    resource_id: str
    status: str
    captured_at: datetime
    configuration: dict[str, Any] | None
    tags: dict[str, str]
    resource: dict[str, str]

    @property
    def is_deleted(self) -> bool:
        """Whether the resource is gone."""
        return self.status.startswith("ResourceDeleted")

    def as_event(self, account: str, region: str) -> dict[str, Any]:
        """The item as a notification carries it."""
        return {
            "relatedEvents": [],
            "relationships": [],
            "configuration": self.configuration,
            "supplementaryConfiguration": {},
            "tags": self.tags,
            "configurationItemVersion": "1.3",
            "configurationItemCaptureTime": iso(self.captured_at),
            "configurationStateId": int(self.captured_at.timestamp() * 1000),
            "awsAccountId": account,
            "configurationItemStatus": self.status,
            "resourceType": self.resource_type,
            "resourceId": self.resource_id,
            "resourceName": None,
            "ARN": self.resource.get("arn"),
            "awsRegion": region,
            "availabilityZone": self.resource.get("availabilityZone"),
            "configurationStateMd5Hash": "",
            "resourceCreationTime": self.resource.get("creationTime"),
        }

    def as_history(self, account: str, region: str) -> dict[str, Any]:
        """The item in the form of GetResourceConfigHistory, in which ``configuration`` is a string."""
        return {
            "version": "1.3",
            "accountId": account,
            "configurationItemCaptureTime": self.captured_at,
            "configurationItemStatus": self.status,
            "configurationStateId": str(int(self.captured_at.timestamp() * 1000)),
            "arn": self.resource.get("arn"),
            "resourceType": self.resource_type,
            "resourceId": self.resource_id,
            "awsRegion": region,
            "availabilityZone": self.resource.get("availabilityZone"),
            "tags": self.tags,
            "relatedEvents": [],
            "relationships": [],
            "configuration": json.dumps(self.configuration),
            "supplementaryConfiguration": {},
        }


@dataclass(frozen=True, slots=True)
class Result:
    """The last result of a rule for a resource."""

    rule_name: str
    resource_type: str
    resource_id: str
    compliance_type: str
    annotation: str | None
    ordering_timestamp: datetime
    recorded_at: datetime
    invoked_at: datetime

    def as_api(self) -> dict[str, Any]:
        """The ``EvaluationResult`` of the API."""
        result = {
            "EvaluationResultIdentifier": {
                "EvaluationResultQualifier": {
                    "ConfigRuleName": self.rule_name,
                    "ResourceType": self.resource_type,
                    "ResourceId": self.resource_id,
                    "EvaluationMode": "DETECTIVE",
                },
                "OrderingTimestamp": self.ordering_timestamp,
            },
            "ComplianceType": self.compliance_type,
            "ResultRecordedTime": self.recorded_at,
            "ConfigRuleInvokedTime": self.invoked_at,
        }
        return result | ({"Annotation": self.annotation} if self.annotation else {})

    def as_event(self) -> dict[str, Any]:
        """The ``newEvaluationResult`` or ``oldEvaluationResult`` of a compliance-change event."""
        result = {
            "evaluationResultIdentifier": {
                "evaluationResultQualifier": {
                    "configRuleName": self.rule_name,
                    "resourceType": self.resource_type,
                    "resourceId": self.resource_id,
                    "evaluationMode": "DETECTIVE",
                },
                "orderingTimestamp": iso(self.ordering_timestamp),
            },
            "complianceType": self.compliance_type,
            "resultRecordedTime": iso(self.recorded_at),
            "configRuleInvokedTime": iso(self.invoked_at),
        }
        return result | ({"annotation": self.annotation} if self.annotation else {})


@dataclass(slots=True)
class Store:
    """AWS Config's data in one region that moto does not keep, and the settings of ``config_control.py``.

    Attributes:
        items: the recorded items of each resource, oldest first.
        results: the last result of each rule for each resource.
        tokens: the result tokens that were given out, each with its rule and the time.
        oversized: resources whose items are announced by their summary.
        dropped: resources whose items are sent to no rule.
        failing: resources whose evaluations are rejected, once for each entry.
        expired_tokens: how many tokens to come are expired.
        enforces_order: whether a result with an older ordering timestamp than the stored one is dropped.
        renews_results: whether a repeated verdict has a new time of its recording.
        whole_seconds: whether times of calls arrive in whole seconds.
    """

    items: dict[tuple[str, str], list[Item]] = field(default_factory=dict)
    results: dict[tuple[str, str, str], Result] = field(default_factory=dict)
    tokens: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    oversized: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)
    failing: list[str] = field(default_factory=list)
    expired_tokens: int = 0
    enforces_order: bool = True
    renews_results: bool = True
    whole_seconds: bool = False


def iso(moment: datetime) -> str:
    """The form of times in events: UTC, milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now() -> datetime:
    """The time in whole milliseconds, as AWS Config keeps it."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def backend_of(region: str, account: str = ACCOUNT_ID) -> ConfigBackend:
    """AWS Config of an account in a region."""
    return config_backends[account][region]


def store_of(backend: ConfigBackend) -> Store:
    """The store of a region; moto's reset forgets it with the backend's other attributes."""
    store: Store = backend.__dict__.setdefault("embedded_store", Store())
    return store
