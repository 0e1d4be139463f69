"""What each input does to the plan; test_bad_inputs.py has what is refused."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.cases import PlanEach, RefuseEach
from tests.support.terraform import Plan, Root

if TYPE_CHECKING:
    from tests.emulator import EmbeddedAws

INSIDE = "module.ec2_key_pair_monitor."


def fields(template: str) -> dict[str, Any]:
    """Return an input template's fields in order, with a text in place of each placeholder that is a whole value."""
    document: dict[str, Any] = json.loads(re.sub(r": (<\w+>)", r': "\1"', template))
    return document


def test_every_state_has_its_own_rule_and_words(everything: Plan) -> None:
    """Each verdict to notify has an event rule, and a message with its fields in the order in which people read."""
    common = ["what_happened", "what_to_do", "verdict", "instance", "account", "region", "rule", "time"]
    for state in ("COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"):
        rule = everything.resources[f'{INSIDE}aws_cloudwatch_event_rule.notified["{state}"]']
        target = everything.resources[f'{INSIDE}aws_cloudwatch_event_target.notifications["{state}"]']
        transformer = target["input_transformer"][0]
        message = fields(transformer["input_template"])

        assert json.loads(rule["event_pattern"])["detail"]["newEvaluationResult"]["complianceType"] == [state]
        annotation = [] if state == "NOT_APPLICABLE" else ["annotation"]
        assert list(message) == [*common, *annotation, "console", "version"]
        assert f" is {state}" in message["what_happened"]
        assert set(re.findall(r"<(\w+)>", transformer["input_template"])) == set(transformer["input_paths"])
        assert not [path for path in transformer["input_paths"].values() if "oldEvaluationResult" in path]


def test_target_keeps_what_it_cannot_deliver(everything: Plan) -> None:
    """The retry policy is stated, and every target has the dead letters."""
    for state in ("COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"):
        address = f'{INSIDE}aws_cloudwatch_event_target.notifications["{state}"]'
        target = everything.resources[address]

        assert target["retry_policy"] == [{"maximum_event_age_in_seconds": 86400, "maximum_retry_attempts": 185}]
        assert everything.unknown[address]["dead_letter_config"] == [{"arn": True}]
        assert target["role_arn"] is None


def test_policy_travels_as_the_rules_parameters(everything: Plan) -> None:
    """The policy is the rule's parameters: strings, with any blanks, which AWS Config shows beside the rule."""
    parameters = json.loads(everything.resources[f"{INSIDE}aws_config_config_rule.this"]["input_parameters"])

    assert parameters == {
        "allowedKeyNames": '["break glass","ops-*"]',
        "exemptTags": '{"Cost Center":"load test *",'
        '"aws:autoscaling:groupName":"build-agents-*","karpenter.sh/nodepool":"*"}',
        "exemptUntilTagKey": "key-pair-exempt-until",
    }


def test_frequency_adds_the_sweep(everything: Plan) -> None:
    """A frequency is the rule's third trigger, gives the function 15 minutes, and its role what the sweep calls."""
    rule = everything.resources[f"{INSIDE}aws_config_config_rule.this"]
    details = {
        (each["message_type"], each["maximum_execution_frequency"] or "") for each in rule["source"][0]["source_detail"]
    }
    policy = json.loads(everything.resources[f"{INSIDE}aws_iam_role_policy.evaluator"]["policy"])

    assert ("ScheduledNotification", "TwentyFour_Hours") in details
    assert len(details) == 3
    assert everything.resources[f"{INSIDE}aws_lambda_function.evaluator"]["timeout"] == 900
    assert {"config:BatchGetResourceConfig", "config:SelectResourceConfig"} <= set(policy["Statement"][0]["Action"])


def test_key_of_the_same_root(everything: Plan) -> None:
    """A key of the caller's may be made in the same root, and the module makes none beside it."""
    assert everything.unknown[f"{INSIDE}module.notifications[0].aws_sns_topic.this[0]"]["kms_master_key_id"] is True
    assert not [address for address in everything.resources if address.startswith(f"{INSIDE}aws_kms")]


def test_boundary_of_the_same_root(everything: Plan) -> None:
    """The permissions boundary may be a resource that is not made yet."""
    assert everything.unknown[f"{INSIDE}aws_iam_role.evaluator"]["permissions_boundary"] is True


def test_one_subscription_for_each_address(everything: Plan) -> None:
    """Each address is subscribed by e-mail, and what can't be delivered is kept."""
    subscriptions = {
        address: each for address, each in everything.resources.items() if "topic_subscription.email" in address
    }

    assert {each["endpoint"] for each in subscriptions.values()} == {"security@example.com", "platform@example.com"}
    assert {each["protocol"] for each in subscriptions.values()} == {"email"}
    assert all(everything.unknown[address]["redrive_policy"] for address in subscriptions)


def test_tags_and_retention(everything: Plan) -> None:
    """Every resource that can have tags has them, and the log is kept as long as asked."""
    tagged = [
        each["tags"] for address, each in everything.resources.items() if address.startswith(INSIDE) and "tags" in each
    ]

    assert len(tagged) >= 9
    assert all(tags == {"team": "security"} for tags in tagged)
    assert everything.resources[f"{INSIDE}aws_cloudwatch_log_group.evaluator"]["retention_in_days"] == 731


PARTITIONS = {
    "us-gov-west-1": ("aws-us-gov", "console.amazonaws-us-gov.com"),
    "cn-north-1": ("aws-cn", "console.amazonaws.cn"),
    "eusc-de-east-1": ("aws-eusc", "console.amazonaws-eusc.eu"),
}


@pytest.mark.slow
@pytest.mark.parametrize("region", PARTITIONS)
def test_other_partitions(
    module_copy: Path, terraform_environment: dict[str, str], embedded_aws: "EmbeddedAws", region: str
) -> None:
    """In every other partition the ARNs and the console's link are those of the partition."""
    partition, console = PARTITIONS[region]
    root = Root(module_copy, terraform_environment | embedded_aws.environment(region))
    root.init()
    plan = root.plan(digest_window_seconds=60, notify_on=["NON_COMPLIANT"])
    without_digest = root.plan()

    planned = json.dumps([plan.resources, without_digest.resources])
    assert f"arn:{partition}:iam::123456789012:root" in planned
    assert "arn:aws:" not in planned
    assert f"https://{region}.{console}/ec2/home" in planned


def key_names(characters: int) -> list[str]:
    """Names of key pairs that make the rule's parameters this long."""
    names = [f"{n}" * 150 for n in range(6)]
    parameters = json.dumps({"allowedKeyNames": json.dumps(names, separators=(",", ":"))}, separators=(",", ":"))
    names[0] += "0" * (characters - len(parameters))
    return names


@pytest.fixture(scope="module")
def plans(plan_each: PlanEach) -> dict[str, Plan]:
    """A plan for each set of inputs."""
    return plan_each(
        {
            "longest_name": {"name": "k" * 41, "notify_on": ["COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"]},
            "longest_parameters": {"allowed_key_names": key_names(1024)},
        }
    )


def test_longest_parameters(plans: dict[str, Plan], refuse_each: RefuseEach) -> None:
    """AWS Config accepts 1,024 characters of parameters, and a plan refuses one more."""
    rule = plans["longest_parameters"].resources["aws_config_config_rule.this"]
    assert len(rule["input_parameters"]) == 1024

    [message] = refuse_each({"one_more": {"allowed_key_names": key_names(1025)}})["one_more"]
    assert "make 1025 characters" in message


def test_longest_name(plans: dict[str, Plan]) -> None:
    """The longest name that is accepted fits every resource that is named for it."""
    plan = plans["longest_name"]

    assert len(plan.resources["aws_iam_role.evaluator"]["name"]) == 64
    rules = [each["name"] for address, each in plan.resources.items() if "event_rule" in address]
    assert max(map(len, rules)) <= 64
