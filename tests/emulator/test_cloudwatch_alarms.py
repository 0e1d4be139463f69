"""CloudWatch: when an alarm rises, what missing data does, and whom it can tell."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator import ACCOUNT_ID, EmbeddedAws, cloudwatch_metrics, sns
from tests.emulator.cloudwatch_alarms import calculate, evaluate_alarms

REGION = "eu-west-1"
NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
ADDRESS = "ops@example.com"


def alarm_of(aws: EmbeddedAws, **options: Any) -> None:
    """An alarm on errors, each of which is one too many."""
    given = {
        "AlarmName": "broken",
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "FunctionName", "Value": "it"}],
        "Statistic": "Sum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    aws.client("cloudwatch", REGION).put_metric_alarm(**given | options)


def happened(*minutes_ago: float, value: float = 1, function: str = "it") -> None:
    """Let errors have happened before NOW."""
    cloudwatch_metrics.points(REGION).extend(
        cloudwatch_metrics.Point(
            "AWS/Lambda", "Errors", {"FunctionName": function}, NOW - timedelta(minutes=each), value
        )
        for each in minutes_ago
    )


def test_an_alarm_begins_without_data(aws: EmbeddedAws) -> None:
    """A new alarm knows nothing, and an update leaves its state alone."""
    client = aws.client("cloudwatch", REGION)
    alarm_of(aws)
    assert client.describe_alarms()["MetricAlarms"][0]["StateValue"] == "INSUFFICIENT_DATA"
    happened(1)
    evaluate_alarms(REGION, NOW)
    alarm_of(aws, Threshold=5)
    assert client.describe_alarms()["MetricAlarms"][0]["StateValue"] == "ALARM"


@pytest.mark.parametrize(
    ("minutes_ago", "function", "state"),
    [(1, "it", "ALARM"), (4.9, "it", "ALARM"), (5.1, "it", "OK"), (1, "another", "OK")],
)
def test_an_alarm_looks_at_its_metric_in_its_period(
    aws: EmbeddedAws, minutes_ago: float, function: str, state: str
) -> None:
    """What happened in the period to the alarm's own function counts, and nothing else."""
    alarm_of(aws)
    happened(minutes_ago, function=function)
    assert evaluate_alarms(REGION, NOW) == {"broken": state}


@pytest.mark.parametrize(
    ("treatment", "states"),
    [
        ("notBreaching", ["OK", "OK", "ALARM"]),
        ("breaching", ["ALARM", "ALARM", "ALARM"]),
        ("missing", ["INSUFFICIENT_DATA", "ALARM", "ALARM"]),
        ("ignore", ["INSUFFICIENT_DATA", "INSUFFICIENT_DATA", "ALARM"]),
    ],
)
def test_missing_data(aws: EmbeddedAws, treatment: str, states: list[str]) -> None:
    """With nothing, one and both of two periods in breach, the alarm is as its treatment of missing data says."""
    alarm_of(aws, EvaluationPeriods=2, TreatMissingData=treatment)
    found = [evaluate_alarms(REGION, NOW)["broken"]]
    for minutes_ago in (1, 6):
        happened(minutes_ago)
        found.append(evaluate_alarms(REGION, NOW)["broken"])
    assert found == states


def test_an_alarm_of_more_than_a_day_looks_at_full_hours(aws: EmbeddedAws) -> None:
    """Where the periods exceed a day, the hour that is not over does not count."""
    alarm_of(aws, Period=3600, EvaluationPeriods=25, DatapointsToAlarm=1)
    happened(29)
    assert evaluate_alarms(REGION, NOW) == {"broken": "OK"}
    assert evaluate_alarms(REGION, NOW + timedelta(minutes=30)) == {"broken": "ALARM"}


def test_messages_in_a_queue(aws: EmbeddedAws) -> None:
    """A message raises the alarm on its queue, and the alarm ends when the queue is empty."""
    client = aws.client("sqs", REGION)
    url = client.create_queue(QueueName="dead")["QueueUrl"]
    dimensions = [{"Name": "QueueName", "Value": "dead"}]
    metric = {"Namespace": "AWS/SQS", "MetricName": "ApproximateNumberOfMessagesVisible", "Statistic": "Maximum"}
    alarm_of(aws, Dimensions=dimensions, **metric)
    assert evaluate_alarms(REGION, NOW) == {"broken": "OK"}
    client.send_message(QueueUrl=url, MessageBody="x")
    assert evaluate_alarms(REGION, NOW) == {"broken": "ALARM"}
    client.purge_queue(QueueUrl=url)
    assert evaluate_alarms(REGION, NOW + timedelta(minutes=10)) == {"broken": "OK"}


@pytest.mark.parametrize("admits", [True, False])
def test_a_topic_must_admit_cloudwatch(aws: EmbeddedAws, admits: bool) -> None:  # noqa: FBT001
    """Each change of state is mailed once if the topic's policy admits CloudWatch for the alarm, and else never."""
    client = aws.client("sns", REGION)
    topic_arn = client.create_topic(Name="on-call")["TopicArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic_arn,
        "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT_ID}:alarm:broken"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement] if admits else []})
    client.set_topic_attributes(TopicArn=topic_arn, AttributeName="Policy", AttributeValue=policy)
    client.subscribe(TopicArn=topic_arn, Protocol="email", Endpoint=ADDRESS)
    sns.confirm_all(REGION)
    alarm_of(aws, AlarmActions=[topic_arn], OKActions=[topic_arn])
    happened(1)
    for minutes in (0, 1, 10, 11):
        evaluate_alarms(REGION, NOW + timedelta(minutes=minutes))
    subjects = [mail.subject for mail in sns.outbox(REGION) if mail.token is None]
    assert subjects == [f'ALARM: "broken" in {REGION}', f'OK: "broken" in {REGION}'] * admits


def test_metric_math() -> None:
    """Metric math fills gaps, compares, and knows the time of each period."""
    starts = [NOW - timedelta(hours=2), NOW - timedelta(hours=1)]
    known: dict[str, Any] = {"m": [None, 3.0]}
    assert calculate("FILL(m, 0)", known, starts) == [0, 3]
    assert calculate("m * 2 + 1", known, starts) == [None, 7]
    assert calculate("IF(HOUR(m) > 10, 1, 0)", known, starts) == [0, 1]
    assert calculate("YEAR(m) * 10000 + MONTH(m) * 100 + DATE(m)", known, starts) == [20260301, 20260301]
    with pytest.raises(NotImplementedError, match="RATE"):
        calculate("RATE(m)", known, starts)


def test_an_alarm_on_metric_math(aws: EmbeddedAws) -> None:
    """An alarm looks at the one query whose data it returns."""
    metric = {
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "FunctionName", "Value": "it"}],
    }
    queries = [
        {"Id": "errors", "ReturnData": False, "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "Sum"}},
        {"Id": "filled", "ReturnData": True, "Expression": "FILL(errors, 0)"},
    ]
    aws.client("cloudwatch", REGION).put_metric_alarm(
        AlarmName="silence",
        Metrics=queries,
        EvaluationPeriods=2,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
    )
    assert evaluate_alarms(REGION, NOW) == {"silence": "ALARM"}
    happened(90)
    assert evaluate_alarms(REGION, NOW) == {"silence": "OK"}


def test_a_metric_filter_reads_one_field(aws: EmbeddedAws) -> None:
    """A JSON line whose field has the text counts; other lines do not, and another form of pattern is refused."""
    pattern = '{ $.message = "sweep complete" }'
    assert cloudwatch_metrics.matches(pattern, '{"message": "sweep complete", "instances": 3}')
    for line in ('{"message": "sweep incomplete"}', '{"level": "sweep complete"}', '["sweep complete"]', "text"):
        assert not cloudwatch_metrics.matches(pattern, line), line
    client = aws.client("logs", REGION)
    client.create_log_group(logGroupName="g")
    with pytest.raises(ClientError, match="InvalidParameterException"):
        client.put_metric_filter(
            logGroupName="g",
            filterName="f",
            filterPattern="ERROR",
            metricTransformations=[{"metricName": "m", "metricNamespace": "n", "metricValue": "1"}],
        )


def test_a_queue_tells_how_old_its_oldest_message_is(aws: EmbeddedAws) -> None:
    """The age is that of what has waited longest, and none where nothing waits."""
    client = aws.client("sqs", REGION)
    url = client.create_queue(QueueName="queue")["QueueUrl"]
    alarm_of(
        aws,
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=[{"Name": "QueueName", "Value": "queue"}],
        Statistic="Maximum",
        Threshold=600,
    )
    now = datetime.now(UTC)
    assert evaluate_alarms(REGION, now) == {"broken": "OK"}
    client.send_message(QueueUrl=url, MessageBody="old")
    assert evaluate_alarms(REGION, now + timedelta(minutes=9)) == {"broken": "OK"}
    assert evaluate_alarms(REGION, now + timedelta(minutes=11)) == {"broken": "ALARM"}


def test_a_message_that_keeps_failing_has_no_age(aws: EmbeddedAws) -> None:
    """SQS leaves out of a queue's age what was received three times."""
    client = aws.client("sqs", REGION)
    url = client.create_queue(QueueName="queue", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    client.send_message(QueueUrl=url, MessageBody="poison")
    later = datetime.now(UTC) + timedelta(hours=1)
    ages = []
    for _ in range(4):
        cloudwatch_metrics.points(REGION).clear()
        evaluate_alarms(REGION, later)
        ages += [
            point.value for point in cloudwatch_metrics.points(REGION) if point.name == "ApproximateAgeOfOldestMessage"
        ]
        client.receive_message(QueueUrl=url)
    assert [round(age / 3600) for age in ages] == [1, 1, 1, 0]
