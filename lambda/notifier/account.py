"""Reads what is open in one account and region from AWS Config, and remembers it for the next report."""

import logging
from collections.abc import Iterator
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError

from notifier.findings import Comparison, Finding, Memory, Place, Reading, compare
from notifier.inventory import ConfigClient, first_launch, pages, query, reason, rows
from notifier.table import Table, time_of

logger = logging.getLogger(__name__)


class Account:
    """The report of a monitor. One item holds the findings of the last report."""

    def __init__(self, client: ConfigClient, table: Table, rule: str, place: Place) -> None:
        self._client, self._table, self._rule, self._place = client, table, rule, place
        self._source = f"{rule}/{place.account}/{place.region}"
        self._known: Memory | None = None
        self._memories: dict[Place, Memory] = {}

    def last(self) -> datetime | None:
        """Return the time of the last report, or None if there was none."""
        item = self._table.get(self._source)
        if item:
            self._known = Memory.load(time_of(item), int(item["open_count"]["N"]), item.get("open", {}).get("S"))
        return self._known.scheduled if self._known else None

    def compare(self, scheduled: datetime) -> tuple[Comparison, None]:
        """Read all open instances and compare them with the last report. ``last`` comes first."""
        reading = Reading(self._place, self._known, self._open())
        last = self._known.scheduled if self._known else None
        return compare([reading], last, scheduled, self._launches, self._memories.__setitem__), None

    def remember(self, _comparison: Comparison, scheduled: datetime) -> None:
        """Keep the findings of this report, unless a later report has already done so."""
        memory = self._memories[self._place]
        item = {"open_count": {"N": str(memory.open)}}
        if (instances := memory.dump()) is not None:
            item["open"] = {"S": instances}
        self._table.put_report(self._source, scheduled, item)

    def _open(self) -> Iterator[Finding]:
        """Yield every NON_COMPLIANT result of the rule, page by page."""
        request = {"ConfigRuleName": self._rule, "ComplianceTypes": ["NON_COMPLIANT"], "Limit": 100}
        for page in pages(self._client.get_compliance_details_by_config_rule, request):
            for each in page.get("EvaluationResults", []):
                instance = each["EvaluationResultIdentifier"]["EvaluationResultQualifier"]["ResourceId"]
                yield Finding(self._place, instance, reason(each))

    def _launches(self, instances: list[tuple[Place, str]]) -> dict[tuple[Place, str], datetime]:
        """Return the launch times of instances without a key pair, if the inventory has them."""
        request = {"Expression": query(each for _, each in instances), "Limit": 100}
        found: dict[tuple[Place, str], datetime] = {}
        try:
            for row in rows(pages(self._client.select_resource_config, request)):
                if launched := first_launch(row.get("configuration")):
                    found[self._place, row["resourceId"]] = launched
        except (BotoCoreError, ClientError) as error:  # a report without launch times is better than none
            logger.error("report incomplete", extra={"reason": f"launch times are missing: {error}"})
        return found
