"""A member of an organization: what `central` adds, what it leaves unchanged, and when there is no topic."""

import json
import re

import pytest

from tests.support import CHECKOUT
from tests.support.cases import PlanEach, RefuseEach
from tests.support.terraform import Plan, type_of

ACCOUNT = "123456789012"
HUB_ACCOUNT = "999999999999"
REGION = "eu-central-1"
NAME = "ec2-key-pair-monitor"
BUS = f"arn:aws:events:us-east-1:{HUB_ACCOUNT}:event-bus/key-pair-hub"
CENTRAL = {"event_bus_arn": BUS}
EMAILS = ["security@example.com"]
ON_CALL = f"arn:aws:sns:{REGION}:{ACCOUNT}:on-call"
MOST = 2048  # characters of a pattern


@pytest.fixture(scope="module")
def plans(plan_each: PlanEach) -> dict[str, Plan]:
    """A plan for each set of inputs."""
    return plan_each(
        {
            "alone": {"notification_emails": EMAILS},
            "both": {"central": CENTRAL, "notification_emails": EMAILS},
            "longest": {
                "central": CENTRAL,
                "digest_window_seconds": 60,
                "evaluation_frequency": "TwentyFour_Hours",
                "name": "n" * (64 - len(f"-evaluator-{REGION}")),
                "notification_emails": EMAILS,
                "notify_on": ["COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"],
            },
            "member": {"central": CENTRAL, "evaluation_frequency": "TwentyFour_Hours"},
            "on_call": {"alarm_topic_arns": [ON_CALL], "central": CENTRAL},
            "without_alarms": {"alarm_topic_arns": [], "central": CENTRAL},
        }
    )


@pytest.fixture(scope="module")
def member(plans: dict[str, Plan]) -> Plan:
    """A plan with a hub and nobody to notify in the account."""
    return plans["member"]


@pytest.fixture(scope="module")
def both(plans: dict[str, Plan]) -> Plan:
    """A plan with a hub and with a subscriber in the account."""
    return plans["both"]


def alarms(plan: Plan) -> set[str]:
    """The names of the planned alarms."""
    return {each["alarm_name"] for each in plan.of_type("aws_cloudwatch_metric_alarm")}


def forwarded(plan: Plan) -> list[str]:
    """The alarms whose state ALARM is an event for the hub."""
    names: list[str] = []
    for kind in ("alarms", "notification-alarms"):
        rule = plan.resources.get(f'aws_cloudwatch_event_rule.notified["{kind}"]')
        if rule:
            detail = json.loads(rule["event_pattern"])["detail"]
            for each in detail.get("$or", [detail]):
                names += each["alarmName"] if each["state"]["value"] == ["ALARM"] else []
    return names


def test_member_has_no_topic_and_no_key(member: Plan) -> None:
    """If nobody is notified, no resource for notifications exists, and alarms only change their state."""
    assert not [address for address in (*member.resources, *member.data) if "module.notifications" in address]
    assert member.outputs["topic_arn"] is None
    assert member.outputs["kms_key_arn"] is None
    for alarm in member.of_type("aws_cloudwatch_metric_alarm"):
        assert not alarm["alarm_actions"], alarm["alarm_name"]
        assert not alarm["insufficient_data_actions"], alarm["alarm_name"]


def test_switch_deletes_targets_last(member: Plan, both: Plan) -> None:
    """What depends on all targets changes with each switch, so that old targets are deleted after new ones exist.

    tests/e2e/test_changes.py switches during verdicts.
    """
    [depending] = [
        each["depends_on"]
        for each in member.configuration["root_module"]["resources"]
        if each["address"] == "terraform_data.destinations"
    ]

    assert depending == ["aws_cloudwatch_event_target.central", "aws_cloudwatch_event_target.notifications"]
    assert member.resources["terraform_data.destinations"]["input"] == {"hub": True, "topic": False}
    assert both.resources["terraform_data.destinations"]["input"] == {"hub": True, "topic": True}


@pytest.mark.parametrize("plan", ["member", "both"])
def test_every_event_goes_to_the_hub_as_it_is(plan: str, request: pytest.FixtureRequest) -> None:
    """Each event rule has the hub's bus as a target with a role, retries and dead letters, and transforms nothing."""
    planned: Plan = request.getfixturevalue(plan)
    kinds = {address.partition("[")[2] for address in planned.resources if "event_rule.notified" in address}
    for kind in kinds:
        address = f"aws_cloudwatch_event_target.central[{kind}"
        target = planned.resources[address]

        assert target["arn"] == BUS
        assert target["input_transformer"] == []
        assert target["retry_policy"] == [{"maximum_event_age_in_seconds": 86400, "maximum_retry_attempts": 185}]
        assert planned.unknown[address]["role_arn"] is True
        assert planned.unknown[address]["dead_letter_config"] == [{"arn": True}]
    assert {'"NON_COMPLIANT"]', '"recorder"]', '"alarms"]'} <= kinds


def test_role_sends_to_the_hub_alone(member: Plan) -> None:
    """EventBridge may assume the role only for the monitor's own event rules, and only send to the hub's bus."""
    trust = json.loads(member.resources["aws_iam_role.central[0]"]["assume_role_policy"])["Statement"]
    policy = json.loads(member.resources["aws_iam_role_policy.central[0]"]["policy"])["Statement"]
    rules = [
        f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{NAME}-{kind}" for kind in ("alarms", "non-compliant", "recorder")
    ]

    assert [(each["Principal"], each["Action"]) for each in trust] == [
        ({"Service": "events.amazonaws.com"}, "sts:AssumeRole")
    ]
    assert sorted(trust[0]["Condition"]["ArnEquals"]["aws:SourceArn"]) == rules
    assert [(each["Action"], each["Resource"]) for each in policy] == [("events:PutEvents", BUS)]


@pytest.mark.parametrize("plan", ["member", "both"])
def test_own_alarms_are_forwarded_by_name(plan: str, request: pytest.FixtureRequest) -> None:
    """Only the monitor's own alarms are sent, never the state OK, and missing data only of the sweeps."""
    planned: Plan = request.getfixturevalue(plan)

    assert sorted(forwarded(planned)) == sorted(alarms(planned))
    rules = {address: values for address, values in planned.resources.items() if "event_rule.notified" in address}
    overdue = [
        each["alarmName"]
        for rule in rules.values()
        for each in json.loads(rule["event_pattern"])["detail"].get("$or", [])
        if each["state"]["value"] == ["INSUFFICIENT_DATA"]
    ]
    assert overdue == [[f"{NAME}-sweep-overdue"]]
    assert '"OK"' not in json.dumps(rules)


def test_costs_of_a_member(member: Plan) -> None:
    """A member without notifications of its own has as many alarms as docs/costs.md says, and those of its schedule."""
    costs = (CHECKOUT / "docs/costs.md").read_text()
    [(alone, scheduled)] = re.findall(r"a schedule adds: (\d+) and .*?notifies nobody else: (\d+) ", costs, re.DOTALL)

    assert len(alarms(member)) == int(alone) + int(scheduled)


def test_central_adds_and_replaces_nothing(plans: dict[str, Plan], both: Plan) -> None:
    """A hub changes nothing that a monitor has without it, and adds only alarms for the new event rules."""
    alone = plans["alone"]
    changed = ('dead_letters["notifications"]', "terraform_data.destinations")

    for address, values in alone.resources.items():
        if not address.endswith(changed):
            # Each plan has the function's package in a folder of its own.
            assert {**both.resources[address], "filename": None} == {**values, "filename": None}
    added = {type_of(address) for address in both.resources.keys() - alone.resources.keys()}
    assert added == {
        "aws_cloudwatch_event_rule",
        "aws_cloudwatch_event_target",
        "aws_cloudwatch_metric_alarm",
        "aws_iam_role",
        "aws_iam_role_policy",
    }


def test_empty_list_makes_no_alarms(plans: dict[str, Plan]) -> None:
    """An empty list of topics for alarms makes none, with a hub as without."""
    plan = plans["without_alarms"]

    assert alarms(plan) == set()
    assert forwarded(plan) == []


def test_topics_for_alarms_of_a_member(plans: dict[str, Plan]) -> None:
    """Topics that are named are notified where there is no topic of the module's, and the hub learns of it too."""
    plan = plans["on_call"]

    assert "module.notifications[0].aws_sns_topic.this[0]" not in plan.resources
    assert plan.resources['module.failures.aws_cloudwatch_metric_alarm.this["evaluator-errors"]']["alarm_actions"] == [
        ON_CALL
    ]
    assert sorted(forwarded(plan)) == sorted(alarms(plan))


def test_patterns_fit_with_the_longest_name(plans: dict[str, Plan]) -> None:
    """The list of alarms fits into a pattern whatever is switched on, with the longest name of any region."""
    longer = len(REGION) - len("eu-west-1")

    for rule in plans["longest"].of_type("aws_cloudwatch_event_rule"):
        names = rule["event_pattern"].count("nnn-")
        assert len(rule["event_pattern"]) + longer * names <= MOST, rule["name"]


def test_bad_bus_is_refused(refuse_each: RefuseEach) -> None:
    """Anything but the ARN of an event bus that EventBridge can reach is refused, with an example."""
    buses = {
        "name": "key-pair-hub",
        "partition": f"arn:aws-cn:events:cn-north-1:{HUB_ACCOUNT}:event-bus/key-pair-hub",
        "rule": f"arn:aws:events:{REGION}:{HUB_ACCOUNT}:rule/key-pair-hub",
    }
    refused = refuse_each({name: {"central": {"event_bus_arn": bus}} for name, bus in buses.items()})

    for name, messages in refused.items():
        expected = "central must be null or hold the ARN of a hub's event bus in this partition, such as"
        assert any(expected in each for each in messages), name
