"""Reads what is open in an organization from AWS Config's aggregator, and remembers it for the next report.

Two listings come first: the accounts and regions with results of the monitors' rules, and those with instances. Then
the results of each account and region with open instances are read, of several at the same time. Throttled calls are
repeated until the time is short. The report then says which results are missing, and what was known of them is kept.

The table holds one item that names the last report, and the items of this report. They are written before that item,
so that a report that ends in between leaves the last one in force. AWS Config's limits are at
https://docs.aws.amazon.com/config/latest/APIReference/API_SelectAggregateResourceConfig.html
"""

import logging
import secrets
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from notifier.coverage import Coverage, Source, Sources, not_covered
from notifier.findings import Comparison, Finding, Memory, Place, Reading, compare
from notifier.inventory import EC2_INSTANCE, Call, ConfigClient, first_launch, pages, query, reason, rows
from notifier.packing import MAX_OF_A_PLACE, Pack, joined, unpack
from notifier.table import Table, iso, time_of

logger = logging.getLogger(__name__)

# From here on nothing more is read: enough for a call with all its retries, the Publish, and the table.
RESERVE_MILLISECONDS = 180_000
# The time for launch times: results matter more.
LAUNCHES_MILLISECONDS = 300_000

# The number of accounts and regions that are read at the same time. Most have one page, and 40,000 would take too long.
WORKERS = 8

# How the codes of errors begin if calls came too often. botocore has already repeated the call.
THROTTLED = ("LimitExceeded", "RequestLimitExceeded", "Throttl", "TooManyRequests")

INSTANCES = f"SELECT accountId, awsRegion, COUNT(*) WHERE resourceType = '{EC2_INSTANCE}' GROUP BY accountId, awsRegion"

# A verdict that an aggregator shows. Other values say that the rule has none.
VERDICTS = ("COMPLIANT", "NON_COMPLIANT")


class UnknownAggregatorError(RuntimeError):
    """There is no aggregator with the name that the hub was given, or the role may not read it."""


class OutOfTimeError(RuntimeError):
    """There is no time left to read more."""


# The pages of results of each rule in an account and region.
Details = list[Iterable[dict[str, Any]]]


class Hub(NamedTuple):
    """The names that a hub was given, and where it is.

    Attributes:
        name: its own name, under which it remembers reports.
        aggregator: the name of AWS Config's aggregator.
        rules: the names of the monitors' rules.
        here: its account and region.
    """

    name: str
    aggregator: str
    rules: Sequence[str]
    here: Place


class Organization:
    """The report of a hub.

    Args:
        client: reads AWS Config.
        table: remembers reports.
        hub: what to read.
        remaining: returns the milliseconds that are left.
    """

    def __init__(self, client: ConfigClient, table: Table, hub: Hub, remaining: Callable[[], int]) -> None:
        self._client, self._table, self._hub, self._remaining = client, table, hub, remaining
        self._last: dict[str, Any] | None = None
        self._pack = Pack()
        self._missing: list[str] = []
        self._unread = 0
        self._has_launches, self._launches_left = True, LAUNCHES_MILLISECONDS

    def last(self) -> datetime | None:
        """Return the time of the last report, or None if there was none."""
        self._last = self._table.get(self._hub.name)
        return time_of(self._last) if self._last else None

    def compare(self, scheduled: datetime) -> tuple[Comparison, Coverage]:
        """Read all open instances and compare them with the last report. ``last`` comes first."""
        sources = self._sources()
        instances = self._instances()
        covered, open_in = self._results()

        def keep(place: Place, memory: Memory) -> None:
            if place in open_in or not (sources and sources.has_left(place)):
                self._pack.add(place, memory)

        last = time_of(self._last) if self._last else None
        # Ends the workers also after an error. Otherwise the garbage collector would, and could wait for ever.
        with closing(self._readings(sources, instances, covered, open_in)) as readings:
            comparison = compare(readings, last, scheduled, self._launches, keep)
        if self._unread:
            self._missing.insert(0, f"the results of {self._unread} of {len(open_in)} accounts and regions")
        gaps = not_covered(instances, covered, sources) if sources and instances is not None else {}
        return comparison, Coverage(self._hub.aggregator, gaps, sources.failed if sources else [], self._missing)

    def remember(self, comparison: Comparison, scheduled: datetime) -> None:
        """Keep the findings of this report, unless a later report has already done so."""
        pages, generation = self._pack.finish(), f"{iso(scheduled)}/{secrets.token_hex(4)}"
        for number, page in enumerate(pages):
            self._table.put(f"{self._hub.name}/{generation}/{number}", {"open": {"S": page}})
        item = {
            "generation": {"S": generation},
            "open_count": {"N": str(comparison.open)},
            "pages": {"N": str(len(pages))},
        }
        self._table.put_report(self._hub.name, scheduled, item)
        # The condition also fails if the item was written and the answer was lost.
        kept = self._table.get(self._hub.name)
        is_kept = kept is not None and kept["generation"] == item["generation"]
        try:
            for key in self._items(self._last if is_kept else item):
                self._table.delete(key)
        except (BotoCoreError, ClientError) as error:  # the report is kept all the same
            logger.error("report incomplete", extra={"reason": f"an old item was not deleted: {error}"})

    def _items(self, item: dict[str, Any] | None) -> list[str]:
        """Return the keys of the items of a report."""
        if not item:
            return []
        return [f"{self._hub.name}/{item['generation']['S']}/{number}" for number in range(int(item["pages"]["N"]))]

    # Reading AWS Config

    def _sources(self) -> Sources | None:
        call = self._client.describe_configuration_aggregator_sources_status
        try:
            return Sources(
                Source(
                    each["SourceId"],
                    each.get("AwsRegion", ""),
                    each["LastUpdateStatus"],
                    each["LastUpdateTime"].astimezone(UTC) if "LastUpdateTime" in each else None,
                    each.get("LastErrorCode"),
                )
                for page in self._pages(call)
                for each in page.get("AggregatedSourceStatusList", [])
            )
        except (BotoCoreError, ClientError, OutOfTimeError) as error:
            self._miss("the status and coverage of accounts and regions", error)
            return None

    def _instances(self) -> dict[Place, int] | None:
        call = self._client.select_aggregate_resource_config
        try:
            return {
                Place(row["accountId"], row["awsRegion"]): int(row["COUNT(*)"])
                for row in rows(self._pages(call, Expression=INSTANCES))
            }
        # AWS's reference does not say how a row names its count. Another name must not prevent the report.
        except (BotoCoreError, ClientError, KeyError, OutOfTimeError) as error:
            self._miss("the coverage of accounts and regions", error)
            return None

    def _results(self) -> tuple[set[Place], dict[Place, list[str]]]:
        """Return where a rule has verdicts, and which rules have open instances where."""
        covered: set[Place] = set()
        open_in: dict[Place, list[str]] = {}
        call = self._client.describe_aggregate_compliance_by_config_rules
        try:
            for rule in self._hub.rules:
                for page in self._pages(call, Filters={"ConfigRuleName": rule}):
                    for each in page.get("AggregateComplianceByConfigRules", []):
                        place = Place(each["AccountId"], each["AwsRegion"])
                        verdict = each["Compliance"]["ComplianceType"]
                        if verdict in VERDICTS:
                            covered.add(place)
                        if verdict == "NON_COMPLIANT":
                            open_in.setdefault(place, []).append(rule)
        except ClientError as error:
            # AWS does not document which error an unknown name gives to a role that may read only some aggregators.
            if code(error).startswith("AccessDenied"):
                problem = self._unknown("does not exist or cannot be read")
                raise UnknownAggregatorError(f"{problem} AWS answered: {error}") from error
            raise
        return covered, open_in

    def _readings(
        self,
        sources: Sources | None,
        instances: dict[Place, int] | None,
        covered: set[Place],
        open_in: dict[Place, list[str]],
    ) -> Generator[Reading]:
        ahead: dict[Place, Future[Details]] = {}
        places = sorted(open_in)
        coming = iter(places)
        with ThreadPoolExecutor(WORKERS) as pool:
            for place, memory in joined(places, self._recall()):
                for each in islice(coming, 2 * WORKERS - len(ahead)):
                    ahead[each] = pool.submit(self._details, each, open_in[each])
                is_current = sources is not None and sources.is_current(place) and not sources.has_left(place)
                is_known = place in covered or (instances is not None and place not in instances)
                reading = Reading(place, memory, (), is_current and is_known, MAX_OF_A_PLACE)
                if place in ahead:
                    reading.findings = self._open(reading, ahead.pop(place))
                yield reading

    def _details(self, place: Place, rules: Sequence[str]) -> Details:
        """Read the first page of an account and region. Returns all results of each rule."""
        call = self._client.get_aggregate_compliance_details_by_config_rule
        where = {"AccountId": place.account, "AwsRegion": place.region, "ComplianceType": "NON_COMPLIANT"}
        first, *others = (self._pages(call, ConfigRuleName=rule, **where, Limit=100) for rule in rules)
        return [chain([next(first)], first), *others]

    def _open(self, reading: Reading, details: Future[Details]) -> Iterator[Finding]:
        """Yield each open instance of a place once. A place that cannot be read is not whole."""
        found: set[str] = set()
        try:
            for pages in details.result():
                is_empty = True
                for page in pages:
                    for each in page.get("AggregateEvaluationResults", []):
                        qualifier = each["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
                        instance = qualifier["ResourceId"]
                        is_empty = False
                        # A rule with the name of a monitor's can evaluate other resources.
                        if qualifier["ResourceType"] == EC2_INSTANCE and instance not in found:
                            found.add(instance)
                            yield Finding(reading.place, instance, reason(each))
                # The listing of the rules knows of an open instance, so one of both is late.
                reading.is_whole &= not is_empty
        except (BotoCoreError, ClientError, OutOfTimeError) as error:
            if code(error).startswith("AccessDenied"):
                raise
            if not self._unread:
                logger.error("not read", extra=reading.place._asdict() | {"reason": str(error)})
            reading.is_whole = False
            self._unread += 1

    def _launches(self, instances: list[tuple[Place, str]]) -> dict[tuple[Place, str], datetime]:
        found: dict[tuple[Place, str], datetime] = {}
        if not self._has_launches:
            return found
        request = {
            "ConfigurationAggregatorName": self._hub.aggregator,
            "Expression": query([each for _, each in instances], "accountId, awsRegion, resourceId"),
            "Limit": 100,
        }
        try:
            self._need_time()
            before = self._remaining()
            for row in rows(pages(self._client.select_aggregate_resource_config, request)):
                if launched := first_launch(row.get("configuration")):
                    found[Place(row["accountId"], row["awsRegion"]), row["resourceId"]] = launched
            self._launches_left -= before - self._remaining()
            if self._launches_left < 0:
                raise OutOfTimeError("results need the rest of the time")
        except (BotoCoreError, ClientError, OutOfTimeError) as error:
            self._miss("launch times", error)
            self._has_launches = False
        return found

    def _recall(self) -> Iterator[tuple[Place, Memory]]:
        """Yield what the last report knew."""
        if self._last:
            yield from unpack(self._recalled(), time_of(self._last))

    def _recalled(self) -> Iterator[str]:
        for key in self._items(self._last):
            if item := self._table.get(key):
                yield item["open"]["S"]
            else:
                self._miss("a part of the last report", f"{key} is not in the table")

    def _miss(self, what: str, why: object) -> None:
        self._missing.append(what)
        logger.error("not read", extra={"what": what, "reason": str(why)})

    def _need_time(self) -> None:
        if self._remaining() < RESERVE_MILLISECONDS:
            raise OutOfTimeError("no time is left")

    def _pages(self, call: Call, **request: Any) -> Iterator[dict[str, Any]]:
        """Yield the answers to a request. A throttled call is repeated while there is time."""

        def patiently(**arguments: Any) -> dict[str, Any]:
            while True:
                self._need_time()
                try:
                    return call(**arguments)
                except ClientError as error:
                    if code(error) == "NoSuchConfigurationAggregatorException":
                        raise UnknownAggregatorError(self._unknown("does not exist")) from error
                    if not code(error).startswith(THROTTLED):
                        raise
                    logger.warning("throttled", extra={"reason": str(error)})

        return pages(patiently, {"ConfigurationAggregatorName": self._hub.aggregator} | request)

    def _unknown(self, problem: str) -> str:
        account, region = self._hub.here
        return (
            f'The aggregator "{self._hub.aggregator}" {problem} in {account}, {region}. '
            'Set aggregator = { name = "…" } of the hub to a name that '
            '"aws configservice describe-configuration-aggregators" lists there, or to {} to create an aggregator.'
        )


def code(error: Exception) -> str:
    """Return the code of an error that AWS has returned, or the name of any other error."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__
