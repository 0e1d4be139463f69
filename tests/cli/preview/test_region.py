"""One region, from answers that AWS gives seldom or never, without a server."""

import io
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from ec2_key_pair_monitor.compliance import Instance, Policy
from ec2_key_pair_monitor.formats import fleets
from ec2_key_pair_monitor.preview import command
from ec2_key_pair_monitor.preview.first_day import Assumptions
from ec2_key_pair_monitor.preview.instances import Found
from ec2_key_pair_monitor.preview.keys import KeyPairs
from ec2_key_pair_monitor.preview.region import RegionReport, Task, inspect
from ec2_key_pair_monitor.preview.report import PreviewReport
from ec2_key_pair_monitor.report import Result

REGION = "eu-central-1"
LAUNCH = datetime(2026, 1, 31, 12, tzinfo=UTC)
ANSWERS: Mapping[str, Any] = {
    "DescribeInstances": {"Reservations": []},
    "DescribeKeyPairs": {"KeyPairs": []},
    "DescribeLaunchTemplateVersions": {"LaunchTemplateVersions": []},
    "DescribeAutoScalingGroups": {"AutoScalingGroups": []},
    "DescribeLaunchConfigurations": {"LaunchConfigurations": []},
    "DescribeConfigRules": {"ConfigRules": []},
    "DescribeConfigurationRecorders": {"ConfigurationRecorders": []},
}


KEYS = {"region_name": REGION, "aws_access_key_id": "a", "aws_secret_access_key": "b"}

Preview = Callable[..., RegionReport]


@pytest.fixture
def preview(monkeypatch: pytest.MonkeyPatch) -> Iterator[Preview]:
    """Read a region that gives these answers, or calls these functions with the parameters of the call."""
    reports = []

    def run(*, rule: str | None = None, source: str = "ec2", **more: Any) -> RegionReport:
        answers = {**ANSWERS, **more}

        def answer(_: object, operation: str, parameters: Mapping[str, Any]) -> Any:
            found = answers[operation]
            return found(parameters) if callable(found) else found

        monkeypatch.setattr("botocore.client.BaseClient._make_api_call", answer)
        report = RegionReport(REGION, source)
        reports.append(report)
        policy = None if rule else Policy()
        task = Task(policy, rule, source, (), Assumptions(), date(2026, 11, 28))
        inspect(report, task, lambda service: boto3.client(service, **KEYS))
        return report

    yield run
    for report in reports:
        report.spill._file.close()


def ghosts(report: RegionReport) -> list[str]:
    """What is said of definitions that name a deleted key pair."""
    return [each.text for each in report.findings if each.kind == "ghost-key"]


@pytest.mark.parametrize(("later", "fate"), [(0, None), (999, None), (1_000, "replaced")])
def test_same_second(later: int, fate: str | None) -> None:
    """The time of a launch has no fraction: a key pair of the same second can be older than the instance."""
    pairs = KeyPairs({"ops": LAUNCH + timedelta(milliseconds=later)})
    assert pairs.add(Found("i-1", Instance("ops", "running"), LAUNCH)) == fate


def _versions(parameters: Mapping[str, Any]) -> Any:
    """A template with version 2, which names a deleted key pair, and version 3, the default and latest."""
    wanted = parameters["Versions"]
    if set(wanted) - {"2", "3", "$Latest", "$Default"}:
        raise ClientError(
            {"Error": {"Code": "InvalidLaunchTemplateId.VersionNotFound"}}, "DescribeLaunchTemplateVersions"
        )
    number = 2 if "2" in wanted else 3
    data = {"KeyName": "deleted"} if number == 2 else {}
    version = {"LaunchTemplateId": "lt-1", "LaunchTemplateName": "web", "VersionNumber": number}
    return {"LaunchTemplateVersions": [version | {"DefaultVersion": number == 3, "LaunchTemplateData": data}]}


def test_version_that_does_not_exist(preview: Preview) -> None:
    """A group that names a deleted version does not hide what another version names."""
    groups = [
        {"AutoScalingGroupName": f"group-{number}", "LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": number}}
        for number in ("2", "9")
    ]
    report = preview(
        DescribeLaunchTemplateVersions=_versions,
        DescribeAutoScalingGroups={"AutoScalingGroups": groups},
    )
    (text,) = ghosts(report)
    assert text.endswith("Auto Scaling group group-2 will fail to launch.")


def test_override_by_name(preview: Preview) -> None:
    """A specification can have a template's name without its ID."""
    overrides = [{"LaunchTemplateSpecification": {"LaunchTemplateName": "web", "Version": "2"}}]
    policy = {"LaunchTemplate": {"Overrides": overrides}}
    report = preview(
        DescribeLaunchTemplateVersions=_versions,
        DescribeAutoScalingGroups={
            "AutoScalingGroups": [{"AutoScalingGroupName": "mixed", "MixedInstancesPolicy": policy}]
        },
    )
    (text,) = ghosts(report)
    assert "Auto Scaling group mixed will fail" in text


@pytest.mark.parametrize("parameters", ["[]", "null", '"text"'])
def test_parameters_that_are_no_object(preview: Preview, parameters: str) -> None:
    """A rule whose parameters are no JSON object leaves only its region without verdicts."""
    rules = [{"ConfigRuleName": "monitor", "Source": {}, "InputParameters": parameters}]
    report = preview(rule="monitor", DescribeConfigRules={"ConfigRules": rules})
    assert report.failure == "No instances could be read: the parameters of rule monitor are not a JSON object."


def test_unreadable_answers(preview: Preview) -> None:
    """An answer that cannot be read fails its region, and not the command."""
    report = preview(
        source="config",
        SelectResourceConfig={"Results": ["{"]},
        DescribeConfigurationRecorders={"ConfigurationRecorders": [{"name": "default"}]},
        DescribeConfigurationRecorderStatus={},
    )
    assert report.failure == (
        "No instances could be read: an answer of AWS could not be read "
        "(JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1))."
    )
    (unseen,) = (each.text for each in report.findings if each.kind == "not-seen")
    assert unseen.startswith("config:DescribeConfigurationRecorderStatus failed: an answer of AWS could not be read")


def test_no_exemption_of_an_unread_region(preview: Preview) -> None:
    """If not all instances were read, no tag is known to exempt only its fleet."""
    instance = {"InstanceId": "i-1", "Tags": [{"Key": "aws:autoscaling:groupName", "Value": "web"}]}
    pages = iter([{"Reservations": [{"Instances": [instance]}], "NextToken": "more"}])

    def page(_: Mapping[str, Any]) -> Any:
        for each in pages:
            return each
        raise ClientError({"Error": {"Code": "InternalError"}}, "DescribeInstances")

    report = preview(DescribeInstances=page)
    assert report.counts == {Result.NON_COMPLIANT: 1, Result.UNKNOWN: 1}
    (fleet,) = report.fleets
    assert (fleet.exempt_tags, fleet.not_exemptable) == (None, "Not all instances of the region could be read.")


def test_role_in_a_disabled_region(monkeypatch: pytest.MonkeyPatch) -> None:
    """A region that is not enabled issues no credentials of a role; another does."""

    def answer(client: Any, operation: str, _: object) -> Any:
        if client.meta.region_name == "ap-east-1":
            raise ClientError({"Error": {"Code": "RegionDisabledException"}}, operation)
        return {"Credentials": {"AccessKeyId": "role", "SecretAccessKey": "b", "SessionToken": "c"}}

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", answer)
    role = "arn:aws:iam::123456789012:role/audit"
    session = command._assumed(boto3.Session(**KEYS), role, ["ap-east-1", REGION])

    assert session.get_credentials().access_key == "role"
    with pytest.raises(ClientError):
        command._assumed(boto3.Session(**KEYS), role, ["ap-east-1"])


class Terminal(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_narrow_terminal(preview: Preview, monkeypatch: pytest.MonkeyPatch) -> None:
    """No column is left out where the terminal is narrower than the table."""
    monkeypatch.setenv("COLUMNS", "30")
    report = preview(DescribeInstances={"Reservations": [{"Instances": [{"InstanceId": "i-1"}]}]})
    terminal = Terminal()
    fleets.write(PreviewReport([report], Assumptions()), terminal)

    assert REGION in terminal.getvalue().split("No single tag")[0]
    assert "NON_COMPLIANT" in terminal.getvalue()


def test_table_without_instances(preview: Preview) -> None:
    """Without a table, the output does not begin with a blank line, but one is still above the totals."""
    stream = io.StringIO()
    fleets.write(PreviewReport([preview()], Assumptions()), stream)

    assert stream.getvalue().startswith(
        f"{REGION}: AWS Config was never switched on: there is no recorder.\n\n0 instances: "
    )
