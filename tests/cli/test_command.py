"""The command line: statuses, encodings, bad input, policy options, and that nothing sensitive is printed."""

import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command
from tests.cli.plans import change, plan, write
from tests.support import CHECKOUT

KEYLESS = plan(change("aws_instance.a", {"ami": "x"}, after_unknown={"key_name": True, "tags_all": True}))
KEYED = plan(change("aws_instance.a", {"key_name": "ops"}))
UNKNOWN = plan(
    change("aws_instance.a", {}, after_unknown={"key_name": True}),
    resources={"aws_instance.a": {"expressions": {"key_name": {}}}},
)


@pytest.mark.parametrize(
    ("document", "options", "status"),
    [
        pytest.param(KEYED, [], 0, id="compliant"),
        pytest.param(KEYLESS, [], 1, id="no key"),
        pytest.param(UNKNOWN, [], 0, id="unknown warns"),
        pytest.param(UNKNOWN, ["--strict"], 1, id="unknown fails where strict"),
        pytest.param(KEYED, ["--strict"], 0, id="compliant where strict"),
        pytest.param(KEYED, ["--allowed-key-name", "dev-*"], 1, id="not allowed"),
        pytest.param(KEYED, ["--allowed-key-name", "dev-*", "--allowed-key-name", "op?"], 0, id="one of two allowed"),
    ],
)
def test_status(command: Command, tmp_path: Path, document: Any, options: list[str], status: int) -> None:
    """The exit status is 1 for findings, and with --strict for what is not known."""
    assert command("plan", *options, write(tmp_path, document)).status == status


def test_nothing_to_judge(command: Command, tmp_path: Path) -> None:
    """A plan that launches nothing passes and says so."""
    outcome = command("plan", write(tmp_path, plan()))
    assert (outcome.status, outcome.output) == (0, "0 judged.\n")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings(command: Command, tmp_path: Path, encoding: str) -> None:
    """A plan is read in the encodings that shells redirect to, from a file and from standard input."""
    data = json.dumps(KEYLESS).encode(encoding)
    path = tmp_path / "plan.json"
    path.write_bytes(data)
    assert command("plan", path).status == 1
    assert command("plan", "-", stdin=data).status == 1


BAD = {
    "empty": (b"", "is empty"),
    "blank": (b" \n", "is empty"),
    "only a mark": (b"\xff\xfe", "is empty"),
    "not JSON": (b"Terraform used the selected providers", "is not JSON"),
    "not text": (b"\x80\x81\x82", "is not JSON"),
    "cut off": (json.dumps(KEYED).encode()[:-20], "is cut off"),
    "cut off in a text": (json.dumps(KEYED).encode()[:40], "is cut off"),
    "two documents": (b"{} {}", "is not JSON"),
    "a log": (b'{"@level":"info"}\n{"@level":"info"}\n', "is the log of `terraform plan -json`"),
    "a list": (b"[]", "is not a plan"),
    "null": (b"null", "is not a plan"),
    "an object": (b"{}", "has no format_version"),
    "a shown state": (b'{"format_version":"1.0","values":{}}', "is a state"),
    "a state": (b'{"version":4,"serial":1,"lineage":"x","resources":[]}', "is a state"),
    "an empty state": (b'{"format_version":"1.0"}', "holds no plan"),
    "a next format": (json.dumps({**KEYED, "format_version": "2.0"}).encode(), "format version '2.0'"),
    "an old format": (json.dumps({**KEYED, "format_version": "0.2"}).encode(), "format version '0.2'"),
    "errored": (json.dumps({**KEYED, "errored": True}).encode(), "ended in an error"),
    "nested": (b'{"a":' * 100_000, "nested too deeply"),
    "malformed": (json.dumps({**KEYED, "resource_changes": [1]}).encode(), "a resource change is malformed"),
    "malformed within": (json.dumps(plan(change("aws_instance.a", 7))).encode(), "not a plan that Terraform wrote"),  # type: ignore[arg-type]
    "no configuration": (
        json.dumps({key: value for key, value in KEYED.items() if key != "configuration"}).encode(),
        "lacks the configuration",
    ),
    "not a saved plan": (b"PK\x03\x04 no more", "`terraform show` cannot read"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("is_file", [True, False], ids=["file", "standard input"])
def test_bad_input(command: Command, tmp_path: Path, name: str, is_file: bool) -> None:  # noqa: FBT001
    """What is not one whole plan ends with one clear line and status 2."""
    data, message = BAD[name]
    path = tmp_path / "plan.json"
    path.write_bytes(data)
    outcome = command("plan", path) if is_file else command("plan", "-", stdin=data)
    assert outcome.status == 2
    assert outcome.output == ""
    assert message in outcome.errors
    assert outcome.errors.startswith("ec2-key-pair-monitor: error: ")
    assert outcome.errors.count("\n") == 1


def test_no_file(command: Command, tmp_path: Path) -> None:
    """A missing file and a folder each end with one clear line and status 2."""
    for path, message in ((tmp_path / "none.json", "No such file"), (tmp_path, "Is a directory")):
        outcome = command("plan", path)
        assert outcome.status == 2
        assert message in outcome.errors
        assert outcome.errors.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--exempt-tag", "team"], "must be KEY=PATTERN"),
        (["--exempt-tag", "a=1", "--exempt-tag", "a=2"], "twice"),
        (["--exempt-tag", "=x"], "tag keys of 1 to 128 characters"),
        (["--allowed-key-name", " "], "not all blanks"),
        (["--exempt-until-tag-key", ""], "must be a tag key"),
        (["--today", "tomorrow"], "--today: tomorrow is not a date, such as 2026-12-31"),
        (["--root", "nowhere"], "is not a folder"),
        (["--policy", "nowhere.json"], "No such file"),
        (["--format", "xml"], "--format"),
        (["--polic", "x"], "unrecognized"),
    ],
)
def test_bad_options(command: Command, tmp_path: Path, options: list[str], message: str) -> None:
    """An option that is wrong ends with status 2, and the message says which."""
    outcome = command("plan", *options, write(tmp_path, KEYED), cwd=tmp_path)
    assert outcome.status == 2
    assert message in outcome.errors
    assert "Traceback" not in outcome.errors


@pytest.mark.parametrize(
    ("policy", "status"),
    [
        ({}, 1),
        ({"allowed_key_names": None, "exempt_tags": {"a=b": "c*"}}, 0),
        ({"exemptTags": '{"a=b":"c*"}'}, 0),
        ({"exempt_tags": {"a=b": "d"}}, 1),
        ({"exempt_until_tag_key": "until"}, 0),
        ({"exemptUntilTagKey": "until"}, 0),
        ({"allowedKeyNames": '["x"]'}, 1),
    ],
)
def test_policy_file(command: Command, tmp_path: Path, policy: Any, status: int) -> None:
    """A policy file has the module's inputs or the rule's parameters."""
    tags = {"a=b": "cd", "until": "2030-01-01"}
    path = write(tmp_path, plan(change("aws_instance.a", {"key_name": None, "tags": tags, "tags_all": tags})))
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(policy), encoding="utf-8")
    assert command("plan", path, "--policy", file, "--today", "2030-01-01").status == status


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ("[]", "must hold a JSON object"),
        ('{"allowed_keys": []}', "no part of the policy"),
        ('{"allowed_key_names": "ops"}', "allowed_key_names must hold names"),
        ('{"allowed_key_names": [], "allowed_key_names": []}', "twice"),
        ('{"allowedKeyNames": "ops"}', "does not hold JSON"),
        ('{"exempt_tags": {"a": 1}}', "exempt_tags must have patterns"),
        ('{"exempt_tags": {"a*": ""}}', "exempt_tags must map tag keys"),
        ('{"exempt_tags": {}, "exemptTags": "{}"}', "the same meaning"),
        ('{"exempt_until_tag_key": 1}', "exempt_until_tag_key must be"),
        ('{"exempt_until_tag_key": "AWS:until"}', "exempt_until_tag_key must be"),
    ],
)
def test_bad_policy_file(command: Command, tmp_path: Path, text: str, message: str) -> None:
    """A policy file that is wrong ends with one clear line and status 2: nothing of it is ignored."""
    file = tmp_path / "policy.json"
    file.write_text(text, encoding="utf-8")
    outcome = command("plan", write(tmp_path, KEYED), "--policy", file)
    assert outcome.status == 2
    assert message in outcome.errors
    assert outcome.errors.count("\n") == 1


@pytest.mark.parametrize("form", ["table", "json", "sarif", "junit", "github"])
@pytest.mark.parametrize("allowed", ["secret-*", "other"])
def test_sensitive_values(command: Command, tmp_path: Path, form: str, allowed: str) -> None:
    """No format prints a sensitive key name or tag, whatever the result."""
    document = plan(
        change("aws_instance.key", {"key_name": "secret-key"}, after_sensitive={"key_name": True}),
        change(
            "aws_instance.tag",
            {"tags": {"team": "secret-team", "until": "secret-date"}, "tags_all": {"team": "secret-team"}},
            after_sensitive={"tags": True, "tags_all": {"team": True}},
        ),
        change("aws_autoscaling_group.g", {"name": "secret-name", "launch_configuration": "secret-lc"}),
    )
    document["resource_changes"][2]["change"]["after_sensitive"] = True
    outcome = command(
        "plan", write(tmp_path, document), "--format", form, "--allowed-key-name", allowed, "--exempt-tag", "team=s*",
        "--exempt-until-tag-key", "until",
    )  # fmt: skip
    assert outcome.status in (0, 1)
    assert "secret-" not in (outcome.output + outcome.errors).replace("secret-*", "")


def test_control_characters(command: Command, tmp_path: Path) -> None:
    """What an address holds can neither steer a terminal nor forge an annotation."""
    document = plan(change('aws_instance.a["\x1b[31m\n::error::x"]', {}, index="\x1b[31m\n::error::x"))
    for form in ("table", "github", "junit"):
        output = command("plan", write(tmp_path, document), "--format", form).output
        assert "\x1b" not in output
        assert "\n::error::x" not in output


def test_broken_pipe(command: Command, tmp_path: Path) -> None:
    """A reader that stops reading causes no traceback."""
    many = plan(*(change(f"aws_instance.a[{n}]", {}, index=n) for n in range(5000)))
    path = write(tmp_path, many)
    done = subprocess.run(  # noqa: S602  (a pipe of the test's own)
        f"{command.folder}/ec2-key-pair-monitor plan {path} --format json | head -1",
        shell=True,
        capture_output=True,
        check=False,
    )
    assert done.stdout == b"{\n"
    assert done.stderr == b""


def test_partial_plan(command: Command, tmp_path: Path) -> None:
    """A plan that leaves something out says so, and what is deferred is skipped by name."""
    deferred = {"reason": "resource_config_unknown", "resource_change": change("aws_instance.later", {})}
    outcome = command(
        "plan", write(tmp_path, {**KEYED, "complete": False, "deferred_changes": [deferred]}), "--format", "json"
    )
    assert "The plan is partial" in outcome.errors
    assert [each["address"] for each in outcome.json["summary"]["skipped"]] == ["aws_instance.later"]


def test_help_and_version(command: Command) -> None:
    """The command says what it can do, and its version."""
    assert "exit status" in command("plan", "--help").output
    assert command("--version").output == "ec2-key-pair-monitor 0.0.0\n"
    assert command().status == 2


def test_wheel(wheel_environment: Path) -> None:
    """The wheel holds the evaluator's decision as it is deployed, and no package of a general name."""
    (wheel,) = (wheel_environment.parents[1]).glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        deployed = (CHECKOUT / "lambda/evaluator/compliance.py").read_bytes()
        assert archive.read("ec2_key_pair_monitor/compliance.py") == deployed
        folders = {name.split("/")[0] for name in archive.namelist()}
    assert folders == {"ec2_key_pair_monitor", "ec2_key_pair_monitor-0.0.0.dist-info"}
