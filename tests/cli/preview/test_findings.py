"""What ``preview`` finds in an account on the embedded AWS, by the wheel in an environment of its own."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Outcome
from tests.cli.preview.account import Account
from tests.conftest import REGION


@pytest.fixture(scope="module")
def found(account: Account) -> Outcome:
    """A preview with the policy of the monitor's rule."""
    return account.preview("--rule", "monitor", "--format", "json")


@pytest.fixture(scope="module")
def document(found: Outcome) -> Any:
    """What it says as JSON."""
    return found.json


def fleets(document: Any) -> dict[str, dict[str, Any]]:
    """The fleets by kind and name."""
    return {f"{each['kind']} {each['name']}": each for each in document["fleets"]}


def texts(document: Any, kind: str) -> list[str]:
    """The findings of a kind."""
    return [each["text"] for each in document["findings"] if each["kind"] == kind]


def test_verdicts(found: Outcome, document: Any) -> None:
    """Each instance has the verdict and the reason that the monitor would report; status 1 says that some fail."""
    assert (found.status, found.errors) == (1, "")
    assert document["summary"] == {"compliant": 2, "non_compliant": 13, "unknown": 0, "exempt": 1}
    reasons = {each["reason"] for each in document["instances"] if each["verdict"] == "COMPLIANT"}
    assert reasons == {"Exempt by tag team=build.", "Launched with key pair ops-1."}
    assert document["regions"] == [{"region": REGION, "source": "ec2", "instances": 15, "failure": None}]


def test_fleets(document: Any) -> None:
    """Instances are grouped by what launched them, with the tag that exempts exactly that fleet where there is one."""
    group = "aws:autoscaling:groupName"
    build = {"team": "build"}
    exemptions = {name: (each["non_compliant"], each["exempt_tags"]) for name, each in fleets(document).items()}
    template = next(name for name in exemptions if name.startswith("launch template"))

    assert exemptions == {
        "None in no fleet": (4, None),
        "Auto Scaling group web": (2, build | {group: "web"}),
        "EKS node group prod/workers": (1, build | {group: "workers-1"}),
        "EKS node group test/workers": (1, build | {group: "workers-2"}),
        "EKS node group prod/old": (1, build | {"eks:nodegroup-name": "old"}),
        "Karpenter pool prod/default": (2, None),
        "Karpenter pool test/default": (1, None),
        template: (1, None),
    }
    assert fleets(document)["Auto Scaling group web"]["paste"] == (
        'exempt_tags = { "team" = "build", "aws:autoscaling:groupName" = "web" }'
    )


def test_no_single_tag(document: Any) -> None:
    """A fleet that no single tag exempts says why."""
    why = {name: each["not_exemptable"] for name, each in fleets(document).items() if each["not_exemptable"]}
    template = next(name for name in why if name.startswith("launch template"))

    assert why["None in no fleet"] == "They share no tag that names a fleet."
    assert why["Karpenter pool prod/default"] == "1 other instance carries or matches karpenter.sh/nodepool=default."
    assert "4 other instances carry or match aws:ec2launchtemplate:id=lt-" in why[template]


def test_pasted_exemption(account: Account, document: Any, tmp_path: Path) -> None:
    """A pasted exemption exempts exactly that fleet."""
    policy = tmp_path / "policy.json"
    before = {each["instance"]: each for each in document["instances"]}
    for name in ("Auto Scaling group web", "EKS node group prod/old"):
        policy.write_text(
            json.dumps({"allowed_key_names": ["ops*"], "exempt_tags": fleets(document)[name]["exempt_tags"]})
        )
        after = account.preview("--policy", str(policy), "--format", "json").json
        changed = [each for each in after["instances"] if each["verdict"] != before[each["instance"]]["verdict"]]
        assert {each["fleet"] for each in changed} == {name}
        assert len(changed) == fleets(document)[name]["non_compliant"]


def test_ghost_keys(document: Any) -> None:
    """What names a key pair that does not exist is found, with the groups that will fail to launch."""
    template, configuration = sorted(texts(document, "ghost-key"), reverse=True)

    assert template.startswith("Launch template ghost (lt-")
    assert "version 2, names key pair deleted, which does not exist: its next launch fails." in template
    assert template.endswith(" Auto Scaling group mixed will fail to launch.")
    assert configuration == (
        "Launch configuration old names key pair deleted, which does not exist: its next launch fails. "
        "Auto Scaling group on-configuration will fail to launch."
    )


def test_keys_of_instances(document: Any) -> None:
    """Instances whose key pair was deleted, or replaced by another of the same name, are named and counted."""
    assert texts(document, "key-deleted") == ["1 instance with a key pair such as deleted: it does not exist any more."]
    assert texts(document, "key-replaced") == [
        "1 instance with a key pair such as replaced: another key pair of the same name was created after their launch."
    ]
    assert [each["key_pair"] for each in document["instances"] if each["key_pair"]] == ["deleted", "replaced"]


def test_conflict(document: Any) -> None:
    """AWS's rule that requires the opposite is found by what it is, whatever its name."""
    (text,) = texts(document, "conflict")
    assert text.startswith("Rule hardening is EC2_NO_AMAZON_KEY_PAIR")


def test_ready(document: Any) -> None:
    """A recorder that records instances continuously is no finding, and everything could be looked at."""
    assert {each["kind"] for each in document["findings"]} == {"conflict", "ghost-key", "key-deleted", "key-replaced"}


def test_forecast(document: Any) -> None:
    """The first day brings an e-mail for each finding, or one digest."""
    forecast = document["forecast"]

    assert (forecast["emails"], forecast["emails_with_digest"]) == (13, 1)
    assert forecast["evaluations_a_month"] == 150
    assert forecast["month_cost"] == pytest.approx(0.15)
    assert forecast["assumed"]["prices_read"] == "November 2026"


def test_inventory(account: Account, document: Any) -> None:
    """AWS Config's inventory gives the same verdicts."""
    inventory = account.preview("--rule", "monitor", "--source", "config", "--format", "json").json

    def verdicts(found: Any) -> dict[str, str]:
        return {each["instance"]: each["verdict"] for each in found["instances"]}

    assert verdicts(inventory) == verdicts(document)
    assert fleets(inventory).keys() == fleets(document).keys()


def test_fleet_tag(account: Account) -> None:
    """A tag of choice groups instances before everything else."""
    found = account.preview("--fleet-tag", "eks:eks-cluster-name", "--format", "json").json

    assert fleets(found)["tag eks:eks-cluster-name prod"]["exempt_tags"] == {"eks:eks-cluster-name": "prod"}
    assert fleets(found)["tag eks:eks-cluster-name test"]["non_compliant"] == 1


def test_regions(account: Account) -> None:
    """Regions are looked at beside each other; one that cannot be judged is UNKNOWN, and the others are judged."""
    stopped, bare = "eu-west-1", "us-east-1"
    account.aws.switch_on_config(stopped)
    account.aws.client("config", stopped).stop_configuration_recorder(ConfigurationRecorderName="default")
    options = ("--region", REGION, "--region", stopped, "--region", bare)

    both = account.preview(*options, "--format", "json").json
    assert [each["region"] for each in both["regions"]] == [REGION, stopped, bare]
    recorders = {each["region"]: each["text"] for each in both["findings"] if each["kind"] == "recorder"}
    assert recorders == {
        stopped: "Recorder default is stopped: nothing is evaluated.",
        bare: "AWS Config was never switched on: there is no recorder.",
    }
    partly = account.preview(*options, "--region", "eu-west-9", "--source", "config", "--format", "json").json
    assert partly["summary"]["unknown"] == 2
    assert [each["failure"] for each in partly["regions"]][:2] == [None, None]
    assert "never switched on" in partly["regions"][2]["failure"]
    assert "no such region" in partly["regions"][3]["failure"]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"recordingMode": {"recordingFrequency": "DAILY"}}, "daily: findings are up to a day late"),
        ({"recordingGroup": {"resourceTypes": ["AWS::EC2::Volume"]}}, "does not record AWS::EC2::Instance"),
    ],
)
def test_recorder(account: Account, changes: dict[str, Any], text: str) -> None:
    """A recorder that records instances daily, or not at all, is found."""
    region, config = "eu-north-1", account.aws.client("config", "eu-north-1")
    if not config.describe_configuration_recorders()["ConfigurationRecorders"]:
        account.aws.switch_on_config(region)
    recorder = {
        "name": "default",
        "roleARN": "arn:aws:iam::123456789012:role/config",
        "recordingGroup": {"resourceTypes": ["AWS::EC2::Instance"]},
        **changes,
    }
    config.put_configuration_recorder(ConfigurationRecorder=recorder)
    outcome = account.preview("--region", region, "--format", "json")

    assert outcome.status == 0
    strict = account.preview("--region", region, "--region", "eu-west-9", "--strict")
    assert strict.status == 1
    (found,) = texts(outcome.json, "recorder")
    assert text in found
