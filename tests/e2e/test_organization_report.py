"""The report of a hub: open instances of every member, and the accounts that have none, as an aggregator shows them.

There are four accounts besides the hub's: two with a monitor, one with an instance and no monitor, and one without
instances.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from rich.console import Console

from demo.organization import HUB, ORGANIZATION, REGIONS, Organization, applied
from tests.emulator import (
    EmbeddedAws,
    cloudwatch_metrics,
    config_aggregation,
    config_store,
    faults,
    lambda_environments,
    lambda_invocations,
    organization,
    scheduler,
)
from tests.emulator.cloudwatch_alarms import evaluate_alarms
from tests.emulator.config_aggregation import Sources
from tests.emulator.faults import Kind
from tests.emulator.sns import Mail

pytestmark = pytest.mark.slow

NAME = "key-pair-hub"
HERE = REGIONS[0]
SHOP, RESEARCH = ("222222222222", "us-east-1"), ("333333333333", "eu-central-1")
UNCOVERED, IDLE = ("444444444444", "us-east-1"), ("555555555555", "us-east-1")
REPORTER = f"arn:aws:lambda:{HERE}:{HUB}:function:{NAME}-reporter"
REPORTED = """
  aggregator      = {}
  report_schedule = { expression = "cron(0 8 ? * MON *)", timezone = "Europe/Berlin" }
"""


@pytest.fixture(scope="module")
def module_organization(embedded_aws: EmbeddedAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Organization]:
    """The applied hub and its members."""
    embedded_aws.reset()
    organization.join({account: f"{ORGANIZATION}/r-ab12/ou-ab12-22222222/" for account, _ in (UNCOVERED, IDLE)})
    for account, region in (UNCOVERED, IDLE):
        embedded_aws.switch_on_config(region, account=account)
    folder = tmp_path_factory.mktemp("organization")
    with applied(embedded_aws, folder, Console(quiet=True), [SHOP, RESEARCH], REPORTED) as found:
        found.launch(*UNCOVERED)
        yield found


@pytest.fixture
def there(module_organization: Organization) -> Iterator[Organization]:
    """The organization before its first report, without instances in the members and without faults."""
    reset(module_organization)
    yield module_organization
    reset(module_organization)


def reset(there: Organization) -> None:
    """Terminate what runs in the members, and forget every report, fault and alarm."""
    faults.reset()
    vars(config_store.backend_of(HERE, HUB)).pop("embedded_sources", None)
    for place in (SHOP, RESEARCH):
        terminate(there, place, *running(there, place))
    table = there.aws.client("dynamodb", HERE, HUB)
    for item in table.scan(TableName=f"{NAME}-reports")["Items"]:
        table.delete_item(TableName=f"{NAME}-reports", Key={"source": item["source"]})
    there.inbox()
    cloudwatch_metrics.points(HERE, HUB).clear()
    evaluate_alarms(HERE, account=HUB)
    there.inbox()


def sources() -> Sources:
    """The settings of the aggregator."""
    return config_aggregation.sources_of(config_store.backend_of(HERE, HUB))


def running(there: Organization, place: tuple[str, str]) -> list[str]:
    """The instances that exist in an account and region."""
    reservations = there.aws.client("ec2", place[1], place[0]).describe_instances()["Reservations"]
    found = [each for reservation in reservations for each in reservation["Instances"]]
    return [each["InstanceId"] for each in found if each["State"]["Name"] != "terminated"]


def terminate(there: Organization, place: tuple[str, str], *instances: str) -> None:
    """Terminate instances."""
    if instances:
        there.aws.client("ec2", place[1], place[0]).terminate_instances(InstanceIds=list(instances))
        there.aws.settle()


def report(there: Organization) -> list[Mail]:
    """Let a Monday come, and return the reports that arrive."""
    there.inbox()
    scheduler.pass_weeks(HERE, account=HUB)
    return reports(there)


def reports(there: Organization) -> list[Mail]:
    """The reports that have arrived."""
    return [mail for mail in there.inbox() if mail.subject.startswith("Report")]


def part(mail: Mail, title: str) -> set[str]:
    """The instances in a part of an e-mail."""
    found = re.search(rf"^{title} \(.*?(?=\n\n[A-Z]|\Z)", mail.body, re.DOTALL | re.MULTILINE)
    return set(re.findall(r"\bi-[0-9a-f]{17}\b", found[0])) if found else set()


def parts(mail: Mail) -> tuple[set[str], set[str], set[str]]:
    """Which instances are new, still open and fixed."""
    return part(mail, "New"), part(mail, "Still open"), part(mail, "Fixed")


def words(mail: Mail) -> str:
    """The e-mail in one line."""
    return " ".join(mail.body.split())


def raised() -> set[str]:
    """The alarms of the hub that are in alarm."""
    states = evaluate_alarms(HERE, account=HUB)
    return {name.removeprefix(f"{NAME}-") for name, state in states.items() if state == "ALARM"}


def logged(message: str) -> list[dict[str, Any]]:
    """The lines of the reporter's last invocation with a message."""
    lines = [json.loads(line) for line in lambda_invocations.invocations(REPORTER)[-1].log if line.startswith("{")]
    return [line for line in lines if line.get("message") == message]


@pytest.mark.parametrize("has_empty_pages", [False, True])
def test_new_open_fixed_and_not_covered(there: Organization, *, has_empty_pages: bool) -> None:
    """The second report is exact. The account without a monitor is named, the one without instances is not."""
    sources().has_empty_pages = has_empty_pages
    a, b = there.launch(*SHOP), there.launch(*SHOP)
    c = there.launch(*RESEARCH)
    [first] = report(there)
    assert parts(first) == ({a, b, c}, set(), set())
    assert first.subject == "Report: 3 EC2 instances are NON_COMPLIANT, 3 new, 1 account and region not covered"
    assert "account shop (222222222222), us-east-1: 2 open, 2 new, 0 fixed" in words(first)
    gap = f"account archive ({UNCOVERED[0]}), {UNCOVERED[1]}: 1 instance"
    assert f"Apply the monitor there: {gap} New (3)" in words(first)
    assert IDLE[0] not in first.body

    terminate(there, SHOP, b)
    d = there.launch(*RESEARCH)
    [second] = report(there)
    assert parts(second) == ({d}, {a, c}, {b})
    assert "AWS does not document its delay" in words(second)
    assert [each["reason"] for each in logged("report incomplete")] == []
    assert raised() == set()


@pytest.mark.parametrize("loses_data", [False, True])
def test_source_that_fails_fixes_nothing(there: Organization, *, loses_data: bool) -> None:
    """A source that failed is named, and its instances are not fixed. Afterwards none of them is new."""
    a, b, c = there.launch(*SHOP), there.launch(*SHOP), there.launch(*RESEARCH)
    report(there)
    backend = config_store.backend_of(HERE, HUB)
    config_aggregation.fail(backend, *SHOP, "AccessDenied", loses_data=loses_data)
    terminate(there, SHOP, b)
    terminate(there, RESEARCH, c)

    [second] = report(there)
    assert parts(second) == (set(), set() if loses_data else {a, b}, {c})
    assert "account shop (222222222222), us-east-1: FAILED, last update" in words(second)
    assert ("2 instances of the last report could not be checked" in words(second)) == loses_data
    config_aggregation.catch_up(backend, *SHOP)
    [third] = report(there)
    assert parts(third) == (set(), {a}, {b})


@pytest.mark.parametrize("silently", [False, True])
def test_aggregator_that_lags_repeats_nothing(there: Organization, *, silently: bool) -> None:
    """An aggregator that is late reports a change late, and once."""
    a, b = there.launch(*SHOP), there.launch(*SHOP)
    report(there)
    backend = config_store.backend_of(HERE, HUB)
    config_aggregation.stop(backend, *SHOP, silently=silently)
    terminate(there, SHOP, b)
    c = there.launch(*SHOP)

    for _ in range(2):
        [late] = report(there)
        assert parts(late) == (set(), {a, b}, set())
        assert ("OUTDATED" in late.body) != silently
    config_aggregation.catch_up(backend, *SHOP)
    [current] = report(there)
    assert parts(current) == ({c}, {a}, {b})
    [again] = report(there)
    assert parts(again) == (set(), {a, c}, set())


def test_throttled_calls(there: Organization) -> None:
    """A report whose calls are throttled is late and complete."""
    a, b = there.launch(*SHOP), there.launch(*RESEARCH)
    for api in ("DescribeAggregateComplianceByConfigRules", "GetAggregateComplianceDetailsByConfigRule"):
        faults.inject(api, Kind.THROTTLED, 2)

    [told] = report(there)
    assert parts(told) == ({a, b}, set(), set())
    assert raised() == set()


def test_a_schedule_that_fires_twice_reports_once(there: Organization) -> None:
    """The second invocation for a scheduled time reads and sends nothing."""
    there.launch(*SHOP)
    assert len(report(there)) == 1
    schedule = scheduler.schedule_of(HERE, f"{NAME}-reports", f"{NAME}-reports", account=HUB)
    last = json.loads(lambda_invocations.invocations(REPORTER)[-1].event)["scheduled_time"]

    scheduler.fire(schedule, datetime.fromisoformat(last))
    assert reports(there) == []
    assert logged("already reported")


@pytest.mark.parametrize(("action", "after"), [("Publish", 0), ("PutItem", 0), ("PutItem", 1)])
def test_crash_after_the_publish(there: Organization, action: str, after: int) -> None:
    """If the function dies after the publish, the report is repeated at most once, and nothing is lost."""
    a = there.launch(*SHOP)
    report(there)
    b = there.launch(*RESEARCH)
    terminate(there, SHOP, a)
    faults.inject(action, Kind.CALLER_DIES, 1, after=after, then=lambda: lambda_environments.kill(REPORTER))

    told = report(there)
    assert [parts(each) for each in told] == [({b}, set(), {a})] * len(told)
    assert 1 <= len(told) <= 2
    [following] = report(there)
    assert parts(following) == (set(), {b}, set())


def test_report_without_a_part(there: Organization) -> None:
    """Without the inventory, the report says first what it lacks, and raises the alarm."""
    a = there.launch(*SHOP)
    with without(there, "config:SelectAggregateResourceConfig"):
        [told] = report(there)

    assert parts(told) == ({a}, set(), set())
    assert words(told).startswith("This report is incomplete. It lacks the coverage of accounts and regions")
    assert raised() == {"report-incomplete"}


def test_aggregator_that_does_not_exist(there: Organization) -> None:
    """The last of the tests: without its aggregator, the report fails with the name and the input to correct."""
    there.aws.client("config", HERE, HUB).delete_configuration_aggregator(ConfigurationAggregatorName=NAME)

    assert report(there) == []
    error = json.loads(lambda_invocations.invocations(REPORTER)[-1].error or "{}")
    assert error["errorType"] == "UnknownAggregatorError"
    # The role may read only the aggregator that the hub created, so IAM refuses the name.
    assert f'The aggregator "{NAME}" does not exist or cannot be read in {HUB}, {HERE}. Set' in error["errorMessage"]
    assert {"reporter-errors", "dead-reports"} <= raised()


@contextmanager
def without(there: Organization, action: str) -> Iterator[None]:
    """Take one action out of the policies of the reporter's role."""
    iam, role = there.aws.client("iam", HERE, HUB), f"{NAME}-reporter-{HERE}"
    name = "reporter-aggregator"
    before = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    [statement] = before["Statement"]
    left = [each for each in statement["Action"] if each != action]
    assert len(left) == len(statement["Action"]) - 1
    changed = json.dumps({**before, "Statement": [{**statement, "Action": left}]})
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=changed)
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(before))
