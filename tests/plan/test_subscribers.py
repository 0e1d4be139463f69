"""Who is notified: subscribers of the module's topic, or a topic of the caller's."""

import json
from collections.abc import Callable

import pytest

from tests.support.cases import PlanEach
from tests.support.terraform import Plan, Root

INSIDE = "module.ec2_key_pair_monitor."
ACCOUNT = "123456789012"
TOPIC = f"arn:aws:sns:eu-central-1:{ACCOUNT}:alerts"
QUEUE = f"arn:aws:sqs:eu-central-1:{ACCOUNT}:alerts"
FUNCTION = f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:alerts"
WITHOUT_NOTHING = json.dumps({"what_to_do": [{"anything-but": "Nothing."}]})


@pytest.fixture(scope="module")
def own_topic(root_in: Callable[[str], Root]) -> Plan:
    """A plan of examples/existing-topic, whose topic is not made yet."""
    return root_in("examples/existing-topic").plan()


@pytest.fixture(scope="module")
def plans(plan_each: PlanEach) -> dict[str, Plan]:
    """A plan with a subscriber of each protocol, and one with a topic by its ARN."""
    subscriptions = {
        "archive": {"protocol": "lambda", "endpoint": f"{FUNCTION}:live"},
        "audit": {"protocol": "email", "endpoint": "audit@example.com", "filter_policy": WITHOUT_NOTHING},
        "on-call": {"protocol": "sms", "endpoint": "+4915112345678"},
        "pager": {"protocol": "https", "endpoint": "https://pager.example.com/sns?team=1"},
        "tickets": {"protocol": "sqs", "endpoint": QUEUE, "raw_message_delivery": True},
    }
    return plan_each(
        {
            "arn": {"sns_topic": {"arn": TOPIC}},
            "subscribed": {"notification_emails": ["security@example.com"], "subscriptions": subscriptions},
        }
    )


@pytest.fixture(scope="module")
def subscribed(plans: dict[str, Plan]) -> Plan:
    """A plan with a subscriber of each protocol."""
    return plans["subscribed"]


def test_each_subscriber_has_its_subscription(subscribed: Plan) -> None:
    """Each subscriber is subscribed as asked, and what can't be delivered to it is kept."""
    found = {
        address.partition('"')[2].rstrip('"]'): each
        for address, each in subscribed.resources.items()
        if address.startswith("module.notifications[0].aws_sns_topic_subscription.others")
    }

    assert {name: (each["protocol"], each["endpoint"]) for name, each in found.items()} == {
        "archive": ("lambda", f"{FUNCTION}:live"),
        "audit": ("email", "audit@example.com"),
        "on-call": ("sms", "+4915112345678"),
        "pager": ("https", "https://pager.example.com/sns?team=1"),
        "tickets": ("sqs", QUEUE),
    }
    assert [name for name, each in found.items() if each["raw_message_delivery"]] == ["tickets"]
    assert found["audit"]["filter_policy_scope"] == "MessageBody"
    assert json.loads(found["audit"]["filter_policy"]) == json.loads(WITHOUT_NOTHING)
    assert all(
        subscribed.unknown[f'module.notifications[0].aws_sns_topic_subscription.others["{name}"]']["redrive_policy"]
        is True
        for name in found
    )


def test_endpoint_of_the_same_root(everything: Plan) -> None:
    """The same root may create the queue: an endpoint that is not known yet is not refused."""
    address = f'{INSIDE}module.notifications[0].aws_sns_topic_subscription.others["tickets"]'

    assert everything.unknown[address]["endpoint"] is True


def test_own_topic_takes_the_place_of_the_modules(own_topic: Plan) -> None:
    """With a topic of the caller's, made in the same root, the module makes no topic and subscribes nobody."""
    inside = [address for address in own_topic.resources if address.startswith(INSIDE)]

    assert not [address for address in inside if "aws_sns_topic" in address]
    targets = [address for address in inside if "aws_cloudwatch_event_target" in address]
    assert len(targets) == 2
    assert all(own_topic.unknown[address]["arn"] is True for address in targets)
    alarms = [address for address in inside if "aws_cloudwatch_metric_alarm" in address]
    assert all(own_topic.unknown[address]["alarm_actions"] for address in alarms)


def test_own_topic_has_its_own_deliveries(own_topic: Plan) -> None:
    """The caller's own topic has its own dead letters and alarms: the module creates none for its deliveries."""
    assert not [address for address in own_topic.resources if "deliveries" in address]
    assert f'{INSIDE}module.failures.aws_sqs_queue.dead_letters["notifications"]' in own_topic.resources


def test_own_topic_has_its_own_key(own_topic: Plan) -> None:
    """The module makes no key: that of the topic is the caller's, and nothing else needs one."""
    assert not [
        address for address in own_topic.resources if address.startswith(f"{INSIDE}module.notifications[0].aws_kms")
    ]


def test_own_topic_by_its_arn(plans: dict[str, Plan]) -> None:
    """The notifications go to the topic that is named."""
    plan = plans["arn"]

    assert plan.outputs["topic_arn"] == TOPIC
    assert {each["arn"] for address, each in plan.resources.items() if "event_target" in address} == {TOPIC}
    assert plan.failed_checks == []
