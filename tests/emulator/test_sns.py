"""SNS: who must confirm, what the e-mail says, and where it goes when it can't be delivered."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.emulator import ACCOUNT_ID, EmbeddedAws, cloudwatch_metrics, lambda_invocations, sns
from tests.support.functions import QUEUE, REGION
from tests.support.queues import messages
from tests.support.topics import ADDRESS, mails, queue_of, subscribe, topic_of


def counted() -> dict[str, float]:
    """What is counted of the topic."""
    points = cloudwatch_metrics.points(REGION)
    assert all((each.namespace, each.dimensions) == ("AWS/SNS", {"TopicName": "notifications"}) for each in points)
    return {each.name: each.value for each in points}


# Confirming


def test_a_pending_subscription_gets_nothing(aws: EmbeddedAws) -> None:
    """Until somebody confirms it, an e-mail subscription gets its confirmation e-mail and nothing else."""
    topic_arn = topic_of(aws)
    subscribe(aws, topic_arn, "email", ADDRESS)
    aws.client("sns", REGION).publish(TopicArn=topic_arn, Message="lost")
    assert [(mail.to, mail.subject) for mail in sns.outbox(REGION)] == [
        (ADDRESS, "AWS Notification - Subscription Confirmation")
    ]


def test_the_token_of_the_mail_confirms(aws: EmbeddedAws) -> None:
    """ConfirmSubscription takes the token of the confirmation e-mail, and no other."""
    topic_arn, client = topic_of(aws), aws.client("sns", REGION)
    arn = subscribe(aws, topic_arn, "email", ADDRESS)
    with pytest.raises(ClientError, match="InvalidParameter"):
        client.confirm_subscription(TopicArn=topic_arn, Token="wrong")  # noqa: S106
    assert client.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["PendingConfirmation"] == "true"
    token = sns.outbox(REGION)[0].token
    assert client.confirm_subscription(TopicArn=topic_arn, Token=token)["SubscriptionArn"] == arn
    attributes = client.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert (attributes["PendingConfirmation"], attributes["ConfirmationWasAuthenticated"]) == ("false", "false")


def test_the_token_of_another_topic_does_not_confirm(aws: EmbeddedAws) -> None:
    """A token confirms a subscription of the topic that the caller names."""
    topic_arn, client = topic_of(aws), aws.client("sns", REGION)
    subscribe(aws, topic_arn, "email", ADDRESS)
    other = client.create_topic(Name="other")["TopicArn"]
    with pytest.raises(ClientError, match="InvalidParameter"):
        client.confirm_subscription(TopicArn=other, Token=sns.outbox(REGION)[0].token)


def test_confirming_everything_counts(aws: EmbeddedAws) -> None:
    """The helper that confirms everything says how many it was, and finds nothing the second time."""
    topic_arn = topic_of(aws)
    for name in "ab":
        subscribe(aws, topic_arn, "email", f"{name}@example.com")
    assert (sns.confirm_all(REGION), sns.confirm_all(REGION)) == (2, 0)


def test_subscribe_hides_a_pending_arn(aws: EmbeddedAws) -> None:
    """Subscribe answers "pending confirmation" to a caller that does not ask for the ARN."""
    answer = aws.client("sns", REGION).subscribe(TopicArn=topic_of(aws), Protocol="email", Endpoint=ADDRESS)
    assert answer["SubscriptionArn"] == "pending confirmation"


def test_a_list_hides_a_pending_arn(aws: EmbeddedAws) -> None:
    """A list of subscriptions shows "PendingConfirmation" until the subscription is confirmed, and then its ARN."""
    topic_arn, client = topic_of(aws), aws.client("sns", REGION)
    arn = subscribe(aws, topic_arn, "email", ADDRESS)
    lists = [client.list_subscriptions, lambda: client.list_subscriptions_by_topic(TopicArn=topic_arn)]
    for expected in ("PendingConfirmation", arn):
        assert [each["SubscriptionArn"] for get in lists for each in get()["Subscriptions"]] == [expected] * 2
        sns.confirm_all(REGION)


def test_a_queue_needs_no_confirmation(aws: EmbeddedAws) -> None:
    """A queue of the same account is confirmed at once."""
    arn = subscribe(aws, topic_of(aws), "sqs", QUEUE)
    attributes = aws.client("sns", REGION).get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert (attributes["PendingConfirmation"], attributes["ConfirmationWasAuthenticated"]) == ("false", "true")


def test_what_is_pending_can_not_be_unsubscribed(aws: EmbeddedAws) -> None:
    """Unsubscribe refuses a pending subscription, and takes it once it is confirmed."""
    client, arn = aws.client("sns", REGION), subscribe(aws, topic_of(aws), "email", ADDRESS)
    with pytest.raises(ClientError, match="pending confirmation"):
        client.unsubscribe(SubscriptionArn=arn)
    sns.confirm_all(REGION)
    client.unsubscribe(SubscriptionArn=arn)
    assert client.list_subscriptions()["Subscriptions"] == []


def test_reset_forgets_the_mails(aws: EmbeddedAws) -> None:
    """An account that was emptied has no e-mails and no bouncing addresses."""
    subscribe(aws, topic_of(aws), "email", ADDRESS)
    sns.bounce(REGION, ADDRESS)
    aws.reset()
    assert (sns.outbox(REGION), sns.bounces(REGION)) == ([], set())


# Mails


def test_a_mail_says_how_to_unsubscribe(aws: EmbeddedAws) -> None:
    """An e-mail has the given subject or AWS's default, and ends with the link to unsubscribe."""
    topic_arn = topic_of(aws)
    subscribe(aws, topic_arn, "email", ADDRESS)
    sns.confirm_all(REGION)
    assert sns.publish(topic_arn, "one")
    assert sns.publish(topic_arn, "two", "Subject")
    first, second = sns.outbox(REGION)[1:]
    assert (first.subject, second.subject) == ("AWS Notification Message", "Subject")
    assert first.body.startswith("one\n\n--\nIf you wish to stop receiving notifications from this topic")


def test_email_json_is_the_document(aws: EmbeddedAws) -> None:
    """An email-json subscription gets the whole JSON document."""
    topic_arn = topic_of(aws)
    subscribe(aws, topic_arn, "email-json", ADDRESS)
    sns.confirm_all(REGION)
    sns.publish(topic_arn, "text")
    document = json.loads(mails()[0])
    assert (document["Type"], document["Message"], document["TopicArn"]) == ("Notification", "text", topic_arn)


def test_a_service_learns_that_a_topic_is_missing() -> None:
    """Publishing to a topic that is not there says so and raises nothing."""
    assert not sns.publish(f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:missing", "text")


# Queues and dead letters


def test_a_queue_must_admit_the_topic(aws: EmbeddedAws) -> None:
    """A queue gets a topic's messages only if its policy names that topic."""
    topic_arn = topic_of(aws)
    admitting = queue_of(aws, topic_arn)
    other = queue_of(aws, topic_arn + "-other", "other")
    for name in ("queue", "other"):
        subscribe(aws, topic_arn, "sqs", f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{name}")
    aws.client("sns", REGION).publish(TopicArn=topic_arn, Message="text")
    assert [json.loads(each["Body"])["Message"] for each in messages(aws, admitting)] == ["text"]
    assert messages(aws, other) == []


def test_what_a_queue_refuses_is_a_dead_letter(aws: EmbeddedAws) -> None:
    """A message that a queue does not admit goes to the subscription's dead-letter queue."""
    topic_arn = topic_of(aws)
    queue_of(aws, None)
    dead = queue_of(aws, topic_arn, "dead")
    redrive = json.dumps({"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:dead"})
    subscribe(aws, topic_arn, "sqs", QUEUE, RedrivePolicy=redrive)
    sns.publish(topic_arn, "text")
    assert [json.loads(each["Body"])["Message"] for each in messages(aws, dead)] == ["text"]


@pytest.mark.parametrize("admits", [True, False])
def test_a_bounced_mail_is_a_dead_letter(aws: EmbeddedAws, admits: bool) -> None:  # noqa: FBT001
    """An e-mail that bounces becomes a dead letter, or is lost if the queue does not admit the topic."""
    topic_arn = topic_of(aws)
    dead = queue_of(aws, topic_arn if admits else None, "dead")
    redrive = json.dumps({"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:dead"})
    subscribe(aws, topic_arn, "email", ADDRESS, RedrivePolicy=redrive)
    sns.confirm_all(REGION)
    sns.bounce(REGION, ADDRESS)
    aws.client("sns", REGION).publish(TopicArn=topic_arn, Message="text")
    assert mails() == []
    assert len(messages(aws, dead)) == (1 if admits else 0)
    redriven = "NumberOfNotificationsRedrivenToDlq" if admits else "NumberOfNotificationsFailedToRedriveToDlq"
    assert counted() == {"NumberOfNotificationsFailed": 1, redriven: 1}


def test_retries_of_https_count(aws: EmbeddedAws) -> None:
    """Every failed attempt to reach an HTTPS endpoint counts, by default four of them."""
    topic_arn, endpoint = topic_of(aws), "https://pager.example.com/sns"
    subscribe(aws, topic_arn, "https", endpoint)
    sns.confirm_all(REGION)
    sns.bounce(REGION, endpoint)
    sns.publish(topic_arn, "text")
    assert counted() == {"NumberOfNotificationsFailed": 4}


@pytest.mark.parametrize("admits", [True, False])
def test_a_function_must_admit_the_topic(
    aws: EmbeddedAws,
    monkeypatch: pytest.MonkeyPatch,
    admits: bool,  # noqa: FBT001
) -> None:
    """A function gets a message if it admits the topic; otherwise the message is a dead letter."""
    invoked: list[tuple[str, str]] = []
    monkeypatch.setattr(lambda_invocations, "may_invoke", lambda *_, **__: admits)
    monkeypatch.setattr(lambda_invocations, "process", lambda *arguments: invoked.append(arguments))
    topic_arn, function_arn = topic_of(aws), f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:it"
    dead = queue_of(aws, topic_arn, "dead")
    redrive = json.dumps({"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:dead"})
    subscribe(aws, topic_arn, "lambda", function_arn, RedrivePolicy=redrive)
    sns.publish(topic_arn, "text")
    aws.settle()
    assert [json.loads(event)["Records"][0]["Sns"]["Message"] for _, event in invoked] == ["text"] * admits
    assert len(messages(aws, dead)) == (0 if admits else 1)


def test_an_encrypted_queue_needs_its_key(aws: EmbeddedAws) -> None:
    """A queue whose key does not admit SNS gets nothing, though its own policy admits the topic."""
    topic_arn, kms = topic_of(aws), aws.client("kms", REGION)
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    arn = queue_of(aws, topic_arn, KmsMasterKeyId=key_id)
    subscribe(aws, topic_arn, "sqs", QUEUE)
    sns.publish(topic_arn, "refused")
    policy = json.loads(kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"])
    actions = ["kms:GenerateDataKey*", "kms:Decrypt"]
    admit = {"Effect": "Allow", "Principal": {"Service": sns.PRINCIPAL}, "Action": actions, "Resource": "*"}
    policy["Statement"].append(admit | {"Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}}})
    kms.put_key_policy(KeyId=key_id, PolicyName="default", Policy=json.dumps(policy))
    sns.publish(topic_arn, "taken")
    assert [json.loads(each["Body"])["Message"] for each in messages(aws, arn)] == ["taken"]


def test_the_default_policy_admits_no_service(aws: EmbeddedAws) -> None:
    """The policy that a topic has of itself names the account's own callers, and no service."""
    rule_arn = f"arn:aws:events:{REGION}:{ACCOUNT_ID}:rule/change"
    assert not sns.may_publish(topic_of(aws), principal="events.amazonaws.com", source_arn=rule_arn)


# What Terraform reads back


def test_topic_attributes_are_told(aws: EmbeddedAws) -> None:
    """GetTopicAttributes tells what moto keeps to itself, and how many subscriptions are pending."""
    topic_arn = topic_of(aws, SignatureVersion="2", TracingConfig="Active")
    subscribe(aws, topic_arn, "email", ADDRESS)
    subscribe(aws, topic_arn, "sqs", QUEUE)
    attributes = aws.client("sns", REGION).get_topic_attributes(TopicArn=topic_arn)["Attributes"]
    assert (attributes["SignatureVersion"], attributes["TracingConfig"]) == ("2", "Active")
    assert (attributes["SubscriptionsPending"], attributes["SubscriptionsConfirmed"]) == ("1", "1")


# Publishing


FORMS = json.dumps({"default": "for machines", "email": "for people", "sms": "for phones", "unknown": "for nobody"})


def test_each_protocol_gets_its_form(aws: EmbeddedAws) -> None:
    """With the structure json an e-mail, an SMS and everything else get their own text; an e-mail has the subject."""
    topic_arn = topic_of(aws)
    arn = queue_of(aws, topic_arn)
    for protocol, endpoint in (("email", ADDRESS), ("sms", "+12025550123"), ("sqs", QUEUE)):
        subscribe(aws, topic_arn, protocol, endpoint)
    sns.confirm_all(REGION)
    aws.client("sns", REGION).publish(TopicArn=topic_arn, Message=FORMS, MessageStructure="json", Subject="News")

    mail, sms = [each for each in sns.outbox(REGION) if each.token is None]
    assert (mail.subject, mail.body.partition("\n\n--\n")[0]) == ("News", "for people")
    assert (sms.to, sms.subject, sms.body) == ("+12025550123", "", "for phones")
    [message] = messages(aws, arn)
    document = json.loads(message["Body"])
    assert (document["Subject"], document["Message"]) == ("News", "for machines")


@pytest.mark.parametrize("subject", ["", " begins with a blank", "two\nlines", "Überschrift", "x" * 100, "bell\a"])
def test_a_bad_subject_is_refused(aws: EmbeddedAws, subject: str) -> None:
    """A subject is 1 to 99 ASCII characters without control characters, and begins with none that is blank."""
    with pytest.raises(ClientError, match="Invalid parameter: Subject"):
        aws.client("sns", REGION).publish(TopicArn=topic_of(aws), Message="x", Subject=subject)


def test_the_size_counts_bytes_and_attributes(aws: EmbeddedAws) -> None:
    """A message may have 262,144 bytes, in UTF-8 and with its attributes."""
    topic_arn, client = topic_of(aws), aws.client("sns", REGION)
    attributes = {"name": {"DataType": "String", "StringValue": "value"}}
    rest = "ü" * ((262_144 - len("nameStringvalue") - 1) // 2) + "x"
    client.publish(TopicArn=topic_arn, Message=rest, MessageAttributes=attributes)
    with pytest.raises(ClientError, match="Message too long"):
        client.publish(TopicArn=topic_arn, Message=rest + "x", MessageAttributes=attributes)
    with pytest.raises(ClientError, match="Message too long"):
        client.publish(TopicArn=topic_arn, Message="ü" * 131_073)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("no JSON", "failed to parse"),
        ("[]", "failed to parse"),
        ('{"email": "x"}', "No default entry"),
        ('{"default": {}}', "No default entry"),
    ],
)
def test_a_bad_structure_is_refused(aws: EmbeddedAws, message: str, reason: str) -> None:
    """The structure json wants an object whose default is a text."""
    with pytest.raises(ClientError, match=reason):
        aws.client("sns", REGION).publish(TopicArn=topic_of(aws), Message=message, MessageStructure="json")
