"""The sweep and instances that have a result, but are missing from the inventory, which does not prove a deletion."""

import gc
import json
import logging
import tracemalloc
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from evaluator.handler import lambda_handler

from tests.support.handlers import (
    FIRED,
    LONG_AGO,
    NOT_DISCOVERED,
    Context,
    Exceptions,
    RecordingConfig,
    history,
    messages,
    reason,
    result,
    sample,
    summary,
)

EXEMPTING = json.dumps({"exemptTags": json.dumps({"role": "build"})})


def keys(config: RecordingConfig) -> list[list[str]]:
    """The ids that each lookup asked for."""
    lookups = [call["resourceKeys"] for api, call in config.calls if api == "BatchGetResourceConfig"]
    return [[key["resourceId"] for key in lookup] for lookup in lookups]


def missing(config: RecordingConfig, *ids: str) -> None:
    """Let these have a result, and the inventory be empty."""
    config.answers["GetComplianceDetailsByConfigRule"] = [{"EvaluationResults": [result(each) for each in ids]}]


def unprocessed(*ids: str) -> list[dict[str, str]]:
    """The keys of these, as AWS Config hands them back."""
    return [{"resourceType": "AWS::EC2::Instance", "resourceId": each} for each in ids]


def test_what_still_exists_is_evaluated_with_its_tags(
    config: RecordingConfig, caplog: pytest.LogCaptureFixture
) -> None:
    """An instance that the inventory lacks is evaluated from its history, with tags, and its verdict is not cleared."""
    caplog.set_level(logging.INFO)
    missing(config, "i-exempt", "i-gone", "i-ops")
    config.answers["BatchGetResourceConfig"] = [{"baseConfigurationItems": [summary("i-exempt"), summary("i-ops")]}]
    config.answers["GetResourceConfigHistory"] = [
        history("i-exempt", tags={"role": "build"}),
        history("i-ops", "ops"),
    ]

    lambda_handler(sample("schedule", ruleParameters=EXEMPTING), Context())

    assert config.verdicts == {"i-exempt": "COMPLIANT", "i-gone": "NOT_APPLICABLE", "i-ops": "COMPLIANT"}
    assert {each["OrderingTimestamp"] for each in config.evaluations} == {FIRED}
    assert messages(caplog) == [("INFO", "sweep complete")]
    assert caplog.records[-1].__dict__["cleared"] == 1


def test_history_is_asked_for_the_recorded_time(config: RecordingConfig) -> None:
    """The item is fetched by its time, because a call looks back at most seven days and the item can be older."""
    recorded = FIRED - timedelta(days=90)
    missing(config, "i-old")
    config.answers["BatchGetResourceConfig"] = [{"baseConfigurationItems": [summary("i-old", recorded)]}]
    config.answers["GetResourceConfigHistory"] = [history("i-old", configurationItemCaptureTime=recorded)]

    lambda_handler(sample("schedule"), Context())

    [call] = [call for api, call in config.calls if api == "GetResourceConfigHistory"]
    assert call["laterTime"] == recorded + timedelta(seconds=1)
    assert config.verdicts == {"i-old": "NON_COMPLIANT"}


@pytest.mark.parametrize(
    "answer",
    [
        {"configurationItems": []},
        history("i-late", configurationItemCaptureTime=LONG_AGO - timedelta(seconds=1)),
        history("i-late", configuration="null"),
        history("i-late", configuration="{}"),
        NOT_DISCOVERED,
    ],
    ids=["empty", "late", "no configuration", "no state", "unknown"],
)
def test_history_that_does_not_tell(
    config: RecordingConfig, caplog: pytest.LogCaptureFixture, answer: dict[str, Any] | ClientError
) -> None:
    """An existing instance whose history can't be read keeps its verdict, others get theirs, and the log names it."""
    missing(config, "i-late", "i-ops", "i-gone")
    config.answers["BatchGetResourceConfig"] = [{"baseConfigurationItems": [summary("i-late"), summary("i-ops")]}]
    config.answers["GetResourceConfigHistory"] = [answer, history("i-ops", "ops")]

    lambda_handler(sample("schedule"), Context())

    assert config.verdicts == {"i-ops": "COMPLIANT", "i-gone": "NOT_APPLICABLE"}
    assert messages(caplog) == [("ERROR", "sweep incomplete")]
    assert "i-late" in reason(caplog)


@pytest.mark.parametrize("status", ["ResourceDeleted", "ResourceNotRecorded"])
def test_history_that_says_gone(config: RecordingConfig, status: str) -> None:
    """The history decides where it says that the instance is deleted or not recorded any more."""
    missing(config, "i-1")
    config.answers["BatchGetResourceConfig"] = [{"baseConfigurationItems": [summary("i-1")]}]
    config.answers["GetResourceConfigHistory"] = [
        history("i-1", configurationItemStatus=status, configuration="null"),
    ]

    lambda_handler(sample("schedule"), Context())

    assert config.verdicts == {"i-1": "NOT_APPLICABLE"}


def test_unprocessed_is_asked_again(config: RecordingConfig, caplog: pytest.LogCaptureFixture) -> None:
    """A key that AWS Config does not process is looked up again and evaluated from that response."""
    caplog.set_level(logging.INFO)
    missing(config, "i-1", "i-2", "i-3", "i-4")
    config.answers["BatchGetResourceConfig"] = [
        {"baseConfigurationItems": [], "unprocessedResourceKeys": unprocessed("i-2", "i-3")},
        {"baseConfigurationItems": [summary("i-2")], "unprocessedResourceKeys": unprocessed("i-3")},
    ]
    config.answers["GetResourceConfigHistory"] = [history("i-2")]

    lambda_handler(sample("schedule"), Context())

    assert keys(config) == [["i-1", "i-2", "i-3", "i-4"], ["i-2", "i-3"], ["i-3"]]
    assert config.verdicts == {
        "i-1": "NOT_APPLICABLE",
        "i-2": "NON_COMPLIANT",
        "i-3": "NOT_APPLICABLE",
        "i-4": "NOT_APPLICABLE",
    }
    assert messages(caplog) == [("INFO", "sweep complete")]


def test_unprocessed_is_never_gone(config: RecordingConfig, caplog: pytest.LogCaptureFixture) -> None:
    """A key that is not processed three times keeps its verdict, even if there is an item, and the log names it."""
    missing(config, "i-1", "i-2", "i-gone")
    handed_back = {"baseConfigurationItems": [summary("i-2")], "unprocessedResourceKeys": unprocessed("i-1", "i-2")}
    config.answers["BatchGetResourceConfig"] = [handed_back] * 3

    lambda_handler(sample("schedule"), Context())

    assert keys(config) == [["i-1", "i-2", "i-gone"], ["i-1", "i-2"], ["i-1", "i-2"]]
    assert config.verdicts == {"i-gone": "NOT_APPLICABLE"}
    assert messages(caplog) == [("ERROR", "sweep incomplete")]
    assert reason(caplog) == ("2 resources can't be read, the first is i-1: AWS Config does not say whether it exists")


@pytest.mark.parametrize(("gone", "lookups"), [(1, 1), (100, 1), (101, 2), (250, 3)])
def test_number_of_lookups(config: RecordingConfig, gone: int, lookups: int) -> None:
    """Each hundred missing instances that are gone cost a lookup and a report."""
    missing(config, *(f"i-{n}" for n in range(gone)))

    lambda_handler(sample("schedule"), Context())

    apis = [api for api, _ in config.calls]
    assert apis.count("BatchGetResourceConfig") == apis.count("PutEvaluations") == lookups
    assert len(apis) == 2 + 2 * lookups
    assert max(len(each) for each in keys(config)) <= 100


def test_result_that_is_listed_twice(config: RecordingConfig) -> None:
    """A resource that the listing repeats is looked up and cleared once in a call."""
    missing(config, "i-1", "i-1", "i-2")

    lambda_handler(sample("schedule"), Context())

    assert keys(config) == [["i-1", "i-2"]]
    assert [each["ComplianceResourceId"] for each in config.evaluations] == ["i-1", "i-2"]


def test_deadline_among_histories(config: RecordingConfig, caplog: pytest.LogCaptureFixture) -> None:
    """Out of time among instances that exist, the sweep says so, and clears nothing that it has not looked up."""
    missing(config, *(f"i-{n:03}" for n in range(150)))
    config.answers["BatchGetResourceConfig"] = [{"baseConfigurationItems": [summary("i-001"), summary("i-002")]}]
    config.answers["GetResourceConfigHistory"] = [history("i-001"), history("i-002")]

    lambda_handler(sample("schedule"), Context(remaining=[200_000] * 4 + [199_999]))

    assert config.verdicts == {}
    assert messages(caplog) == [("ERROR", "sweep incomplete")]
    assert reason(caplog) == "the deadline came while missing instances were evaluated"


def test_deadline_among_lookups(config: RecordingConfig, caplog: pytest.LogCaptureFixture) -> None:
    """Out of time while keys are handed back, the sweep asks no more, and clears nothing."""
    missing(config, "i-1")
    config.answers["BatchGetResourceConfig"] = [{"unprocessedResourceKeys": unprocessed("i-1")}] * 3

    lambda_handler(sample("schedule"), Context(remaining=[200_000] * 3 + [199_999]))

    assert keys(config) == [["i-1"]]
    assert config.verdicts == {}
    assert messages(caplog) == [("ERROR", "sweep incomplete")]
    assert reason(caplog) == "the deadline came while missing instances were looked up"


class Blackout:
    """An AWS Config whose inventory is empty, of a region of any number of instances; each call takes a while."""

    exceptions = Exceptions

    def __init__(self, instances: int, *, seconds: float = 0, rows: bool = False) -> None:
        self.instances = instances
        self.milliseconds = 1000 * seconds
        self.left = 900_000.0
        self.rows = rows
        self.verdicts: Counter[str] = Counter()

    def get_remaining_time_in_millis(self) -> int:
        """What is left of the time, as Lambda's context says it."""
        return int(self.left)

    def after_a_while(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Let the time of a call pass. Not judged by AWS's models, as other fakes are: it would take minutes."""
        self.left -= self.milliseconds
        return answer

    def page(self, request: dict[str, Any]) -> tuple[range, dict[str, str]]:
        """The numbers on a page of 100, and what leads to the next."""
        start = int(request.get("NextToken", 0))
        end = min(self.instances, start + 100)
        return range(start, end), {"NextToken": str(end)} if end < self.instances else {}

    def select_resource_config(self, **request: Any) -> dict[str, Any]:
        """Give nothing, or rows of which nothing but the id is there."""
        numbers, following = self.page(request) if self.rows else (range(0), {})
        found = [json.dumps({"resourceId": f"i-{n:017x}"}) for n in numbers]
        return self.after_a_while({"Results": found} | following)

    def get_compliance_details_by_config_rule(self, **request: Any) -> dict[str, Any]:
        """Give a result for each instance, each with a type of its own, as JSON is read."""
        numbers, following = self.page(request)
        found = [result(f"i-{n:017x}", resource_type="".join(("AWS::EC2::", "Instance"))) for n in numbers]
        return self.after_a_while({"EvaluationResults": found} | following)

    def batch_get_resource_config(self, **request: Any) -> dict[str, Any]:
        """Say that they all exist."""
        items = [summary(key["resourceId"]) for key in request["resourceKeys"]]
        return self.after_a_while({"baseConfigurationItems": items})

    def get_resource_config_history(self, **request: Any) -> dict[str, Any]:
        """Tell of an instance with a key pair."""
        return self.after_a_while(history(request["resourceId"], "ops"))

    def put_evaluations(self, **request: Any) -> dict[str, Any]:
        """Count the verdicts."""
        self.verdicts.update(str(each["ComplianceType"]) for each in request["Evaluations"])
        return self.after_a_while({})


def swept(monkeypatch: pytest.MonkeyPatch, blackout: Blackout) -> int:
    """Sweep, and give the most memory that it took."""
    from evaluator import handler  # noqa: PLC0415  (after the region is set)

    monkeypatch.setattr(handler, "config_client", blackout)
    gc.collect()  # empties the free lists, whose objects would not count when they are used again
    tracemalloc.start()
    lambda_handler(sample("schedule"), blackout)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_empty_inventory_of_a_small_region(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Where the inventory is empty, every instance of a region of 1,000 gets its verdict all the same."""
    caplog.set_level(logging.INFO)
    blackout = Blackout(1_000, seconds=0.05)

    swept(monkeypatch, blackout)

    assert blackout.verdicts == {"COMPLIANT": 1_000}
    assert messages(caplog) == [("INFO", "sweep complete")]


def test_empty_inventory_of_a_large_region(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Of 100,000 the sweep evaluates what it has time for, clears none, and ends incomplete and not out of memory."""
    blackout = Blackout(100_000, seconds=0.5)

    peak = swept(monkeypatch, blackout)

    assert set(blackout.verdicts) <= {"COMPLIANT"}
    assert messages(caplog) == [("ERROR", "sweep incomplete")]
    assert blackout.left > 0
    assert peak < 64 * 2**20


def test_memory_of_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each instance that the inventory lacks takes less than 150 bytes until it is looked up."""
    swept(monkeypatch, Blackout(200))  # what is imported and cached once

    small, large = swept(monkeypatch, Blackout(1_000)), swept(monkeypatch, Blackout(5_000))

    assert large - small <= 4_000 * 150


def test_memory_of_what_is_unreadable(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """An inventory without its columns takes no more memory than a whole one, and no instance its verdict."""
    swept(monkeypatch, Blackout(200, rows=True))

    small, large = (swept(monkeypatch, Blackout(count, rows=True)) for count in (1_000, 10_000))

    # The ids, twice while they are sorted.
    assert large - small <= 9_000 * 60
    assert reason(caplog).startswith("10000 resources can't be read, the first is i-0")
