"""What a scheduled report adds to a plan. Without a report, no part of it exists."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.emulator import schedule_expressions
from tests.plan.conftest import alarms
from tests.support import CHECKOUT
from tests.support.cases import PlanEach, RefuseEach
from tests.support.policies import ACCOUNT, BY_LAMBDA_WITH_DEAD_LETTERS, BY_SNS, allowed, statements
from tests.support.reporter import MONDAY, Edge, row
from tests.support.terraform import Plan, Root

NAME = "ec2-key-pair-monitor"
REGION = "eu-central-1"
MONDAYS = {"expression": "cron(0 8 ? * MON *)", "timezone": "Europe/Berlin"}
INSIDE = "module.notifications[0]."
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"


def subscription(**values: Any) -> dict[str, Any]:
    """A subscriber by e-mail with a filter."""
    email = {"protocol": "email", "endpoint": "audit@example.com", "filter_policy": '{"verdict": ["NON_COMPLIANT"]}'}
    return {"audit": email | values}


@pytest.fixture(scope="module")
def plans(plan_each: PlanEach) -> dict[str, Plan]:
    """A plan for each set of inputs."""
    only_reports = subscription(filter_policy='{"kind": ["report"]}', filter_policy_scope="MessageAttributes")
    inputs: dict[str, dict[str, Any]] = {
        "filtered": {"subscriptions": only_reports},
        "longest_name": {"name": "k" * 41, "permissions_boundary_arn": BOUNDARY, "tags": {"team": "security"}},
        "own_topic": {"sns_topic": {"arn": TOPIC}},
        "report": {},
    }
    return plan_each({name: each | {"report_schedule": MONDAYS} for name, each in inputs.items()})


@pytest.fixture(scope="module")
def report(plans: dict[str, Plan]) -> Plan:
    """A plan with a report each Monday."""
    return plans["report"]


def test_nothing_of_it_without_a_schedule(defaults: Plan) -> None:
    """By default there is no schedule, no function, no table and no dead letters of a report."""
    found = [*defaults.resources, *defaults.data]

    assert not [address for address in found if re.search("report|scheduler|dynamodb|archive_file.notifier", address)]


def test_schedule(report: Plan) -> None:
    """The schedule has the time zone, passes its time on, retries for a day, and has a dead-letter queue."""
    address = f"{INSIDE}aws_scheduler_schedule.report[0]"
    schedule = report.resources[address]

    assert (schedule["schedule_expression"], schedule["schedule_expression_timezone"]) == (*MONDAYS.values(),)
    assert (schedule["group_name"], schedule["flexible_time_window"][0]["mode"]) == (f"{NAME}-reports", "OFF")
    [target] = schedule["target"]
    assert json.loads(target["input"]) == {"scheduled_time": "<aws.scheduler.scheduled-time>"}
    assert target["retry_policy"] == [{"maximum_event_age_in_seconds": 86400, "maximum_retry_attempts": 185}]
    assert report.unknown[address]["target"][0]["dead_letter_config"] == [{"arn": True}]


def test_nobody_elses_schedule_can_use_the_role(report: Plan) -> None:
    """EventBridge Scheduler may assume the role for the module's own group in this account alone."""
    role = report.resources[f"{INSIDE}aws_iam_role.scheduler[0]"]
    [trust] = json.loads(role["assume_role_policy"])["Statement"]

    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"] == {
        "ArnEquals": {"aws:SourceArn": f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/{NAME}-reports"},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }


def test_function_and_table(report: Plan) -> None:
    """The reporter has the notifier's package, another handler and the longest time-out. Its table is backed up."""
    function = report.resources[f"{INSIDE}aws_lambda_function.reporter[0]"]
    assert (function["handler"], function["timeout"]) == ("notifier.reporter.lambda_handler", 900)
    assert function["filename"].endswith("-notifier.zip")
    assert function["logging_config"][0]["log_group"] == f"/aws/lambda/{NAME}-reporter"
    assert report.unknown[f"{INSIDE}aws_lambda_function.reporter[0]"]["dead_letter_config"] == [{"target_arn": True}]

    table = report.resources[f"{INSIDE}aws_dynamodb_table.reports[0]"]
    assert (table["name"], table["billing_mode"], table["hash_key"]) == (f"{NAME}-reports", "PAY_PER_REQUEST", "source")
    assert table["point_in_time_recovery"][0]["enabled"] is True


def test_alarms(report: Plan) -> None:
    """What fails between the schedule and the topic raises an alarm, and how many are open is a metric."""
    found = alarms(report)
    filters = {each["name"]: each for each in report.of_type("aws_cloudwatch_log_metric_filter")}

    dropped = found["dropped-reports"]
    assert (dropped["namespace"], dropped["metric_name"]) == ("AWS/Scheduler", "InvocationDroppedCount")
    assert dropped["dimensions"] == {"ScheduleGroup": f"{NAME}-reports"}
    assert found["reporter-errors"]["dimensions"] == {"FunctionName": f"{NAME}-reporter"}
    assert "dead-reports" in found
    [incomplete] = filters[f"{NAME}-ReportIncomplete"]["metric_transformation"]
    assert incomplete["name"] == found["report-incomplete"]["metric_name"]
    [open_instances] = filters[f"{NAME}-ReportedOpenInstances"]["metric_transformation"]
    assert (open_instances["name"], open_instances["value"]) == ("OpenInstances", "$.open")


def test_longest_name_boundary_and_tags(plans: dict[str, Plan]) -> None:
    """The longest name fits, every role has the boundary, and everything that can have tags has them."""
    plan = plans["longest_name"]

    roles = {each["name"]: each for each in plan.of_type("aws_iam_role")}
    assert len(roles) == 3
    assert all(len(name) <= 64 for name in roles)
    assert {each["permissions_boundary"] for each in roles.values()} == {BOUNDARY}
    assert all(each["tags"] == {"team": "security"} for each in plan.resources.values() if "tags" in each)


# Bad input


EXPRESSIONS = [
    "rate(7 days)",
    "rate(1 hour)",
    "rate(0 days)",
    "rate(1 week)",
    "rate(-1 days)",
    "at(2030-12-31T08:00:00)",
    "at(2030-13-31T08:00:00)",
    "at(2030-12-31)",
    "cron(0 8 ? * MON *)",
    "cron(0 8 ? * MON-FRI *)",
    "cron(30 6,18 1-15/2 JAN,JUL ? 2026-2030)",
    "cron(0/15 8 L * ? *)",
    "cron(0 08 15W * ? *)",
    "cron(0 8 ? * 2#1 *)",
    "cron(0 8 ? * FRIL *)",
    "cron(0 8 ? * L *)",
    "cron(0 8 * * MON *)",
    "cron(0 8 ? * ? *)",
    "cron(0 8 * * *)",
    "cron(0 8 ? * MON * *)",
    "cron(60 8 ? * MON *)",
    "cron(0 24 ? * MON *)",
    "cron(0 8 32 * ? *)",
    "cron(0 8 ? 13 MON *)",
    "cron(0 8 ? * 0 *)",
    "cron(0 8 ? * 2#6 *)",
    "cron(0 8 ? * TUE#2 *)",
    "cron(0 8 ? * TUESDAY#2 *)",
    "cron(0 8 ? * MON 1969)",
    "cron(0 8 ? * MONDAY *)",
    "every monday",
    "",
]


def is_taken(expression: str) -> bool:
    """Whether the embedded EventBridge Scheduler takes an expression."""
    try:
        schedule_expressions.check(expression, "UTC")
    except schedule_expressions.InvalidScheduleError:
        return False
    return True


def test_expressions(tmp_path: Path) -> None:
    """The module takes what EventBridge Scheduler takes, and refuses what it refuses."""
    written = (CHECKOUT / "modules/notifications/variables.tf").read_text()
    patterns = written[written.index("  # https://docs.aws.amazon.com/scheduler/") : written.index("\nvariable ")]
    fits = "anytrue([for pattern in values(local.schedule_patterns) : can(regex(pattern, each))])"
    taken = f'output "taken" {{\n  value = [for each in {json.dumps(EXPRESSIONS)} : each if {fits}]\n}}\n'
    (tmp_path / "main.tf").write_text(f"locals {{\n{patterns}\n{taken}")
    root = Root(tmp_path, {}, ())
    root.init()

    assert root.plan().outputs["taken"] == [each for each in EXPRESSIONS if is_taken(each)]


def test_bad_input(refuse_each: RefuseEach) -> None:
    """Bad input is refused at plan time, with an example; so is a filter on the body, for a report is a text."""
    refused = refuse_each(
        {
            "body": {"report_schedule": MONDAYS, "subscriptions": subscription()},
            "schedule": {"report_schedule": {"expression": "cron(0 8 * * MON *)", "timezone": "CEST"}},
        }
    )

    [message] = refused["body"]
    assert "can't filter on the body of the message with report_schedule, because" in message
    schedule = "\n".join(refused["schedule"])
    assert 'report_schedule must have an expression of EventBridge Scheduler: "cron(0 8 ? * MON *)"' in schedule
    assert 'invalid: "cron(0 8 * * MON *)".' in schedule
    assert 'report_schedule must have a timezone of the IANA database, such as "Europe/Berlin"' in schedule
    assert 'invalid: "CEST".' in schedule


def test_filter_on_reports(plans: dict[str, Plan]) -> None:
    """A filter on the kind lets reports alone pass."""
    resources = plans["filtered"].resources
    [subscriber] = [each for address, each in resources.items() if "aws_sns_topic_subscription" in address]
    assert subscriber["filter_policy_scope"] == "MessageAttributes"


# Least privilege


def test_reporter_may_do_what_it_calls(report: Plan, edge: Edge) -> None:
    """The role may do what the code calls and what services do with it, and no more; each on its own resources."""
    edge.report(MONDAY, "i-1", one=row("i-1"))
    called = {f"config:{api}" for api, _ in edge.config.calls} | {f"dynamodb:{api}" for api, _ in edge.table.calls}
    found = allowed(report, "", "reporter")

    assert len(edge.sns.published) == 1
    assert set(found) == called | {"sns:Publish"} | set(BY_LAMBDA_WITH_DEAD_LETTERS | BY_SNS)
    log = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/{NAME}-reporter:*"
    table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{NAME}-reports"
    assert found == {
        "config:GetComplianceDetailsByConfigRule": [f"arn:aws:config:{REGION}:{ACCOUNT}:config-rule/*"],
        "config:SelectResourceConfig": ["*"],
        "dynamodb:GetItem": [table],
        "dynamodb:PutItem": [table],
        "kms:Decrypt": [None],
        "kms:GenerateDataKey": [None],
        "logs:CreateLogStream": [log],
        "logs:PutLogEvents": [log],
        "sns:Publish": [f"arn:aws:sns:{REGION}:{ACCOUNT}:{NAME}"],
        "sqs:SendMessage": [f"arn:aws:sqs:{REGION}:{ACCOUNT}:{NAME}-dead-reports"],
    }


def test_scheduler_starts_the_report_alone(report: Plan) -> None:
    """The schedule's role may start the one function and keep what fails."""
    assert allowed(report, "", "scheduler") == {
        "lambda:InvokeFunction": [f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}-reporter"],
        "sqs:SendMessage": [f"arn:aws:sqs:{REGION}:{ACCOUNT}:{NAME}-dead-reports"],
    }


def test_topic_of_the_callers(plans: dict[str, Plan]) -> None:
    """The reporter may use every key of the account, but only for the caller's own topic."""
    plan = plans["own_topic"]

    policy = statements(plan.resources[f"{INSIDE}aws_iam_role_policy.reporter[0]"]["policy"])
    assert policy["Publish"]["Resource"] == TOPIC
    [keys] = json.loads(plan.resources[f"{INSIDE}aws_iam_role_policy.reporter_keys[0]"]["policy"])["Statement"]
    assert keys["Condition"] == {"StringEquals": {"kms:EncryptionContext:aws:sns:topicArn": TOPIC}}
