"""What the module promises without any input; what its policies and patterns do is in ``test_policies.py``."""

import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.support import CHECKOUT
from tests.support.policies import ACCOUNT
from tests.support.terraform import Plan, Root


def test_module_is_valid(module: Root) -> None:
    """`terraform validate` finds nothing."""
    module.validate()


def test_rule_watches_instances_and_nothing_else(defaults: Plan) -> None:
    """The rule's scope is EC2 instances, its triggers their changes, small and oversized."""
    rule = defaults.resources["aws_config_config_rule.this"]

    assert rule["scope"][0]["compliance_resource_types"] == ["AWS::EC2::Instance"]
    assert rule["source"][0]["owner"] == "CUSTOM_LAMBDA"
    details = {
        (each["message_type"], each["maximum_execution_frequency"] or "") for each in rule["source"][0]["source_detail"]
    }
    assert details == {
        ("ConfigurationItemChangeNotification", ""),
        ("OversizedConfigurationItemChangeNotification", ""),
    }
    assert rule["input_parameters"] is None


def test_function(defaults: Plan) -> None:
    """The function runs Python 3.13 on arm64 with 256 MB, 60 s and JSON logs."""
    function = defaults.resources["aws_lambda_function.evaluator"]

    assert {name: function[name] for name in ("runtime", "architectures", "memory_size", "timeout")} == {
        "runtime": "python3.13",
        "architectures": ["arm64"],
        "memory_size": 256,
        "timeout": 60,
    }
    assert function["logging_config"][0]["log_format"] == "JSON"
    assert function["logging_config"][0]["log_group"] == "/aws/lambda/ec2-key-pair-monitor-evaluator"


def test_events_are_retried_and_then_kept(defaults: Plan) -> None:
    """Retries and maximum age of the asynchronous invocation are set explicitly."""
    invoke = defaults.resources["aws_lambda_function_event_invoke_config.evaluator"]

    assert (invoke["maximum_retry_attempts"], invoke["maximum_event_age_in_seconds"]) == (2, 21600)


def test_names_carry_the_region_where_they_are_global(defaults: Plan) -> None:
    """IAM is global, so only the role's name contains the region."""
    assert defaults.resources["aws_iam_role.evaluator"]["name"] == "ec2-key-pair-monitor-evaluator-eu-central-1"
    assert defaults.resources["aws_config_config_rule.this"]["name"] == "ec2-key-pair-monitor"


def test_only_aws_config_of_this_account_may_invoke(defaults: Plan) -> None:
    """The permission is bound to the account; a source ARN would be a cycle."""
    permission = defaults.resources["aws_lambda_permission.config"]

    assert (permission["principal"], permission["source_account"], permission["source_arn"]) == (
        "config.amazonaws.com",
        ACCOUNT,
        None,
    )


def test_everything_is_encrypted(defaults: Plan) -> None:
    """The topic is under the module's key, with rotation and an alias; AWS encrypts the log and the queues itself."""
    assert defaults.unknown["module.notifications[0].aws_sns_topic.this[0]"]["kms_master_key_id"] is True
    assert defaults.resources["aws_cloudwatch_log_group.evaluator"]["kms_key_id"] is None
    assert defaults.resources["module.notifications[0].aws_kms_key.topic[0]"]["enable_key_rotation"] is True
    assert defaults.resources["module.notifications[0].aws_kms_alias.topic[0]"]["name"] == "alias/ec2-key-pair-monitor"
    queues = defaults.of_type("aws_sqs_queue")
    assert len(queues) == 3
    assert {(each["sqs_managed_sse_enabled"], each["kms_master_key_id"]) for each in queues} == {(True, None)}


def test_nobody_is_subscribed_without_an_address(defaults: Plan) -> None:
    """Without addresses there is no subscription, but the topic exists."""
    assert not [address for address in defaults.resources if "subscription" in address]
    assert "module.notifications[0].aws_sns_topic.this[0]" in defaults.resources


def test_log_is_kept_for_a_year(defaults: Plan) -> None:
    """The module creates the log group, because a group that Lambda creates keeps everything forever."""
    assert defaults.resources["aws_cloudwatch_log_group.evaluator"]["retention_in_days"] == 365


def package_of(plan: Plan) -> dict[str, Any]:
    """What the plan says of the zip."""
    return dict(plan.data["data.archive_file.evaluator"])


def test_zip_holds_the_package_and_nothing_else(defaults: Plan) -> None:
    """The zip carries the evaluator's own modules: no bytecode, no other function, nothing of a third party."""
    with zipfile.ZipFile(defaults.directory / package_of(defaults)["output_path"]) as package:
        names = {entry.filename for entry in package.infolist()}
        modes = {entry.external_attr >> 16 & 0o777 for entry in package.infolist()}

    assert names == {f"evaluator/{path.name}" for path in (CHECKOUT / "lambda/evaluator").glob("*.py")}
    assert {"evaluator/handler.py", "evaluator/compliance.py"} <= names
    assert modes == {0o644}


def test_zip_is_small(defaults: Plan) -> None:
    """The deployed zip stays below 20 KiB."""
    assert package_of(defaults)["output_size"] <= 20 * 1024


def test_zip_is_reproducible(module: Root, defaults: Plan) -> None:
    """Neither bytecode, nor another umask, nor another time of checkout changes the function's hash."""
    package = module.directory / "lambda/evaluator"
    bytecode = package / "__pycache__" / "handler.cpython-313.pyc"
    bytecode.parent.mkdir()
    bytecode.write_bytes(b"bytecode")
    stray = [module.directory / "lambda/notes.txt", package / "handler.py~"]
    for path in stray:
        path.write_text("stray")
    for path in package.glob("*.py"):
        path.chmod(0o600)
        path.touch()
    try:
        again = module.plan()
    finally:
        for path in [bytecode, *stray]:
            path.unlink()
        bytecode.parent.rmdir()

    assert package_of(again)["output_base64sha256"] == package_of(defaults)["output_base64sha256"]


def test_zip_is_named_for_its_instance(defaults: Plan) -> None:
    """Two instances of the module in one root never write the same file."""
    assert (
        Path(package_of(defaults)["output_path"]).name == f"ec2-key-pair-monitor-{ACCOUNT}-eu-central-1-evaluator.zip"
    )


@pytest.mark.parametrize(
    ("resource", "needed"),
    [
        ("aws_lambda_function.evaluator", {"aws_iam_role_policy.evaluator"}),
        (
            "aws_config_config_rule.this",
            {
                "aws_lambda_permission.config",
                "aws_lambda_function_event_invoke_config.evaluator",
                "aws_cloudwatch_event_target.central",
                "aws_cloudwatch_event_target.notifications",
                "module.notifications",
            },
        ),
    ],
)
def test_order(defaults: Plan, resource: str, needed: set[str]) -> None:
    """What AWS checks or uses immediately is created first. The provider's retries would hide a wrong order."""
    resources = defaults.configuration["root_module"]["resources"]
    [configured] = [each for each in resources if each["address"] == resource]

    assert set(configured["depends_on"]) == needed
