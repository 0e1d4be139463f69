"""EventBridge: events to topics, queues and functions, transformed as documented, and dead letters.

- Retries: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
- Dead letters: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
- Metrics: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
- Policies: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
- Patterns: :mod:`tests.emulator.eventbridge_patterns`. Input transformer: :mod:`tests.emulator.eventbridge_transformer`

An event is delivered only if the target's policy, and the policy of its customer managed key, admit EventBridge;
otherwise it goes to the target's dead-letter queue if that admits it, or is gone, without an error to the sender.

Whether ``Condition`` is honoured in the policy of a topic is contradictory on AWS's pages; here it is, as in a queue's.
In a key policy ``aws:SourceArn`` and ``aws:SourceAccount`` are documented as unsupported and admit nobody.

A target that a test put into ``outages`` fails for a while, and is tried again as its retry policy says. Nobody waits:
the metrics carry the times at which AWS would count, and what comes of the event is there at once. Between two attempts
AWS lets pass an undocumented time; here it doubles from a second to eight minutes, with which 185 attempts take a day.

A filled template that is no JSON is not delivered, says a recording of AWS. Whether it is a dead letter is unverified:
here it is gone without a trace, unless :func:`tests.emulator.config_control.keep_invalid_json` asks for the other.

Stricter than AWS: PutTargets refuses a role for a topic, a queue or a function, of which only the policies count here
(AWS's page on policies says not to set one, for deliveries may fail). Laxer: the sum of a target's input is not
bounded.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.events.exceptions import InvalidEventPatternException, ValidationException
from moto.events.models import EventPattern, EventPatternParser, EventsBackend, Rule, events_backends
from moto.events.responses import EventsHandler

from tests.emulator import (
    cloudwatch_metrics,
    eventbridge_patterns,
    eventbridge_transformer,
    lambda_invocations,
    sns,
    sqs,
)
from tests.emulator.accounts import ACCOUNT_ID
from tests.emulator.jobs import jobs
from tests.emulator.moto_methods import extends

# Why an event was not delivered, as its dead letter's attributes say; empty where it was.
Reason = dict[str, str]

PRINCIPAL = "events.amazonaws.com"
OWN_POLICY = {"sns", "sqs", "lambda"}
LONGEST_PAUSE = timedelta(minutes=8)
MANDATORY = {"id", "account", "source", "time", "region", "detail-type"}


def outages(region: str, account: str = ACCOUNT_ID) -> dict[str, timedelta]:
    """For how long each target fails after an event, by its ARN; moto's reset forgets it."""
    kept: dict[str, timedelta] = vars(events_backends[account][region]).setdefault("embedded_outages", {})
    return kept


def publish(  # noqa: PLR0913  (the parts of an event)
    region: str,
    source: str,
    detail_type: str,
    detail: Mapping[str, Any],
    *,
    resources: Sequence[str] = (),
    time: datetime | None = None,
    account: str = ACCOUNT_ID,
) -> None:
    """Put an AWS service's own event on an account's default bus; without a time it happens now."""
    event: Any = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": account,
        "time": (time or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": list(resources),
        "detail": dict(detail),
    }
    for rule in list(events_backends[account][region].describe_event_bus("default").rules.values()):
        rule.send_to_targets(event)


@extends(Rule)
def send_to_targets(self: Rule, original_event: Any, transform_input: bool = True) -> None:  # noqa: FBT001, FBT002
    """Deliver an event that the rule's pattern matches to each of its targets, later."""
    event: Any = {name: value for name, value in original_event.items() if name != "ingestion-time"}
    if isinstance(event["time"], int | float):
        event["time"] = datetime.fromtimestamp(event["time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    happened = datetime.fromisoformat(event["time"]).timestamp()
    as_moto_has_it = {**event, "time": happened, "ingestion-time": happened}
    if self.state == "DISABLED" or not self.event_pattern.matches_event(event):
        return
    for target in list(self.targets):
        if target["Arn"].split(":")[2] in OWN_POLICY:
            jobs.submit(deliver, self, target, event)
        else:
            only = Rule.__new__(Rule)
            only.__dict__.update(self.__dict__, targets=[target])
            jobs.submit(send_to_targets.replaced, only, as_moto_has_it, transform_input)


def deliver(rule: Rule, target: Mapping[str, Any], event: Mapping[str, Any]) -> None:
    """Deliver to one target, else to its dead-letter queue, else to nobody."""
    try:
        message = eventbridge_transformer.render(target, event, rule.arn, rule.name)
    except eventbridge_transformer.InvalidJsonError:
        if not keeps_invalid_json(rule):
            return
        given_up, problem = datetime.now(UTC), error("INVALID_JSON", "The transformed input is not valid JSON.")
    else:
        given_up, exhausted = retry(rule, target)
        problem = exhausted or attempt(rule, target, message)
    if not problem:
        return
    count(rule, "FailedInvocations", given_up)
    if dead_letters := target.get("DeadLetterConfig", {}).get("Arn"):
        reason = {"RULE_ARN": rule.arn, "TARGET_ARN": target["Arn"], **problem}
        body = eventbridge_transformer.compact(event)
        kept = sqs.send(dead_letters, body, principal=PRINCIPAL, source_arn=rule.arn, attributes=reason)
        count(rule, "InvocationsSentToDlq" if kept else "InvocationsFailedToBeSentToDlq", given_up)


def count(rule: Rule, metric: str, at: datetime) -> None:
    """Count for a rule of the default event bus."""
    cloudwatch_metrics.count(rule.region_name, rule.account_id, "AWS/Events", metric, at=at, RuleName=rule.name)


def retry(rule: Rule, target: Mapping[str, Any]) -> tuple[datetime, Reason]:
    """Try again while the target fails.

    Returns:
        When the last attempt is, and why it is the last, unless the target answers again.
    """
    started = datetime.now(UTC)
    outage = outages(rule.region_name, rule.account_id).get(target["Arn"], timedelta())
    policy = {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185} | target.get("RetryPolicy", {})
    passed, pause, attempts = timedelta(), timedelta(seconds=1), 0
    while passed < outage:
        exhausted = ""
        if attempts == policy["MaximumRetryAttempts"]:
            exhausted = "MaximumRetryAttempts"
        elif passed + pause > timedelta(seconds=policy["MaximumEventAgeInSeconds"]):
            exhausted = "MaximumEventAgeInSeconds"
        if exhausted:
            reason = error("ERROR_FROM_TARGET", f"{target['Arn']} fails.")
            return started + passed, reason | {
                "EXHAUSTED_RETRY_CONDITION": exhausted,
                "RETRY_ATTEMPTS": str(attempts),
            }
        passed, pause, attempts = passed + pause, min(2 * pause, LONGEST_PAUSE), attempts + 1
        count(rule, "RetryInvocationAttempts", started + passed)
    return started + passed, {}


def error(code: str, message: str) -> Reason:
    """What a dead letter says of an error."""
    return {"ERROR_CODE": code, "ERROR_MESSAGE": message}


def attempt(rule: Rule, target: Mapping[str, Any], message: str) -> Reason:
    """Deliver to a target; returns the error, or nothing."""
    arn = target["Arn"]
    service = arn.split(":")[2]
    if service == "sns":
        exists = sns.topic_of(arn) is not None
        delivered = sns.may_publish(arn, principal=PRINCIPAL, source_arn=rule.arn) and sns.publish(arn, message)
    elif service == "sqs":
        exists = sqs.queue_of(arn) is not None
        group_id = target.get("SqsParameters", {}).get("MessageGroupId")
        delivered = sqs.send(arn, message, principal=PRINCIPAL, source_arn=rule.arn, group_id=group_id)
    else:
        exists = lambda_invocations.function_of(arn) is not None
        delivered = lambda_invocations.invoke_async(arn, message, principal=PRINCIPAL, source_arn=rule.arn)
    if delivered:
        return {}
    if not exists:
        return error("NO_RESOURCE", f"The target {arn} does not exist.")
    return error("NO_PERMISSIONS", f"Lack of permissions to deliver to {arn}.")


def keeps_invalid_json(rule: Rule) -> bool:
    """Whether an event whose template is broken becomes a dead letter; moto's reset forgets it."""
    return bool(vars(events_backends[rule.account_id][rule.region_name]).get("embedded_keeps_invalid_json"))


# The API


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


@extends(EventsBackend)
def put_targets(self: EventsBackend, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]) -> None:
    """PutTargets, with the limits of its API reference and of EventBridge's quotas that moto leaves out."""
    for target in targets:
        check_target(target)
    rule = self._get_event_bus(self._normalize_event_bus_arn(event_bus_arn)).rules.get(name)
    present = {target["Id"] for target in rule.targets} if rule else set()
    if len(present | {target["Id"] for target in targets}) > 5:
        raise JsonRESTError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    put_targets.replaced(self, name=name, event_bus_arn=event_bus_arn, targets=targets)


def check_target(target: Mapping[str, Any]) -> None:
    """Refuse bad or ambiguous input, a role that would not be used, and dead letters to a FIFO queue."""
    if sum(kind in target for kind in ("Input", "InputPath", "InputTransformer")) > 1:
        message = f"Only one of Input, InputPath, or InputTransformer must be provided for target {target['Id']}."
        raise ValidationException(message)
    if "RoleArn" in target and target["Arn"].split(":")[2] in OWN_POLICY:
        raise ValidationException(f"RoleArn is not supported for target {target['Arn']}.")
    if target.get("DeadLetterConfig", {}).get("Arn", "").endswith(".fifo"):
        raise ValidationException("SQS FIFO is not supported by Dead Letter Queues.")
    if "Input" in target and not eventbridge_transformer.is_json(target["Input"]):
        raise ValidationException(f"Input for target {target['Id']} is not a valid JSON text.")
    if "InputTransformer" in target:
        eventbridge_transformer.check(target["Id"], target["InputTransformer"])
