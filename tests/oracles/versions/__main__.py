"""Judges the module by other versions: ``make judge-versions``."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.oracles.versions.arguments import Judge, Provider
from tests.support import CHECKOUT

JUDGES = CHECKOUT / "build" / "judges"

# Whether Terraform knows what came with 1.10 tells that it is the version it says.
TERRAFORMS = {"1.9.8": False, "1.15.5": True}
NEWER_THAN_1_9 = 'variable "it" {\n  ephemeral = true\n}\n'

PLANTED = """
data "aws_region" "current" {}

resource "aws_sqs_queue" "it" {
  name                     = data.aws_region.current.id
  mesage_retention_seconds = 60
}
"""
FOUND = {
    "planted.tf: aws_sqs_queue.it.mesage_retention_seconds is not in version 6",
    "planted.tf: data.aws_region.id is deprecated in version 6",
}


class VersionError(RuntimeError):
    """A judge is not what it should be, or finds a fault."""


def main() -> None:
    """Let each judge look at a planted fault and at the module."""
    judge_arguments(JUDGES / "provider-6")
    for version, knows_newer in TERRAFORMS.items():
        judge_plans(version, knows_newer=knows_newer)


def judge_arguments(installed: Path) -> None:
    """Look up each argument and attribute of the HCL in version 6 of the AWS provider."""
    [package] = installed.glob("lib/python*/site-packages/pulumi_aws")
    provider = Provider(package)
    trial = Judge(provider)
    trial.text("planted.tf", PLANTED)
    if {fault.partition(" 6")[0] + " 6" for fault in trial.faults} != FOUND:
        raise VersionError(f"Of the planted faults were found: {trial.faults}")
    judge = Judge(provider)
    judge.folder(CHECKOUT)
    print(f"judged: {judge.judged} arguments and attributes by version 6 of the AWS provider", flush=True)
    if judge.faults:
        raise VersionError("\n".join(judge.faults))


def judge_plans(version: str, *, knows_newer: bool) -> None:
    """Run the plan tests with another Terraform on the path."""
    installed = JUDGES / f"terraform-{version}"
    with tempfile.TemporaryDirectory() as folder:
        terraform = Path(folder) / "terraform"
        script = Path(__file__).with_name("terraform.py")
        terraform.write_text(f'#!/bin/sh\nexec "{installed}/bin/python" -P "{script}" "$@"\n', encoding="utf-8")
        terraform.chmod(0o755)
        environment = os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
        said = _run(["terraform", "version"], Path(folder), environment).stdout
        if f"Terraform v{version}\n" not in said:
            raise VersionError(f"Terraform {version} says: {said}")
        (Path(folder) / "newer.tf").write_text(NEWER_THAN_1_9, encoding="utf-8")
        if (_run(["terraform", "validate"], Path(folder), environment).returncode == 0) != knows_newer:
            raise VersionError(f"Terraform {version} {'refuses' if knows_newer else 'accepts'}: {NEWER_THAN_1_9}")
        print(f"The plan tests under Terraform {version}", flush=True)
        words = ["-m", "pytest", "--numprocesses", "4", "--dist", "loadfile", "-m", "not slow", "tests/plan"]
        tests = subprocess.run([sys.executable, *words], cwd=CHECKOUT, env=environment, check=False)  # noqa: S603
    if tests.returncode:
        raise VersionError(f"The plan tests fail under Terraform {version}")


def _run(words: list[str], folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603


if __name__ == "__main__":
    try:
        main()
    except VersionError as error:
        raise SystemExit(str(error)) from None
