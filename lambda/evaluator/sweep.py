"""The scheduled re-evaluation of every instance in the region, from AWS Config's own inventory.

It ends exemptions on their day and repairs what a lost event left behind. The inventory lags behind the events by
minutes, so what it says of the last hour is never taken as proof that an instance is gone. What changed just before the
sweep may still be judged as it was: a tag until the next change or sweep, an instance that was just terminated until
the next sweep takes its verdict back.
"""

import logging
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from evaluator.compliance import ComplianceType, Policy, Verdict, evaluate
from evaluator.config_events import EC2_INSTANCE, InvalidEventError, Schedule, parse_instance, parse_row
from evaluator.reporting import ConfigClient, evaluation

logger = logging.getLogger(__name__)

# The most that the services take at once.
# https://docs.aws.amazon.com/config/latest/APIReference/API_SelectResourceConfig.html
PAGE_SIZE = 100

# Between two looks at the clock lie four API calls at most: two pages, and a report that is sent once more. Each can
# take 47 s with all its retries, and the sweep must end before Lambda ends it. A throttled call waits longer for its
# turn, but is answered at once.
RESERVE_MILLISECONDS = 200_000

INVENTORY_LAG = timedelta(hours=1)

GONE = Verdict(ComplianceType.NOT_APPLICABLE)

Report = Callable[[Sequence[Mapping[str, Any]]], None]


def sweep(
    client: ConfigClient, schedule: Schedule, policy: Policy, report: Report, remaining_milliseconds: Callable[[], int]
) -> None:
    """Evaluate every recorded instance, then mark NOT_APPLICABLE what has a result and is recorded no longer.

    A sweep that would not end before the function's deadline stops after the page at hand, clears nothing, and says so
    in one error line: raised, it would only be started over.

    Args:
        client: AWS Config.
        schedule: what fired; its time is the verdicts' ordering timestamp and its UTC date their today.
        policy: what the rule's parameters ask for.
        report: takes up to 100 evaluations.
        remaining_milliseconds: the time left before Lambda ends the invocation.
    """
    seen = _Ids()
    unreadable: list[str] = []

    def out_of_time() -> bool:
        return remaining_milliseconds() < RESERVE_MILLISECONDS

    for rows in _inventory(client, policy):
        evaluations = []
        for row in rows:
            instance_id = None
            try:
                instance_id, configuration, tags = parse_row(row)
                verdict = evaluate(parse_instance(configuration, tags), policy, schedule.notified_at.date())
                evaluations.append(evaluation(EC2_INSTANCE, instance_id, verdict, schedule.notified_at))
            except InvalidEventError as error:
                # One unreadable instance must not keep the others from their verdicts, nor go unnoticed.
                unreadable.append(f"{instance_id}: {error}")
            seen.add(instance_id)
        if evaluations:
            report(evaluations)
        if out_of_time():
            _log_incomplete("the deadline came while the inventory was read", seen)
            return
    if not seen.is_complete:
        _log_incomplete(f"nothing can be cleared, for a row can't be read: {unreadable[0]}", seen)
        return

    stale: list[tuple[str, str]] = []
    for page in _results(client, schedule.rule_name):
        stale += [
            (result["ResourceType"], result["ResourceId"])
            for result, ordering_timestamp in page
            if ordering_timestamp < schedule.notified_at - INVENTORY_LAG and result["ResourceId"] not in seen
        ]
        if out_of_time():
            _log_incomplete("the deadline came while the results were listed", seen)
            return
    for start in range(0, len(stale), PAGE_SIZE):
        if start and out_of_time():
            _log_incomplete("the deadline came while stale results were cleared", seen)
            return
        report([evaluation(*gone, GONE, schedule.notified_at) for gone in stale[start : start + PAGE_SIZE]])
    if unreadable:
        _log_incomplete(f"{len(unreadable)} instances can't be read, the first is {unreadable[0]}", seen)
        return
    logger.info("sweep complete", extra={"instances": len(seen), "cleared": len(stale)})


class _Ids:
    """Ids by their hashes: 8 bytes each, where a set of texts takes over 100.

    Should two ids ever share a hash, a stale verdict stays until a sweep in another process, whose hashes are others.
    """

    def __init__(self) -> None:
        self.is_complete = True
        self._hashes = array("q")
        self._is_sorted = True

    def add(self, an_id: str | None) -> None:
        if an_id is None:
            self.is_complete = False
            return
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


def _log_incomplete(reason: str, seen: _Ids) -> None:
    # The module's alarm counts these lines by their message.
    logger.error("sweep incomplete", extra={"reason": reason, "instances": len(seen)})


def _inventory(client: ConfigClient, policy: Policy) -> Iterator[list[str]]:
    """Give the recorded instances page by page, a JSON text each.

    The next page is fetched while the caller works on the last one, and no more than that, so memory stays constant.
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
    """Give the rule's results page by page: the resource and the result's ordering timestamp."""
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
