"""The edge: a batch of a queue in, one Publish or a few out, and what was not told goes back to the queue.

Batches: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

import logging
import os
from collections.abc import Mapping
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from notifier.changes import Change, InvalidChangeError, parse
from notifier.digest import Message, digest

logger = logging.getLogger(__name__)

TOPIC_ARN = os.environ["TOPIC_ARN"]
CONSOLE = os.environ["CONSOLE"]

# More than one Publish can take with all its retries, so that what was published is known before Lambda ends the
# invocation.
RESERVE_MILLISECONDS = 25_000


class LambdaContext(Protocol):
    """The part of Lambda's context object that this package reads."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left before Lambda ends the invocation."""


class SnsClient(Protocol):
    """The part of boto3's SNS client that this package calls."""

    def publish(self, **kwargs: Any) -> dict[str, Any]:
        """Send to a topic's subscribers: API_Publish."""


# Made at import, so that it falls in the init phase and is kept while the function is warm. Three attempts of at most
# 7 s and their pauses of at most 3 s in all.
sns_client: SnsClient = boto3.client(
    "sns", config=Config(retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=2, read_timeout=5)
)


def lambda_handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """Tell of the compliance changes in a batch of SQS.

    Returns:
        A partial batch response: the records that can't be read and those that could not be published, which SQS
        hands out again, and for good to the dead-letter queue.
    """
    changes: list[Change] = []
    record_ids: dict[str, list[str]] = {}
    failed: list[str] = []
    for record in event["Records"]:
        try:
            change = parse(record.get("body"))
        except InvalidChangeError as error:
            logger.error("unreadable", extra={"messageId": record["messageId"], "reason": str(error)})
            failed.append(record["messageId"])
            continue
        changes.append(change)
        record_ids.setdefault(change.event_id, []).append(record["messageId"])
    for message in digest(changes, CONSOLE):
        if context.get_remaining_time_in_millis() < RESERVE_MILLISECONDS or not publish(message):
            failed += [each for event_id in message.event_ids for each in record_ids[event_id]]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}


def publish(message: Message) -> bool:
    """Publish a message; returns whether SNS has taken it."""
    told = {"subject": message.subject, "instances": len(message.document["instances"])}
    try:
        answer = sns_client.publish(TopicArn=TOPIC_ARN, **message.publication())
    except (BotoCoreError, ClientError):
        logger.exception("not published", extra=told)
        return False
    logger.info("published", extra=told | {"messageId": answer["MessageId"]})
    return True
