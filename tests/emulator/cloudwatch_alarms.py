"""CloudWatch alarms: evaluated when a test asks, and published to the topics whose policies allow it.

- Evaluation and missing data: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
- Metric math: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
- Topics: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html

An alarm evaluates as many periods as it is set to. They end now or, if they exceed a day, at the last full hour. AWS
evaluates more periods when data is missing, so its alarms may change later. Metric math knows ``IF``, ``FILL``,
``YEAR``, ``MONTH``, ``DATE``, ``HOUR``, ``+``, ``*``, ``<`` and ``>``; assumed is that ``FILL`` also fills a metric
that never had a value. The form of a message follows examples. A topic that does not admit CloudWatch gets no message,
and the alarm's state does not show this.
"""

import ast
import json
import math
import operator
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend, MetricDataQuery, cloudwatch_backends
from moto.sqs.models import sqs_backends

from tests.emulator import cloudwatch_metrics, eventbridge, sns
from tests.emulator.accounts import ACCOUNT_ID
from tests.emulator.moto_methods import extends

PRINCIPAL = "cloudwatch.amazonaws.com"

Series = list[float | None]

OPERATORS: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Mult: operator.mul,
    ast.Lt: operator.lt,
    ast.Gt: operator.gt,
}
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
STATISTICS: dict[str, Callable[[list[float]], float]] = {"Sum": math.fsum, "Maximum": max}
PARTS_OF_TIME: dict[str, Callable[[datetime], float]] = {
    "YEAR": lambda time: time.year,
    "MONTH": lambda time: time.month,
    "DATE": lambda time: time.day,
    "HOUR": lambda time: time.hour,
}


def evaluate_alarms(region: str, at: datetime | None = None, *, account: str = ACCOUNT_ID) -> dict[str, str]:
    """Evaluate every alarm of a region as at a time, else now; returns the state of each by its name."""
    at = at or datetime.now(UTC)
    count_messages(region, account, at)
    alarms: dict[str, Alarm] = cloudwatch_backends[account][region].alarms
    for alarm in alarms.values():
        state = evaluate(alarm, cloudwatch_metrics.points(region, account), at)
        if state != alarm.state_value:
            before = state_in_event(alarm)
            alarm.update_state(f"Evaluated at {at.isoformat()}", "{}", state)
            tell(alarm, at)
            announce(alarm, before, at)
    return {name: alarm.state_value for name, alarm in alarms.items()}


@extends(CloudWatchBackend)
def set_alarm_state(
    self: CloudWatchBackend, alarm_name: str, reason: str, reason_data: str | None, state_value: str
) -> None:
    """SetAlarmState, which has the consequences of any change of state.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html
    """
    alarm = self.alarms.get(alarm_name)
    before, value = (state_in_event(alarm), alarm.state_value) if alarm else ({}, "")
    set_alarm_state.replaced(self, alarm_name, reason, reason_data, state_value)
    if alarm and alarm.state_value != value:
        at = datetime.now(UTC)
        tell(alarm, at)
        announce(alarm, before, at)


def count_messages(region: str, account: str, at: datetime) -> None:
    """Count the messages in each queue, and the seconds that the oldest has waited.

    For the age, SQS leaves out messages that were received three times or more:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    """
    for name, queue in sqs_backends[account][region].queues.items():
        counted = [each.sent_timestamp or 0 for each in queue._messages if each.approximate_receive_count < 3]
        oldest = min(counted, default=at.timestamp() * 1000)
        age = max(0.0, at.timestamp() - oldest / 1000)
        waiting = float(queue.approximate_number_of_messages)
        for metric, value in (
            ("ApproximateAgeOfOldestMessage", age),
            ("ApproximateNumberOfMessagesVisible", waiting),
        ):
            cloudwatch_metrics.count(region, account, "AWS/SQS", metric, {"QueueName": name}, value=value, at=at)


def evaluate(alarm: Alarm, points: Sequence[cloudwatch_metrics.Point], at: datetime) -> str:
    """The state that an alarm's last periods put it in."""
    queries = {query.id: query for query in alarm.metric_data_queries}
    periods = [int(query.metric_stat.period) for query in queries.values() if query.metric_stat]
    period = timedelta(seconds=int(periods[0] if periods else alarm.period))
    wanted = int(alarm.evaluation_periods)
    end = at.replace(minute=0, second=0, microsecond=0) if wanted * period > timedelta(days=1) else at
    starts = [end - period * number for number in range(wanted, 0, -1)]

    def metric(namespace: str, name: str, dimensions: dict[str, str], statistic: str) -> Series:
        found = [
            each for each in points if (each.namespace, each.name, each.dimensions) == (namespace, name, dimensions)
        ]
        combine: Callable[[list[float]], float] = STATISTICS[statistic]
        # A window ends with the moment that it is evaluated at.
        values = [[each.value for each in found if start < each.at <= start + period] for start in starts]
        return [float(combine(value)) if value else None for value in values]

    if queries:
        known = {name: stat_of(query, metric) for name, query in queries.items() if query.metric_stat}
        [result] = [query for query in queries.values() if query.return_data in (True, "true")]
        series = known[result.id] if result.metric_stat else calculate(str(result.expression), known, starts)
    else:
        dimensions = {str(each.name): str(each.value) for each in alarm.dimensions}
        series = metric(alarm.namespace, alarm.metric_name, dimensions, alarm.statistic)
    return state_of(alarm, series)


def stat_of(query: MetricDataQuery, metric: Callable[..., Series]) -> Series:
    """The values that a query of a metric asks for."""
    stat: Any = query.metric_stat
    dimensions = {str(each.name): str(each.value) for each in stat.metric.dimensions}
    return metric(stat.metric.namespace, stat.metric.metric_name, dimensions, stat.stat)


def state_of(alarm: Alarm, series: Series) -> str:
    """The state for the values of the periods, None for what is missing."""
    breaks = COMPARISONS[alarm.comparison_operator]
    breaches = [None if value is None else breaks(value, alarm.threshold) for value in series]
    match alarm.treat_missing_data or "missing":
        case "breaching":
            breaches = [each is not False for each in breaches]
        case "notBreaching":
            breaches = [each is True for each in breaches]
        case "missing" if all(each is None for each in breaches):
            return "INSUFFICIENT_DATA"
    needed = int(alarm.datapoints_to_alarm or alarm.evaluation_periods)
    known = [each for each in breaches if each is not None]
    if alarm.treat_missing_data == "ignore" and len(known) < needed and False not in known:
        return str(alarm.state_value)
    return "ALARM" if sum(known) >= min(needed, len(known)) else "OK"


def calculate(expression: str, known: dict[str, Series], starts: list[datetime]) -> Series:
    """The values of a metric math expression; its syntax, as far as it is known here, is Python's as well.

    Raises:
        NotImplementedError: the expression uses what is not known here.
    """

    def of(node: ast.expr) -> Series:
        match node:
            case ast.Name(id=name):
                series = known[name]
            case ast.Constant(value=int() | float() as number):
                series = [float(number)] * len(starts)
            case ast.BinOp(left=left, op=op, right=right) | ast.Compare(left=left, ops=[op], comparators=[right]):
                series = pairwise(OPERATORS[type(op)], of(left), of(right))
            case ast.Call(func=ast.Name(id=name), args=[_]) if name in PARTS_OF_TIME:
                series = [PARTS_OF_TIME[name](start) for start in starts]
            case ast.Call(func=ast.Name(id="FILL"), args=[sparse, filler]):
                series = [b if a is None else a for a, b in zip(of(sparse), of(filler), strict=True)]
            case ast.Call(func=ast.Name(id="IF"), args=[condition, yes, no]):
                series = [b if a else c for a, b, c in zip(of(condition), of(yes), of(no), strict=True)]
            case _:
                raise NotImplementedError(f"The embedded AWS does not have the metric math {ast.unparse(node)}")
        return series

    return of(ast.parse(expression, mode="eval").body)


def pairwise(operation: Callable[[float, float], float], left: Series, right: Series) -> Series:
    """What an operation makes of two series; a value that is missing in one is missing in the result."""
    pairs = zip(left, right, strict=True)
    return [None if a is None or b is None else float(operation(a, b)) for a, b in pairs]


def tell(alarm: Alarm, at: datetime) -> None:
    """Publish the alarm's new state to its topics for that state."""
    _, _, _, region, account, _, _ = alarm.alarm_arn.split(":", 6)
    actions = {"ALARM": alarm.alarm_actions, "OK": alarm.ok_actions}.get(
        alarm.state_value, alarm.insufficient_data_actions
    )
    message = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": account,
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": at.isoformat(timespec="milliseconds"),
        "Region": region,
        "AlarmArn": alarm.alarm_arn,
    }
    for topic_arn in actions if alarm.actions_enabled else []:
        if sns.may_publish(topic_arn, principal=PRINCIPAL, source_arn=alarm.alarm_arn):
            sns.publish(topic_arn, json.dumps(message), f'{alarm.state_value}: "{alarm.name}" in {region}')


def announce(alarm: Alarm, before: dict[str, Any], at: datetime) -> None:
    """Put the alarm's change of state on the default event bus, whatever actions it has.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
    """
    _, _, _, region, account, _, _ = alarm.alarm_arn.split(":", 6)
    detail = {
        "alarmName": alarm.name,
        "state": state_in_event(alarm),
        "previousState": before,
        "configuration": {"description": alarm.description, "metrics": metrics_in_event(alarm)},
    }
    eventbridge.publish(
        region,
        "aws.cloudwatch",
        "CloudWatch Alarm State Change",
        detail,
        resources=[alarm.alarm_arn],
        time=at,
        account=account,
    )


def state_in_event(alarm: Alarm) -> dict[str, Any]:
    """An alarm's state as an event has it."""
    moment = alarm.state_updated_timestamp.replace(tzinfo=UTC).isoformat(timespec="milliseconds")
    return {
        "value": alarm.state_value,
        "reason": alarm.state_reason,
        "reasonData": alarm.state_reason_data,
        "timestamp": moment.replace("+00:00", "+0000"),
    }


def metrics_in_event(alarm: Alarm) -> list[dict[str, Any]]:
    """What an alarm looks at, as an event has it."""

    def stat(namespace: Any, name: Any, dimensions: Any, period: Any, statistic: Any) -> dict[str, Any]:
        metric = {
            "namespace": namespace,
            "name": name,
            "dimensions": {str(each.name): str(each.value) for each in dimensions},
        }
        return {"metric": metric, "period": int(period), "stat": statistic}

    if not alarm.metric_data_queries:
        one = stat(alarm.namespace, alarm.metric_name, alarm.dimensions, alarm.period, alarm.statistic)
        return [{"id": str(uuid.uuid4()), "metricStat": one, "returnData": True}]
    found = []
    for query in alarm.metric_data_queries:
        of: Any = query.metric_stat
        looked_at = (
            {"metricStat": stat(of.metric.namespace, of.metric.metric_name, of.metric.dimensions, of.period, of.stat)}
            if of
            else {"expression": query.expression}
        )
        found.append({"id": query.id, **looked_at, "returnData": query.return_data in (True, "true")})
    return found


@extends(CloudWatchBackend)
def put_metric_alarm(self: CloudWatchBackend, name: str, *arguments: Any, **options: Any) -> Alarm:
    """PutMetricAlarm: a new alarm begins with INSUFFICIENT_DATA, and an update keeps the state."""
    before = self.alarms.get(name)
    alarm: Alarm = put_metric_alarm.replaced(self, name, *arguments, **options)
    alarm.state_value = before.state_value if before else "INSUFFICIENT_DATA"
    return alarm
