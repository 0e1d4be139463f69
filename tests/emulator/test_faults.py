"""Faults: what a function's call meets when a test asks for it, in each protocol."""

from typing import Any

import pytest

from tests.emulator import ACCOUNT_ID, EmbeddedAws, faults, sns
from tests.emulator.faults import Kind
from tests.support.functions import REGION, invoke, make_function, make_role

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:topic"
PUBLISHING = f"""
import boto3
from botocore.config import Config
client = boto3.client("sns", config=Config(retries={{"mode": "standard", "total_max_attempts": ATTEMPTS}}))
def handler(event, context):
    client.publish(TopicArn="{TOPIC}", Message="text")
"""


@pytest.fixture
def published(aws: EmbeddedAws) -> Any:
    """What has been published; the role may publish."""
    faults.reset()
    aws.client("sns", REGION).create_topic(Name="topic")
    make_role(aws, "sns:Publish")
    yield lambda: [each[1] for each in sns.backend_of(REGION).topics[TOPIC].sent_notifications]
    faults.reset()


def publish(aws: EmbeddedAws, attempts: int) -> str | None:
    """Let a function publish; returns the type of its error."""
    answer, error = invoke(make_function(aws, PUBLISHING.replace("ATTEMPTS", str(attempts))))
    return str(answer["errorType"]) if error else None


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (Kind.THROTTLED, "ClientError"),
        (Kind.INTERNAL_ERROR, "InternalErrorException"),
        (Kind.CONNECTION_DROPPED, "ConnectionClosedError"),
    ],
)
def test_a_publish_can_fail(aws: EmbeddedAws, published: Any, kind: Kind, error: str) -> None:
    """An SDK raises what the fault is when it has no attempt left."""
    faults.inject("Publish", kind, times=1)
    assert publish(aws, attempts=1) == error
    assert (faults.calls, published()) == ({"Publish": 1}, [])


@pytest.mark.parametrize("kind", [Kind.THROTTLED, Kind.INTERNAL_ERROR, Kind.CONNECTION_DROPPED])
def test_a_publish_that_failed_is_tried_again(aws: EmbeddedAws, published: Any, kind: Kind) -> None:
    """Each of the faults is one that SDKs take for passing."""
    faults.inject("Publish", kind, times=1)
    assert publish(aws, attempts=2) is None
    assert (faults.calls, published()) == ({"Publish": 2}, ["text"])


def test_ec2_throttles_in_its_own_words(aws: EmbeddedAws) -> None:
    """EC2's code is one that SDKs take for passing, with the status and the form of its other errors."""
    faults.inject("DescribeInstances", Kind.THROTTLED, times=1)
    code = "import boto3\ndef handler(event, context):\n    boto3.client('ec2', config=CONFIG).describe_instances()"
    config = "botocore.config.Config(retries={'total_max_attempts': 1})"
    make_role(aws, "ec2:DescribeInstances")
    answer, error = invoke(make_function(aws, f"import botocore.config\n{code.replace('CONFIG', config)}"))
    assert error
    assert "(RequestLimitExceeded)" in answer["errorMessage"]


def test_no_fault_survives_a_reset(aws: EmbeddedAws) -> None:
    """An AWS that was emptied has neither faults nor counted calls."""
    faults.inject("Publish", Kind.THROTTLED, times=1)
    faults.calls["Publish"] += 1
    aws.reset()
    assert faults.calls == {}
    aws.client("sns", REGION).create_topic(Name="topic")
    make_role(aws, "sns:Publish")
    assert publish(aws, attempts=1) is None
