"""examples/ci: the tests for a team's own root run unchanged, and find the mistakes that they are for."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.terraform import Root

WIDENED = """
module "ec2_key_pair_monitor" {
  notification_emails = ["somebody@example.com"]
  exempt_tags         = { "owner" = "*" }
}
"""

# A queue of the monitor's that is no longer in its configuration.
STATE = {
    "version": 4,
    "resources": [
        {
            "module": "module.ec2_key_pair_monitor",
            "mode": "managed",
            "type": "aws_sqs_queue",
            "name": "gone",
            "provider": 'provider["registry.terraform.io/hashicorp/aws"]',
            "instances": [
                {"schema_version": 0, "attributes": {"id": "https://sqs.eu-central-1.amazonaws.com/123456789012/gone"}}
            ],
        }
    ],
}


@pytest.fixture
def team_root(module_copy: Path, terraform_environment: dict[str, str]) -> Path:
    """The example's folder, its providers pinned to what was tried."""
    return Root(module_copy / "examples" / "ci", terraform_environment).directory


def run(directory: Path, environment: dict[str, str]) -> str:
    """What pytest says in the folder."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TF_", "PYTEST_"))}
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "."]
    done = subprocess.run(  # noqa: S603  (pytest, with arguments of our own)
        words, cwd=directory, env=inherited | environment, capture_output=True, text=True, check=False
    )
    return done.stdout


REFUSED = """
module "ec2_key_pair_monitor" {
  notification_emails = ["nobody"]
}
"""


def terraform_test(directory: Path, environment: dict[str, str]) -> str:
    """What ``terraform test`` says in the folder, without anything of AWS."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TF_"))}
    providers = {key: value for key, value in environment.items() if not key.startswith("AWS_")}
    settings = {"AWS_EC2_METADATA_DISABLED": "true", "NO_COLOR": "1", "HOME": str(directory / "nobody")}
    done = subprocess.run(
        ["terraform", "test"],  # noqa: S607  (the Terraform of the caller's)
        cwd=directory, env=kept | providers | settings, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_mocked_test_runs_without_credentials(module_copy: Path, terraform_environment: dict[str, str]) -> None:
    """Terraform's own test passes on the team's root without credentials, and fails on an input that is refused."""
    root = Root(module_copy / "examples" / "ci", terraform_environment)
    root.init()
    override = root.directory / "refused_override.tf"

    assert "1 passed, 0 failed" in terraform_test(root.directory, terraform_environment)
    override.write_text(REFUSED)
    try:
        said = terraform_test(root.directory, terraform_environment)
    finally:
        override.unlink()

    assert "0 passed, 1 failed" in said
    assert 'invalid: "nobody"' in said


def test_it_shows_what_terraform_says(team_root: Path, terraform_environment: dict[str, str]) -> None:
    """A plan that Terraform refuses fails the tests with Terraform's message in readable form."""
    override = team_root / "refused_override.tf"
    override.write_text(REFUSED)
    try:
        said = run(team_root, terraform_environment)
    finally:
        override.unlink()

    assert "3 errors" in said
    assert "terraform plan: " in said
    assert "Error: Resource precondition failed\n" in said
    assert 'invalid: "nobody"' in said
    assert "TerraformCommandError" not in said


def test_it_runs_as_it_stands(team_root: Path, terraform_environment: dict[str, str]) -> None:
    """The team's three tests pass on the team's root."""
    assert "3 passed" in run(team_root, terraform_environment)


def test_it_catches_what_it_is_there_for(team_root: Path, terraform_environment: dict[str, str]) -> None:
    """Another address, a wider exemption and the deletion of a queue each fail a test."""
    override, state = team_root / "widened_override.tf", team_root / "terraform.tfstate"
    override.write_text(WIDENED)
    state.write_text(json.dumps(STATE))
    environment = terraform_environment | {"TF_CLI_ARGS_plan": "-refresh=false"}
    try:
        said = run(team_root, environment)
    finally:
        override.unlink()
        state.unlink()

    assert "3 failed" in said
