"""What this root promises of its key pair monitor, read from a plan through python-terraform.

Needs Terraform, credentials that may plan, and `pip install pytest python-terraform`; `pytest` in this folder runs it.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from python_terraform import IsFlagged, Terraform

ROOT = Path(__file__).parent
MONITOR = "module.ec2_key_pair_monitor."

Changes = dict[str, dict[str, Any]]


def terraform(command: str, *words: str, **options: Any) -> str:
    """What Terraform prints; where it fails, the tests fail with its message."""
    # Not raise_on_error, whose message is escaped bytes, nor Terraform.plan(), which takes a plan with changes for an
    # error.
    status, output, errors = Terraform(working_dir=str(ROOT)).cmd(command, *words, no_color=IsFlagged, **options)
    if status != 0:
        pytest.fail(f"terraform {command}: {errors or output}", pytrace=False)
    return str(output)


@pytest.fixture(scope="module")
def changes(tmp_path_factory: pytest.TempPathFactory) -> Changes:
    """The planned change of each of the monitor's resources: its ``actions``, and ``after`` them."""
    file = str(tmp_path_factory.mktemp("plan") / "tfplan")
    terraform("init", input=False)
    terraform("plan", input=False, out=file)
    found = json.loads(terraform("show", file, json=IsFlagged))["resource_changes"]
    return {each["address"].removeprefix(MONITOR): each["change"] for each in found if MONITOR in each["address"]}


def test_security_is_told(changes: Changes) -> None:
    """Instances without an allowed key pair are notified, to the security team and to nobody else."""
    told = {each["after"]["endpoint"] for address, each in changes.items() if "sns_topic_subscription" in address}

    assert told == {"security@example.com"}
    assert 'aws_cloudwatch_event_rule.notified["NON_COMPLIANT"]' in changes


def test_policy_is_as_agreed(changes: Changes) -> None:
    """Whoever allows another key pair, or exempts more instances, changes this line too."""
    parameters = json.loads(changes["aws_config_config_rule.this"]["after"]["input_parameters"])

    assert {name: json.loads(value) for name, value in parameters.items()} == {
        "allowedKeyNames": ["break-glass", "ops-*"],
        "exemptTags": {"karpenter.sh/nodepool": "*"},
    }


def test_nothing_is_destroyed(changes: Changes) -> None:
    """No change replaces what keeps verdicts, subscriptions or dead letters."""
    kept = re.compile(r"\b(aws_config_config_rule|aws_kms_key|aws_sns_topic|aws_sqs_queue)[.]")

    assert [a for a, each in changes.items() if kept.search(a) and "delete" in each["actions"]] == []
