"""examples/dashboard: a report of open, new and fixed instances, sent once, also after failures."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.conftest import REGION
from tests.e2e.conftest import Deploy, Deployment
from tests.emulator import (
    cloudwatch_metrics,
    config_control,
    config_delivery,
    faults,
    lambda_environments,
    lambda_invocations,
    schedule_expressions,
    scheduler,
    sns,
)
from tests.emulator.faults import Kind
from tests.emulator.sns import Mail

ACCOUNT = "123456789012"
NAME = "ec2-key-pair-monitor"
REPORTER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}-reporter"
REPORTER_ROLE = f"{NAME}-reporter-{REGION}"
TABLE = f"{NAME}-reports"


@pytest.fixture(scope="module")
def module_deployment(deploy: Deploy) -> Iterator[Deployment]:
    """The example with a report and a dashboard."""
    with deploy("dashboard") as deployment:
        yield deployment


@pytest.fixture
def monitor(module_deployment: Deployment) -> Iterator[Deployment]:
    """The applied module before its first report, without instances, faults and raised alarms."""
    terminate(module_deployment, *running(module_deployment))
    forget(module_deployment)
    module_deployment.calm()
    yield module_deployment
    faults.reset()


def forget(monitor: Deployment) -> None:
    """Empty the table."""
    key = {"source": {"S": f"{NAME}/{ACCOUNT}/{REGION}"}}
    monitor.client("dynamodb").delete_item(TableName=TABLE, Key=key)


def reports(monitor: Deployment) -> list[Mail]:
    """The reports in the inbox."""
    return [mail for mail in monitor.notifications() if mail.subject.startswith("Report: ")]


def reported_time() -> datetime:
    """The last time at which the schedule was due."""
    schedule = scheduler.schedule_of(REGION, f"{NAME}-reports", f"{NAME}-reports")
    until = vars(schedule)["embedded_fired_until"]
    week = until - timedelta(weeks=1)
    [due] = schedule_expressions.occurrences("cron(0 8 ? * MON *)", "Europe/Berlin", week, week, until)
    return due


def running(monitor: Deployment) -> list[str]:
    """The instances that exist."""
    reservations = monitor.client("ec2").describe_instances()["Reservations"]
    found = [each for reservation in reservations for each in reservation["Instances"]]
    return [each["InstanceId"] for each in found if each["State"]["Name"] != "terminated"]


def terminate(monitor: Deployment, *instances: str) -> None:
    """Terminate instances."""
    if instances:
        monitor.client("ec2").terminate_instances(InstanceIds=list(instances))
        monitor.aws.settle()


def pass_weeks(monitor: Deployment, count: int = 1) -> list[Mail]:
    """Let Mondays come, and return the reports that arrive."""
    sns.outbox(REGION).clear()
    scheduler.pass_weeks(REGION, count)
    monitor.aws.settle()
    return reports(monitor)


def part(mail: Mail, title: str) -> set[str]:
    """The instances in a part of an e-mail."""
    found = re.search(rf"^{title} \(.*?(?=\n\n[A-Z]|\Z)", mail.body, re.DOTALL | re.MULTILINE)
    return set(re.findall(r"^i-[0-9a-f]{17}", found[0], re.MULTILINE)) if found else set()


def raised(monitor: Deployment, at: datetime | None = None) -> set[str]:
    """The alarms that are in alarm at a time, else now. No sweep runs while weeks pass, so its alarm does not count."""
    return monitor.raised(at) - {"sweep-overdue"}


def logged(message: str) -> list[dict[str, Any]]:
    """The lines of the reporter's last invocation with a message."""
    lines = [json.loads(line) for line in lambda_invocations.invocations(REPORTER)[-1].log if line.startswith("{")]
    return [line for line in lines if line.get("message") == message]


def test_second_plan_is_empty(module_deployment: Deployment) -> None:
    """What was applied is what is planned."""
    plan = module_deployment.root.plan()

    assert plan.is_empty, plan.changes


@pytest.mark.parametrize("renewed", [True, False])
def test_new_open_and_fixed(monitor: Deployment, *, renewed: bool) -> None:
    """A report says what is open; the next one says exactly what is new since then, still open, and fixed.

    It does not matter whether AWS Config renews the time of a result with each sweep.
    """
    config_control.renew_results(REGION, renewed)
    a, b, c = monitor.launch_many(3)
    [first] = pass_weeks(monitor)
    assert first.subject == f"Report: 3 EC2 instances are NON_COMPLIANT, 3 new in {REGION} ({ACCOUNT})"
    assert part(first, "New") == {a, b, c}

    terminate(monitor, b)
    [d] = monitor.launch_many(1)
    config_delivery.fire_schedule(REGION)
    monitor.aws.settle()
    [second] = pass_weeks(monitor)

    assert second.subject == f"Report: 3 EC2 instances are NON_COMPLIANT, 1 new, 1 fixed in {REGION} ({ACCOUNT})"
    assert (part(second, "New"), part(second, "Still open"), part(second, "Fixed")) == ({d}, {a, c}, {b})
    launched = config_control.history_of(REGION, a)[0].configuration["launchTime"]  # type: ignore[index]
    assert f"{a}, launched {launched[:10]} {launched[11:16]} UTC" in second.body
    assert [point.value for point in cloudwatch_metrics.points(REGION) if point.name == "OpenInstances"] == [3, 3, 3]
    assert raised(monitor) == set()


def test_a_schedule_that_fires_twice_reports_once(monitor: Deployment) -> None:
    """EventBridge Scheduler may invoke more than once; a week later there is a report again."""
    monitor.launch_many(1)
    assert len(pass_weeks(monitor)) == 1
    schedule = scheduler.schedule_of(REGION, f"{NAME}-reports", f"{NAME}-reports")
    reported = vars(schedule)["embedded_fired_until"]

    for each in [reported_time()] * 2:
        scheduler.fire(schedule, each)
    monitor.aws.settle()
    assert len(reports(monitor)) == 1
    assert logged("already reported")

    assert len(pass_weeks(monitor)) == 1
    assert vars(schedule)["embedded_fired_until"] > reported
    assert raised(monitor) == set()


def test_silence(monitor: Deployment) -> None:
    """No report is sent while nothing is open. When the last instance is fixed, exactly one more report says so."""
    assert pass_weeks(monitor) == []
    [instance] = monitor.launch_many(1)
    assert len(pass_weeks(monitor)) == 1
    terminate(monitor, instance)

    [fixed] = pass_weeks(monitor)
    assert fixed.subject == f"Report: no EC2 instance is NON_COMPLIANT, 1 fixed in {REGION} ({ACCOUNT})"
    assert pass_weeks(monitor) == []


def test_loss_of_the_table_repeats_and_loses_nothing(monitor: Deployment) -> None:
    """Without its memory, a report counts every open instance as new, and leaves none out."""
    instances = monitor.launch_many(2)
    pass_weeks(monitor)
    forget(monitor)

    [again] = pass_weeks(monitor)
    assert part(again, "New") == set(instances)


def test_failed_write(monitor: Deployment) -> None:
    """A report that can't be remembered is not sent again; the next one repeats what is new, and an alarm says so."""
    [a] = monitor.launch_many(1)
    pass_weeks(monitor)
    [b] = monitor.launch_many(1)
    with monitor.without("dynamodb:PutItem", REPORTER_ROLE):
        [told] = pass_weeks(monitor)
    assert part(told, "New") == {b}
    assert raised(monitor) == {"report-incomplete"}

    [again] = pass_weeks(monitor)
    assert (part(again, "New"), part(again, "Still open")) == ({b}, {a})


def test_crash_after_the_publish(monitor: Deployment) -> None:
    """If the function dies between the publish and the write, the report is repeated once and nothing is lost."""
    instances = monitor.launch_many(2)
    faults.inject("Publish", Kind.CALLER_DIES, 1, then=lambda: lambda_environments.kill(REPORTER))
    assert [part(each, "New") for each in pass_weeks(monitor)] == [set(instances)] * 2

    faults.inject("PutItem", Kind.CALLER_DIES, 1, then=lambda: lambda_environments.kill(REPORTER))
    [told] = pass_weeks(monitor)
    assert (part(told, "New"), part(told, "Still open")) == (set(), set(instances))


def test_failures_before_the_publish(monitor: Deployment) -> None:
    """A permanent failure before the publish becomes a dead letter and raises an alarm."""
    monitor.launch_many(1)
    with monitor.without("config:GetComplianceDetailsByConfigRule", REPORTER_ROLE):
        assert pass_weeks(monitor) == []
    assert raised(monitor) == {"dead-reports", "reporter-errors"}
    [letter] = monitor.dead_letters("reports")
    assert json.loads(letter["Body"])["scheduled_time"] == scheduler.iso(reported_time())

    cloudwatch_metrics.points(REGION).clear()
    with monitor.without("lambda:InvokeFunction", f"{NAME}-scheduler-{REGION}"):
        assert pass_weeks(monitor) == []
    # The schedule has tried for a day, of which nobody has waited.
    [dropped] = [each.at for each in cloudwatch_metrics.points(REGION) if each.name == "InvocationDroppedCount"]
    assert raised(monitor, dropped) == {"dead-reports", "dropped-reports"}
    [letter] = monitor.dead_letters("reports")
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "AccessDeniedException"

    assert len(pass_weeks(monitor)) == 1
