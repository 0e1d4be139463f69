"""AWS Config's aggregators: several accounts and regions as one sees them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator import ACCOUNT_ID, EmbeddedAws, config_aggregation, config_control, config_store, organization
from tests.support.roles import aggregator_role

REGION, ELSEWHERE = "eu-west-1", "eu-central-1"
SECOND, OUTSIDE = "222222222222", "333333333333"
PATH = "o-a1b2c3d4e5/r-ab12/"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def put_result(account: str, region: str, resource_id: str, verdict: str = "NON_COMPLIANT") -> None:
    """Store a result of the rule."""
    result = config_store.Result("rule", "AWS::EC2::Instance", resource_id, verdict, "why", NOW, NOW, NOW)
    config_control.store(region, account).results["rule", "AWS::EC2::Instance", resource_id] = result


@pytest.fixture
def client(aws: EmbeddedAws) -> Any:
    """AWS Config with an aggregator of an organization of two accounts; one has two regions, with instances."""
    organization.join({ACCOUNT_ID: PATH, SECOND: PATH, OUTSIDE: "o-ffffffffff/r-ab12/"})
    for account, region in ((ACCOUNT_ID, REGION), (SECOND, REGION), (SECOND, ELSEWHERE), (OUTSIDE, REGION)):
        aws.switch_on_config(region, account=account)
        config_control.add_instances(region, 2, account)
        put_result(account, region, f"i-{0:017x}")
    made = aws.client("config", REGION)
    source = {"RoleArn": aggregator_role(aws), "AllAwsRegions": True}
    made.put_configuration_aggregator(ConfigurationAggregatorName="all", OrganizationAggregationSource=source)
    return made


def places(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The accounts and regions of rows."""
    return [(row.get("AccountId") or row["SourceId"], row["AwsRegion"]) for row in rows]


ALL = [(ACCOUNT_ID, REGION), (SECOND, ELSEWHERE), (SECOND, REGION)]


def test_rules_of_every_account_and_region(client: Any) -> None:
    """Each rule with results is listed for its account and region, and filters leave out others."""

    def describe(**filters: str) -> list[dict[str, Any]]:
        answer = client.describe_aggregate_compliance_by_config_rules(
            ConfigurationAggregatorName="all", Filters=filters
        )
        rows: list[dict[str, Any]] = answer["AggregateComplianceByConfigRules"]
        return rows

    assert places(describe()) == ALL
    assert places(describe(AwsRegion=ELSEWHERE)) == [(SECOND, ELSEWHERE)]
    assert describe(ConfigRuleName="another") == describe(ComplianceType="COMPLIANT") == []
    [row] = describe(ConfigRuleName="rule", ComplianceType="NON_COMPLIANT", AccountId=ACCOUNT_ID)
    assert row["Compliance"]["ComplianceContributorCount"] == {"CappedCount": 1, "CapExceeded": False}


def test_details_come_in_pages(client: Any) -> None:
    """A page may be empty and have a token, and holds fifty results unless asked otherwise."""
    for number in range(60):
        put_result(SECOND, REGION, f"i-{number:017x}")
    put_result(SECOND, REGION, "i-fine", "COMPLIANT")
    config_aggregation.sources_of(config_store.backend_of(REGION)).has_empty_pages = True
    wanted = {"ConfigurationAggregatorName": "all", "ConfigRuleName": "rule", "ComplianceType": "NON_COMPLIANT"}
    call = client.get_paginator("get_aggregate_compliance_details_by_config_rule").paginate(
        **wanted, AccountId=SECOND, AwsRegion=REGION
    )
    pages = [each["AggregateEvaluationResults"] for each in call]

    assert [len(each) for each in pages] == [0, 50, 10]
    assert {(each["Annotation"], each["AccountId"]) for page in pages for each in page} == {("why", SECOND)}
    with pytest.raises(ClientError, match="InvalidLimitException"):
        client.get_aggregate_compliance_details_by_config_rule(**wanted, AccountId=SECOND, AwsRegion=REGION, Limit=101)
    with pytest.raises(ClientError, match="InvalidNextTokenException"):
        client.describe_configuration_aggregator_sources_status(ConfigurationAggregatorName="all", NextToken="other")


def test_what_is_not_read_again(client: Any) -> None:
    """A source that is late or fails shows what was known, and its status says so."""
    backend = config_store.backend_of(REGION)
    config_aggregation.stop(backend, SECOND, REGION)
    config_aggregation.fail(backend, SECOND, ELSEWHERE, "AccessDenied")
    for region in (REGION, ELSEWHERE):
        put_result(SECOND, region, f"i-{0:017x}", "COMPLIANT")

    def still_open() -> list[tuple[str, str]]:
        return places(
            client.describe_aggregate_compliance_by_config_rules(
                ConfigurationAggregatorName="all", Filters={"ComplianceType": "NON_COMPLIANT"}
            )["AggregateComplianceByConfigRules"]
        )

    def status(**options: Any) -> dict[str, str]:
        answer = client.describe_configuration_aggregator_sources_status(ConfigurationAggregatorName="all", **options)
        return {
            f"{each['SourceId']} {each['AwsRegion']}": each["LastUpdateStatus"]
            for each in answer["AggregatedSourceStatusList"]
        }

    assert still_open() == ALL
    failed = {f"{SECOND} {ELSEWHERE}": "FAILED"}
    assert status() == {f"{ACCOUNT_ID} {REGION}": "SUCCEEDED", f"{SECOND} {REGION}": "OUTDATED", **failed}
    assert status(UpdateStatus=["FAILED"]) == failed

    for region in (REGION, ELSEWHERE):
        config_aggregation.catch_up(backend, SECOND, region)
    assert still_open() == ALL[:1]
    assert set(status().values()) == {"SUCCEEDED"}


def test_instances_are_counted(client: Any) -> None:
    """A query counts the resources of each account and region."""
    query = (
        "SELECT accountId, awsRegion, COUNT(*) WHERE resourceType = 'AWS::EC2::Instance' GROUP BY accountId, awsRegion"
    )
    answer = client.select_aggregate_resource_config(ConfigurationAggregatorName="all", Expression=query)

    rows = [json.loads(row) for row in answer["Results"]]
    assert [(row["accountId"], row["awsRegion"], row["COUNT(*)"]) for row in rows] == [(*place, 2) for place in ALL]

    def sizes(selected: str, **options: int) -> list[int]:
        pages = client.get_paginator("select_aggregate_resource_config").paginate(
            ConfigurationAggregatorName="all", Expression=selected, **options
        )
        return [len(each["Results"]) for each in pages]

    config_control.add_instances(REGION, 510)
    assert sizes("SELECT resourceId, COUNT(*) WHERE resourceType = 'AWS::EC2::Instance' GROUP BY resourceId") == [
        500,
        10,
    ]
    assert sizes("SELECT resourceId WHERE awsRegion = 'eu-central-1'") == [2]
    assert sizes("SELECT resourceId WHERE resourceType = 'AWS::EC2::Instance'")[:2] == [25, 25]


def test_an_unknown_aggregator_is_refused(client: Any) -> None:
    """A wrong name is an error."""
    with pytest.raises(ClientError, match="NoSuchConfigurationAggregatorException"):
        client.describe_configuration_aggregator_sources_status(ConfigurationAggregatorName="none")
