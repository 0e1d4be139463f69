"""AWS Config's aggregators of an organization: who may create one, and with which role.

https://docs.aws.amazon.com/config/latest/APIReference/API_PutConfigurationAggregator.html

Unverified: that AWS refuses a role which AWS Config may not assume, or which may not list the accounts. It could also
create the aggregator, and let its sources fail. More permissive than AWS: any account of an organization may create an
aggregator, and not only the management account and delegated administrators.
"""

import json
from functools import cache
from typing import Any

from moto.config.models import ConfigBackend
from moto.core.exceptions import JsonRESTError
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend, ManagedPolicy

from tests.emulator import organization, roles
from tests.emulator.moto_methods import extends

MANAGED = "AWSConfigRoleForOrganizations"
LISTING = ("organizations:DescribeOrganization", "organizations:ListAccounts")


@cache
def managed_policy() -> dict[str, Any]:
    """AWS's policy for the role of an aggregator, from moto's copy."""
    policy: dict[str, Any] = json.loads(aws_managed_policies_data)[MANAGED]
    return policy


@extends(IAMBackend)
def _init_managed_policies(self: IAMBackend) -> dict[str, ManagedPolicy]:
    """AWS's own policies that a role can have. moto loads none or all of them, which takes seconds."""
    policy = AWSManagedPolicy.from_data(MANAGED, self.account_id, self.region_name, managed_policy())
    return {policy.arn: policy}


@extends(ConfigBackend)
def put_configuration_aggregator(self: ConfigBackend, config_aggregator: dict[str, Any]) -> dict[str, Any]:
    """PutConfigurationAggregator, which needs an organization and a role that can list its accounts."""
    if source := config_aggregator.get("OrganizationAggregationSource"):
        if not organization.condition_keys(self.account_id):
            raise JsonRESTError("NoAvailableOrganizationException", "The account is in no organization.")
        role = source["RoleArn"]
        lists = all(roles.may(role, action, "*") for action in LISTING)
        if not lists or not roles.trusts(role, "config.amazonaws.com"):
            raise JsonRESTError("InvalidRoleException", f"AWS Config cannot list accounts with {role}.")
    described: dict[str, Any] = put_configuration_aggregator.replaced(self, config_aggregator)
    return described
