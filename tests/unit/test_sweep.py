"""The scheduled sweep: what it reads, reports, clears and leaves alone."""

import gc
import json
import logging
import tracemalloc
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from evaluator.handler import lambda_handler

from tests.oracles import wire
from tests.support.handlers import (
    FIRED,
    Context,
    RecordingConfig,
    history,
    listing,
    messages,
    reason,
    rejected,
    result,
    row,
    sample,
    summary,
)

THROTTLED = ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "SelectResourceConfig")


def test_everything_recorded_is_evaluated(config: RecordingConfig, caplog: pytest.LogCaptureFixture) -> None:
    """Each page is reported with the schedule's time as ordering timestamp, and the end is logged."""
    caplog.set_level(logging.INFO)
    config.answers["SelectResourceConfig"] = [
        {"Results": [row("i-1", "ops"), row("i-2")], "NextToken": "next"},
        {"Results": [row("i-3", "ops"), row("i-4")]},
    ]

    lambda_handler(sample("schedule"), Context())

    assert config.verdicts == {"i-1": "COMPLIANT", "i-2": "NON_COMPLIANT", "i-3": "COMPLIANT", "i-4": "NON_COMPLIANT"}
    assert {each["OrderingTimestamp"] for each in config.evaluations} == {FIRED}
    assert {each["ComplianceResourceType"] for each in config.evaluations} == {"AWS::EC2::Instance"}
    assert messages(caplog) == [("INFO", "sweep complete")]
    selects = [call for api, call in config.calls if api == "SelectResourceConfig"]
    assert [select.get("NextToken") for select in selects] == [None, "next"]
    assert all(select["Limit"] == 100 for select in selects)


@pytest.mark.parametrize(
    ("parameters", "columns"),
    [
        ("", "resourceId, configuration.keyName, configuration.state.name"),
        ('{"allowedKeyNames":"[\\"a\\"]"}', "resourceId, configuration.keyName, configuration.state.name"),
        ('{"exemptTags":"{\\"a\\":\\"b\\"}"}', "resourceId, configuration.keyName, configuration.state.name, tags"),
        ('{"exemptUntilTagKey":"a"}', "resourceId, configuration.keyName, configuration.state.name, tags"),
    ],
)
def test_tags_only_where_the_policy_reads_them(config: RecordingConfig, parameters: str, columns: str) -> None:
    """The query selects only the columns that the verdict needs."""
    lambda_handler(sample("schedule", ruleParameters=parameters), Context())

    expression = config.calls[0][1]["Expression"]
    assert expression == f"SELECT {columns} WHERE resourceType = 'AWS::EC2::Instance'"


def test_exemption_ends_on_its_day(config: RecordingConfig) -> None:
    """The sweep compares exemption dates with its own UTC date, and reads tags in the query's form."""
    ends = {"i-ended": "2026-03-01", "i-last-day": "2026-03-02"}
    rows = [row(each, tags=[{"key": "until", "value": day, "tag": f"until={day}"}]) for each, day in ends.items()]
    config.answers["SelectResourceConfig"] = [{"Results": rows}]

    lambda_handler(sample("schedule", ruleParameters='{"exemptUntilTagKey":"until"}'), Context())

    assert config.verdicts == {"i-ended": "NON_COMPLIANT", "i-last-day": "COMPLIANT"}


def test_terminated_row(config: RecordingConfig) -> None:
    """A terminated instance that the inventory still holds is NOT_APPLICABLE."""
    config.answers["SelectResourceConfig"] = [
        {"Results": [row("i-1", configuration={"state": {"name": "terminated"}})]}
    ]

    lambda_handler(sample("schedule"), Context())

    assert config.verdicts == {"i-1": "NOT_APPLICABLE"}


def test_stale_results_are_cleared(config: RecordingConfig) -> None:
    """The verdict on a resource that AWS Config no longer has is cleared under its own type."""
    config.answers["SelectResourceConfig"] = [{"Results": [row("i-1", "ops")]}]
    config.answers["GetComplianceDetailsByConfigRule"] = [
        {"EvaluationResults": [result("i-1"), result("i-2")], "NextToken": "next"},
        {"EvaluationResults": [result("vol-1", resource_type="AWS::EC2::Volume")]},
    ]

    lambda_handler(sample("schedule"), Context())

    assert config.verdicts == {"i-1": "COMPLIANT", "i-2": "NOT_APPLICABLE", "vol-1": "NOT_APPLICABLE"}
    assert config.evaluations[-1]["ComplianceResourceType"] == "AWS::EC2::Volume"
    listings = [call for api, call in config.calls if api == "GetComplianceDetailsByConfigRule"]
    assert [(call["ConfigRuleName"], call["Limit"], call.get("NextToken")) for call in listings] == [
        ("ec2-key-pair-monitor", 100, None),
        ("ec2-key-pair-monitor", 100, "next"),
    ]
    assert {each["OrderingTimestamp"] for each in config.evaluations} == {FIRED}


@pytest.mark.parametrize(("age", "cleared"), [(timedelta(hours=1), False), (timedelta(hours=1, seconds=1), True)])
def test_results_of_the_last_hour_stay(config: RecordingConfig, age: timedelta, *, cleared: bool) -> None:
    """An instance launched a moment ago, which the inventory does not hold yet, keeps its verdict."""
    config.answers["GetComplianceDetailsByConfigRule"] = [{"EvaluationResults": [result("i-new", FIRED - age)]}]

    lambda_handler(sample("schedule"), Context())

    assert ("i-new" in config.verdicts) is cleared


def test_many_stale_results_are_cleared_100_a_call(config: RecordingConfig) -> None:
    """No call carries more than the 100 that AWS Config takes."""
    pages = [[result(f"i-{page}-{n}") for n in range(100)] for page in range(3)]
    config.answers["GetComplianceDetailsByConfigRule"] = listing("EvaluationResults", *pages)

    lambda_handler(sample("schedule"), Context())

    assert [len(call["Evaluations"]) for api, call in config.calls if api == "PutEvaluations"] == [100, 100, 100]


def test_only_what_is_gone_is_cleared(config: RecordingConfig) -> None:
    """Among many recorded instances, in any order, only the verdict of the deleted one is cleared."""
    ids = [f"i-{n * 7919 % 1000:017x}" for n in range(1000)]
    rows = [row(each, "ops") for each in ids]
    pages = [rows[start : start + 100] for start in range(0, 1000, 100)]
    config.answers["SelectResourceConfig"] = listing("Results", *pages)
    listed = [result(each) for each in [*ids[:500], "i-gone", *ids[500:]]]
    config.answers["GetComplianceDetailsByConfigRule"] = [{"EvaluationResults": listed}]

    lambda_handler(sample("schedule"), Context())

    assert {each for each, verdict in config.verdicts.items() if verdict == "NOT_APPLICABLE"} == {"i-gone"}
    assert len(config.verdicts) == 1001


def test_sweep_stops_before_the_deadline(config: RecordingConfig, caplog: pytest.LogCaptureFixture) -> None:
    """Out of time, a sweep keeps what it has reported, clears nothing, says so in an error line and does not raise."""
    config.answers["SelectResourceConfig"] = [
        {"Results": [row("i-1", "ops")], "NextToken": "2"},
        {"Results": [row("i-2", "ops")], "NextToken": "3"},
        {"Results": [row("i-3", "ops")]},
    ]
    config.answers["GetComplianceDetailsByConfigRule"] = [{"EvaluationResults": [result("i-2"), result("i-9")]}]

    lambda_handler(sample("schedule"), Context(remaining=[200_000, 199_999, 198_000]))

    assert config.verdicts == {"i-1": "COMPLIANT", "i-2": "COMPLIANT"}
    assert messages(caplog) == [("ERROR", "sweep incomplete")]
    assert caplog.records[-1].__dict__["instances"] == 2
    assert reason(caplog) == "the deadline came while the inventory was read"


def test_deadline_while_results_are_listed(config: RecordingConfig, caplog: pytest.LogCaptureFixture) -> None:
    """A listing that is not complete clears nothing."""
    config.answers["GetComplianceDetailsByConfigRule"] = [{"EvaluationResults": [result("i-9")], "NextToken": "next"}]

    lambda_handler(sample("schedule"), Context(remaining=[200_000, 199_999]))

    assert config.verdicts == {}
    assert messages(caplog) == [("ERROR", "sweep incomplete")]
    assert reason(caplog) == "the deadline came while the results were listed"


def test_unreadable_row_stops_no_other(config: RecordingConfig, caplog: pytest.LogCaptureFixture) -> None:
    """An instance that can't be read keeps its verdict, the others get theirs, and the log names it."""
    config.answers["SelectResourceConfig"] = [
        {"Results": [row("i-bad", configuration={"keyName": 7}), row("i-1", "ops")]}
    ]
    config.answers["GetComplianceDetailsByConfigRule"] = [{"EvaluationResults": [result("i-bad")]}]

    lambda_handler(sample("schedule"), Context())

    assert config.verdicts == {"i-1": "COMPLIANT"}
    assert messages(caplog) == [("ERROR", "sweep incomplete")]
    assert "i-bad: keyName 7" in reason(caplog)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "row does not hold JSON: "),
        ("null", "row is missing"),
        ("[]", "row is not a JSON object"),
        ('{"configuration": {}}', "resourceId (missing) is not a text"),
        ('{"resourceId": 7}', "resourceId 7 is not a text"),
    ],
)
def test_row_without_a_name(config: RecordingConfig, caplog: pytest.LogCaptureFixture, text: str, problem: str) -> None:
    """A row without an id does not stop the other verdicts, and its instance is not cleared."""
    config.answers["SelectResourceConfig"] = [{"Results": [text, row("i-1", "ops")]}]
    config.answers["GetComplianceDetailsByConfigRule"] = [{"EvaluationResults": [result("i-9"), result("i-nameless")]}]
    config.answers["BatchGetResourceConfig"] = [{"baseConfigurationItems": [summary("i-nameless")]}]
    config.answers["GetResourceConfigHistory"] = [history("i-nameless")]

    lambda_handler(sample("schedule"), Context())

    assert config.verdicts == {"i-1": "COMPLIANT", "i-9": "NOT_APPLICABLE", "i-nameless": "NON_COMPLIANT"}
    assert messages(caplog) == [("ERROR", "sweep incomplete")]
    assert reason(caplog).startswith(f"1 resources can't be read, the first is None: {problem}")


@pytest.mark.parametrize(
    "configuration",
    [None, {}, {"keyName": "ops"}, {"keyName": "ops", "state": {}}, {"keyName": "ops", "state": None}],
    ids=["no configuration", "empty", "no state", "empty state", "null state"],
)
def test_row_without_a_state(
    config: RecordingConfig, caplog: pytest.LogCaptureFixture, configuration: dict[str, Any] | None
) -> None:
    """A row that lacks the state of its instance was not read whole: the instance keeps its verdict."""
    text = json.dumps({"resourceId": "i-bad"} | ({} if configuration is None else {"configuration": configuration}))
    config.answers["SelectResourceConfig"] = [{"Results": [text, row("i-1", "ops")]}]
    config.answers["GetComplianceDetailsByConfigRule"] = [{"EvaluationResults": [result("i-bad")]}]

    lambda_handler(sample("schedule"), Context())

    assert config.verdicts == {"i-1": "COMPLIANT"}
    assert messages(caplog) == [("ERROR", "sweep incomplete")]
    assert reason(caplog).startswith("1 resources can't be read, the first is i-bad: ")


def test_row_that_is_there_twice(config: RecordingConfig, caplog: pytest.LogCaptureFixture) -> None:
    """A row that a page repeats is one evaluation of its call; one that the next page repeats is evaluated again."""
    caplog.set_level(logging.INFO)
    config.answers["SelectResourceConfig"] = [
        {"Results": [row("i-1", "ops"), row("i-2"), row("i-2")], "NextToken": "next"},
        {"Results": [row("i-2"), row("i-3", "ops")]},
    ]
    config.answers["GetComplianceDetailsByConfigRule"] = [{"EvaluationResults": [result("i-2"), result("i-3")]}]

    lambda_handler(sample("schedule"), Context())

    assert [each["ComplianceResourceId"] for each in config.evaluations] == ["i-1", "i-2", "i-2", "i-3"]
    assert config.verdicts == {"i-1": "COMPLIANT", "i-2": "NON_COMPLIANT", "i-3": "COMPLIANT"}
    assert messages(caplog) == [("INFO", "sweep complete")]


@pytest.mark.parametrize("configuration", ["text", ["list"], 7])
def test_configuration_of_another_type(
    config: RecordingConfig, caplog: pytest.LogCaptureFixture, configuration: object
) -> None:
    """An instance whose configuration is no object gets no verdict, and what is gone is cleared all the same."""
    text = json.dumps({"resourceId": "i-bad", "configuration": configuration})
    config.answers["SelectResourceConfig"] = [{"Results": [text, row("i-1", "ops")]}]
    config.answers["GetComplianceDetailsByConfigRule"] = [{"EvaluationResults": [result("i-bad"), result("i-9")]}]

    lambda_handler(sample("schedule"), Context())

    assert config.verdicts == {"i-1": "COMPLIANT", "i-9": "NOT_APPLICABLE"}
    assert messages(caplog) == [("ERROR", "sweep incomplete")]


def test_deadline_while_stale_results_are_cleared(config: RecordingConfig, caplog: pytest.LogCaptureFixture) -> None:
    """Out of time between two calls that clear, the sweep stops and says so."""
    gone = [result(f"i-{n}") for n in range(150)]
    config.answers["GetComplianceDetailsByConfigRule"] = [{"EvaluationResults": gone}]

    lambda_handler(sample("schedule"), Context(remaining=[200_000, 200_000, 200_000, 199_999]))

    assert len(config.verdicts) == 100
    assert messages(caplog) == [("ERROR", "sweep incomplete")]
    assert reason(caplog) == "the deadline came while missing instances were looked up"


def test_only_verdicts_that_stand_are_looked_through(config: RecordingConfig) -> None:
    """Resources that are already NOT_APPLICABLE are not listed, so that no sweep clears them again."""
    lambda_handler(sample("schedule"), Context())

    [listing] = [call for api, call in config.calls if api == "GetComplianceDetailsByConfigRule"]
    assert listing["ComplianceTypes"] == ["COMPLIANT", "NON_COMPLIANT"]


def test_end_is_logged_with_its_numbers(config: RecordingConfig, caplog: pytest.LogCaptureFixture) -> None:
    """The end of a sweep is logged with the numbers of instances and of cleared verdicts."""
    caplog.set_level(logging.INFO)
    config.answers["SelectResourceConfig"] = [{"Results": [row("i-1", "ops"), row("i-2")]}]
    config.answers["GetComplianceDetailsByConfigRule"] = [{"EvaluationResults": [result("i-8"), result("i-9")]}]

    lambda_handler(sample("schedule"), Context())

    last = caplog.records[-1].__dict__
    assert (last["message"], last["instances"], last["cleared"]) == ("sweep complete", 2, 2)


class SlowConfig(RecordingConfig):
    """An AWS Config in which every call takes as long as its retries can: 47 s of the function's time."""

    left = 900_000

    def _call(self, api: str, arguments: dict[str, Any], default: dict[str, Any]) -> dict[str, Any]:
        answer = super()._call(api, arguments, default)
        self.left -= 47_000
        return answer

    def get_remaining_time_in_millis(self) -> int:
        """What is left of the time, as Lambda's context says it."""
        return self.left


@pytest.mark.parametrize("pages", [1, 2, 4, 20])
@pytest.mark.parametrize("failing", [False, True])
@pytest.mark.parametrize("existing", [False, True])
def test_slow_sweep_ends_before_it_is_ended(
    monkeypatch: pytest.MonkeyPatch, pages: int, *, failing: bool, existing: bool
) -> None:
    """The sweep stops before Lambda ends it, even if each call is slow and reports are sent twice."""
    from evaluator import handler  # noqa: PLC0415  (after the region is set)

    for seconds in range(300, 900, 7):
        slow = SlowConfig()
        slow.left = seconds * 1000
        inventory = [{"Results": [row(f"i-{n}")], "NextToken": "n"} for n in range(pages - 1)]
        slow.answers["SelectResourceConfig"] = [*inventory, {"Results": [row("i-last")]}]
        slow.answers["GetComplianceDetailsByConfigRule"] = [
            {"EvaluationResults": [result(f"i-gone-{n}")], "NextToken": "n"} for n in range(pages)
        ]
        if existing:
            items = [summary(f"i-gone-{n}") for n in range(1, pages)]
            slow.answers["BatchGetResourceConfig"] = [
                {"unprocessedResourceKeys": [{"resourceType": "AWS::EC2::Instance", "resourceId": "i-gone-0"}]} | more
                for more in ({"baseConfigurationItems": items}, {}, {})
            ]
        if failing:
            slow.answers["PutEvaluations"] = [rejected("i-1"), {}] * 30
        monkeypatch.setattr(handler, "config_client", slow)

        lambda_handler(sample("schedule"), slow)

        assert slow.left > 0, f"{seconds} s were not enough"


def test_failing_call_is_raised(config: RecordingConfig) -> None:
    """A call that permanently fails is raised, so that Lambda starts the sweep again."""
    config.answers["SelectResourceConfig"] = [{"Results": [row("i-1")], "NextToken": "2"}, THROTTLED]

    with pytest.raises(ClientError, match="Rate exceeded"):
        lambda_handler(sample("schedule"), Context())


@pytest.mark.parametrize("instances", [1, 100, 101, 250])
def test_number_of_calls(config: RecordingConfig, instances: int) -> None:
    """A sweep of N instances with nothing missing is a select and a put for each 100, and the listing of results."""
    rows = [row(f"i-{n}", "ops") for n in range(instances)]
    pages = [rows[start : start + 100] for start in range(0, instances, 100)]
    config.answers["SelectResourceConfig"] = listing("Results", *pages)

    lambda_handler(sample("schedule"), Context())

    apis = [api for api, _ in config.calls]
    assert (apis.count("SelectResourceConfig"), apis.count("PutEvaluations")) == (len(pages), len(pages))
    assert apis.count("GetComplianceDetailsByConfigRule") == 1
    assert len(apis) == 2 * len(pages) + 1


class Fleet:
    """An AWS Config with any number of instances that keeps nothing of what it is told."""

    def __init__(self, instances: int) -> None:
        self.pages = instances // 100

    def select_resource_config(self, **kwargs: Any) -> Any:
        """Make a page anew."""
        page = int(kwargs.get("NextToken", "0"))
        rows = {"Results": [row(f"i-{page:015x}{n:02x}", "ops") for n in range(100)]}
        more = {"NextToken": str(page + 1)} if page + 1 < self.pages else {}
        return wire.exchange("config", "SelectResourceConfig", kwargs, rows | more)

    def put_evaluations(self, **kwargs: Any) -> Any:
        """Take everything."""
        return wire.exchange("config", "PutEvaluations", kwargs, {"FailedEvaluations": []})

    def get_compliance_details_by_config_rule(self, **kwargs: Any) -> Any:
        """Know of no earlier result."""
        return wire.exchange("config", "GetComplianceDetailsByConfigRule", kwargs, {"EvaluationResults": []})


def test_memory_does_not_grow_with_the_fleet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten times the instances take no more memory, but for eight bytes each."""
    from evaluator import handler  # noqa: PLC0415  (after the region is set)

    def peak(instances: int) -> int:
        monkeypatch.setattr(handler, "config_client", Fleet(instances))
        gc.collect()  # empties the free lists, whose objects would not count when they are used again
        tracemalloc.start()
        lambda_handler(sample("schedule"), Context())
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(200)  # what is imported and cached once
    small, large = peak(1_000), peak(10_000)
    # As much again while they are moved to where they have room.
    assert large - small <= 9_000 * 16
