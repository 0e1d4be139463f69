"""Runs Terraform through python-terraform: copies the module, reads plans, and raises errors to assert on.

All workarounds for python-terraform 0.10.1 are in this module.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import python_terraform
from python_terraform import IsFlagged

from tests.support import CHECKOUT
from tests.support.providers import pinned_versions

# Each is called with the output of ``terraform show -json`` and with Terraform's environment. This is how the tests'
# oracles judge every plan.
plan_judges: list[Callable[[Mapping[str, Any], Mapping[str, str]], None]] = []

# Terraform and its providers run for seconds, and would spend a quarter of these on collecting garbage of the
# provider's schema. They collect it only if they need more than this.
WITHOUT_COLLECTOR = {"GOGC": "off", "GOMEMLIMIT": "1GiB"}


class TerraformError(RuntimeError):
    """Terraform failed. The message contains its diagnostics, each on one line without frames."""


class Planned(dict[str, Any]):
    """Part of a plan, by address or name. The error for a missing key lists similar keys."""

    def __missing__(self, key: str) -> Any:
        kind = type_of(key)
        similar = sorted(name for name in self if type_of(name) == kind) or sorted(self)
        raise LookupError(f"the plan has no {key}, but {', '.join(similar) or 'nothing at all'}")


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as ``terraform show -json`` tells it, by resource address.

    ``resources`` and ``outputs`` hold planned values, ``data`` what data sources read or, deferred to the apply, will
    read, ``unknown`` what is known only after the apply, ``changes`` the actions without those that do nothing, and
    ``configuration`` what is written. ``failed_checks`` are the names of the check blocks that warn.
    ``is_empty`` is true when neither a resource nor an output would change. ``directory`` is the root's folder.
    """

    directory: Path
    resources: Mapping[str, Mapping[str, Any]]
    data: Mapping[str, Mapping[str, Any]]
    outputs: Mapping[str, Any]
    changes: Mapping[str, list[str]]
    unknown: Mapping[str, Mapping[str, Any]]
    configuration: Mapping[str, Any]
    failed_checks: list[str]
    is_empty: bool

    def of_type(self, resource_type: str) -> list[Mapping[str, Any]]:
        """Return the planned values of each resource of a type, in whatever module it is."""
        return [values for address, values in self.resources.items() if type_of(address) == resource_type]


def type_of(address: str) -> str:
    """The type of the resource at an address, in whatever module it is."""
    return re.sub(r"module\.\w+(\[[^]]*\])?\.", "", address).partition(".")[0]


def copy_module(destination: Path, folders: tuple[str, ...] = ("examples", "lambda", "modules")) -> Path:
    """Copy the module and these of its folders, so that the checkout stays clean. Returns the copy."""
    destination.mkdir(parents=True, exist_ok=True)
    for path in CHECKOUT.glob("*.tf"):
        shutil.copy(path, destination)
    no_state = shutil.ignore_patterns("__pycache__", ".terraform*", "*.tfstate*")
    for folder in folders:
        shutil.copytree(CHECKOUT / folder, destination / folder, ignore=no_state)
    return destination


class Root:
    """A root module in a temporary folder, with its providers pinned to the tried versions."""

    def __init__(
        self, directory: Path, environment: Mapping[str, str], providers: Collection[str] = ("aws", "archive")
    ) -> None:
        """Take a root module.

        Args:
            directory: its folder, into which the pins are written.
            environment: all that Terraform sees of AWS and of its own settings, the providers' among them.
            providers: the names of those that it needs. Each command reads the whole schema of each.
        """
        self.directory = directory
        (directory / "pinned_override.tf").write_text(_pins(environment, providers), encoding="utf-8")
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TF_"))}
        settings = {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "NO_COLOR": "1"}
        self._environment = {**WITHOUT_COLLECTOR, **inherited, **settings, **environment}
        self._terraform = _Terraform(directory, self._environment)

    def init(self) -> None:
        """Install the providers and modules."""
        self._run("init", input=False)
        if any(path.is_symlink() for path in self.directory.glob(".terraform/providers/*/*/aws/*/*")):
            # With hashes in the lock file, each command would read the whole provider, which has 700 MB. Without them,
            # the next init downloads a provider again, unless it is linked from a mirror.
            lock = self.directory / ".terraform.lock.hcl"
            lock.write_text(re.sub(r"  hashes = \[.*?\]\n", "", lock.read_text(encoding="utf-8"), flags=re.DOTALL))

    def validate(self) -> None:
        """Check the configuration without looking at values."""
        self._run("validate")

    def plan(self, **variables: Any) -> Plan:
        """Plan, and keep the plan as ``tfplan`` in the folder.

        Raises:
            TerraformError: the configuration or a variable is refused.
        """
        return self.read(self.document(**variables))

    def document(self, **variables: Any) -> dict[str, Any]:
        """Plan as :meth:`plan` does; returns what ``terraform show -json`` says, which nobody has judged."""
        self._run("plan", out="tfplan", input=False, var=self._declared(variables))
        document: dict[str, Any] = json.loads(self._run("show", "tfplan", json=IsFlagged))
        return document

    def read(self, document: Mapping[str, Any]) -> Plan:
        """Have a plan judged, and read it."""
        for judge in plan_judges:
            judge(document, self._environment)
        return read_plan(document, self.directory)

    def apply(self, **variables: Any) -> None:
        """Apply without asking."""
        self._run("apply", input=False, auto_approve=IsFlagged, var=self._declared(variables))

    def apply_plan(self) -> None:
        """Apply what :meth:`plan` has kept; it knows its variables."""
        self._run("apply", "tfplan", input=False)

    def destroy(self, **variables: Any) -> None:
        """Destroy without asking."""
        self._run("destroy", input=False, auto_approve=IsFlagged, var=self._declared(variables))

    def outputs(self) -> dict[str, Any]:
        """The outputs' values after an apply."""
        return {name: output["value"] for name, output in json.loads(self._run("output", json=IsFlagged)).items()}

    def _declared(self, variables: Mapping[str, Any]) -> dict[str, Any] | None:
        """The variables as a variable file takes them; of one that is not declared Terraform would only warn there."""
        text = "\n".join(path.read_text(encoding="utf-8") for path in self.directory.glob("*.tf"))
        undeclared = sorted(variables.keys() - set(re.findall(r'^variable\s+"([^"]+)"', text, re.MULTILINE)))
        if undeclared:
            raise TerraformError(f"Error: Value for undeclared variable: {', '.join(undeclared)}")
        return {name: plain(value) for name, value in variables.items()} or None

    def _run(self, command: str, *arguments: str, **options: Any) -> str:
        status, output, errors = self._terraform.cmd(command, *arguments, no_color=IsFlagged, **options)
        if status != 0:
            raise TerraformError(_diagnostics(errors or output))
        return output


class _Terraform(python_terraform.Terraform):  # type: ignore[misc]
    """Python-terraform with an environment of its own, for it would hand on ``os.environ``."""

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        super().__init__(working_dir=str(directory))
        self._environment = environment

    def cmd(self, cmd: str, *args: str, **kwargs: Any) -> tuple[int, str, str]:
        """Run a command to its end; as python-terraform does, but it does not read the state back."""
        words = self.generate_cmd_string(cmd, *args, **kwargs)
        try:
            process = subprocess.Popen(  # noqa: S603  (Terraform, with the tests' arguments)
                words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.working_dir, env=self._environment
            )
            output, errors = _communicate(process)
        finally:
            self.temp_var_files.clean_up()
        return process.returncode, output.decode(), errors.decode()


def _communicate(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """Wait for Terraform; on Ctrl-C, which it gets too, let it end in order first."""
    try:
        return process.communicate()
    except KeyboardInterrupt:
        process.communicate()
        raise


def _pins(environment: Mapping[str, str], providers: Collection[str]) -> str:
    """An override of the module's own constraints, which stay open upward: what is released tomorrow is not tried."""
    required = {
        name: {"source": f"hashicorp/{name}", "version": version}
        for name, version in pinned_versions(environment).items()
        if name in providers
    }
    lines = (f"    {name} = {json.dumps(each)}\n" for name, each in required.items())
    return f"terraform {{\n  required_providers {{\n{''.join(lines)}  }}\n}}\n"


def plain(value: Any) -> Any:
    """A value as JSON has it: a set becomes a list."""
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    return value


def _diagnostics(text: str) -> str:
    """Make each diagnostic one line, without frames and colours."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    blocks = re.split(r"^╷$|^╵$|^(?=(?:Error|Warning): )", text, flags=re.MULTILINE)
    lines = (" ".join(re.sub(r"^[│├─\s]+", "", line) for line in block.splitlines()) for block in blocks)
    return "\n".join(re.sub(r"\s+", " ", line).strip() for line in lines if line.strip())


def read_plan(document: Mapping[str, Any], directory: Path) -> Plan:
    """Read the output of ``terraform show -json`` for a plan of the root in a folder."""
    planned = document["planned_values"]
    resources = list(_resources(planned.get("root_module", {})))
    read = _resources(document.get("prior_state", {}).get("values", {}).get("root_module", {}))
    # What is planned comes last: of a deferred data source the prior state may hold what it read another time.
    data = {each["address"]: Planned(each.get("values", {})) for each in (*read, *resources) if each["mode"] == "data"}
    managed = {each["address"]: Planned(each.get("values", {})) for each in resources if each["mode"] == "managed"}
    changes = document.get("resource_changes", [])
    acting = {
        each["address"]: each["change"]["actions"]
        for each in changes
        if each["mode"] == "managed" and each["change"]["actions"] != ["no-op"]
    }
    output_changes = document.get("output_changes", {}).values()
    return Plan(
        directory=directory,
        resources=Planned(managed),
        data=Planned(data),
        outputs=Planned({name: output.get("value") for name, output in planned.get("outputs", {}).items()}),
        changes=acting,
        unknown={each["address"]: each["change"].get("after_unknown") or {} for each in changes},
        configuration=document.get("configuration", {}),
        failed_checks=[
            each["address"]["name"]
            for each in document.get("checks", [])
            if each["address"]["kind"] == "check" and each["status"] == "fail"
        ],
        is_empty=not acting and all(change["actions"] == ["no-op"] for change in output_changes),
    )


def _resources(module: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _resources(child)
