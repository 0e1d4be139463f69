"""Reads the recorded configuration of one resource from AWS Config's history.

The API: https://docs.aws.amazon.com/config/latest/APIReference/API_GetResourceConfigHistory.html
"""

from datetime import timedelta

from evaluator.config_events import OversizedChange, ResourceChange, parse_configuration_item
from evaluator.reporting import ConfigClient


class ItemNotRecordedError(RuntimeError):
    """The history does not contain an item (yet). Lambda's retry or the next sweep looks again."""


def fetch(client: ConfigClient, change: OversizedChange) -> ResourceChange:
    """Fetch the item of a resource that was captured at a time.

    The call needs the time, because without it AWS Config looks back only seven days, and the last item can be older.

    Raises:
        ItemNotRecordedError: the history, which is eventually consistent, does not contain the change yet.
        InvalidEventError: the item is malformed.
    """
    try:
        # Add a second, because boto3 may send whole seconds, and so a time before the change.
        answer = client.get_resource_config_history(
            resourceType=change.resource_type,
            resourceId=change.resource_id,
            laterTime=change.captured_at + timedelta(seconds=1),
            limit=1,
        )
    except client.exceptions.ResourceNotDiscoveredException:
        answer = {}
    for item in answer.get("configurationItems", []):
        recorded = parse_configuration_item(item)
        if recorded.captured_at + timedelta(seconds=1) > change.captured_at:
            return recorded
    raise ItemNotRecordedError(
        f"{change.resource_id} has no item of {change.captured_at.isoformat()} in its history yet"
    )
