"""Who may create an aggregator of an organization, and with which role."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator import ACCOUNT_ID, EmbeddedAws, organization
from tests.support.roles import aggregator_role

REGION = "eu-central-1"


def create(aws: EmbeddedAws, role: str) -> str:
    """Create an aggregator of the organization. Returns its name."""
    answer = aws.client("config", REGION).put_configuration_aggregator(
        ConfigurationAggregatorName="all", OrganizationAggregationSource={"RoleArn": role, "AllAwsRegions": True}
    )
    return str(answer["ConfigurationAggregator"]["ConfigurationAggregatorName"])


def test_account_without_an_organization(aws: EmbeddedAws) -> None:
    """An account that is in no organization has none to aggregate."""
    with pytest.raises(ClientError, match="NoAvailableOrganizationException"):
        create(aws, aggregator_role(aws))


@pytest.mark.parametrize(
    "role",
    [
        lambda aws: aggregator_role(aws, "lambda.amazonaws.com"),
        lambda aws: aggregator_role(aws, may_list=False),
        lambda _: f"arn:aws:iam::{ACCOUNT_ID}:role/missing",
    ],
    ids=["another service's", "without permission", "missing"],
)
def test_role_that_cannot_list_accounts(aws: EmbeddedAws, role: Any) -> None:
    """AWS Config must be able to assume the role, and the role to list the accounts."""
    organization.join({ACCOUNT_ID: "o-a1b2c3d4e5/r-ab12/"})

    with pytest.raises(ClientError, match="InvalidRoleException"):
        create(aws, role(aws))


def test_role_that_can_list_accounts(aws: EmbeddedAws) -> None:
    """With AWS's own policy, the role is accepted."""
    organization.join({ACCOUNT_ID: "o-a1b2c3d4e5/r-ab12/"})

    assert create(aws, aggregator_role(aws)) == "all"
