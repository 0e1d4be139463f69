"""examples/new-account: from an account without AWS Config to a notification."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REGION
from tests.e2e.conftest import IMAGE
from tests.emulator import EmbeddedAws, sns
from tests.support.terraform import Root

pytestmark = pytest.mark.slow

RECORDER = "aws_config_configuration_recorder_status.this"
MORE_TYPES = """
resource "aws_config_configuration_recorder" "this" {
  recording_group {
    all_supported  = false
    resource_types = ["AWS::EC2::Instance", "AWS::EC2::Volume"]
  }
}
"""


@pytest.fixture(scope="module")
def new_account(module_copy: Path, terraform_environment: dict[str, str], embedded_aws: EmbeddedAws) -> Iterator[Root]:
    """The example applied in an account that has nothing, and destroyed."""
    embedded_aws.reset()
    root = Root(module_copy / "examples" / "new-account", terraform_environment)
    root.init()
    root.apply()
    yield root
    root.destroy()
    config, s3 = embedded_aws.client("config", REGION), embedded_aws.client("s3", REGION)
    assert config.describe_configuration_recorders()["ConfigurationRecorders"] == []
    assert config.describe_config_rules()["ConfigRules"] == []
    assert s3.list_buckets()["Buckets"] == []


def test_second_plan_is_empty(new_account: Root) -> None:
    """What was applied is what is planned."""
    plan = new_account.plan()

    assert plan.is_empty, plan.changes


def test_instance_without_a_key_pair_is_notified(new_account: Root, embedded_aws: EmbeddedAws) -> None:
    """The recorder was started before the rule was made, records instances, and one without a key pair is told."""
    assert new_account.outputs()["config_rule_name"]
    sns.confirm_all(REGION)
    answer = embedded_aws.client("ec2", REGION).run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)
    embedded_aws.settle()

    [mail] = [mail for mail in sns.outbox(REGION) if mail.token is None]
    message = json.loads(mail.body.partition("\n\n--\n")[0])
    assert message["instance"] == answer["Instances"][0]["InstanceId"]


def test_only_the_rule_waits_for_the_recorder(new_account: Root) -> None:
    """The rule is made after the recorder was started and destroyed before it stops; the rest does not wait for it."""
    state = json.loads((new_account.directory / "terraform.tfstate").read_text())
    inside = [each for each in state["resources"] if "module" in each and each["mode"] == "managed"]
    waiting = [
        f"{each['type']}.{each['name']}"
        for each in inside
        if RECORDER in {name for instance in each["instances"] for name in instance.get("dependencies", [])}
    ]

    assert waiting == ["aws_config_config_rule.this"]


def test_changed_recorder_replaces_nothing(new_account: Root) -> None:
    """A recorder that records more is changed in its place, and nothing of the module with it."""
    override = new_account.directory / "recorder_override.tf"
    override.write_text(MORE_TYPES)
    try:
        plan = new_account.plan()
    finally:
        override.unlink()

    assert plan.changes == {"aws_config_configuration_recorder.this": ["update"]}
