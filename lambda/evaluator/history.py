"""What AWS Config recorded of one resource.

The API: https://docs.aws.amazon.com/config/latest/APIReference/API_GetResourceConfigHistory.html
"""

from datetime import timedelta

from evaluator.config_events import OversizedChange, ResourceChange, parse_configuration_item
from evaluator.reporting import ConfigClient


class ItemNotRecordedError(RuntimeError):
    """The history does not hold an item (yet); Lambda's retry or the next sweep looks again."""


def fetch(client: ConfigClient, change: OversizedChange) -> ResourceChange:
    """Fetch the item of a change that is known by its resource and capture time.

    The time is asked for because a call looks back seven days at most, and the last item can be older.

    Raises:
        ItemNotRecordedError: the history, which is eventually consistent, does not reach up to the change.
        InvalidEventError: the item is malformed.
    """
    try:
        # A second later, for boto3 may send whole seconds and so ask for a time before the change.
        answer = client.get_resource_config_history(
            resourceType=change.resource_type,
            resourceId=change.resource_id,
            laterTime=change.captured_at + timedelta(seconds=1),
            limit=1,
        )
    except client.exceptions.ResourceNotDiscoveredException:
        answer = {"configurationItems": []}
    for item in answer["configurationItems"]:
        recorded = parse_configuration_item(item)
        if recorded.captured_at + timedelta(seconds=1) > change.captured_at:
            return recorded
    raise ItemNotRecordedError(
        f"{change.resource_id} has no item of {change.captured_at.isoformat()} in its history yet"
    )
