"""The reporter's handler: what is read, published and remembered, in this order, and what happens if a call fails."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.support.reporter import MONDAY, NEXT_MONDAY, NOT_NEWER, Edge, ReporterContext, result, row

THROTTLED = ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "SelectResourceConfig")
UNREACHABLE = EndpointConnectionError(endpoint_url="https://dynamodb.eu-central-1.amazonaws.com")


def document(call: Mapping[str, Any]) -> dict[str, Any]:
    """The document of what was published."""
    return dict(json.loads(json.loads(call["Message"])["default"]))


def counts(call: Mapping[str, Any]) -> dict[str, int]:
    """How many are open, new and fixed."""
    return dict(document(call)["counts"])


def test_two_reports(edge: Edge) -> None:
    """The second report knows what the first one had, and asks for the launches of the others alone."""
    times = ("2026-10-02T10:00:00.000Z", "2026-10-01T10:00:00.000Z")
    [first] = edge.report(MONDAY, "i-1", "i-2", pages=2, one=row("i-1", *times))
    assert counts(first) == {"open": 2, "new": 2, "fixed": 0}
    assert first["TopicArn"].endswith(":ec2-key-pair-monitor")
    assert first["MessageAttributes"]["kind"] == {"DataType": "String", "StringValue": "report"}
    [region] = document(first)["accounts"][0]["regions"]
    assert [(each["instance"], each["since"], each["since_is"], each["annotation"]) for each in region["new"]] == [
        ("i-1", "2026-10-01T10:00:00.000Z", "launch", "No key pair."),
        ("i-2", "2026-11-16T07:00:00.000Z", "report", "No key pair."),
    ]

    [second] = edge.report(NEXT_MONDAY, "i-1", "i-3")
    assert counts(second) == {"open": 2, "new": 1, "fixed": 1}
    queries = [call["Expression"] for api, call in edge.config.calls if api == "SelectResourceConfig"]
    assert [query.partition(" IN ")[2] for query in queries] == ["('i-1', 'i-2')", "('i-3')"]
    results = [call for api, call in edge.config.calls if api == "GetComplianceDetailsByConfigRule"]
    assert {tuple(call["ComplianceTypes"]) for call in results} == {("NON_COMPLIANT",)}


def test_a_retry_reports_nothing_twice(edge: Edge) -> None:
    """The same schedule, or an older one, publishes nothing and asks AWS Config nothing."""
    edge.report(NEXT_MONDAY, "i-1")
    calls = len(edge.config.calls)

    assert edge.report(NEXT_MONDAY, "i-1") == []
    assert edge.report(MONDAY, "i-2") == []
    assert len(edge.config.calls) == calls


def test_a_retry_of_a_time_with_milliseconds(edge: Edge) -> None:
    """The table keeps seconds, so the rest of a time must not make a retry look like a later report."""
    assert len(edge.report("2026-11-16T07:00:00.500Z", "i-1")) == 1
    assert edge.report("2026-11-16T07:00:00.500Z", "i-1") == []


def test_pages_that_overlap(edge: Edge) -> None:
    """An instance on two pages is one instance, and never both open and new."""
    [first] = edge.report(MONDAY, "i-1", "i-2", "i-1", pages=2)
    assert counts(first) == {"open": 2, "new": 2, "fixed": 0}
    [second] = edge.report(NEXT_MONDAY, "i-1", "i-1", pages=2)
    assert counts(second) == {"open": 1, "new": 0, "fixed": 1}


def test_page_without_a_list(edge: Edge) -> None:
    """A page may be empty and lack its list."""
    edge.config.answers["GetComplianceDetailsByConfigRule"] = [
        {"NextToken": "next"},
        {"EvaluationResults": [result("i-1")]},
    ]
    assert [counts(each)["open"] for each in edge.run(MONDAY)] == [1]


def test_reason_that_cannot_be_printed(edge: Edge) -> None:
    """Unprintable characters of an annotation are blanks, as in a digest. SNS accepts no lone surrogate."""
    odd = result("i-1") | {"Annotation": "No\x1b key\u202e pair\ud800."}
    edge.config.answers["GetComplianceDetailsByConfigRule"] = [{"EvaluationResults": [odd]}]
    [told] = edge.run(MONDAY)
    [region] = document(told)["accounts"][0]["regions"]
    assert [each["annotation"] for each in region["new"]] == ["No key pair ."]


def test_first_report_of_nothing(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an earlier report and without instances, no line is left empty for the comparison."""
    from notifier import reporter  # noqa: PLC0415  (after the unit tests' region is set)

    monkeypatch.setattr(reporter, "WHEN_EMPTY", True)
    [told] = edge.report(MONDAY)
    assert "\n\n\n" not in json.loads(told["Message"])["email"]


def test_silence(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    """If nothing is open and nothing was fixed, no message is sent unless it is wanted. The result is remembered."""
    from notifier import reporter  # noqa: PLC0415  (after the unit tests' region is set)

    assert edge.report(MONDAY) == []
    assert edge.table.items["rule/123456789012/eu-central-1"]["open_count"] == {"N": "0"}

    monkeypatch.setattr(reporter, "WHEN_EMPTY", True)
    [told] = edge.report(NEXT_MONDAY)
    assert told["Subject"] == "Report: no EC2 instance is NON_COMPLIANT in eu-central-1 (123456789012)"


def test_not_published(edge: Edge) -> None:
    """A report that SNS does not take is an error, so that Lambda tries again, and nothing is remembered."""
    from notifier.reporter import NotPublishedError  # noqa: PLC0415  (after the unit tests' region is set)

    edge.sns.answers = [ClientError({"Error": {"Code": "Throttling", "Message": "Rate exceeded"}}, "Publish")]
    with pytest.raises(NotPublishedError):
        edge.report(MONDAY, "i-1")

    assert edge.table.items == {}
    [told] = edge.report(MONDAY, "i-1")
    assert counts(told)["new"] == 1


def test_not_remembered(edge: Edge, caplog: pytest.LogCaptureFixture) -> None:
    """A report that cannot be remembered raises no error, which would repeat it. The next one repeats what is new."""
    edge.report(MONDAY, "i-1")
    edge.table.failures = [UNREACHABLE]
    assert len(edge.report(NEXT_MONDAY, "i-1", "i-2")) == 1
    assert "report incomplete" in [record.message for record in caplog.records]

    [told] = edge.report("2026-11-30T07:00:00Z", "i-1", "i-2")
    assert counts(told) == {"open": 2, "new": 1, "fixed": 0}


def test_reported_twice_at_once(edge: Edge, caplog: pytest.LogCaptureFixture) -> None:
    """Of two invocations for one schedule, the second one overwrites nothing, and nothing is missing."""
    edge.table.failures = [NOT_NEWER]

    assert len(edge.report(MONDAY, "i-1")) == 1
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == ["reported twice"]


def test_order_of_the_calls(edge: Edge) -> None:
    """What the last report knew is read first and consistently; it is written last and only if it is newer."""
    edge.report(MONDAY, "i-1")

    (first, read), (last, written) = edge.table.calls
    assert (first, read["ConsistentRead"]) == ("GetItem", True)
    assert (last, len(edge.sns.published)) == ("PutItem", 1)
    assert written["ConditionExpression"] == "attribute_not_exists(scheduled_time) OR scheduled_time < :this"
    assert written["ExpressionAttributeValues"] == {":this": {"S": MONDAY}}


def test_inventory_that_fails(edge: Edge, caplog: pytest.LogCaptureFixture) -> None:
    """Without the inventory there is a report, which lacks launches, and a metric counts it."""
    edge.without_inventory = THROTTLED

    [told] = edge.report(MONDAY, "i-1")
    assert '"since_is":"report"' in json.loads(told["Message"])["default"]
    assert [record.message for record in caplog.records] == ["report incomplete"]


@pytest.mark.parametrize(
    "configuration",
    [
        {"keyName": "ops"},
        {"networkInterfaces": None},
        {"networkInterfaces": [{}]},
        {"networkInterfaces": [{"attachment": {"attachTime": "then"}}]},
        {"networkInterfaces": [{"attachment": {"attachTime": "0001-01-01T00:00:00+01:00"}}]},
    ],
)
def test_launches_that_do_not_count(edge: Edge, configuration: dict[str, Any]) -> None:
    """With a key pair, the launch says nothing of when it stopped being allowed; a bad row is no launch either."""
    text = row("i-1", "2026-10-01T10:00:00.000Z", **configuration)

    [told] = edge.report(MONDAY, "i-1", one=text)
    assert '"since_is":"report"' in json.loads(told["Message"])["default"]


def test_log_line(edge: Edge, caplog: pytest.LogCaptureFixture) -> None:
    """The last line says how many are open, which a metric filter reads."""
    caplog.set_level(logging.INFO)
    edge.report(MONDAY, "i-1", "i-2", "i-3")
    edge.report(NEXT_MONDAY, "i-2", "i-3", "i-4")

    line = caplog.records[-1].__dict__
    assert (line["message"], line["open"], line["new"], line["fixed"]) == ("reported", 3, 1, 1)


@pytest.mark.parametrize("event", [{}, {"scheduled_time": None}, {"scheduled_time": "2026-11-16"}, {"time": MONDAY}])
def test_bad_event(edge: Edge, event: dict[str, Any]) -> None:
    """An event that does not say when it was scheduled is refused."""
    from notifier.reporter import InvalidScheduleError, lambda_handler  # noqa: PLC0415  (as above)

    with pytest.raises(InvalidScheduleError, match="scheduled_time is"):
        lambda_handler(event, ReporterContext())
    assert edge.sns.published == []
