"""Changes each input of one applied monitor: nothing fails, and every loss of data is announced."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.conftest import REGION
from tests.e2e.conftest import IMAGE, ITSELF, Deploy, Deployment, take
from tests.support import CHECKOUT
from tests.support.make_docs import blocks, unquoted
from tests.support.terraform import Plan, type_of

ACCOUNT = "123456789012"
KEEPS_DATA = {
    "aws_cloudwatch_log_group",
    "aws_config_config_rule",
    "aws_dynamodb_table",
    "aws_kms_key",
    "aws_sns_topic",
    "aws_sqs_queue",
}

# What the monitor is applied with, and what each walk below returns to.
BASE: Mapping[str, Any] = {"notification_emails": ["security@example.com"]}

# Exist already in the account. The key's id is known only once it is there.
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/KEY"
ALERTS = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
HUB = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/hub"
TICKETS = f"arn:aws:sqs:{REGION}:{ACCOUNT}:tickets"
ON_CALL = f"arn:aws:sns:{REGION}:{ACCOUNT}:on-call"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"

TOPIC = "module.notifications[0].aws_sns_topic.this[0]"
TOPIC_KEY = "module.notifications[0].aws_kms_key.topic[0]"
DELIVERIES = 'module.notifications[0].module.failures.aws_sqs_queue.dead_letters["deliveries"]'
DIGEST = {
    "module.notifications[0].aws_cloudwatch_log_group.notifier[0]",
    "module.notifications[0].aws_sqs_queue.digest[0]",
    'module.notifications[0].module.failures.aws_sqs_queue.dead_letters["digests"]',
}
REPORT = {
    "module.notifications[0].aws_cloudwatch_log_group.reporter[0]",
    "module.notifications[0].aws_dynamodb_table.reports[0]",
    'module.notifications[0].module.failures.aws_sqs_queue.dead_letters["reports"]',
}
EVERYTHING = {"everything"}


@dataclass(frozen=True, slots=True)
class Step:
    """Inputs in addition to the base, and the resources with data that the change to them may delete or replace."""

    inputs: Mapping[str, Any]
    lost: frozenset[str] = frozenset()


def to(*, losing: set[str] | None = None, **inputs: Any) -> Step:
    """A step."""
    return Step(inputs, frozenset(losing or ()))


def filtered(**policy: Any) -> dict[str, Any]:
    """A subscription of a number, with a filter or without."""
    subscription: dict[str, Any] = {"protocol": "sms", "endpoint": "+4915112345678"}
    return {"text": subscription | ({"filter_policy": json.dumps(policy)} if policy else {})}


# By input, the walk that begins and ends with the base.
WALKS: dict[str, tuple[Step, ...]] = {
    "alarm_topic_arns": (to(alarm_topic_arns=[ON_CALL]), to(alarm_topic_arns=[]), to()),
    "allowed_key_names": (to(allowed_key_names=["ops-*"]), to()),
    "central": (
        to(central={"event_bus_arn": HUB}),
        to(central={"event_bus_arn": HUB}, notification_emails=[], losing={TOPIC, TOPIC_KEY, DELIVERIES}),
        to(),
        to(central={"event_bus_arn": HUB}, notification_emails=[], losing={TOPIC, TOPIC_KEY, DELIVERIES}),
        to(central={"event_bus_arn": HUB}),
        to(),
    ),
    "chat": (
        to(chat=True, digest_window_seconds=60),
        to(chat=False, digest_window_seconds=60),
        to(losing=DIGEST),
    ),
    "config_recorder_name": (to(config_recorder_name="default"), to()),
    "digest_window_seconds": (
        to(digest_window_seconds=60),
        to(digest_window_seconds=120),
        to(losing=DIGEST),
        to(digest_window_seconds=60),
        to(losing=DIGEST),
    ),
    "evaluation_frequency": (
        to(evaluation_frequency="TwentyFour_Hours"),
        to(evaluation_frequency="One_Hour"),
        to(),
    ),
    "exempt_tags": (to(exempt_tags={"team": "build-*"}), to()),
    "exempt_until_tag_key": (
        to(exempt_until_tag_key="exempt-until", evaluation_frequency="One_Hour"),
        to(exempt_until_tag_key="exempt-to", evaluation_frequency="One_Hour"),
        to(),
    ),
    "kms_key": (to(kms_key={"arn": KEY}, losing={TOPIC_KEY}), to()),
    "log_retention_days": (to(log_retention_days=30), to()),
    "name": (to(name="key-pairs", losing=EVERYTHING), to(losing=EVERYTHING)),
    "notification_emails": (to(notification_emails=["a@example.com", "b@example.com"]), to()),
    "notify_on": (to(notify_on=["COMPLIANT", "NOT_APPLICABLE"]), to()),
    "permissions_boundary_arn": (to(permissions_boundary_arn=BOUNDARY), to()),
    "report_schedule": (
        to(report_schedule={"expression": "cron(0 8 ? * MON *)"}),
        to(report_schedule={"expression": "cron(0 9 ? * MON *)", "when_empty": True}),
        to(losing=REPORT),
    ),
    "sns_topic": (
        to(sns_topic={"arn": ALERTS}, notification_emails=[], losing={TOPIC, TOPIC_KEY, DELIVERIES}),
        to(),
    ),
    "subscriptions": (
        to(subscriptions=filtered(what_to_do=[{"anything-but": "Nothing."}])),
        to(subscriptions=filtered(verdict=["NON_COMPLIANT"])),
        to(subscriptions=filtered()),
        to(),
    ),
    "tags": (to(tags={"team": "security"}), to()),
}

# How the description of an input announces that a change of it deletes what keeps data.
ANNOUNCED = {
    input_name: {"name": "replaces every resource"}.get(input_name, "deletes")
    for input_name, steps in WALKS.items()
    if any(step.lost for step in steps) and input_name != "chat"  # it needs a digest
}


@pytest.fixture(scope="module")
def monitor(deploy: Deploy) -> Iterator[Deployment]:
    """The module applied by itself, in an account that has topics, a key and a boundary."""
    with deploy(ITSELF, **BASE) as deployment:
        yield deployment


@pytest.fixture(scope="module")
def key_arn(monitor: Deployment) -> str:
    """The ARN of a key that exists beside the monitor, as do the topics, a bus and the boundary."""
    services = ["cloudwatch.amazonaws.com", "events.amazonaws.com", f"logs.{REGION}.amazonaws.com"]
    principals: list[Mapping[str, Any]] = [{"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, {"Service": services}]
    grants = [("kms:*", "*", principal) for principal in principals]
    key = monitor.client("kms").create_key(Policy=allowing(*grants))["KeyMetadata"]
    for arn in (ALERTS, ON_CALL):
        monitor.client("sns").create_topic(Name=arn.rpartition(":")[2])
        policy = allowing(("sns:Publish", arn, {"Service": services[:2]}))
        monitor.client("sns").set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    monitor.client("events").create_event_bus(Name="hub")
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    monitor.client("iam").create_policy(PolicyName="boundary", PolicyDocument=json.dumps(everything))
    return str(key["Arn"])


def allowing(*grants: tuple[str, str, Mapping[str, Any]]) -> str:
    """A policy that allows each action on a resource to a principal."""
    statements = [
        {"Effect": "Allow", "Action": action, "Resource": resource, "Principal": principal}
        for action, resource, principal in grants
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def lost(plan: Plan) -> set[str]:
    """What keeps data and would be deleted or replaced."""
    return {
        address for address, actions in plan.changes.items() if "delete" in actions and type_of(address) in KEEPS_DATA
    }


def test_every_input_is_changed() -> None:
    """A new input has its walk in the table above, or a reason why none is needed."""
    assert WALKS.keys() == blocks(CHECKOUT / "variables.tf", "variable").keys()


@pytest.mark.parametrize("input_name", ANNOUNCED)
def test_loss_is_announced(input_name: str) -> None:
    """The description of an input whose change deletes what keeps data says so."""
    variables = blocks(CHECKOUT / "variables.tf", "variable")

    assert ANNOUNCED[input_name] in unquoted(variables[input_name]["description"])


@pytest.mark.slow
@pytest.mark.parametrize("input_name", WALKS)
def test_change(monitor: Deployment, key_arn: str, input_name: str) -> None:
    """Each step applies, loses only what is announced, and ends in an empty plan."""
    for step in WALKS[input_name]:
        variables = json.loads(json.dumps({**BASE, **step.inputs}).replace(KEY, key_arn))
        plan = monitor.root.plan(**variables)
        assert lost(plan) == step.lost or step.lost == EVERYTHING, step
        monitor.root.apply_plan()

        plan = monitor.root.plan(**variables)
        assert plan.is_empty, (step, plan.changes)
    monitor.aws.settle()


@contextmanager
def launching(monitor: Deployment) -> Iterator[list[str]]:
    """Launch an instance without a key pair again and again, beside what is done meanwhile; yields their ids."""
    instances: list[str] = []
    ended = threading.Event()

    def launch() -> None:
        while not ended.wait(0.5):
            answer = monitor.client("ec2").run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)
            instances.append(answer["Instances"][0]["InstanceId"])

    thread = threading.Thread(target=launch)
    thread.start()
    try:
        yield instances
    finally:
        ended.set()
        thread.join()
        monitor.aws.settle()


def named(monitor: Deployment, instances: list[str]) -> set[str]:
    """Those of the instances that a message in the queue of the tickets names; the messages are taken out."""
    sqs = monitor.client("sqs")
    url, text = sqs.get_queue_url(QueueName="tickets")["QueueUrl"], ""
    while messages := take(sqs, url):
        text += "".join(message["Body"] for message in messages)
    return {instance for instance in instances if instance in text}


@pytest.mark.slow
@pytest.mark.usefixtures("key_arn")
def test_verdicts_arrive_while_inputs_change(monitor: Deployment) -> None:
    """During every change, each new verdict reaches a queue that reads the old topic, the new one and the hub.

    No step switches a digest off, which deletes the changes of its last window, as docs/notifications.md says.
    """
    sqs, events = monitor.client("sqs"), monitor.client("events")
    senders = {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}
    sqs.create_queue(QueueName="tickets", Attributes={"Policy": allowing(("sqs:SendMessage", TICKETS, senders))})
    monitor.client("sns").subscribe(TopicArn=ALERTS, Protocol="sqs", Endpoint=TICKETS)
    pattern = json.dumps({"detail-type": ["Config Rules Compliance Change"]})
    events.put_rule(Name="tickets", EventBusName="hub", EventPattern=pattern)
    events.put_targets(Rule="tickets", EventBusName="hub", Targets=[{"Id": "tickets", "Arn": TICKETS}])
    tickets = {"subscriptions": {"tickets": {"protocol": "sqs", "endpoint": TICKETS}}}
    hub = {"central": {"event_bus_arn": HUB}}
    switched: list[dict[str, Any]] = [
        {"sns_topic": {"arn": ALERTS}},
        tickets,
        hub,
        tickets,
        hub,
        hub | tickets,
        tickets,
        hub | tickets | {"digest_window_seconds": 60, "evaluation_frequency": "One_Hour"},
    ]
    monitor.root.apply(**tickets)
    for variables in switched:
        monitor.root.plan(**variables)
        with launching(monitor) as instances:
            monitor.root.apply_plan()
        assert named(monitor, instances) == set(instances), variables
        plan = monitor.root.plan(**variables)
        assert plan.is_empty, (variables, plan.changes)
    monitor.root.apply(**BASE)
    monitor.aws.settle(timeout=600)  # the rule evaluates every instance again
