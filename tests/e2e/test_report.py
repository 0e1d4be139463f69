"""The scheduled report: what is open, new and fixed, once, whatever fails on the way."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.conftest import REGION
from tests.e2e.conftest import IMAGE, ITSELF, Deploy, Deployment
from tests.emulator import cloudwatch_metrics, config_control, eventbridge, faults, lambda_invocations, scheduler, sns
from tests.emulator.cloudwatch_alarms import evaluate_alarms
from tests.emulator.sns import Mail

ACCOUNT = "123456789012"
NAME = "ec2-key-pair-monitor"
REPORTER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}-reporter"
TABLE = f"{NAME}-reports"
INPUTS = {
    "notification_emails": ["security@example.com"],
    "report_schedule": {"expression": "cron(0 8 ? * MON *)", "timezone": "Europe/Berlin"},
}


@pytest.fixture(scope="module")
def module_deployment(deploy: Deploy) -> Iterator[Deployment]:
    """The module with a report and nothing else."""
    with deploy(ITSELF, **INPUTS) as deployment:
        yield deployment


@pytest.fixture
def monitor(module_deployment: Deployment) -> Iterator[Deployment]:
    """The applied module before its first report, without instances, faults and raised alarms."""
    terminate(module_deployment, *running(module_deployment))
    key = {"source": {"S": f"{NAME}/{ACCOUNT}/{REGION}"}}
    module_deployment.client("dynamodb").delete_item(TableName=TABLE, Key=key)
    sns.outbox(REGION).clear()
    cloudwatch_metrics.points(REGION).clear()
    evaluate_alarms(REGION)
    faults.reset()
    yield module_deployment
    faults.reset()
    eventbridge.outages(REGION).clear()


def running(monitor: Deployment) -> list[str]:
    """The instances that exist."""
    reservations = monitor.client("ec2").describe_instances()["Reservations"]
    found = [each for reservation in reservations for each in reservation["Instances"]]
    return [each["InstanceId"] for each in found if each["State"]["Name"] != "terminated"]


def launch(monitor: Deployment, count: int) -> list[str]:
    """Launch instances without a key pair."""
    answer = monitor.client("ec2").run_instances(ImageId=IMAGE, MinCount=count, MaxCount=count)
    monitor.aws.settle()
    return [each["InstanceId"] for each in answer["Instances"]]


def terminate(monitor: Deployment, *instances: str) -> None:
    """Terminate instances."""
    if instances:
        monitor.client("ec2").terminate_instances(InstanceIds=list(instances))
        monitor.aws.settle()


def pass_weeks(monitor: Deployment, count: int = 1) -> list[Mail]:
    """Let Mondays come, and return the reports that arrive."""
    sns.outbox(REGION).clear()
    schedule = scheduler.schedule_of(REGION, "report", f"{NAME}-reports")
    now = vars(schedule).get("embedded_fired_until", scheduler.made(schedule))
    scheduler.pass_time(REGION, now + timedelta(weeks=count))
    monitor.aws.settle()
    return [mail for mail in monitor.notifications() if mail.subject.startswith("Report: ")]


def part(mail: Mail, title: str) -> set[str]:
    """The instances in a part of an e-mail."""
    found = re.search(rf"^{title} \(.*?(?=\n\n[A-Z]|\Z)", mail.body, re.DOTALL | re.MULTILINE)
    return set(re.findall(r"^i-[0-9a-f]{17}", found[0], re.MULTILINE)) if found else set()


def raised() -> set[str]:
    """The alarms that are in alarm now, by what follows the monitor's name in theirs."""
    return {name.removeprefix(f"{NAME}-") for name, state in evaluate_alarms(REGION).items() if state == "ALARM"}


def logged(message: str) -> list[dict[str, Any]]:
    """The lines of the reporter's last invocation with a message."""
    lines = [json.loads(line) for line in lambda_invocations.invocations(REPORTER)[-1].log if line.startswith("{")]
    return [line for line in lines if line.get("message") == message]


def test_second_plan_is_empty(module_deployment: Deployment) -> None:
    """What was applied is what is planned."""
    plan = module_deployment.root.plan(**INPUTS)

    assert plan.is_empty, plan.changes


def test_new_open_and_fixed(monitor: Deployment) -> None:
    """A report says what is open; the next one says exactly what is new since then, still open, and fixed."""
    a, b, c = launch(monitor, 3)
    [first] = pass_weeks(monitor)
    assert first.subject == f"Report: 3 EC2 instances are NON_COMPLIANT, 3 new in {REGION} ({ACCOUNT})"
    assert part(first, "New") == {a, b, c}

    terminate(monitor, b)
    [d] = launch(monitor, 1)
    [second] = pass_weeks(monitor)

    assert second.subject == f"Report: 3 EC2 instances are NON_COMPLIANT, 1 new, 1 fixed in {REGION} ({ACCOUNT})"
    assert (part(second, "New"), part(second, "Still open"), part(second, "Fixed")) == ({d}, {a, c}, {b})
    launched = config_control.history_of(REGION, a)[0].configuration["launchTime"]  # type: ignore[index]
    assert f"{a}, launched {launched[:10]} {launched[11:16]} UTC" in second.body
    assert [point.value for point in cloudwatch_metrics.points(REGION) if point.name == "OpenInstances"] == [3, 3]
    assert raised() == set()
