"""Keeps the findings of reports in a DynamoDB table, as items with the time of their report.

A report counts as sent when its item is written. The condition is that no later report has written its own.
"""

import logging
from datetime import UTC, datetime
from typing import Any, Protocol

from botocore.exceptions import ClientError

logger = logging.getLogger(__name__)


class TableClient(Protocol):
    """The part of boto3's DynamoDB client that a report calls."""

    def delete_item(self, **kwargs: Any) -> dict[str, Any]:
        """Delete an item: API_DeleteItem."""

    def get_item(self, **kwargs: Any) -> dict[str, Any]:
        """Read an item: API_GetItem."""

    def put_item(self, **kwargs: Any) -> dict[str, Any]:
        """Write an item: API_PutItem."""


class Table:
    """A table whose key is ``source``."""

    def __init__(self, client: TableClient, name: str) -> None:
        self._client, self._name = client, name

    def get(self, source: str) -> dict[str, Any] | None:
        """Return an item, or None."""
        key = {"source": {"S": source}}
        item: dict[str, Any] | None = self._client.get_item(TableName=self._name, Key=key, ConsistentRead=True).get(
            "Item"
        )
        return item or None

    def put(self, source: str, item: dict[str, Any]) -> None:
        """Write an item."""
        self._client.put_item(TableName=self._name, Item={"source": {"S": source}} | item)

    def put_report(self, source: str, scheduled: datetime, item: dict[str, Any]) -> bool:
        """Write the item of a report, unless a later report has already done so. Returns whether it was written."""
        time = {"S": iso(scheduled)}
        try:
            self._client.put_item(
                TableName=self._name,
                Item={"source": {"S": source}, "scheduled_time": time} | item,
                ConditionExpression="attribute_not_exists(scheduled_time) OR scheduled_time < :this",
                ExpressionAttributeValues={":this": time},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            logger.warning("reported twice", extra={"scheduled": iso(scheduled)})
            return False
        return True

    def delete(self, source: str) -> None:
        """Delete an item, if it exists."""
        self._client.delete_item(TableName=self._name, Key={"source": {"S": source}})


def iso(moment: datetime) -> str:
    """Return a time as the table stores it. The texts sort by time."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def time_of(item: dict[str, Any]) -> datetime:
    """Return the scheduled time of an item."""
    return datetime.fromisoformat(item["scheduled_time"]["S"]).astimezone(UTC)
