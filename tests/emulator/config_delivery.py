"""AWS Config: items recorded, and sent to the custom rules in whose scope they are; schedules.

What a function receives:
https://docs.aws.amazon.com/config/latest/developerguide/evaluate-config_develop-rules_example-events.html

More permissive than AWS: a resource that leaves the scope of a rule by tags is not reported with ``eventLeftScope``,
items arrive at once and not after minutes, and a recorder set to record daily records continuously.
"""

import json
import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from moto.config.models import ConfigBackend, ConfigRecorder, ConfigRule

from tests.emulator import lambda_invocations
from tests.emulator.accounts import ACCOUNT_ID
from tests.emulator.config_store import Item, backend_of, iso, now, store_of
from tests.emulator.jobs import jobs

PRINCIPAL = "config.amazonaws.com"

CHANGE = "ConfigurationItemChangeNotification"

OVERSIZED = "OversizedConfigurationItemChangeNotification"

SCHEDULED = "ScheduledNotification"

# A larger item is announced by its summary only.
MAX_NOTIFICATION_BYTES = 256 * 1024


def is_recording(backend: ConfigBackend, resource_type: str) -> bool:
    """Whether a recorder of the region is running and records the type."""
    running = (each for each in backend.recorders.values() if each.status.recording)
    return any(records(recorder, resource_type) for recorder in running)


def is_in_recording_group(backend: ConfigBackend, resource_type: str) -> bool:
    """Whether a recorder of the region would record the type, running or not."""
    return any(records(recorder, resource_type) for recorder in backend.recorders.values())


def records(recorder: ConfigRecorder, resource_type: str) -> bool:
    """Whether a recorder's group includes the type.

    A recording group names everything, what it includes, or what it leaves out:
    https://docs.aws.amazon.com/config/latest/APIReference/API_RecordingGroup.html
    """
    group = recorder.recording_group
    if (group.recording_strategy or {}).get("useOnly") == "EXCLUSION_BY_RESOURCE_TYPES":
        return resource_type not in (group.exclusion_by_resource_types or {}).get("resourceTypes", ())
    return bool(group.all_supported or resource_type in (group.resource_types or ()))


def record(backend: ConfigBackend, item: Item) -> None:
    """Keep a new configuration item and deliver it to the rules in whose scope it is."""
    if not is_recording(backend, item.resource_type):
        return
    store = store_of(backend)
    history = store.items.setdefault((item.resource_type, item.resource_id), [])
    if history and item.captured_at <= history[-1].captured_at:
        # Two changes within one millisecond would have no order.
        item = replace(item, captured_at=datetime.fromtimestamp(history[-1].captured_at.timestamp() + 0.001, UTC))
    history.append(item)
    if item.resource_id not in store.dropped:
        jobs.submit(send, backend, item)


def deliver(region: str, item: Item) -> None:
    """Send an item again, however old it is."""
    send(backend_of(region), item)


def send(backend: ConfigBackend, item: Item, rules: Iterable[ConfigRule] | None = None) -> None:
    """Notify the custom rules that are to evaluate the item now."""
    body = item.as_event(backend.account_id, backend.region_name)
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
    role = f"role/aws-service-role/{PRINCIPAL}/AWSServiceRoleForConfig"
    event = {
        "version": "1.0",
        "invokingEvent": json.dumps(notification),
        "ruleParameters": rule.input_parameters or "{}",
        "resultToken": token,
        "eventLeftScope": False,
        "executionRoleArn": f"arn:aws:iam::{backend.account_id}:{role}",
        "configRuleArn": rule.config_rule_arn,
        "configRuleName": rule.config_rule_name,
        "configRuleId": rule.config_rule_id,
        "accountId": backend.account_id,
        "evaluationMode": "DETECTIVE",
    }
    lambda_invocations.invoke_async(
        rule.source.source_identifier, json.dumps(event), principal=PRINCIPAL, source_arn=rule.config_rule_arn
    )


def fire_schedule(region: str, at: datetime | None = None, *, account: str = ACCOUNT_ID) -> None:
    """Fire the schedule of every rule that has one, as if its period had passed."""
    backend = backend_of(region, account)
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
        jobs.submit(invoke, backend, rule, notification)


def evaluate_recorded(backend: ConfigBackend, rule: ConfigRule) -> None:
    """Send one rule the last recorded item of every resource again, of deleted ones too.

    The items keep their capture times, and only the notifications are new.
    """
    for history in list(store_of(backend).items.values()):
        if history:
            jobs.submit(send, backend, history[-1], [rule])
