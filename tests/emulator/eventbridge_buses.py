"""EventBridge's event buses: who may put events on them, and whether a rule may send its events to another one.

- Policies: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-perms.html and
  https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html
- Other accounts: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
- Other regions: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-region.html
- No third bus: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-bus-to-bus.html

A bus of another account takes an event if the policy of the bus and the role of the target both allow it. An event that
came from another bus is not forwarded to a third one. Each failure is a dead letter without a retry.

Unverified: the error code of each failure, except that of the third bus, which others have seen on AWS; and
that the policy of a bus sees ``aws:SourceArn`` and ``aws:SourceAccount`` of a rule that sends with a role. More
permissive than AWS: the statements of a policy are not checked; every region reaches every other.
"""

from collections.abc import Mapping
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.events.exceptions import ResourceNotFoundException, ValidationException
from moto.events.models import EventBus, EventBusPolicyStatement, EventsBackend, Rule, events_backends

from tests.emulator import policies, roles
from tests.emulator.moto_methods import extends

PRINCIPAL = "events.amazonaws.com"
MAXIMUM_POLICY = 10_240


def bus_of(bus_arn: str) -> EventBus | None:
    """The event bus with an ARN."""
    _, _, _, region, account, name = bus_arn.split(":")
    try:
        found: EventBus = events_backends[account][region].describe_event_bus(name.removeprefix("event-bus/"))
    except ResourceNotFoundException:
        return None
    return found


def is_elsewhere(rule: Rule, bus_arn: str) -> bool:
    """Whether a bus is in another account or region than a rule."""
    return bus_arn.split(":")[3:5] != [rule.region_name, rule.account_id]


def context_of(rule: Rule) -> dict[str, str]:
    """What the policy of a bus sees of the rule that sends an event."""
    return {"aws:SourceArn": rule.arn, "aws:SourceAccount": rule.account_id}


# Sending


def refusal(rule: Rule, target: Mapping[str, Any], *, is_forwarded: bool) -> tuple[str, str] | None:
    """Say with an error code and a message why a rule can't send an event to a bus.

    Args:
        rule: the rule.
        target: the bus.
        is_forwarded: whether the event has come from another bus.
    """
    arn, role = target["Arn"], target.get("RoleArn")
    if is_forwarded:
        crosses_region = arn.split(":")[3] != rule.region_name
        code = "THIRD_REGION_HOP_DETECTED" if crosses_region else "THIRD_ACCOUNT_HOP_DETECTED"
        return code, "Events received from another event bus cannot be forwarded to this event bus."
    if role and not roles.trusts(role, PRINCIPAL, source_arn=rule.arn):
        return "FAILED_TO_ASSUME_ROLE", f"EventBridge cannot assume {role}."
    if bus_of(arn) is None:
        return "NO_RESOURCE", f"The event bus {arn} does not exist."
    if role and not roles.may(role, "events:PutEvents", arn, context_of(rule)):
        return "NO_PERMISSIONS", f"{role} is not authorized to perform: events:PutEvents on {arn}"
    return None


def check_target(rule: Rule, target: Mapping[str, Any]) -> None:
    """Refuse a bus as a target that PutTargets refuses.

    - Input. Others have seen AWS refuse it for every bus; AWS's page says so only for buses of another account:
      https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html
    - A bus of another account or region without a role. On AWS, older targets may have none.
    - A bus of another account that does not admit the role. Assumed: the same for a missing bus.
    """
    arn, role = target["Arn"], target.get("RoleArn")
    if target.keys() & {"Input", "InputPath", "InputTransformer"}:
        raise ValidationException(f"Modifying the input for target {target['Id']} is not supported.")
    if not is_elsewhere(rule, arn):
        return
    if not role:
        raise ValidationException(f"RoleArn is required for target {arn}.")
    if roles.account_of(arn) != rule.account_id and (
        bus_of(arn) is None or not roles.is_admitted(role, "events:PutEvents", arn, context_of(rule))
    ):
        message = f"{role} is not authorized to perform: events:PutEvents on resource: {arn}"
        raise JsonRESTError("AccessDeniedException", message)


def check_put_events(account: str, bus_arn: str) -> None:
    """Refuse events for a bus of another account that does not admit the caller's account."""
    principal = f"arn:{bus_arn.split(':')[1]}:iam::{account}:root"
    if bus_of(bus_arn) is None or not roles.is_admitted(principal, "events:PutEvents", bus_arn):
        message = f"{principal} is not authorized to perform: events:PutEvents on resource: {bus_arn}"
        raise JsonRESTError("AccessDeniedException", message)


# Archives


def is_archive(target_arn: str) -> bool:
    """Whether a target stands for an archive."""
    return target_arn.endswith(":::")


def keep(rule: Rule, event: Any) -> None:
    """Put an event into the archive of a managed rule."""
    for archive in events_backends[rule.account_id][rule.region_name].archives.values():
        if archive.rule and archive.rule.arn == rule.arn:
            archive.events.append(event)


# Policies


class Statement(EventBusPolicyStatement):
    """A statement of a bus's policy with all its elements. moto keeps only some of them."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = dict(given)
        self.principal = self.given.get("Principal", {})

    def describe(self) -> dict[str, Any]:
        """The statement."""
        return self.given


@extends(EventsBackend)
def put_permission(self: EventsBackend, event_bus_name: str, *arguments: Any) -> None:
    """PutPermission, within the quota of a policy."""
    if len(arguments[-1] or "") > MAXIMUM_POLICY:
        raise JsonRESTError("PolicyLengthExceededException", "The event bus policy is too long.")
    put_permission.replaced(self, event_bus_name, *arguments)


@extends(EventBus)
def add_policy(self: EventBus, policy: Mapping[str, Any]) -> None:
    """Replace the policy by another; moto merges the two."""
    statements = policies.statements_of(policy)
    self._statements.clear()
    self._statements.update({str(each.get("Sid", number)): Statement(each) for number, each in enumerate(statements)})


@extends(EventBus)
def add_permission(
    self: EventBus, statement_id: str, action: str, principal: dict[str, str], condition: dict[str, Any] | None
) -> None:
    """Add a statement, or replace the one with the same ID. moto replaces the one with the same principal."""
    everybody = principal["AWS"].endswith("::*:root")
    statement = {
        "Sid": statement_id,
        "Effect": "Allow",
        "Principal": "*" if everybody else principal,
        "Action": action,
        "Resource": self.arn,
    }
    self._statements[statement_id] = Statement(statement | ({"Condition": condition} if condition else {}))
