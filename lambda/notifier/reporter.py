"""The handler of reports: a schedule invokes it, it publishes once, and a table keeps the findings of the last report.

The order is read, publish, remember. An error before the Publish is raised, so that Lambda tries again. After the
Publish nothing is raised. If the report cannot be remembered, a metric filter counts it, and the next report names the
same instances as new. EventBridge Scheduler invokes at least once, so a scheduled time that was reported is skipped.
"""

import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from notifier import message
from notifier.findings import Finding, Memory, Place, compare
from notifier.report import report

logger = logging.getLogger(__name__)

CONSOLE = message.Console(os.environ["CONSOLE_DOMAIN"])
RULE_NAME = os.environ.get("RULE_NAME", "")
TABLE_NAME = os.environ.get("TABLE_NAME", "")
TOPIC_ARN = os.environ["TOPIC_ARN"]
HAS_CHAT = os.environ.get("CHAT") == "true"
WHEN_EMPTY = bool(os.environ.get("WHEN_EMPTY"))

QUERY = (
    "SELECT resourceId, configuration.keyName, configuration.networkInterfaces.attachment.attachTime "
    "WHERE resourceType = 'AWS::EC2::Instance' AND resourceId IN ({})"
)


class InvalidScheduleError(ValueError):
    """An event does not say when it was scheduled."""


class NotPublishedError(RuntimeError):
    """The report could not be published."""


class LambdaContext(message.LambdaContext, Protocol):
    """The part of Lambda's context object that the report reads."""

    invoked_function_arn: str


class ConfigClient(Protocol):
    """The part of boto3's AWS Config client that the report calls."""

    def get_compliance_details_by_config_rule(self, **kwargs: Any) -> dict[str, Any]:
        """List the results of a rule: API_GetComplianceDetailsByConfigRule."""

    def select_resource_config(self, **kwargs: Any) -> dict[str, Any]:
        """Query the inventory: API_SelectResourceConfig."""


class TableClient(Protocol):
    """The part of boto3's DynamoDB client that the report calls."""

    def get_item(self, **kwargs: Any) -> dict[str, Any]:
        """Read an item: API_GetItem."""

    def put_item(self, **kwargs: Any) -> dict[str, Any]:
        """Write an item: API_PutItem."""


# Many attempts, because nobody waits for the report: a late page is better than none.
_PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 10})
config_client: ConfigClient = boto3.client("config", config=_PATIENT)
table_client: TableClient = boto3.client("dynamodb", config=_PATIENT)
sns_client: message.SnsClient = boto3.client("sns", config=Config(**message.CLIENT_SETTINGS))


def lambda_handler(event: Mapping[str, Any], context: LambdaContext) -> None:
    """Report the open instances at a scheduled time, once.

    Raises:
        InvalidScheduleError: the event has no scheduled time.
        NotPublishedError: SNS did not accept the report.
    """
    scheduled = scheduled_time(event)
    _, _, _, region, account, *_ = context.invoked_function_arn.split(":")
    place = Place(account, region)
    known = recall(place)
    if known and known.scheduled >= scheduled:
        logger.info("already reported", extra={"scheduled": iso(scheduled), "last": iso(known.scheduled)})
        return
    comparison = compare(open_instances(place), {place: known}, scheduled, launches)
    if WHEN_EMPTY or not comparison.is_silent:
        told = report(comparison, scheduled, RULE_NAME, CONSOLE, has_chat=HAS_CHAT)
        if not message.publish(sns_client, TOPIC_ARN, told, context):
            raise NotPublishedError("The report was not published: see the lines above")
    for each, memory in comparison.memories.items():
        remember(each, memory)
    # A metric filter reads the number of open instances.
    logger.info(
        "reported", extra={"open": comparison.open, "new": comparison.new.count, "fixed": len(comparison.fixed)}
    )


def scheduled_time(event: Mapping[str, Any]) -> datetime:
    """Return the time at which EventBridge Scheduler scheduled the report."""
    try:
        moment = datetime.fromisoformat(event["scheduled_time"])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidScheduleError(f"scheduled_time is {event.get('scheduled_time')!r}") from error
    if moment.tzinfo is None:
        raise InvalidScheduleError(f"scheduled_time is {event['scheduled_time']!r} and has no time zone")
    return moment.astimezone(UTC)


def iso(moment: datetime) -> str:
    """Return a time as the table stores it. The texts sort by time."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


# Reading AWS Config


def pages(call: Callable[..., dict[str, Any]], request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the answers to a request until the last page."""
    page = call(**request)
    yield page
    while page.get("NextToken"):
        page = call(**request, NextToken=page["NextToken"])
        yield page


def open_instances(place: Place) -> Iterator[Finding]:
    """Yield every NON_COMPLIANT result of the rule, page by page."""
    request: dict[str, Any] = {"ConfigRuleName": RULE_NAME, "ComplianceTypes": ["NON_COMPLIANT"], "Limit": 100}
    for page in pages(config_client.get_compliance_details_by_config_rule, request):
        for each in page["EvaluationResults"]:
            qualifier = each["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
            annotation = " ".join(each.get("Annotation", "").split())
            yield Finding(place, qualifier["ResourceId"], annotation or None)


def launches(_place: Place, instance_ids: list[str]) -> dict[str, datetime]:
    """Return the launch times of instances without a key pair, if the inventory has them."""
    request: dict[str, Any] = {
        "Expression": QUERY.format(", ".join(f"'{each}'" for each in instance_ids)),
        "Limit": 100,
    }
    found: dict[str, datetime] = {}
    try:
        for page in pages(config_client.select_resource_config, request):
            for text in page.get("Results", []):
                row = json.loads(text)
                if launched := first_launch(row.get("configuration")):
                    found[row["resourceId"]] = launched
    except (BotoCoreError, ClientError) as error:  # a report without launch times is better than none
        logger.error("report incomplete", extra={"reason": f"launch times are missing: {error}"})
    return found


def first_launch(configuration: Any) -> datetime | None:
    """Return when the first network interface was attached, which happens at launch; None if there is a key pair."""
    if not isinstance(configuration, dict) or configuration.get("keyName"):
        return None
    try:
        times = [each["attachment"]["attachTime"] for each in configuration["networkInterfaces"]]
        return min(datetime.fromisoformat(each).astimezone(UTC) for each in times)
    except (KeyError, TypeError, ValueError):
        return None


# Remembering the last report


def key_of(place: Place) -> dict[str, Any]:
    """Return the key of a place's item."""
    return {"source": {"S": f"{RULE_NAME}/{place.account}/{place.region}"}}


def recall(place: Place) -> Memory | None:
    """Return the findings of the last report, or None if there was none."""
    item = table_client.get_item(TableName=TABLE_NAME, Key=key_of(place), ConsistentRead=True).get("Item")
    if not item:
        return None
    scheduled = datetime.fromisoformat(item["scheduled_time"]["S"]).astimezone(UTC)
    return Memory.load(scheduled, int(item["open_count"]["N"]), item.get("open", {}).get("S"))


def remember(place: Place, memory: Memory) -> None:
    """Keep the findings of this report, unless a later report has already done so."""
    item = key_of(place) | {
        "scheduled_time": {"S": iso(memory.scheduled)},
        "open_count": {"N": str(memory.open)},
    }
    if (instances := memory.dump()) is not None:
        item["open"] = {"S": instances}
    try:
        table_client.put_item(
            TableName=TABLE_NAME,
            Item=item,
            ConditionExpression="attribute_not_exists(scheduled_time) OR scheduled_time < :this",
            ExpressionAttributeValues={":this": item["scheduled_time"]},
        )
    except Exception as error:  # any error: the report must not be published again
        if isinstance(error, ClientError) and error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            logger.warning("reported twice", extra={"scheduled": iso(memory.scheduled)})
            return
        logger.exception("report incomplete", extra={"reason": f"the next report repeats what is new: {error}"})
