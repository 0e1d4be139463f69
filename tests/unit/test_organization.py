"""The reporter of a hub: what it reads from the aggregator and remembers, and what happens if a part is missing."""

import json
import logging
import re
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from notifier.findings import Memory, Place, Since
from notifier.packing import Pack, unpack

from tests.support.aggregator import RULE, FakeAggregator, There, throttled
from tests.support.reporter import MONDAY, NEXT_MONDAY, HubEdge

LATER = "2026-11-30T07:00:00Z"
SHOP, BLOG = Place("111111111111", "eu-central-1"), Place("222222222222", "us-east-1")
DETAILS = "GetAggregateComplianceDetailsByConfigRule"


def there(*instances: str, fine: int = 0, status: str = "SUCCEEDED", rule: str = RULE) -> There:
    """An account and region with open instances, and with compliant ones."""
    results = dict.fromkeys(instances, "NON_COMPLIANT") | {f"i-fine-{number}": "COMPLIANT" for number in range(fine)}
    return There({rule: results}, len(results), status)


def document(call: Mapping[str, Any]) -> dict[str, Any]:
    """The document of what was published."""
    return dict(json.loads(json.loads(call["Message"])["default"]))


def mail(call: Mapping[str, Any]) -> str:
    """The e-mail of what was published, in one line."""
    return " ".join(json.loads(call["Message"])["email"].split())


def told(call: Mapping[str, Any]) -> dict[str, set[str]]:
    """Which instances are new, still open and fixed."""
    found: dict[str, set[str]] = {"new": set(), "open": set(), "fixed": set()}
    for account in document(call)["accounts"]:
        for region in account["regions"]:
            found["new"] |= {each["instance"] for each in region["new"]}
            found["open"] |= {each["instance"] for each in region["open"]}
            found["fixed"] |= set(region["fixed"])
    return found


def incomplete(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The reasons of the alarm."""
    return [record.__dict__["reason"] for record in caplog.records if record.message == "report incomplete"]


@pytest.mark.parametrize("has_empty_pages", [False, True])
def test_new_open_and_fixed(hub: HubEdge, *, has_empty_pages: bool) -> None:
    """The second report is exact in every account and region, however the listings are paged."""
    hub.aggregator.has_empty_pages, hub.aggregator.page = has_empty_pages, 2
    hub.aggregator.places = {SHOP: there("i-1", "i-2", "i-3"), BLOG: there("i-4", rule="second")}
    hub.aggregator.launched = {"i-1": "2026-11-01T10:00:00.000Z"}
    [first] = hub.report(MONDAY)
    assert told(first) == {"new": {"i-1", "i-2", "i-3", "i-4"}, "open": set(), "fixed": set()}
    assert first["Subject"] == "Report: 4 EC2 instances are NON_COMPLIANT, 4 new in 2 accounts, 2 regions"
    assert "i-1, account 111111111111, eu-central-1, launched 2026-11-01 10:00 UTC No key pair." in mail(first)

    hub.aggregator.places = {SHOP: there("i-1", "i-5", fine=3), BLOG: there(fine=1, rule="second")}
    [second] = hub.report(NEXT_MONDAY)
    assert told(second) == {"new": {"i-5"}, "open": {"i-1"}, "fixed": {"i-2", "i-3", "i-4"}}
    assert second["MessageAttributes"]["accounts"]["StringValue"] == '["111111111111","222222222222"]'


def test_two_rules_name_an_instance_once(hub: HubEdge) -> None:
    """An instance that two monitors of a region find is one instance."""
    hub.aggregator.places = {SHOP: There({RULE: {"i-1": "NON_COMPLIANT"}, "second": {"i-1": "NON_COMPLIANT"}}, 1)}

    [first] = hub.report(MONDAY)
    assert document(first)["counts"] == {"open": 1, "new": 1, "fixed": 0}
    [second] = hub.report(NEXT_MONDAY)
    assert document(second)["counts"] == {"open": 1, "new": 0, "fixed": 0}


def test_rule_of_the_same_name_for_other_resources(hub: HubEdge) -> None:
    """A report names EC2 instances only."""
    hub.aggregator.places = {SHOP: there("i-1", "vol-1"), BLOG: there("vol-2")}

    [first] = hub.report(MONDAY)
    assert told(first) == {"new": {"i-1"}, "open": set(), "fixed": set()}


def test_not_covered(hub: HubEdge) -> None:
    """Instances and no verdict is a gap. No instances, or only verdicts, is none. A gap alone is worth a report."""
    hub.aggregator.places = {
        SHOP: There({RULE: {"i-1": "NOT_APPLICABLE"}}, 3),
        BLOG: There({}, 0),
        Place("333333333333", "eu-west-1"): there(fine=2),
        Place("444444444444", "eu-west-1"): There({"another": {"i-2": "NON_COMPLIANT"}}, 1),
    }

    [call] = hub.report(MONDAY)
    assert document(call)["not_covered"] == {
        "count": 2,
        "instances": 4,
        "places": [
            {"account": "111111111111", "name": None, "region": "eu-central-1", "instances": 3},
            {"account": "444444444444", "name": None, "region": "eu-west-1", "instances": 1},
        ],
    }
    assert call["Subject"] == "Report: no EC2 instance is NON_COMPLIANT, 2 accounts and regions not covered"
    assert "account 111111111111, eu-central-1: 3 instances" in mail(call)
    assert set(call["MessageAttributes"]) == {"kind", "rules", "verdicts"}  # no empty list


def test_silence(hub: HubEdge) -> None:
    """Nothing open, fixed, uncovered or failed sends nothing."""
    hub.aggregator.places = {SHOP: there(fine=2), BLOG: There()}

    assert hub.report(MONDAY) == []
    assert hub.report(NEXT_MONDAY) == []


@pytest.mark.parametrize("status", ["FAILED", "OUTDATED"])
def test_sources_that_are_not_up_to_date_fix_nothing(hub: HubEdge, status: str) -> None:
    """What a failed source no longer shows may still be open. Afterwards it is neither new nor forgotten."""
    hub.aggregator.places = {SHOP: there("i-1", "i-2"), BLOG: there("i-3")}
    hub.report(MONDAY)

    hub.aggregator.places[SHOP] = there("i-2", "i-4", status=status)
    [second] = hub.report(NEXT_MONDAY)
    assert told(second) == {"new": {"i-4"}, "open": {"i-2", "i-3"}, "fixed": set()}
    assert document(second)["unchecked"] == 1
    [source] = document(second)["sources"]["places"]
    assert (source["source"], source["status"], source["error"] is not None) == (
        SHOP.account,
        status,
        status == "FAILED",
    )
    assert f"{SHOP.account}, eu-central-1: {status}, last update 2026-11-20 10:00 UTC" in mail(second)
    assert "1 instance of the last report could not be checked" in mail(second)

    hub.aggregator.places[SHOP] = there("i-1", "i-4", fine=1)
    [third] = hub.report(LATER)
    assert told(third) == {"new": set(), "open": {"i-1", "i-3", "i-4"}, "fixed": {"i-2"}}
    assert document(third)["unchecked"] == 0


def test_organization_that_fails(hub: HubEdge) -> None:
    """If the organization's own source fails, nothing is fixed and nothing is a gap."""
    hub.aggregator.places = {SHOP: there("i-1"), BLOG: There({}, 2)}
    hub.report(MONDAY)
    hub.aggregator.lists_accounts = False
    hub.aggregator.places[SHOP] = there(fine=1)

    [call] = hub.report(NEXT_MONDAY)
    assert (told(call)["fixed"], document(call)["unchecked"], document(call)["not_covered"]["count"]) == (set(), 1, 0)
    assert "organization o-a1b2c3d4e5, all regions: FAILED" in mail(call)


@pytest.mark.parametrize(("status", "fixed"), [("SUCCEEDED", {"i-1"}), ("OUTDATED", set())])
def test_sources_without_a_region(hub: HubEdge, monkeypatch: pytest.MonkeyPatch, status: str, fixed: set[str]) -> None:
    """The status of an account without a region is that of all its regions."""
    hub.aggregator.places = {SHOP: there("i-1"), BLOG: there("i-2")}
    hub.report(MONDAY)
    sources = [{"SourceId": place.account, "LastUpdateStatus": status} for place in (SHOP, BLOG)]
    answer = {"AggregatedSourceStatusList": sources}
    monkeypatch.setattr(hub.aggregator, "describe_configuration_aggregator_sources_status", lambda **_: answer)
    hub.aggregator.places = {SHOP: there(fine=1), BLOG: there("i-2")}

    [call] = hub.report(NEXT_MONDAY)
    assert (told(call)["fixed"], told(call)["open"]) == (fixed, {"i-2"})


def test_monitor_that_was_removed_fixes_nothing(hub: HubEdge) -> None:
    """Without verdicts, the instances of an account and region are a gap and not fixed; without instances they are."""
    hub.aggregator.places = {SHOP: there("i-1"), BLOG: there("i-2")}
    hub.report(MONDAY)
    hub.aggregator.places = {SHOP: There({}, 1), BLOG: There({}, 0)}

    [call] = hub.report(NEXT_MONDAY)
    assert told(call)["fixed"] == {"i-2"}
    assert (document(call)["unchecked"], document(call)["not_covered"]["instances"]) == (1, 1)
    hub.aggregator.places = {SHOP: there("i-1"), BLOG: There({}, 0)}
    [call] = hub.report(LATER)
    assert told(call) == {"new": set(), "open": {"i-1"}, "fixed": set()}


def test_account_that_has_left(hub: HubEdge) -> None:
    """The instances of an account that the aggregator no longer reads are not fixed. They are mentioned once."""
    hub.aggregator.places = {SHOP: there("i-1"), BLOG: there("i-2")}
    hub.report(MONDAY)
    del hub.aggregator.places[BLOG]

    [second] = hub.report(NEXT_MONDAY)
    assert (told(second)["fixed"], document(second)["unchecked"]) == (set(), 1)
    [third] = hub.report(LATER)
    assert document(third)["unchecked"] == 0


def test_details_that_lag_behind_the_listing_fix_nothing(hub: HubEdge, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the rule is NON_COMPLIANT and no instance is, one of both is late, and nothing is fixed."""
    hub.aggregator.places = {SHOP: there("i-1")}
    hub.report(MONDAY)
    monkeypatch.setattr("tests.support.aggregator.compliance", lambda _: "NON_COMPLIANT")
    hub.aggregator.places = {SHOP: there(fine=1)}

    [call] = hub.report(NEXT_MONDAY)
    assert (told(call)["fixed"], document(call)["unchecked"]) == (set(), 1)


def test_throttled_calls_are_repeated(hub: HubEdge, caplog: pytest.LogCaptureFixture) -> None:
    """Throttling costs time and nothing else."""
    hub.aggregator.places = {SHOP: there("i-1"), BLOG: there("i-2")}
    for api in ("DescribeAggregateComplianceByConfigRules", DETAILS, "DescribeConfigurationAggregatorSourcesStatus"):
        hub.aggregator.failures[api] = [throttled(api)] * 3

    [call] = hub.report(MONDAY)
    assert told(call)["new"] == {"i-1", "i-2"}
    assert incomplete(caplog) == []


def test_no_time_left(hub: HubEdge, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report that ran out of time says so first, forgets nothing, and raises the alarm."""
    monkeypatch.setattr("notifier.organization.WORKERS", 1)
    hub.aggregator.places = {SHOP: there("i-1"), BLOG: there("i-2")}
    hub.report(MONDAY)
    hub.aggregator.places = {SHOP: there("i-1", fine=1), BLOG: there("i-3")}
    hub.remaining = [900_000] * 5 + [179_999, 179_999, 179_999]

    [call] = hub.report(NEXT_MONDAY)
    assert told(call) == {"new": set(), "open": {"i-1"}, "fixed": set()}
    lacks = "the results of 1 of 2 accounts and regions"
    assert json.loads(call["Message"])["email"].startswith(
        "This report is incomplete. It lacks the results of 1 of 2 accounts and regions"
    )
    assert call["Subject"].startswith("Report (incomplete): 1 EC2 instance is NON_COMPLIANT")
    assert lacks in document(call)["incomplete"]
    assert [lacks in reason for reason in incomplete(caplog)] == [True]

    [third] = hub.report(LATER)
    assert told(third) == {"new": {"i-3"}, "open": {"i-1"}, "fixed": {"i-2"}}


def test_place_that_cannot_be_read(hub: HubEdge, caplog: pytest.LogCaptureFixture) -> None:
    """One account that answers with an error does not hide the others."""
    hub.aggregator.places = {SHOP: there("i-1"), BLOG: there("i-2")}
    hub.report(MONDAY)
    hub.aggregator.broken[SHOP] = ClientError({"Error": {"Code": "ValidationException", "Message": "no"}}, DETAILS)

    [call] = hub.report(NEXT_MONDAY)
    assert told(call) == {"new": set(), "open": {"i-2"}, "fixed": set()}
    assert (document(call)["unchecked"], len(incomplete(caplog))) == (1, 1)


def test_missing_permission_is_an_error(hub: HubEdge) -> None:
    """A report that may read nothing is not sent: Lambda tries again, and the alarm on errors is raised."""
    hub.aggregator.places = {SHOP: there("i-1")}
    hub.aggregator.broken[SHOP] = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, DETAILS)

    with pytest.raises(ClientError, match="AccessDenied") as caught:
        hub.report(MONDAY)
    assert caught.tb  # keeps the interrupted generator, so that the garbage collector does not end the workers
    assert not [each for each in threading.enumerate() if "ThreadPool" in each.name]
    assert (hub.sns.published, hub.table.items) == ([], {})


@pytest.mark.parametrize(
    ("api", "lacks"),
    [
        ("DescribeConfigurationAggregatorSourcesStatus", "the status and coverage of accounts and regions"),
        ("SelectAggregateResourceConfig", "the coverage of accounts and regions"),
    ],
)
def test_listing_that_fails(hub: HubEdge, api: str, lacks: str, caplog: pytest.LogCaptureFixture) -> None:
    """Without the sources or the inventory there is a report. It calls nothing fixed that it cannot know."""
    hub.aggregator.places = {SHOP: there("i-1"), BLOG: there("i-2")}
    hub.report(MONDAY)
    hub.aggregator.failures[api] = [ClientError({"Error": {"Code": "InternalFailure", "Message": "no"}}, api)]
    hub.aggregator.places = {SHOP: there("i-1"), BLOG: There()}

    [call] = hub.report(NEXT_MONDAY)
    assert told(call) == {"new": set(), "open": {"i-1"}, "fixed": set()}
    assert mail(call).startswith(f"This report is incomplete. It lacks {lacks}.")
    assert incomplete(caplog) == [f"not read: {lacks}"]


def test_count_of_another_name(hub: HubEdge, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS's reference does not say how a row names its count. With another name, only the coverage is missing."""
    select = hub.aggregator.select_aggregate_resource_config

    def renamed(**asked: Any) -> dict[str, Any]:
        answer = select(**asked)
        return answer | {"Results": [each.replace("COUNT(*)", "count") for each in answer["Results"]]}

    monkeypatch.setattr(hub.aggregator, "select_aggregate_resource_config", renamed)
    hub.aggregator.places = {SHOP: there("i-1")}

    [call] = hub.report(MONDAY)
    assert told(call) == {"new": {"i-1"}, "open": set(), "fixed": set()}
    assert incomplete(caplog) == ["not read: the coverage of accounts and regions"]


def test_launch_times_that_fail(hub: HubEdge, caplog: pytest.LogCaptureFixture) -> None:
    """Launch times are asked for once more at the most: results matter more."""
    hub.aggregator.places = {SHOP: there(*(f"i-{number}" for number in range(350)))}
    api = "SelectAggregateResourceConfig"
    hub.report("2026-11-09T07:00:00Z")
    hub.aggregator.calls.clear()
    hub.aggregator.select_aggregate_resource_config = select = Failing(hub.aggregator)  # type: ignore[method-assign]

    [call] = hub.report(MONDAY)
    assert document(call)["counts"] == {"open": 350, "new": 0, "fixed": 0}
    assert (select.failed, document(call)["incomplete"]) == (1, ["launch times"])
    assert incomplete(caplog) == ["not read: launch times"]
    assert hub.aggregator.calls[api] == 1


def test_launch_times_that_take_too_long(hub: HubEdge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Launch times are no longer looked up after their share of the time. The results are all there."""
    monkeypatch.setattr("notifier.organization.LAUNCHES_MILLISECONDS", -1)
    hub.aggregator.places = {SHOP: there(*(f"i-{number:03}" for number in range(350)))}
    hub.aggregator.launched = dict.fromkeys(("i-001", "i-349"), "2026-11-01T10:00:00.000Z")

    [call] = hub.report(MONDAY)
    assert document(call)["counts"]["open"] == 350
    assert document(call)["incomplete"] == ["launch times"]
    [region] = document(call)["accounts"][0]["regions"]
    assert [each["instance"] for each in region["new"] if each["since_is"] == "launch"] == ["i-001"]


class Failing:
    """SelectAggregateResourceConfig that only counts."""

    def __init__(self, aggregator: FakeAggregator) -> None:
        self.select, self.failed = aggregator.select_aggregate_resource_config, 0

    def __call__(self, **asked: Any) -> dict[str, Any]:
        if "GROUP BY" in asked["Expression"]:
            return self.select(**asked)
        self.failed += 1
        raise throttled("SelectAggregateResourceConfig")


def test_wrong_name_of_the_aggregator(hub: HubEdge) -> None:
    """The error says which name is wrong, where it was looked for, and which input to set."""
    api = "DescribeConfigurationAggregatorSourcesStatus"
    unknown = {"Error": {"Code": "NoSuchConfigurationAggregatorException", "Message": "no"}}
    hub.aggregator.failures[api] = [ClientError(unknown, api)]

    wrong = 'The aggregator "organization" does not exist in 123456789012, eu-central-1. Set aggregator = { name ='
    with pytest.raises(RuntimeError, match=re.escape(wrong)):
        hub.report(MONDAY)
    assert hub.sns.published == []


def test_aggregator_that_may_not_be_read(hub: HubEdge) -> None:
    """AWS does not document which error an unknown name gives to a narrow role, so a denial says both possibilities."""
    denied = {"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}
    for api in ("DescribeConfigurationAggregatorSourcesStatus", "DescribeAggregateComplianceByConfigRules"):
        hub.aggregator.failures[api] = [ClientError(denied, api)]

    wrong = 'The aggregator "organization" does not exist or cannot be read in 123456789012, eu-central-1. Set'
    with pytest.raises(RuntimeError, match=re.escape(wrong)) as raised:
        hub.report(MONDAY)
    assert "not authorized" in str(raised.value)
    assert hub.sns.published == []


# Remembering


def test_a_retry_reports_nothing_twice(hub: HubEdge) -> None:
    """The same schedule, or an older one, publishes nothing and reads nothing."""
    hub.aggregator.places = {SHOP: there("i-1")}
    hub.report(NEXT_MONDAY)
    hub.aggregator.calls.clear()

    assert hub.report(NEXT_MONDAY) == hub.report(MONDAY) == []
    assert not hub.aggregator.calls


def test_the_table_holds_the_last_report_only(hub: HubEdge) -> None:
    """A report deletes the items of the last one, after its own are in force."""
    hub.aggregator.places = {SHOP: there("i-1"), BLOG: there("i-2")}
    for scheduled in (MONDAY, NEXT_MONDAY):
        hub.report(scheduled)

    assert sorted(key.split("/")[1:2] for key in hub.table.items) == [[], [NEXT_MONDAY]]
    calls = [api for api, _ in hub.table.calls][-6:]
    assert calls == ["GetItem", "GetItem", "PutItem", "PutItem", "GetItem", "DeleteItem"]


@pytest.mark.parametrize("fails_at", [0, 1])
def test_crash_after_the_publish(hub: HubEdge, fails_at: int, caplog: pytest.LogCaptureFixture) -> None:
    """If the report cannot be remembered, the last one stays in force: the next one repeats it and loses nothing."""
    hub.aggregator.places = {SHOP: there("i-1")}
    hub.report(MONDAY)
    hub.aggregator.places = {SHOP: there("i-2")}
    hub.table.failures = [*[None] * fails_at, RuntimeError("lost")]  # type: ignore[list-item]
    assert len(hub.report(NEXT_MONDAY)) == 1
    assert len(incomplete(caplog)) == 1

    [call] = hub.report(LATER)
    assert told(call) == {"new": {"i-2"}, "open": set(), "fixed": {"i-1"}}


def test_old_items_that_cannot_be_deleted(
    hub: HubEdge, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The report is kept, and the alarm is raised, because the table would grow."""

    def refuse(**_: Any) -> None:
        raise throttled("DeleteItem")

    hub.aggregator.places = {SHOP: there("i-1")}
    hub.report(MONDAY)
    monkeypatch.setattr(hub.table, "delete_item", refuse)
    hub.report(NEXT_MONDAY)
    assert [reason.split(":")[0] for reason in incomplete(caplog)] == ["an old item was not deleted"]
    [call] = hub.report(LATER)
    assert document(call)["counts"] == {"open": 1, "new": 0, "fixed": 0}


def test_answer_of_the_write_that_is_lost(hub: HubEdge, monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore repeats a write whose answer was lost. The condition then fails, and the report is kept all the same."""
    hub.aggregator.places = {SHOP: there("i-1")}
    write = hub.table.put_item

    def twice(**kwargs: Any) -> dict[str, Any]:
        write(**kwargs)
        return write(**kwargs)

    monkeypatch.setattr(hub.table, "put_item", twice)
    hub.report(MONDAY)
    [call] = hub.report(NEXT_MONDAY)
    assert told(call) == {"new": set(), "open": {"i-1"}, "fixed": set()}


def test_two_reports_at_once(hub: HubEdge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two invocations at once, the later schedule stays in force, and the other one's items are deleted."""
    hub.aggregator.places = {SHOP: there("i-1")}
    publish = hub.sns.publish

    def publish_and_overtake(**kwargs: Any) -> dict[str, Any]:
        monkeypatch.setattr(hub.sns, "publish", publish)
        hub.report(NEXT_MONDAY)
        return publish(**kwargs)

    monkeypatch.setattr(hub.sns, "publish", publish_and_overtake)
    hub.report(MONDAY)
    assert {key.split("/")[1] for key in hub.table.items if "/" in key} == {NEXT_MONDAY}
    [call] = hub.report(LATER)
    assert told(call)["open"] == {"i-1"}


def test_items_that_are_missing(hub: HubEdge, caplog: pytest.LogCaptureFixture) -> None:
    """Without a part of its memory, the report says so and raises the alarm."""
    hub.aggregator.places = {SHOP: there("i-1")}
    hub.report(MONDAY)
    hub.table.items = {key: item for key, item in hub.table.items.items() if "/" not in key}

    [call] = hub.report(NEXT_MONDAY)
    assert told(call)["new"] == {"i-1"}
    assert incomplete(caplog) == ["not read: a part of the last report"]


def test_many_places_and_instances_take_few_items(hub: HubEdge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small places share an item, and a large one continues in the next."""
    monkeypatch.setattr("notifier.packing.MAX_PAGE", 60_000)
    monkeypatch.setattr("notifier.packing.MAX_PIECE", 500)
    hub.aggregator.is_judged = False
    hub.aggregator.places = {
        Place(f"{number:012}", "eu-central-1"): there(f"i-{number:017x}") for number in range(300)
    } | {SHOP: there(*(f"i-{number:017x}" for number in range(5_000, 9_000)))}
    [first] = hub.report(MONDAY)
    assert document(first)["counts"]["new"] == 4_300

    pages = [item["open"]["S"] for key, item in hub.table.items.items() if "/" in key]
    assert 3 <= len(pages) <= 5
    assert max(map(len, pages)) < 61_000
    [second] = hub.report(NEXT_MONDAY)
    assert document(second)["counts"] == {"open": 4_300, "new": 0, "fixed": 0}


def test_items_and_memory_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """No item exceeds DynamoDB's 400 KB. Of more instances than fit into memory, only the number is kept."""
    monkeypatch.setattr("notifier.packing.MAX_IN_ALL", 100_000)
    since = {f"i-{number:017x}": Since(datetime.fromtimestamp(10**9, UTC), is_launch=True) for number in range(50_000)}
    memory, pack = Memory(datetime.fromtimestamp(0, UTC), len(since), since), Pack()
    for number in range(3):
        pack.add(Place(f"{number:012}", "eu-central-1"), memory)

    pages = pack.finish()
    assert max(map(len, pages)) < 390_000
    unpacked = [known.since and len(known.since) for _, known in unpack(pages, memory.scheduled)]
    assert unpacked == [50_000, 50_000, None]


def test_log_line(hub: HubEdge, caplog: pytest.LogCaptureFixture) -> None:
    """The last line says how many instances are open, and how many accounts and regions are not covered or failed."""
    caplog.set_level(logging.INFO)
    hub.aggregator.places = {SHOP: there("i-1"), BLOG: There({}, 2)}
    hub.report(MONDAY)

    line = caplog.records[-1].__dict__
    names = ("message", "open", "new", "fixed", "not_covered", "sources")
    assert [line[name] for name in names] == ["reported", 1, 1, 0, 1, 0]


# For any organization


PLACES = [SHOP, BLOG, Place("333333333333", "eu-central-1")]
results = st.dictionaries(st.sampled_from(["i-1", "i-2", "i-3"]), st.sampled_from(["NON_COMPLIANT", "COMPLIANT"]))
places = st.builds(
    lambda first, second, more, status: There(
        {rule: found for rule, found in ((RULE, first), ("second", second)) if found}, more, status
    ),
    results,
    results | st.just({}),
    st.integers(0, 2),
    st.sampled_from(["SUCCEEDED", "SUCCEEDED", "FAILED", "OUTDATED"]),
)
weeks = st.tuples(
    st.dictionaries(st.sampled_from(PLACES), places, min_size=1), st.sets(st.sampled_from(PLACES), max_size=1)
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(weeks, min_size=2, max_size=5), st.integers(1, 3), st.booleans())
def test_every_change_is_told_once(
    hub: HubEdge,
    history: list[tuple[dict[Place, There], set[Place]]],
    page: int,
    empty: bool,  # noqa: FBT001
) -> None:
    """Whatever fails: an instance is new once, then open, then fixed once, and fixed only if that is known."""
    hub.table.items.clear()
    known: set[tuple[Place, str]] = set()
    for week, (organization, broken) in enumerate(history):
        hub.aggregator.places, hub.aggregator.page, hub.aggregator.has_empty_pages = organization, page, empty
        error = ClientError({"Error": {"Code": "ValidationException", "Message": "no"}}, DETAILS)
        hub.aggregator.broken = dict.fromkeys(broken, error)
        calls = hub.report(f"2026-{week + 1:02}-01T07:00:00Z")
        shown = {
            (place, instance)
            for place, found in organization.items()
            for verdicts in found.results.values()
            for instance, verdict in verdicts.items()
            if verdict == "NON_COMPLIANT" and place not in broken
        }
        whole = {
            place
            for place, found in organization.items()
            if found.status == "SUCCEEDED"
            and (found.results or not found.instances)
            and not (place in broken and any("NON_COMPLIANT" in each.values() for each in found.results.values()))
        }
        fixed = {each for each in known - shown if each[0] in whole}
        if not calls:
            assert not shown | fixed
        for call in calls:
            assert document(call)["counts"] == {"open": len(shown), "new": len(shown - known), "fixed": len(fixed)}
            assert named(call) == {"new": shown - known, "open": shown & known, "fixed": fixed}
        known = {each for each in (known - fixed) | shown if each[0] in organization}


def named(call: Mapping[str, Any]) -> dict[str, set[tuple[Place, str]]]:
    """Which instances are new, still open and fixed, with their accounts and regions."""
    found: dict[str, set[tuple[Place, str]]] = {"new": set(), "open": set(), "fixed": set()}
    for account in document(call)["accounts"]:
        for region in account["regions"]:
            place = Place(account["account"], region["region"])
            found["new"] |= {(place, each["instance"]) for each in region["new"]}
            found["open"] |= {(place, each["instance"]) for each in region["open"]}
            found["fixed"] |= {(place, each) for each in region["fixed"]}
    return found
