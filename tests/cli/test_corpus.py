"""The command on the corpus: every verdict, what it follows, and what is skipped."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.corpus import Case, cases, make, shape

CHECKOUT = Path(__file__).parents[2]
VERDICTS = {"COMPLIANT", "NON_COMPLIANT", "UNKNOWN"}


def run(case: Case, plan: Path, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Judge a plan of a case with its policy."""
    expected = case.expected
    options = []
    if policy := expected.get("policy"):
        path = folder / "policy.json"
        path.write_text(json.dumps(policy), encoding="utf-8")
        options = ["--policy", str(path)]
    if today := expected.get("today"):
        options += ["--today", today]
    return subprocess.run(  # noqa: S603  (the command, as a user calls it)
        [sys.executable, "-m", "ec2_key_pair_monitor", "plan", "--format", "json", *options, str(plan)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT / "cli")},
    )


def judged(case: Case, plan: Path, folder: Path) -> dict[str, Any]:
    """The verdicts on a plan; none is without a reason, and the summary counts them."""
    done = run(case, plan, folder)
    assert done.returncode in (0, 1), done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    verdicts = [each["verdict"] for each in report["resources"]]
    assert set(verdicts) <= VERDICTS
    assert all(each["reason"] for each in [*report["resources"], *report["skipped"]])
    assert {name: report["summary"][name.lower()] for name in VERDICTS} == {v: verdicts.count(v) for v in VERDICTS}
    assert done.returncode == ("NON_COMPLIANT" in verdicts)
    return report


def answers(report: dict[str, Any]) -> dict[str, Any]:
    """What of a report the corpus expects: verdicts by address, and the addresses that each follows."""
    return {
        each["address"]: {"verdict": each["verdict"]} | ({"follows": each["follows"]} if each["follows"] else {})
        for each in report["resources"]
    }


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_case(case: Case, tmp_path: Path) -> None:
    """The command answers what Terraform, the provider and AWS will make of the plan."""
    expected = case.expected
    if "status" in expected:
        done = run(case, case.plan, tmp_path)
        assert (done.returncode, done.stdout) == (expected["status"], "")
        assert len(done.stderr.splitlines()) == 1
        return

    report = judged(case, case.plan, tmp_path)

    assert answers(report) == expected["resources"], expected["why"]
    assert set(expected.get("skipped", ())) <= {each["address"] for each in report["skipped"]}


@pytest.mark.slow
@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_plan_can_be_made_again(case: Case, tmp_path: Path, terraform_environment: dict[str, str]) -> None:
    """Terraform and the provider make the same plan of the same configuration."""
    text = make(case, tmp_path, terraform_environment)

    assert shape(text) == shape(case.plan.read_text(encoding="utf-8"))


def test_sensitive_values_are_never_printed(tmp_path: Path) -> None:
    """No output names a sensitive key or tag value."""
    [case] = [each for each in cases() if each.name == "sensitive"]

    done = run(case, case.plan, tmp_path)

    assert "swordfish" not in done.stdout + done.stderr
