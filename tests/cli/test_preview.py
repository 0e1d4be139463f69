"""``preview`` of an account on the embedded AWS, by the wheel in an environment of its own."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.conftest import Command, Outcome
from tests.conftest import REGION
from tests.emulator import EmbeddedAws


class Account:
    """An account that holds something to find, and the command that looks at it."""

    def __init__(self, aws: EmbeddedAws, command: Command) -> None:
        self.aws = aws
        self._command = command

    def preview(self, *options: str, **environment: str) -> Outcome:
        """Look at it as its administrator."""
        return self._command("preview", *options, environment=self.aws.environment(REGION) | environment)

    def launch(self, number: int = 1, tags: dict[str, str] | None = None, **more: Any) -> list[str]:
        """Launch instances; returns their IDs."""
        specifications = [
            {"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in (tags or {}).items()]}
        ]
        ec2 = self.aws.client("ec2", REGION)
        answer = ec2.run_instances(
            ImageId="ami-1", MinCount=number, MaxCount=number, TagSpecifications=specifications if tags else [], **more
        )
        return [each["InstanceId"] for each in answer["Instances"]]


@pytest.fixture(scope="module")
def account(embedded_aws: EmbeddedAws, command: Command) -> Iterator[Account]:
    """An account with each of the findings."""
    embedded_aws.reset()
    found = Account(embedded_aws, command)
    ec2 = embedded_aws.client("ec2", REGION)
    for name in ("ops", "deleted"):
        ec2.create_key_pair(KeyName=name)
    found.launch(2)
    found.launch(KeyName="ops")
    found.launch(KeyName="deleted")
    ec2.delete_key_pair(KeyName="deleted")
    yield found
    embedded_aws.settle()
    embedded_aws.reset()


def test_verdicts(account: Account) -> None:
    """Each instance has the verdict that the monitor would report, and something NON_COMPLIANT is status 1."""
    outcome = account.preview("--format", "json")

    assert outcome.errors == ""
    assert outcome.status == 1
    assert outcome.json["summary"] == {"compliant": 2, "non_compliant": 2, "unknown": 0, "exempt": 0}
    assert sorted(each["verdict"] for each in outcome.json["instances"]) == ["COMPLIANT"] * 2 + ["NON_COMPLIANT"] * 2
