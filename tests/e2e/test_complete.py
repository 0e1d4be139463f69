"""examples/complete: the verdict table through the deployed function, exemptions, and the sweep."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import REGION
from tests.e2e.conftest import Deploy, Deployment
from tests.emulator import config_control, config_delivery, faults, lambda_invocations, sns, sqs

UNTIL = "key-pair-exempt-until"
FUNCTION = f"arn:aws:lambda:{REGION}:123456789012:function:key-pairs-evaluator"


@pytest.fixture(scope="module")
def complete(deploy: Deploy) -> Iterator[Deployment]:
    """The applied example."""
    with deploy("complete") as deployment:
        yield deployment


def test_second_plan_is_empty(complete: Deployment) -> None:
    """What was applied is what is planned, with every input set."""
    plan = complete.root.plan()

    assert plan.is_empty, plan.changes


@pytest.mark.parametrize(
    ("key_name", "tags", "verdict", "annotation"),
    [
        pytest.param("ops-eu", {}, "COMPLIANT", "Launched with key pair ops-eu.", id="key on the list"),
        pytest.param("break glass", {}, "COMPLIANT", "Launched with key pair break glass.", id="key on the list, whole"),
        pytest.param(
            None, {"karpenter.sh/nodepool": "default"}, "COMPLIANT", "Exempt by tag karpenter.sh/nodepool=default.",
            id="exempting tag",
        ),
        pytest.param(
            None, {"Cost Center": "load test 7"}, "COMPLIANT", "Exempt by tag Cost Center=load test 7.",
            id="exempting tag with blanks",
        ),
        pytest.param("mine", {}, "NON_COMPLIANT", "Key pair mine is not allowed", id="key off the list"),
        pytest.param(
            "mine", {UNTIL: "2026-01-01"}, "NON_COMPLIANT", f"exemption by tag {UNTIL} ended on 2026-01-01.",
            id="key off the list, exemption ended",
        ),
        pytest.param(None, {}, "NON_COMPLIANT", "No key pair was assigned at launch", id="no key"),
        pytest.param(None, {UNTIL: "soon"}, "NON_COMPLIANT", "is not a date like 2030-12-31: soon.", id="unreadable date"),
    ],
)  # fmt: skip
def test_verdict(
    complete: Deployment, key_name: str | None, tags: dict[str, str], verdict: str, annotation: str
) -> None:
    """Each row of the table, decided by the deployed function."""
    result = complete.result(complete.launch(key_name, tags))

    assert result is not None
    assert result[0] == verdict
    assert annotation in result[1]


@pytest.mark.parametrize("change", ["stop_instances", "terminate_instances"])
def test_state_of_an_instance(complete: Deployment, change: str) -> None:
    """A stopped instance is judged as a running one; a terminated one is NOT_APPLICABLE."""
    instance = complete.launch()

    getattr(complete.client("ec2"), change)(InstanceIds=[instance])
    complete.aws.settle()

    result = complete.result(instance)
    assert result is not None
    assert result[0] == ("NON_COMPLIANT" if change == "stop_instances" else "NOT_APPLICABLE")


def test_tagging_exempts_at_once(complete: Deployment) -> None:
    """A tag that is added to an instance is a change of it, and changes its verdict."""
    instance = complete.launch()

    complete.client("ec2").create_tags(Resources=[instance], Tags=[{"Key": "karpenter.sh/nodepool", "Value": "x"}])
    complete.aws.settle()

    assert complete.result(instance) == ("COMPLIANT", "Exempt by tag karpenter.sh/nodepool=x.")


def test_each_verdict_has_its_own_words(complete: Deployment) -> None:
    """Every change of verdict is notified to both addresses in the words of that verdict."""
    before = len(complete.notifications())
    instance = complete.launch()
    complete.client("ec2").create_tags(Resources=[instance], Tags=[{"Key": "karpenter.sh/nodepool", "Value": "x"}])
    complete.aws.settle()
    complete.client("ec2").terminate_instances(InstanceIds=[instance])
    complete.aws.settle()

    mails = complete.notifications()[before:]
    messages = [json.loads(mail.body.partition("\n\n--\n")[0]) for mail in mails if mail.to == "security@example.com"]
    assert len(mails) == 2 * len(messages)
    assert [message["what_happened"].split(":")[0] for message in messages] == [
        f"EC2 instance {instance} is {state}" for state in ("NON_COMPLIANT", "COMPLIANT", "NOT_APPLICABLE")
    ]
    assert ["annotation" in message for message in messages] == [True, True, False]


def test_name_that_json_would_have_to_escape_is_notified(complete: Deployment) -> None:
    """A key name with quotation marks and a backslash is notified, although EventBridge escapes nothing."""
    before = len(complete.notifications())

    instance = complete.launch('the "old" \\ key')

    mails = complete.notifications()[before:]
    assert [json.loads(mail.body.partition("\n\n--\n")[0])["instance"] for mail in mails] == [instance] * 2
    assert complete.dead_letters("notifications") == []


def test_subscriber_gets_what_its_filter_takes(complete: Deployment) -> None:
    """The queue gets the message itself, of the verdicts that ask for something and of no others."""
    sqs_client = complete.client("sqs")
    url = sqs_client.get_queue_url(QueueName="key-pair-tickets")["QueueUrl"]
    sqs_client.purge_queue(QueueUrl=url)
    instance = complete.launch()
    complete.client("ec2").terminate_instances(InstanceIds=[instance])
    complete.launch("ops-eu")

    [ticket] = sqs_client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert json.loads(ticket["Body"])["what_happened"].startswith(f"EC2 instance {instance} is NON_COMPLIANT")


def test_oversized_change_costs_two_calls(complete: Deployment) -> None:
    """An item too large to be sent is fetched from the history, and judged as any other."""
    instance = complete.launch("ops-eu")
    config_control.send_oversized(REGION, instance)
    faults.reset()

    complete.client("ec2").create_tags(Resources=[instance], Tags=[{"Key": "size", "Value": "huge"}])
    complete.aws.settle()

    assert complete.result(instance) == ("COMPLIANT", "Launched with key pair ops-eu.")
    assert faults.calls == {"GetResourceConfigHistory": 1, "PutEvaluations": 1}


def test_change_costs_one_call(complete: Deployment) -> None:
    """A changed instance costs one call."""
    faults.reset()
    complete.launch("ops-eu")

    assert faults.calls == {"PutEvaluations": 1}


def test_sweep_ends_an_exemption_on_its_day(complete: Deployment) -> None:
    """On the day after an exemption's last day, only the date changes, and the sweep ends the exemption."""
    now = datetime.now(UTC)
    last = (now + timedelta(days=1)).date().isoformat()  # not today, which may end during the launch
    instance = complete.launch(None, {UNTIL: last})
    assert complete.result(instance) == ("COMPLIANT", f"Exempt until {last} by tag {UNTIL}.")

    config_delivery.fire_schedule(REGION, now + timedelta(days=2))
    complete.aws.settle()

    result = complete.result(instance)
    assert result is not None
    assert result[0] == "NON_COMPLIANT"
    assert f"ended on {last}" in result[1]


def test_sweep_repairs_lost_events(complete: Deployment) -> None:
    """The sweep evaluates an instance whose event was lost, and clears the verdict of a deleted one."""
    vanished = complete.launch()
    config_control.drop_deliveries(REGION, [vanished])
    complete.client("ec2").terminate_instances(InstanceIds=[vanished])
    unseen = complete.launch("ops-eu")
    config_control.delete_result(REGION, unseen)

    config_delivery.fire_schedule(REGION, datetime.now(UTC) + timedelta(hours=2))
    complete.aws.settle()

    assert complete.result(unseen) == ("COMPLIANT", "Launched with key pair ops-eu.")
    assert complete.result(vanished) == ("NOT_APPLICABLE", "")


def test_sweep_leaves_a_fresh_verdict_alone(complete: Deployment) -> None:
    """An instance that was launched just before the sweep and is not in the inventory yet keeps its verdict."""
    instance = complete.launch()
    config_control.flaws(REGION).hidden.add(instance)

    config_delivery.fire_schedule(REGION)
    complete.aws.settle()

    result = complete.result(instance)
    assert result is not None
    assert result[0] == "NON_COMPLIANT"


@dataclass(frozen=True, slots=True)
class Fleet:
    """Three instances whose verdicts are a month old and, since no event reported their last changes, wrong or stale."""

    exempt: str
    allowed: str
    gone: str


@pytest.fixture
def fleet(complete: Deployment) -> Iterator[Fleet]:
    """A fleet of which one is exempt by now and one is gone, in a region whose inventory can be flawed."""
    ec2 = complete.client("ec2")
    made = Fleet(exempt=complete.launch(), allowed=complete.launch("ops-eu"), gone=complete.launch())
    config_control.age(REGION, made.exempt, timedelta(hours=1))
    config_control.drop_deliveries(REGION, [made.exempt, made.gone])
    ec2.create_tags(Resources=[made.exempt], Tags=[{"Key": "karpenter.sh/nodepool", "Value": "x"}])
    ec2.terminate_instances(InstanceIds=[made.gone])
    for instance in (made.exempt, made.allowed, made.gone):
        config_control.age(REGION, instance, timedelta(days=30))
    faults.reset()
    yield made
    config_control.mend(REGION)
    complete.aws.settle()


def sweep(complete: Deployment) -> str:
    """Let the schedule fire; returns the message with which the sweep ended."""
    config_delivery.fire_schedule(REGION)
    complete.aws.settle()
    [line] = [json.loads(line) for line in lambda_invocations.invocations(FUNCTION)[-1].log if "sweep" in line]
    return str(line["message"])


def test_empty_inventory(complete: Deployment, fleet: Fleet) -> None:
    """With an empty inventory, existing instances are evaluated with tags, and only deleted ones are cleared."""
    config_control.flaws(REGION).is_empty = True

    assert sweep(complete) == "sweep complete"

    assert complete.result(fleet.exempt) == ("COMPLIANT", "Exempt by tag karpenter.sh/nodepool=x.")
    assert complete.result(fleet.allowed) == ("COMPLIANT", "Launched with key pair ops-eu.")
    assert complete.result(fleet.gone) == ("NOT_APPLICABLE", "")
    assert faults.calls == {
        "SelectResourceConfig": 1,
        "GetComplianceDetailsByConfigRule": 1,
        "BatchGetResourceConfig": 1,
        "GetResourceConfigHistory": 2,
        "PutEvaluations": 1,
    }


def test_keys_that_are_not_processed(complete: Deployment, fleet: Fleet) -> None:
    """A key that AWS Config hands back is asked for again; one that it always hands back keeps its verdict."""
    flaws = config_control.flaws(REGION)
    flaws.is_empty = True
    flaws.unprocessed += [fleet.gone] * 2 + [fleet.exempt] * 3

    assert sweep(complete) == "sweep incomplete"

    assert faults.calls["BatchGetResourceConfig"] == 3
    assert complete.result(fleet.gone) == ("NOT_APPLICABLE", "")
    result = complete.result(fleet.exempt)
    assert result is not None
    assert result[0] == "NON_COMPLIANT"


def test_history_that_lags(complete: Deployment, fleet: Fleet) -> None:
    """An instance that is missing from the inventory, and whose last item from its history, keeps its verdict."""
    flaws = config_control.flaws(REGION)
    flaws.is_empty = True
    flaws.late.add(fleet.exempt)

    assert sweep(complete) == "sweep incomplete"

    result = complete.result(fleet.exempt)
    assert result is not None
    assert result[0] == "NON_COMPLIANT"
    assert complete.result(fleet.allowed) == ("COMPLIANT", "Launched with key pair ops-eu.")


def test_inventory_without_columns(complete: Deployment, fleet: Fleet) -> None:
    """An instance whose row holds no configuration keeps its verdict, and is not taken for one without a key pair."""
    config_control.flaws(REGION).bare.add(fleet.allowed)

    assert sweep(complete) == "sweep incomplete"

    assert complete.result(fleet.allowed) == ("COMPLIANT", "Launched with key pair ops-eu.")
    assert complete.result(fleet.exempt) == ("COMPLIANT", "Exempt by tag karpenter.sh/nodepool=x.")
    assert complete.result(fleet.gone) == ("NOT_APPLICABLE", "")


def test_inventory_that_lags_and_repeats(complete: Deployment, fleet: Fleet) -> None:
    """A row that comes twice, or of a deleted instance, does no harm; a gone instance is cleared once it is missing."""
    flaws = config_control.flaws(REGION)
    flaws.repeats = True
    flaws.lagging.add(fleet.gone)
    config_control.add_instances(REGION, 150)

    assert sweep(complete) == "sweep complete"
    assert complete.result(fleet.exempt) == ("COMPLIANT", "Exempt by tag karpenter.sh/nodepool=x.")
    assert faults.calls["BatchGetResourceConfig"] == 0

    flaws.lagging.clear()
    config_control.age(REGION, fleet.gone, timedelta(hours=2))
    assert sweep(complete) == "sweep complete"
    assert complete.result(fleet.gone) == ("NOT_APPLICABLE", "")


@pytest.mark.parametrize("forgets", [False, True], ids=["still known", "forgotten"])
def test_recorder_that_leaves_instances_out(complete: Deployment, fleet: Fleet, *, forgets: bool) -> None:
    """Instances that the recorder leaves out are judged by their last items, or cleared where AWS Config forgets them."""
    client = complete.client("config")
    [recorder] = client.describe_configuration_recorders()["ConfigurationRecorders"]
    others = recorder | {"recordingGroup": {"allSupported": False, "resourceTypes": ["AWS::EC2::Volume"]}}
    config_control.flaws(REGION).forgets_unrecorded = forgets
    client.put_configuration_recorder(ConfigurationRecorder=others)
    try:
        ended = sweep(complete)
    finally:
        client.put_configuration_recorder(ConfigurationRecorder=recorder)

    assert ended == "sweep complete"
    exempt = ("COMPLIANT", "Exempt by tag karpenter.sh/nodepool=x.")
    assert complete.result(fleet.exempt) == (("NOT_APPLICABLE", "") if forgets else exempt)
    assert complete.result(fleet.gone) == ("NOT_APPLICABLE", "")


def test_older_event_after_a_newer_one(complete: Deployment) -> None:
    """Delivering an event twice, or an older one late, leaves the newest verdict."""
    instance = complete.launch()
    complete.client("ec2").create_tags(Resources=[instance], Tags=[{"Key": "karpenter.sh/nodepool", "Value": "x"}])
    complete.aws.settle()
    first, last = (each.event for each in lambda_invocations.invocations(FUNCTION) if instance in each.event)

    for event in (last, first, last, first):
        lambda_invocations.invoke_async(FUNCTION, event, principal=config_delivery.PRINCIPAL)
        complete.aws.settle()

    assert complete.result(instance) == ("COMPLIANT", "Exempt by tag karpenter.sh/nodepool=x.")


@contextmanager
def policy(deployment: Deployment, **parameters: str) -> Iterator[None]:
    """Change parameters of the rule for a while, as an apply does."""
    client = deployment.client("config")
    [before] = client.describe_config_rules(ConfigRuleNames=[deployment.rule_name])["ConfigRules"]
    changed = json.dumps(json.loads(before["InputParameters"]) | parameters)
    client.put_config_rule(ConfigRule=before | {"InputParameters": changed})
    deployment.aws.settle()
    try:
        yield
    finally:
        client.put_config_rule(ConfigRule=before)
        deployment.aws.settle()


@pytest.mark.parametrize("enforced", [True, False], ids=["order enforced", "order ignored"])
def test_changed_policy_takes_effect_at_once(complete: Deployment, *, enforced: bool) -> None:
    """A verdict under a changed policy replaces that of a sweep, though the item that AWS Config sends again is older."""
    config_control.enforce_order(REGION, enforced)
    instance, gone = complete.launch("mine"), complete.launch("mine")
    complete.client("ec2").terminate_instances(InstanceIds=[gone])
    config_delivery.fire_schedule(REGION)
    complete.aws.settle()

    try:
        with policy(complete, allowedKeyNames='["mine"]'):
            assert complete.result(instance) == ("COMPLIANT", "Launched with key pair mine.")
            assert complete.result(gone) == ("NOT_APPLICABLE", "")
        result = complete.result(instance)
        assert result is not None
        assert result[0] == "NON_COMPLIANT"
    finally:
        config_control.enforce_order(REGION, enforced=True)


def test_topic_that_admits_nobody_fills_the_dead_letters(complete: Deployment) -> None:
    """What EventBridge can't publish lies in the queue of notifications, whole."""
    topic = complete.outputs["topic_arn"]
    policy = complete.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
    statements = [each for each in json.loads(policy)["Statement"] if each["Sid"] != "EventBridge"]
    broken = json.dumps({"Version": "2012-10-17", "Statement": statements})
    complete.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=broken)
    before = len(complete.notifications())
    try:
        instance = complete.launch()
    finally:
        complete.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)

    [letter] = complete.dead_letters("notifications")
    assert json.loads(letter["Body"])["detail"]["resourceId"] == instance
    assert letter["MessageAttributes"]["TARGET_ARN"]["StringValue"] == topic
    assert len(complete.notifications()) == before


@pytest.mark.parametrize("fault", ["policy", "disabled"])
def test_broken_key_fills_the_dead_letters(complete: Deployment, fault: str) -> None:
    """Nothing is published under a key that is disabled, or does not admit EventBridge, and the event is kept."""
    kms = complete.client("kms")
    topic = complete.client("sns").get_topic_attributes(TopicArn=complete.outputs["topic_arn"])["Attributes"]
    key = topic["KmsMasterKeyId"].rpartition("/")[2]
    policy = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    owner_only = json.dumps({**json.loads(policy), "Statement": [json.loads(policy)["Statement"][0]]})
    before = len(complete.notifications())
    try:
        if fault == "disabled":
            kms.disable_key(KeyId=key)
        else:
            kms.put_key_policy(KeyId=key, PolicyName="default", Policy=owner_only)
        instance = complete.launch()
    finally:
        kms.enable_key(KeyId=key)
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy)

    assert len(complete.notifications()) == before
    [letter] = complete.dead_letters("notifications")
    assert json.loads(letter["Body"])["detail"]["resourceId"] == instance


def test_mail_that_bounces_lies_in_the_dead_letters(complete: Deployment) -> None:
    """What SNS can't deliver lies in the queue of deliveries; the other address has it all the same."""
    sns.bounces(REGION).add("platform@example.com")
    before = len(complete.notifications())
    try:
        instance = complete.launch()
    finally:
        sns.bounces(REGION).clear()

    [letter] = complete.dead_letters("deliveries")
    assert instance in letter["Body"]
    assert [mail.to for mail in complete.notifications()[before:]] == ["security@example.com"]


def test_queues_admit_nobody_else(complete: Deployment) -> None:
    """A queue of dead letters takes nothing from another service, or for another source."""
    queue = f"arn:aws:sqs:{REGION}:123456789012:key-pairs-dead-notifications"
    rule = f"arn:aws:events:{REGION}:123456789012:rule/key-pairs-non-compliant"

    assert complete.rule_name == "key-pairs"
    assert sqs.may_send(queue, principal="events.amazonaws.com", source_arn=rule)
    assert not sqs.may_send(queue, principal="events.amazonaws.com", source_arn=f"{rule}-of-others")
    assert not sqs.may_send(queue, principal="sns.amazonaws.com", source_arn=rule)
