"""The sweep: evaluates every instance of the region again, from AWS Config's inventory.

A sweep ends exemptions on their day and corrects verdicts whose events were lost. The inventory proves that an instance
exists, but not that one is deleted: it is minutes behind the events, and a query can return only a part of it, or
nothing. So each resource that has a result older than an hour, but is missing from the inventory, is looked up by its
id. If AWS Config no longer has the resource, its verdict is cleared. Otherwise it is evaluated from its history.

A change just before the sweep may not be visible yet. A changed tag then counts only after the next change or sweep,
and the result of an instance that was just terminated is cleared by the next sweep.
"""

import logging
import sys
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from evaluator.compliance import ComplianceType, Instance, Policy, evaluate
from evaluator.config_events import (
    EC2_INSTANCE,
    InvalidEventError,
    Schedule,
    parse_instance,
    parse_row,
    parse_summary,
)
from evaluator.history import ItemNotRecordedError, fetch
from evaluator.reporting import ConfigClient, evaluation

logger = logging.getLogger(__name__)

# The limits of the APIs for one call.
# https://docs.aws.amazon.com/config/latest/APIReference/API_SelectResourceConfig.html
PAGE_SIZE = 100

# How often to look up a resource that AWS Config leaves unprocessed.
LOOKUPS = 3

# The sweep must stop before Lambda ends it. Between two checks of the time are at most four API calls (two pages, and a
# report that is sent twice), and each can take 47 s with all its retries. A throttled call waits longer before it is
# sent, but is answered immediately.
RESERVE_MILLISECONDS = 200_000

INVENTORY_LAG = timedelta(hours=1)

Report = Callable[[Sequence[Mapping[str, Any]]], None]
Resource = tuple[str, str]  # type and id


class SweepIncompleteError(RuntimeError):
    """The sweep stopped before everything was evaluated and cleared. The message says why."""


def sweep(
    client: ConfigClient, schedule: Schedule, policy: Policy, report: Report, remaining_milliseconds: Callable[[], int]
) -> None:
    """Evaluate every recorded instance, then clear the verdicts of deleted instances.

    If the function's time is nearly over, the sweep stops and keeps what it reported. It logs one error line, also if a
    resource could not be read. It raises no error, because Lambda would then start the sweep from the beginning.

    Args:
        client: AWS Config.
        schedule: the event. Its time is the ordering timestamp of all verdicts, and its UTC date is today.
        policy: the requirements in the rule's parameters.
        report: reports up to 100 evaluations.
        remaining_milliseconds: the time left before Lambda ends the invocation.
    """
    run = _Sweep(client, schedule, policy, report, remaining_milliseconds)
    try:
        run.evaluate_inventory()
        run.settle_missing()
        run.fail_if_unreadable()
    except SweepIncompleteError as incomplete:
        # The module's alarms count both lines by their messages.
        logger.error("sweep incomplete", extra={"reason": str(incomplete), "instances": len(run.seen)})
    else:
        # A metric filter reads the number of open instances.
        logger.info("sweep complete", extra={"instances": len(run.seen), "open": run.open, "cleared": run.cleared})


class _Sweep:
    """One sweep: the instances that it has seen, and those that it could not read."""

    def __init__(
        self,
        client: ConfigClient,
        schedule: Schedule,
        policy: Policy,
        report: Report,
        remaining_milliseconds: Callable[[], int],
    ) -> None:
        self.seen = _Ids()
        self.open = 0
        self.cleared = 0
        self._client = client
        self._schedule = schedule
        self._policy = policy
        self._report = report
        self._remaining_milliseconds = remaining_milliseconds
        self._unreadable = 0
        self._first_unreadable = ""

    def evaluate_inventory(self) -> None:
        """Evaluate the instances in the inventory, page by page."""
        for rows in _inventory(self._client, self._policy):
            # By id, because a page can contain a row twice.
            evaluations = {}
            for row in rows:
                instance_id = None
                try:
                    instance_id, configuration, tags = parse_row(row)
                    self.seen.add(instance_id)
                    instance = parse_instance(configuration, tags)
                except InvalidEventError as error:
                    # One unreadable instance must not stop the sweep, but it must be reported.
                    self._skip(f"{instance_id}: {error}")
                else:
                    evaluations[instance_id] = self._evaluation((EC2_INSTANCE, instance_id), instance)
            if evaluations:
                self._report(list(evaluations.values()))
            self._watch_the_clock("the inventory was read")

    def settle_missing(self) -> None:
        """Clear the verdicts of deleted instances, and evaluate existing ones that the inventory does not list."""
        missing = self._missing()
        for start in range(0, len(missing), PAGE_SIZE):
            evaluations = list(self._settled(missing[start : start + PAGE_SIZE]))
            if evaluations:
                self._report(evaluations)

    def fail_if_unreadable(self) -> None:
        """Raise an error if any instance has no new verdict."""
        if self._unreadable:
            raise SweepIncompleteError(
                f"{self._unreadable} resources can't be read, the first is {self._first_unreadable}"
            )

    def _missing(self) -> list[Resource]:
        """Return the resources that have a result, but are missing from the inventory."""
        missing: list[Resource] = []
        for page in _results(self._client, self._schedule.rule_name):
            missing += [
                (sys.intern(result["ResourceType"]), result["ResourceId"])  # one text for all
                for result, ordering_timestamp in page
                if ordering_timestamp < self._schedule.notified_at - INVENTORY_LAG
                and result["ResourceId"] not in self.seen
            ]
            self._watch_the_clock("the results were listed")
        return missing

    def _settled(self, missing: Sequence[Resource]) -> Iterator[dict[str, Any]]:
        """Return the evaluations of up to 100 resources that the inventory does not list."""
        waiting = list(dict.fromkeys(missing))
        for _ in range(LOOKUPS):
            self._watch_the_clock("missing instances were looked up")
            existing, unprocessed = _look_up(self._client, waiting)
            for resource in waiting:
                if resource in unprocessed:
                    continue
                if resource in existing:
                    yield from self._evaluated_from_history(resource, existing[resource])
                else:
                    self.cleared += 1
                    yield self._evaluation(resource, None)
            waiting = [resource for resource in waiting if resource in unprocessed]
            if not waiting:
                return
        for _, resource_id in waiting:
            self._skip(f"{resource_id}: AWS Config does not say whether it exists")

    def _evaluated_from_history(self, resource: Resource, item: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Return the evaluation of an existing resource, unless its history cannot be read."""
        self._watch_the_clock("missing instances were evaluated")
        try:
            recorded = fetch(self._client, parse_summary(item))
        except (InvalidEventError, ItemNotRecordedError) as error:
            self._skip(f"{resource[1]}: {error}")
        else:
            yield self._evaluation(resource, recorded.instance)

    def _evaluation(self, resource: Resource, instance: Instance | None) -> dict[str, Any]:
        verdict = evaluate(instance, self._policy, self._schedule.notified_at.date())
        self.open += verdict.compliance_type is ComplianceType.NON_COMPLIANT
        return evaluation(*resource, verdict, self._schedule.notified_at)

    def _skip(self, reason: str) -> None:
        self._unreadable += 1
        self._first_unreadable = self._first_unreadable or reason

    def _watch_the_clock(self, doing: str) -> None:
        if self._remaining_milliseconds() < RESERVE_MILLISECONDS:
            raise SweepIncompleteError(f"the deadline came while {doing}")


class _Ids:
    """A set of ids that keeps only their hashes: 8 bytes each, instead of over 100 in a set of strings.

    If two ids share a hash, an old verdict can stay. A sweep in another process, which has other hashes, corrects it.
    """

    def __init__(self) -> None:
        self._hashes = array("q")
        self._is_sorted = True

    def add(self, an_id: str) -> None:
        self._hashes.append(hash(an_id))
        self._is_sorted = False

    def __contains__(self, an_id: str) -> bool:
        if not self._is_sorted:
            self._hashes = array("q", sorted(self._hashes))
            self._is_sorted = True
        place = bisect_left(self._hashes, hash(an_id))
        return place < len(self._hashes) and self._hashes[place] == hash(an_id)

    def __len__(self) -> int:
        return len(self._hashes)


def _inventory(client: ConfigClient, policy: Policy) -> Iterator[list[str]]:
    """Yield the rows of the inventory page by page; each row is a JSON text.

    While the caller works on a page, only the next page is fetched, so that memory stays constant.
    """
    columns = "resourceId, configuration.keyName, configuration.state.name" + (", tags" if policy.reads_tags else "")
    query = {"Expression": f"SELECT {columns} WHERE resourceType = '{EC2_INSTANCE}'", "Limit": PAGE_SIZE}
    with ThreadPoolExecutor(max_workers=1) as fetcher:
        following: Future[dict[str, Any]] | None = fetcher.submit(client.select_resource_config, **query)
        while following:
            page = following.result()
            token = page.get("NextToken")
            following = fetcher.submit(client.select_resource_config, **query, NextToken=token) if token else None
            yield page.get("Results") or []


def _results(client: ConfigClient, rule_name: str) -> Iterator[list[tuple[dict[str, str], datetime]]]:
    """Yield the rule's results page by page: the resource and the result's ordering timestamp."""
    query: dict[str, Any] = {
        "ConfigRuleName": rule_name,
        "ComplianceTypes": [ComplianceType.COMPLIANT, ComplianceType.NON_COMPLIANT],
        "Limit": PAGE_SIZE,
    }
    while True:
        page = client.get_compliance_details_by_config_rule(**query)
        identifiers = [result["EvaluationResultIdentifier"] for result in page.get("EvaluationResults") or ()]
        yield [(each["EvaluationResultQualifier"], each["OrderingTimestamp"]) for each in identifiers]
        if not page.get("NextToken"):
            return
        query["NextToken"] = page["NextToken"]


def _look_up(
    client: ConfigClient, resources: Sequence[Resource]
) -> tuple[dict[Resource, Mapping[str, Any]], set[Resource]]:
    """Look up to 100 resources up. Returns the items of existing resources, and those that AWS Config did not process.

    A resource in neither list is deleted, because the API returns no deleted resources. It does not return tags.
    https://docs.aws.amazon.com/config/latest/APIReference/API_BatchGetResourceConfig.html
    """
    keys = [{"resourceType": resource_type, "resourceId": resource_id} for resource_type, resource_id in resources]
    answer = client.batch_get_resource_config(resourceKeys=keys)
    unprocessed = {_resource(key) for key in answer.get("unprocessedResourceKeys") or ()}
    items = {_resource(item): item for item in answer.get("baseConfigurationItems") or ()}
    return items, unprocessed


def _resource(item: Mapping[str, Any]) -> Resource:
    return item["resourceType"], item["resourceId"]
