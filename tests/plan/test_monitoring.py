"""The alarms about the monitor itself."""

import json

import pytest

from tests.plan.conftest import alarms
from tests.support.cases import PlanEach
from tests.support.terraform import Plan

INSIDE = "module.ec2_key_pair_monitor."
NAME = "ec2-key-pair-monitor"


@pytest.fixture(scope="module")
def plans(plan_each: PlanEach) -> dict[str, Plan]:
    """A plan for each set of inputs."""
    return plan_each(
        {
            "daily": {"evaluation_frequency": "TwentyFour_Hours"},
            "hourly": {"evaluation_frequency": "One_Hour"},
            "without_alarms": {"alarm_topic_arns": [], "evaluation_frequency": "One_Hour"},
        }
    )


def test_an_alarm_for_each_way_to_break(defaults: Plan) -> None:
    """Errors, throttles, lost and dead letters, failed events and deliveries are each watched by AWS's own metric."""
    watched = {
        name: (each["namespace"], each["metric_name"], *(each["dimensions"] or {}).values())
        for name, each in alarms(defaults).items()
    }

    assert watched == {
        "evaluator-errors": ("AWS/Lambda", "Errors", f"{NAME}-evaluator"),
        "evaluator-throttles": ("AWS/Lambda", "Throttles", f"{NAME}-evaluator"),
        "lost-dead-letters": ("AWS/Lambda", "DeadLetterErrors", f"{NAME}-evaluator"),
        "failed-deliveries": ("AWS/SNS", "NumberOfNotificationsFailed", NAME),
        "lost-deliveries": ("AWS/SNS", "NumberOfNotificationsFailedToRedriveToDlq", NAME),
        "dead-deliveries": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", f"{NAME}-dead-deliveries"),
        "dead-evaluations": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", f"{NAME}-dead-evaluations"),
        "dead-notifications": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", f"{NAME}-dead-notifications"),
        "failed-events-non-compliant": ("AWS/Events", "FailedInvocations", f"{NAME}-non-compliant"),
        "failed-events-recorder": ("AWS/Events", "FailedInvocations", f"{NAME}-recorder"),
        "delayed-events-non-compliant": ("AWS/Events", "RetryInvocationAttempts", f"{NAME}-non-compliant"),
        "delayed-events-recorder": ("AWS/Events", "RetryInvocationAttempts", f"{NAME}-recorder"),
        "lost-events-non-compliant": ("AWS/Events", "InvocationsFailedToBeSentToDlq", f"{NAME}-non-compliant"),
        "lost-events-recorder": ("AWS/Events", "InvocationsFailedToBeSentToDlq", f"{NAME}-recorder"),
    }


def test_one_is_too_many_and_silence_is_well(defaults: Plan) -> None:
    """Each alarm is raised by the first failure. A quiet account, which has no data, raises none.

    A retry is not a failure yet. Its alarm is raised after retries in three successive quarters of an hour.
    """
    for name, each in alarms(defaults).items():
        assert (each["comparison_operator"], each["threshold"]) == ("GreaterThanThreshold", 0)
        periods = (900, 3) if name.startswith("delayed-events-") else (300, 1)
        assert (each["period"], each["evaluation_periods"]) == periods
        assert each["treat_missing_data"] == "notBreaching"


@pytest.mark.parametrize("plan", ["defaults", "everything"])
def test_alarm_says_what_to_do(plan: str, request: pytest.FixtureRequest) -> None:
    """Each alarm has a description that names the first thing to look at, within CloudWatch's 1,024 characters."""
    for each in alarms(request.getfixturevalue(plan)).values():
        assert "irst look at " in each["alarm_description"]
        assert len(each["alarm_description"]) <= 1024


def test_alarms_go_where_they_are_sent(everything: Plan) -> None:
    """Topics of the caller's may be made in the same root; the module's own topic then need not admit CloudWatch."""
    assert len(alarms(everything)) == 22
    for address in everything.resources:
        if "aws_cloudwatch_metric_alarm" in address:
            assert everything.unknown[address]["alarm_actions"]
    policy = json.loads(everything.resources[f"{INSIDE}module.notifications[0].aws_sns_topic_policy.this[0]"]["policy"])
    assert [each["Sid"] for each in policy["Statement"]] == ["Owner", "EventBridge"]


def test_no_alarms(plans: dict[str, Plan]) -> None:
    """An empty list makes no alarms and no metrics for them, and the key does not admit CloudWatch."""
    plan = plans["without_alarms"]

    assert alarms(plan) == {}
    found = [each for each in plan.resources if "metric_filter" in each or "terraform_data.schedule" in each]
    assert found == ["aws_cloudwatch_log_metric_filter.swept_instances[0]"]  # for alarms and dashboards of the caller's
    assert "cloudwatch.amazonaws.com" not in plan.resources["module.notifications[0].aws_kms_key.topic[0]"]["policy"]


@pytest.mark.parametrize(("frequency", "hours"), [("hourly", 1), ("daily", 24)])
def test_overdue_sweep(plans: dict[str, Plan], frequency: str, hours: int) -> None:
    """A sweep is overdue after twice its period, in hours, of which CloudWatch looks back at most seven days."""
    plan = plans[frequency]
    overdue = alarms(plan)["sweep-overdue"]
    [metric] = [query["metric"][0] for query in overdue["metric_query"] if query["metric"]]

    assert (overdue["evaluation_periods"], metric["period"], metric["metric_name"]) == (
        2 * hours,
        3600,
        "SweepComplete",
    )
    assert overdue["evaluation_periods"] * metric["period"] <= 7 * 24 * 3600
    filters = {each["name"]: each for each in plan.of_type("aws_cloudwatch_log_metric_filter")}
    assert filters[f"{NAME}-SweepComplete"]["pattern"] == '{ $.message = "sweep complete" }'
    assert filters[f"{NAME}-SweepIncomplete"]["pattern"] == '{ $.message = "sweep incomplete" }'
    [open_instances] = filters[f"{NAME}-SweptOpenInstances"]["metric_transformation"]
    assert (open_instances["name"], open_instances["value"]) == ("OpenInstances", "$.open")
    assert len(filters) == 3


def test_recorder_is_watched(defaults: Plan) -> None:
    """Every stop, deletion or change of the recorder that succeeded is notified; a refused one is not."""
    rule = defaults.resources['aws_cloudwatch_event_rule.notified["recorder"]']
    target = defaults.resources['aws_cloudwatch_event_target.notifications["recorder"]']

    assert json.loads(rule["event_pattern"]) == {
        "source": ["aws.config"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {
            "eventSource": ["config.amazonaws.com"],
            "eventName": [
                "AssociateResourceTypes",
                "DeleteConfigurationRecorder",
                "DisassociateResourceTypes",
                "PutConfigurationRecorder",
                "StopConfigurationRecorder",
            ],
            "errorCode": [{"exists": False}],
        },
    }
    template = target["input_transformer"][0]["input_template"]
    assert "<call> was called on AWS Config in <region>" in template
    assert target["retry_policy"] == [{"maximum_event_age_in_seconds": 86400, "maximum_retry_attempts": 185}]
