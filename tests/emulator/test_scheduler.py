"""EventBridge Scheduler: what a function receives, whose role decides, and where the event goes otherwise."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator import ACCOUNT_ID, EmbeddedAws, cloudwatch_metrics, eventbridge, lambda_invocations, scheduler
from tests.emulator.conftest import REGION, refused
from tests.support.functions import allow, document, zipped
from tests.support.queues import messages

ARN = f"arn:aws:scheduler:{REGION}:{ACCOUNT_ID}"
GROUP = f"{ARN}:schedule-group/reports"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:report"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:dead"
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/scheduler"
INPUT = (
    '{"at": "<aws.scheduler.scheduled-time>", "by": "<aws.scheduler.schedule-arn>", '
    '"attempt": "<aws.scheduler.attempt-number>", "id": "<aws.scheduler.execution-id>"}'
)


def trust(service: str, condition: dict[str, Any] | None = None) -> str:
    """A trust policy."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        "Condition": condition or {},
    }
    return document(statement)


def may(aws: EmbeddedAws, *actions: str) -> None:
    """Let the schedule's role do these actions alone."""
    policy = document(allow(*actions, resource=[FUNCTION, QUEUE]))
    aws.client("iam", REGION).put_role_policy(RoleName="scheduler", PolicyName="all", PolicyDocument=policy)


@pytest.fixture
def account(aws: EmbeddedAws) -> EmbeddedAws:
    """An account with a function, a queue, a group and the role of a schedule."""
    iam = aws.client("iam", REGION)
    role = iam.create_role(RoleName="report", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"]
    condition = {"ArnEquals": {"aws:SourceArn": GROUP}, "StringEquals": {"aws:SourceAccount": ACCOUNT_ID}}
    iam.create_role(RoleName="scheduler", AssumeRolePolicyDocument=trust(scheduler.PRINCIPAL, condition))
    may(aws, "lambda:InvokeFunction", "sqs:SendMessage")
    aws.client("lambda", REGION).create_function(
        FunctionName="report",
        Role=role,
        Runtime="python3.13",
        Handler="module.handler",
        Timeout=60,
        Code={"ZipFile": zipped("def handler(event, context): return event")},
    )
    aws.client("sqs", REGION).create_queue(QueueName="dead")
    aws.client("scheduler", REGION).create_schedule_group(Name="reports")
    return aws


def create(aws: EmbeddedAws, expression: str = "cron(0 8 ? * MON *)", **options: Any) -> None:
    """Create the schedule."""
    target = {
        "Arn": FUNCTION,
        "RoleArn": ROLE,
        "Input": INPUT,
        "DeadLetterConfig": {"Arn": QUEUE},
        "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 3600},
    }
    aws.client("scheduler", REGION).create_schedule(
        **{
            "Name": "report",
            "GroupName": "reports",
            "ScheduleExpression": expression,
            "ScheduleExpressionTimezone": "Asia/Tokyo",  # its clocks never change
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": target | options.pop("Target", {}),
        }
        | options
    )
    aws.settle()


def pass_weeks(aws: EmbeddedAws, weeks: int) -> list[datetime]:
    """Let weeks pass."""
    started = scheduler.made(scheduler.schedule_of(REGION, "report", "reports"))
    times = scheduler.pass_time(REGION, started + timedelta(weeks=weeks))
    aws.settle()
    return times


def received() -> list[dict[str, Any]]:
    """What the function was invoked with."""
    return [json.loads(each.event) for each in lambda_invocations.invocations(FUNCTION)]


def counted() -> set[str]:
    """The names of the group's metrics that have a value."""
    points = cloudwatch_metrics.points(REGION)
    return {each.name for each in points if each.dimensions == {"ScheduleGroup": "reports"}}


def test_invokes_with_its_role(account: EmbeddedAws) -> None:
    """A function is invoked each time, with the context attributes in the place of their names."""
    create(account)
    assert received() == []

    times = pass_weeks(account, 2)

    assert [each["at"] for each in received()] == [scheduler.iso(at) for at in times]
    assert len(times) == 2
    assert {(each["by"], each["attempt"]) for each in received()} == {(f"{ARN}:schedule/reports/report", "1")}
    assert pass_weeks(account, 2) == []


def test_disabled(account: EmbeddedAws) -> None:
    """A disabled schedule is not due."""
    create(account, State="DISABLED")

    assert pass_weeks(account, 2) == []


def test_rate_begins_at_once(account: EmbeddedAws) -> None:
    """A rate without a start date is due as soon as it exists."""
    create(account, "rate(7 days)")
    assert len(received()) == 1

    pass_weeks(account, 1)
    assert len(received()) == 2


def test_retries(account: EmbeddedAws) -> None:
    """A function that fails for a while is tried again; for longer, the event becomes a dead letter."""
    create(account)
    eventbridge.outages(REGION)[FUNCTION] = timedelta(seconds=2)
    pass_weeks(account, 1)
    assert [each["attempt"] for each in received()] == ["3"]

    eventbridge.outages(REGION)[FUNCTION] = timedelta(hours=1)
    [at] = pass_weeks(account, 2)

    [letter] = messages(account, QUEUE)
    attributes = {name: each["StringValue"] for name, each in letter["MessageAttributes"].items()}
    assert json.loads(letter["Body"])["at"] == attributes["SCHEDULED_TIME"] == scheduler.iso(at)
    assert (attributes["EXHAUSTED_RETRY_CONDITION"], attributes["RETRY_ATTEMPTS"]) == ("MaximumRetryAttempts", "3")
    assert (attributes["SCHEDULE_ARN"], attributes["TARGET_ARN"]) == (f"{ARN}:schedule/reports/report", FUNCTION)
    assert counted() >= {"InvocationAttemptCount", "InvocationDroppedCount", "InvocationsSentToDeadLetterCount"}


def test_missing_permissions(account: EmbeddedAws) -> None:
    """Without the permission to invoke, the event is kept; without that to send either, it is lost and counted."""
    create(account)
    may(account, "sqs:SendMessage")
    pass_weeks(account, 1)
    [letter] = messages(account, QUEUE)
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "AccessDeniedException"

    may(account, "lambda:GetFunction")
    pass_weeks(account, 2)

    assert received() == []
    assert "InvocationsFailedToBeSentToDeadLetterCount" in counted()


def test_trust_of_another_group(account: EmbeddedAws) -> None:
    """A role whose trust names another group, or a schedule, can't be assumed."""
    iam = account.client("iam", REGION)
    for source in (f"{ARN}:schedule-group/other", f"{ARN}:schedule/reports/report"):
        policy = trust(scheduler.PRINCIPAL, {"ArnEquals": {"aws:SourceArn": source}})
        iam.update_assume_role_policy(RoleName="scheduler", PolicyDocument=policy)
        with pytest.raises(ClientError, match="must allow AWS EventBridge Scheduler to assume the role") as error:
            create(account)
        assert refused(error) == "ValidationException"


@pytest.mark.parametrize(
    "options",
    [
        {"ScheduleExpression": "cron(0 8 * * MON *)"},
        {"ScheduleExpressionTimezone": "Europe/Bonn"},
        {"Target": {"Input": "no JSON"}},
        {"Target": {"DeadLetterConfig": {"Arn": f"{QUEUE}.fifo"}}},
    ],
)
def test_refused(account: EmbeddedAws, options: dict[str, Any]) -> None:
    """Bad input is refused."""
    with pytest.raises(ClientError) as error:
        create(account, **options)
    assert refused(error) == "ValidationException"


def test_groups(account: EmbeddedAws) -> None:
    """A group's name is taken once, a schedule needs its group, and both go together."""
    client = account.client("scheduler", REGION)
    with pytest.raises(ClientError, match="already exists"):
        client.create_schedule_group(Name="reports")
    create(account)
    client.delete_schedule_group(Name="reports")
    for call in (
        lambda: client.delete_schedule_group(Name="reports"),
        lambda: client.get_schedule(Name="report", GroupName="reports"),
        lambda: create(account),
    ):
        with pytest.raises(ClientError, match="does not exist"):
            call()


@pytest.mark.parametrize("moment", ["2026-03-23T06:30Z", "2026-03-28T12:00Z", "2026-10-19T06:30Z", "2026-10-19T12:00Z"])
def test_a_week_has_one_monday_morning(account: EmbeddedAws, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    """A weekly schedule is due once in each week that passes, also in those in which clocks change."""
    create(account, ScheduleExpressionTimezone="Europe/Berlin")
    monkeypatch.setattr(scheduler, "made", lambda _: datetime.fromisoformat(moment))
    monkeypatch.setattr(scheduler, "fire", lambda *_: None)

    assert [len(scheduler.pass_weeks(REGION)) for _ in range(3)] == [1, 1, 1]
