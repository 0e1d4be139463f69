"""What the real AWS was seen to do, as data, and how it is asked of the embedded one.

LocalStack's authors run their tests against AWS and keep what it answered. Its values are retyped here, and in the
tests beside this folder, each under the name of the test that saw it, in https://github.com/localstack/localstack:

- ``event_patterns.json``: a pattern, an event, and whether AWS found a match or why it refused the pattern;
  ``tests/aws/services/events/test_events_patterns.py::TestEventPattern::test_event_pattern[NAME]``
- ``input_transformer.json``: a template and what arrived, or null; ``test_events_inputs.py::TestInputTransformer``
- ``filter_policies.json``: a test of ``tests/aws/services/sns/test_sns_filter_policy.py``, a policy, and what it let
  through and what not, or why AWS refused the policy
"""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator import ACCOUNT_ID, EmbeddedAws

FOLDER = Path(__file__).parent
PATTERNS: dict[str, Any] = json.loads((FOLDER / "event_patterns.json").read_text())
TEMPLATES: list[Any] = json.loads((FOLDER / "input_transformer.json").read_text())
FILTERS: dict[str, list[Any]] = json.loads((FOLDER / "filter_policies.json").read_text())

REGION = "us-east-2"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:queue"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:topic"


def queue_for(aws: EmbeddedAws, service: str) -> str:
    """A queue that admits a service; returns its URL."""
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sqs:SendMessage",
        "Resource": QUEUE,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs = aws.client("sqs", REGION)
    return str(sqs.create_queue(QueueName="queue", Attributes={"Policy": policy})["QueueUrl"])


def bodies(aws: EmbeddedAws, url: str) -> list[str]:
    """The texts in a queue; they are taken out."""
    sqs, found = aws.client("sqs", REGION), []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            found.append(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def refusal(call: Any, **arguments: Any) -> tuple[str, str]:
    """The code of the error that a call ends in, and the first line of its text."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"].partition("\n")[0]


def topic_of(aws: EmbeddedAws) -> None:
    """A topic whose policy lets EventBridge publish, on no condition."""
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": TOPIC,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    aws.client("sns", REGION).create_topic(Name="topic", Attributes={"Policy": policy})


def subscribe(aws: EmbeddedAws, **attributes: str) -> str:
    """Subscribe the queue to the topic; returns the subscription's ARN."""
    answer = aws.client("sns", REGION).subscribe(
        TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE, Attributes=attributes, ReturnSubscriptionArn=True
    )
    return str(answer["SubscriptionArn"])
