"""The command on the corpus: every verdict, what it follows, and what is skipped."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Interpreter, Outcome
from tests.cli.corpus import Case, cases, make, shape
from tests.emulator import EmbeddedAws

VERDICTS = {"COMPLIANT", "NON_COMPLIANT", "UNKNOWN"}


def run(interpreter: Interpreter, case: Case, plan: Path, folder: Path) -> Outcome:
    """Judge a plan of a case with its policy."""
    expected = case.expected
    options = []
    if policy := expected.get("policy"):
        path = folder / "policy.json"
        path.write_text(json.dumps(policy), encoding="utf-8")
        options = ["--policy", str(path)]
    if today := expected.get("today"):
        options += ["--today", today]
    return interpreter("plan", "--format", "json", *options, plan)


def judged(interpreter: Interpreter, case: Case, plan: Path, folder: Path) -> dict[str, Any]:
    """The verdicts on a plan; none is without a reason, and the summary counts them."""
    done = run(interpreter, case, plan, folder)
    assert done.status in (0, 1), done.errors
    report: dict[str, Any] = done.json
    verdicts = [each["verdict"] for each in report["resources"]]
    assert set(verdicts) <= VERDICTS
    assert all(each["reason"] for each in [*report["resources"], *report["summary"]["skipped"]])
    assert {name: report["summary"][name.lower()] for name in VERDICTS} == {v: verdicts.count(v) for v in VERDICTS}
    assert done.status == ("NON_COMPLIANT" in verdicts)
    return report


def answers(report: dict[str, Any]) -> dict[str, Any]:
    """What of a report the corpus expects: verdicts by address, and the addresses that each follows."""
    return {
        each["address"]: {"verdict": each["verdict"]} | ({"follows": each["follows"]} if each["follows"] else {})
        for each in report["resources"]
    }


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_case(case: Case, interpreter: Interpreter, tmp_path: Path) -> None:
    """The command answers what Terraform, the provider and AWS will make of the plan."""
    expected = case.expected
    if "status" in expected:
        done = run(interpreter, case, case.plan, tmp_path)
        assert (done.status, done.output) == (expected["status"], "")
        assert len(done.errors.splitlines()) == 1
        return

    report = judged(interpreter, case, case.plan, tmp_path)

    assert answers(report) == expected["resources"], expected["why"]
    assert set(expected.get("skipped", ())) <= {each["address"] for each in report["summary"]["skipped"]}


@pytest.mark.slow
@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_plan_can_be_made_again(
    case: Case, tmp_path: Path, embedded_aws: EmbeddedAws, terraform_environment: dict[str, str]
) -> None:
    """Terraform and the provider make the same plan of the same configuration."""
    embedded_aws.reset()

    text = make(case, tmp_path, terraform_environment)

    assert shape(text) == shape(case.plan.read_text(encoding="utf-8"))


def test_sensitive_values_are_never_printed(interpreter: Interpreter, tmp_path: Path) -> None:
    """No output names a sensitive key or tag value."""
    [case] = [each for each in cases() if each.name == "sensitive"]

    done = run(interpreter, case, case.plan, tmp_path)

    assert "swordfish" not in done.output + done.errors
