"""Event source mappings: what a function gets of a queue, what comes back, and what ends among the dead letters."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator import ACCOUNT_ID, EmbeddedAws, cloudwatch_metrics, faults, lambda_environments, lambda_invocations
from tests.emulator.faults import Kind
from tests.support.functions import FUNCTION, REGION, make_function, make_role

POLLING = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:queue"
DEAD = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:dead"

# Fails what is told to fail, and answers with what it is told to answer.
CODE = """
import json
def handler(event, context):
    bodies = [record["body"] for record in event["Records"]]
    for body in bodies:
        if body.startswith("answer "):
            return json.loads(body[7:])
    if "raise" in bodies:
        raise ValueError("broken")
    failed = [record["messageId"] for record in event["Records"] if record["body"] == "fail"]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}
"""


def make_queues(aws: EmbeddedAws, **attributes: str) -> str:
    """A queue whose messages become dead letters after three attempts; returns its URL."""
    sqs = aws.client("sqs", REGION)
    sqs.create_queue(QueueName="dead")
    redrive = json.dumps({"deadLetterTargetArn": DEAD, "maxReceiveCount": 3})
    url: str = sqs.create_queue(QueueName="queue", Attributes={"RedrivePolicy": redrive, **attributes})["QueueUrl"]
    return url


def make_mapping(aws: EmbeddedAws, **options: Any) -> dict[str, Any]:
    """A mapping with partial batch responses, of up to 1,000 messages."""
    options = {
        "BatchSize": 1000,
        "MaximumBatchingWindowInSeconds": 60,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": 2},
    } | options
    client = aws.client("lambda", REGION)
    made: dict[str, Any] = client.create_event_source_mapping(FunctionName="function", EventSourceArn=QUEUE, **options)
    return made


@pytest.fixture
def url(aws: EmbeddedAws) -> str:
    """A queue and a function that may poll it, not mapped yet."""
    make_role(aws, *POLLING)
    made = make_queues(aws)
    make_function(aws, CODE)
    return made


def send(aws: EmbeddedAws, url: str, *bodies: str) -> None:
    """Send messages within one batching window, and wait until all that follows has happened."""
    with aws.at_once():
        for body in bodies:
            aws.client("sqs", REGION).send_message(QueueUrl=url, MessageBody=body)
    aws.settle()


def batches() -> list[list[str]]:
    """What the function was handed, batch by batch, in an order that can be compared."""
    events = [json.loads(each.event) for each in lambda_invocations.invocations(FUNCTION)]
    return sorted([record["body"] for record in event["Records"]] for event in events)


def waiting(aws: EmbeddedAws, name: str = "queue") -> int:
    """How many messages are in a queue, visible or not."""
    sqs = aws.client("sqs", REGION)
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"], AttributeNames=names)
    return sum(map(int, found["Attributes"].values()))


def test_a_window_is_one_batch(aws: EmbeddedAws, url: str) -> None:
    """What arrives within a window is handed over together, as AWS writes it, and is gone when the function is done."""
    make_mapping(aws)
    send(aws, url, "a", "b")

    assert batches() == [["a", "b"]]
    assert waiting(aws) == waiting(aws, "dead") == 0
    [event] = [json.loads(each.event) for each in lambda_invocations.invocations(FUNCTION)]
    record = event["Records"][0]
    assert set(record) == {
        "messageId", "receiptHandle", "body", "attributes", "messageAttributes", "md5OfBody", "eventSource",
        "eventSourceARN", "awsRegion",
    }  # fmt: skip
    assert (record["eventSource"], record["eventSourceARN"], record["awsRegion"]) == ("aws:sqs", QUEUE, REGION)
    assert record["attributes"]["ApproximateReceiveCount"] == "1"


def test_a_record_has_the_messages_attributes(aws: EmbeddedAws, url: str) -> None:
    """A message's attributes reach the function, spelled as Lambda spells them."""
    make_mapping(aws)
    colour = {"DataType": "String", "StringValue": "red"}
    aws.client("sqs", REGION).send_message(QueueUrl=url, MessageBody="a", MessageAttributes={"colour": colour})
    aws.settle()
    [record] = json.loads(lambda_invocations.invocations(FUNCTION)[0].event)["Records"]
    assert record["messageAttributes"] == {
        "colour": {"stringValue": "red", "stringListValues": [], "binaryListValues": [], "dataType": "String"}
    }


def test_what_waits_already_is_polled(aws: EmbeddedAws, url: str) -> None:
    """A mapping takes what was in the queue before it."""
    send(aws, url, "a")
    make_mapping(aws)
    aws.settle()
    assert batches() == [["a"]]


def test_two_batches_run_beside_each_other(aws: EmbeddedAws, url: str) -> None:
    """Many messages are dealt out to as many batches as may run at a time; none holds more than it may."""
    mapping = make_mapping(aws, BatchSize=15)
    client = aws.client("lambda", REGION)
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    send(aws, url, *(f"{n:02}" for n in range(35)))
    assert batches() == []
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    aws.settle()

    assert sorted(map(len, batches())) == [5, 15, 15]
    assert sorted(body for batch in batches() for body in batch) == [f"{n:02}" for n in range(35)]


def test_a_batch_is_no_larger_than_an_event_may_be(aws: EmbeddedAws, url: str) -> None:
    """A batch ends before six megabytes."""
    mapping = make_mapping(aws)
    aws.client("lambda", REGION).update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    send(aws, url, *("x" * 250_000 for _ in range(60)))
    aws.client("lambda", REGION).update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    aws.settle()

    assert sum(map(len, batches())) == 60
    assert max(len(each.event) for each in lambda_invocations.invocations(FUNCTION)) <= 6 * 1024 * 1024


def test_what_fails_comes_back_alone(aws: EmbeddedAws, url: str) -> None:
    """A message that the function names is tried as often as the queue says, and then a dead letter."""
    make_mapping(aws)
    send(aws, url, "good", "fail")

    assert batches() == [["fail"], ["fail"], ["good", "fail"]]
    assert (waiting(aws), waiting(aws, "dead")) == (0, 1)
    counts = {r["attributes"]["ApproximateReceiveCount"] for each in lambda_invocations.invocations(FUNCTION)
              for r in json.loads(each.event)["Records"] if r["body"] == "fail"}  # fmt: skip
    assert counts == {"1", "2", "3"}
    assert cloudwatch_metrics.points(REGION) == []


def test_a_partial_response_is_a_success(aws: EmbeddedAws, url: str) -> None:
    """A function that gives all of its batch back has not failed: only one that raises counts as an error."""
    make_mapping(aws)
    send(aws, url, "fail")
    assert cloudwatch_metrics.points(REGION) == []
    send(aws, url, "raise")
    assert {(each.namespace, each.name) for each in cloudwatch_metrics.points(REGION)} == {("AWS/Lambda", "Errors")}


def test_a_function_that_fails_returns_the_batch(aws: EmbeddedAws, url: str) -> None:
    """An error, or an answer that names what is not in the batch, fails all of it; nothing named fails none."""
    make_mapping(aws)
    send(aws, url, "raise", "a")
    assert waiting(aws, "dead") == 2
    for item in ({"itemIdentifier": "other"}, {"itemIdentifier": ""}, {"itemIdentifier": None}, {"wrong": "x"}, "x"):
        before = waiting(aws, "dead")
        send(aws, url, f"answer {json.dumps({'batchItemFailures': [item]})}")
        assert waiting(aws, "dead") == before + 1
    before = waiting(aws, "dead")
    send(aws, url, "answer null", "answer {}", 'answer {"batchItemFailures":[]}', 'answer {"batchItemFailures":null}')
    assert (waiting(aws), waiting(aws, "dead")) == (0, before)


def test_without_partial_responses_an_answer_does_not_count(aws: EmbeddedAws, url: str) -> None:
    """Without partial batch responses, any answer of the function completes the whole batch."""
    make_mapping(aws, FunctionResponseTypes=[])
    send(aws, url, "fail")
    assert (batches(), waiting(aws), waiting(aws, "dead")) == ([["fail"]], 0, 0)


@pytest.mark.parametrize("missing", POLLING)
def test_a_mapping_needs_the_role(aws: EmbeddedAws, missing: str) -> None:
    """Lambda refuses a mapping whose function's role may not poll the queue."""
    make_role(aws, *(action for action in POLLING if action != missing))
    make_queues(aws)
    make_function(aws, CODE)
    with pytest.raises(ClientError, match=f"permissions to call {missing.partition(':')[2]} on SQS"):
        make_mapping(aws)


@pytest.mark.parametrize("missing", [*POLLING, "kms:Decrypt"])
def test_polling_needs_the_role(aws: EmbeddedAws, missing: str) -> None:
    """Without a permission, that for the key of an encrypted queue among them, messages wait until it is there."""
    key = aws.client("kms", REGION).create_key()["KeyMetadata"]["Arn"]
    make_role(aws, *POLLING, "kms:Decrypt")
    url = make_queues(aws, KmsMasterKeyId=key)
    make_function(aws, CODE)
    make_mapping(aws)
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": missing, "Resource": "*"}]}
    iam = aws.client("iam", REGION)
    iam.put_role_policy(RoleName="role", PolicyName="deny", PolicyDocument=json.dumps(deny))
    send(aws, url, "a")
    assert (batches(), waiting(aws)) == ([], 1)
    iam.delete_role_policy(RoleName="role", PolicyName="deny")
    send(aws, url, "b")
    assert batches() == [["a", "b"]]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"BatchSize": 11, "MaximumBatchingWindowInSeconds": 0}, "Maximum batch window in seconds must be greater"),
        ({"BatchSize": 10_001}, "constraint"),
        ({"MaximumBatchingWindowInSeconds": 301}, "constraint"),
        ({"ScalingConfig": {"MaximumConcurrency": 1001}}, "constraint"),
    ],
)
@pytest.mark.usefixtures("url")
def test_limits(aws: EmbeddedAws, options: dict[str, Any], reason: str) -> None:
    """A large batch needs a window, and sizes, windows and concurrency have bounds; what is refused is not made."""
    with pytest.raises(ClientError, match=reason):
        make_mapping(aws, **options)
    assert aws.client("lambda", REGION).list_event_source_mappings()["EventSourceMappings"] == []


def test_messages_stay_hidden_for_as_long_as_the_function_runs(aws: EmbeddedAws) -> None:
    """Lambda refuses a queue whose messages would be visible again while the function works on them."""
    make_role(aws, *POLLING)
    make_queues(aws, VisibilityTimeout="2")
    make_function(aws, CODE, Timeout=3)
    with pytest.raises(
        ClientError, match="Queue visibility timeout: 2 seconds is less than Function timeout: 3 seconds"
    ):
        make_mapping(aws)


def test_a_deleted_mapping_polls_no_more(aws: EmbeddedAws, url: str) -> None:
    """After DeleteEventSourceMapping messages stay where they are."""
    mapping = make_mapping(aws)
    aws.client("lambda", REGION).delete_event_source_mapping(UUID=mapping["UUID"])
    send(aws, url, "a")
    assert (batches(), waiting(aws)) == ([], 1)


PUBLISHING = """
import boto3
def handler(event, context):
    for record in event["Records"]:
        boto3.client("sns").publish(TopicArn=record["body"], Message="x")
"""


def publish(aws: EmbeddedAws) -> None:
    """Let a function publish to a topic that a message in its queue names."""
    make_role(aws, *POLLING, "sns:Publish")
    url = make_queues(aws)
    make_function(aws, PUBLISHING, Timeout=20)
    make_mapping(aws)
    send(aws, url, aws.client("sns", REGION).create_topic(Name="t")["TopicArn"])


def test_a_function_that_dies_after_its_call(aws: EmbeddedAws) -> None:
    """A process that ends after its call was carried out is an error: the batch comes back and is carried out again."""
    faults.inject("Publish", Kind.CALLER_DIES, times=1, then=lambda: lambda_environments.kill(FUNCTION))
    publish(aws)

    assert faults.calls["Publish"] == 2
    errors = [each.error for each in lambda_invocations.invocations(FUNCTION)]
    assert [bool(each) for each in errors] == [True, False]
    assert "exited with error: signal: killed" in str(errors[0])


def test_a_call_of_the_query_protocol_can_be_throttled(aws: EmbeddedAws) -> None:
    """A fault of an action of SNS, whose calls are forms, is an error that the function's client understands."""
    faults.inject("Publish", Kind.THROTTLED, times=5)  # all that boto3 tries by default
    publish(aws)

    assert faults.calls["Publish"] == 6
    assert "(Throttling)" in str(lambda_invocations.invocations(FUNCTION)[0].error)


WAITING_FOR_THE_OTHER = """
import os, pathlib, time
def handler(event, context):
    mark = pathlib.Path(event["Records"][0]["body"])
    (mark / str(os.getpid())).touch()
    while len(list(mark.iterdir())) < 2:
        time.sleep(0.01)
"""


def test_batches_do_run_beside_each_other(aws: EmbeddedAws, tmp_path: Path) -> None:
    """Two batches are in two processes at the same time: each of these ends only when it sees the other."""
    make_role(aws, *POLLING)
    url = make_queues(aws)
    make_function(aws, WAITING_FOR_THE_OTHER, Timeout=20)
    mapping = make_mapping(aws)
    client = aws.client("lambda", REGION)
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    send(aws, url, *([str(tmp_path)] * 20))
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    aws.settle()

    assert [len(batch) for batch in batches()] == [10, 10]
    assert [each.error for each in lambda_invocations.invocations(FUNCTION)] == [None, None]
