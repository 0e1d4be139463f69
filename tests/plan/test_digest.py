"""What a digest adds to a plan. Without a digest, no part of it exists."""

import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.plan.conftest import alarms
from tests.support import CHECKOUT
from tests.support.cases import PlanEach, RefuseEach
from tests.support.handlers import RecordingSns, body, handle
from tests.support.policies import ACCOUNT, BY_LAMBDA, BY_SNS, allowed, statements
from tests.support.terraform import Plan, Root, TerraformError

NAME = "ec2-key-pair-monitor"
REGION = "eu-central-1"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{NAME}-digest"
WINDOW = 90
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
# A filter on each attribute of a digest.
FILTER = {name: [{"exists": True}] for name in ("accounts", "kind", "regions", "rules", "verdicts")}
PHONE = {"protocol": "sms", "endpoint": "+4915112345678", "filter_policy": json.dumps(FILTER)}


@pytest.fixture(scope="module")
def plans(plan_each: PlanEach) -> dict[str, Plan]:
    """A plan for each set of inputs."""
    return plan_each(
        {
            "digest": {"digest_window_seconds": WINDOW},
            "filtered": {"digest_window_seconds": 60, "subscriptions": {"a": PHONE}},
            "longest_name": {"digest_window_seconds": 1, "name": "k" * 41},
            "own_topic": {"digest_window_seconds": 300, "sns_topic": {"arn": TOPIC}},
            "tagged": {"digest_window_seconds": 1, "permissions_boundary_arn": BOUNDARY, "tags": {"team": "security"}},
        }
    )


@pytest.fixture(scope="module")
def digest(plans: dict[str, Plan]) -> Plan:
    """A plan with a window of 90 seconds."""
    return plans["digest"]


def test_nothing_of_it_without_a_window(defaults: Plan) -> None:
    """By default there is no queue, no function, no role, no log group and no dead letters of a digest."""
    assert not [
        address for address in (*defaults.resources, *defaults.data) if "digest" in address or "notifier" in address
    ]
    words = json.dumps([each for each in defaults.resources.values() if "alarm_description" not in each])
    assert not re.findall("digest|notifier", words)


def test_events_go_to_the_queue_as_they_are(digest: Plan) -> None:
    """EventBridge sends the whole event to the queue. The dead-letter queue is the same as without a digest."""
    address = 'aws_cloudwatch_event_target.notifications["NON_COMPLIANT"]'

    assert digest.unknown[address]["arn"] is True
    assert digest.resources[address]["input_transformer"] == []
    assert digest.unknown[address]["dead_letter_config"] == [{"arn": True}]
    references = next(
        each["expressions"]["arn"]["references"]
        for each in digest.configuration["root_module"]["resources"]
        if each["address"] == "aws_cloudwatch_event_target.notifications"
    )
    assert "module.notifications[0].queue_arn" in references


def test_queue(digest: Plan) -> None:
    """The queue hides a message for six time-outs and a window, and hands it on as a dead letter after 20 attempts."""
    queue = digest.resources["module.notifications[0].aws_sqs_queue.digest[0]"]
    function = digest.resources["module.notifications[0].aws_lambda_function.notifier[0]"]

    assert queue["visibility_timeout_seconds"] == 6 * function["timeout"] + WINDOW
    assert digest.unknown["module.notifications[0].aws_sqs_queue.digest[0]"]["redrive_policy"] is True
    assert (queue["sqs_managed_sse_enabled"], queue["kms_master_key_id"]) == (True, None)
    policy = statements(queue["policy"])
    deny = policy.pop("DenyWithoutTls")
    assert (deny["Effect"], deny["Principal"], deny["Action"]) == ("Deny", {"AWS": "*"}, "sqs:*")
    assert policy == {
        "Collect": {
            "Sid": "Collect",
            "Effect": "Allow",
            "Action": "sqs:SendMessage",
            "Resource": QUEUE,
            "Principal": {"Service": "events.amazonaws.com"},
            "Condition": {
                "ArnEquals": {"aws:SourceArn": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{NAME}-non-compliant"}
            },
        }
    }


def test_mapping(digest: Plan) -> None:
    """Batches are of a window, as large as there are, answered in part, and two at a time at most."""
    mapping = digest.resources["module.notifications[0].aws_lambda_event_source_mapping.digest[0]"]

    assert mapping["maximum_batching_window_in_seconds"] == WINDOW
    assert mapping["batch_size"] == 10000
    assert mapping["function_response_types"] == ["ReportBatchItemFailures"]
    assert mapping["scaling_config"] == [{"maximum_concurrency": 2}]


def test_function(digest: Plan) -> None:
    """The notifier runs as the evaluator does, in a log group of its own, and knows the topic."""
    function = digest.resources["module.notifications[0].aws_lambda_function.notifier[0]"]
    same = ("runtime", "architectures", "memory_size")

    assert {name: function[name] for name in same} == {
        name: digest.resources["aws_lambda_function.evaluator"][name] for name in same
    }
    assert function["logging_config"][0]["log_group"] == f"/aws/lambda/{NAME}-notifier"
    assert digest.resources["module.notifications[0].aws_cloudwatch_log_group.notifier[0]"]["retention_in_days"] == 365


def test_zips_hold_their_own_package_and_nothing_else(digest: Plan) -> None:
    """Each function's zip contains only its own modules and is small, above all the evaluator's."""
    for function, inside, address in (("evaluator", "", ""), ("notifier", "module.notifications[0].", "[0]")):
        archive = digest.data[f"{inside}data.archive_file.{function}{address}"]
        with zipfile.ZipFile(digest.directory / archive["output_path"]) as package:
            names = {entry.filename for entry in package.infolist()}

        assert names == {f"{function}/{path.name}" for path in (CHECKOUT / "lambda" / function).glob("*.py")}
        assert archive["output_size"] <= {"evaluator": 20, "notifier": 48}[function] * 1024
        assert archive["output_path"].endswith(f"{NAME}-{ACCOUNT}-{REGION}-{function}.zip")


NOTIFICATIONS = """
variable "account_names" { type = map(string) }
variable "digest_by" { type = string }

module "notifications" {
  source                = "../modules/notifications"
  name                  = "hub"
  console_domain        = "console.aws.amazon.com"
  event_rule_arns       = []
  digest_window_seconds = 60
  account_names         = var.account_names
  digest_by             = var.digest_by
}
"""


@pytest.mark.slow
def test_account_names_are_in_the_zip(module_copy: Path, terraform_environment: dict[str, str]) -> None:
    """Names of accounts are in the zip, which has room for any number of them, and they are validated."""
    directory = module_copy / "hub_names"
    directory.mkdir()
    (directory / "main.tf").write_text(NOTIFICATIONS)
    root = Root(directory, terraform_environment)
    root.init()
    names = {f"{100000000000 + n}": f"Konto {n} Müller" for n in range(200)}

    plan = root.plan(account_names=names, digest_by="account")

    archive = plan.data["module.notifications.data.archive_file.notifier[0]"]
    with zipfile.ZipFile(directory / archive["output_path"]) as package:
        assert json.loads(package.read("notifier/account_names.json")) == names
        assert "notifier/handler.py" in package.namelist()
    for bad in ({"1": "production"}, {"123456789012": ""}, {"123456789012": "a" * 51}, {"123456789012": "a\nb"}):
        with pytest.raises(
            TerraformError, match="account_names must map account IDs of twelve digits to names of 1 to"
        ):
            root.plan(account_names=bad, digest_by="window")
    with pytest.raises(TerraformError, match='digest_by must be "window" or "account"'):
        root.plan(account_names={}, digest_by="region")


def test_alarms(digest: Plan) -> None:
    """Dead letters raise an alarm, and so do changes that wait for longer than a failed attempt takes."""
    found = alarms(digest)

    delayed = found["digest-delayed"]
    assert (delayed["metric_name"], delayed["dimensions"]) == (
        "ApproximateAgeOfOldestMessage",
        {"QueueName": f"{NAME}-digest"},
    )
    queue = digest.resources["module.notifications[0].aws_sqs_queue.digest[0]"]
    assert (delayed["statistic"], delayed["threshold"]) == ("Maximum", queue["visibility_timeout_seconds"])
    assert (found["dead-digests"]["statistic"], found["dead-digests"]["threshold"]) == ("Maximum", 0)
    incomplete = found["digest-incomplete"]
    [counted] = digest.of_type("aws_cloudwatch_log_metric_filter")
    assert (counted["log_group_name"], counted["pattern"]) == (
        f"/aws/lambda/{NAME}-notifier",
        '{ $.message = "digest incomplete" }',
    )
    [metric] = counted["metric_transformation"]
    assert (incomplete["namespace"], incomplete["metric_name"]) == (metric["namespace"], metric["name"])
    assert (incomplete["statistic"], incomplete["threshold"]) == ("Sum", 0)
    assert found["notifier-errors"]["metric_name"] == "Errors"
    assert all("irst look at " in each["alarm_description"] for each in found.values())


def test_boundary_and_tags_reach_it(plans: dict[str, Plan]) -> None:
    """Its role has the permissions boundary, and everything that can have tags has them."""
    plan = plans["tagged"]

    assert plan.resources["module.notifications[0].aws_iam_role.notifier[0]"]["permissions_boundary"] == BOUNDARY
    tagged = [each["tags"] for each in plan.resources.values() if "tags" in each]
    assert all(tags == {"team": "security"} for tags in tagged)
    assert len(tagged) >= 14


def test_topic_of_the_callers(plans: dict[str, Plan]) -> None:
    """The notifier may use every key of the account, but only for the caller's own topic."""
    plan = plans["own_topic"]

    policy = statements(plan.resources["module.notifications[0].aws_iam_role_policy.notifier[0]"]["policy"])
    assert policy["Publish"]["Resource"] == TOPIC
    [keys] = json.loads(plan.resources["module.notifications[0].aws_iam_role_policy.notifier_keys[0]"]["policy"])[
        "Statement"
    ]
    assert sorted(keys["Action"]) == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert keys["Resource"] == f"arn:aws:kms:{REGION}:{ACCOUNT}:key/*"
    assert keys["Condition"] == {"StringEquals": {"kms:EncryptionContext:aws:sns:topicArn": TOPIC}}


def test_longest_name(plans: dict[str, Plan]) -> None:
    """The longest name that is accepted fits what a digest adds."""
    plan = plans["longest_name"]

    names = [each.get("name") or each.get("function_name") or "" for each in plan.resources.values()]
    assert max(len(name) for name in names if "notifier" in name and not name.startswith("/")) <= 64
    assert max(len(each["name"]) for address, each in plan.resources.items() if "aws_sqs_queue" in address) <= 80


def test_bad_window(refuse_each: RefuseEach) -> None:
    """A window is a whole number of seconds from 1 to 300; anything else is refused at plan time."""
    windows = {"fraction": 1.5, "negative": -1, "too_long": 301, "zero": 0}
    refused = refuse_each({name: {"digest_window_seconds": window} for name, window in windows.items()})

    for name, [message] in refused.items():
        assert "digest_window_seconds must be null or a whole number from 1 to 300" in message, name


def test_filters(plans: dict[str, Plan], sns: RecordingSns) -> None:
    """A subscriber may filter by each attribute that a digest has."""
    handle({"a": body(1)})

    assert sns.published[0]["MessageAttributes"].keys() == FILTER.keys()
    subscription = plans["filtered"].resources['module.notifications[0].aws_sns_topic_subscription.others["a"]']
    assert subscription["filter_policy_scope"] == "MessageAttributes"
    assert json.loads(subscription["filter_policy"]) == FILTER


# Least privilege

# What Lambda calls with the role to poll the queue, and the page that documents it.
POLLING = {
    "sqs:DeleteMessage": "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html",
    "sqs:GetQueueAttributes": "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html",
    "sqs:ReceiveMessage": "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html",
}


def test_notifier_may_do_what_it_calls(digest: Plan, sns: RecordingSns) -> None:
    """The role may do what the code calls and what services do with it, and no more."""
    from notifier.message import SnsClient  # noqa: PLC0415  (after the unit tests' region is set)

    handle({"a": body(1)})
    known = {f"sns:{name.title()}" for name in vars(SnsClient) if not name.startswith("_")}

    assert len(sns.published) == 1
    assert known == {"sns:Publish"}
    assert set(allowed(digest, "", "notifier")) == known | set(BY_LAMBDA | BY_SNS | POLLING)


def test_notifier_reaches_its_own_only(digest: Plan) -> None:
    """It publishes to the one topic, polls the one queue, writes the one log, and uses the one key."""
    log = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/{NAME}-notifier:*"

    assert allowed(digest, "", "notifier") == {
        "sns:Publish": [f"arn:aws:sns:{REGION}:{ACCOUNT}:{NAME}"],
        "sqs:DeleteMessage": [QUEUE],
        "sqs:GetQueueAttributes": [QUEUE],
        "sqs:ReceiveMessage": [QUEUE],
        "logs:CreateLogStream": [log],
        "logs:PutLogEvents": [log],
        "kms:Decrypt": [None],
        "kms:GenerateDataKey": [None],
    }


def test_evaluator_gains_nothing(digest: Plan, defaults: Plan) -> None:
    """A digest gives the evaluator's role no further permission."""
    evaluators = {address: each for address, each in digest.resources.items() if "notifier" not in address}

    assert allowed(replace(digest, resources=evaluators), "") == allowed(defaults, "")
