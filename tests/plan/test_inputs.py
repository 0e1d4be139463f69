"""What each input does to the plan, and what each bad input is answered with."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.terraform import Plan, Root, TerraformError

if TYPE_CHECKING:
    from tests.emulator import EmbeddedAws

INSIDE = "module.ec2_key_pair_monitor."


def fields(template: str) -> dict[str, Any]:
    """An input template's fields in their order, with a text in the place of each placeholder that stands alone."""
    document: dict[str, Any] = json.loads(re.sub(r": (<\w+>)", r': "\1"', template))
    return document


def test_every_state_has_its_own_rule_and_words(everything: Plan) -> None:
    """Each verdict to notify has an event rule, and a message whose fields stand in the order of reading."""
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
    assert everything.unknown[f"{INSIDE}module.notifications.aws_sns_topic.this[0]"]["kms_master_key_id"] is True
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


# Terraform reports every variable that is wrong, so each plan below tries one bad value of many variables at once.
BAD = [
    {
        "alarm_topic_arns": (["on-call"], "alarm_topic_arns must be null or a list of at most five ARNs"),
        "allowed_key_names": (["ops", " "], 'such as "ops-*" or "break glass"; invalid: [" "].'),
        "evaluation_frequency": ("Daily", "evaluation_frequency must be null or one of One_Hour"),
        "exempt_tags": ({"ok": "", "a": " "}, 'such as { "Cost Center" = "*" }; invalid: {"a":" "}.'),
        "kms_key": ({"arn": "alias/x"}, "the ARN of a key in eu-central-1, and not of an alias"),
        "log_retention_days": (42, "log_retention_days must be a retention that CloudWatch Logs offers: 1, 3, 5"),
        "name": ("key.pairs", "name must consist of letters, digits, hyphens and underscores"),
        "notification_emails": (["nobody"], 'such as "security@example.com"; invalid: "nobody"'),
        "notify_on": ([], "notify_on must name at least one verdict"),
        "permissions_boundary_arn": ("boundary", "permissions_boundary_arn must be null or the ARN of an IAM policy"),
        "tags": ({"aws:x": "y"}, "tags must have keys of 1 to 128 characters that do not start with aws:"),
    },
    {
        "digest_window_seconds": (301, "digest_window_seconds must be null or a whole number"),
        "kms_key": ({"arn": ""}, "kms_key must be null or hold"),
        "tags": ({f"k{n}": "" for n in range(51)}, "and be 50 at most"),
        "alarm_topic_arns": (["arn:aws:sns:eu-central-1:123456789012:x.fifo"], "alarm_topic_arns must be null or"),
        "allowed_key_names": ([""], 'invalid: [""].'),
        "exempt_tags": ({" ": "c"}, 'invalid: {" ":"c"}.'),
        "exempt_until_tag_key": ("until", "exempt_until_tag_key needs evaluation_frequency"),
        "log_retention_days": (0, "log_retention_days must be"),
        "name": ("k" * 42, "name has 42 characters and may have at most 41 in eu-central-1"),
        "notification_emails": (["a@b.example, c@d.example"], "notification_emails must hold plain e-mail addresses"),
        "notify_on": (["NON_COMPLIANT", "INSUFFICIENT_DATA"], "notify_on must hold nothing but COMPLIANT, NON_"),
        "permissions_boundary_arn": ("arn:aws:iam::123456789012:role/x", "permissions_boundary_arn must be null or"),
    },
    {
        "digest_window_seconds": (0, "digest_window_seconds must be null or a whole number"),
        "name": ("key-pairs-non", 'name must not end in -non'),
        "notification_emails": (["mailto:ops@example.com", 'ops@example.com"', "öps@example.com"], "none: "),
    },
    {
        "exempt_tags": ({"": "x"}, "exempt_tags must map tag keys"),
        "exempt_until_tag_key": (" ", 'that is not all blanks, such as "key-pair-exempt-until"; invalid: " ".'),
        "name": ("", "name must consist of"),
        "alarm_topic_arns": (["arn:aws:sns:us-east-1:123456789012:x"], "of standard SNS topics in eu-central-1"),
        "digest_window_seconds": (0.5, "digest_window_seconds must be null or a whole number from 1 to 300"),
        "kms_key": ({"arn": "arn:aws:kms:us-east-1:123456789012:key/1"}, "kms_key must be null or hold"),
        "tags": ({"a,b": "c"}, "tags must have keys of 1 to 128 characters"),
        "notification_emails": (["ops@localhost"], "notification_emails must hold plain e-mail addresses"),
        "notify_on": (["non_compliant"], "notify_on must hold nothing but"),
        "permissions_boundary_arn": ("", "permissions_boundary_arn must be null or"),
    },
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD)
def test_bad_input(module: Root, bad: dict[str, tuple[Any, str]]) -> None:
    """A bad input is refused at plan time with a message that names the variable and shows what is right."""
    with pytest.raises(TerraformError) as error:
        module.plan(**{name: value for name, (value, _) in bad.items()})

    missing = [message for _, message in bad.values() if message not in str(error.value)]
    assert not missing, str(error.value)


PARTITIONS = {
    "us-gov-west-1": ("aws-us-gov", "console.amazonaws-us-gov.com"),
    "cn-north-1": ("aws-cn", "console.amazonaws.cn"),
    "eusc-de-east-1": ("aws-eusc", "console.amazonaws-eusc.eu"),
}


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


@pytest.mark.parametrize("excess", [0, 1])
def test_longest_parameters(module: Root, excess: int) -> None:
    """AWS Config takes 1,024 characters of parameters, and the plan not one more."""
    names = [f"{n}" * 150 for n in range(6)]
    parameters = json.dumps({"allowedKeyNames": json.dumps(names, separators=(",", ":"))}, separators=(",", ":"))
    names[0] += "0" * (1024 + excess - len(parameters))

    if excess:
        with pytest.raises(TerraformError, match="make 1025 characters"):
            module.plan(allowed_key_names=names)
    else:
        rule = module.plan(allowed_key_names=names).resources["aws_config_config_rule.this"]
        assert len(rule["input_parameters"]) == 1024


def test_longest_name(module: Root) -> None:
    """The longest name that is accepted fits every resource that is named for it."""
    plan = module.plan(name="k" * 41, notify_on=["COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"])

    assert len(plan.resources["aws_iam_role.evaluator"]["name"]) == 64
    rules = [each["name"] for address, each in plan.resources.items() if "event_rule" in address]
    assert max(map(len, rules)) <= 64


def test_what_only_the_rule_refuses(module: Root) -> None:
    """A blank recorder, and parameters that AWS Config would refuse, are refused at plan time with what is right."""
    with pytest.raises(TerraformError) as error:
        module.plan(config_recorder_name="", allowed_key_names=[f"a-rather-long-key-name-{n}" for n in range(40)])

    assert "config_recorder_name must be null or the name of a recorder, such as" in str(error.value)
    assert re.search(r"make \d{4} characters of AWS Config rule parameters and may make 1024", str(error.value))
