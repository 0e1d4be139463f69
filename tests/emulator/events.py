"""EventBridge: events to topics, queues and functions, transformed as documented, and dead letters.

- Input transformer: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
- Retries: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
- Dead letters: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
- Metrics: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
- Policies: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html

An event is delivered only if the target's policy, and the policy of its customer managed key, admit EventBridge;
otherwise it goes to the target's dead-letter queue if that admits it, or is gone, without an error to the sender.

Whether ``Condition`` is honoured in the policy of a topic is contradictory on AWS's pages; here it is, as in a queue's.
In a key policy ``aws:SourceArn`` and ``aws:SourceAccount`` are documented as unsupported and admit nobody. A path that
the event lacks renders as an empty string (unverified on AWS).

A target that a test put into ``outages`` fails for a while, and is tried again as its retry policy says. Nobody waits:
the metrics carry the times at which AWS would count, and what comes of the event is there at once. Between two attempts
AWS lets pass an undocumented time; here it doubles from a second to eight minutes, with which 185 attempts take a day.

A placeholder inside quotes is replaced by plain text without escaping, so a quotation mark or a line break in the value
breaks a JSON template; that AWS then hands the event to the dead-letter queue, and with which code, is assumed.

Stricter than AWS: PutTargets refuses a role for a topic, a queue or a function, of which only the policies count here
(AWS's page on policies says not to set one, for deliveries may fail); a path may hold names and indices, and no
wildcard. Laxer: the sum of a target's input is not bounded, and a path's syntax is not checked.
"""

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.events.exceptions import ValidationException
from moto.events.models import EventsBackend, Rule, events_backends

from tests.emulator import awslambda, metrics, sns, sqs
from tests.emulator.background import background
from tests.emulator.extension import ACCOUNT_ID, extends

# Why an event was not delivered, as its dead letter's attributes say; empty where it was.
Reason = dict[str, str]

PRINCIPAL = "events.amazonaws.com"
PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.-]+)>")
PATH_NAME = re.compile(r"[A-Za-z0-9_-]+")
PREDEFINED = frozenset(
    {
        "aws.events.rule-arn",
        "aws.events.rule-name",
        "aws.events.event.ingestion-time",
        "aws.events.event",
        "aws.events.event.json",
    }
)
OWN_POLICY = {"sns", "sqs", "lambda"}
LONGEST_PAUSE = timedelta(minutes=8)


def outages(region: str) -> dict[str, timedelta]:
    """For how long each target fails after an event, by its ARN; moto's reset forgets it."""
    kept: dict[str, timedelta] = vars(events_backends[ACCOUNT_ID][region]).setdefault("embedded_outages", {})
    return kept


def publish(  # noqa: PLR0913  (the parts of an event)
    region: str,
    source: str,
    detail_type: str,
    detail: Mapping[str, Any],
    *,
    resources: Sequence[str] = (),
    time: datetime | None = None,
) -> None:
    """Put an AWS service's own event on the account's default bus; without a time it happens now."""
    event: Any = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT_ID,
        "time": (time or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": list(resources),
        "detail": dict(detail),
    }
    for rule in list(events_backends[ACCOUNT_ID][region].describe_event_bus("default").rules.values()):
        rule.send_to_targets(event)


@extends(Rule)
def send_to_targets(self: Rule, original_event: Any, transform_input: bool = True) -> None:  # noqa: FBT001, FBT002
    """Deliver an event that the rule's pattern matches to each of its targets, later."""
    event: Any = {name: value for name, value in original_event.items() if name != "ingestion-time"}
    if isinstance(event["time"], int | float):
        event["time"] = datetime.fromtimestamp(event["time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    happened = datetime.fromisoformat(event["time"]).timestamp()
    as_moto_has_it = {**event, "time": happened, "ingestion-time": happened}
    # moto takes a rule without a pattern, which is a scheduled one, to match every event.
    has_pattern = bool(self.event_pattern.get_pattern())
    if self.state == "DISABLED" or not has_pattern or not self.event_pattern.matches_event(event):
        return
    for target in list(self.targets):
        if target["Arn"].split(":")[2] in OWN_POLICY:
            background.submit(deliver, self, target, event)
        else:
            only = Rule.__new__(Rule)
            only.__dict__.update(self.__dict__, targets=[target])
            background.submit(send_to_targets.replaced, only, as_moto_has_it, transform_input)  # type: ignore[attr-defined]


def deliver(rule: Rule, target: Mapping[str, Any], event: Mapping[str, Any]) -> None:
    """Deliver to one target, else to its dead-letter queue, else to nobody."""
    given_up, exhausted = retry(rule, target)
    problem = exhausted or attempt(rule, target, render(target, event, rule))
    if not problem:
        return
    count(rule, "FailedInvocations", given_up)
    if dead_letters := target.get("DeadLetterConfig", {}).get("Arn"):
        reason = {"RULE_ARN": rule.arn, "TARGET_ARN": target["Arn"], **problem}
        kept = sqs.send(dead_letters, compact(event), principal=PRINCIPAL, source_arn=rule.arn, attributes=reason)
        count(rule, "InvocationsSentToDlq" if kept else "InvocationsFailedToBeSentToDlq", given_up)


def count(rule: Rule, metric: str, at: datetime) -> None:
    """Count for a rule of the default event bus."""
    metrics.count(rule.region_name, "AWS/Events", metric, at=at, RuleName=rule.name)


def retry(rule: Rule, target: Mapping[str, Any]) -> tuple[datetime, Reason]:
    """Try again while the target fails.

    Returns:
        When the last attempt is, and why it is the last, unless the target answers again.
    """
    started = datetime.now(UTC)
    outage = outages(rule.region_name).get(target["Arn"], timedelta())
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
    template = target.get("InputTransformer", {}).get("InputTemplate", "")
    if template.lstrip().startswith("{") and not is_json(message):
        return error("INVALID_JSON", "The transformed input is not valid JSON.")
    service = arn.split(":")[2]
    if service == "sns":
        exists = sns.topic_of(arn) is not None
        delivered = sns.may_publish(arn, principal=PRINCIPAL, source_arn=rule.arn) and sns.publish(arn, message)
    elif service == "sqs":
        exists = sqs.queue_of(arn) is not None
        group_id = target.get("SqsParameters", {}).get("MessageGroupId")
        delivered = sqs.send(arn, message, principal=PRINCIPAL, source_arn=rule.arn, group_id=group_id)
    else:
        exists = awslambda.function_of(arn) is not None
        delivered = awslambda.invoke_async(arn, message, principal=PRINCIPAL, source_arn=rule.arn)
    if delivered:
        return {}
    if not exists:
        return error("NO_RESOURCE", f"The target {arn} does not exist.")
    return error("NO_PERMISSIONS", f"Lack of permissions to deliver to {arn}.")


# What a target receives


def compact(value: Any) -> str:
    """JSON as EventBridge writes it: without blanks, and with every character as itself."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def is_json(text: str) -> bool:
    """Whether a text is a JSON document."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def render(target: Mapping[str, Any], event: Mapping[str, Any], rule: Rule) -> str:
    """The event as the target is to receive it: whole, a constant, a part, or a template filled in."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return compact(value_at(event, target["InputPath"]))
    transformer = target.get("InputTransformer")
    if not transformer:
        return compact(event)
    values = {name: value_at(event, path) for name, path in transformer.get("InputPathsMap", {}).items()}
    values |= {
        "aws.events.rule-arn": rule.arn,
        "aws.events.rule-name": rule.name,
        "aws.events.event.ingestion-time": event["time"],
        "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
        "aws.events.event.json": dict(event),
    }
    return fill(transformer["InputTemplate"], values)


def fill(template: str, values: Mapping[str, Any]) -> str:
    """Replace each placeholder: by JSON in the place of a value, by plain text inside quotes."""
    parts, last = [], 0
    inside = False
    for match in PLACEHOLDER.finditer(template):
        before = template[last : match.start()]
        # A quotation mark opens or closes a string, unless a backslash that is itself not escaped stands before it.
        inside ^= re.findall(r'\\.|"', before, re.DOTALL).count('"') % 2 == 1
        value = values.get(match[1])
        value = "" if value is None else value
        plain = value if isinstance(value, str) else compact(value)
        parts += [before, plain if inside else compact(value)]
        last = match.end()
    return "".join([*parts, template[last:]])


def value_at(event: Mapping[str, Any], path: str) -> Any:
    """The value at a path in dot notation, such as ``$.detail.resourceId`` or ``$.resources[0]``, or None."""
    value: Any = event
    for name, index in re.findall(r"([^.$\[\]]+)(?![^\[]*\])|\[(\d+)\]", path):
        try:
            value = value[name] if name else value[int(index)]
        except (KeyError, IndexError, TypeError):
            return None
    return value


@extends(EventsBackend)
def put_targets(self: EventsBackend, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]) -> None:
    """PutTargets, with the limits of its API reference and of EventBridge's quotas that moto leaves out."""
    for target in targets:
        check_target(target)
    rule = self._get_event_bus(self._normalize_event_bus_arn(event_bus_arn)).rules.get(name)
    present = {target["Id"] for target in rule.targets} if rule else set()
    if len(present | {target["Id"] for target in targets}) > 5:
        raise JsonRESTError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    put_targets.replaced(self, name=name, event_bus_arn=event_bus_arn, targets=targets)  # type: ignore[attr-defined]


def check_target(target: Mapping[str, Any]) -> None:
    """Refuse bad or ambiguous input, a role that would not be used, and dead letters to a FIFO queue."""
    if sum(kind in target for kind in ("Input", "InputPath", "InputTransformer")) > 1:
        message = f"Only one of Input, InputPath, or InputTransformer must be provided for target {target['Id']}."
        raise ValidationException(message)
    if "RoleArn" in target and target["Arn"].split(":")[2] in OWN_POLICY:
        raise ValidationException(f"RoleArn is not supported for target {target['Arn']}.")
    if target.get("DeadLetterConfig", {}).get("Arn", "").endswith(".fifo"):
        raise ValidationException("SQS FIFO is not supported by Dead Letter Queues.")
    if "Input" in target and not is_json(target["Input"]):
        raise ValidationException(f"Input for target {target['Id']} is not a valid JSON text.")
    if "InputTransformer" in target:
        check_transformer(target["Id"], target["InputTransformer"])


def check_transformer(target_id: str, transformer: Mapping[str, Any]) -> None:
    """Refuse a bad template, too many or misnamed paths, and a placeholder that no path defines."""
    template, paths = transformer["InputTemplate"], transformer.get("InputPathsMap", {})
    if len(template) > 8192 or len(paths) > 100:
        raise ValidationException(f"InputTransformer of target {target_id} exceeds 8192 characters or 100 paths")
    if misnamed := ", ".join(sorted(name for name in paths if not PATH_NAME.fullmatch(name))):
        raise ValidationException(f"InputPathsMap of target {target_id} contains invalid name {misnamed}.")
    unknown = set(PLACEHOLDER.findall(template)) - set(paths) - PREDEFINED
    if unknown:
        names = ", ".join(sorted(unknown))
        raise ValidationException(f"InputTemplate for target {target_id} contains invalid placeholder {names}.")
    text = fill(template, dict.fromkeys(paths, "x"))
    lines = [line for line in text.splitlines() if line.strip()]
    # A number can stand where any value can, but not for an object's key, and neither can a placeholder.
    stands_for_key = is_json(text) and not is_json(fill(template, dict.fromkeys([*paths, *PREDEFINED], 1)))
    if stands_for_key or (not is_json(text) and not all(re.fullmatch(r'\s*".*"\s*', line) for line in lines)):
        raise ValidationException(f"Invalid InputTemplate for target {target_id} : {template}.")
