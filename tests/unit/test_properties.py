"""For any event, the evaluator gives a correct verdict or raises one of its own errors."""

import copy
import json
from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.validate import ParamValidator
from evaluator.compliance import ComplianceType, Instance, Policy, Verdict, evaluate
from evaluator.config_events import InvalidEventError, InvalidRuleParametersError
from evaluator.handler import lambda_handler
from evaluator.history import ItemNotRecordedError
from evaluator.reporting import EvaluationsRejectedError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.handlers import Context, RecordingConfig, sample

OWN_ERRORS = (InvalidEventError, InvalidRuleParametersError, ItemNotRecordedError, EvaluationsRejectedError)
GONE = {"ResourceDeleted", "ResourceDeletedNotRecorded", "ResourceNotRecorded"}
TAG = "until"
QUOTED = 'say "when" \\'

texts = st.text(st.characters(exclude_categories=()), max_size=40)  # lone surrogates too: JSON can hold them
dates = st.dates(date(2025, 1, 1), date(2027, 12, 31)).map(date.isoformat)
key_names = st.none() | st.sampled_from(["", " ", "ops", "ops-eu", "k" * 255]) | texts
tags = st.dictionaries(
    st.sampled_from([TAG, QUOTED, "role"]) | texts, dates | st.sampled_from(["build-1", ""]) | texts, max_size=3
)
states = st.sampled_from(["pending", "running", "stopping", "stopped", "shutting-down", "terminated"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts | dates,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
policies = st.builds(
    Policy,
    allowed_key_names=st.lists(st.sampled_from(["ops*", "?ps", "*", "*-eu", "o*-*u"]), max_size=2).map(tuple),
    exempt_tags=st.dictionaries(
        st.sampled_from(["role", TAG, QUOTED]), st.sampled_from(["build-?", "*", ""]), max_size=2
    ),
    exempt_until_tag_key=st.none() | st.sampled_from([TAG, QUOTED]),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path to every value inside a JSON document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))] if path or inner else [path]


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    """An event of AWS Config in which up to four things are not as AWS sends them."""
    event = sample(draw(st.sampled_from(["change", "change", "change", "oversized", "schedule"])))
    event["ruleParameters"] = parameters_of(draw(policies))
    notification = json.loads(event["invokingEvent"])
    if "configurationItem" in notification:
        item = notification["configurationItem"]
        item["configuration"] = {"keyName": draw(key_names), "state": {"name": draw(states)}}
        item["tags"] = draw(tags)
        item["configurationItemStatus"] = draw(st.sampled_from(["OK", "ResourceDiscovered", *sorted(GONE)]))
        item["resourceType"] = draw(st.sampled_from(["AWS::EC2::Instance"] * 4 + ["AWS::EC2::Volume"]))
    event["eventLeftScope"] = draw(st.sampled_from([False, False, False, True]))
    for document in (notification, event):
        for _ in range(draw(st.integers(0, 2))):
            disturb(draw, document)
    if isinstance(event.get("invokingEvent"), str):
        event["invokingEvent"] = json.dumps(notification)
    return event


def disturb(draw: st.DrawFn, document: dict[str, Any]) -> None:
    """Replace or remove one value somewhere in a document."""
    *parents, last = draw(st.sampled_from([place for place in places(document) if place]))
    inner: Any = document
    for key in parents:
        inner = inner[key]
    if draw(st.booleans()):
        inner[last] = draw(json_values)
    else:
        del inner[last]


def parameters_of(policy: Policy) -> str:
    """A policy as the module writes it into the rule's parameters."""
    parameters = {}
    if policy.allowed_key_names:
        parameters["allowedKeyNames"] = json.dumps(policy.allowed_key_names)
    if policy.exempt_tags:
        parameters["exemptTags"] = json.dumps(policy.exempt_tags)
    if policy.exempt_until_tag_key:
        parameters["exemptUntilTagKey"] = policy.exempt_until_tag_key
    return json.dumps(parameters)


def fits(text: str, glob: str) -> bool:
    """Match a glob in a slow but simple way."""
    if not glob:
        return not text
    if glob[0] == "*":
        return any(fits(text[start:], glob[1:]) for start in range(len(text) + 1))
    return bool(text) and glob[0] in ("?", text[0]) and fits(text[1:], glob[1:])


def right_verdict(instance: Instance, policy: Policy, today: date) -> ComplianceType:
    """Return the verdict with an independent implementation of the table."""
    if instance.state in {"shutting-down", "terminated"}:
        return ComplianceType.NOT_APPLICABLE
    has_key = bool((instance.key_name or "").strip())
    allowed = has_key and (
        not policy.allowed_key_names or any(fits(instance.key_name or "", g) for g in policy.allowed_key_names)
    )
    exempt = any(key in instance.tags and fits(instance.tags[key], glob) for key, glob in policy.exempt_tags.items())
    until = instance.tags.get(policy.exempt_until_tag_key or "", "") if policy.exempt_until_tag_key else ""
    try:
        dated = len(until) == 10 and until.isascii() and until[4] == "-" and date.fromisoformat(until) >= today
    except ValueError:
        dated = False
    return ComplianceType.COMPLIANT if allowed or exempt or dated else ComplianceType.NON_COMPLIANT


@cache
def put_evaluations_shape() -> Any:
    """The request of PutEvaluations as botocore models it."""
    return boto3.client("config").meta.service_model.operation_model("PutEvaluations").input_shape


def assert_valid(call: dict[str, Any]) -> None:
    """Hold a call of PutEvaluations against the API's model, and what the model leaves out."""
    report = ParamValidator().validate(call, put_evaluations_shape())
    assert not report.has_errors(), report.generate_report()
    assert 1 <= len(call["Evaluations"]) <= 100
    for evaluation in call["Evaluations"]:
        assert evaluation["ComplianceType"] in ComplianceType
        annotation = evaluation.get("Annotation", "-")
        assert 1 <= len(annotation) <= 256
        assert annotation.isprintable()
        annotation.encode()


def check_event(config: RecordingConfig, event: dict[str, Any]) -> None:
    """Handle an event twice: the same valid and right outcome, or one of the evaluator's own errors."""
    outcomes = []
    for _ in range(2):
        config.calls.clear()
        try:
            lambda_handler(copy.deepcopy(event), Context())
        except OWN_ERRORS as error:
            outcomes.append(str(error))
            assert config.evaluations == []
        else:
            outcomes.append(str(config.evaluations))
    assert outcomes[0] == outcomes[1]
    for api, call in config.calls:
        if api == "PutEvaluations":
            assert_valid(call)
            assert_right(event, call["Evaluations"])


def assert_right(event: dict[str, Any], evaluations: list[dict[str, Any]]) -> None:
    """Hold the verdict on a changed instance against what the event says."""
    item = json.loads(event["invokingEvent"]).get("configurationItem")
    if not item or len(evaluations) != 1:
        return
    verdict = evaluations[0]["ComplianceType"]
    not_judged = (
        event.get("eventLeftScope") is True
        or item["configurationItemStatus"] in GONE
        or item["resourceType"] != "AWS::EC2::Instance"
    )
    state = (item["configuration"].get("state") or {}).get("name") if not not_judged else None
    if not_judged or state in {"shutting-down", "terminated"}:
        assert verdict == ComplianceType.NOT_APPLICABLE
    elif not (item["configuration"].get("keyName") or "").strip():
        assert verdict != ComplianceType.NOT_APPLICABLE
        if event.get("ruleParameters") in (None, "", "{}"):
            assert verdict == ComplianceType.NON_COMPLIANT
    elif "allowedKeyNames" not in (event.get("ruleParameters") or ""):
        assert verdict == ComplianceType.COMPLIANT


def generated(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a property over so many examples; the fixture is emptied by the test itself."""
    return settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@generated(200)
@given(events())
def test_no_event_ends_in_a_wrong_verdict(config: RecordingConfig, event: dict[str, Any]) -> None:
    """An event that is disturbed anywhere gives a valid and right evaluation, or one of the evaluator's own errors."""
    check_event(config, event)


@pytest.mark.slow
@generated(12_000)
@given(events())
def test_no_event_ends_in_a_wrong_verdict_at_length(config: RecordingConfig, event: dict[str, Any]) -> None:
    """The same over thousands of events."""
    check_event(config, event)


@generated(200)
@given(json_values)
def test_anything_at_all_is_refused(config: RecordingConfig, event: Any) -> None:
    """What is no event of AWS Config is refused with an error of the evaluator's own, and nothing is called."""
    with pytest.raises(OWN_ERRORS):
        lambda_handler(event, Context())

    assert config.calls == []


@generated(300)
@given(st.builds(Instance, key_names, st.none() | states, tags), policies, st.dates(date(2025, 6, 1), date(2027, 6, 1)))
def test_decision(instance: Instance, policy: Policy, today: date) -> None:
    """The decision agrees with the table written in another way, and says why in a line that fits."""
    verdict = evaluate(instance, policy, today)

    assert verdict.compliance_type == right_verdict(instance, policy, today)
    if verdict.compliance_type == ComplianceType.NOT_APPLICABLE:
        assert verdict == Verdict(ComplianceType.NOT_APPLICABLE)
    else:
        annotation = verdict.annotation or ""
        assert 1 <= len(annotation) <= 256
        assert annotation.isprintable()
        # As EventBridge puts it into a message: between quotation marks, and not escaped.
        assert json.loads(f'{{"annotation": "{annotation}"}}') == {"annotation": annotation}
