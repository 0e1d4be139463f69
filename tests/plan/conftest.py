"""Plans that many tests read: one for each set of inputs."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import cases
from tests.support.cases import Cases, PlanEach, RefuseEach
from tests.support.handlers import config, sns
from tests.support.once import once
from tests.support.reporter import edge
from tests.support.reporter import hub as hub_edge
from tests.support.terraform import Plan, Root, read_plan

__all__ = ["config", "edge", "hub_edge", "sns"]


def alarms(plan: Plan) -> dict[str, Any]:
    """The planned alarms by what follows the module's name in theirs."""
    found = plan.of_type("aws_cloudwatch_metric_alarm")
    return {re.sub("^(key-pairs|ec2-key-pair-monitor)-", "", each["alarm_name"]): each for each in found}


@pytest.fixture(scope="session")
def root_in(module_copy: Path, terraform_environment: dict[str, str]) -> Callable[[str], Root]:
    """Initializes a folder of the module as a root, such as ``examples/chat``; ``.`` is the module itself."""

    def initialized(folder: str) -> Root:
        root = Root(module_copy / folder, terraform_environment)
        root.init()
        return root

    return initialized


@pytest.fixture(scope="session")
def module(root_in: Callable[[str], Root]) -> Root:
    """The module itself as a root."""
    return root_in(".")


@pytest.fixture(scope="session")
def plan_each(tmp_path_factory: pytest.TempPathFactory, terraform_environment: dict[str, str]) -> PlanEach:
    """Plans the module with many sets of inputs in one run; returns a plan for each."""

    def plan_each(inputs: Cases, source: str = ".", /) -> dict[str, Plan]:
        return cases.plan_each(tmp_path_factory.mktemp("cases"), terraform_environment, inputs, source)

    return plan_each


@pytest.fixture(scope="session")
def refuse_each(tmp_path_factory: pytest.TempPathFactory, terraform_environment: dict[str, str]) -> RefuseEach:
    """Plans the module with many sets of inputs in one run, which refuses each; returns the messages of each."""

    def refuse_each(inputs: Cases, source: str = ".", /) -> dict[str, list[str]]:
        return cases.refuse_each(tmp_path_factory.mktemp("cases"), terraform_environment, inputs, source)

    return refuse_each


@pytest.fixture(scope="session")
def plan_once(root_in: Callable[[str], Root], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Plan]:
    """Plans a folder of the module as a root, such as ``examples/complete``, once for all workers of a run."""

    def planned(folder: str) -> Plan:
        def make(kept: Path) -> None:
            root = root_in(folder)
            document = root.document()
            root.read(document)  # judges it
            (kept / "plan.json").write_text(json.dumps([str(root.directory), document]), encoding="utf-8")

        kept = once(tmp_path_factory, f"plan-{folder.replace('/', '-')}", make)
        directory, document = json.loads((kept / "plan.json").read_text(encoding="utf-8"))
        return read_plan(document, Path(directory))

    return planned


@pytest.fixture(scope="session")
def defaults(plan_once: Callable[[str], Plan]) -> Plan:
    """A plan without any input."""
    return plan_once(".")


@pytest.fixture(scope="session")
def everything(plan_once: Callable[[str], Plan]) -> Plan:
    """A plan of examples/complete, which sets every input; its addresses are inside the module."""
    return plan_once("examples/complete")
