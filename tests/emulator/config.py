"""AWS Config: recorded items of EC2 instances, their delivery to custom rules, and the compliance store.

Follows the API reference (https://docs.aws.amazon.com/config/latest/APIReference/) and, for what a function receives,
https://docs.aws.amazon.com/config/latest/developerguide/evaluate-config_develop-rules_example-events.html

Where AWS documents nothing, this assumes:

- Of two results for a resource, the one with the newer ``OrderingTimestamp`` stays; with equal ones the later call's.
  A test can have the later call win in any case (``scenarios.enforce_order``).
- A resource that was never evaluated and becomes NOT_APPLICABLE has no result and emits no event; every other change of
  verdict does, a change to NOT_APPLICABLE too.
- StartConfigRulesEvaluation fires a rule's schedule as well as sending it the last recorded items. PutConfigRule fires
  the schedule of a new rule, and not of one that changes.
- A terminated instance is recorded as ``ResourceDeleted`` and not once more as OK in the state ``terminated``.

Laxer than AWS: a resource that leaves the scope of a rule by tags is not reported with ``eventLeftScope``, items arrive
at once and not after minutes, a recorder set to record daily records continuously, and a result token never expires
unless a test lets it.
"""

import json
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from moto.config.models import ConfigBackend, ConfigRecorder, ConfigRule, config_backends
from moto.config.responses import ConfigResponse
from moto.core.responses import ActionResult

from tests.emulator import awslambda, events
from tests.emulator.background import background
from tests.emulator.extension import ACCOUNT_ID, extends, refuse

PRINCIPAL = "config.amazonaws.com"
COMPLIANCE_TYPES = ("COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE")
CHANGE = "ConfigurationItemChangeNotification"
OVERSIZED = "OversizedConfigurationItemChangeNotification"
SCHEDULED = "ScheduledNotification"

# A larger item is announced by its summary only.
MAX_NOTIFICATION_BYTES = 256 * 1024


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
        """The item as GetResourceConfigHistory names its parts: ``configuration`` is a string, times are times."""
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
    """What a rule said of a resource last."""

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
    """What AWS Config knows in one region beyond what moto keeps, and below what ``scenarios.py`` arranges.

    Attributes:
        items: the recorded items of each resource, oldest first.
        results: what each rule said of each resource last.
        tokens: the result tokens that were given out, each with its rule and the time.
        oversized: resources whose items are announced by their summary.
        dropped: resources whose items no rule is told of.
        failing: resources whose evaluations are handed back as failed, once for each entry.
        expired_tokens: how many tokens to come are expired.
        enforces_order: whether a result with an older ordering timestamp than the stored one is dropped.
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
    whole_seconds: bool = False


def iso(moment: datetime) -> str:
    """The form of times in events: UTC, milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now() -> datetime:
    """The time in whole milliseconds, as AWS Config keeps it."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def backend_of(region: str) -> ConfigBackend:
    """AWS Config of the account in a region."""
    return config_backends[ACCOUNT_ID][region]


def store_of(backend: ConfigBackend) -> Store:
    """The store of a region; moto's reset forgets it with the backend's other attributes."""
    store: Store = backend.__dict__.setdefault("embedded_store", Store())
    return store


# Recording and delivery


def is_recording(backend: ConfigBackend, resource_type: str) -> bool:
    """Whether a recorder of the region is running and records the type."""
    running = (each for each in backend.recorders.values() if each.status.recording)
    return any(records(recorder, resource_type) for recorder in running)


def is_in_recording_group(backend: ConfigBackend, resource_type: str) -> bool:
    """Whether a recorder of the region would record the type, running or not."""
    return any(records(recorder, resource_type) for recorder in backend.recorders.values())


def records(recorder: ConfigRecorder, resource_type: str) -> bool:
    """Whether a recorder's group holds the type.

    A recording group names everything, what it includes, or what it leaves out:
    https://docs.aws.amazon.com/config/latest/APIReference/API_RecordingGroup.html
    """
    group = recorder.recording_group
    if (group.recording_strategy or {}).get("useOnly") == "EXCLUSION_BY_RESOURCE_TYPES":
        return resource_type not in (group.exclusion_by_resource_types or {}).get("resourceTypes", ())
    return bool(group.all_supported or resource_type in (group.resource_types or ()))


def record(region: str, item: Item) -> None:
    """Keep a new configuration item and deliver it to the rules in whose scope it is."""
    backend = backend_of(region)
    if not is_recording(backend, item.resource_type):
        return
    store = store_of(backend)
    history = store.items.setdefault((item.resource_type, item.resource_id), [])
    if history and item.captured_at <= history[-1].captured_at:
        # Two changes within one millisecond would have no order.
        item = replace(item, captured_at=datetime.fromtimestamp(history[-1].captured_at.timestamp() + 0.001, UTC))
    history.append(item)
    if item.resource_id not in store.dropped:
        background.submit(deliver, region, item)


def deliver(region: str, item: Item, rules: Iterable[ConfigRule] | None = None) -> None:
    """Notify the custom rules that are to evaluate the item now, however old it is."""
    backend = backend_of(region)
    body = item.as_event(backend.account_id, region)
    is_oversized = item.resource_id in store_of(backend).oversized or len(json.dumps(body)) > MAX_NOTIFICATION_BYTES
    message_type = OVERSIZED if is_oversized else CHANGE
    notification: dict[str, Any] = {"configurationItemDiff": None, "configurationItem": body}
    if is_oversized:
        left_out = {"configuration", "tags", "relationships"}
        summary = {name: value for name, value in body.items() if name not in left_out}
        notification = {"configurationItemSummary": summary | {"changeType": "UPDATE"}}
    notification |= {"notificationCreationTime": iso(now()), "messageType": message_type, "recordVersion": "1.3"}
    for rule in list(backend.config_rules.values()) if rules is None else rules:
        if message_type in message_types(rule) and in_scope(rule, item):
            invoke(backend, rule, notification)


def message_types(rule: ConfigRule) -> set[str]:
    """What triggers a custom rule."""
    return {detail.message_type for detail in rule.source.source_details or () if detail.message_type}


def in_scope(rule: ConfigRule, item: Item) -> bool:
    """Whether the rule's scope holds the resource; a rule without a scope holds everything."""
    scope = rule.scope
    if scope is None:
        return True
    if scope.tags:
        return any(key in item.tags and value in (None, item.tags[key]) for key, value in scope.tags.items())
    types = scope.compliance_resource_types or []
    return item.resource_type in types and scope.compliance_resource_id in (None, item.resource_id)


def invoke(backend: ConfigBackend, rule: ConfigRule, notification: dict[str, Any]) -> None:
    """Invoke a rule's function asynchronously with a result token of its own."""
    token = uuid.uuid4().hex
    store = store_of(backend)
    if store.expired_tokens:
        store.expired_tokens -= 1
    else:
        store.tokens[token] = (str(rule.config_rule_name), now())
    event = {
        "version": "1.0",
        "invokingEvent": json.dumps(notification),
        "ruleParameters": rule.input_parameters or "{}",
        "resultToken": token,
        "eventLeftScope": False,
        "executionRoleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/aws-service-role/{PRINCIPAL}/AWSServiceRoleForConfig",
        "configRuleArn": rule.config_rule_arn,
        "configRuleName": rule.config_rule_name,
        "configRuleId": rule.config_rule_id,
        "accountId": backend.account_id,
        "evaluationMode": "DETECTIVE",
    }
    awslambda.invoke_async(
        rule.source.source_identifier, json.dumps(event), principal=PRINCIPAL, source_arn=rule.config_rule_arn
    )


def fire_schedule(region: str, at: datetime | None = None) -> None:
    """Let the time come for every rule with a schedule, as if its period had passed."""
    backend = backend_of(region)
    for rule in list(backend.config_rules.values()):
        notify_schedule(backend, rule, at or now())


def notify_schedule(backend: ConfigBackend, rule: ConfigRule, at: datetime) -> None:
    """Invoke a rule's function by its schedule, if it has one."""
    if SCHEDULED in message_types(rule):
        notification = {
            "awsAccountId": backend.account_id,
            "notificationCreationTime": iso(at),
            "messageType": SCHEDULED,
            "recordVersion": "1.0",
        }
        background.submit(invoke, backend, rule, notification)


def evaluate_recorded(backend: ConfigBackend, rule: ConfigRule) -> None:
    """Send one rule the last recorded item of every resource again, of deleted ones too.

    The items keep their capture times, and only the notifications are new.
    """
    for history in list(store_of(backend).items.values()):
        if history:
            background.submit(deliver, backend.region_name, history[-1], [rule])


# Rules


@extends(ConfigBackend)
def put_config_rule(self: ConfigBackend, config_rule: dict[str, Any], tags: list[dict[str, str]] | None = None) -> str:
    """PutConfigRule, with the checks that moto leaves out and the evaluation of what is recorded already."""
    if not self.recorders:
        refuse(
            "NoAvailableConfigurationRecorderException",
            "Configuration recorder is not available to put config rule.",
        )
    check_input_parameters(config_rule.get("InputParameters"))
    source = config_rule["Source"]
    if source.get("Owner") == "CUSTOM_LAMBDA" and not awslambda.may_invoke(source["SourceIdentifier"], PRINCIPAL):
        refuse(
            "InsufficientPermissionsException",
            f"The AWS Lambda function {source['SourceIdentifier']} cannot be invoked. "
            "Check the specified function ARN, and check the function's permissions.",
        )
    name = config_rule.get("ConfigRuleName", "")
    known = self.config_rules.get(name)
    kept_tags = known.tags if known else None
    put_config_rule.replaced(self, config_rule, tags)  # type: ignore[attr-defined]
    rule = self.config_rules[name]
    if kept_tags is not None:
        rule.tags = kept_tags  # an update leaves tags alone
    evaluate_recorded(self, rule)
    if known is None:
        notify_schedule(self, rule, now())
        # The worst case: the rule has evaluated everything before whoever made it can make anything else.
        background.settle()
    return ""


def check_input_parameters(text: str | None) -> None:
    """Refuse parameters that are too long, no JSON object of strings, or whose values are empty or all blanks.

    The error speaks of blanks where a value is a number (https://github.com/hashicorp/terraform-provider-aws/issues/773).
    A blank inside a value is accepted: rules of https://github.com/awslabs/aws-config-rules have "443, 53, 21".
    """
    if not text:
        return
    if len(text) > 1024:
        refuse("ValidationException", "Value at 'configRule.inputParameters' must have length at most 1024")
    try:
        parameters = json.loads(text)
    except ValueError:
        parameters = None
    if not isinstance(parameters, dict):
        refuse("InvalidParameterValueException", f"Invalid json {text} passed in the InputParameters field")
    for name, value in parameters.items():
        if not isinstance(value, str) or not value.strip():
            message = f"Blank spaces are not acceptable for input parameter: {name}. InputParameters': '{text}'"
            refuse("InvalidParameterValueException", message)


@extends(ConfigRule)
def to_dict(self: ConfigRule) -> dict[str, Any]:
    """DescribeConfigRules names the evaluation mode, which moto forgets and Terraform looks for."""
    described: dict[str, Any] = to_dict.replaced(self)  # type: ignore[attr-defined]
    return described | {"EvaluationModes": [{"Mode": "DETECTIVE"}]}


@extends(ConfigBackend)
def describe_config_rules(self: ConfigBackend, names: list[str] | None, next_token: str | None) -> dict[str, Any]:
    """DescribeConfigRules refuses a name that no rule has, where there are no rules at all too."""
    for name in names or []:
        rule_named(self, name)
    described: dict[str, Any] = describe_config_rules.replaced(self, names, next_token)  # type: ignore[attr-defined]
    return described


@extends(ConfigBackend)
def delete_config_rule(self: ConfigBackend, rule_name: str) -> None:
    """DeleteConfigRule takes the rule's results along."""
    delete_config_rule.replaced(self, rule_name)  # type: ignore[attr-defined]
    forget_results(self, rule_name)


def rule_named(backend: ConfigBackend, name: str) -> ConfigRule:
    """The rule, or the error that AWS gives where there is none."""
    if name not in backend.config_rules:
        refuse(
            "NoSuchConfigRuleException",
            f"The ConfigRule '{name}' provided in the request is invalid. Please check the configRule name",
        )
    return backend.config_rules[name]


def forget_results(backend: ConfigBackend, rule_name: str) -> None:
    """Drop every result of a rule."""
    store = store_of(backend)
    store.results = {key: result for key, result in store.results.items() if key[0] != rule_name}


# Evaluations


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
        refuse("InvalidResultTokenException", "The resultToken provided is invalid")
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
    """Refuse what the API reference rules out; botocore checks none of the lengths."""
    if not evaluations:
        refuse(
            "InvalidParameterValueException",
            "The Evaluations object in your request cannot be null. Add the required parameters and try again.",
        )
    if len(evaluations) > 100:
        refuse("ValidationException", "Value at 'evaluations' must have length less than or equal to 100")
    for evaluation in evaluations:
        if evaluation["ComplianceType"] not in COMPLIANCE_TYPES:
            refuse("InvalidParameterValueException", f"ComplianceType {evaluation['ComplianceType']} is not allowed")
        if not 1 <= len(evaluation.get("Annotation", "-")) <= 256:
            refuse("ValidationException", "Value at 'evaluations.member.annotation' must have length 1 to 256")


def sent(store: Store, timestamp: float | str) -> datetime:
    """A time of the JSON protocol, seconds since the epoch or text, as the caller's SDK has sent it."""
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
    store.results[key] = result
    if old and old.compliance_type == result.compliance_type:
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
    events.publish(backend.region_name, "aws.config", "Config Rules Compliance Change", detail)


# Compliance queries


def page(self: ConfigResponse, found: list[Any], default: int, limit_name: str = "Limit") -> tuple[list[Any], Any]:
    """The part of a listing that the request asks for, and the token of the next; at most 100 at once."""
    limit = self._get_param(limit_name) or default
    if limit > 100:
        refuse("InvalidLimitException", f"The limit {limit} is outside of the range 1 to 100")
    start = int(self._get_param("NextToken") or self._get_param("nextToken") or 0)
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
