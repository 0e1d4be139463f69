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


def test_no_fault_survives_a_reset(aws: EmbeddedAws) -> None:
    """An AWS that was emptied has neither faults nor counted calls."""
    faults.inject("Publish", Kind.THROTTLED, times=1)
    faults.calls["Publish"] += 1
    aws.reset()
    assert faults.calls == {}
    aws.client("sns", REGION).create_topic(Name="topic")
    make_role(aws, "sns:Publish")
    assert publish(aws, attempts=1) is None
