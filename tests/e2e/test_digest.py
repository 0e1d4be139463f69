"""examples/digest: one readable e-mail for a window, and every change in an e-mail whatever fails on the way."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.events.models import events_backends
from moto.sqs.models import SQSBackend

from tests.conftest import REGION
from tests.e2e.conftest import IMAGE, ITSELF, Deploy, Deployment
from tests.emulator import config_control, faults, lambda_environments, lambda_invocations, sns
from tests.emulator.faults import Kind
from tests.emulator.sns import Mail

ACCOUNT = "123456789012"
NAME = "ec2-key-pair-monitor"
NOTIFIER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}-notifier"
ATTEMPTS = 3  # calls of one Publish


@pytest.fixture(scope="module")
def module_deployment(deploy: Deploy) -> Iterator[Deployment]:
    """The applied example."""
    with deploy("digest") as deployment:
        yield deployment


@pytest.fixture
def digest(module_deployment: Deployment) -> Iterator[Deployment]:
    """The applied example with an empty inbox and alarms at rest, and every fault removed after."""
    module_deployment.calm()
    yield module_deployment
    faults.reset()


def mails(digest: Deployment) -> list[Mail]:
    """The e-mails, without the SMS beside them."""
    return [mail for mail in digest.notifications() if mail.subject]


def told(digest: Deployment) -> Counter[str]:
    """How many e-mails are about each instance."""
    return Counter(instance for mail in mails(digest) for instance in set(re.findall(r"\bi-[0-9a-f]{17}\b", mail.body)))


def test_second_plan_is_empty(digest: Deployment) -> None:
    """What was applied is what is planned."""
    plan = digest.root.plan()

    assert plan.is_empty, plan.changes


def test_mail_of_one(digest: Deployment) -> None:
    """One instance is an e-mail that reads as if it were meant for one; an SMS says it in a line."""
    instance = digest.launch()

    [mail] = mails(digest)
    assert mail.to == "security@example.com"
    assert mail.subject == f"EC2 instance {instance} is NON_COMPLIANT in {REGION} ({ACCOUNT})"
    text = mail.body.partition("\n\n--\n")[0]
    assert text.startswith(f"EC2 instance {instance} is NON_COMPLIANT: launched without a key pair\nthat is allowed.\n")
    [sms] = [each for each in digest.notifications() if not each.subject]
    assert (sms.to, sms.body) == ("+4915112345678", f"{mail.subject}. AWS Config rule {NAME}")


def test_verdicts_of_a_window_are_one_mail(digest: Deployment) -> None:
    """The changes of a window are one e-mail, with those that need action first. A filter can choose only those."""
    ec2 = digest.client("ec2")
    with digest.aws.at_once():
        answers = [ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, **key) for key in ({"KeyName": "ops"}, {})]
    digest.aws.settle()
    with_key, without_key = (answer["Instances"][0]["InstanceId"] for answer in answers)

    [mail] = mails(digest)
    assert mail.subject == f"1 EC2 instance is NON_COMPLIANT, 1 COMPLIANT in {REGION} ({ACCOUNT})"
    assert mail.body.index(without_key) < mail.body.index(with_key)
    assert "Launched with key pair ops." in mail.body

    sns.outbox(REGION).clear()
    digest.launch("ops")
    assert [bool(each.subject) for each in digest.notifications()] == [True]


def test_malformed_message_becomes_a_dead_letter(digest: Deployment) -> None:
    """An unreadable message is retried, then becomes a dead letter, with an alarm. Other messages do not wait."""
    url = digest.client("sqs").get_queue_url(QueueName=f"{NAME}-digest")["QueueUrl"]
    with digest.aws.at_once():
        digest.client("sqs").send_message(QueueUrl=url, MessageBody="no JSON")
        answer = digest.client("ec2").run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)
    digest.aws.settle()
    instance = answer["Instances"][0]["InstanceId"]

    assert told(digest) == {instance: 1}
    assert digest.raised() == {"dead-digests", "digest-incomplete", "notifier-errors"}
    assert [letter["Body"] for letter in digest.dead_letters("digests")] == ["no JSON"]


@pytest.mark.slow
def test_burst(digest: Deployment) -> None:
    """A thousand changes, in two batches beside each other, are a handful of e-mails, each instance in exactly one."""
    instances = digest.launch_many(1000)

    assert len(mails(digest)) <= 5
    assert told(digest) == dict.fromkeys(instances, 1)
    batches = [json.loads(each.event)["Records"] for each in lambda_invocations.invocations(NOTIFIER)][-2:]
    assert [len(batch) for batch in batches] == [500, 500]
    assert all(len(line) <= 80 or "https://" in line for mail in mails(digest) for line in text_of(mail).splitlines())


def text_of(mail: Mail) -> str:
    """An e-mail's body without what SNS appends."""
    return mail.body.partition("\n\n--\n")[0]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Kind.THROTTLED, Kind.INTERNAL_ERROR, Kind.CONNECTION_DROPPED])
def test_publish_that_fails_for_a_while(digest: Deployment, kind: Kind) -> None:
    """Events that could not be published are retried, and notified once."""
    faults.inject("Publish", kind, times=4 * ATTEMPTS)

    instances = digest.launch_many(100)

    assert told(digest) == dict.fromkeys(instances, 1)
    assert digest.dead_letters("digests") == []


@pytest.mark.slow
def test_publish_that_never_succeeds(digest: Deployment) -> None:
    """What can't be published at all ends among the dead letters, whole."""
    faults.inject("Publish", Kind.THROTTLED, times=100 * ATTEMPTS)

    instance = digest.launch()

    assert mails(digest) == []
    assert digest.raised() == {"dead-digests", "notifier-errors"}
    [letter] = digest.dead_letters("digests")
    assert json.loads(letter["Body"])["detail"]["resourceId"] == instance


@pytest.mark.slow
def test_broken_key(digest: Deployment) -> None:
    """Changes wait in a queue that does not use the topic's key, and become dead letters where it stays disabled."""
    kms = digest.client("kms")
    topic = digest.client("sns").get_topic_attributes(TopicArn=digest.outputs["topic_arn"])["Attributes"]
    key = topic["KmsMasterKeyId"].rpartition("/")[2]
    kms.disable_key(KeyId=key)
    try:
        instance = digest.launch()
    finally:
        kms.enable_key(KeyId=key)

    assert mails(digest) == []
    assert digest.raised() == {"dead-digests", "notifier-errors"}
    [letter] = digest.dead_letters("digests")
    assert json.loads(letter["Body"])["detail"]["resourceId"] == instance


@pytest.mark.slow
def test_function_that_dies_after_publishing(digest: Deployment) -> None:
    """What was published before the function died is published again: each instance is in one e-mail or more."""
    faults.inject("Publish", Kind.CALLER_DIES, times=1, then=lambda: lambda_environments.kill(NOTIFIER))

    instances = digest.launch_many(100)

    assert set(told(digest)) == set(instances)
    assert max(told(digest).values()) == 2
    assert any(each.error for each in lambda_invocations.invocations(NOTIFIER))
    assert digest.dead_letters("digests") == []


def test_delay_raises_an_alarm(digest: Deployment) -> None:
    """Changes that stay in the queue raise an alarm, and are notified once the queue is read again."""
    client = digest.client("lambda")
    [mapping] = client.list_event_source_mappings(FunctionName=f"{NAME}-notifier")["EventSourceMappings"]
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    instance = digest.launch()
    soon, late = (datetime.now(UTC) + timedelta(minutes=minutes) for minutes in (5, 10))
    alarms = [digest.alarm_states(at)["digest-delayed"] for at in (soon, late)]
    sns.outbox(REGION).clear()
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    digest.aws.settle()

    assert alarms == ["OK", "ALARM"]
    assert told(digest) == {instance: 1}


@contextmanager
def notifier_without(digest: Deployment, action: str) -> Iterator[None]:
    """Take one action out of the notifier's policies for a while."""
    with digest.without(action, role=f"{NAME}-notifier-{REGION}"):
        yield


@pytest.mark.slow
@pytest.mark.parametrize("action", ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"])
def test_polling_needs_it(digest: Deployment, action: str) -> None:
    """Without a permission on the queue nothing is told, and with it again everything is."""
    with notifier_without(digest, action):
        first = digest.launch()
        assert mails(digest) == []
    second = digest.launch()

    assert told(digest) == {first: 1, second: 1}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("action", "error"),
    [
        ("sns:Publish", "AuthorizationError"),
        ("kms:Decrypt", "KMSAccessDenied"),
        ("kms:GenerateDataKey", "KMSAccessDenied"),
    ],
)
def test_publishing_needs_it(digest: Deployment, action: str, error: str) -> None:
    """Without a permission on the topic or its key a change ends among the dead letters, and the log says why."""
    with notifier_without(digest, action):
        digest.launch()

    assert mails(digest) == []
    assert len(digest.dead_letters("digests")) == 1
    events: list[dict[str, Any]] = digest.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{NAME}-notifier")[
        "events"
    ]
    assert any(error in each["message"] for each in events if "not published" in each["message"])


@pytest.mark.slow
def test_switching(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A digest may be switched on and off again: nothing is replaced, no plan is left over, and e-mails go on.

    When its queue is deleted the event rules put nothing into it any more, which would be lost.
    """
    targets: dict[str, list[str]] = {}
    delete_queue = SQSBackend.delete_queue

    def observed(self: SQSBackend, queue_name: str) -> None:
        rules = events_backends[ACCOUNT][REGION].describe_event_bus("default").rules.values()
        targets[queue_name] = [target["Arn"].rpartition(":")[2] for rule in rules for target in rule.targets]
        delete_queue(self, queue_name)

    monkeypatch.setattr(SQSBackend, "delete_queue", observed)
    inputs: dict[str, Any] = {"notification_emails": ["security@example.com"]}
    with_window = {**inputs, "digest_window_seconds": 5}
    with deploy(ITSELF, **inputs) as deployment:
        for variables in (with_window, inputs):
            plan = deployment.root.plan(**variables)
            replaced = [address for address, actions in plan.changes.items() if len(actions) > 1]
            assert replaced == []
            assert plan.changes['aws_cloudwatch_event_target.notifications["NON_COMPLIANT"]'] == ["update"]
            deployment.root.apply(**variables)
            again = deployment.root.plan(**variables)
            assert again.is_empty, again.changes
            sns.outbox(REGION).clear()
            instance = deployment.launch()
            assert told(deployment) == {instance: 1}
            is_digest = "digest_window_seconds" in variables
            assert (mails(deployment)[0].subject != "AWS Notification Message") == is_digest
        assert config_control.verdicts_of(REGION, deployment.rule_name)
        queues = deployment.client("sqs").list_queues()["QueueUrls"]
        assert not [url for url in queues if "digest" in url]
        assert targets[f"{NAME}-digest"] == [NAME, NAME]
