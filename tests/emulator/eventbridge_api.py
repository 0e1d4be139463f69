"""EventBridge's API: event patterns, targets and events, with the checks that moto leaves out.

- https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html
- https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html

Stricter than AWS: PutTargets refuses a role for a topic, a queue or a function, because here only their policies count.
(AWS's page on policies says not to set a role, because deliveries may fail.) More permissive: the total size of a
target's input is not limited.
"""

import json
from collections.abc import Mapping
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.events.exceptions import InvalidEventPatternException, ValidationException
from moto.events.models import EventPattern, EventPatternParser, EventsBackend, Rule
from moto.events.responses import EventsHandler

from tests.emulator import (
    eventbridge,
    eventbridge_buses,
    eventbridge_patterns,
    eventbridge_transformer,
)
from tests.emulator.moto_methods import extends

MANDATORY = {"id", "account", "source", "time", "region", "detail-type"}


@extends(EventPatternParser)
def parse(self: EventPatternParser) -> dict[str, Any]:
    """Read a rule's pattern, and refuse what AWS refuses."""
    if not self.pattern:
        return {}
    try:
        return eventbridge_patterns.parse(self.pattern)
    except eventbridge_patterns.InvalidPatternError as error:
        raise InvalidEventPatternException(str(error)) from error


@extends(EventPattern)
def matches_event(self: EventPattern, event: Any) -> bool:
    """Whether an event matches; a rule without a pattern, which is a scheduled one, matches none."""
    return bool(self._pattern) and eventbridge_patterns.matches(self._pattern, event)


@extends(EventsHandler)
def test_event_pattern(self: EventsHandler) -> tuple[str, dict[str, Any]]:
    """TestEventPattern.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html
    """
    pattern = EventPattern.load(self._get_param("EventPattern"))
    try:
        event: Any = json.loads(self._get_param("Event"))
    except ValueError:
        event = None
    if not isinstance(event, dict) or not event.keys() >= MANDATORY:
        raise ValidationException("Parameter Event is not valid.")
    return json.dumps({"Result": eventbridge_patterns.matches(pattern.get_pattern(), event)}), self.response_headers


@extends(EventsHandler)
def list_rules(self: EventsHandler) -> tuple[str, dict[str, Any]]:
    """ListRules, without the creator of a rule, which moto adds."""
    body, headers = list_rules.replaced(self)
    answer = json.loads(body)
    answer["Rules"] = [{name: rule[name] for name in rule if name != "CreatedBy"} for rule in answer["Rules"]]
    return json.dumps(answer), headers


@extends(EventsBackend)
def put_targets(self: EventsBackend, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]) -> None:
    """PutTargets, with the limits of its API reference and of EventBridge's quotas that moto leaves out."""
    rule = self._get_event_bus(self._normalize_event_bus_arn(event_bus_arn)).rules.get(name)
    if rule:
        for target in targets:
            check_target(rule, target)
    present = {target["Id"] for target in rule.targets} if rule else set()
    if len(present | {target["Id"] for target in targets}) > 5:
        raise JsonRESTError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    put_targets.replaced(self, name=name, event_bus_arn=event_bus_arn, targets=targets)


def check_target(rule: Rule, target: Mapping[str, Any]) -> None:
    """Refuse bad or ambiguous input, a role that would not be used, and dead letters to a FIFO queue."""
    if eventbridge_buses.is_archive(target["Arn"]):
        return
    if target["Arn"].split(":")[2] == "events":
        eventbridge_buses.check_target(rule, target)
    if sum(kind in target for kind in ("Input", "InputPath", "InputTransformer")) > 1:
        message = f"Only one of Input, InputPath, or InputTransformer must be provided for target {target['Id']}."
        raise ValidationException(message)
    if "RoleArn" in target and target["Arn"].split(":")[2] in eventbridge.OWN_POLICY:
        raise ValidationException(f"RoleArn is not supported for target {target['Arn']}.")
    if target.get("DeadLetterConfig", {}).get("Arn", "").endswith(".fifo"):
        raise ValidationException("SQS FIFO is not supported by Dead Letter Queues.")
    if "Input" in target and not eventbridge_transformer.is_json(target["Input"]):
        raise ValidationException(f"Input for target {target['Id']} is not a valid JSON text.")
    if "InputTransformer" in target:
        eventbridge_transformer.check(target["Id"], target["InputTransformer"])


@extends(EventsBackend)
def put_events(self: EventsBackend, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """PutEvents, also on buses of other accounts. Sources that begin with ``aws.`` are reserved for AWS services.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html reserves them. Unverified: whether
    a custom bus refuses them too.
    """
    if len(events) > 10:
        put_events.replaced(self, events)  # refuses them
    for arn in {event["EventBusName"] for event in events if event.get("EventBusName", "").startswith("arn:")}:
        check_bus(self, arn)
    return [entry for event in events for entry in put_event(self, event)]


def check_bus(backend: EventsBackend, arn: str) -> None:
    """Refuse a bus of another region, and one of another account that does not admit this one."""
    _, _, _, region, account, _ = arn.split(":")
    if region != backend.region_name:
        raise ValidationException(f"Event bus {arn} is not in this region.")
    if account != backend.account_id:
        eventbridge_buses.check_put_events(backend.account_id, arn)


def put_event(backend: EventsBackend, event: dict[str, Any]) -> list[dict[str, Any]]:
    """Put one event on its bus. Returns its entry of the response."""
    if event.get("Source", "").startswith("aws."):
        message = "Not authorized for the source."
        return [{"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": message}]
    arn = event.get("EventBusName", "")
    if not arn.startswith("arn:") or arn.split(":")[4] == backend.account_id:
        entries: list[dict[str, Any]] = put_events.replaced(backend, [event])
        return entries
    bus = eventbridge_buses.bus_of(arn)
    envelope = eventbridge.envelope(
        backend.region_name,
        backend.account_id,
        event["Source"],
        event["DetailType"],
        json.loads(event["Detail"]),
        resources=event.get("Resources", []),
    )
    if bus:
        eventbridge.arrive(bus, envelope, is_forwarded=True)
    return [{"EventId": envelope["id"]}]
