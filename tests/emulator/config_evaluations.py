"""AWS Config: PutEvaluations, the compliance store, and the events of changed verdicts.

Follows https://docs.aws.amazon.com/config/latest/APIReference/API_PutEvaluations.html

Where AWS documents nothing, this assumes:

- Of two results for a resource, the one with the newer ``OrderingTimestamp`` stays; with equal ones the later call's.
  A test can have the later call win in any case (``config_control.enforce_order``).
- A repeated verdict has a new ``ResultRecordedTime``, or with ``config_control.renew_results`` that of the first.
- A resource that was never evaluated and becomes NOT_APPLICABLE has no result and emits no event; every other change of
  verdict does, a change to NOT_APPLICABLE too.

More permissive than AWS: a result token never expires unless a test lets it.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from moto.config.exceptions import InvalidParameterValueException, InvalidResultTokenException, ValidationException
from moto.config.models import ConfigBackend
from moto.config.responses import ConfigResponse
from moto.core.responses import ActionResult

from tests.emulator import eventbridge
from tests.emulator.config_rules import rule_named
from tests.emulator.config_store import Result, Store, iso, now, store_of
from tests.emulator.moto_methods import extends

COMPLIANCE_TYPES = ("COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE")


@extends(ConfigResponse)
def put_evaluations(self: ConfigResponse) -> ActionResult:
    """PutEvaluations."""
    backend, store = self.config_backend, store_of(self.config_backend)
    evaluations = self._get_param("Evaluations") or []
    check_evaluations(evaluations)
    if self._get_param("TestMode"):
        return ActionResult({"FailedEvaluations": []})
    token = self._get_param("ResultToken")
    if token not in store.tokens:
        raise InvalidResultTokenException
    rule_name, invoked_at = store.tokens[token]
    rule_named(backend, rule_name)
    failed = []
    for evaluation in evaluations:
        if evaluation["ComplianceResourceId"] in store.failing:
            store.failing.remove(evaluation["ComplianceResourceId"])
            failed.append(evaluation | {"OrderingTimestamp": sent(store, evaluation["OrderingTimestamp"])})
            continue
        result = Result(
            rule_name,
            evaluation["ComplianceResourceType"],
            evaluation["ComplianceResourceId"],
            evaluation["ComplianceType"],
            # AWS Config drops the annotation of what is not applicable.
            evaluation.get("Annotation") if evaluation["ComplianceType"] != "NOT_APPLICABLE" else None,
            sent(store, evaluation["OrderingTimestamp"]),
            now(),
            invoked_at,
        )
        keep(backend, result)
    return ActionResult({"FailedEvaluations": failed})


def check_evaluations(evaluations: list[dict[str, Any]]) -> None:
    """Refuse what the API reference does not allow. botocore does not check lengths."""
    if not evaluations:
        raise InvalidParameterValueException(
            "The Evaluations object in your request cannot be null. Add the required parameters and try again."
        )
    if len(evaluations) > 100:
        raise ValidationException("Value at 'evaluations' must have length less than or equal to 100")
    for evaluation in evaluations:
        if evaluation["ComplianceType"] not in COMPLIANCE_TYPES:
            raise InvalidParameterValueException(f"ComplianceType {evaluation['ComplianceType']} is not allowed")
        if not 1 <= len(evaluation.get("Annotation", "-")) <= 256:
            raise ValidationException("Value at 'evaluations.member.annotation' must have length 1 to 256")


def sent(store: Store, timestamp: float | str) -> datetime:
    """Parse a time of the JSON protocol: text, or seconds since the epoch."""
    if isinstance(timestamp, str):
        moment = datetime.fromisoformat(timestamp).astimezone(UTC)
    else:
        moment = datetime.fromtimestamp(timestamp, UTC)
    return moment.replace(microsecond=0) if store.whole_seconds else moment


def keep(backend: ConfigBackend, result: Result) -> None:
    """Store a result, unless a newer one is there, and emit the change of a verdict."""
    store = store_of(backend)
    key = (result.rule_name, result.resource_type, result.resource_id)
    old = store.results.get(key)
    if old and old.ordering_timestamp > result.ordering_timestamp and store.enforces_order:
        return
    if old is None and result.compliance_type == "NOT_APPLICABLE":
        return
    is_repeated = old is not None and old.compliance_type == result.compliance_type
    if old and is_repeated and not store.renews_results:
        result = replace(result, recorded_at=old.recorded_at)
    store.results[key] = result
    if is_repeated:
        return
    detail: dict[str, Any] = {
        "resourceId": result.resource_id,
        "awsRegion": backend.region_name,
        "awsAccountId": backend.account_id,
        "configRuleName": result.rule_name,
        "configRuleARN": backend.config_rules[result.rule_name].config_rule_arn,
        "recordVersion": "1.0",
        "messageType": "ComplianceChangeNotification",
        "newEvaluationResult": result.as_event(),
        "notificationCreationTime": iso(now()),
        "resourceType": result.resource_type,
    }
    if old:
        detail["oldEvaluationResult"] = old.as_event()
    eventbridge.publish(
        backend.region_name, "aws.config", "Config Rules Compliance Change", detail, account=backend.account_id
    )
