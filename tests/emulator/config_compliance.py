"""AWS Config: queries of compliance, by rule and by resource.

Follows https://docs.aws.amazon.com/config/latest/APIReference/API_GetComplianceDetailsByConfigRule.html and
https://docs.aws.amazon.com/config/latest/APIReference/API_DescribeComplianceByConfigRule.html
"""

from collections.abc import Callable
from typing import Any

from moto.config.exceptions import InvalidLimitException, InvalidNextTokenException
from moto.config.responses import ConfigResponse
from moto.core.responses import ActionResult

from tests.emulator.config_evaluations import COMPLIANCE_TYPES
from tests.emulator.config_rules import rule_named
from tests.emulator.config_store import Result, store_of
from tests.emulator.moto_methods import extends


def page(
    self: ConfigResponse, found: list[Any], default: int, limit_name: str = "Limit", maximum: int = 100
) -> tuple[list[Any], str | None]:
    """The page of a listing that the request asks for, and the token of the next page."""
    limit = self._get_param(limit_name) or default
    if limit > maximum:
        raise InvalidLimitException(limit)
    token = self._get_param("NextToken") or self._get_param("nextToken") or "0"
    if not token.isdecimal():
        raise InvalidNextTokenException
    start = int(token)
    return found[start : start + limit], str(start + limit) if start + limit < len(found) else None


def results_where(self: ConfigResponse, wanted: Callable[[Result], bool]) -> list[Result]:
    """The results that a request asks for, by its ``ComplianceTypes`` too."""
    types = self._get_param("ComplianceTypes") or COMPLIANCE_TYPES
    found = store_of(self.config_backend).results.values()
    return [result for result in found if wanted(result) and result.compliance_type in types]


@extends(ConfigResponse)
def get_compliance_details_by_config_rule(self: ConfigResponse) -> ActionResult:
    """GetComplianceDetailsByConfigRule."""
    name = rule_named(self.config_backend, self._get_param("ConfigRuleName")).config_rule_name
    results, token = page(self, results_where(self, lambda result: result.rule_name == name), default=10)
    return ActionResult({"EvaluationResults": [result.as_api() for result in results], "NextToken": token})


@extends(ConfigResponse)
def get_compliance_details_by_resource(self: ConfigResponse) -> ActionResult:
    """GetComplianceDetailsByResource."""
    resource = (self._get_param("ResourceType"), self._get_param("ResourceId"))
    results = results_where(self, lambda result: (result.resource_type, result.resource_id) == resource)
    found, token = page(self, results, default=10)
    return ActionResult({"EvaluationResults": [result.as_api() for result in found], "NextToken": token})


def compliance_of(results: list[Result]) -> dict[str, Any]:
    """The ``Compliance`` of the API: one NON_COMPLIANT result outweighs all others."""
    offending = [result for result in results if result.compliance_type == "NON_COMPLIANT"]
    if offending:
        count = {"CappedCount": min(len(offending), 25), "CapExceeded": len(offending) > 25}
        return {"ComplianceType": "NON_COMPLIANT", "ComplianceContributorCount": count}
    compliant = any(result.compliance_type == "COMPLIANT" for result in results)
    return {"ComplianceType": "COMPLIANT" if compliant else "INSUFFICIENT_DATA"}


@extends(ConfigResponse)
def describe_compliance_by_config_rule(self: ConfigResponse) -> ActionResult:
    """DescribeComplianceByConfigRule."""
    backend = self.config_backend
    names = self._get_param("ConfigRuleNames") or list(backend.config_rules)
    results = store_of(backend).results.values()
    described: list[dict[str, Any]] = [
        {
            "ConfigRuleName": rule_named(backend, name).config_rule_name,
            "Compliance": compliance_of([result for result in results if result.rule_name == name]),
        }
        for name in names
    ]
    types = self._get_param("ComplianceTypes")
    described = [each for each in described if not types or each["Compliance"]["ComplianceType"] in types]
    return ActionResult({"ComplianceByConfigRules": described})


@extends(ConfigResponse)
def describe_compliance_by_resource(self: ConfigResponse) -> ActionResult:
    """DescribeComplianceByResource."""
    wanted_type, wanted_id = self._get_param("ResourceType"), self._get_param("ResourceId")
    by_resource: dict[tuple[str, str], list[Result]] = {}
    for result in store_of(self.config_backend).results.values():
        if wanted_type in (None, result.resource_type) and wanted_id in (None, result.resource_id):
            by_resource.setdefault((result.resource_type, result.resource_id), []).append(result)
    described: list[dict[str, Any]] = [
        {"ResourceType": kind, "ResourceId": resource_id, "Compliance": compliance_of(results)}
        for (kind, resource_id), results in by_resource.items()
    ]
    types = self._get_param("ComplianceTypes")
    described = [each for each in described if not types or each["Compliance"]["ComplianceType"] in types]
    found, token = page(self, described, default=10)
    return ActionResult({"ComplianceByResources": found, "NextToken": token})
