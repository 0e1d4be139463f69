"""What the command says of a plan is what the function says of the instances that the embedded AWS makes of it."""

import json
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from evaluator.compliance import evaluate
from evaluator.config_events import parse_configuration_item, parse_rule_parameters

from tests.cli.conftest import Command
from tests.cli.corpus import terraform
from tests.conftest import REGION
from tests.emulator import EmbeddedAws

INSTANCE = "AWS::EC2::Instance"
POLICIES: dict[str, dict[str, Any]] = {
    "any key": {},
    "allowed keys": {"allowedKeyNames": ["op*"]},
    "exempt tag": {"exemptTags": {"purpose": "ephemeral"}},
    "default tag": {"exemptTags": {"team": "data"}},
    "group": {"exemptTags": {"aws:autoscaling:groupName": "*keyless"}},
}


class Applied:
    """A plan, and the instances that its apply made."""

    def __init__(self, aws: EmbeddedAws, plan: Path, state: Mapping[str, Any]) -> None:
        self.plan = plan
        self._aws = aws
        self._resources = {each["address"]: each["values"] for each in state["values"]["root_module"]["resources"]}

    def instances(self) -> dict[str, list[str]]:
        """The ids of the instances of each address."""
        ec2 = self._aws.client("ec2", REGION)
        groups: dict[str, list[str]] = {}
        for reservation in ec2.describe_instances()["Reservations"]:
            for each in reservation["Instances"]:
                tags = {tag["Key"]: tag["Value"] for tag in each.get("Tags", [])}
                groups.setdefault(tags.get("aws:autoscaling:groupName", ""), []).append(each["InstanceId"])
        made = {}
        for address, values in self._resources.items():
            kind = address.partition(".")[0]
            if kind == "aws_instance":
                made[address] = [values["id"]]
            elif kind == "aws_autoscaling_group":
                made[address] = groups.get(values["name"], [])
            elif kind == "aws_spot_instance_request":
                made[address] = [values["spot_instance_id"]]
            elif kind == "aws_ec2_fleet":
                answer = ec2.describe_fleet_instances(FleetId=values["id"])
                made[address] = [each["InstanceId"] for each in answer["ActiveInstances"]]
            elif kind == "aws_spot_fleet_request":
                fleet = ec2.describe_spot_fleet_instances(SpotFleetRequestId=values["id"])
                made[address] = [each["InstanceId"] for each in fleet["ActiveInstances"]]
        # moto does not say which instances an AWS Batch environment has: those that nothing else made.
        known = {each for instances in made.values() for each in instances}
        made["aws_batch_compute_environment.keyed"] = [each for each in groups[""] if each not in known]
        return made

    def verdict(self, instance: str, parameters: Mapping[str, str]) -> str:
        """The function's verdict on an instance, from the item that AWS Config delivers."""
        answer = self._aws.client("config", REGION).get_resource_config_history(
            resourceType=INSTANCE, resourceId=instance, limit=1
        )
        policy = parse_rule_parameters(json.dumps(parameters))
        change = parse_configuration_item(answer["configurationItems"][0])
        return str(evaluate(change.instance, policy, datetime.now(UTC).date()).compliance_type)


@pytest.fixture(scope="module")
def applied(
    embedded_aws: EmbeddedAws, terraform_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Applied]:
    """The configuration beside this file, planned and applied."""
    embedded_aws.reset()
    embedded_aws.switch_on_config(REGION)
    folder = tmp_path_factory.mktemp("agreement")
    shutil.copy(Path(__file__).parent / "agreement/main.tf", folder)
    terraform(folder, terraform_environment, "init", "-input=false")
    terraform(folder, terraform_environment, "plan", "-input=false", "-out=tfplan")
    plan = folder / "plan.json"
    plan.write_text(terraform(folder, terraform_environment, "show", "-json", "tfplan"), encoding="utf-8")
    terraform(folder, terraform_environment, "apply", "-input=false", "tfplan")
    embedded_aws.settle()
    yield Applied(embedded_aws, plan, json.loads(terraform(folder, terraform_environment, "show", "-json")))
    embedded_aws.reset()


@pytest.mark.slow
@pytest.mark.parametrize("name", POLICIES)
def test_plan_agrees_with_the_function(applied: Applied, command: Command, tmp_path: Path, name: str) -> None:
    """Every address has at least one instance, and the function's verdict on each is the command's on the address."""
    policy = tmp_path / "policy.json"
    parameters = {key: json.dumps(value) for key, value in POLICIES[name].items()}
    policy.write_text(json.dumps(parameters), encoding="utf-8")

    outcome = command("plan", "--format", "json", "--policy", policy, applied.plan)

    made = applied.instances()
    assert all(made.values())
    assert outcome.verdicts == {
        address: verdict
        for address, instances in made.items()
        for verdict in {applied.verdict(each, parameters) for each in instances}
    }
