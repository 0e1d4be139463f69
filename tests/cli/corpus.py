"""The corpus: small Terraform configurations, the plans that the AWS provider makes of them, and the right answers.

``plans/NAME/`` holds the root module (``main.tf``, local modules), the plan as ``terraform show -json`` prints it
(``plan.json``), and ``expected.json``. Where there are ``before`` or ``before-*`` folders, they are applied first, in
order, on the embedded AWS, so that the plan is one against a state. Where the name ends in ``-fails``, so does the
apply, and what follows continues from there.

``expected.json``:

``resources``
    the verdict of each judged address, with the addresses it follows where there are any;
``skipped``
    addresses that must be listed as skipped with a reason;
``policy``, ``today``
    what the command is told;
``options``
    what ``terraform plan`` is told (``-replace=…``);
``status``
    the exit status where the verdicts do not tell;
``why``
    the behaviour of Terraform, the provider or AWS that decides, with its source where it is not obvious.

``python -m tests.cli.corpus [NAME…]`` writes the plans again.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.providers import pinned_versions, provider_environment

PLANS = Path(__file__).parent / "plans"
REGION = "eu-central-1"

NOT_THE_ROOT = shutil.ignore_patterns("plan.json", "expected.json", "before*")


@dataclass(frozen=True, slots=True)
class Case:
    """A configuration, its plan and the right answer."""

    folder: Path

    @property
    def name(self) -> str:
        """What the case is about."""
        return self.folder.name

    @property
    def plan(self) -> Path:
        """The plan as Terraform printed it."""
        return self.folder / "plan.json"

    @property
    def expected(self) -> dict[str, Any]:
        """The right answer."""
        answer: dict[str, Any] = json.loads((self.folder / "expected.json").read_text(encoding="utf-8"))
        return answer


def cases() -> list[Case]:
    """Every case, by name."""
    return [Case(path.parent) for path in sorted(PLANS.glob("*/expected.json"))]


def make(case: Case, folder: Path, environment: Mapping[str, str]) -> str:
    """Plan a case from its configuration.

    Args:
        case: what to plan.
        folder: an empty folder to work in.
        environment: leads Terraform to its providers and to the embedded AWS, which is empty.

    Returns:
        The plan as ``terraform show -json`` prints it.
    """
    for source in [*sorted(case.folder.glob("before*")), case.folder]:
        for old in folder.glob("*.tf*"):
            if "tfstate" not in old.name:
                old.unlink()
        shutil.copytree(source, folder, ignore=NOT_THE_ROOT, dirs_exist_ok=True)
        terraform(folder, environment, "init", "-input=false")
        if source != case.folder:
            terraform(
                folder, environment, "apply", "-input=false", "-auto-approve", may_fail=source.name.endswith("-fails")
            )
    options = case.expected.get("options", [])
    terraform(folder, environment, "plan", "-input=false", "-out=tfplan", *options, may_fail="status" in case.expected)
    return terraform(folder, environment, "show", "-json", "tfplan")


def shape(text: str) -> Any:
    """A plan without what differs from run to run: times, orders, and what AWS and Terraform generate."""
    document = json.loads(text)
    for name in ("timestamp", "terraform_version", "prior_state"):
        document.pop(name, None)
    document.get("relevant_attributes", []).sort(key=json.dumps)
    _sort_modules(document.get("planned_values", {}).get("root_module", {}))
    return json.loads(_GENERATED.sub("GENERATED", json.dumps(document, sort_keys=True)))


def _sort_modules(module: dict[str, Any]) -> None:
    children = module.get("child_modules", [])
    children.sort(key=lambda each: str(each["address"]))
    for each in children:
        _sort_modules(each)


_GENERATED = re.compile(
    r"\b[a-z]{1,9}-[0-9a-f]{8,17}\b|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|terraform-[0-9a-f]{26}|\b[0-9a-f]{26}\b"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)|\b\d{1,3}([.-]\d{1,3}){3}\b|([0-9a-f]{2}:){5}[0-9a-f]{2}"
    rf"|\b{REGION}[a-c]\b"
)


def terraform(folder: Path, environment: Mapping[str, str], *arguments: str, may_fail: bool = False) -> str:
    """Run Terraform with the AWS provider that the tests pin; returns its output.

    Raises:
        RuntimeError: it failed.
    """
    version = pinned_versions(environment)["aws"]
    required = f'required_providers {{\n    aws = {{ source = "hashicorp/aws", version = "{version}" }}\n  }}'
    pins = f"terraform {{\n  {required}\n}}\n"
    (folder / "pinned_override.tf").write_text(pins, encoding="utf-8")
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TF_"))}
    settings = {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "NO_COLOR": "1"}
    done = subprocess.run(  # noqa: S603  (Terraform, with a case's options)
        ["terraform", arguments[0], "-no-color", *arguments[1:]],  # noqa: S607
        cwd=folder,
        env={**inherited, **settings, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode and not may_fail:
        raise RuntimeError(f"terraform {' '.join(arguments)} in {folder.name}: {done.stdout[-3000:]}{done.stderr}")
    return done.stdout


def main(names: list[str]) -> None:
    """Write the plans of the named cases, or of all, again."""
    from tests.emulator import EmbeddedAws  # noqa: PLC0415  (moto takes seconds to import)

    with tempfile.TemporaryDirectory() as temporary, EmbeddedAws() as aws:
        environment = aws.environment(REGION) | provider_environment(Path(temporary), os.environ)
        for case in cases():
            if not names or case.name in names:
                aws.reset()
                with tempfile.TemporaryDirectory() as folder:
                    text = make(case, Path(folder), environment)
                case.plan.write_text(text.strip() + "\n", encoding="utf-8")
                print(f"{case.name}: {len(text):,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
