"""The handler of digests: publishes a batch of a queue. Events that were not published go back to the queue.

Lambda counts a partial batch response as a success, even if it returns every record. So an invocation that publishes
nothing raises an error, which the metric Errors counts. An invocation that publishes only a part logs a line, which a
metric filter counts. It raises no error after SNS has acknowledged a message: an error returns the whole batch, and
that message would be published again.

Batches: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

import logging
import os
from collections.abc import Hashable, Mapping
from typing import Any

import boto3
from botocore.config import Config

from notifier.digest import digest
from notifier.events import Event, InvalidEventError, parse
from notifier.message import CLIENT_SETTINGS, Console, LambdaContext, SnsClient, account_names, publish

logger = logging.getLogger(__name__)

TOPIC_ARN = os.environ["TOPIC_ARN"]
CONSOLE = Console(os.environ["CONSOLE_DOMAIN"])
BY_ACCOUNT = os.environ.get("DIGEST_BY") == "account"
HAS_CHAT = os.environ.get("CHAT") == "true"

ACCOUNT_NAMES = account_names()


class NothingPublishedError(RuntimeError):
    """No record of a batch could be read and published."""


# Created at import, so that the init phase creates it once for all invocations.
sns_client: SnsClient = boto3.client("sns", config=Config(**CLIENT_SETTINGS))


def lambda_handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """Publish the events in a batch of SQS.

    Returns:
        A partial batch response: the records that could not be read or published. SQS delivers them again, and in the
        end moves them to the dead-letter queue.

    Raises:
        NothingPublishedError: no record could be published.
    """
    events: list[Event] = []
    record_ids: dict[Hashable, list[str]] = {}
    failed: list[str] = []
    for record in event["Records"]:
        try:
            news = parse(record.get("body"))
        except InvalidEventError as error:
            logger.error("unreadable", extra={"messageId": record["messageId"], "reason": str(error)})
            failed.append(record["messageId"])
            continue
        events.append(news)
        record_ids.setdefault(news.key, []).append(record["messageId"])
    for message in digest(events, CONSOLE, ACCOUNT_NAMES, by_account=BY_ACCOUNT, has_chat=HAS_CHAT):
        if not publish(sns_client, TOPIC_ARN, message, context):
            failed += [each for key in message.keys for each in record_ids[key]]
    count = len(event["Records"])
    if failed and len(failed) == count:
        raise NothingPublishedError(f"None of {count} records was published: see the lines above")
    if failed:
        logger.error("digest incomplete", extra={"records": count, "returned": len(failed)})
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}
