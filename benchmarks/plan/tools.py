"""The command and its peers: how each is installed and called, and which addresses it finds fault with."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
POLICIES = HERE / "policies"

# What a tool is given: the folder with the plan as plan.json and the configuration beside it.
Arguments = Callable[[Path], list[str]]


class Tool(NamedTuple):
    """A way to judge a plan."""

    name: str
    arguments: Arguments
    found: Callable[[str], set[str]]


def tools(environments: Path) -> list[Tool]:
    """Install the command and its peers, each in an environment of its own; those that cannot be had are left out."""
    pinned = (HERE / "requirements.txt").read_text(encoding="utf-8")
    programs = {"ec2-key-pair-monitor": _install(environments, "ec2-key-pair-monitor", str(CHECKOUT))}
    for name in ("terraform-compliance", "checkov", "c7n-left", "regopy"):
        requirement = re.search(rf"^{name}==\S+", pinned, re.MULTILINE)
        assert requirement
        programs[name] = _install(environments, name, requirement[0])
    programs["opa"] = shutil.which("opa")
    return [
        Tool("json.load and a loop", lambda case: [sys.executable, str(HERE / "loop.py"), f"{case}/plan.json"], _lines),
        *(
            Tool(name, lambda case, name=name, program=program: _arguments(name, program, case), _READERS[name])  # type: ignore[misc]
            for name, program in programs.items()
            if program
        ),
    ]


def _install(environments: Path, name: str, requirement: str) -> str | None:
    program = environments / name / "bin" / ("python" if name == "regopy" else name)
    if not program.exists() or name == "ec2-key-pair-monitor":
        subprocess.run([sys.executable, "-m", "venv", str(environments / name)], check=True)
        python = str(environments / name / "bin/python")
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run([*pip, "--force-reinstall", requirement], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print(f"{name} cannot be installed: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
            shutil.rmtree(environments / name)
            return None
    return str(program)


def _arguments(name: str, program: str, case: Path) -> list[str]:
    plan, policies = f"{case}/plan.json", str(POLICIES / name)
    return {
        "ec2-key-pair-monitor": [program, "plan", "--format", "json", plan],
        "terraform-compliance": [program, "--features", policies, "--planfile", plan],
        "checkov": [
            *(program, "--file", plan, "--framework", "terraform_plan", "--external-checks-dir", policies),
            *("--check", "CKV2_KEY_PAIR_1", "--quiet", "--compact", "--output", "json"),
        ],
        "c7n-left": [program, "run", "--policy-dir", policies, "--directory", str(case), "--output", "json"],
        # OPA's language in rego-cpp: the nearest peer that pip installs.
        "regopy": [program, str(HERE / "rego.py"), str(POLICIES / "opa/key_pair.rego"), plan],
        "opa": [program, "eval", "--format=json", "-d", policies, "-i", plan, "data.key_pair.found"],
    }[name]


def _lines(output: str) -> set[str]:
    return set(output.split("\n")) - {""}


def _ours(output: str) -> set[str]:
    return {each["address"] for each in json.loads(output)["resources"] if each["verdict"] == "NON_COMPLIANT"}


def _checkov(output: str) -> set[str]:
    report = json.loads(output)
    reports = report if isinstance(report, list) else [report]
    return {
        failed.get("resource_address") or failed["resource"]
        for each in reports
        for failed in each.get("results", {}).get("failed_checks", [])
    }


def _c7n_left(output: str) -> set[str]:
    return {each["resource"]["__tfmeta"]["path"] for each in json.loads(output)["results"]}


def _terraform_compliance(output: str) -> set[str]:
    return set(re.findall(r"Failure: .*?((?:module\.\S+\.)?aws_\S+) ", re.sub(r"\x1b\[[0-9;]*m", "", output)))


def _opa(output: str) -> set[str]:
    return set(json.loads(output)["result"][0]["expressions"][0]["value"])


_READERS = {
    "ec2-key-pair-monitor": _ours,
    "terraform-compliance": _terraform_compliance,
    "checkov": _checkov,
    "c7n-left": _c7n_left,
    "regopy": _lines,
    "opa": _opa,
}
