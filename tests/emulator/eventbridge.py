"""EventBridge: events to topics, queues and functions, transformed as documented, and dead letters.

- Retries: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
- Dead letters: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
- Metrics: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
- Policies: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
- Patterns: :mod:`tests.emulator.eventbridge_patterns`. Input transformer: :mod:`tests.emulator.eventbridge_transformer`

An event is delivered only if the policies of the target and of its KMS key admit EventBridge. Otherwise it is sent to
the target's dead-letter queue, or lost if that does not admit EventBridge. The sender gets no error.

AWS's pages contradict each other about ``Condition`` in the policy of a topic. Here conditions count, as they do in a
queue's policy. In a key policy ``aws:SourceArn`` and ``aws:SourceAccount`` are documented as unsupported, so a
statement with them admits nobody.

A target that a test put into ``outages`` fails for a while, and is tried again as its retry policy says
(:mod:`tests.emulator.retries`). Nobody waits: the event is delivered or given up at once, and the metrics have the
times at which AWS would count.

A recording of AWS shows that a filled template that is not JSON is not delivered. Whether it becomes a dead letter is
unverified. Here it is lost, unless a test calls :func:`tests.emulator.config_control.keep_invalid_json`.

The API is in :mod:`tests.emulator.eventbridge_api`, event buses are in :mod:`tests.emulator.eventbridge_buses`.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from moto.events.models import EventBus, Rule, events_backends

from tests.emulator import (
    cloudwatch_metrics,
    eventbridge_buses,
    eventbridge_transformer,
    lambda_invocations,
    sns,
    sqs,
)
from tests.emulator.accounts import ACCOUNT_ID
from tests.emulator.jobs import jobs
from tests.emulator.moto_methods import extends
from tests.emulator.retries import Attempts

Event = dict[str, Any]

# Why an event was not delivered, as attributes of its dead letter. Empty if it was delivered.
Reason = dict[str, str]

PRINCIPAL = eventbridge_buses.PRINCIPAL
OWN_POLICY = {"sns", "sqs", "lambda"}
HERE = OWN_POLICY | {"events"}  # moto delivers to everything else


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
    """Put an event of an AWS service on an account's default bus. The time defaults to now."""
    event = envelope(region, account, source, detail_type, detail, resources=resources, time=time)
    arrive(events_backends[account][region].describe_event_bus("default"), event)


def envelope(  # noqa: PLR0913  (the parts of an event)
    region: str,
    account: str,
    source: str,
    detail_type: str,
    detail: Mapping[str, Any],
    *,
    resources: Sequence[str] = (),
    time: datetime | None = None,
) -> Event:
    """Return a new event: the detail, and the fields that EventBridge adds."""
    return {
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


def arrive(bus: EventBus, event: Event, *, is_forwarded: bool = False) -> None:
    """Hand an event to the rules of a bus. ``is_forwarded`` says whether it came from another bus."""
    for rule in list(bus.rules.values()):
        send(rule, event, is_forwarded=is_forwarded)


@extends(Rule)
def send_to_targets(self: Rule, original_event: Any, transform_input: bool = True) -> None:  # noqa: ARG001, FBT001, FBT002
    """Take an event from moto's PutEvents."""
    event: Event = {name: value for name, value in original_event.items() if name != "ingestion-time"}
    if isinstance(event["time"], int | float):
        event["time"] = datetime.fromtimestamp(event["time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    send(self, event)


def send(rule: Rule, event: Event, *, is_forwarded: bool = False) -> None:
    """If the rule's pattern matches an event, submit its delivery to each target."""
    pattern: Any = rule.event_pattern
    if rule.state == "DISABLED" or not pattern.matches_event(event):
        return
    for target in list(rule.targets):
        if eventbridge_buses.is_archive(target["Arn"]):
            eventbridge_buses.keep(rule, event)
        elif target["Arn"].split(":")[2] in HERE:
            jobs.submit(partial(deliver, rule, target, event, is_forwarded=is_forwarded))
        else:
            happened = datetime.fromisoformat(event["time"]).timestamp()
            only = Rule.__new__(Rule)
            only.__dict__.update(rule.__dict__, targets=[target])
            jobs.submit(send_to_targets.replaced, only, {**event, "time": happened, "ingestion-time": happened})


def deliver(rule: Rule, target: Mapping[str, Any], event: Event, *, is_forwarded: bool = False) -> None:
    """Deliver to one target. If that fails, send the event to its dead-letter queue, if it has one."""
    try:
        message = eventbridge_transformer.render(target, event, rule.arn, rule.name)
    except eventbridge_transformer.InvalidJsonError:
        if not keeps_invalid_json(rule):
            return
        given_up, problem = datetime.now(UTC), error("INVALID_JSON", "The transformed input is not valid JSON.")
    else:
        given_up, problem = retry(rule, target)
        if not problem and target["Arn"].split(":")[2] == "events":
            problem = forward(rule, target, event, is_forwarded=is_forwarded)
        elif not problem:
            problem = attempt(rule, target, message)
    if not problem:
        return
    count(rule, "FailedInvocations", given_up)
    if dead_letters := target.get("DeadLetterConfig", {}).get("Arn"):
        reason = {"RULE_ARN": rule.arn, "TARGET_ARN": target["Arn"], **problem}
        body = eventbridge_transformer.compact(event)
        kept = sqs.send(dead_letters, body, principal=PRINCIPAL, source_arn=rule.arn, attributes=reason)
        count(rule, "InvocationsSentToDlq" if kept else "InvocationsFailedToBeSentToDlq", given_up)


def count(rule: Rule, metric: str, at: datetime) -> None:
    """Count for a rule. On a custom bus, the bus is a second dimension.

    AWS's page does not say which dimensions a metric has together. Users see that a custom bus has no metric by rule
    alone.
    """
    dimensions = {"RuleName": rule.name}
    if rule.event_bus_name != "default":
        dimensions["EventBusName"] = rule.event_bus_name
    cloudwatch_metrics.count(rule.region_name, rule.account_id, "AWS/Events", metric, dimensions, at=at)


def retry(rule: Rule, target: Mapping[str, Any]) -> tuple[datetime, Reason]:
    """Try again while the target fails.

    Returns:
        The time of the last attempt, and why the event is given up; empty if the target works again.
    """
    started, attempts = datetime.now(UTC), Attempts(target)
    outage = outages(rule.region_name, rule.account_id).get(target["Arn"], timedelta())
    while attempts.passed < outage:
        if exhausted := attempts.go_on():
            reason = error("ERROR_FROM_TARGET", f"{target['Arn']} fails.")
            return started + attempts.passed, reason | {
                "EXHAUSTED_RETRY_CONDITION": exhausted,
                "RETRY_ATTEMPTS": str(attempts.retries),
            }
        count(rule, "RetryInvocationAttempts", started + attempts.passed)
    return started + attempts.passed, {}


def error(code: str, message: str) -> Reason:
    """The attributes of a dead letter that describe an error."""
    return {"ERROR_CODE": code, "ERROR_MESSAGE": message}


def forward(rule: Rule, target: Mapping[str, Any], event: Event, *, is_forwarded: bool) -> Reason:
    """Send an event to another bus as it is, or with a new id to another region. Returns the error, or nothing.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-region.html does not speak of the id: that another
    region gives a new one is as LocalStack has recorded it on AWS (https://github.com/localstack/localstack/pull/11027).
    """
    if refused := eventbridge_buses.refusal(rule, target, is_forwarded=is_forwarded):
        return error(*refused)
    if bus := eventbridge_buses.bus_of(target["Arn"]):
        anew = {} if bus.region == rule.region_name else {"id": str(uuid.uuid4())}
        arrive(bus, {**event, **anew}, is_forwarded=True)
    return {}


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
