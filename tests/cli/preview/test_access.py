"""Who may look, and what is said of what cannot be looked at."""

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command
from tests.cli.preview.account import Account
from tests.conftest import REGION
from tests.emulator import faults, wire
from tests.emulator.faults import Kind
from tests.oracles.policies import listed
from tests.support import CHECKOUT
from tests.support.terminal import read_until_end

POLICY = json.loads((CHECKOUT / "docs/preview-policy.json").read_text())
ALLOWED = {action for each in POLICY["Statement"] for action in listed(each["Action"])}
AS_JSON = ("--format", "json")


@pytest.fixture(scope="module")
def role(account: Account) -> dict[str, str]:
    """The credentials of a role with the documented policy."""
    return account.role("preview", POLICY)


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The actions that the command calls."""
    found: set[str] = set()
    judge_call = wire.judge_call

    def record(request: Any, *rest: Any) -> None:
        name = request.headers["Authorization"].split("/")[3]
        found.add(f"{name}:{wire.router_of(name).match(request)[0].name}")
        judge_call(request, *rest)

    monkeypatch.setattr(wire, "judge_call", record)
    return found


def test_least_privilege(account: Account, role: dict[str, str], called: set[str]) -> None:
    """The documented policy allows every call, and nothing that is never called."""
    by_ec2 = account.preview("--rule", "monitor", *AS_JSON, **role)
    by_config = account.preview("--source", "config", *AS_JSON, **role)

    for outcome in (by_ec2, by_config):
        assert (outcome.status, outcome.errors) == (1, "")
        assert "not-seen" not in {each["kind"] for each in outcome.json["findings"]}
    assert called == ALLOWED


def test_role(account: Account, role: dict[str, str], called: set[str]) -> None:
    """``--role-arn`` looks with that role, and one that may not be assumed ends with one line."""
    outcome = account.preview("--role-arn", role["ROLE_ARN"], *AS_JSON)
    assert (outcome.status, outcome.errors) == (1, "")
    assert "sts:AssumeRole" in called

    # The role itself may assume none.
    outcome = account.preview("--role-arn", role["ROLE_ARN"], *AS_JSON, **role)
    assert outcome.status == 2
    assert "the permission is missing" in outcome.errors
    assert outcome.errors.count("\n") == 1


def test_profile(account: Account, role: dict[str, str], tmp_path: Path, command: Command) -> None:
    """``--profile`` takes credentials and region from the AWS configuration."""
    configuration = tmp_path / "config"
    configuration.write_text(
        f"[profile audit]\nregion = {REGION}\naws_access_key_id = {role['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key = {role['AWS_SECRET_ACCESS_KEY']}\naws_session_token = {role['AWS_SESSION_TOKEN']}\n"
    )
    environment = {"AWS_CONFIG_FILE": str(configuration), "AWS_ENDPOINT_URL": account.aws.endpoint_url}

    found = command("preview", "--profile", "audit", *AS_JSON, environment=environment)
    assert (found.status, found.errors) == (1, "")
    assert found.json["summary"]["non_compliant"] > 0
    missing = command("preview", "--profile", "nobody", environment=environment)
    assert missing.status == 2
    assert missing.errors == "ec2-key-pair-monitor: error: The config profile (nobody) could not be found\n"


def test_missing_permissions(account: Account) -> None:
    """What may not be looked at is said, each with its permission, and the instances are judged all the same."""
    statement = {"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*"}
    role = account.role("instances-only", {"Version": "2012-10-17", "Statement": statement})
    outcome = account.preview(*AS_JSON, **role)

    assert outcome.status == 1
    unseen = [each["text"] for each in outcome.json["findings"]]
    assert {each["kind"] for each in outcome.json["findings"]} == {"not-seen"}
    # Without the key pairs, nobody can say which do not exist: what names them is not read.
    assert [text.split(" failed: the permission is missing")[0] for text in unseen] == [
        "config:DescribeConfigurationRecorders", "ec2:DescribeKeyPairs", "config:DescribeConfigRules",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "missing",
    [
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeLaunchConfigurations",
        "config:DescribeConfigurationRecorderStatus",
        "ec2:DescribeLaunchTemplateVersions",
    ],
)
def test_each_permission(account: Account, missing: str) -> None:
    """A single missing permission is one finding."""
    denied = {"Effect": "Deny", "Action": missing, "Resource": "*"}
    role = account.role(missing.split(":")[1], {**POLICY, "Statement": [*POLICY["Statement"], denied]})
    found = account.preview(*AS_JSON, **role).json["findings"]

    assert len([each for each in found if each["kind"] == "not-seen" and missing in each["text"]]) == 1


def test_nothing_judged(account: Account) -> None:
    """Where instances may not be listed, nothing can be judged: status 2 and one line."""
    statement = {"Effect": "Allow", "Action": "ec2:DescribeKeyPairs", "Resource": "*"}
    role = account.role("key-pairs-only", {"Version": "2012-10-17", "Statement": statement})
    outcome = account.preview("--region", REGION, "--region", "us-east-1", **role)

    assert (outcome.status, outcome.output) == (2, "")
    assert outcome.errors.startswith("ec2-key-pair-monitor: error: nothing could be judged. ")
    assert "the permission is missing" in outcome.errors
    assert outcome.errors.count("\n") == 1


def test_throttling(account: Account, role: dict[str, str]) -> None:
    """Calls that AWS throttles are repeated."""
    for action in ("DescribeInstances", "DescribeConfigRules", "DescribeAutoScalingGroups"):
        faults.inject(action, Kind.THROTTLED, 3)
    outcome = account.preview(*AS_JSON, **role)

    assert (outcome.status, outcome.errors) == (1, "")
    assert "not-seen" not in {each["kind"] for each in outcome.json["findings"]}


BARE = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere"}
KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}


@pytest.mark.parametrize(
    ("options", "environment", "message"),
    [
        (
            ("--region", REGION),
            BARE,
            "there are no AWS credentials; set AWS_PROFILE or --profile, or run `aws configure`.",
        ),
        ((), BARE | KEYS, "there is no region; set --region or AWS_REGION."),
        (
            ("--region", "eu-central-9"),
            BARE | KEYS,
            "nothing could be judged. eu-central-9: No instances could be read: botocore knows no such region",
        ),
        (("--rule", "monitor", "--exempt-tag", "a=b"), BARE, "--rule holds the whole policy and cannot be combined"),
        (("--exempt-tag", "team"), BARE, "--exempt-tag must be KEY=PATTERN"),
    ],
)
def test_clear_errors(command: Command, options: tuple[str, ...], environment: dict[str, str], message: str) -> None:
    """What keeps the command from looking at all is one clear line and status 2."""
    outcome = command("preview", *options, environment=environment)

    assert (outcome.status, outcome.output) == (2, "")
    assert outcome.errors.startswith(f"ec2-key-pair-monitor: error: {message}")
    assert outcome.errors.count("\n") == 1


def test_bad_credentials(account: Account) -> None:
    """Credentials that AWS does not know are one clear line, and status 2."""
    outcome = account.preview(AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE")

    assert (outcome.status, outcome.output) == (2, "")
    assert "AWS does not accept the credentials" in outcome.errors
    assert outcome.errors.count("\n") == 1


def test_missing_rule(account: Account) -> None:
    """A rule that does not exist leaves nothing to judge by."""
    outcome = account.preview("--rule", "nothing")

    assert outcome.status == 2
    assert "there is no such AWS Config rule" in outcome.errors


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """A terminal: the side that reads, and the side that the command writes to."""
    reader, writer = pty.openpty()
    yield reader, writer
    os.close(reader)


def test_progress(account: Account, command: Command, terminal: tuple[int, int], tmp_path: Path) -> None:
    """On a terminal the command says what it is reading, and nothing of that is in the output."""
    reader, writer = terminal
    words = [str(command.folder / "ec2-key-pair-monitor"), "preview", "--format", "json"]
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm-256color"} | account.aws.environment(REGION)
    output = tmp_path / "output"
    with (
        output.open("wb") as file,
        subprocess.Popen(words, stdout=file, stderr=writer, stdin=subprocess.DEVNULL, env=environment),  # noqa: S603
    ):
        os.close(writer)
        text = read_until_end(reader)

    assert json.loads(output.read_text())["summary"]["non_compliant"] > 0
    assert f"Reading {REGION}" in text
