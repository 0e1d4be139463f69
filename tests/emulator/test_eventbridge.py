"""EventBridge: what a target receives, who must admit it, and where the event goes otherwise."""

import itertools
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.emulator import ACCOUNT_ID, EmbeddedAws, cloudwatch_metrics, eventbridge, lambda_invocations, sns
from tests.support.functions import QUEUE, REGION
from tests.support.queues import messages
from tests.support.rules import DEAD, RULE, THIS_RULE, WHEN, bodies, fire, policy, queue_of, rule_of
from tests.support.topics import mails

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:notifications"


def topic_of(aws: EmbeddedAws, *, admits: bool = True, condition: Any = None, **attributes: str) -> None:
    """Create a topic that admits the rule or, without ``admits``, nobody, with a confirmed e-mail address."""
    client = aws.client("sns", REGION)
    if admits:
        attributes["Policy"] = policy("sns:Publish", TOPIC, condition)
    client.create_topic(Name="notifications", Attributes=attributes)
    client.subscribe(TopicArn=TOPIC, Protocol="email", Endpoint="ops@example.com")
    sns.confirm_all(REGION)


def key_of(aws: EmbeddedAws, *, admits: bool, condition: Any = None) -> str:
    """A new key that admits EventBridge, or no service."""
    encrypt: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": eventbridge.PRINCIPAL},
        "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
        "Resource": "*",
    }
    if condition:
        encrypt["Condition"] = condition
    given = {"Policy": json.dumps({"Statement": [encrypt]})} if admits else {}
    return str(aws.client("kms", REGION).create_key(**given)["KeyMetadata"]["KeyId"])


def counted() -> dict[str, list[datetime]]:
    """When each metric of the rule was counted."""
    found: dict[str, list[datetime]] = {}
    for point in cloudwatch_metrics.points(REGION):
        assert (point.namespace, point.dimensions, point.value) == ("AWS/Events", {"RuleName": "change"}, 1)
        found.setdefault(point.name, []).append(point.at)
    return found


# The event


def test_an_event_has_the_documented_envelope(aws: EmbeddedAws) -> None:
    """A target without input gets the whole event, its fields in AWS's order and its time in AWS's form."""
    queue_of(aws, QUEUE)
    rule_of(aws, QUEUE)
    fire(aws)
    event = json.loads(bodies(aws)[0])
    assert str(uuid.UUID(event.pop("id"))) != ""
    assert list(event.items()) == [
        ("version", "0"),
        ("detail-type", "A Change"),
        ("source", "test"),
        ("account", ACCOUNT_ID),
        ("time", "2026-01-02T03:04:05Z"),
        ("region", REGION),
        ("resources", ["arn:one"]),
        ("detail", {"name": "value"}),
    ]


def test_put_events_is_answered_whatever_becomes_of_the_event(aws: EmbeddedAws) -> None:
    """PutEvents answers 200 though the target refuses the event, and keeps to AWS's form."""
    topic_of(aws, admits=False)
    queue_of(aws, DEAD)
    rule_of(aws, TOPIC, DeadLetterConfig={"Arn": DEAD})
    entry = {"Source": "test", "DetailType": "A Change", "Detail": "{}", "Time": WHEN}
    answer = aws.client("events", REGION).put_events(Entries=[entry])
    aws.settle()
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["FailedEntryCount"]) == (200, 0)
    event = json.loads(bodies(aws, DEAD)[0])
    assert (event["id"], event["time"]) == (answer["Entries"][0]["EventId"], "2026-01-02T03:04:05Z")
    assert "ingestion-time" not in event


def test_only_what_the_pattern_matches_is_delivered(aws: EmbeddedAws) -> None:
    """An event of another source is not delivered."""
    queue_of(aws, QUEUE)
    rule_of(aws, QUEUE)
    eventbridge.publish(REGION, "other", "A Change", {})
    aws.settle()
    assert bodies(aws) == []


def test_a_disabled_rule_does_not_fire(aws: EmbeddedAws) -> None:
    """A disabled rule delivers nothing."""
    queue_of(aws, QUEUE)
    rule_of(aws, QUEUE)
    aws.client("events", REGION).disable_rule(Name="change")
    fire(aws)
    assert bodies(aws) == []


def test_a_scheduled_rule_is_not_fired_by_events(aws: EmbeddedAws) -> None:
    """A rule with a schedule and no pattern matches no event."""
    queue_of(aws, QUEUE)
    rule_of(aws, QUEUE)
    client = aws.client("events", REGION)
    client.remove_targets(Rule="change", Ids=["it"])
    client.put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")
    client.put_targets(Rule="hourly", Targets=[{"Id": "it", "Arn": QUEUE}])
    fire(aws)
    assert bodies(aws) == []


def test_a_log_group_receives_the_event(aws: EmbeddedAws) -> None:
    """A target that needs no policy of its own here is served as moto serves it."""
    logs = aws.client("logs", REGION)
    logs.create_log_group(logGroupName="/events")
    rule_of(aws, f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:/events")
    aws.client("events", REGION).put_events(Entries=[{"Source": "test", "DetailType": "A Change", "Detail": "{}"}])
    fire(aws)
    assert len(logs.filter_log_events(logGroupName="/events")["events"]) == 2


# Who must admit it


def test_a_topic_that_admits_the_rule_gets_the_event(aws: EmbeddedAws) -> None:
    """An event reaches the e-mail address behind a topic that admits EventBridge."""
    topic_of(aws)
    rule_of(aws, TOPIC, Input='"hello"')
    fire(aws)
    assert [body.partition("\n")[0] for body in mails()] == ['"hello"']


def test_a_topic_that_admits_nobody_makes_a_dead_letter(aws: EmbeddedAws) -> None:
    """What a topic refuses goes to the target's dead-letter queue: the original event, and what went wrong."""
    topic_of(aws, admits=False)
    queue_of(aws, DEAD)
    rule_of(aws, TOPIC, Input='"hello"', DeadLetterConfig={"Arn": DEAD})
    fire(aws)
    (message,) = messages(aws, DEAD)
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert json.loads(message["Body"])["detail"] == {"name": "value"}
    assert attributes.pop("ERROR_MESSAGE")
    assert attributes == {"RULE_ARN": RULE, "TARGET_ARN": TOPIC, "ERROR_CODE": "NO_PERMISSIONS"}
    assert mails() == []


def test_a_missing_topic_makes_a_dead_letter(aws: EmbeddedAws) -> None:
    """What is for a topic that is not there goes to the dead-letter queue with a code of its own."""
    queue_of(aws, DEAD)
    rule_of(aws, TOPIC, DeadLetterConfig={"Arn": DEAD})
    fire(aws)
    (message,) = messages(aws, DEAD)
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_RESOURCE"


@pytest.mark.parametrize(
    ("condition", "arrives"),
    [
        pytest.param(THIS_RULE, True, id="this rule"),
        pytest.param({"ArnEquals": {"aws:SourceArn": RULE + "-other"}}, False, id="another rule"),
        pytest.param({"StringEquals": {"aws:SourceOwner": ACCOUNT_ID}}, False, id="the default policy's key"),
    ],
)
def test_a_topics_condition_is_honoured(aws: EmbeddedAws, condition: Any, arrives: bool) -> None:  # noqa: FBT001
    """A topic whose policy has a condition admits only the rule that fulfils it."""
    topic_of(aws, condition=condition)
    rule_of(aws, TOPIC)
    fire(aws)
    assert bool(mails()) is arrives


@pytest.mark.parametrize("service", ["sns", "sqs"])
@pytest.mark.parametrize(
    ("admits", "condition", "arrives"),
    [
        pytest.param(True, None, True, id="the key admits"),
        pytest.param(False, None, False, id="the key has no statement"),
        pytest.param(True, {"StringEquals": {"aws:SourceAccount": ACCOUNT_ID}}, False, id="the key asks for a source"),
    ],
)
def test_an_encrypted_target_needs_its_key(
    aws: EmbeddedAws,
    service: str,
    admits: bool,  # noqa: FBT001
    condition: Any,
    arrives: bool,  # noqa: FBT001
) -> None:
    """A topic or a queue under a key that does not admit EventBridge gets nothing; the event is a dead letter."""
    key_id = key_of(aws, admits=admits, condition=condition)
    if service == "sns":
        topic_of(aws, KmsMasterKeyId=key_id)
    else:
        queue_of(aws, QUEUE, KmsMasterKeyId=key_id)
    queue_of(aws, DEAD)
    rule_of(aws, TOPIC if service == "sns" else QUEUE, DeadLetterConfig={"Arn": DEAD})
    fire(aws)
    assert bool(mails() if service == "sns" else bodies(aws)) is arrives
    assert len(bodies(aws, DEAD)) == (0 if arrives else 1)


@pytest.mark.parametrize("admits", [True, False])
def test_a_function_must_admit_the_rule(
    aws: EmbeddedAws,
    monkeypatch: pytest.MonkeyPatch,
    admits: bool,  # noqa: FBT001
) -> None:
    """A function gets an event if it admits the rule; otherwise the event is a dead letter."""
    invoked: list[tuple[str, str]] = []
    asked: list[tuple[str, ...]] = []

    def may_invoke(*arguments: str) -> bool:
        asked.append(arguments)
        return admits

    monkeypatch.setattr(lambda_invocations, "may_invoke", may_invoke)
    monkeypatch.setattr(lambda_invocations, "process", lambda *arguments: invoked.append(arguments))
    function_arn = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:it"
    queue_of(aws, DEAD)
    rule_of(aws, function_arn, Input='"hello"', DeadLetterConfig={"Arn": DEAD})
    fire(aws)
    assert asked == [(function_arn, eventbridge.PRINCIPAL, RULE)]
    assert invoked == [(function_arn, '"hello"')] * admits
    assert len(bodies(aws, DEAD)) == (0 if admits else 1)


def test_a_topic_under_the_managed_key_never_gets_anything(aws: EmbeddedAws) -> None:
    """A topic under alias/aws/sns gets no event, whatever its own policy says."""
    topic_of(aws, KmsMasterKeyId="alias/aws/sns")
    queue_of(aws, DEAD)
    rule_of(aws, TOPIC, DeadLetterConfig={"Arn": DEAD})
    fire(aws)
    assert (mails(), len(bodies(aws, DEAD))) == ([], 1)


def test_without_a_dead_letter_queue_the_event_is_gone(aws: EmbeddedAws) -> None:
    """A refused event without a dead-letter queue is lost silently."""
    topic_of(aws, admits=False)
    rule_of(aws, TOPIC)
    fire(aws)
    assert mails() == []


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_dead_letter_queue_must_admit_the_rule_as_well(aws: EmbeddedAws, encrypted: bool) -> None:  # noqa: FBT001
    """A dead-letter queue gets nothing if its policy, or that of its key, does not admit EventBridge."""
    topic_of(aws, admits=False)
    if encrypted:
        queue_of(aws, DEAD, KmsMasterKeyId=key_of(aws, admits=False))
    else:
        queue_of(aws, DEAD, admits=False)
    rule_of(aws, TOPIC, DeadLetterConfig={"Arn": DEAD})
    fire(aws)
    assert bodies(aws, DEAD) == []
    assert set(counted()) == {"FailedInvocations", "InvocationsFailedToBeSentToDlq"}


def test_a_dead_letter_is_counted(aws: EmbeddedAws) -> None:
    """An event that is given up is a failed invocation and, once it is kept, one that was sent to the queue."""
    topic_of(aws, admits=False)
    queue_of(aws, DEAD, SqsManagedSseEnabled="true")
    rule_of(aws, TOPIC, DeadLetterConfig={"Arn": DEAD})
    fire(aws)
    assert len(bodies(aws, DEAD)) == 1
    assert set(counted()) == {"FailedInvocations", "InvocationsSentToDlq"}


def test_a_target_that_fails_for_a_while_is_tried_again(aws: EmbeddedAws) -> None:
    """An event is delivered when its target answers again; until then every retry counts, and no failure."""
    topic_of(aws)
    rule_of(aws, TOPIC)
    eventbridge.outages(REGION)[TOPIC] = timedelta(hours=3)
    fire(aws)
    assert len(mails()) == 1
    retries = counted()
    assert set(retries) == {"RetryInvocationAttempts"}
    pauses = [b - a for a, b in itertools.pairwise(retries["RetryInvocationAttempts"])]
    assert max(pauses) <= timedelta(minutes=8)
    assert sum(pauses, timedelta()) > timedelta(hours=2, minutes=45)


@pytest.mark.parametrize(
    ("policy", "condition", "attempts", "hours"),
    [
        ({}, "MaximumRetryAttempts", 185, 24),
        ({"MaximumRetryAttempts": 3}, "MaximumRetryAttempts", 3, 0),
        ({"MaximumEventAgeInSeconds": 3600}, "MaximumEventAgeInSeconds", None, 1),
    ],
)
def test_a_target_that_keeps_failing(
    aws: EmbeddedAws, policy: dict[str, int], condition: str, attempts: int | None, hours: int
) -> None:
    """An event whose retries are used up, a day by default, fails then and no sooner, and is a dead letter."""
    topic_of(aws)
    queue_of(aws, DEAD)
    rule_of(aws, TOPIC, DeadLetterConfig={"Arn": DEAD}, RetryPolicy=policy)
    eventbridge.outages(REGION)[TOPIC] = timedelta(days=2)
    before = datetime.now(UTC)
    fire(aws)
    assert mails() == []
    [letter] = messages(aws, DEAD)
    reason = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    retries = len(counted()["RetryInvocationAttempts"])
    assert (reason["EXHAUSTED_RETRY_CONDITION"], reason["RETRY_ATTEMPTS"]) == (condition, str(attempts or retries))
    [failed] = counted()["FailedInvocations"]
    assert round((failed - before) / timedelta(hours=1)) == hours


def test_a_fifo_queue_gets_the_targets_group(aws: EmbeddedAws) -> None:
    """A FIFO queue gets the event in the message group that the target names."""
    arn = QUEUE + ".fifo"
    queue_of(aws, arn, FifoQueue="true", ContentBasedDeduplication="true")
    rule_of(aws, arn, SqsParameters={"MessageGroupId": "group"})
    fire(aws)
    assert len(bodies(aws, arn)) == 1
