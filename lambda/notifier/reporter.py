"""The handler of reports: a schedule invokes it, it publishes once, and a table keeps the findings of the last report.

The order is read, publish, remember. An error before the Publish is raised, so that Lambda tries again. After the
Publish nothing is raised. If the report cannot be remembered, a metric filter counts it, and the next report names the
same instances as new. EventBridge Scheduler invokes at least once, so a scheduled time that was reported is skipped.
"""

import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

import boto3
from botocore.config import Config

from notifier import message
from notifier.account import Account
from notifier.coverage import Coverage
from notifier.findings import Comparison, Place
from notifier.inventory import ConfigClient
from notifier.organization import Hub, Organization
from notifier.report import Told, report
from notifier.table import Table, TableClient, iso

logger = logging.getLogger(__name__)

AGGREGATOR_NAME = os.environ.get("AGGREGATOR_NAME", "")
CONSOLE = message.Console(os.environ["CONSOLE_DOMAIN"])
RULE_NAME = os.environ.get("RULE_NAME", "")
RULE_NAMES = os.environ.get("RULE_NAMES", "").split(",")
TABLE_NAME = os.environ.get("TABLE_NAME", "")
TOPIC_ARN = os.environ["TOPIC_ARN"]
HAS_CHAT = os.environ.get("CHAT") == "true"
WHEN_EMPTY = bool(os.environ.get("WHEN_EMPTY"))


class InvalidScheduleError(ValueError):
    """An event does not say when it was scheduled."""


class NotPublishedError(RuntimeError):
    """The report could not be published."""


class LambdaContext(message.LambdaContext, Protocol):
    """The part of Lambda's context object that the report reads."""

    invoked_function_arn: str


class Source(Protocol):
    """What a report reads: an account and region, or an organization."""

    def last(self) -> datetime | None:
        """Return the time of the last report, or None if there was none. The other methods rely on this one."""

    def compare(self, scheduled: datetime) -> tuple[Comparison, Coverage | None]:
        """Read all open instances and compare them with the last report, for a hub with its coverage."""

    def remember(self, comparison: Comparison, scheduled: datetime) -> None:
        """Keep the findings of this report, unless a later report has already done so."""


# Many attempts, because nobody waits for the report: a late page is better than none. A hub repeats throttled calls
# itself, and must know soon that a call has failed.
_PATIENT: dict[str, Any] = {"retries": {"mode": "standard", "total_max_attempts": 10}}
if AGGREGATOR_NAME:
    _PATIENT = {
        "retries": {"mode": "standard", "total_max_attempts": 5},
        "connect_timeout": 5,
        "read_timeout": 20,
    }
config_client: ConfigClient = boto3.client("config", config=Config(**_PATIENT))
table_client: TableClient = boto3.client("dynamodb", config=Config(**_PATIENT))
sns_client: message.SnsClient = boto3.client("sns", config=Config(**message.CLIENT_SETTINGS))


def lambda_handler(event: Mapping[str, Any], context: LambdaContext) -> None:
    """Report the open instances at a scheduled time, once.

    Raises:
        InvalidScheduleError: the event has no scheduled time.
        NotPublishedError: SNS did not accept the report.
        UnknownAggregatorError: a hub was given the name of an aggregator that does not exist.
    """
    scheduled = scheduled_time(event)
    source = _source(context)
    last = source.last()
    if last and last >= scheduled:
        logger.info("already reported", extra={"scheduled": iso(scheduled), "last": iso(last)})
        return
    comparison, coverage = source.compare(scheduled)
    if WHEN_EMPTY or not (comparison.is_silent and (coverage is None or coverage.is_silent)):
        names = message.account_names() if coverage else {}
        told = Told(comparison, scheduled, RULE_NAME, CONSOLE, coverage, names)
        if not message.publish(sns_client, TOPIC_ARN, report(told, has_chat=HAS_CHAT), context):
            raise NotPublishedError("The report was not published: see the lines above")
    if coverage and coverage.missing:
        logger.error("report incomplete", extra={"reason": f"not read: {', '.join(coverage.missing)}"})
    try:
        source.remember(comparison, scheduled)
    except Exception as error:  # any error: the report must not be published again
        logger.exception("report incomplete", extra={"reason": f"the next report repeats what is new: {error}"})
    counts = {"open": comparison.open, "new": comparison.new.count, "fixed": comparison.fixed_count}
    if coverage:
        counts |= {"not_covered": len(coverage.not_covered), "sources": len(coverage.sources)}
    # A metric filter reads the number of open instances.
    logger.info("reported", extra=counts)


def _source(context: LambdaContext) -> Source:
    _, _, _, region, account, *_ = context.invoked_function_arn.split(":")
    here, table = Place(account, region), Table(table_client, TABLE_NAME)
    if not AGGREGATOR_NAME:
        return Account(config_client, table, RULE_NAME, here)
    hub = Hub(RULE_NAME, AGGREGATOR_NAME, RULE_NAMES, here)
    return Organization(config_client, table, hub, context.get_remaining_time_in_millis)


def scheduled_time(event: Mapping[str, Any]) -> datetime:
    """Return the time at which EventBridge Scheduler scheduled the report."""
    try:
        moment = datetime.fromisoformat(event["scheduled_time"])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidScheduleError(f"scheduled_time is {event.get('scheduled_time')!r}") from error
    if moment.tzinfo is None:
        raise InvalidScheduleError(f"scheduled_time is {event['scheduled_time']!r} and has no time zone")
    # The table stores whole seconds, and a retry must find its own time there.
    return moment.astimezone(UTC).replace(microsecond=0)
