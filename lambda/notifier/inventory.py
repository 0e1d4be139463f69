"""Reads pages of AWS Config, and the launch times in the rows of its inventory."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from notifier.message import one_line

Call = Callable[..., dict[str, Any]]

EC2_INSTANCE = "AWS::EC2::Instance"
LAUNCHES = (
    "SELECT {}, configuration.keyName, configuration.networkInterfaces.attachment.attachTime "
    f"WHERE resourceType = '{EC2_INSTANCE}' AND resourceId IN ({{}})"
)


class ConfigClient(Protocol):
    """The part of boto3's AWS Config client that a report calls."""

    def describe_aggregate_compliance_by_config_rules(self, **kwargs: Any) -> dict[str, Any]:
        """List the rules of an aggregator with results: API_DescribeAggregateComplianceByConfigRules."""

    def describe_configuration_aggregator_sources_status(self, **kwargs: Any) -> dict[str, Any]:
        """List the sources of an aggregator: API_DescribeConfigurationAggregatorSourcesStatus."""

    def get_aggregate_compliance_details_by_config_rule(self, **kwargs: Any) -> dict[str, Any]:
        """List the results of a rule in an account and region: API_GetAggregateComplianceDetailsByConfigRule."""

    def get_compliance_details_by_config_rule(self, **kwargs: Any) -> dict[str, Any]:
        """List the results of a rule: API_GetComplianceDetailsByConfigRule."""

    def select_aggregate_resource_config(self, **kwargs: Any) -> dict[str, Any]:
        """Query the inventory of an aggregator: API_SelectAggregateResourceConfig."""

    def select_resource_config(self, **kwargs: Any) -> dict[str, Any]:
        """Query the inventory: API_SelectResourceConfig."""


def pages(call: Call, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the answers to a request until the last page. A page may be empty and not be the last one."""
    page = call(**request)
    yield page
    while page.get("NextToken"):
        page = call(**request, NextToken=page["NextToken"])
        yield page


def query(instance_ids: Iterable[str], identity: str = "resourceId") -> str:
    """Return the query for the launch times of instances. 100 IDs stay within the limit of 4,096 characters."""
    return LAUNCHES.format(identity, ", ".join(f"'{each}'" for each in instance_ids))


def rows(pages: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the rows in the answers to a query."""
    for page in pages:
        for text in page.get("Results", []):
            yield json.loads(text)


def reason(result: Mapping[str, Any]) -> str | None:
    """Return the annotation of a result in one line."""
    return one_line(result.get("Annotation", "")) or None


def first_launch(configuration: Any) -> datetime | None:
    """Return when the first network interface was attached, which happens at launch; None if there is a key pair."""
    if not isinstance(configuration, dict) or configuration.get("keyName"):
        return None
    try:
        times = [each["attachment"]["attachTime"] for each in configuration["networkInterfaces"]]
        return min(datetime.fromisoformat(each).astimezone(UTC) for each in times)
    except (KeyError, OverflowError, TypeError, ValueError):
        return None
