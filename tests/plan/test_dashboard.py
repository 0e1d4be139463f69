"""examples/dashboard: every metric that a widget names is one that the module or AWS publishes."""

import json
from collections.abc import Callable

from tests.support.terraform import Root

# What AWS publishes, and the page that says so.
BY_AWS = {
    "AWS/Lambda": (
        "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html",
        {"Invocations", "Errors", "Throttles"},
    ),
    "AWS/SNS": (
        "https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html",
        {"NumberOfNotificationsDelivered", "NumberOfNotificationsFailed"},
    ),
}


def test_metrics_of_the_dashboard_exist(root_in: Callable[[str], Root]) -> None:
    """Three widgets show metrics of the module's own filters, its function and its topic, and no other."""
    plan = root_in("examples/dashboard").plan()
    body = json.loads(plan.resources["aws_cloudwatch_dashboard.this"]["dashboard_body"])
    shown = [metric for widget in body["widgets"] for metric in widget["properties"]["metrics"]]
    filters = plan.of_type("aws_cloudwatch_log_metric_filter")
    own = {(each["namespace"], each["name"]) for found in filters for each in found["metric_transformation"]}
    functions = {each["function_name"] for each in plan.resources.values() if "function_name" in each}
    topics = {each["name"] for each in plan.of_type("aws_sns_topic")}

    assert len(body["widgets"]) == 3
    for namespace, name, *dimension in shown:
        if namespace in BY_AWS:
            assert name in BY_AWS[namespace][1]
            assert dimension[1] in {"FunctionName": functions, "TopicName": topics}[dimension[0]]
        else:
            assert ((namespace, name), dimension) == (("ec2-key-pair-monitor", "OpenInstances"), [])
            assert (namespace, name) in own
