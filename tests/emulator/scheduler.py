"""EventBridge Scheduler: schedules that invoke functions with a role of their own, when a test moves the clock.

- Schedules: :mod:`tests.emulator.schedule_expressions`
- Context attributes: https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
- Role: https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html and
  https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
- Dead letters: https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
- Metrics: https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html

EventBridge Scheduler invokes the function and sends dead letters with the target's role. The role's trust policy sees
the ARN of the schedule's group. The function and the queue need no policy. The function is invoked asynchronously, so
Lambda retries the function's own errors, and the schedule does not.

The clock stands still: only the first occurrence of a rate fires by itself. :func:`pass_time` fires everything that is
due up to a moment, in order. A function that a test puts into :func:`tests.emulator.eventbridge.outages` fails for a
while. It is tried again as the retry policy says, without waiting.

Unverified: that a missing permission is tried again like any other error, and the names of its error codes. Stricter
than AWS: a target must be a function and have an input, because the default input is not documented. More permissive: a
schedule with a flexible time window always fires at the beginning of the window.
"""

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.scheduler.exceptions import ScheduleGroupNotFound, ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend, Schedule, ScheduleGroup, scheduler_backends

from tests.emulator import cloudwatch_metrics, eventbridge, lambda_invocations, roles, schedule_expressions, sqs
from tests.emulator.accounts import ACCOUNT_ID
from tests.emulator.jobs import jobs
from tests.emulator.moto_methods import extends, refuse
from tests.emulator.retries import Attempts

PRINCIPAL = "scheduler.amazonaws.com"


def pass_time(region: str, until: datetime, *, account: str = ACCOUNT_ID) -> list[datetime]:
    """Fire every schedule of a region as often as it is due up to a moment; returns the times, in order."""
    due = []
    for group in scheduler_backends[account][region].schedule_groups.values():
        for schedule in group.schedules.values():
            found = schedule_expressions.occurrences(
                schedule.schedule_expression,
                schedule.schedule_expression_timezone,
                made(schedule),
                vars(schedule).get("embedded_fired_until", made(schedule)),
                until,
            )
            due += [(at, schedule.name, schedule) for at in found if schedule.state == "ENABLED"]
            vars(schedule)["embedded_fired_until"] = until
    for at, _, schedule in sorted(due, key=lambda each: each[:2]):
        fire(schedule, at)
    return sorted(at for at, _, _ in due)


def pass_weeks(region: str, count: int = 1, *, account: str = ACCOUNT_ID) -> list[datetime]:
    """Let weeks pass from one Monday noon to another, whatever the day; returns the times as :func:`pass_time` does.

    So a weekly schedule in the morning is due once in each, also where clocks change. Nothing fires before the first.
    """
    groups = scheduler_backends[account][region].schedule_groups.values()
    schedules = [schedule for group in groups for schedule in group.schedules.values()]
    begun = max(vars(each).setdefault("embedded_fired_until", next_monday_noon(made(each))) for each in schedules)
    return pass_time(region, begun + timedelta(weeks=count), account=account)


def next_monday_noon(at: datetime) -> datetime:
    """The first Monday noon from a moment on."""
    noon = at.replace(hour=12, minute=0, second=0) - timedelta(days=at.weekday())
    return noon if noon >= at else noon + timedelta(weeks=1)


def made(schedule: Schedule) -> datetime:
    """When a schedule was created."""
    return datetime.fromtimestamp(schedule.creation_date, UTC).replace(microsecond=0)


def fire(schedule: Schedule, at: datetime) -> None:
    """Submit an invocation of a schedule for a time. AWS may invoke more than once for the same time."""
    jobs.submit(deliver, schedule, at)


def schedule_of(region: str, name: str, group: str, *, account: str = ACCOUNT_ID) -> Schedule:
    """A schedule by its name."""
    found: Schedule = scheduler_backends[account][region].get_schedule(group, name)
    return found


# Delivery


def deliver(schedule: Schedule, at: datetime) -> None:
    """Invoke the target, with retries. If all fail, send the event to the dead-letter queue."""
    (_, _, _, region, account, _), target = schedule.arn.split(":", 5), schedule.target
    outage = eventbridge.outages(region, account).get(target["Arn"], timedelta())
    attempts = Attempts(target)
    while True:
        execution, now = uuid.uuid4().hex[:16], at + attempts.passed
        message = render(schedule, at, execution, attempts.retries + 1)
        count(schedule, "InvocationAttemptCount", now)
        is_out = attempts.passed < outage
        problem = ("ServiceUnavailable", f"{target['Arn']} fails.") if is_out else invoke(schedule, message)
        if not problem:
            return
        count(schedule, "TargetErrorCount", now)
        if exhausted := attempts.go_on():
            break
    count(schedule, "InvocationDroppedCount", now)
    if queue_arn := target.get("DeadLetterConfig", {}).get("Arn"):
        attributes = {
            "ERROR_CODE": problem[0],
            "ERROR_MESSAGE": problem[1],
            "EXECUTION_ID": execution,
            "EXHAUSTED_RETRY_CONDITION": exhausted,
            "IS_PAYLOAD_TRUNCATED": "false",
            "RETRY_ATTEMPTS": str(attempts.retries),
            "SCHEDULED_TIME": iso(at),
            "SCHEDULE_ARN": schedule.arn,
            "TARGET_ARN": target["Arn"],
        }
        kept = keep(target["RoleArn"], group_arn(schedule), queue_arn, message, attributes)
        metric = "InvocationsSentToDeadLetterCount" if kept else "InvocationsFailedToBeSentToDeadLetterCount"
        count(schedule, metric, now)


def invoke(schedule: Schedule, message: str) -> tuple[str, str] | None:
    """Invoke the function with the target's role; returns the error's code and message, or nothing."""
    role, function = schedule.target["RoleArn"], schedule.target["Arn"]
    if not roles.trusts(role, PRINCIPAL, source_arn=group_arn(schedule)):
        return "AccessDeniedException", f"EventBridge Scheduler cannot assume {role}."
    if not roles.may(role, "lambda:InvokeFunction", function):
        return "AccessDeniedException", f"{role} is not authorized to perform: lambda:InvokeFunction on {function}"
    if lambda_invocations.function_of(function) is None:
        return "ResourceNotFoundException", f"Function not found: {function}"
    jobs.submit(lambda_invocations.process, function, message)
    return None


def render(schedule: Schedule, at: datetime, execution: str, attempt: int) -> str:
    """The target's input with the context attributes of one attempt."""
    message: str = schedule.target["Input"]
    attributes = {
        "schedule-arn": schedule.arn,
        "scheduled-time": iso(at),
        "execution-id": execution,
        "attempt-number": str(attempt),
    }
    for name, value in attributes.items():
        message = message.replace(f"<aws.scheduler.{name}>", value)
    return message


def keep(role: str, source: str, queue_arn: str, body: str, attributes: Mapping[str, str]) -> bool:
    """Send a dead letter with the role's permissions. Returns whether it was sent."""
    if not sqs.queue_of(queue_arn) or not roles.trusts(role, PRINCIPAL, source_arn=source):
        return False
    if not roles.may(role, "sqs:SendMessage", queue_arn):
        return False
    sqs.put(queue_arn, body, attributes)
    return True


def group_arn(schedule: Schedule) -> str:
    """The ARN of a schedule's group."""
    return schedule.arn.replace(":schedule/", ":schedule-group/").rpartition("/")[0]


def count(schedule: Schedule, metric: str, at: datetime) -> None:
    """Count for a schedule's group."""
    _, _, _, region, account, _ = schedule.arn.split(":", 5)
    cloudwatch_metrics.count(region, account, "AWS/Scheduler", metric, {"ScheduleGroup": schedule.group_name}, at=at)


def iso(at: datetime) -> str:
    """The form of times in context attributes: UTC, whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# The API


def check(expression: str, zone: str | None, target: Mapping[str, Any], group: str) -> None:
    """Refuse what CreateSchedule and UpdateSchedule refuse."""
    try:
        schedule_expressions.check(expression, zone or "UTC")
    except schedule_expressions.InvalidScheduleError as error:
        raise ValidationException(str(error)) from error
    arn = target["Arn"]
    if not (arn.split(":")[2] == "lambda" and "Input" in target):
        refuse("NotImplementedException", f"The embedded AWS does not have schedules for {arn} without an input")
    try:
        json.loads(target["Input"])
    except ValueError as error:
        raise ValidationException("Invalid Input: the input of a Lambda target must be JSON.") from error
    if target.get("DeadLetterConfig", {}).get("Arn", "").endswith(".fifo"):
        raise ValidationException("FIFO queues are not supported as dead-letter queues.")
    if not roles.trusts(target["RoleArn"], PRINCIPAL, source_arn=group):
        message = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
        raise ValidationException(message)


@extends(EventBridgeSchedulerBackend)
def create_schedule(self: EventBridgeSchedulerBackend, **options: Any) -> Schedule:
    """CreateSchedule; a rate is due at once."""
    group = self.get_schedule_group(options["group_name"])
    check(options["schedule_expression"], options["schedule_expression_timezone"], options["target"], group.arn)
    created: Schedule = create_schedule.replaced(self, **options)
    if created.schedule_expression.startswith("rate") and created.state == "ENABLED":
        fire(created, made(created))
    return created


@extends(EventBridgeSchedulerBackend)
def update_schedule(self: EventBridgeSchedulerBackend, **options: Any) -> Schedule:
    """UpdateSchedule."""
    group = self.get_schedule_group(options["group_name"])
    check(options["schedule_expression"], options["schedule_expression_timezone"], options["target"], group.arn)
    updated: Schedule = update_schedule.replaced(self, **options)
    return updated


class GroupExistsError(JsonRESTError):
    """A group with this name exists."""

    code = 409


@extends(EventBridgeSchedulerBackend)
def create_schedule_group(self: EventBridgeSchedulerBackend, name: str, tags: list[dict[str, str]]) -> ScheduleGroup:
    """CreateScheduleGroup, which refuses a name that is in use."""
    if name in self.schedule_groups:
        raise GroupExistsError("ConflictException", f"Schedule group {name} already exists.")
    created: ScheduleGroup = create_schedule_group.replaced(self, name, tags)
    return created


@extends(EventBridgeSchedulerBackend)
def delete_schedule_group(self: EventBridgeSchedulerBackend, name: str | None) -> None:
    """DeleteScheduleGroup, with the schedules in it."""
    if not name or name not in self.schedule_groups:
        raise ScheduleGroupNotFound(name or "default")
    delete_schedule_group.replaced(self, name)
