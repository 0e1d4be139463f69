"""examples/existing-topic: notifications and alarms through a topic of the caller's."""

import json
from collections.abc import Iterator

import pytest

from tests.conftest import REGION
from tests.e2e.conftest import Deploy, Deployment, take
from tests.emulator import faults
from tests.emulator.cloudwatch_alarms import evaluate_alarms
from tests.emulator.faults import Kind

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def existing(deploy: Deploy) -> Iterator[Deployment]:
    """The applied example."""
    with deploy("existing-topic") as deployment:
        yield deployment


def received(existing: Deployment) -> list[dict[str, object]]:
    """The messages in the queue that reads the topic; they are taken out."""
    messages = take(existing.client("sqs"), existing.outputs["queue_url"])
    return [json.loads(message["Body"]) for message in messages]


def test_second_plan_is_empty(existing: Deployment) -> None:
    """What was applied is what is planned."""
    plan = existing.root.plan()

    assert plan.is_empty, plan.changes


def test_no_topic_of_the_modules(existing: Deployment) -> None:
    """There is the caller's topic with the caller's subscription, and no other."""
    sns = existing.client("sns")

    assert [each["TopicArn"] for each in sns.list_topics()["Topics"]] == [existing.outputs["topic_arn"]]
    assert [each["Protocol"] for each in sns.list_subscriptions()["Subscriptions"]] == ["sqs"]


def test_notification_arrives_through_the_topic(existing: Deployment) -> None:
    """An instance without a key pair is told once, through the topic of the caller's."""
    existing.launch("ops")
    instance = existing.launch()

    [message] = received(existing)
    assert message["instance"] == instance


def test_alarms_arrive_through_the_topic(existing: Deployment) -> None:
    """The monitor's alarms go to the same topic, whose policies admit CloudWatch."""
    faults.inject("PutEvaluations", Kind.INTERNAL_ERROR, times=12)
    existing.launch("ops")
    faults.reset()
    evaluate_alarms(REGION)

    assert {message["AlarmName"] for message in received(existing)} == {
        f"{existing.rule_name}-evaluator-errors",
        f"{existing.rule_name}-dead-evaluations",
    }
