"""A topic on the embedded AWS, its subscriptions, and what they receive."""

from tests.emulator import ACCOUNT_ID, EmbeddedAws, sns
from tests.support.functions import REGION, allow, document

ADDRESS = "ops@example.com"


def topic_of(aws: EmbeddedAws, **attributes: str) -> str:
    """Create a topic. Returns its ARN."""
    arn: str = aws.client("sns", REGION).create_topic(Name="notifications", Attributes=attributes)["TopicArn"]
    return arn


def subscribe(aws: EmbeddedAws, topic_arn: str, protocol: str, endpoint: str, **attributes: str) -> str:
    """Subscribe as Terraform does. Returns the ARN of the subscription."""
    answer = aws.client("sns", REGION).subscribe(
        TopicArn=topic_arn, Protocol=protocol, Endpoint=endpoint, Attributes=attributes, ReturnSubscriptionArn=True
    )
    return str(answer["SubscriptionArn"])


def queue_of(aws: EmbeddedAws, source_arn: str | None, name: str = "queue", **attributes: str) -> str:
    """Create a queue that admits SNS for a topic or, without a topic, nobody. Returns its ARN."""
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{name}"
    if source_arn:
        condition = {"ArnEquals": {"aws:SourceArn": source_arn}}
        statement = allow("sqs:SendMessage", resource=arn) | {"Principal": {"Service": sns.PRINCIPAL}}
        attributes["Policy"] = document(statement | {"Condition": condition})
    aws.client("sqs", REGION).create_queue(QueueName=name, Attributes=attributes)
    return arn


def mails() -> list[str]:
    """Return the text of each e-mail except the confirmations."""
    return [mail.body for mail in sns.outbox(REGION) if mail.token is None]
