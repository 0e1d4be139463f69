"""CloudWatch metrics: those that the services here count, and those that metric filters read from the log.

- Lambda: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
- EventBridge: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
- SNS: https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
- Metric filters: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html

Only metrics about failures are counted, each with the dimension that AWS documents for a function, rule or topic. A
metric filter's pattern must have the form ``{ $.field = "text" }``; others are refused. The value of its metric is a
number or, as ``$.field``, that of a field. A line whose field has no number is not counted. Stricter than AWS: a metric
filter's default value is not published.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from moto.cloudwatch.models import cloudwatch_backends
from moto.logs.models import LogsBackend, logs_backends

from tests.emulator.accounts import ACCOUNT_ID
from tests.emulator.moto_methods import extends, refuse

PATTERN = re.compile(r'\{\s*\$\.(\w+)\s*=\s*"([^"]*)"\s*\}')


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a metric."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    at: datetime
    value: float


def points(region: str, account: str = ACCOUNT_ID) -> list[Point]:
    """Every value of a region's metrics; moto's reset forgets them."""
    kept: list[Point] = vars(cloudwatch_backends[account][region]).setdefault("embedded_points", [])
    return kept


def count(  # noqa: PLR0913  (what makes a metric)
    region: str,
    account: str,
    namespace: str,
    name: str,
    dimensions: Mapping[str, str],
    *,
    value: float = 1,
    at: datetime | None = None,
) -> None:
    """Add a value to a metric: one, and now, unless the caller says otherwise."""
    points(region, account).append(Point(namespace, name, dimensions, at or datetime.now(UTC), value))


def count_lines(region: str, account: str, log_group: str, lines: Iterable[str]) -> None:
    """Count the lines of a log group that its metric filters match."""
    for each in logs_backends[account][region].filters.get_matching_filters(log_group_name=log_group):
        for line in lines:
            if matches(each["filterPattern"], line):
                for transformation in each["metricTransformations"]:
                    value = value_of(transformation["metricValue"], line)
                    namespace, name = transformation["metricNamespace"], transformation["metricName"]
                    if value is not None:
                        count(region, account, namespace, name, {}, value=value)


def matches(pattern: str, line: str) -> bool:
    """Whether a line of a log is JSON whose field has the pattern's text."""
    found = PATTERN.fullmatch(pattern.strip())
    try:
        document = json.loads(line)
    except ValueError:
        return False
    return found is not None and isinstance(document, dict) and document.get(found[1]) == found[2]


def value_of(expression: str, line: str) -> float | None:
    """What a line counts: a number, or that of one of its fields, where it is one."""
    value = json.loads(line).get(expression.removeprefix("$.")) if expression.startswith("$.") else float(expression)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


@extends(LogsBackend)
def put_metric_filter(
    self: LogsBackend, filter_name: str, filter_pattern: str, log_group_name: str, metric_transformations: str
) -> None:
    """PutMetricFilter, for the patterns that are understood here."""
    if not PATTERN.fullmatch(filter_pattern.strip()):
        refuse("InvalidParameterException", f"The embedded AWS does not have the filter pattern {filter_pattern}")
    replaced = put_metric_filter.replaced
    replaced(self, filter_name, filter_pattern, log_group_name, metric_transformations)
