"""Applies an example on the embedded AWS, and does what a person would do with it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.conftest import REGION
from tests.emulator import EmbeddedAws, cloudwatch_metrics, faults, sns
from tests.emulator.cloudwatch_alarms import evaluate_alarms
from tests.emulator.sns import Mail
from tests.support.terraform import Root

IMAGE = "ami-0123456789abcdef0"

# In the place of an example: the module itself, as a root.
ITSELF = ".."


@dataclass(frozen=True, slots=True)
class Deployment:
    """An applied example."""

    aws: EmbeddedAws
    root: Root
    outputs: Mapping[str, Any]
    rule_name: str

    def client(self, service: str) -> Any:
        """A client of the account's administrator."""
        return self.aws.client(service, REGION)

    def launch(self, key_name: str | None = None, tags: Mapping[str, str] | None = None) -> str:
        """Launch an instance and wait until everything that follows has happened; returns its id."""
        options: dict[str, Any] = {"KeyName": key_name} if key_name else {}
        if tags:
            listed = [{"Key": key, "Value": value} for key, value in tags.items()]
            options["TagSpecifications"] = [{"ResourceType": "instance", "Tags": listed}]
        answer = self.client("ec2").run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, **options)
        self.aws.settle()
        return str(answer["Instances"][0]["InstanceId"])

    def launch_many(self, count: int) -> list[str]:
        """Launch instances without a key pair at once, and wait until everything that follows has happened."""
        answer = self.client("ec2").run_instances(ImageId=IMAGE, MinCount=count, MaxCount=count)
        self.aws.settle()
        return [each["InstanceId"] for each in answer["Instances"]]

    def result(self, instance_id: str) -> tuple[str, str] | None:
        """The rule's verdict on an instance and its annotation, or None where there is none."""
        answer = self.client("config").get_compliance_details_by_resource(
            ResourceType="AWS::EC2::Instance", ResourceId=instance_id
        )
        found = [(each["ComplianceType"], each.get("Annotation", "")) for each in answer["EvaluationResults"]]
        return found[0] if found else None

    def notifications(self) -> list[Mail]:
        """Every e-mail that is not a request for confirmation."""
        return [mail for mail in sns.outbox(REGION) if mail.token is None]

    def alarm_states(self, at: datetime | None = None) -> dict[str, str]:
        """The alarms' states at a time, else now, by what follows the monitor's name in theirs."""
        found = evaluate_alarms(REGION, at)
        return {name.removeprefix(f"{self.rule_name}-"): state for name, state in found.items()}

    def raised(self, at: datetime | None = None) -> set[str]:
        """The alarms that are in alarm at a time, else now."""
        return {name for name, state in self.alarm_states(at).items() if state == "ALARM"}

    def calm(self) -> None:
        """Empty the inbox, remove every fault and let every alarm return to rest."""
        sns.outbox(REGION).clear()
        cloudwatch_metrics.points(REGION).clear()
        evaluate_alarms(REGION)
        faults.reset()

    def dead_letters(self, purpose: str) -> list[dict[str, Any]]:
        """Receive and delete the messages in a dead-letter queue."""
        sqs = self.client("sqs")
        url = sqs.get_queue_url(QueueName=f"{self.rule_name}-dead-{purpose}")["QueueUrl"]
        return take(sqs, url)

    @contextmanager
    def without(self, action: str, role: str | None = None) -> Iterator[None]:
        """Take one action out of the policies of a role, else of the evaluator's, for a while."""
        iam, role = self.client("iam"), role or self.outputs["evaluator_role_arn"].rpartition("/")[2]
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        before = {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}
        found = 0
        for name, document in before.items():
            statements = []
            for each in document["Statement"]:
                actions = each["Action"] if isinstance(each["Action"], list) else [each["Action"]]
                found += actions.count(action)
                if left := [other for other in actions if other != action]:
                    statements.append({**each, "Action": left})
            if not statements:
                iam.delete_role_policy(RoleName=role, PolicyName=name)
            else:
                changed = json.dumps({**document, "Statement": statements})
                iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=changed)
        assert found == 1, f"the role's policies name {action} {found} times"
        try:
            yield
        finally:
            for name, document in before.items():
                iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def take(sqs: Any, url: str) -> list[dict[str, Any]]:
    """Receive and delete up to ten messages of a queue."""
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    messages: list[dict[str, Any]] = answer.get("Messages", [])
    for message in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return messages


class Deploy(Protocol):
    """Applies an example, or the module itself, with variables."""

    def __call__(self, example: str, **variables: Any) -> AbstractContextManager[Deployment]:
        """Apply on entry, destroy on exit."""


@pytest.fixture(scope="session")
def deploy(module_copy: Path, terraform_environment: dict[str, str], embedded_aws: EmbeddedAws) -> Deploy:
    """Apply an example in an account that has nothing but a recorder, and destroy it afterwards."""

    @contextmanager
    def deployed(example: str, **variables: Any) -> Iterator[Deployment]:
        embedded_aws.reset()
        faults.reset()
        embedded_aws.switch_on_config(REGION)
        root = Root(module_copy / "examples" / example, terraform_environment)
        root.init()
        root.apply(**variables)
        try:
            embedded_aws.settle()
            sns.confirm_all(REGION)
            outputs = root.outputs()
            yield Deployment(embedded_aws, root, outputs, outputs["config_rule_name"])
        finally:
            root.destroy(**variables)

    return deployed
