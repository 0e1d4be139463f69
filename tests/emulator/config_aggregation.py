"""AWS Config's aggregators: the recorded resources and the results of several accounts and regions.

- https://docs.aws.amazon.com/config/latest/APIReference/API_DescribeAggregateComplianceByConfigRules.html
- https://docs.aws.amazon.com/config/latest/APIReference/API_GetAggregateComplianceDetailsByConfigRule.html
- https://docs.aws.amazon.com/config/latest/APIReference/API_DescribeConfigurationAggregatorSourcesStatus.html
- https://docs.aws.amazon.com/config/latest/APIReference/API_SelectAggregateResourceConfig.html

AWS says that a page may be empty and have a token. Here this happens if a test sets ``Sources.has_empty_pages``. AWS
does not say how late an aggregator is, and whether the status tells, so a test can make a source late with and without
``OUTDATED``. Nor does it say whether the data of a source that fails stay; a test can have both. A rule without results
is not listed.

Unverified: the status of a source that was never read and of one without a recorder (here both are ``SUCCEEDED``), and
whether an organization has a row of its own (here it has none). More permissive than AWS: an account need not authorize
an aggregator.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from moto.config.exceptions import NoSuchConfigurationAggregatorException, ValidationException
from moto.config.models import ConfigAggregator, ConfigBackend, config_backends
from moto.config.responses import ConfigResponse
from moto.core.responses import ActionResult

from tests.emulator import config_compliance, organization
from tests.emulator.config_inventory import inventory, parse_query, rows_of
from tests.emulator.config_store import Result, backend_of, now, store_of
from tests.emulator.moto_methods import extends

Place = tuple[str, str]  # account and region
COUNT = "COUNT(*)"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The data that an aggregator has from a source: its resources, as queries see them, and its results."""

    resources: list[dict[str, Any]]
    results: list[Result]


@dataclass(slots=True)
class Sources:
    """The settings of a test for the aggregators of an account and region.

    Attributes:
        stopped: the data of each source that is not read at present.
        failing: the error of each source that cannot be read. Its data are in ``stopped``.
        silent: sources in ``stopped`` whose status is still ``SUCCEEDED``.
        has_empty_pages: whether each listing begins with an empty page.
    """

    stopped: dict[Place, Snapshot] = field(default_factory=dict)
    failing: dict[Place, str] = field(default_factory=dict)
    silent: set[Place] = field(default_factory=set)
    has_empty_pages: bool = False


def sources_of(backend: ConfigBackend) -> Sources:
    """The settings of a test; moto's reset forgets them with the backend's other attributes."""
    sources: Sources = backend.__dict__.setdefault("embedded_sources", Sources())
    return sources


def stop(aggregating: ConfigBackend, account: str, region: str, *, silently: bool = False) -> None:
    """Let aggregators keep the current data of a source, until :func:`catch_up`, and say so unless ``silently``."""
    sources = sources_of(aggregating)
    sources.stopped[account, region] = read(backend_of(region, account))
    if silently:
        sources.silent.add((account, region))


def fail(aggregating: ConfigBackend, account: str, region: str, code: str, *, loses_data: bool = False) -> None:
    """Let aggregators fail to read a source. They keep its current data, or lose them."""
    stop(aggregating, account, region)
    sources = sources_of(aggregating)
    sources.failing[account, region] = code
    if loses_data:
        sources.stopped[account, region] = Snapshot([], [])


def catch_up(aggregating: ConfigBackend, account: str, region: str) -> None:
    """Let aggregators read a source again."""
    sources = sources_of(aggregating)
    sources.stopped.pop((account, region), None)
    sources.failing.pop((account, region), None)
    sources.silent.discard((account, region))


def read(backend: ConfigBackend) -> Snapshot:
    """Read the current data of a region."""
    return Snapshot(list(inventory(backend)), list(store_of(backend).results.values()))


def known(aggregating: ConfigBackend, place: Place) -> Snapshot:
    """The data that aggregators have from a source."""
    account, region = place
    return sources_of(aggregating).stopped.get(place) or read(backend_of(region, account))


def aggregator_of(response: ConfigResponse) -> ConfigAggregator:
    """The aggregator that a request names."""
    found: ConfigAggregator | None = response.config_backend.config_aggregators.get(
        response._get_param("ConfigurationAggregatorName")
    )
    if found is None:
        raise NoSuchConfigurationAggregatorException
    return found


def places_of(backend: ConfigBackend, aggregator: ConfigAggregator) -> Iterator[Place]:
    """The accounts and regions that an aggregator reads, in order; all regions are those with a recorder."""
    members = organization.accounts_with(backend.account_id)
    sources: list[tuple[list[str], Any]] = [
        (each.account_ids, each) for each in aggregator.account_aggregation_sources or []
    ]
    if aggregator.organization_aggregation_source:
        sources.append((members, aggregator.organization_aggregation_source))
    for accounts, source in sources:
        for account in sorted(accounts):
            in_use = [name for name, each in config_backends[account].items() if each.recorders]
            for region in sorted(source.aws_regions or in_use):
                yield account, region


def page(response: ConfigResponse, found: list[Any], default: int, maximum: int = 100) -> tuple[list[Any], str | None]:
    """The page of a listing that the request asks for, and the token of the next page; the first may be empty."""
    asked = config_compliance.page(response, found, default, maximum=maximum)
    is_first = response._get_param("NextToken") is None
    return ([], "0") if is_first and sources_of(response.config_backend).has_empty_pages else asked


@extends(ConfigAggregator)
def to_dict(self: ConfigAggregator) -> dict[str, Any]:
    """An aggregator in the form of the API. Only ListTagsForResource returns its tags."""
    described: dict[str, Any] = to_dict.replaced(self)
    described.pop("Tags", None)
    return described


@extends(ConfigResponse)
def describe_aggregate_compliance_by_config_rules(self: ConfigResponse) -> ActionResult:
    """DescribeAggregateComplianceByConfigRules, with its filters."""
    aggregator, filters = aggregator_of(self), self._get_param("Filters") or {}
    described = []
    for place in places_of(self.config_backend, aggregator):
        by_rule: dict[str, list[Result]] = {}
        for result in known(self.config_backend, place).results:
            by_rule.setdefault(result.rule_name, []).append(result)
        for name, results in sorted(by_rule.items()):
            row = {"ConfigRuleName": name, "AccountId": place[0], "AwsRegion": place[1]}
            compliance = config_compliance.compliance_of(results)
            wanted = row | {"ComplianceType": compliance["ComplianceType"]}
            if filters.items() <= wanted.items():
                described.append(row | {"Compliance": compliance})
    found, token = page(self, described, default=1000, maximum=1000)
    return ActionResult({"AggregateComplianceByConfigRules": found, "NextToken": token})


@extends(ConfigResponse)
def get_aggregate_compliance_details_by_config_rule(self: ConfigResponse) -> ActionResult:
    """GetAggregateComplianceDetailsByConfigRule, which supports only COMPLIANT and NON_COMPLIANT."""
    aggregator, wanted = aggregator_of(self), self._get_param("ComplianceType")
    if wanted not in (None, "COMPLIANT", "NON_COMPLIANT"):
        raise ValidationException(f"The compliance type {wanted} is not supported.")
    place = (self._get_param("AccountId"), self._get_param("AwsRegion"))
    read_from = place in set(places_of(self.config_backend, aggregator))
    rows = [
        result.as_api() | {"AccountId": place[0], "AwsRegion": place[1]}
        for result in (known(self.config_backend, place).results if read_from else [])
        if result.rule_name == self._get_param("ConfigRuleName")
        and result.compliance_type in ([wanted] if wanted else ["COMPLIANT", "NON_COMPLIANT"])
    ]
    found, token = page(self, rows, default=50)
    return ActionResult({"AggregateEvaluationResults": found, "NextToken": token})


@extends(ConfigResponse)
def describe_configuration_aggregator_sources_status(self: ConfigResponse) -> ActionResult:
    """DescribeConfigurationAggregatorSourcesStatus: each account and region with its last status."""
    aggregator, sources = aggregator_of(self), sources_of(self.config_backend)
    wanted = self._get_param("UpdateStatus") or ["FAILED", "SUCCEEDED", "OUTDATED"]
    rows: list[dict[str, Any]] = []
    for account, region in places_of(self.config_backend, aggregator):
        row = {"SourceId": account, "SourceType": "ACCOUNT", "AwsRegion": region, "LastUpdateTime": now()}
        code = sources.failing.get((account, region))
        stopped = (account, region) in sources.stopped.keys() - sources.silent
        error = {"LastErrorCode": code, "LastErrorMessage": f"{code} in {account}"} if code else {}
        rows.append(row | {"LastUpdateStatus": "FAILED" if code else "OUTDATED" if stopped else "SUCCEEDED"} | error)
    rows = [row for row in rows if row["LastUpdateStatus"] in wanted]
    found, token = page(self, rows, default=100)
    return ActionResult({"AggregatedSourceStatusList": found, "NextToken": token})


@extends(ConfigResponse)
def select_aggregate_resource_config(self: ConfigResponse) -> ActionResult:
    """SelectAggregateResourceConfig: SelectResourceConfig's SQL, and ``COUNT(*)`` grouped by all selected paths.

    Without a limit, a page has 500 groups, but only 25 resources.
    """
    aggregator, expression = aggregator_of(self), self._get_param("Expression")
    plain, _, grouping = re.sub(r"\s+", " ", expression).partition(" GROUP BY ")
    counts = COUNT in plain
    selected, _, condition = plain.partition(" WHERE ")
    named = [each.strip() for each in selected.removeprefix("SELECT ").split(",") if COUNT not in each]
    paths, conditions = parse_query(f"SELECT {','.join(named)}" + (f" WHERE {condition}" if condition else ""))
    if counts is not bool(grouping) or (grouping and {each.strip() for each in grouping.split(",")} != set(paths)):
        raise ValidationException(f"The embedded AWS does not understand {expression!r}")
    documents = [
        document
        for place in places_of(self.config_backend, aggregator)
        for document in known(self.config_backend, place).resources
    ]
    rows = rows_of(documents, paths, conditions)
    if counts:
        rows = [json.dumps(json.loads(row) | {COUNT: number}) for row, number in Counter(rows).items()]
    if counts and not self._get_param("Limit"):
        found, token = page(self, rows, default=500, maximum=500)
    else:
        found, token = page(self, rows, default=25)
    fields = [{"Name": path} for path in [*paths, *([COUNT] if counts else [])]]
    return ActionResult({"Results": found, "QueryInfo": {"SelectFields": fields}, "NextToken": token})
