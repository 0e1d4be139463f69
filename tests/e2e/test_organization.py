"""Two members of an organization and their hub: which events arrive there, and where the others go."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from rich.console import Console

from demo.organization import HUB, ORGANIZATION, REGIONS, Organization, applied
from tests.e2e.conftest import take
from tests.emulator import EmbeddedAws, organization
from tests.emulator.cloudwatch_alarms import evaluate_alarms
from tests.emulator.cloudwatch_metrics import points

pytestmark = pytest.mark.slow

NAME = "ec2-key-pair-monitor"
MEMBER = ("222222222222", "us-east-1")  # another account and region than the hub's
BESIDE = (HUB, REGIONS[0])  # a monitor in the hub's own account and region
UNIT = f"{ORGANIZATION}/r-ab12/ou-ab12-11111111/"


@pytest.fixture(scope="module")
def there(embedded_aws: EmbeddedAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Organization]:
    """The applied organization."""
    embedded_aws.reset()
    folder = tmp_path_factory.mktemp("organization")
    with applied(embedded_aws, folder, Console(quiet=True), [BESIDE, MEMBER]) as found:
        yield found


@contextmanager
def outside(there: Organization, path: str | None = None) -> Iterator[None]:
    """Let the member be in no organization, or in another one."""
    assert there
    organization.leave(MEMBER[0])
    if path:
        organization.join({MEMBER[0]: path})
    yield
    organization.join({MEMBER[0]: UNIT})


@contextmanager
def bus_policy(there: Organization, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Iterator[None]:
    """Let the hub's bus have another policy."""
    events = there.aws.client("events", REGIONS[0], HUB)
    before = events.describe_event_bus(Name="key-pair-hub")["Policy"]
    events.put_permission(EventBusName="key-pair-hub", Policy=json.dumps(change(json.loads(before))))
    yield
    events.put_permission(EventBusName="key-pair-hub", Policy=before)


def only_paths(policy: dict[str, Any]) -> dict[str, Any]:
    """The policy for another organizational unit only."""
    [statement] = policy["Statement"]
    admitted = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{ORGANIZATION}/r-ab12/ou-ab12-22222222/*"}}
    return {**policy, "Statement": [{**statement, "Condition": {**statement["Condition"], **admitted}}]}


def only_another(policy: dict[str, Any]) -> dict[str, Any]:
    """The policy for an account that is not the member's."""
    [statement] = policy["Statement"]
    named = {"Principal": {"AWS": "arn:aws:iam::444444444444:root"}, "Condition": {}}
    return {**policy, "Statement": [{**statement, **named}]}


@contextmanager
def without_permission(there: Organization) -> Iterator[None]:
    """Let the member's role have no permission."""
    iam, role = there.aws.client("iam", MEMBER[1], MEMBER[0]), f"{NAME}-central-{MEMBER[1]}"
    before = iam.get_role_policy(RoleName=role, PolicyName="central")["PolicyDocument"]
    iam.delete_role_policy(RoleName=role, PolicyName="central")
    yield
    iam.put_role_policy(RoleName=role, PolicyName="central", PolicyDocument=json.dumps(before))


def dead_letters(there: Organization) -> list[str]:
    """The error codes of the events that the member could not send; they are taken out."""
    sqs = there.aws.client("sqs", MEMBER[1], MEMBER[0])
    url = sqs.get_queue_url(QueueName=f"{NAME}-dead-notifications")["QueueUrl"]
    return [each["MessageAttributes"]["ERROR_CODE"]["StringValue"] for each in take(sqs, url)]


def test_second_plan_is_empty(there: Organization) -> None:
    """What was applied is what is planned."""
    plan = there.root.plan()

    assert plan.is_empty, plan.changes


def test_one_message_names_all(there: Organization) -> None:
    """An instance in each of two accounts and regions is one e-mail, with the accounts by their names."""
    instances = there.launch_everywhere()

    [mail] = there.inbox()
    for (account, region), instance in instances.items():
        assert all(word in mail.body for word in (account, region, instance))
    assert "shop" in mail.body


@pytest.mark.parametrize(
    "wrong",
    [
        outside,
        lambda there: outside(there, "o-zzzzzzzzzz/r-ab12/"),
        lambda there: bus_policy(there, only_paths),
        lambda there: bus_policy(there, only_another),
        without_permission,
    ],
    ids=["no organization", "another organization", "another path", "not in the policy", "role without permission"],
)
def test_what_the_hub_does_not_admit_is_kept(
    there: Organization, wrong: Callable[[Organization], AbstractContextManager[None]]
) -> None:
    """A refused event becomes a dead letter of the member and raises its alarm. The hub notifies nobody of it."""
    there.inbox()
    points(MEMBER[1], MEMBER[0]).clear()
    evaluate_alarms(MEMBER[1], account=MEMBER[0])
    there.inbox()
    dead_letters(there)
    with wrong(there):
        there.launch(*MEMBER)
        assert there.inbox() == []
        states = evaluate_alarms(MEMBER[1], account=MEMBER[0])

    assert "NO_PERMISSIONS" in dead_letters(there)
    assert states[f"{NAME}-dead-notifications"] == states[f"{NAME}-failed-events-non-compliant"] == "ALARM"
    there.aws.settle()


def test_recorder_that_is_off_is_reported(there: Organization) -> None:
    """Whoever switches off a member's recorder is named at the hub."""
    there.inbox()
    there.stop_recorder(*MEMBER)
    mails = there.inbox()
    there.aws.client("config", MEMBER[1], MEMBER[0]).start_configuration_recorder(ConfigurationRecorderName="default")

    assert [MEMBER[0] in mail.body and "StopConfigurationRecorder" in mail.body for mail in mails] == [True]


def test_alarms_of_the_hub_make_no_circle(there: Organization) -> None:
    """A monitor beside the hub sends its own alarms; the hub's come once, from CloudWatch."""
    cloudwatch = there.aws.client("cloudwatch", REGIONS[0], HUB)
    there.inbox()
    for name in ("key-pair-hub-notifier-errors", f"{NAME}-evaluator-errors"):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")
    bodies = [mail.body for mail in there.inbox()]

    assert sum("key-pair-hub-notifier-errors" in body for body in bodies) <= 1
    assert sum(f"{NAME}-evaluator-errors" in body for body in bodies) == 1


def test_member_reports_a_function_that_fails(there: Organization) -> None:
    """The alarm of a member's function arrives at the hub with its account and region."""
    there.inbox()
    there.break_function(*MEMBER)

    assert any("evaluator-errors" in mail.body and MEMBER[0] in mail.body for mail in there.inbox())


def test_deleted_bus(there: Organization) -> None:
    """The last of the tests: without the bus, events are the member's dead letters."""
    dead_letters(there)
    events = there.aws.client("events", REGIONS[0], HUB)
    events.remove_targets(Rule="key-pair-hub", EventBusName="key-pair-hub", Ids=["digest"])
    events.delete_rule(Name="key-pair-hub", EventBusName="key-pair-hub")
    events.delete_event_bus(Name="key-pair-hub")
    there.stop_recorder(*MEMBER)
    there.aws.settle()
    events.create_event_bus(Name="key-pair-hub")  # for the destroy

    assert "NO_RESOURCE" in dead_letters(there)
