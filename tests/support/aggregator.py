"""AWS Config's aggregator of an organization, as far as a report asks it: in memory, with the quirks of its paging."""

import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from notifier.findings import Place

from tests.oracles import wire

NAME = "organization"
RULE = "ec2-key-pair-monitor"
UPDATED = datetime(2026, 11, 20, 10, tzinfo=UTC)


def throttled(api: str) -> ClientError:
    """The answer to a call that came too often."""
    answer = {"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}
    return ClientError(answer | {"ResponseMetadata": {"HTTPStatusCode": 400}}, api)


@dataclass
class There:
    """What an aggregator has of an account and region.

    Attributes:
        results: the verdict on each instance, by rule.
        instances: the number of instances in the inventory.
        status: the last status of the source.
    """

    results: dict[str, dict[str, str]] = field(default_factory=dict)
    instances: int = 0
    status: str = "SUCCEEDED"


@dataclass
class FakeAggregator:
    """An aggregator.

    Attributes:
        places: what it has of each account and region.
        page: the most entries of a page.
        has_empty_pages: whether each listing begins with an empty page.
        failures: errors that the next calls of an API raise.
        broken: accounts and regions whose results cannot be read.
        launched: when instances were launched.
        calls: the number of calls of each API.
        lists_accounts: whether the sources are accounts, and not one organization.
        is_judged: whether requests and responses are compared with AWS's models.
    """

    places: dict[Place, There] = field(default_factory=dict)
    page: int = 100
    has_empty_pages: bool = False
    failures: dict[str, list[Exception]] = field(default_factory=dict)
    broken: dict[Place, Exception] = field(default_factory=dict)
    launched: dict[str, str] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    lists_accounts: bool = True
    is_judged: bool = True

    def describe_aggregate_compliance_by_config_rules(self, **asked: Any) -> dict[str, Any]:
        rule = asked["Filters"]["ConfigRuleName"]
        rows = [
            {
                "ConfigRuleName": rule,
                "Compliance": {"ComplianceType": compliance(there.results[rule])},
                "AccountId": place.account,
                "AwsRegion": place.region,
            }
            for place, there in self.places.items()
            if there.results.get(rule)
        ]
        return self._answer("DescribeAggregateComplianceByConfigRules", asked, "AggregateComplianceByConfigRules", rows)

    def get_aggregate_compliance_details_by_config_rule(self, **asked: Any) -> dict[str, Any]:
        api, place = "GetAggregateComplianceDetailsByConfigRule", Place(asked["AccountId"], asked["AwsRegion"])
        if place in self.broken:
            self.calls[api] += 1
            raise self.broken[place]
        results = self.places.get(place, There()).results.get(asked["ConfigRuleName"], {})
        found = [instance for instance, verdict in results.items() if verdict == asked["ComplianceType"]]
        return self._answer(
            api, asked, "AggregateEvaluationResults", found, lambda instance: result(asked, place, instance)
        )

    def describe_configuration_aggregator_sources_status(self, **asked: Any) -> dict[str, Any]:
        rows: list[dict[str, Any]] = [
            {
                "SourceId": place.account,
                "SourceType": "ACCOUNT",
                "AwsRegion": place.region,
                "LastUpdateStatus": there.status,
                "LastUpdateTime": UPDATED,
                **({"LastErrorCode": "AccessDenied"} if there.status == "FAILED" else {}),
            }
            for place, there in self.places.items()
        ]
        if not self.lists_accounts:
            rows = [{"SourceId": "o-a1b2c3d4e5", "SourceType": "ORGANIZATION", "LastUpdateStatus": "FAILED"}]
        return self._answer("DescribeConfigurationAggregatorSourcesStatus", asked, "AggregatedSourceStatusList", rows)

    def select_aggregate_resource_config(self, **asked: Any) -> dict[str, Any]:
        rows: list[dict[str, Any]]
        if "GROUP BY" in asked["Expression"]:
            rows = [
                {"accountId": place.account, "awsRegion": place.region, "COUNT(*)": there.instances}
                for place, there in self.places.items()
                if there.instances
            ]
        else:
            asked_for = [each for each in self.launched if f"'{each}'" in asked["Expression"]]
            rows = [
                {
                    "accountId": place.account,
                    "awsRegion": place.region,
                    "resourceId": instance,
                    "configuration": {"networkInterfaces": [{"attachment": {"attachTime": self.launched[instance]}}]},
                }
                for place, there in self.places.items()
                for instance in asked_for
                if any(instance in results for results in there.results.values())
            ]
        return self._answer("SelectAggregateResourceConfig", asked, "Results", [json.dumps(row) for row in rows])

    def _answer(
        self,
        api: str,
        asked: dict[str, Any],
        member: str,
        rows: list[Any],
        made: Callable[[Any], Any] = lambda row: row,
    ) -> dict[str, Any]:
        self.calls[api] += 1
        with suppress(IndexError):  # no look before the pop: calls come in several threads
            raise self.failures.get(api, []).pop(0)
        assert asked["ConfigurationAggregatorName"] == NAME
        start = int(asked.get("NextToken", -1 if self.has_empty_pages else 0))
        end = max(start, 0) if start < 0 else start + min(self.page, asked.get("Limit", 1000))
        answer: dict[str, Any] = {member: [made(row) for row in rows[max(start, 0) : end]]}
        if end < len(rows) or start < 0:
            answer["NextToken"] = str(end)
        return dict(wire.exchange("config", api, asked, answer)) if self.is_judged else answer


def result(asked: dict[str, Any], place: Place, resource: str) -> dict[str, Any]:
    """A result as an aggregator shows it."""
    qualifier = {
        "ConfigRuleName": asked["ConfigRuleName"],
        "ResourceType": "AWS::EC2::Volume" if resource.startswith("vol-") else "AWS::EC2::Instance",
        "ResourceId": resource,
    }
    return {
        "EvaluationResultIdentifier": {"EvaluationResultQualifier": qualifier, "OrderingTimestamp": UPDATED},
        "ComplianceType": asked["ComplianceType"],
        "AccountId": place.account,
        "AwsRegion": place.region,
        "Annotation": "No key\tpair.",
    }


def compliance(results: dict[str, str]) -> str:
    """The compliance of a rule with results."""
    for verdict in ("NON_COMPLIANT", "COMPLIANT"):
        if verdict in results.values():
            return verdict
    return "INSUFFICIENT_DATA"
